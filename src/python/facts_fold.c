#include "python/facts_fold.h"
#include "base/text.h"

/*
 * Works out arguments that are made of constants alone, as Python would. A wrong text would be judged in place of the
 * real one, so everything that is not exactly known - characters beyond ASCII, formats with widths, names of the
 * program - makes the argument a computed one.
 */

/* ---- tokens and room ---- */

enum sp_err fold_next(struct fold *o)
{
    enum sp_err err = sp_lexer_next(o->lx, &o->token);
    if (err != SP_OK && o->lx->fault == SP_PYTHON_BRACKET_OPEN) {
        o->token.kind = SP_TOKEN_END; /* the bracket around the argument, see sp_facts_decode */
        return SP_OK;
    }
    return err;
}

enum sp_err fold_take_op(struct fold *o, uint8_t op)
{
    return fold_at_op(o, op) ? fold_next(o) : SP_ERR_INVALID;
}

bool fold_at_name(const struct fold *o, const char *name)
{
    return o->token.kind == SP_TOKEN_NAME && sp_slice_is(sp_lexer_text(o->lx, &o->token), name);
}

/* What a scan may spend in all, so that its time stays in proportion to the source. */
enum sp_err fold_spend(struct fold *o, uint32_t work)
{
    if (work > o->f->fold_left) {
        o->f->fold_left = 0;
        return SP_ERR_FULL;
    }
    o->f->fold_left -= work;
    return SP_OK;
}

enum sp_err fold_put(struct fold *o, uint8_t byte)
{
    if (o->used == FACTS_FOLD_ROOM) {
        return SP_ERR_TOO_BIG;
    }
    SP_TRY(fold_spend(o, 1));
    o->f->fold_room[o->used] = byte;
    o->used++;
    return SP_OK;
}

enum sp_err fold_put_part(struct fold *o, uint32_t at, uint32_t len)
{
    uint8_t *room = o->f->fold_room;
    if (len > FACTS_FOLD_ROOM - o->used) {
        return SP_ERR_TOO_BIG;
    }
    SP_TRY(fold_spend(o, len));
    o->used += (uint32_t)sp_slice_copy(sp_slice_make(room + at, len), room + o->used, len);
    return SP_OK;
}

/* The newest part of the room, from `from` on, takes the place of all behind `v->at`. */
enum sp_err fold_settle(struct fold *o, struct value *v, uint32_t from)
{
    uint32_t len = o->used - from;
    if (len > SP_FACTS_CONST_BYTES_MAX) {
        return SP_ERR_TOO_BIG;
    }
    for (uint32_t i = 0; i < len; i++) {
        o->f->fold_room[v->at + i] = o->f->fold_room[from + i];
    }
    v->len = len;
    o->used = v->at + len;
    return fold_spend(o, len);
}

/* ---- literals ---- */

/* Escapes whose text is only guessed at: named characters, and those that bytes do not have. */
static bool has_odd_escape(struct sp_slice text, bool is_bytes)
{
    for (size_t i = sp_slice_find(text, 0, '\\'); i + 1 < text.len;
         i = sp_slice_find(text, i + 1, '\\')) {
        uint8_t byte = text.ptr[i + 1];
        if (byte == 'N' || (is_bytes && (byte | 0x20U) == 'u')) {
            return true;
        }
    }
    return false;
}

static enum sp_err fold_literal(struct fold *o)
{
    bool is_escaped = (o->token.flags & (SP_TOKEN_ESCAPED | SP_TOKEN_RAW)) == SP_TOKEN_ESCAPED;
    bool is_bytes = (o->token.flags & SP_TOKEN_BYTES) != 0;
    size_t len = 0;
    if (FACTS_FOLD_ROOM - o->used < SP_FACTS_CONST_BYTES_MAX ||
        (is_escaped && has_odd_escape(sp_lexer_text(o->lx, &o->token), is_bytes))) {
        return SP_ERR_INVALID;
    }
    SP_TRY(sp_facts_literal(o->lx, &o->token, o->f->fold_room + o->used, &len));
    for (size_t i = 0; i < len; i++) {
        /* A question mark may stand for a surrogate; line ends are not always kept as they are. */
        uint8_t byte = o->f->fold_room[o->used + i];
        if (byte >= 0x80 || byte == '\r' || (is_escaped && byte == '?')) {
            return SP_ERR_INVALID;
        }
    }
    o->used += (uint32_t)len;
    return fold_next(o);
}

/* f"a{'b'}": fields of constants without a conversion or a format of their own. */
static enum sp_err fold_fstring(struct fold *o)
{
    struct sp_slice start = sp_lexer_text(o->lx, &o->token);
    for (size_t i = 0; i < start.len; i++) {
        if ((start.ptr[i] | 0x20U) == 't') {
            return SP_ERR_INVALID; /* a template is no text */
        }
    }
    SP_TRY(fold_next(o));
    while (o->token.kind != SP_TOKEN_FSTRING_END) {
        struct value field;
        struct sp_slice text = sp_lexer_text(o->lx, &o->token);
        if (fold_at_op(o, '{')) {
            SP_TRY(fold_next(o));
            SP_TRY(fold_sum(o, &field));
            SP_TRY(field.kind == VALUE_TEXT ? fold_take_op(o, '}') : SP_ERR_INVALID);
            continue;
        }
        if (o->token.kind != SP_TOKEN_FSTRING_MIDDLE) {
            return SP_ERR_INVALID;
        }
        for (size_t i = 0; i < text.len; i++) {
            uint8_t byte = text.ptr[i];
            bool is_plain = byte < 0x80 && byte != '\\' && byte != '{' && byte != '}';
            SP_TRY(is_plain && byte != '\r' ? fold_put(o, byte) : SP_ERR_INVALID);
        }
        SP_TRY(fold_next(o));
    }
    return fold_next(o);
}

/* Literals side by side. */
static enum sp_err fold_literals(struct fold *o, struct value *out)
{
    bool is_bytes = (o->token.flags & SP_TOKEN_BYTES) != 0;
    *out = (struct value){.kind = is_bytes ? VALUE_BYTES : VALUE_TEXT, .at = o->used};
    while (o->token.kind == SP_TOKEN_STRING || o->token.kind == SP_TOKEN_FSTRING_START) {
        if (((o->token.flags & SP_TOKEN_BYTES) != 0) != is_bytes) {
            return SP_ERR_INVALID;
        }
        SP_TRY(o->token.kind == SP_TOKEN_STRING ? fold_literal(o) : fold_fstring(o));
    }
    out->len = o->used - out->at;
    return out->len > SP_FACTS_CONST_BYTES_MAX ? SP_ERR_TOO_BIG : SP_OK;
}

static uint32_t base_of(struct sp_slice text)
{
    uint8_t mark = text.len > 1 && text.ptr[0] == '0' ? text.ptr[1] | 0x20U : 0;
    return mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
}

static enum sp_err fold_number(struct fold *o, struct value *out)
{
    struct sp_slice text = sp_lexer_text(o->lx, &o->token);
    uint32_t base = base_of(text);
    *out = (struct value){.kind = VALUE_NUMBER, .at = o->used};
    for (size_t i = base == 10 ? 0 : 2; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        uint32_t digit =
            sp_text_is_digit(byte) ? byte - (uint32_t)'0' : (byte | 0x20U) - (uint32_t)'a' + 10;
        if (byte == '_') {
            continue;
        }
        if (!sp_text_is_hex(byte) || digit >= base || out->number > FOLD_NUMBER_MAX) {
            return SP_ERR_INVALID;
        }
        out->number = out->number * base + digit;
    }
    return fold_next(o);
}

/* ---- functions ---- */

static enum sp_err put_number(struct fold *o)
{
    struct value number;
    SP_TRY(fold_sum(o, &number));
    bool is_known = number.kind == VALUE_NUMBER && number.number >= 0 && number.number < 0x80;
    return is_known ? fold_put(o, (uint8_t)number.number) : SP_ERR_INVALID;
}

/* chr(95) */
static enum sp_err fold_chr(struct fold *o, struct value *out)
{
    *out = (struct value){.kind = VALUE_TEXT, .at = o->used, .len = 1};
    o->is_guess = true;
    SP_TRY(fold_next(o));
    SP_TRY(fold_take_op(o, '('));
    SP_TRY(put_number(o));
    return fold_take_op(o, ')');
}

/* bytes([111, 115]) */
static enum sp_err fold_bytes(struct fold *o, struct value *out)
{
    *out = (struct value){.kind = VALUE_BYTES, .at = o->used};
    o->is_guess = true;
    SP_TRY(fold_next(o));
    SP_TRY(fold_take_op(o, '('));
    SP_TRY(fold_take_op(o, '['));
    while (!fold_at_op(o, ']')) {
        SP_TRY(put_number(o));
        SP_TRY(fold_at_op(o, ']') ? SP_OK : fold_take_op(o, ','));
    }
    SP_TRY(fold_next(o));
    out->len = o->used - out->at;
    return out->len > SP_FACTS_CONST_BYTES_MAX ? SP_ERR_TOO_BIG : fold_take_op(o, ')');
}

/* ---- expressions ---- */

static enum sp_err fold_atom(struct fold *o, struct value *out)
{
    if (o->token.kind == SP_TOKEN_STRING || o->token.kind == SP_TOKEN_FSTRING_START) {
        return fold_literals(o, out);
    }
    if (o->token.kind == SP_TOKEN_NUMBER) {
        return fold_number(o, out);
    }
    if (fold_at_name(o, "chr")) {
        return fold_chr(o, out);
    }
    if (fold_at_name(o, "bytes")) {
        return fold_bytes(o, out);
    }
    SP_TRY(fold_take_op(o, '('));
    SP_TRY(fold_sum(o, out));
    return fold_take_op(o, ')');
}

/* An atom with its slices and methods, perhaps behind a minus. */
static enum sp_err fold_operand(struct fold *o, struct value *out)
{
    bool is_negative = fold_at_op(o, '-');
    SP_TRY(is_negative ? fold_next(o) : SP_OK);
    SP_TRY(fold_atom(o, out));
    if (out->kind == VALUE_NUMBER) {
        out->number = is_negative ? -out->number : out->number;
        return SP_OK;
    }
    while (fold_at_op(o, '[') || fold_at_op(o, '.')) {
        bool is_slice = fold_at_op(o, '[');
        SP_TRY(fold_next(o));
        SP_TRY(is_slice ? fold_slice(o, out) : fold_method(o, out));
    }
    return is_negative ? SP_ERR_INVALID : SP_OK;
}

static enum sp_err fold_repeat(struct fold *o, struct value *v, int64_t times)
{
    if (times > (int64_t)SP_FACTS_CONST_BYTES_MAX) {
        return SP_ERR_TOO_BIG;
    }
    uint32_t from = o->used;
    for (int64_t i = 0; i < times && v->len > 0; i++) {
        SP_TRY(fold_put_part(o, v->at, v->len));
    }
    return fold_settle(o, v, from);
}

static enum sp_err fold_times(struct fold *o, struct value *left)
{
    struct value right;
    SP_TRY(fold_operand(o, &right));
    if (left->kind == VALUE_NUMBER) {
        int64_t times = left->number;
        if (right.kind == VALUE_NUMBER) {
            return SP_ERR_INVALID;
        }
        *left = right;
        return fold_repeat(o, left, times);
    }
    return right.kind == VALUE_NUMBER ? fold_repeat(o, left, right.number) : SP_ERR_INVALID;
}

static enum sp_err fold_fill(struct fold *o, struct value *left)
{
    struct items items = {.count = 1, .at = o->used};
    struct value right;
    if (left->kind != VALUE_TEXT) {
        return SP_ERR_INVALID;
    }
    if (fold_at_op(o, '(')) {
        SP_TRY(fold_next(o));
        SP_TRY(fold_take_items(o, VALUE_TEXT, ')', &items));
        /* A tuple or a text that goes on is not what was taken. */
        SP_TRY(fold_at_op(o, '[') || fold_at_op(o, '.') ? SP_ERR_INVALID : SP_OK);
    } else {
        SP_TRY(fold_operand(o, &right));
        SP_TRY(right.kind == VALUE_TEXT ? SP_OK : SP_ERR_INVALID);
        items.len[0] = right.len;
    }
    return fold_percent(o, left, &items);
}

static enum sp_err fold_term(struct fold *o, struct value *out)
{
    SP_TRY(fold_operand(o, out));
    while (fold_at_op(o, '*') || fold_at_op(o, '%')) {
        bool is_times = fold_at_op(o, '*');
        SP_TRY(fold_next(o));
        SP_TRY(is_times ? fold_times(o, out) : fold_fill(o, out));
    }
    return SP_OK;
}

static enum sp_err fold_sums(struct fold *o, struct value *out)
{
    struct value right;
    SP_TRY(fold_term(o, out));
    while (fold_at_op(o, '+') || (fold_at_op(o, '-') && out->kind == VALUE_NUMBER)) {
        bool is_minus = fold_at_op(o, '-');
        SP_TRY(fold_next(o));
        SP_TRY(fold_term(o, &right));
        if (right.kind != out->kind) {
            return SP_ERR_INVALID;
        }
        out->number += is_minus ? -right.number : right.number;
        out->len += right.len; /* it stands right behind */
        bool is_far = out->number > FOLD_NUMBER_MAX || out->number < -FOLD_NUMBER_MAX;
        if (is_far || out->len > SP_FACTS_CONST_BYTES_MAX) {
            return SP_ERR_TOO_BIG;
        }
    }
    return SP_OK;
}

enum sp_err fold_sum(struct fold *o, struct value *out)
{
    if (o->depth == FOLD_DEPTH_MAX) {
        return SP_ERR_DEPTH;
    }
    o->depth++;
    SP_TRY(fold_sums(o, out));
    o->depth--;
    return SP_OK;
}

/* ---- arguments ---- */

static enum sp_err work_out(struct fold *o, const struct sp_span *span, struct value *out)
{
    struct sp_slice text = sp_slice_make(o->f->lx.ptr + span->start, span->end - span->start);
    SP_TRY(fold_spend(o, (uint32_t)text.len));
    sp_facts_lexer_inside(o->lx, text, o->f->lx.family);
    SP_TRY(fold_next(o));
    SP_TRY(fold_sum(o, out));
    bool is_whole = o->token.kind == SP_TOKEN_END && out->kind == VALUE_TEXT;
    return is_whole && out->len <= FACTS_FOLDED_MAX - o->f->folded_bytes ? SP_OK : SP_ERR_INVALID;
}

enum sp_err sp_facts_fold(struct sp_facts *f, const struct sp_span *span, struct sp_const *out)
{
    SP_ROOM struct sp_lexer lx;
    struct fold o = {.f = f, .lx = &lx};
    struct value value = {.kind = VALUE_NUMBER};
    SP_TRY(work_out(&o, span, &value));
    for (uint32_t i = 0; i < value.len; i++) {
        f->folded[f->folded_bytes + i] = f->fold_room[value.at + i];
    }
    *out = (struct sp_const){.place = *span,
                             .is_folded = true,
                             .is_guess = o.is_guess,
                             .text_at = f->folded_bytes,
                             .text_len = (uint16_t)value.len};
    f->folded_bytes += value.len;
    return SP_OK;
}
