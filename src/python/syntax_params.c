#include "python/syntax_inner.h"

static bool read_expression(struct sp_syntax_level *l, enum param phase, unsigned permits)
{
    uint32_t name = l->start;
    (void)syntax_element(l);
    l->start = name;
    l->phase = (uint8_t)phase;
    l->permits = (uint16_t)permits;
    l->state = permits != 0 ? STATE_FULL : STATE_EXPR;
    return true;
}

static bool name(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    l->start = syntax_here(sx);
    l->params = (uint8_t)((l->params & ~PARAMS_BARE) | PARAMS_SOME);
    return class == CLASS_NAME && syntax_go(l, PARAM_NAME);
}

/* Behind the last parameter: `)` of def, `:` of lambda, `]` of type parameters. */
static bool close(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    uint8_t kind = l->kind;
    bool is_lambda_in_field = (l->context & CONTEXT_FIELD) != 0;
    if ((l->params & PARAMS_BARE) != 0) {
        return syntax_fault(sx, SP_PYTHON_BARE_STAR, l->bad);
    }
    syntax_pop(sx);
    struct sp_syntax_level *outer = syntax_top(sx);
    if (kind == LEVEL_LAMBDA) {
        outer->bits |= BIT_LAMBDA | BIT_OPS;
        outer->state = STATE_EXPR;
        return !is_lambda_in_field;
    }
    if (kind == LEVEL_PARAMS) {
        return syntax_want(sx, WANT_DEF_MORE);
    }
    return syntax_want(sx, outer->phase == WANT_DEF_OPEN     ? WANT_DEF_PAREN
                           : outer->phase == WANT_CLASS_OPEN ? WANT_CLASS_PAREN
                                                             : WANT_TYPE_EQUAL);
}

static bool is_close(const struct sp_syntax_level *l, unsigned class)
{
    return class == (l->kind == LEVEL_LAMBDA   ? CLASS_COLON
                     : l->kind == LEVEL_PARAMS ? CLASS_RPAR
                                               : CLASS_RSQB);
}

/* A comma, or the end of all, behind a parameter. */
static bool finish(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    const unsigned after_star = PARAMS_STAR | PARAMS_POWER;
    bool has_default = (l->count & PARAM_HAS_DEFAULT) != 0;
    bool is_plain = (l->count & (PARAM_IS_STAR | PARAM_IS_POWER)) == 0;
    if (is_plain && !has_default && (l->params & after_star) == 0 &&
        (l->params & PARAMS_DEFAULT) != 0) {
        return syntax_fault(sx, SP_PYTHON_DEFAULT_ORDER, l->start);
    }
    l->params |= has_default ? PARAMS_DEFAULT : 0;
    if (is_close(l, class)) {
        return close(sx, l);
    }
    return class == CLASS_COMMA && syntax_go(l, PARAM_START);
}

static bool star(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    bool is_type = l->kind == LEVEL_TYPES;
    if (!is_type && (l->params & (PARAMS_STAR | PARAMS_POWER)) != 0) {
        return false;
    }
    l->bad = syntax_here(sx);
    l->params |= is_type ? 0 : PARAMS_STAR;
    l->count = PARAM_IS_STAR;
    return syntax_go(l, PARAM_STAR);
}

static bool power(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if ((l->params & PARAMS_BARE) != 0) {
        return syntax_fault(sx, SP_PYTHON_BARE_STAR, l->bad);
    }
    l->params |= l->kind == LEVEL_TYPES ? 0 : PARAMS_POWER;
    l->count = PARAM_IS_POWER;
    return syntax_go(l, PARAM_POWER);
}

static bool start(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    const unsigned before_slash = PARAMS_SLASH | PARAMS_STAR;
    bool is_empty_types = l->kind == LEVEL_TYPES && (l->params & PARAMS_SOME) == 0;
    if (is_close(l, class)) {
        return !is_empty_types && close(sx, l);
    }
    if ((l->params & PARAMS_POWER) != 0) {
        return false; /* nothing can follow **name */
    }
    l->count = 0;
    switch (class) {
    case CLASS_NAME:
        return name(sx, l, class);
    case CLASS_STAR:
        return star(sx, l);
    case CLASS_POWER:
        return power(sx, l);
    case CLASS_BINARY:
        if (l->kind == LEVEL_TYPES || (l->params & before_slash) != 0 ||
            (l->params & PARAMS_SOME) == 0 || !syntax_is_text(sx, "/")) {
            return false;
        }
        l->params |= PARAMS_SLASH;
        return syntax_go(l, PARAM_SLASH);
    default:
        return false;
    }
}

static bool after_name(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    bool is_star = (l->count & PARAM_IS_STAR) != 0;
    bool is_plain = l->count == 0;
    if (class == CLASS_EQUAL && (is_plain || l->kind == LEVEL_TYPES)) {
        l->count |= PARAM_HAS_DEFAULT;
        return read_expression(l, PARAM_DEFAULT,
                               l->kind == LEVEL_TYPES && is_star ? PERMIT_STAR : 0);
    }
    if (class == CLASS_COLON && l->kind == LEVEL_PARAMS) {
        return read_expression(l, PARAM_ANNOTATION, is_star ? PERMIT_STAR : 0);
    }
    if (class == CLASS_COLON && l->kind == LEVEL_TYPES && is_plain) {
        return read_expression(l, PARAM_ANNOTATION, 0);
    }
    return finish(sx, l, class);
}

bool syntax_param(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    switch ((enum param)l->phase) {
    case PARAM_START:
        return start(sx, l, class);
    case PARAM_NAME:
        return after_name(sx, l, class);
    case PARAM_STAR:
        if (class == CLASS_COMMA && l->kind != LEVEL_TYPES) {
            l->params |= PARAMS_BARE;
            return syntax_go(l, PARAM_START);
        }
        if (is_close(l, class) && l->kind != LEVEL_TYPES) {
            return syntax_fault(sx, SP_PYTHON_BARE_STAR, l->bad);
        }
        return name(sx, l, class);
    case PARAM_POWER:
        return name(sx, l, class);
    case PARAM_SLASH:
        return class == CLASS_COMMA ? syntax_go(l, PARAM_START)
                                    : is_close(l, class) && close(sx, l);
    case PARAM_ANNOTATION:
    case PARAM_DEFAULT:
        break;
    }
    return false;
}

/* Behind the expression of an annotation or of a default. */
bool syntax_param_end(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    if (l->state != STATE_AFTER) {
        return false;
    }
    if ((l->bits & BIT_COND) != 0) {
        return syntax_fault(sx, SP_PYTHON_ELSE_MISSING, l->start);
    }
    if (class == CLASS_EQUAL) {
        l->state = STATE_PARAM;
        return l->phase == PARAM_ANNOTATION && after_name(sx, l, class);
    }
    return finish(sx, l, class);
}
