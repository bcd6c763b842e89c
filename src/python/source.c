#include "python/source.h"

#include "base/num.h"
#include "base/text.h"

#define COOKIE_BYTES_MAX 32u

enum encoding { ENCODING_UTF8, ENCODING_ASCII, ENCODING_LATIN1, ENCODING_OTHER };

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\f';
}

static bool is_name(uint8_t byte)
{
    return sp_text_is_alnum(byte) || byte == '-' || byte == '_' || byte == '.';
}

/* One line without its end; `*at` moves behind it. */
static struct sp_slice take_line(struct sp_slice file, size_t *at)
{
    size_t start = *at;
    size_t end = start;
    while (end < file.len && file.ptr[end] != '\n' && file.ptr[end] != '\r') {
        end++;
    }
    size_t next = end;
    if (next < file.len) {
        next += file.ptr[next] == '\r' && next + 1 < file.len && file.ptr[next + 1] == '\n' ? 2 : 1;
    }
    *at = next;
    return sp_slice_sub(file, start, end - start);
}

/* The first byte that is no blank, or the line's length. */
static size_t skip_blanks(struct sp_slice line)
{
    size_t at = 0;
    while (at < line.len && is_blank(line.ptr[at])) {
        at++;
    }
    return at;
}

/* The name in `# ... coding: name` or `coding=name`; empty when the line has none. */
static struct sp_slice find_cookie(struct sp_slice line)
{
    size_t at = skip_blanks(line);
    if (at == line.len || line.ptr[at] != '#') {
        return sp_slice_make(NULL, 0);
    }
    for (; at + 7 < line.len; at++) {
        struct sp_slice rest = sp_slice_sub(line, at, line.len);
        if (!sp_slice_starts(rest, "coding") || (rest.ptr[6] != ':' && rest.ptr[6] != '=')) {
            continue;
        }
        size_t start = 7;
        while (start < rest.len && (rest.ptr[start] == ' ' || rest.ptr[start] == '\t')) {
            start++;
        }
        size_t end = start;
        while (end < rest.len && is_name(rest.ptr[end])) {
            end++;
        }
        if (end > start) {
            return sp_slice_sub(rest, start, end - start);
        }
    }
    return sp_slice_make(NULL, 0);
}

/* The cookie stands on the first line, or on the second when the first holds nothing but a comment. */
static struct sp_slice cookie_of(struct sp_slice file)
{
    size_t at = 0;
    struct sp_slice line = take_line(file, &at);
    struct sp_slice cookie = find_cookie(line);
    size_t first = skip_blanks(line);
    if (cookie.len > 0 || (first < line.len && line.ptr[first] != '#')) {
        return cookie;
    }
    return find_cookie(take_line(file, &at));
}

/* `utf-8-unix`, `latin-1-dos`: editors put line ends into the name, and CPython looks only at its beginning. */
static enum encoding encoding_of_variant(struct sp_slice name)
{
    static const struct {
        const char *prefix;
        enum encoding encoding;
    } known[] = {{"utf-8-", ENCODING_UTF8},
                 {"latin-1-", ENCODING_LATIN1},
                 {"iso-8859-1-", ENCODING_LATIN1},
                 {"iso-latin-1-", ENCODING_LATIN1}};
    for (size_t i = 0; i < SP_COUNT(known); i++) {
        struct sp_slice prefix = sp_slice_of(known[i].prefix);
        if (sp_slice_is_nocase(sp_slice_sub(name, 0, prefix.len), known[i].prefix)) {
            return known[i].encoding;
        }
    }
    return ENCODING_OTHER;
}

/* Names compare without case, and with - for _, as CPython has it. */
static enum encoding encoding_of(struct sp_slice name)
{
    static const struct {
        const char *name;
        enum encoding encoding;
    } known[] = {{"utf-8", ENCODING_UTF8},        {"utf8", ENCODING_UTF8},
                 {"u8", ENCODING_UTF8},           {"utf-8-sig", ENCODING_UTF8},
                 {"ascii", ENCODING_ASCII},       {"us-ascii", ENCODING_ASCII},
                 {"latin-1", ENCODING_LATIN1},    {"latin1", ENCODING_LATIN1},
                 {"iso-8859-1", ENCODING_LATIN1}, {"iso-latin-1", ENCODING_LATIN1},
                 {"iso8859-1", ENCODING_LATIN1},  {"l1", ENCODING_LATIN1}};
    char plain[COOKIE_BYTES_MAX + 1] = {0};
    if (name.len == 0) {
        return ENCODING_UTF8;
    }
    for (size_t i = 0; i < name.len && i < COOKIE_BYTES_MAX; i++) {
        plain[i] = (char)(name.ptr[i] == '_' ? '-' : name.ptr[i]);
    }
    for (size_t i = 0; i < SP_COUNT(known) && name.len <= COOKIE_BYTES_MAX; i++) {
        if (sp_slice_is_nocase(sp_slice_of(plain), known[i].name)) {
            return known[i].encoding;
        }
    }
    return encoding_of_variant(sp_slice_of(plain));
}

static enum sp_err put_latin1(struct sp_slice file, struct sp_buf *out)
{
    for (size_t i = 0; i < file.len; i++) {
        uint8_t byte = file.ptr[i];
        if (byte < 0x80) {
            SP_TRY(sp_buf_put_byte(out, byte));
        } else {
            SP_TRY(sp_buf_put_byte(out, (uint8_t)(0xC0U | byte >> 6)));
            SP_TRY(sp_buf_put_byte(out, (uint8_t)(0x80U | (byte & 0x3FU))));
        }
    }
    return SP_OK;
}

static enum sp_err check_ascii(struct sp_slice file, struct sp_where *where)
{
    for (size_t i = 0; i < file.len; i++) {
        if (file.ptr[i] >= 0x80) {
            sp_where_set(where, 0, 0, "the file says that it is ASCII, and is not");
            return SP_ERR_UTF8;
        }
    }
    return SP_OK;
}

enum sp_err sp_python_source(struct sp_slice file, struct sp_buf *out, struct sp_where *out_where)
{
    bool has_mark = sp_slice_starts(file, "\xEF\xBB\xBF");
    struct sp_slice text = has_mark ? sp_slice_sub(file, 3, file.len) : file;
    struct sp_slice cookie = cookie_of(text);
    enum encoding encoding = encoding_of(cookie);
    if (encoding == ENCODING_OTHER || (has_mark && encoding != ENCODING_UTF8)) {
        sp_where_set(out_where, 0, 0, "the encoding '%.*s' is not read here; use UTF-8",
                     (int)sp_size_min(cookie.len, 40), (const char *)cookie.ptr);
        return SP_ERR_UNSUPPORTED;
    }
    if (encoding == ENCODING_LATIN1) {
        return put_latin1(text, out);
    }
    if (encoding == ENCODING_ASCII) {
        SP_TRY(check_ascii(text, out_where));
    }
    return sp_buf_put(out, text);
}
