#include "audit/entry.h"

#include "audit/record.h"
#include "base/num.h"
#include "base/text.h"

#define KEY_BYTES_MAX ((size_t)64)

struct walk {
    struct sp_text t;
    const char *wrong;
};

static enum sp_err fail(struct walk *walk, const char *wrong)
{
    walk->wrong = wrong;
    return SP_ERR_INVALID;
}

/* \u00xx in small digits, for the control characters that have no short escape. */
static bool is_control_escape(struct sp_slice text)
{
    static const char *const digits[] = {"00", "01", "02", "03", "04", "05", "06", "07", "0b",
                                         "0e", "0f", "10", "11", "12", "13", "14", "15", "16",
                                         "17", "18", "19", "1a", "1b", "1c", "1d", "1e", "1f"};
    for (size_t i = 0; i < SP_COUNT(digits) && sp_slice_starts(text, "u00"); i++) {
        if (sp_slice_is(sp_slice_sub(text, 3, 2), digits[i])) {
            return true;
        }
    }
    return false;
}

static enum sp_err take_escape(struct walk *walk)
{
    static const char letters[] = "\"\\bfnrt";
    const int letter = sp_text_peek(&walk->t);
    for (size_t i = 0; i < sizeof(letters) - 1; i++) {
        if (letter == letters[i]) {
            walk->t.at++;
            return SP_OK;
        }
    }
    if (!is_control_escape(sp_slice_sub(walk->t.in, walk->t.at, 5))) {
        return fail(walk, "this escape is not the canonical one");
    }
    walk->t.at += 5;
    return SP_OK;
}

static enum sp_err take_string(struct walk *walk, struct sp_slice *out)
{
    const size_t start = walk->t.at;
    if (sp_text_byte(&walk->t, '"') != SP_OK) {
        return fail(walk, "a string should begin here");
    }
    for (;;) {
        uint32_t ignored = 0;
        walk->t.at = sp_text_plain_end(walk->t.in, walk->t.at);
        int byte = sp_text_peek(&walk->t);
        if (byte == '"') {
            walk->t.at++;
            *out = sp_slice_sub(walk->t.in, start, walk->t.at - start);
            return SP_OK;
        }
        if (byte == '\\') {
            walk->t.at++;
            SP_TRY(take_escape(walk));
        } else if (byte < 0x80 || sp_utf8_next(&walk->t, &ignored) != SP_OK) {
            return fail(walk,
                        byte < 0 ? "the string does not end" : "this may not stand in a string");
        }
    }
}

static enum sp_err take_number(struct walk *walk)
{
    uint64_t number = 0;
    bool is_zero = sp_text_peek(&walk->t) == '0';
    size_t start = walk->t.at;
    if (sp_text_number(&walk->t, SP_RECORD_NUMBER_MAX, &number) != SP_OK ||
        (is_zero && walk->t.at - start > 1)) {
        return fail(walk,
                    "a value should stand here: a string, a whole number, an array or an object");
    }
    return SP_OK;
}

static enum sp_err take_value(struct walk *walk, unsigned depth, struct sp_slice *out);

static enum sp_err take_array(struct walk *walk, unsigned depth)
{
    struct sp_slice ignored = {NULL, 0};
    walk->t.at++;
    if (sp_text_byte(&walk->t, ']') == SP_OK) {
        return SP_OK;
    }
    for (;;) {
        SP_TRY(take_value(walk, depth + 1, &ignored));
        if (sp_text_byte(&walk->t, ']') == SP_OK) {
            return SP_OK;
        }
        if (sp_text_byte(&walk->t, ',') != SP_OK) {
            return fail(walk, "a comma or the end of the array should stand here");
        }
    }
}

/* A name is plain text, and behind the one before it in the order of the alphabet. */
static enum sp_err take_key(struct walk *walk, struct sp_slice *last, struct sp_slice *out)
{
    struct sp_slice quoted = {NULL, 0};
    SP_TRY(take_string(walk, &quoted));
    *out = sp_slice_sub(quoted, 1, quoted.len - 2);
    if (out->len > KEY_BYTES_MAX || sp_slice_find(*out, 0, '\\') != out->len) {
        return fail(walk, "this is no name of a member");
    }
    if (last->ptr != NULL && sp_slice_compare(*last, *out) >= 0) {
        return fail(walk, "the members are not sorted");
    }
    *last = *out;
    return sp_text_byte(&walk->t, ':') == SP_OK ? SP_OK : fail(walk, "a colon should stand here");
}

/* With `out` the members are kept. */
static enum sp_err take_object(struct walk *walk, unsigned depth, struct sp_entry *out)
{
    struct sp_slice last = {NULL, 0};
    walk->t.at++;
    if (sp_text_byte(&walk->t, '}') == SP_OK) {
        return SP_OK;
    }
    for (;;) {
        struct sp_entry_member member = {.key = {NULL, 0}};
        SP_TRY(take_key(walk, &last, &member.key));
        SP_TRY(take_value(walk, depth + 1, &member.value));
        if (out != NULL && out->count == SP_ENTRY_MEMBERS_MAX) {
            return fail(walk, "there are too many members");
        }
        if (out != NULL) {
            out->members[out->count++] = member;
        }
        if (sp_text_byte(&walk->t, '}') == SP_OK) {
            return SP_OK;
        }
        if (sp_text_byte(&walk->t, ',') != SP_OK) {
            return fail(walk, "a comma or the end of the object should stand here");
        }
    }
}

static enum sp_err take_value(struct walk *walk, unsigned depth, struct sp_slice *out)
{
    const size_t start = walk->t.at;
    if (depth > SP_ENTRY_DEPTH) {
        return fail(walk, "the values nest too deeply");
    }
    switch (sp_text_peek(&walk->t)) {
    case '"':
        return take_string(walk, out);
    case '[':
        SP_TRY(take_array(walk, depth));
        break;
    case '{':
        SP_TRY(take_object(walk, depth, NULL));
        break;
    default:
        SP_TRY(take_number(walk));
        break;
    }
    *out = sp_slice_sub(walk->t.in, start, walk->t.at - start);
    return SP_OK;
}

enum sp_err sp_entry_read(struct sp_slice line, struct sp_entry *out, struct sp_where *out_where)
{
    struct walk walk = {.wrong = "an object should begin here"};
    out->count = 0;
    sp_text_init(&walk.t, line);
    enum sp_err err = sp_text_peek(&walk.t) == '{' ? take_object(&walk, 0, out) : SP_ERR_INVALID;
    if (err == SP_OK && !sp_text_at_end(&walk.t)) {
        err = fail(&walk, "the entry should end here");
    }
    if (err != SP_OK) {
        sp_where_set(out_where, 1, (unsigned)walk.t.at + 1, "%s", walk.wrong);
    }
    return err;
}

struct sp_slice sp_entry_get(const struct sp_entry *entry, const char *key)
{
    for (size_t i = 0; i < entry->count; i++) {
        const struct sp_slice name = entry->members[i].key;
        /* Most names differ in their first letter: this is asked some hundred times an entry. */
        if (name.len > 0 && name.ptr[0] == (uint8_t)key[0] && sp_slice_is(name, key)) {
            return entry->members[i].value;
        }
    }
    return sp_slice_make(NULL, 0);
}

uint64_t sp_entry_number(struct sp_slice value)
{
    uint64_t number = 0;
    return sp_parse_u64(value, SP_RECORD_NUMBER_MAX, &number) == SP_OK ? number : 0;
}

static bool is_string(struct sp_slice value)
{
    return value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"';
}

struct sp_slice sp_entry_text(struct sp_slice value)
{
    return is_string(value) ? sp_slice_sub(value, 1, value.len - 2) : sp_slice_make(NULL, 0);
}

static uint8_t unescaped(struct sp_slice text, size_t *at)
{
    static const uint8_t letters[] = {'b', 'f', 'n', 'r', 't'};
    static const uint8_t bytes[] = {'\b', '\f', '\n', '\r', '\t'};
    const uint8_t letter = text.ptr[(*at)++];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (letter == letters[i]) {
            return bytes[i];
        }
    }
    if (letter != 'u') {
        return letter;
    }
    const uint8_t high = text.ptr[*at + 2];
    const uint8_t low = text.ptr[*at + 3];
    *at += 4;
    return (uint8_t)((high - '0') * 16 + (low >= 'a' ? low - 'a' + 10 : low - '0'));
}

enum sp_err sp_entry_unescape(struct sp_slice value, struct sp_buf *out)
{
    struct sp_text t;
    struct walk walk = {.wrong = NULL};
    struct sp_slice ignored = {NULL, 0};
    sp_text_init(&walk.t, value);
    if (take_string(&walk, &ignored) != SP_OK || !sp_text_at_end(&walk.t)) {
        return SP_ERR_INVALID;
    }
    sp_text_init(&t, sp_entry_text(value));
    while (!sp_text_at_end(&t)) {
        const size_t end = sp_slice_find(t.in, t.at, '\\');
        SP_TRY(sp_buf_put(out, sp_slice_sub(t.in, t.at, end - t.at)));
        t.at = end;
        if (end < t.in.len) {
            t.at++;
            SP_TRY(sp_buf_put_byte(out, unescaped(t.in, &t.at)));
        }
    }
    return SP_OK;
}

bool sp_entry_items(struct sp_slice value, struct sp_slice *out_rest)
{
    if (value.len < 2 || value.ptr[0] != '[') {
        return false;
    }
    *out_rest = sp_slice_sub(value, 1, value.len - 2);
    return true;
}

bool sp_entry_next(struct sp_slice *rest, struct sp_slice *out_item)
{
    struct walk walk = {.wrong = NULL};
    sp_text_init(&walk.t, *rest);
    if (rest->len == 0 || take_value(&walk, 0, out_item) != SP_OK) {
        return false;
    }
    (void)!sp_text_byte(&walk.t, ',');
    *rest = sp_slice_sub(*rest, walk.t.at, rest->len);
    return true;
}
