#include "base/text.h"
#include "python/syntax_inner.h"

/* ---- where an operand is wanted ---- */

static bool want_sign(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)sx;
    (void)class;
    if (l->state == STATE_PRIMARY) {
        return false;
    }
    l->bits |= BIT_OPS;
    l->state = STATE_ARITH;
    return true;
}

static bool want_not(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)sx;
    (void)class;
    if (l->state == STATE_IS) {
        l->state = STATE_ARITH;
        return true;
    }
    if (l->state == STATE_ARITH || l->state == STATE_PRIMARY) {
        return false;
    }
    l->bits |= BIT_OPS;
    l->state = STATE_DISJ;
    return true;
}

static bool want_lambda(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)class;
    if (l->state != STATE_FULL && l->state != STATE_EXPR && l->state != STATE_YIELD) {
        return false;
    }
    l->bits |= BIT_OPS;
    if (!syntax_push(sx, LEVEL_LAMBDA, 0)) {
        return false;
    }
    syntax_top(sx)->state = STATE_PARAM;
    return true;
}

static bool want_await(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)class;
    if (l->state == STATE_PRIMARY) {
        return false;
    }
    l->bits |= BIT_OPS;
    l->state = STATE_PRIMARY;
    syntax_await(sx);
    return true;
}

static bool want_yield(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)class;
    if (l->state != STATE_FULL || (l->permits & PERMIT_YIELD) == 0 || (l->seen & SEEN_COMMA) != 0) {
        return false;
    }
    l->bits |= BIT_YIELD;
    l->seen |= SEEN_YIELD | SEEN_YIELDS | SEEN_BAD;
    l->bad = syntax_here(sx);
    l->permits &= (uint16_t) ~(PERMIT_YIELD | PERMIT_COMP | PERMIT_WALRUS);
    l->state = STATE_YIELD;
    syntax_yield(sx);
    return true;
}

static bool want_star(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)sx;
    (void)class;
    bool is_start = l->state == STATE_FULL && (l->bits & BIT_SLICE) == 0;
    if ((!is_start && l->state != STATE_YIELD) || (l->permits & PERMIT_STAR) == 0) {
        return false;
    }
    bool is_wide = (l->permits & PERMIT_WIDE) != 0;
    l->bits |= BIT_STAR | (is_wide ? 0 : BIT_NARROW);
    l->state = is_wide ? STATE_EXPR : STATE_ARITH;
    return true;
}

static bool want_power(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)sx;
    (void)class;
    if (l->state != STATE_FULL || (l->permits & PERMIT_POWER) == 0) {
        return false;
    }
    bool is_wide = (l->permits & PERMIT_WIDE) != 0;
    l->bits |= BIT_POWER | BIT_OPS | (is_wide ? 0 : BIT_NARROW);
    l->state = is_wide ? STATE_EXPR : STATE_ARITH;
    return true;
}

/* Behind `yield`: from, a value, or nothing. */
static bool want_behind_yield(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    switch (class) {
    case SP_WORD_FROM:
        l->permits &= (uint16_t) ~(PERMIT_COMMA | PERMIT_STAR);
        l->state = STATE_EXPR;
        if ((syntax_block(sx)->context & CONTEXT_ASYNC) != 0 &&
            (syntax_context(sx) & CONTEXT_LAMBDA) == 0) {
            syntax_defer(sx, SP_PYTHON_YIELD_FROM, sx->yield);
        }
        return true;
    case CLASS_NEWLINE:
    case CLASS_SEMI:
    case CLASS_RPAR:
    case CLASS_RBRACE:
    case CLASS_EQUAL:
    case CLASS_BANG:
    case CLASS_COLON:
        (void)syntax_operand(l, SHAPE_NONE);
        return syntax_after_operand(sx, l, class);
    default:
        return false;
    }
}

/* An element that is not there: behind a trailing comma, in empty brackets, in a slice. */
static bool want_nothing(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    if (l->state == STATE_YIELD) {
        return want_behind_yield(sx, l, class);
    }
    if (l->state != STATE_FULL) {
        return false;
    }
    switch (class) {
    case CLASS_RPAR:
    case CLASS_RSQB:
    case CLASS_RBRACE:
        return syntax_close(sx, l, class);
    case CLASS_COMMA:
        return l->kind == LEVEL_INDEX && (l->bits & BIT_SLICE) != 0 && syntax_comma(sx, l, class);
    case CLASS_COLON:
        return (l->kind == LEVEL_INDEX || l->kind == LEVEL_STATEMENT || l->kind == LEVEL_FIELD) &&
               syntax_colon(sx, l, class);
    case CLASS_EQUAL:
        return (l->seen & SEEN_COMMA) != 0 && syntax_equal(sx, l, class);
    case CLASS_BANG:
        return (l->seen & SEEN_COMMA) != 0 && syntax_field_mark(sx, l, class);
    case SP_WORD_IN:
        return (l->seen & SEEN_COMMA) != 0 && (l->seen & SEEN_FOR) != 0 &&
               syntax_after_operand(sx, l, class);
    case CLASS_NEWLINE:
    case CLASS_SEMI:
    case CLASS_MAGIC:
        return l->kind == LEVEL_STATEMENT && syntax_slot_end(sx, l, class);
    case SP_WORD_FROM:
        return false;
    default:
        return false;
    }
}

static bool want_name(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)sx;
    return syntax_operand(l, class == CLASS_NAME ? SHAPE_NAME : SHAPE_NONE);
}

static bool want_literal(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    return class == CLASS_STRING ? syntax_string(sx, l) : syntax_fstart(sx, l);
}

/* What each class is where an operand is wanted; all others are a missing one. */
static syntax_step *const wants[CLASS_COUNT] = {
    [CLASS_NAME] = want_name,      [CLASS_NUMBER] = want_name,    [CLASS_ELLIPSIS] = want_name,
    [SP_WORD_NONE] = want_name,    [SP_WORD_TRUE] = want_name,    [SP_WORD_FALSE] = want_name,
    [CLASS_STRING] = want_literal, [CLASS_FSTART] = want_literal, [CLASS_LPAR] = syntax_open,
    [CLASS_LSQB] = syntax_open,    [CLASS_LBRACE] = syntax_open,  [CLASS_SIGN] = want_sign,
    [CLASS_TILDE] = want_sign,     [SP_WORD_NOT] = want_not,      [SP_WORD_LAMBDA] = want_lambda,
    [SP_WORD_AWAIT] = want_await,  [SP_WORD_YIELD] = want_yield,  [CLASS_STAR] = want_star,
    [CLASS_POWER] = want_power,
};

bool syntax_want_operand(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    syntax_note_start(sx, l);
    syntax_step *step = wants[class];
    return step != NULL ? step(sx, l, class) : want_nothing(sx, l, class);
}

/* ---- behind an operand ---- */

static bool after_operator(struct sp_syntax_level *l, enum state next, bool is_loose)
{
    if (is_loose && (l->bits & BIT_NARROW) != 0) {
        return false;
    }
    l->bits |= BIT_OPS;
    l->state = (uint8_t)next;
    return true;
}

/* The `in` behind the targets of a for. */
static bool after_targets(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (!syntax_check_target(sx, l, false)) {
        return false;
    }
    l->seen &= (uint16_t) ~(SEEN_FOR | SEEN_COMMA | SEEN_BAD | SEEN_STAR | SEEN_STARS | SEEN_NODEL);
    (void)syntax_element(l);
    if (l->kind == LEVEL_STATEMENT) {
        return syntax_slot(sx, SLOT_ITERABLE);
    }
    l->permits = 0;
    l->state = STATE_DISJ;
    return true;
}

static bool after_in(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)class;
    return (l->seen & SEEN_FOR) != 0 ? after_targets(sx, l) : after_operator(l, STATE_ARITH, true);
}

static bool after_if(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)class;
    if ((l->seen & SEEN_COMP) != 0) {
        if ((l->seen & SEEN_FOR) != 0) {
            return false;
        }
        l->seen &= (uint16_t)~SEEN_FIRST;
        l->bits = 0;
        l->state = STATE_DISJ;
        return true;
    }
    if (l->kind == LEVEL_STATEMENT && l->phase == SLOT_CASE) {
        return syntax_slot_end(sx, l, SP_WORD_IF);
    }
    if ((l->bits & (BIT_NARROW | BIT_COND)) != 0) {
        return false;
    }
    l->bits |= BIT_COND | BIT_OPS;
    l->state = STATE_DISJ;
    return true;
}

static bool after_else(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)sx;
    (void)class;
    if ((l->bits & BIT_COND) == 0) {
        return false;
    }
    l->bits &= (uint16_t)~BIT_COND;
    l->state = STATE_EXPR;
    return true;
}

/* Whether a comprehension may begin behind the first element. */
static bool may_comprehend(const struct sp_syntax_level *l)
{
    const unsigned never = BIT_STAR | BIT_POWER | BIT_KEY | BIT_COND;
    if ((l->seen & SEEN_COMP) != 0) {
        return (l->seen & SEEN_FOR) == 0;
    }
    return (l->permits & PERMIT_COMP) != 0 && (l->seen & SEEN_COMMA) == 0 && (l->bits & never) == 0;
}

static bool after_for(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)class;
    if (!may_comprehend(l)) {
        return false;
    }
    if ((l->seen & SEEN_COMP) == 0 && (l->seen & SEEN_YIELDS) != 0) {
        syntax_defer(sx, SP_PYTHON_YIELD_INSIDE, sx->yield);
    }
    bool is_first = (l->seen & SEEN_COMP) == 0;
    l->seen &= (uint16_t) ~(SEEN_FIRST | SEEN_BAD | SEEN_STAR | SEEN_STARS | SEEN_NODEL);
    l->seen |= SEEN_COMP | SEEN_FOR | (is_first ? SEEN_FIRST : 0);
    l->permits = PERMIT_STAR | PERMIT_COMMA;
    return syntax_element(l);
}

/* `async` behind an operand: a comprehension that waits, in an async function or in a generator expression. */
static bool after_async(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)class;
    bool is_generator = l->kind == LEVEL_GROUP || l->kind == LEVEL_CALL || l->kind == LEVEL_WITH;
    if (!may_comprehend(l)) {
        return false;
    }
    if (!is_generator) {
        syntax_await(sx);
    }
    l->state = STATE_FOR;
    return true;
}

static bool after_walrus(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)sx;
    (void)class;
    bool may = (l->permits & PERMIT_WALRUS) != 0 && (l->bits & BIT_SLICE) == 0;
    if (!may || !syntax_is_name(l)) {
        return false;
    }
    l->bits |= BIT_WALRUS | BIT_OPS;
    l->state = STATE_EXPR;
    return true;
}

/* Words that CPython does not take for the end of an element in its guess about commas. */
static bool is_soft_at(const struct sp_lexer *lx, uint32_t at)
{
    static const char *const words[] = {"match", "case", "_", "print", "exec"};
    uint32_t end = at;
    while (end < lx->len && (lx->ptr[end] == '_' || sp_text_is_alnum(lx->ptr[end]))) {
        end++;
    }
    for (size_t i = 0; i < SP_COUNT(words); i++) {
        if (sp_slice_is(sp_slice_make(lx->ptr + at, end - at), words[i])) {
            return true;
        }
    }
    return false;
}

/* Two operands side by side within brackets. Always false: the fault says more. */
static bool lacks_comma(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    bool is_bracket = l->kind >= LEVEL_GROUP && l->kind <= LEVEL_INDEX;
    bool is_clause = (l->seen & SEEN_COMP) != 0;
    if (is_bracket && !is_clause && class != CLASS_END && !is_soft_at(sx->lx, l->expression)) {
        return syntax_fault(sx, SP_PYTHON_COMMA, l->expression);
    }
    return false;
}

static bool after_string(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    if (l->string == STRING_NONE) {
        return l->shape != SHAPE_NAME && lacks_comma(sx, l, class);
    }
    return class == CLASS_STRING ? syntax_string(sx, l) : syntax_fstart(sx, l);
}

static bool after_dot(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)sx;
    (void)class;
    l->state = STATE_DOT;
    return true;
}

static bool after_tight(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)sx;
    (void)class;
    return after_operator(l, STATE_ARITH, false);
}

static bool after_loose(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    (void)sx;
    return after_operator(l,
                          class == CLASS_COMPARE ? STATE_ARITH
                          : class == SP_WORD_IS  ? STATE_IS
                          : class == SP_WORD_NOT ? STATE_NOT_IN
                                                 : STATE_DISJ,
                          true);
}

static bool after_bang(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    return l->kind == LEVEL_FIELD && syntax_field_mark(sx, l, class);
}

/* What each class is behind an operand; all others end an expression of a statement, or do not fit. */
static syntax_step *const afters[CLASS_COUNT] = {
    [CLASS_DOT] = after_dot,       [CLASS_LPAR] = syntax_open,    [CLASS_LSQB] = syntax_open,
    [CLASS_SIGN] = after_tight,    [CLASS_STAR] = after_tight,    [CLASS_POWER] = after_tight,
    [CLASS_BINARY] = after_tight,  [CLASS_AT] = after_tight,      [CLASS_COMPARE] = after_loose,
    [SP_WORD_AND] = after_loose,   [SP_WORD_OR] = after_loose,    [SP_WORD_IS] = after_loose,
    [SP_WORD_NOT] = after_loose,   [SP_WORD_IN] = after_in,       [SP_WORD_IF] = after_if,
    [SP_WORD_ELSE] = after_else,   [SP_WORD_FOR] = after_for,     [SP_WORD_ASYNC] = after_async,
    [CLASS_COMMA] = syntax_comma,  [CLASS_COLON] = syntax_colon,  [CLASS_EQUAL] = syntax_equal,
    [CLASS_RPAR] = syntax_close,   [CLASS_RSQB] = syntax_close,   [CLASS_RBRACE] = syntax_close,
    [CLASS_WALRUS] = after_walrus, [CLASS_STRING] = after_string, [CLASS_FSTART] = after_string,
    [CLASS_NAME] = lacks_comma,    [CLASS_NUMBER] = lacks_comma,  [SP_WORD_NONE] = lacks_comma,
    [SP_WORD_TRUE] = lacks_comma,  [SP_WORD_FALSE] = lacks_comma, [CLASS_BANG] = after_bang,
};

bool syntax_after_operand(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    syntax_step *step = afters[class];
    if (step != NULL) {
        return step(sx, l, class);
    }
    return (l->kind == LEVEL_STATEMENT || l->kind == LEVEL_WITH) && syntax_slot_end(sx, l, class);
}
