#include "base/text.h"
#include "python/syntax_inner.h"

/* ---- escapes that CPython refuses ---- */

/* At least `count` hexadecimal digits from `at`, as a value that is a character. */
static bool has_digits(struct sp_slice text, size_t at, size_t count)
{
    uint32_t value = 0;
    if (text.len - at < count) {
        return false;
    }
    for (size_t i = at; i < at + count; i++) {
        uint8_t byte = text.ptr[i];
        if (!sp_text_is_hex(byte)) {
            return false;
        }
        value = value << 4 | (byte <= '9' ? byte - (uint32_t)'0' : (byte & 7U) + 9U);
    }
    return value <= 0x10FFFF;
}

/* \N{NAME}: whether the name is known is not judged. */
static bool has_name(struct sp_slice text, size_t at)
{
    size_t close = sp_slice_find(text, at, '}');
    return at < text.len && text.ptr[at] == '{' && close < text.len && close > at + 1;
}

static bool is_escape_whole(struct sp_slice text, size_t at, bool is_bytes)
{
    switch (text.ptr[at]) {
    case 'x':
        return has_digits(text, at + 1, 2);
    case 'u':
        return is_bytes || has_digits(text, at + 1, 4);
    case 'U':
        return is_bytes || has_digits(text, at + 1, 8);
    case 'N':
        return is_bytes || has_name(text, at + 1);
    default:
        return true;
    }
}

static bool are_escapes_whole(struct sp_slice text, bool is_bytes)
{
    size_t at = sp_slice_find(text, 0, '\\');
    while (at + 1 < text.len) {
        if (!is_escape_whole(text, at + 1, is_bytes)) {
            return false;
        }
        at = sp_slice_find(text, at + 2, '\\');
    }
    return true;
}

/* ---- literals ---- */

static void note_late(struct sp_syntax *sx, enum sp_python_fault fault)
{
    sx->late = fault;
    sx->special |= SPECIAL_LATE;
}

static void note_kind(struct sp_syntax *sx, const struct sp_syntax_level *l, enum string_kind kind)
{
    if (l->state == STATE_AFTER && l->string != (uint8_t)kind && sx->late == SP_PYTHON_FINE) {
        note_late(sx, SP_PYTHON_STRING_MIX);
    }
}

bool syntax_string(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    const struct sp_py_token *token = sx->token;
    bool is_bytes = (token->flags & SP_TOKEN_BYTES) != 0;
    enum string_kind kind = is_bytes ? STRING_BYTES : STRING_TEXT;
    if (l->state != STATE_AFTER || l->string != (uint8_t)kind) {
        note_kind(sx, l, kind);
        (void)syntax_operand(l, SHAPE_NONE);
        l->string = (uint8_t)kind;
    }
    if ((token->flags & (SP_TOKEN_ESCAPED | SP_TOKEN_RAW)) == SP_TOKEN_ESCAPED &&
        !are_escapes_whole(sp_slice_sub(sp_lexer_text(sx->lx, token), token->quote,
                                        token->end - token->start - token->quote -
                                            ((token->flags & SP_TOKEN_TRIPLE) != 0 ? 3U : 1U)),
                           is_bytes)) {
        note_late(sx, SP_PYTHON_ESCAPE);
    }
    return true;
}

/* ---- f-strings ---- */

/* Behind the expression of a field. */
enum field { FIELD_EXPRESSION, FIELD_DEBUG, FIELD_CONVERT, FIELD_CONVERTED, FIELD_SPEC };

bool syntax_fstart(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    uint8_t a = sx->lx->ptr[sx->token->start] | 0x20;
    uint8_t b = sx->token->quote > 1 ? sx->lx->ptr[sx->token->start + 1] | 0x20 : 0;
    enum string_kind kind = a == 't' || b == 't' ? STRING_TEMPLATE : STRING_TEXT;
    note_kind(sx, l, kind);
    if (!syntax_push(sx, LEVEL_FSTRING, 0)) {
        return false;
    }
    struct sp_syntax_level *inner = syntax_top(sx);
    inner->state = STATE_TEXT;
    inner->string = (uint8_t)kind;
    inner->count = (sx->token->flags & SP_TOKEN_RAW) != 0;
    return true;
}

static bool open_field(struct sp_syntax *sx)
{
    return syntax_push(sx, LEVEL_FIELD, PERMIT_STAR | PERMIT_YIELD | PERMIT_COMMA);
}

static bool close_fstring(struct sp_syntax *sx, const struct sp_syntax_level *l)
{
    uint8_t kind = l->string;
    syntax_pop(sx);
    (void)syntax_operand(syntax_top(sx), SHAPE_NONE);
    syntax_top(sx)->string = kind;
    return true;
}

static bool text_of_fstring(struct sp_syntax *sx, const struct sp_syntax_level *l, unsigned class)
{
    switch (class) {
    case CLASS_FMIDDLE:
        if (l->count == 0 && !are_escapes_whole(sp_lexer_text(sx->lx, sx->token), false)) {
            note_late(sx, SP_PYTHON_ESCAPE);
        }
        return true;
    case CLASS_LBRACE:
        return open_field(sx);
    case CLASS_FEND:
        return close_fstring(sx, l);
    default:
        return false;
    }
}

static bool mark(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    l->state = STATE_TEXT;
    switch (class) {
    case CLASS_EQUAL:
        l->phase = FIELD_DEBUG;
        return true;
    case CLASS_BANG:
        l->phase = FIELD_CONVERT;
        l->open = syntax_here(sx);
        return true;
    case CLASS_COLON:
        l->phase = FIELD_SPEC;
        return true;
    case CLASS_RBRACE:
        syntax_pop(sx);
        return true;
    default:
        return false;
    }
}

/* `!r`: directly behind the mark, one of three letters. */
static bool convert(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    bool is_letter = class == CLASS_NAME && (syntax_is_text(sx, "r") || syntax_is_text(sx, "s") ||
                                             syntax_is_text(sx, "a"));
    l->phase = FIELD_CONVERTED;
    if (!is_letter || sx->token->start != l->open + 1) {
        return syntax_fault(sx, SP_PYTHON_FSTRING_CONVERSION, syntax_here(sx));
    }
    return true;
}

bool syntax_text(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    if (l->kind == LEVEL_FSTRING) {
        return text_of_fstring(sx, l, class);
    }
    switch ((enum field)l->phase) {
    case FIELD_DEBUG:
        return class != CLASS_EQUAL && mark(sx, l, class);
    case FIELD_CONVERT:
        return convert(sx, l, class);
    case FIELD_CONVERTED:
        if (sx->lx->family == SP_PYTHON_311 && sx->token->start != l->open + 2) {
            return false;
        }
        return (class == CLASS_COLON || class == CLASS_RBRACE) && mark(sx, l, class);
    case FIELD_SPEC:
        if (class == CLASS_LBRACE) {
            return open_field(sx);
        }
        return class == CLASS_FMIDDLE || (class == CLASS_RBRACE && mark(sx, l, class));
    case FIELD_EXPRESSION:
        break;
    }
    return false;
}

/* What ends the expression of a field: = ! : or } */
bool syntax_field_mark(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    bool has_comma = (l->seen & SEEN_COMMA) != 0;
    bool is_trailing = l->state == STATE_FULL && has_comma;
    if (!is_trailing && !syntax_end_element(sx, l)) {
        return false;
    }
    if ((l->seen & SEEN_STAR) != 0 && !has_comma) {
        return syntax_fault(sx, SP_PYTHON_STAR_HERE, l->start);
    }
    return mark(sx, l, class);
}
