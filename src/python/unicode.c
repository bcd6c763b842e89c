#include "python/unicode.h"

#include <utf8proc.h>

#include "base/text.h"

#define KIND_CONTINUE    1u
#define KIND_START       2u
#define KIND_SINCE_312   4u

#define NAME_BYTES_SHORT ((size_t)48)
/* The worst are three bytes that become 18 code points. */
#define POINTS_PER_BYTE  ((size_t)6)

static unsigned kind_of(uint32_t c, enum sp_python_family family)
{
    size_t low = 0;
    size_t high = sp_unicode_range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct sp_unicode_range *range = &sp_unicode_ranges[middle];
        if (c > range->last) {
            low = middle + 1;
        } else if (c < range->first) {
            high = middle;
        } else {
            bool is_new = (range->kind & KIND_SINCE_312) != 0;
            return is_new && family == SP_PYTHON_311 ? 0 : range->kind & ~KIND_SINCE_312;
        }
    }
    return 0;
}

static unsigned ascii_kind(uint32_t c)
{
    if (c == '_' || sp_text_is_alpha((uint8_t)c)) {
        return KIND_START;
    }
    return sp_text_is_digit((uint8_t)c) ? KIND_CONTINUE : 0;
}

/* Takes one character; what it is to a name, or 0. */
static unsigned next_kind(struct sp_text *text, enum sp_python_family family)
{
    uint32_t c = 0;
    uint8_t byte = text->in.ptr[text->at];
    if (byte < 0x80) {
        text->at++;
        return ascii_kind(byte);
    }
    return sp_utf8_next(text, &c) == SP_OK ? kind_of(c, family) : 0;
}

bool sp_unicode_is_name(struct sp_slice name, enum sp_python_family family, size_t *out_bad)
{
    struct sp_text text;
    sp_text_init(&text, name);
    while (!sp_text_at_end(&text)) {
        size_t at = text.at;
        if (next_kind(&text, family) < (at == 0 ? KIND_START : KIND_CONTINUE)) {
            *out_bad = at;
            return false;
        }
    }
    return name.len > 0;
}

/* The form of a name, made in `points`, which has room for `room` code points and one more. */
static enum sp_err make_form(struct sp_slice name, utf8proc_int32_t *points, utf8proc_ssize_t room,
                             uint8_t *out, size_t *out_len)
{
    unsigned wanted =
        (unsigned)UTF8PROC_STABLE | (unsigned)UTF8PROC_COMPOSE | (unsigned)UTF8PROC_COMPAT;
    utf8proc_option_t options = (utf8proc_option_t)wanted;
    utf8proc_ssize_t count =
        utf8proc_decompose(name.ptr, (utf8proc_ssize_t)name.len, points, room, options);
    if (count < 0 || count > room) {
        return count < 0 ? SP_ERR_UTF8 : SP_ERR_TOO_BIG;
    }
    utf8proc_ssize_t len = utf8proc_reencode(points, count, options);
    if (len < 0 || (size_t)len > SP_UNICODE_NAME_BYTES_MAX) {
        return len < 0 ? SP_ERR_UTF8 : SP_ERR_TOO_BIG;
    }
    struct sp_slice form = sp_slice_make(points, (size_t)len);
    for (size_t i = 0; i < form.len; i++) {
        out[i] = form.ptr[i];
    }
    *out_len = form.len;
    return SP_OK;
}

/* Names of an ordinary length need little room, which stays in the cache. */
static enum sp_err make_short(struct sp_slice name, uint8_t *out, size_t *out_len)
{
    SP_ROOM utf8proc_int32_t points[NAME_BYTES_SHORT * POINTS_PER_BYTE + 1];
    return make_form(name, points, (utf8proc_ssize_t)SP_COUNT(points) - 1, out, out_len);
}

static enum sp_err make_long(struct sp_slice name, uint8_t *out, size_t *out_len)
{
    SP_ROOM utf8proc_int32_t points[SP_UNICODE_NAME_BYTES_MAX * POINTS_PER_BYTE + 1];
    return make_form(name, points, (utf8proc_ssize_t)SP_COUNT(points) - 1, out, out_len);
}

/* Letters of the usual scripts that stand for themselves, and that compose with no other letter of this list. */
static bool is_stable(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0, 0x7F},        {0xC0, 0xD6},     {0xD8, 0xF6},     {0xF8, 0x131},
                  {0x391, 0x3A1},   {0x3A3, 0x3A9},   {0x3B1, 0x3C9},   {0x410, 0x44F},
                  {0x3041, 0x3093}, {0x30A1, 0x30F3}, {0x4E00, 0x9FA5}, {0xAC00, 0xD7A3}};
    for (size_t i = 0; i < SP_COUNT(ranges); i++) {
        if (c <= ranges[i].last) {
            return c >= ranges[i].first;
        }
    }
    return false;
}

static bool is_own_form(struct sp_slice name)
{
    struct sp_text text;
    sp_text_init(&text, name);
    uint32_t c = 0;
    while (!sp_text_at_end(&text)) {
        if (sp_utf8_next(&text, &c) != SP_OK || !is_stable(c)) {
            return false;
        }
    }
    return true;
}

static enum sp_err make(struct sp_slice name, uint8_t *out, size_t *out_len)
{
    if (is_own_form(name)) {
        *out_len = sp_slice_copy(name, out, SP_UNICODE_NAME_BYTES_MAX);
        return SP_OK;
    }
    return name.len <= NAME_BYTES_SHORT ? make_short(name, out, out_len)
                                        : make_long(name, out, out_len);
}

/* Where ASCII begins that stands for itself whatever is before it: nothing composes with it backwards. */
static size_t find_tail(struct sp_slice name)
{
    size_t at = name.len;
    while (at > 0 && name.ptr[at - 1] < 0x80) {
        at--;
    }
    return at;
}

enum sp_err sp_unicode_nfkc(struct sp_slice name, uint8_t out[SP_UNICODE_NAME_BYTES_MAX],
                            size_t *out_len)
{
    size_t tail = find_tail(name);
    size_t rest = name.len - tail;
    size_t len = 0;
    if (name.len > SP_UNICODE_NAME_BYTES_MAX) {
        return SP_ERR_TOO_BIG;
    }
    SP_TRY(make(sp_slice_sub(name, 0, tail), out, &len));
    if (rest > SP_UNICODE_NAME_BYTES_MAX - len) {
        return SP_ERR_TOO_BIG;
    }
    *out_len = len + sp_slice_copy(sp_slice_sub(name, tail, rest), out + len, rest);
    return SP_OK;
}
