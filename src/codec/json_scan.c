#include "codec/json_scan.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/num.h"
#include "base/text.h"

#define FEW_KEYS   ((size_t)8) /* up to here comparing all pairs is cheaper than sorting */
#define ROOM_LEAST ((size_t)32)

void sp_json_scan_init(struct sp_json_scan *s, struct sp_slice in,
                       const struct sp_json_limits *limits)
{
    SP_ASSERT(limits->bytes_max <= SP_JSON_BYTES_MAX && limits->depth_max <= SP_JSON_DEPTH_MAX);
    s->in = in;
    s->at = 0;
    s->limits = limits;
    s->reason = "";
    s->depth = 0;
    s->keys = NULL;
    s->key_count = 0;
    s->key_room = 0;
    s->values = NULL;
    s->value_count = 0;
    s->value_room = 0;
    s->copied = 0;
    sp_buf_init(&s->bytes, in.len + SP_TEXT_COPY_SLACK);
    sp_buf_init(&s->skeleton, in.len);
}

void sp_json_scan_done(struct sp_json_scan *s)
{
    free(s->keys);
    free(s->values);
    s->keys = NULL;
    s->values = NULL;
    sp_buf_done(&s->bytes);
    sp_buf_done(&s->skeleton);
}

enum sp_err sp_json_scan_fail(struct sp_json_scan *s, enum sp_err err, const char *reason)
{
    s->reason = reason;
    return err;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* The next byte that is not white space, or -1 at the end. */
static int next_byte(struct sp_json_scan *s)
{
    while (s->at < s->in.len && is_blank(s->in.ptr[s->at])) {
        s->at++;
    }
    return s->at < s->in.len ? s->in.ptr[s->at] : -1;
}

static enum sp_err unexpected(struct sp_json_scan *s, const char *wanted)
{
    return sp_json_scan_fail(s, SP_ERR_JSON,
                             s->at < s->in.len ? wanted : "the text ends too early");
}

static enum sp_err push_key(struct sp_json_scan *s, struct sp_json_key key)
{
    if (s->key_count == s->key_room) {
        size_t room = s->key_room == 0 ? ROOM_LEAST : 2 * s->key_room;
        struct sp_json_key *grown = realloc(s->keys, room * sizeof(*grown));
        if (grown == NULL) {
            return SP_ERR_NOMEM;
        }
        s->keys = grown;
        s->key_room = room;
    }
    s->keys[s->key_count++] = key;
    return SP_OK;
}

static enum sp_err push_value(struct sp_json_scan *s, struct sp_slice value)
{
    if (s->value_count == s->value_room) {
        size_t room = s->value_room == 0 ? ROOM_LEAST : 2 * s->value_room;
        struct sp_slice *grown = realloc(s->values, room * sizeof(*grown));
        if (grown == NULL) {
            return SP_ERR_NOMEM;
        }
        s->values = grown;
        s->value_room = room;
    }
    s->values[s->value_count++] = value;
    return SP_OK;
}

/* A key and its colon. Names are compared decoded, because `"a"` and `"\u0061"` are one name. */
static enum sp_err scan_key(struct sp_json_scan *s)
{
    if (next_byte(s) != '"') {
        return unexpected(s, "a key in double quotes must stand here");
    }
    struct sp_json_key key = {.at = s->at};
    SP_TRY(sp_json_scan_string(s, true, &key.name));
    SP_TRY(push_key(s, key));
    if (next_byte(s) != ':') {
        return unexpected(s, "a colon must follow the key");
    }
    s->at++;
    return SP_OK;
}

static int compare_keys(const void *a, const void *b)
{
    const struct sp_json_key *left = a;
    const struct sp_json_key *right = b;
    int order = sp_slice_compare(left->name, right->name);
    if (order != 0) {
        return order;
    }
    return left->at < right->at ? -1 : left->at > right->at;
}

static enum sp_err found_twice(struct sp_json_scan *s, const struct sp_json_key *second)
{
    s->at = second->at;
    return sp_json_scan_fail(s, SP_ERR_DUPLICATE, "this key is given twice in one object");
}

/* Sorting bounds the work for objects that were made to collide: n log n, whatever the names. */
static enum sp_err check_many(struct sp_json_scan *s, struct sp_json_key *keys, size_t count)
{
    qsort(keys, count, sizeof(*keys), compare_keys);
    for (size_t i = 1; i < count; i++) {
        if (sp_slice_equal(keys[i - 1].name, keys[i].name)) {
            return found_twice(s, &keys[i]);
        }
    }
    return SP_OK;
}

static enum sp_err check_few(struct sp_json_scan *s, const struct sp_json_key *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (sp_slice_equal(keys[k].name, keys[i].name)) {
                return found_twice(s, &keys[i]);
            }
        }
    }
    return SP_OK;
}

static enum sp_err push_frame(struct sp_json_scan *s, bool is_object)
{
    if (s->depth >= s->limits->depth_max) {
        return sp_json_scan_fail(s, SP_ERR_DEPTH, "the value nests too deeply");
    }
    s->frames[s->depth++] = (struct sp_json_frame){is_object, s->key_count};
    s->at++;
    return SP_OK;
}

static enum sp_err pop_frame(struct sp_json_scan *s)
{
    const struct sp_json_frame *frame = &s->frames[--s->depth];
    size_t count = s->key_count - frame->keys_at;
    s->at++;
    if (count >= 2) {
        struct sp_json_key *keys = s->keys + frame->keys_at;
        SP_TRY(count <= FEW_KEYS ? check_few(s, keys, count) : check_many(s, keys, count));
    }
    s->key_count = frame->keys_at;
    return SP_OK;
}

/* Opens a container and goes on to its first element, or closes it at once. */
static enum sp_err open_container(struct sp_json_scan *s, bool is_object, bool *out_is_open)
{
    SP_TRY(push_frame(s, is_object));
    if (next_byte(s) == (is_object ? '}' : ']')) {
        *out_is_open = false;
        return pop_frame(s);
    }
    *out_is_open = true;
    return is_object ? scan_key(s) : SP_OK;
}

static enum sp_err scan_literal(struct sp_json_scan *s, const char *literal)
{
    struct sp_slice rest = sp_slice_sub(s->in, s->at, s->in.len);
    if (!sp_slice_starts(rest, literal)) {
        return unexpected(s, "a value must stand here");
    }
    s->at += sp_slice_of(literal).len;
    return SP_OK;
}

static size_t digits_end(const struct sp_json_scan *s, size_t at)
{
    while (at < s->in.len && sp_text_is_digit(s->in.ptr[at])) {
        at++;
    }
    return at;
}

static bool byte_is(const struct sp_json_scan *s, size_t at, uint8_t a, uint8_t b)
{
    return at < s->in.len && (s->in.ptr[at] == a || s->in.ptr[at] == b);
}

/* number = [ minus ] int [ frac ] [ exp ] of RFC 8259; `*at` moves to its end, or to the mistake. */
static bool number_end(const struct sp_json_scan *s, size_t *at)
{
    size_t start = *at + (byte_is(s, *at, '-', '-') ? 1 : 0);
    *at = digits_end(s, start);
    if (*at == start || (*at - start > 1 && s->in.ptr[start] == '0')) {
        return false;
    }
    if (byte_is(s, *at, '.', '.')) {
        start = *at + 1;
        *at = digits_end(s, start);
        if (*at == start) {
            return false;
        }
    }
    if (byte_is(s, *at, 'e', 'E')) {
        start = *at + 1;
        start += byte_is(s, start, '+', '-') ? 1 : 0;
        *at = digits_end(s, start);
        if (*at == start) {
            return false;
        }
    }
    return true;
}

/* The tree's maker copies a number into 64 bytes. A longer one stands in the skeleton as its double is written. */
#define PLAIN_NUMBER_MAX ((size_t)63)

static enum sp_err shorten_number(struct sp_json_scan *s, struct sp_slice text)
{
    double value = 0;
    if (text.len > SP_JSON_NUMBER_BYTES_MAX || sp_parse_double(text, &value) != SP_OK) {
        return sp_json_scan_fail(s, SP_ERR_RANGE,
                                 text.len > SP_JSON_NUMBER_BYTES_MAX
                                     ? "this number has too many digits"
                                     : "no double can hold this number");
    }
    SP_TRY(sp_buf_put(&s->skeleton, sp_slice_sub(s->in, s->copied, s->at - s->copied)));
    return sp_buf_putf(&s->skeleton, "%.17g", value);
}

static enum sp_err scan_number(struct sp_json_scan *s)
{
    size_t end = s->at;
    if (!number_end(s, &end)) {
        return sp_json_scan_fail(s, SP_ERR_JSON, "this is not a number of JSON");
    }
    struct sp_slice text = sp_slice_sub(s->in, s->at, end - s->at);
    if (text.len > PLAIN_NUMBER_MAX) {
        SP_TRY(shorten_number(s, text));
        s->copied = end;
    }
    size_t before = s->bytes.len;
    SP_TRY(sp_buf_put(&s->bytes, text));
    s->at = end;
    return push_value(s, sp_slice_make(s->bytes.ptr + before, text.len));
}

/* The skeleton gets all that came since the last string value, and an empty string. */
static enum sp_err scan_string_value(struct sp_json_scan *s)
{
    struct sp_slice value = {NULL, 0};
    SP_TRY(sp_buf_put(&s->skeleton, sp_slice_sub(s->in, s->copied, s->at + 1 - s->copied)));
    SP_TRY(sp_json_scan_string(s, false, &value));
    s->copied = s->at - 1;
    return push_value(s, value);
}

static enum sp_err begin_value(struct sp_json_scan *s, bool *out_is_open)
{
    *out_is_open = false;
    switch (next_byte(s)) {
    case '{':
        return open_container(s, true, out_is_open);
    case '[':
        return open_container(s, false, out_is_open);
    case '"':
        return scan_string_value(s);
    case 't':
        return scan_literal(s, "true");
    case 'f':
        return scan_literal(s, "false");
    case 'n':
        return scan_literal(s, "null");
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return scan_number(s);
    default:
        return unexpected(s, "a value must stand here");
    }
}

/* After a value: closes what ends here, and goes on to the next element when there is one. */
static enum sp_err end_value(struct sp_json_scan *s, bool *out_is_open)
{
    while (s->depth > 0) {
        bool is_object = s->frames[s->depth - 1].is_object;
        int byte = next_byte(s);
        if (byte == ',') {
            s->at++;
            *out_is_open = true;
            return is_object ? scan_key(s) : SP_OK;
        }
        if (byte != (is_object ? '}' : ']')) {
            return unexpected(s, is_object ? "a comma or } must stand here"
                                           : "a comma or ] must stand here");
        }
        SP_TRY(pop_frame(s));
    }
    *out_is_open = false;
    return SP_OK;
}

static enum sp_err scan_document(struct sp_json_scan *s)
{
    bool is_open = true;
    while (is_open) {
        SP_TRY(begin_value(s, &is_open));
        if (!is_open) {
            SP_TRY(end_value(s, &is_open));
        }
    }
    return next_byte(s) == -1 ? SP_OK
                              : sp_json_scan_fail(s, SP_ERR_JSON, "something follows the value");
}

enum sp_err sp_json_scan_run(struct sp_json_scan *s)
{
    if (s->in.len > s->limits->bytes_max) {
        return sp_json_scan_fail(s, SP_ERR_TOO_BIG, "the text is over its limit");
    }
    /* Decoded strings, names and numbers together are never longer than the text: this is all that is ever needed. */
    uint8_t *unused = NULL;
    SP_TRY(sp_buf_reserve(&s->bytes, s->in.len + SP_TEXT_COPY_SLACK, &unused));
    SP_TRY(scan_document(s));
    if (s->copied > 0) {
        SP_TRY(sp_buf_put(&s->skeleton, sp_slice_sub(s->in, s->copied, s->in.len - s->copied)));
    }
    return SP_OK;
}

struct sp_slice sp_json_scan_skeleton(const struct sp_json_scan *s)
{
    return s->copied > 0 ? sp_buf_slice(&s->skeleton) : s->in;
}
