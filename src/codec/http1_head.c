#include "codec/http1_head.h"

#include "base/num.h"
#include "base/text.h"
#include "codec/http_field.h"

static enum sp_err fail(struct sp_http1 *p, enum sp_err err, const char *rule)
{
    p->rule = rule;
    return err;
}

bool sp_http1_is_value_byte(uint8_t byte)
{
    return (byte >= 0x20 && byte != 0x7F) || byte == '\t';
}

bool sp_http1_is_name_byte(uint8_t byte)
{
    return sp_http_is_tchar(byte);
}

static bool is_visible(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7F || text.ptr[i] == '#') {
            return false;
        }
    }
    return true;
}

static enum sp_err version(struct sp_http1 *p, struct sp_slice text)
{
    if (sp_slice_is(text, "HTTP/1.1") || sp_slice_is(text, "HTTP/1.0")) {
        p->minor = text.ptr[7] == '1' ? 1 : 0;
        p->is_persistent = p->minor == 1;
        return SP_OK;
    }
    if (text.len == 8 && sp_slice_starts(text, "HTTP/") && sp_text_is_digit(text.ptr[5]) &&
        text.ptr[6] == '.' && sp_text_is_digit(text.ptr[7])) {
        return fail(p, SP_ERR_HTTP_VERSION, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    }
    return fail(p, SP_ERR_HTTP, "the start line has no HTTP version");
}

/* reg-name, and what stands between the brackets of an address (RFC 3986, section 3.2.2), but for its colons. */
static bool is_host_byte(uint8_t byte)
{
    return sp_text_is_alnum(byte) ||
           sp_slice_find(SP_SLICE_LITERAL("-._~!$&'()*+,;=%"), 0, byte) < 16;
}

static bool is_port(struct sp_slice text)
{
    uint64_t port = 0;
    return text.len == 0 || sp_parse_u64(text, UINT16_MAX, &port) == SP_OK;
}

static bool are_escapes_whole(struct sp_slice host)
{
    for (size_t at = sp_slice_find(host, 0, '%'); at < host.len;
         at = sp_slice_find(host, at + 1, '%')) {
        uint64_t byte = 0;
        if (host.len - at < 3 ||
            sp_parse_hex_u64(sp_slice_sub(host, at + 1, 2), UINT8_MAX, &byte) != SP_OK) {
            return false;
        }
    }
    return true;
}

/* uri-host [ ":" port ] (RFC 9110, section 7.2). A port may be left empty; a host may not. */
static bool is_authority(struct sp_slice text)
{
    const bool has_brackets = sp_slice_starts(text, "[");
    const size_t len = sp_slice_find(text, 0, has_brackets ? ']' : ':');
    const struct sp_slice host =
        has_brackets ? sp_slice_sub(text, 1, len - 1) : sp_slice_sub(text, 0, len);
    const size_t after = has_brackets ? len + 1 : len;
    if (host.len == 0 || after > text.len) {
        return false;
    }
    for (size_t i = 0; i < host.len; i++) {
        if (!is_host_byte(host.ptr[i]) && !(has_brackets && host.ptr[i] == ':')) {
            return false;
        }
    }
    if (after < text.len && text.ptr[after] != ':') {
        return false;
    }
    return are_escapes_whole(host) && is_port(sp_slice_sub(text, after + 1, text.len));
}

/* `http://` or `https://` in any case; 0 for a target that does not begin so. */
static size_t scheme_len(struct sp_slice target)
{
    const size_t http = sizeof("http://") - 1;
    return sp_slice_is_nocase(sp_slice_sub(target, 0, http), "http://")        ? http
           : sp_slice_is_nocase(sp_slice_sub(target, 0, http + 1), "https://") ? http + 1
                                                                               : 0;
}

/*
 * absolute-form, which a server has to take (RFC 9112, 3.2.2): what is behind the authority is left in `target`. The
 * authority counts for what Host says, and must be the same: a proxy in front may go by the other one.
 */
static enum sp_err take_authority(struct sp_http1 *p, struct sp_slice line, struct sp_slice *target)
{
    const size_t scheme = scheme_len(*target);
    if (scheme == 0) {
        return SP_OK;
    }
    const struct sp_slice rest = sp_slice_sub(*target, scheme, target->len);
    const size_t len = sp_size_min(sp_slice_find(rest, 0, '/'), sp_slice_find(rest, 0, '?'));
    if (len > SP_HTTP1_AUTHORITY_MAX || !is_authority(sp_slice_sub(rest, 0, len))) {
        return fail(p, SP_ERR_HTTP, "the host in the request target is no host");
    }
    p->authority_at = (uint32_t)(rest.ptr - line.ptr);
    p->authority_len = (uint32_t)len;
    *target = sp_slice_sub(rest, len, rest.len);
    return SP_OK;
}

/* A path may be left out behind an authority; front is given `/` there. */
static bool is_origin_form(const struct sp_http1 *p, struct sp_slice target)
{
    return sp_slice_starts(target, "/") ||
           (p->authority_len > 0 && (target.len == 0 || sp_slice_starts(target, "?")));
}

/* origin-form, or `*` for OPTIONS (RFC 9112, 3.2). The authority form is for proxies. */
static enum sp_err check_target(struct sp_http1 *p, struct sp_slice method, struct sp_slice target)
{
    if (sp_slice_is(target, "*")) {
        return sp_slice_is(method, "OPTIONS") ? SP_OK
                                              : fail(p, SP_ERR_HTTP, "only OPTIONS may ask for *");
    }
    if (sp_slice_is(method, "CONNECT")) {
        return fail(p, SP_ERR_NOT_IMPLEMENTED, "CONNECT is for proxies");
    }
    if (!is_origin_form(p, target)) {
        return fail(p, SP_ERR_HTTP, "the request target is not in origin form");
    }
    return is_visible(target) ? SP_OK
                              : fail(p, SP_ERR_HTTP, "the request target holds a foreign byte");
}

/* method SP request-target SP HTTP-version, with exactly one space each (RFC 9112, 3). */
static enum sp_err request_line(struct sp_http1 *p, struct sp_slice line)
{
    size_t first = sp_slice_find(line, 0, ' ');
    size_t second = sp_slice_find(line, first + 1, ' ');
    if (second >= line.len) {
        return fail(p, SP_ERR_HTTP, "the request line does not have three parts");
    }
    struct sp_slice method = sp_slice_sub(line, 0, first);
    struct sp_slice target = sp_slice_sub(line, first + 1, second - first - 1);
    if (!sp_http_is_token(method)) {
        return fail(p, SP_ERR_HTTP, "the method is not a token");
    }
    SP_TRY(version(p, sp_slice_sub(line, second + 1, line.len)));
    SP_TRY(take_authority(p, line, &target));
    SP_TRY(check_target(p, method, target));
    p->method_len = (uint32_t)method.len;
    p->target_at = (uint32_t)(target.ptr - line.ptr);
    p->target_len = (uint32_t)target.len;
    return SP_OK;
}

/* HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112, 4). */
static enum sp_err status_line(struct sp_http1 *p, struct sp_slice line)
{
    uint64_t status = 0;
    if (line.len < 13 || line.ptr[8] != ' ' || line.ptr[12] != ' ') {
        return fail(p, SP_ERR_HTTP, "the status line does not have its parts");
    }
    SP_TRY(version(p, sp_slice_sub(line, 0, 8)));
    if (sp_parse_u64(sp_slice_sub(line, 9, 3), 599, &status) != SP_OK || status < 100) {
        return fail(p, SP_ERR_HTTP, "the status is not a number from 100 to 599");
    }
    if (status == 101) {
        return fail(p, SP_ERR_HTTP, "the protocol was switched unasked");
    }
    for (size_t i = 13; i < line.len; i++) {
        if (!sp_http1_is_value_byte(line.ptr[i])) {
            return fail(p, SP_ERR_HTTP, "the reason phrase holds a control byte");
        }
    }
    p->status = (unsigned)status;
    return SP_OK;
}

enum sp_err sp_http1_start_line(struct sp_http1 *p, struct sp_slice line)
{
    return p->kind == SP_HTTP1_REQUEST ? request_line(p, line) : status_line(p, line);
}

static enum sp_err on_content_length(struct sp_http1 *p, struct sp_slice value)
{
    if (p->has_length) {
        return fail(p, SP_ERR_HTTP, "Content-Length is given twice");
    }
    if (sp_parse_u64(value, INT64_MAX, &p->length) != SP_OK) {
        return fail(p, SP_ERR_HTTP, "Content-Length is not a number");
    }
    p->has_length = true;
    return SP_OK;
}

/*
 * Other codings would have to be undone to find the end, and `chunked` twice hides one inside the other. Which of two
 * ways a list is wrong is told when all of it is known, for the answers differ (RFC 9112, sections 6.1 and 6.3).
 */
static enum sp_err on_transfer_encoding(struct sp_http1 *p, struct sp_slice value)
{
    if (p->is_chunked) {
        return fail(p, SP_ERR_HTTP, "Transfer-Encoding is given twice");
    }
    size_t last = value.len;
    while (last > 0 && value.ptr[last - 1] != ',') {
        last--;
    }
    p->is_chunked =
        sp_slice_is_nocase(sp_slice_trim(sp_slice_sub(value, last, value.len)), "chunked");
    p->has_other_coding = p->has_other_coding || last > 0 || !p->is_chunked;
    return SP_OK;
}

static enum sp_err check_codings(struct sp_http1 *p)
{
    if (!p->is_chunked && !p->has_other_coding) {
        return SP_OK;
    }
    if (p->has_length) {
        return fail(p, SP_ERR_HTTP, "Transfer-Encoding stands beside Content-Length");
    }
    if (p->minor == 0) {
        return fail(p, SP_ERR_HTTP, "HTTP/1.0 has no transfer codings");
    }
    if (!p->is_chunked) {
        return fail(p, SP_ERR_HTTP, "the last transfer coding is not chunked");
    }
    return p->has_other_coding
               ? fail(p, SP_ERR_NOT_IMPLEMENTED, "the only transfer coding taken is chunked")
               : SP_OK;
}

static enum sp_err on_host(struct sp_http1 *p, struct sp_slice value)
{
    if (p->hosts > 0) {
        return fail(p, SP_ERR_HTTP, "Host is given twice");
    }
    if (value.len > 0 && !is_authority(value)) {
        return fail(p, SP_ERR_HTTP, "Host is not a host");
    }
    p->hosts = 1;
    return SP_OK;
}

static enum sp_err on_connection(struct sp_http1 *p, struct sp_slice value)
{
    if (p->minor == 0 && sp_http_list_has(value, "keep-alive")) {
        p->is_persistent = true;
    }
    p->wants_close = p->wants_close || sp_http_list_has(value, "close");
    return SP_OK;
}

static enum sp_err on_expect(struct sp_http1 *p, struct sp_slice value)
{
    if (p->kind != SP_HTTP1_REQUEST || p->minor == 0) {
        return SP_OK;
    }
    if (!sp_slice_is_nocase(value, "100-continue")) {
        return fail(p, SP_ERR_EXPECTATION, "only 100-continue can be expected");
    }
    p->expects_continue = true;
    return SP_OK;
}

/* Fields that say something about the framing. All others pass through unread. */
static enum sp_err on_field(struct sp_http1 *p, struct sp_slice name, struct sp_slice value)
{
    static const struct {
        const char *name;
        enum sp_err (*handle)(struct sp_http1 *p, struct sp_slice value);
    } known[] = {
        {"Content-Length", on_content_length},
        {"Transfer-Encoding", on_transfer_encoding},
        {"Host", on_host},
        {"Connection", on_connection},
        {"Expect", on_expect},
    };
    for (size_t i = 0; i < SP_COUNT(known); i++) {
        if (sp_slice_is_nocase(name, known[i].name)) {
            return known[i].handle(p, value);
        }
    }
    return SP_OK;
}

/* field-name ":" OWS field-value OWS. A line that starts with a blank is an obsolete fold (RFC 9112, 5.2). */
enum sp_err sp_http1_field_line(struct sp_http1 *p, struct sp_slice line)
{
    size_t colon = sp_slice_find(line, 0, ':');
    struct sp_slice name = sp_slice_sub(line, 0, colon);
    if (sp_text_is_space(line.ptr[0])) {
        return fail(p, SP_ERR_HTTP, "a field is folded over two lines");
    }
    if (colon == line.len) {
        return fail(p, SP_ERR_HTTP, "a field has no colon");
    }
    if (!sp_http_is_token(name)) {
        return fail(p, SP_ERR_HTTP, "the name of a field is not a token");
    }
    for (size_t i = colon + 1; i < line.len; i++) {
        if (!sp_http1_is_value_byte(line.ptr[i])) {
            return fail(p, SP_ERR_HTTP, "a field holds a control byte");
        }
    }
    if (p->field_count == SP_HTTP1_FIELDS_MAX) {
        return fail(p, SP_ERR_HEAD_TOO_BIG, "the head has too many fields");
    }
    struct sp_slice value = sp_slice_trim(sp_slice_sub(line, colon + 1, line.len));
    size_t value_at = p->line_at + (size_t)(value.ptr - line.ptr);
    p->fields[p->field_count++] = (struct sp_http1_span){(uint32_t)p->line_at, (uint32_t)name.len,
                                                         (uint32_t)value_at, (uint32_t)value.len};
    return on_field(p, name, value);
}

static bool is_of_another_host(const struct sp_http1 *p)
{
    struct sp_slice host = {NULL, 0};
    char authority[SP_HTTP1_AUTHORITY_MAX + 1];
    if (p->authority_len == 0 || sp_http1_find(p, "Host", &host) == 0) {
        return false;
    }
    sp_slice_to_text(sp_slice_sub(sp_buf_slice(p->head), p->authority_at, p->authority_len),
                     authority, sizeof(authority));
    return !sp_slice_is_nocase(host, authority);
}

static bool may_have_no_body(const struct sp_http1 *p)
{
    return p->kind != SP_HTTP1_REQUEST && (p->status < 200 || p->status == 204);
}

enum sp_err sp_http1_head_end(struct sp_http1 *p)
{
    SP_TRY(check_codings(p));
    if (p->kind == SP_HTTP1_REQUEST && p->minor == 1 && p->hosts == 0) {
        return fail(p, SP_ERR_HTTP, "a request of HTTP/1.1 needs a Host");
    }
    if (is_of_another_host(p)) {
        return fail(p, SP_ERR_HTTP, "Host is another one than the target's");
    }
    /* Such an answer has no body; a peer that believes the fields would read the next answer as one. */
    if (may_have_no_body(p) && (p->is_chunked || (p->has_length && p->length > 0))) {
        return fail(p, SP_ERR_HTTP, "an answer that has no body announces one");
    }
    p->is_persistent = p->is_persistent && !p->wants_close;
    return SP_OK;
}

struct sp_slice sp_http1_method(const struct sp_http1 *p)
{
    return sp_slice_sub(sp_buf_slice(p->head), 0, p->method_len);
}

struct sp_slice sp_http1_target(const struct sp_http1 *p)
{
    return sp_slice_sub(sp_buf_slice(p->head), p->target_at, p->target_len);
}

struct sp_slice sp_http1_field_name(const struct sp_http1 *p, unsigned index)
{
    const struct sp_http1_span *f = &p->fields[index];
    return index < p->field_count ? sp_slice_sub(sp_buf_slice(p->head), f->name_at, f->name_len)
                                  : (struct sp_slice){NULL, 0};
}

struct sp_slice sp_http1_field_value(const struct sp_http1 *p, unsigned index)
{
    const struct sp_http1_span *f = &p->fields[index];
    return index < p->field_count ? sp_slice_sub(sp_buf_slice(p->head), f->value_at, f->value_len)
                                  : (struct sp_slice){NULL, 0};
}

unsigned sp_http1_find(const struct sp_http1 *p, const char *name, struct sp_slice *out_first)
{
    unsigned count = 0;
    for (unsigned i = 0; i < p->field_count; i++) {
        if (sp_slice_is_nocase(sp_http1_field_name(p, i), name)) {
            if (count == 0) {
                *out_first = sp_http1_field_value(p, i);
            }
            count++;
        }
    }
    return count;
}
