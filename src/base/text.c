#include "base/text.h"

#include <endian.h>
#include <string.h>

#include "base/num.h"

void sp_text_init(struct sp_text *t, struct sp_slice in)
{
    *t = (struct sp_text){.in = in, .at = 0};
}

bool sp_text_at_end(const struct sp_text *t)
{
    return t->at == t->in.len;
}

int sp_text_peek(const struct sp_text *t)
{
    return sp_text_at_end(t) ? -1 : t->in.ptr[t->at];
}

enum sp_err sp_text_byte(struct sp_text *t, uint8_t byte)
{
    if (sp_text_at_end(t)) {
        return SP_ERR_SHORT;
    }
    if (t->in.ptr[t->at] != byte) {
        return SP_ERR_INVALID;
    }
    t->at++;
    return SP_OK;
}

enum sp_err sp_text_literal(struct sp_text *t, const char *literal)
{
    struct sp_slice rest = sp_slice_sub(t->in, t->at, t->in.len);
    struct sp_slice want = sp_slice_of(literal);
    if (!sp_slice_starts(rest, literal)) {
        return rest.len < want.len ? SP_ERR_SHORT : SP_ERR_INVALID;
    }
    t->at += want.len;
    return SP_OK;
}

static size_t run_end(const struct sp_text *t, sp_text_class *is)
{
    size_t end = t->at;
    while (end < t->in.len && is(t->in.ptr[end])) {
        end++;
    }
    return end;
}

struct sp_slice sp_text_skip(struct sp_text *t, sp_text_class *is)
{
    size_t end = run_end(t, is);
    struct sp_slice run = sp_slice_sub(t->in, t->at, end - t->at);
    t->at = end;
    return run;
}

enum sp_err sp_text_run(struct sp_text *t, sp_text_class *is, size_t max, struct sp_slice *out)
{
    size_t len = run_end(t, is) - t->at;
    if (len == 0) {
        return sp_text_at_end(t) ? SP_ERR_SHORT : SP_ERR_INVALID;
    }
    if (len > max) {
        return SP_ERR_TOO_BIG;
    }
    *out = sp_slice_sub(t->in, t->at, len);
    t->at += len;
    return SP_OK;
}

enum sp_err sp_text_until(struct sp_text *t, uint8_t delimiter, size_t max, struct sp_slice *out)
{
    size_t end = sp_slice_find(t->in, t->at, delimiter);
    if (end - t->at > max) {
        return SP_ERR_TOO_BIG;
    }
    if (end == t->in.len) {
        return SP_ERR_SHORT;
    }
    *out = sp_slice_sub(t->in, t->at, end - t->at);
    t->at = end + 1;
    return SP_OK;
}

enum sp_err sp_text_number(struct sp_text *t, uint64_t max, uint64_t *out)
{
    struct sp_text ahead = *t;
    struct sp_slice digits = sp_text_skip(&ahead, sp_text_is_digit);
    if (digits.len == 0) {
        return sp_text_at_end(t) ? SP_ERR_SHORT : SP_ERR_INVALID;
    }
    SP_TRY(sp_parse_u64(digits, max, out));
    *t = ahead;
    return SP_OK;
}

struct sp_slice sp_text_rest(struct sp_text *t)
{
    struct sp_slice rest = sp_slice_sub(t->in, t->at, t->in.len);
    t->at = t->in.len;
    return rest;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/*
 * The top bit of each byte that is zero. A borrow may mark bytes above a marked one by mistake, never below it: the
 * lowest mark is always right, and only that one is used.
 */
static uint64_t zeros(uint64_t word)
{
    return (word - EACH(1)) & ~word & EACH(0x80);
}

/* How many bytes at the start of a word are plain. */
static size_t plain_bytes(uint64_t word)
{
    uint64_t first_is_lowest = le64toh(word);
    uint64_t controls = (first_is_lowest - EACH(0x20)) & ~first_is_lowest & EACH(0x80);
    uint64_t marks = controls | (first_is_lowest & EACH(0x80)) |
                     zeros(first_is_lowest ^ EACH('"')) | zeros(first_is_lowest ^ EACH('\\'));
    return marks == 0 ? sizeof(word) : (size_t)__builtin_ctzll(marks) / 8;
}

static bool byte_is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* Eight at a time: a sum sets a byte's top bit when it reaches the bound, and none carries, as all are below 0x80. */
static bool are_small_hex(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = 0x80 * ones;
    const uint64_t digits = (word + (0x80 - '0') * ones) & ~(word + (0x80 - '9' - 1) * ones);
    const uint64_t letters = (word + (0x80 - 'a') * ones) & ~(word + (0x80 - 'f' - 1) * ones);
    return (word & tops) == 0 && ((digits | letters) & tops) == tops;
}

bool sp_text_is_small_hex(struct sp_slice text)
{
    size_t at = 0;
    for (; text.len - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, text.ptr + at, sizeof(word));
        if (!are_small_hex(word)) {
            return false;
        }
    }
    for (; at < text.len; at++) {
        const unsigned digit = text.ptr[at] - (unsigned)'0';
        const unsigned letter = text.ptr[at] - (unsigned)'a';
        if (digit > 9 && letter > 5) {
            return false;
        }
    }
    return true;
}

size_t sp_text_plain_end(struct sp_slice in, size_t from)
{
    size_t at = from;
    while (at < in.len && in.len - at >= sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, in.ptr + at, sizeof(word));
        size_t plain = plain_bytes(word);
        at += plain;
        if (plain < sizeof(word)) {
            return at;
        }
    }
    while (at < in.len && byte_is_plain(in.ptr[at])) {
        at++;
    }
    return at;
}

size_t sp_text_plain_copy(struct sp_slice in, size_t from, uint8_t *to)
{
    size_t at = from;
    while (at < in.len && in.len - at >= sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, in.ptr + at, sizeof(word));
        memcpy(to, &word,
               sizeof(word)); /* what is not plain of it lands in the slack and is written over */
        size_t plain = plain_bytes(word);
        at += plain;
        to += plain;
        if (plain < sizeof(word)) {
            return at;
        }
    }
    while (at < in.len && byte_is_plain(in.ptr[at])) {
        *to++ = in.ptr[at++];
    }
    return at;
}

bool sp_text_is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

bool sp_text_is_hex(uint8_t byte)
{
    return sp_text_is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

bool sp_text_is_alpha(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

bool sp_text_is_alnum(uint8_t byte)
{
    return sp_text_is_alpha(byte) || sp_text_is_digit(byte);
}

bool sp_text_is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* How many continuation bytes follow a lead byte, and the least code point they may make (RFC 3629); -1 is no lead. */
static int lead_of(uint8_t byte, uint32_t *out_bits, uint32_t *out_least)
{
    if (byte < 0x80) {
        *out_bits = byte;
        *out_least = 0;
        return 0;
    }
    if (byte >= 0xC2 && byte <= 0xDF) {
        *out_bits = byte & 0x1FU;
        *out_least = 0x80;
        return 1;
    }
    if (byte >= 0xE0 && byte <= 0xEF) {
        *out_bits = byte & 0x0FU;
        *out_least = 0x800;
        return 2;
    }
    if (byte >= 0xF0 && byte <= 0xF4) {
        *out_bits = byte & 0x07U;
        *out_least = 0x10000;
        return 3;
    }
    return -1;
}

enum sp_err sp_utf8_next(struct sp_text *t, uint32_t *out)
{
    if (sp_text_at_end(t)) {
        return SP_ERR_SHORT;
    }
    uint32_t value = 0;
    uint32_t least = 0;
    int more = lead_of(t->in.ptr[t->at], &value, &least);
    if (more < 0 || (size_t)more >= t->in.len - t->at) {
        return SP_ERR_UTF8;
    }
    for (int i = 1; i <= more; i++) {
        uint8_t byte = t->in.ptr[t->at + (size_t)i];
        if ((byte & 0xC0U) != 0x80) {
            return SP_ERR_UTF8;
        }
        value = value << 6 | (byte & 0x3FU);
    }
    if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
        return SP_ERR_UTF8;
    }
    t->at += 1 + (size_t)more;
    *out = value;
    return SP_OK;
}

/* Where the bytes below 0x80 that begin at `at` end: eight at a time, and what is left one by one. */
static size_t ascii_end(struct sp_slice in, size_t at)
{
    uint64_t word = 0;
    while (in.len - at >= sizeof(word)) {
        memcpy(&word, in.ptr + at, sizeof(word));
        if ((word & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
        at += sizeof(word);
    }
    while (at < in.len && in.ptr[at] < 0x80) {
        at++;
    }
    return at;
}

enum sp_err sp_utf8_check(struct sp_slice in, size_t *out_at)
{
    struct sp_text t;
    sp_text_init(&t, in);
    for (;;) {
        uint32_t ignored = 0;
        t.at = ascii_end(in, t.at);
        if (sp_text_at_end(&t)) {
            return SP_OK;
        }
        if (sp_utf8_next(&t, &ignored) != SP_OK) {
            *out_at = t.at;
            return SP_ERR_UTF8;
        }
    }
}

size_t sp_utf8_put(uint8_t *to, uint32_t code)
{
    if (code < 0x80) {
        to[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (uint8_t)(0xC0U | code >> 6);
        to[1] = (uint8_t)(0x80U | (code & 0x3FU));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (uint8_t)(0xE0U | code >> 12);
        to[1] = (uint8_t)(0x80U | (code >> 6 & 0x3FU));
        to[2] = (uint8_t)(0x80U | (code & 0x3FU));
        return 3;
    }
    to[0] = (uint8_t)(0xF0U | code >> 18);
    to[1] = (uint8_t)(0x80U | (code >> 12 & 0x3FU));
    to[2] = (uint8_t)(0x80U | (code >> 6 & 0x3FU));
    to[3] = (uint8_t)(0x80U | (code & 0x3FU));
    return 4;
}
