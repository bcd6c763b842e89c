#include "base/text.h"
#include "python/facts_fold.h"

/* ---- methods, % and slices ---- */

/* Constants of one kind, with commas between them, up to a bracket, which is taken. */
enum sp_err fold_take_items(struct fold *o, enum value_kind kind, uint8_t close, struct items *out)
{
    struct value value;
    out->count = 0;
    out->at = o->used;
    while (!fold_at_op(o, close)) {
        if (out->count == FOLD_ITEMS_MAX) {
            return SP_ERR_TOO_BIG;
        }
        SP_TRY(fold_sum(o, &value));
        if (value.kind != kind) {
            return SP_ERR_INVALID;
        }
        out->len[out->count] = value.len;
        out->count++;
        SP_TRY(fold_at_op(o, close) ? SP_OK : fold_take_op(o, ','));
    }
    return fold_next(o);
}

static enum sp_err put_item(struct fold *o, const struct items *items, unsigned index)
{
    uint32_t at = items->at;
    SP_TRY(fold_spend(o, index));
    for (unsigned i = 0; i < index && i < items->count; i++) {
        at += items->len[i];
    }
    return index < items->count ? fold_put_part(o, at, items->len[index]) : SP_ERR_INVALID;
}

/* '-'.join(['a', 'b']) */
static enum sp_err fold_join(struct fold *o, struct value *v)
{
    struct items items;
    if (!fold_at_op(o, '[') && !fold_at_op(o, '(')) {
        return SP_ERR_INVALID;
    }
    bool is_list = fold_at_op(o, '[');
    SP_TRY(fold_next(o));
    SP_TRY(fold_take_items(o, v->kind, is_list ? ']' : ')', &items));
    if (!is_list && items.count < 2) {
        return SP_ERR_INVALID; /* ('ab') is a text, whose characters would be joined */
    }
    uint32_t from = o->used;
    uint32_t at = items.at;
    for (unsigned i = 0; i < items.count; i++) {
        SP_TRY(i > 0 ? fold_put_part(o, v->at, v->len) : SP_OK);
        SP_TRY(fold_put_part(o, at, items.len[i]));
        at += items.len[i];
    }
    SP_TRY(fold_settle(o, v, from));
    SP_TRY(fold_at_op(o, ',') ? fold_next(o) : SP_OK);
    return fold_take_op(o, ')');
}

/* One field of a format: {} or {1}; `at` is behind its brace. */
static enum sp_err put_field(struct fold *o, const struct value *v, const struct items *items,
                             uint32_t *at, unsigned *turn)
{
    const uint8_t *text = o->f->fold_room + v->at;
    unsigned index = 0;
    bool has_index = *at < v->len && sp_text_is_digit(text[*at]);
    if (has_index) {
        index = text[*at] - (unsigned)'0';
        (*at)++;
    } else {
        index = *turn;
        (*turn)++;
    }
    if (*at == v->len || text[*at] != '}') {
        return SP_ERR_INVALID;
    }
    (*at)++;
    return put_item(o, items, index);
}

/* '{}{}'.format('a', 'b') */
static enum sp_err fold_format(struct fold *o, struct value *v)
{
    struct items items;
    unsigned turn = 0;
    SP_TRY(v->kind == VALUE_TEXT ? fold_take_items(o, VALUE_TEXT, ')', &items) : SP_ERR_INVALID);
    uint32_t from = o->used;
    for (uint32_t at = 0; at < v->len;) {
        uint8_t byte = o->f->fold_room[v->at + at];
        uint8_t after = at + 1 < v->len ? o->f->fold_room[v->at + at + 1] : 0;
        bool is_brace = byte == '{' || byte == '}';
        at++;
        if (is_brace && after == byte) {
            at++;
            SP_TRY(fold_put(o, byte));
        } else if (byte == '{') {
            SP_TRY(put_field(o, v, &items, &at, &turn));
        } else {
            SP_TRY(byte == '}' ? SP_ERR_INVALID : fold_put(o, byte));
        }
    }
    return fold_settle(o, v, from);
}

/* 'a%s' % 'b' and '%s%s' % ('a', 'b'); the operator is taken. */
enum sp_err fold_percent(struct fold *o, struct value *v, const struct items *items)
{
    uint32_t from = o->used;
    unsigned turn = 0;
    for (uint32_t at = 0; at < v->len; at++) {
        uint8_t byte = o->f->fold_room[v->at + at];
        if (byte != '%') {
            SP_TRY(fold_put(o, byte));
            continue;
        }
        at++;
        uint8_t after = at < v->len ? o->f->fold_room[v->at + at] : 0;
        if (after == 's') {
            SP_TRY(put_item(o, items, turn));
            turn++;
        } else {
            SP_TRY(after == '%' ? fold_put(o, '%') : SP_ERR_INVALID);
        }
    }
    return turn == items->count ? fold_settle(o, v, from) : SP_ERR_INVALID;
}

static bool is_here(const struct fold *o, uint32_t at, uint32_t pattern, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        if (o->f->fold_room[at + i] != o->f->fold_room[pattern + i]) {
            return false;
        }
    }
    return true;
}

/* 'a.b'.replace('.', '') */
static enum sp_err fold_replace(struct fold *o, struct value *v)
{
    struct items items;
    SP_TRY(fold_take_items(o, v->kind, ')', &items));
    if (items.count != 2 || items.len[0] == 0 || items.len[0] > FOLD_PATTERN_MAX) {
        return SP_ERR_INVALID;
    }
    uint32_t from = o->used;
    SP_TRY(fold_spend(o, v->len));
    for (uint32_t at = 0; at < v->len;) {
        if (items.len[0] <= v->len - at && is_here(o, v->at + at, items.at, items.len[0])) {
            SP_TRY(put_item(o, &items, 1));
            at += items.len[0];
        } else {
            SP_TRY(fold_put(o, o->f->fold_room[v->at + at]));
            at++;
        }
    }
    return fold_settle(o, v, from);
}

static enum sp_err fold_case(struct fold *o, const struct value *v, bool is_upper)
{
    for (uint32_t i = 0; i < v->len; i++) {
        uint8_t *byte = &o->f->fold_room[v->at + i];
        bool is_letter = sp_text_is_alpha(*byte);
        *byte = is_letter ? (uint8_t)(is_upper ? *byte & 0xDFU : *byte | 0x20U) : *byte;
    }
    SP_TRY(fold_spend(o, v->len));
    return fold_take_op(o, ')');
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r') || (byte >= 0x1C && byte <= 0x1F);
}

static enum sp_err fold_strip(struct fold *o, struct value *v)
{
    uint32_t from = v->at;
    if (v->kind != VALUE_TEXT) {
        return SP_ERR_INVALID;
    }
    while (from < o->used && is_blank(o->f->fold_room[from])) {
        from++;
    }
    while (o->used > from && is_blank(o->f->fold_room[o->used - 1])) {
        o->used--;
    }
    SP_TRY(fold_settle(o, v, from));
    return fold_take_op(o, ')');
}

/* b'os'.decode(), 'os'.encode('ascii'): in these codecs ASCII is what it is. */
static enum sp_err fold_codec(struct fold *o, struct value *v, enum value_kind from,
                              enum value_kind to)
{
    static const char *const same[] = {"utf-8", "utf8", "ascii", "latin-1"};
    struct items items;
    SP_TRY(v->kind == from ? fold_take_items(o, VALUE_TEXT, ')', &items) : SP_ERR_INVALID);
    struct sp_slice name =
        sp_slice_make(o->f->fold_room + items.at, items.count > 0 ? items.len[0] : 0);
    bool is_same = items.count == 0;
    for (size_t i = 0; i < SP_COUNT(same); i++) {
        is_same = is_same || (items.count == 1 && sp_slice_is(name, same[i]));
    }
    v->kind = to;
    o->used = v->at + v->len;
    return is_same ? SP_OK : SP_ERR_INVALID;
}

enum sp_err fold_method(struct fold *o, struct value *v)
{
    enum { JOIN, FORMAT, REPLACE, LOWER, UPPER, STRIP, DECODE, ENCODE, COUNT };
    static const char *const names[COUNT] = {"join",  "format", "replace", "lower",
                                             "upper", "strip",  "decode",  "encode"};
    unsigned method = 0;
    while (method < COUNT && !fold_at_name(o, names[method])) {
        method++;
    }
    SP_TRY(fold_next(o));
    SP_TRY(fold_take_op(o, '('));
    switch (method) {
    case JOIN:
        return fold_join(o, v);
    case FORMAT:
        return fold_format(o, v);
    case REPLACE:
        return fold_replace(o, v);
    case LOWER:
    case UPPER:
        return fold_case(o, v, method == UPPER);
    case STRIP:
        return fold_strip(o, v);
    case DECODE:
        return fold_codec(o, v, VALUE_BYTES, VALUE_TEXT);
    case ENCODE:
        return fold_codec(o, v, VALUE_TEXT, VALUE_BYTES);
    default:
        return SP_ERR_INVALID;
    }
}

/* One part of a slice, which may be empty. */
static enum sp_err take_bound(struct fold *o, bool *out_is_given, int64_t *out)
{
    struct value value;
    *out_is_given = !fold_at_op(o, ':') && !fold_at_op(o, ']');
    if (!*out_is_given) {
        return SP_OK;
    }
    SP_TRY(fold_sum(o, &value));
    *out = value.number;
    return value.kind == VALUE_NUMBER ? SP_OK : SP_ERR_INVALID;
}

static int64_t clamp(int64_t at, int64_t len, int64_t step)
{
    at += at < 0 ? len : 0;
    if (at < 0) {
        return step < 0 ? -1 : 0;
    }
    return at < len ? at : step < 0 ? len - 1 : len;
}

/* The rest of text[a:b:c], behind the bracket; `text[a]` when there is no colon. */
enum sp_err fold_slice(struct fold *o, struct value *v)
{
    int64_t bound[3] = {0, 0, 1};
    bool is_given[3] = {false, false, false};
    unsigned colons = 0;
    SP_TRY(take_bound(o, &is_given[0], &bound[0]));
    while (colons < 2 && fold_at_op(o, ':')) {
        colons++;
        SP_TRY(fold_next(o));
        SP_TRY(take_bound(o, &is_given[colons], &bound[colons]));
    }
    SP_TRY(fold_take_op(o, ']'));
    int64_t len = v->len;
    int64_t step = bound[2];
    int64_t start = is_given[0] ? clamp(bound[0], len, step) : step < 0 ? len - 1 : 0;
    int64_t stop = is_given[1] ? clamp(bound[1], len, step) : step < 0 ? -1 : len;
    if (colons == 0) {
        bool is_inside = is_given[0] && bound[0] < len && bound[0] >= -len;
        SP_TRY(is_inside && v->kind == VALUE_TEXT ? SP_OK : SP_ERR_INVALID);
        stop = start + 1;
    }
    if (step == 0) {
        return SP_ERR_INVALID;
    }
    uint32_t from = o->used;
    for (int64_t at = start; step > 0 ? at < stop : at > stop; at += step) {
        SP_TRY(fold_put(o, o->f->fold_room[v->at + (uint32_t)at]));
    }
    return fold_settle(o, v, from);
}
