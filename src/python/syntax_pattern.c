#include "python/syntax_inner.h"

/* What may come next in a pattern; kept in `count`. */
enum step {
    STEP_START,
    STEP_SIGN,    /* behind a minus */
    STEP_NUMBER,  /* behind a real number: an imaginary one may be added */
    STEP_ADDED,   /* behind that + or - */
    STEP_NAME,    /* behind a bare name */
    STEP_DOT,     /* behind the dot of a dotted name */
    STEP_DOTTED,  /* behind a dotted name */
    STEP_VALUE,   /* behind anything else that is whole */
    STEP_STRING,  /* behind a string: more may follow it */
    STEP_AS,      /* behind `as` */
    STEP_ALIASED, /* behind `as name` */
    STEP_STAR,    /* behind * */
    STEP_STARRED, /* behind *name */
    STEP_POWER,   /* behind ** */
    STEP_REST,    /* behind **name */
    STEP_CLOSED,  /* behind what only a comma can follow */
};

/* Of the element, in `bits`. */
#define PATTERN_OR    BIT_OPS   /* an alternative came before */
#define PATTERN_ANY   BIT_COND  /* it takes every value */
#define PATTERN_KEY   BIT_KEY   /* name=pattern of a class */
#define PATTERN_VALUE BIT_SLICE /* behind the colon of a mapping */

static bool step(struct sp_syntax_level *l, enum step next)
{
    l->count = (uint16_t)next;
    return true;
}

static bool whole(struct sp_syntax_level *l, enum step next)
{
    l->bits &= (uint16_t)~PATTERN_ANY;
    return step(l, next);
}

static bool open(struct sp_syntax *sx, enum level_kind kind)
{
    if (!syntax_push(sx, kind, 0)) {
        return false;
    }
    syntax_top(sx)->state = STATE_PATTERN;
    syntax_top(sx)->count = STEP_START;
    return true;
}

bool syntax_pattern_start(struct sp_syntax *sx)
{
    struct sp_syntax_level *l = syntax_top(sx);
    (void)syntax_element(l);
    l->seen = 0;
    l->phase = SLOT_CASE;
    l->state = STATE_PATTERN;
    return step(l, STEP_START);
}

static bool is_imaginary(const struct sp_syntax *sx)
{
    return (sx->lx->ptr[sx->token->end - 1] | 0x20) == 'j';
}

static bool is_sequence(const struct sp_syntax_level *l)
{
    return l->kind == LEVEL_STATEMENT || l->kind == LEVEL_PATTERN_GROUP ||
           l->kind == LEVEL_PATTERN_LIST;
}

static bool is_key(const struct sp_syntax_level *l)
{
    return l->kind == LEVEL_PATTERN_MAP && (l->bits & PATTERN_VALUE) == 0;
}

static bool start_bracket(struct sp_syntax *sx, const struct sp_syntax_level *l, unsigned class)
{
    if (is_key(l)) {
        return false;
    }
    return open(sx, class == CLASS_LPAR   ? LEVEL_PATTERN_GROUP
                    : class == CLASS_LSQB ? LEVEL_PATTERN_LIST
                                          : LEVEL_PATTERN_MAP);
}

static bool start_star(struct sp_syntax_level *l)
{
    if (!is_sequence(l) || (l->bits & PATTERN_OR) != 0 || (l->seen & SEEN_STAR) != 0) {
        return false;
    }
    l->seen |= SEEN_STAR;
    return step(l, STEP_STAR);
}

/* Where a pattern is missing: behind a trailing comma, or between brackets. */
static bool close_pattern(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);
static bool end_case(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class);

static bool start_nothing(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    const unsigned half = PATTERN_OR | PATTERN_KEY | PATTERN_VALUE;
    if ((l->bits & half) != 0) {
        return false;
    }
    switch (class) {
    case CLASS_RPAR:
    case CLASS_RSQB:
    case CLASS_RBRACE:
        return close_pattern(sx, l, class);
    case CLASS_COLON:
    case SP_WORD_IF:
        return (l->seen & SEEN_COMMA) != 0 && end_case(sx, l, class);
    default:
        return false;
    }
}

static bool start_pattern(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    if ((l->bits & (PATTERN_OR | PATTERN_KEY | PATTERN_VALUE)) == 0) {
        l->start = syntax_here(sx);
    }
    if (l->kind == LEVEL_PATTERN_MAP && (l->seen & SEEN_POWER) != 0) {
        return start_nothing(sx, l, class);
    }
    switch (class) {
    case CLASS_NUMBER:
        return whole(l, is_imaginary(sx) ? STEP_VALUE : STEP_NUMBER);
    case CLASS_SIGN:
        return syntax_is_text(sx, "-") && step(l, STEP_SIGN);
    case CLASS_STRING:
        (void)syntax_string(sx, l);
        l->state = STATE_PATTERN;
        return whole(l, STEP_STRING);
    case SP_WORD_NONE:
    case SP_WORD_TRUE:
    case SP_WORD_FALSE:
        return whole(l, STEP_VALUE);
    case CLASS_NAME:
        l->bits |= PATTERN_ANY;
        l->string = syntax_is_text(sx, "_");
        return step(l, STEP_NAME);
    case CLASS_LPAR:
    case CLASS_LSQB:
    case CLASS_LBRACE:
        return start_bracket(sx, l, class);
    case CLASS_STAR:
        return start_star(l);
    case CLASS_POWER:
        return is_key(l) && (l->seen & SEEN_POWER) == 0 && step(l, STEP_POWER);
    default:
        return start_nothing(sx, l, class);
    }
}

/* ---- behind a pattern ---- */

/* Whether every value matches the case: nothing can come after it. */
static void note_end(struct sp_syntax *sx, const struct sp_syntax_level *l, bool has_guard)
{
    bool is_any = (l->bits & PATTERN_ANY) != 0 && (l->seen & SEEN_COMMA) == 0;
    struct sp_syntax_block *match = syntax_block(sx);
    if (is_any && !has_guard) {
        match->has_value = true;
        match->value = l->start;
    }
}

static bool end_case(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    if (l->kind != LEVEL_STATEMENT || ((l->seen & SEEN_STAR) != 0 && (l->seen & SEEN_COMMA) == 0)) {
        return false;
    }
    note_end(sx, l, class == SP_WORD_IF);
    if (class == SP_WORD_IF) {
        return syntax_slot(sx, SLOT_GUARD);
    }
    return syntax_body(sx);
}

static bool close_pattern(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    static const uint8_t closers[] = {[LEVEL_PATTERN_GROUP] = CLASS_RPAR,
                                      [LEVEL_PATTERN_LIST] = CLASS_RSQB,
                                      [LEVEL_PATTERN_MAP] = CLASS_RBRACE,
                                      [LEVEL_PATTERN_CLASS] = CLASS_RPAR};
    if (l->kind < LEVEL_PATTERN_GROUP || closers[l->kind] != class) {
        return false;
    }
    bool is_lone = l->kind == LEVEL_PATTERN_GROUP && (l->seen & SEEN_COMMA) == 0;
    if (is_lone && (l->seen & SEEN_STAR) != 0) {
        return false;
    }
    bool is_any = is_lone && l->count != STEP_START && (l->bits & PATTERN_ANY) != 0;
    syntax_pop(sx);
    struct sp_syntax_level *outer = syntax_top(sx);
    outer->bits =
        (uint16_t)(is_any ? outer->bits | PATTERN_ANY : outer->bits & ~(unsigned)PATTERN_ANY);
    return step(outer, STEP_VALUE);
}

static bool after_comma(struct sp_syntax_level *l)
{
    bool lacks_value = is_key(l) && l->count != STEP_REST;
    bool lacks_key =
        l->kind == LEVEL_PATTERN_CLASS && (l->bits & PATTERN_KEY) == 0 && (l->seen & SEEN_KEY) != 0;
    if (lacks_value || lacks_key) {
        return false;
    }
    l->seen |= SEEN_COMMA | ((l->bits & PATTERN_KEY) != 0 ? SEEN_KEY : 0) |
               (l->count == STEP_REST ? SEEN_POWER : 0);
    l->bits = 0;
    return step(l, STEP_START);
}

static bool after_bar(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (!syntax_is_text(sx, "|") || is_key(l)) {
        return false;
    }
    if ((l->bits & PATTERN_ANY) != 0) {
        syntax_defer(sx, SP_PYTHON_UNREACHABLE, l->start);
    }
    l->bits |= PATTERN_OR;
    return step(l, STEP_START);
}

static bool after_close(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    bool lacks_value = is_key(l) && l->count != STEP_REST;
    bool lacks_key =
        l->kind == LEVEL_PATTERN_CLASS && (l->bits & PATTERN_KEY) == 0 && (l->seen & SEEN_KEY) != 0;
    return !lacks_value && !lacks_key && close_pattern(sx, l, class);
}

static bool after_pattern(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    switch (class) {
    case CLASS_COMMA:
        return after_comma(l);
    case CLASS_RPAR:
    case CLASS_RSQB:
    case CLASS_RBRACE:
        return after_close(sx, l, class);
    case CLASS_COLON:
        if (is_key(l) && l->count != STEP_REST && l->count != STEP_NAME) {
            l->bits = PATTERN_VALUE;
            return step(l, STEP_START);
        }
        return end_case(sx, l, class);
    case SP_WORD_IF:
        return end_case(sx, l, class);
    default:
        return false;
    }
}

static bool after_whole(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    if (class == SP_WORD_AS) {
        return !is_key(l) && step(l, STEP_AS);
    }
    return class == CLASS_BINARY ? after_bar(sx, l) : after_pattern(sx, l, class);
}

/* A number that stands behind a sign, or is added. */
static bool number(const struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    bool is_added = l->count == STEP_ADDED;
    if (class != CLASS_NUMBER || (is_added && !is_imaginary(sx))) {
        return false;
    }
    return whole(l, is_added || is_imaginary(sx) ? STEP_VALUE : STEP_NUMBER);
}

static bool after_dotted(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    bool is_name = l->count == STEP_NAME;
    switch (class) {
    case CLASS_DOT:
        return whole(l, STEP_DOT);
    case CLASS_LPAR:
        return !is_key(l) && open(sx, LEVEL_PATTERN_CLASS);
    case CLASS_EQUAL:
        if (!is_name || l->kind != LEVEL_PATTERN_CLASS || l->bits != PATTERN_ANY) {
            return false;
        }
        l->bits = PATTERN_KEY;
        return step(l, STEP_START);
    default:
        return after_whole(sx, l, class);
    }
}

static bool want_name(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class,
                      enum step next)
{
    bool may_be_any = next == STEP_STARRED || next == STEP_DOTTED;
    return class == CLASS_NAME && (may_be_any || !syntax_is_text(sx, "_")) && step(l, next);
}

bool syntax_pattern(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    switch ((enum step)l->count) {
    case STEP_START:
        return start_pattern(sx, l, class);
    case STEP_SIGN:
    case STEP_ADDED:
        return number(sx, l, class);
    case STEP_NUMBER:
        return class == CLASS_SIGN ? step(l, STEP_ADDED) : after_whole(sx, l, class);
    case STEP_NAME:
    case STEP_DOTTED:
        return after_dotted(sx, l, class);
    case STEP_DOT:
        return want_name(sx, l, class, STEP_DOTTED);
    case STEP_STRING:
        if (class == CLASS_STRING) {
            l->state = STATE_AFTER;
            (void)syntax_string(sx, l);
            l->state = STATE_PATTERN;
            return true;
        }
        return after_whole(sx, l, class);
    case STEP_VALUE:
        return after_whole(sx, l, class);
    case STEP_AS:
        return want_name(sx, l, class, STEP_ALIASED);
    case STEP_STAR:
        return want_name(sx, l, class, STEP_STARRED);
    case STEP_POWER:
        return want_name(sx, l, class, STEP_REST);
    case STEP_ALIASED:
    case STEP_STARRED:
    case STEP_REST:
    case STEP_CLOSED:
        return after_pattern(sx, l, class);
    }
    return false;
}
