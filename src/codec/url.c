#include "codec/url.h"

#include <arpa/inet.h>

#include "base/num.h"
#include "base/text.h"

static bool is_target_byte(uint8_t byte)
{
    return byte > 0x20 && byte < 0x7F && byte != '#';
}

static bool is_unreserved(uint8_t byte)
{
    return sp_text_is_alnum(byte) || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

static bool all_are(struct sp_slice text, sp_text_class *is)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is(text.ptr[i])) {
            return false;
        }
    }
    return true;
}

/* What stands before and after the first `byte`; the second is empty when there is none. */
static bool split_at(struct sp_slice text, uint8_t byte, struct sp_slice *out_before,
                     struct sp_slice *out_after)
{
    size_t at = sp_slice_find(text, 0, byte);
    *out_before = sp_slice_sub(text, 0, at);
    *out_after = sp_slice_sub(text, at + (at < text.len ? 1 : 0), text.len);
    return at < text.len;
}

enum sp_err sp_url_split(struct sp_slice target, struct sp_slice *out_path,
                         struct sp_slice *out_query)
{
    if (target.len == 0 || target.ptr[0] != '/' || !all_are(target, is_target_byte)) {
        return SP_ERR_INVALID;
    }
    (void)split_at(target, '?', out_path, out_query);
    return SP_OK;
}

void sp_url_query_init(struct sp_url_query *q, struct sp_slice query)
{
    q->rest = query;
}

bool sp_url_query_next(struct sp_url_query *q, struct sp_slice *out_name,
                       struct sp_slice *out_value)
{
    while (q->rest.len > 0) {
        struct sp_slice pair;
        (void)split_at(q->rest, '&', &pair, &q->rest);
        if (pair.len > 0) {
            (void)split_at(pair, '=', out_name, out_value);
            return true;
        }
    }
    return false;
}

/* The byte that the escape at `at` stands for. */
static enum sp_err escape_at(struct sp_slice text, size_t at, uint8_t *out)
{
    struct sp_slice digits = sp_slice_sub(text, at + 1, 2);
    uint64_t byte = 0;
    if (digits.len != 2) {
        return SP_ERR_INVALID;
    }
    SP_TRY(sp_parse_hex_u64(digits, 0xFF, &byte));
    if (byte == 0) {
        return SP_ERR_NUL;
    }
    *out = (uint8_t)byte;
    return SP_OK;
}

static enum sp_err decode(struct sp_slice text, enum sp_plus plus, struct sp_buf *out)
{
    size_t at = 0;
    while (at < text.len) {
        uint8_t byte = text.ptr[at];
        if (byte == '%') {
            SP_TRY(escape_at(text, at, &byte));
            at += 2;
        } else if (byte == '\0') {
            return SP_ERR_NUL;
        } else if (byte == '+' && plus == SP_PLUS_IS_SPACE) {
            byte = ' ';
        }
        at++;
        SP_TRY(sp_buf_put_byte(out, byte));
    }
    return SP_OK;
}

enum sp_err sp_url_decode(struct sp_slice text, enum sp_plus plus, struct sp_buf *out)
{
    size_t before = out->len;
    enum sp_err err = decode(text, plus, out);
    if (err != SP_OK) {
        sp_buf_truncate(out, before);
    }
    return err;
}

enum sp_err sp_url_encode(struct sp_slice text, struct sp_buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        if (is_unreserved(byte)) {
            SP_TRY(sp_buf_put_byte(out, byte));
            continue;
        }
        const char escape[3] = {'%', digits[byte >> 4], digits[byte & 0xFU]};
        SP_TRY(sp_buf_put(out, sp_slice_make(escape, sizeof(escape))));
    }
    return SP_OK;
}

static bool is_host_byte(uint8_t byte)
{
    return sp_text_is_alnum(byte) || byte == '-' || byte == '.' || byte == '_';
}

static bool is_address(int family, struct sp_slice host)
{
    struct in6_addr ignored;
    char text[INET6_ADDRSTRLEN];
    if (host.len >= sizeof(text)) {
        return false;
    }
    sp_slice_to_text(host, text, sizeof(text));
    return inet_pton(family, text, &ignored) == 1;
}

/* Whether the last label is a number, decimal or hexadecimal; a dot may stand behind it. */
static bool ends_in_number(struct sp_slice host)
{
    const size_t end = sp_slice_ends(host, ".") ? host.len - 1 : host.len;
    size_t start = end;
    while (start > 0 && host.ptr[start - 1] != '.') {
        start--;
    }
    struct sp_slice label = sp_slice_sub(host, start, end - start);
    if (sp_slice_is_nocase(sp_slice_sub(label, 0, 2), "0x")) {
        return all_are(sp_slice_sub(label, 2, label.len), sp_text_is_hex);
    }
    return label.len > 0 && all_are(label, sp_text_is_digit);
}

/* Resolvers take `2130706433` and `0x7f.1` for addresses, too: a name that looks like one has to be one as it is written. */
static bool is_host(struct sp_slice host, bool has_brackets)
{
    if (has_brackets) {
        return is_address(AF_INET6, host);
    }
    return host.len > 0 && host.len <= 253 && all_are(host, is_host_byte) &&
           (!ends_in_number(host) || is_address(AF_INET, host));
}

/* host [ ":" port ]; a host in brackets is an IPv6 address. */
static enum sp_err parse_authority(struct sp_slice text, struct sp_url *url)
{
    struct sp_slice after;
    bool has_brackets = text.len > 0 && text.ptr[0] == '[';
    if (has_brackets) {
        if (!split_at(sp_slice_sub(text, 1, text.len), ']', &url->host, &after)) {
            return SP_ERR_INVALID;
        }
    } else {
        size_t colon = sp_slice_find(text, 0, ':');
        url->host = sp_slice_sub(text, 0, colon);
        after = sp_slice_sub(text, colon, text.len);
    }
    if (!is_host(url->host, has_brackets)) {
        return SP_ERR_INVALID;
    }
    if (after.len == 0) {
        url->port = url->is_https ? 443 : 80;
        return SP_OK;
    }
    uint64_t port = 0;
    if (after.ptr[0] != ':' || after.len > 6) {
        return SP_ERR_INVALID;
    }
    SP_TRY(sp_parse_u64(sp_slice_sub(after, 1, after.len), UINT16_MAX, &port));
    url->port = (uint16_t)port;
    return port == 0 ? SP_ERR_INVALID : SP_OK;
}

enum sp_err sp_url_parse(struct sp_slice text, struct sp_url *out)
{
    struct sp_url url = {0};
    struct sp_slice rest;
    if (!all_are(text, is_target_byte) || !split_at(text, ':', &url.scheme, &rest) ||
        !sp_slice_starts(rest, "//")) {
        return SP_ERR_INVALID;
    }
    url.is_https = sp_slice_is_nocase(url.scheme, "https");
    if (!url.is_https && !sp_slice_is_nocase(url.scheme, "http")) {
        return SP_ERR_INVALID;
    }
    struct sp_slice before_query;
    url.has_query = split_at(sp_slice_sub(rest, 2, rest.len), '?', &before_query, &url.query);
    size_t slash = sp_slice_find(before_query, 0, '/');
    url.path = sp_slice_sub(before_query, slash, before_query.len);
    SP_TRY(parse_authority(sp_slice_sub(before_query, 0, slash), &url));
    *out = url;
    return SP_OK;
}

/* An address of IPv4 that begins with these numbers; so many decimal ones of at most 255 follow. A name is none. */
static bool is_address4(struct sp_slice host, const char *first, unsigned more)
{
    struct sp_text t;
    sp_text_init(&t, host);
    uint64_t number = 0;
    if (sp_text_literal(&t, first) != SP_OK) {
        return false;
    }
    for (unsigned i = 0; i < more; i++) {
        if (sp_text_byte(&t, '.') != SP_OK || sp_text_number(&t, 255, &number) != SP_OK) {
            return false;
        }
    }
    return sp_text_at_end(&t);
}

bool sp_url_host_is_loopback(struct sp_slice host)
{
    return sp_slice_is_nocase(host, "localhost") || sp_slice_is(host, "::1") ||
           is_address4(host, "127", 3);
}

bool sp_url_host_is_link_local(struct sp_slice host)
{
    return is_address4(host, "169.254", 2);
}
