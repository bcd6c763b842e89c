#include "python/syntax_inner.h"

static bool begin(struct sp_syntax *sx, enum header header, unsigned context, unsigned phase)
{
    sx->header = (uint8_t)header;
    sx->pending = (uint8_t)context;
    return syntax_want(sx, phase);
}

static bool begin_slot(struct sp_syntax *sx, enum header header, unsigned context, enum slot slot)
{
    sx->header = (uint8_t)header;
    sx->pending = (uint8_t)context;
    return syntax_slot(sx, slot);
}

/* ---- clauses that follow a block ---- */

static bool start_else(struct sp_syntax *sx, unsigned follow, unsigned context)
{
    switch ((enum follow)follow) {
    case FOLLOW_IF:
        return begin(sx, HEADER_ELSE, context, WANT_COLON);
    case FOLLOW_LOOP:
        return begin(sx, HEADER_LOOP_ELSE, context, WANT_COLON);
    case FOLLOW_EXCEPT:
    case FOLLOW_EXCEPT_BARE:
    case FOLLOW_EXCEPT_STAR:
        return begin(sx, HEADER_TRY_ELSE, context, WANT_COLON);
    case FOLLOW_NONE:
    case FOLLOW_TRY:
    case FOLLOW_FINALLY:
    case FOLLOW_DECORATED:
        break;
    }
    return false;
}

static bool start_clause(struct sp_syntax *sx, unsigned class, unsigned follow, unsigned context)
{
    switch (class) {
    case SP_WORD_ELIF:
        return follow == FOLLOW_IF && begin_slot(sx, HEADER_IF, context, SLOT_CONDITION);
    case SP_WORD_ELSE:
        return start_else(sx, follow, context);
    case SP_WORD_EXCEPT:
        if (follow == FOLLOW_EXCEPT_BARE) {
            syntax_defer(sx, SP_PYTHON_EXCEPT_LAST, syntax_here(sx));
        }
        sx->header = (uint8_t)follow;
        return follow >= FOLLOW_TRY && follow <= FOLLOW_EXCEPT_STAR && syntax_want(sx, WANT_EXCEPT);
    default:
        return follow >= FOLLOW_TRY && follow <= FOLLOW_FINALLY &&
               begin(sx, HEADER_FINALLY, context, WANT_COLON);
    }
}

/* `except` was taken; sx->header still holds what it follows. */
static bool take_except(struct sp_syntax *sx, unsigned class)
{
    unsigned follow = sx->header;
    unsigned context = syntax_block(sx)->context;
    if (class == CLASS_COLON) {
        if (follow == FOLLOW_EXCEPT_STAR) {
            return false;
        }
        sx->header = HEADER_EXCEPT_BARE;
        sx->pending = (uint8_t)context;
        return syntax_body(sx);
    }
    if (class == CLASS_STAR) {
        return follow != FOLLOW_EXCEPT &&
               begin_slot(sx, HEADER_EXCEPT_STAR, (context & ~CONTEXT_LOOP) | CONTEXT_GROUP,
                          SLOT_EXCEPT);
    }
    return follow != FOLLOW_EXCEPT_STAR && begin_slot(sx, HEADER_EXCEPT, context, SLOT_EXCEPT) &&
           syntax_want_operand(sx, syntax_top(sx), class);
}

/* ---- compound statements ---- */

static bool start_async(struct sp_syntax *sx, unsigned class)
{
    unsigned context = syntax_block(sx)->context;
    switch (class) {
    case SP_WORD_DEF:
        return begin(sx, HEADER_DEF, CONTEXT_FUNCTION | CONTEXT_ASYNC, WANT_DEF);
    case SP_WORD_FOR:
        syntax_await(sx);
        return syntax_block(sx)->follow != FOLLOW_DECORATED &&
               begin_slot(sx, HEADER_LOOP, context | CONTEXT_LOOP, SLOT_FOR);
    case SP_WORD_WITH:
        syntax_await(sx);
        return syntax_block(sx)->follow != FOLLOW_DECORATED &&
               begin_slot(sx, HEADER_WITH, context, SLOT_WITH);
    default:
        return false;
    }
}

static bool start_compound(struct sp_syntax *sx, unsigned class, unsigned context)
{
    switch (class) {
    case SP_WORD_IF:
        return begin_slot(sx, HEADER_IF, context, SLOT_CONDITION);
    case SP_WORD_WHILE:
        return begin_slot(sx, HEADER_LOOP, context | CONTEXT_LOOP, SLOT_CONDITION);
    case SP_WORD_FOR:
        return begin_slot(sx, HEADER_LOOP, context | CONTEXT_LOOP, SLOT_FOR);
    case SP_WORD_TRY:
        return begin(sx, HEADER_TRY, context, WANT_COLON);
    case SP_WORD_WITH:
        return begin_slot(sx, HEADER_WITH, context, SLOT_WITH);
    case SP_WORD_DEF:
        return begin(sx, HEADER_DEF, CONTEXT_FUNCTION, WANT_DEF);
    case SP_WORD_CLASS:
        return begin(sx, HEADER_CLASS, CONTEXT_CLASS, WANT_CLASS);
    case SP_WORD_ASYNC:
        return syntax_want(sx, WANT_ASYNC);
    default: /* @ */
        return syntax_slot(sx, SLOT_DECORATOR);
    }
}

/* ---- simple statements ---- */

static bool start_jump(struct sp_syntax *sx, unsigned class, unsigned context)
{
    if ((context & CONTEXT_LOOP) == 0) {
        syntax_defer(sx, class == SP_WORD_BREAK ? SP_PYTHON_BREAK : SP_PYTHON_CONTINUE,
                     syntax_here(sx));
    }
    return syntax_want(sx, WANT_END);
}

static bool start_return(struct sp_syntax *sx, unsigned context)
{
    if ((context & CONTEXT_FUNCTION) == 0 || (context & CONTEXT_GROUP) != 0) {
        syntax_defer(sx, SP_PYTHON_RETURN, syntax_here(sx));
    }
    syntax_top(sx)->open = syntax_here(sx);
    return syntax_slot(sx, SLOT_RETURN);
}

static bool start_nonlocal(struct sp_syntax *sx, unsigned context)
{
    if ((context & (CONTEXT_FUNCTION | CONTEXT_CLASS)) == 0) {
        syntax_defer(sx, SP_PYTHON_NONLOCAL, syntax_here(sx));
    }
    return syntax_want(sx, WANT_GLOBAL);
}

static bool start_expression(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class,
                             bool is_line_start)
{
    bool is_soft =
        class == CLASS_NAME && ((is_line_start && syntax_is_text(sx, "match")) ||
                                (sx->lx->family != SP_PYTHON_311 && syntax_is_text(sx, "type")));
    sx->special |= is_soft ? SPECIAL_SOFT : 0;
    l->open = syntax_here(sx);
    return syntax_slot(sx, SLOT_EXPR) && syntax_want_operand(sx, l, class);
}

static bool start_simple(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    unsigned context = syntax_block(sx)->context;
    switch (class) {
    case SP_WORD_PASS:
        return syntax_want(sx, WANT_END);
    case SP_WORD_BREAK:
    case SP_WORD_CONTINUE:
        return start_jump(sx, class, context);
    case SP_WORD_RETURN:
        return start_return(sx, context);
    case SP_WORD_RAISE:
        return syntax_slot(sx, SLOT_RAISE);
    case SP_WORD_DEL:
        return syntax_slot(sx, SLOT_DEL);
    case SP_WORD_ASSERT:
        return syntax_slot(sx, SLOT_ASSERT);
    case SP_WORD_GLOBAL:
        return syntax_want(sx, WANT_GLOBAL);
    case SP_WORD_NONLOCAL:
        return start_nonlocal(sx, context);
    case SP_WORD_IMPORT:
        return syntax_want(sx, WANT_MODULE);
    case SP_WORD_FROM:
        l->count = 0;
        return syntax_want(sx, WANT_FROM);
    case CLASS_MAGIC:
        return syntax_want(sx, WANT_MAGIC_MORE);
    default:
        return start_expression(sx, l, class, false);
    }
}

/* ---- the start of a statement ---- */

static bool start_case(struct sp_syntax *sx)
{
    struct sp_syntax_block *match = syntax_block(sx);
    if (!syntax_is_text(sx, "case")) {
        return false;
    }
    if (match->has_value) {
        syntax_defer(sx, SP_PYTHON_UNREACHABLE, match->value);
    }
    sx->header = HEADER_CASE;
    sx->pending = match->context;
    return syntax_pattern_start(sx);
}

static bool is_clause(unsigned class)
{
    return class == SP_WORD_ELSE || class == SP_WORD_ELIF || class == SP_WORD_EXCEPT ||
           class == SP_WORD_FINALLY;
}

static bool is_compound(unsigned class)
{
    switch (class) {
    case SP_WORD_IF:
    case SP_WORD_WHILE:
    case SP_WORD_FOR:
    case SP_WORD_TRY:
    case SP_WORD_WITH:
    case SP_WORD_DEF:
    case SP_WORD_CLASS:
    case SP_WORD_ASYNC:
    case CLASS_AT:
        return true;
    default:
        return false;
    }
}

static bool is_decorated(unsigned class)
{
    return class == SP_WORD_DEF || class == SP_WORD_CLASS || class == SP_WORD_ASYNC ||
           class == CLASS_AT;
}

/* At the start of a line: clauses, decorated definitions and compound statements may begin. */
static bool start_line(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    struct sp_syntax_block *block = syntax_block(sx);
    unsigned follow = block->follow;
    if (block->header == HEADER_MATCH && !block->is_line) {
        return class == CLASS_NAME && start_case(sx);
    }
    if (is_clause(class)) {
        block->follow = FOLLOW_NONE;
        return start_clause(sx, class, follow, block->context);
    }
    if (follow == FOLLOW_TRY) {
        return syntax_fault(sx, SP_PYTHON_TRY, syntax_here(sx));
    }
    if (follow == FOLLOW_DECORATED && !is_decorated(class)) {
        return false;
    }
    block->follow = FOLLOW_NONE;
    if (follow == FOLLOW_DECORATED && class == SP_WORD_ASYNC) {
        block->follow = FOLLOW_DECORATED;
    }
    if (is_compound(class)) {
        return start_compound(sx, class, block->context);
    }
    return class == CLASS_NAME ? start_expression(sx, l, class, true) : start_simple(sx, l, class);
}

bool syntax_start_statement(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    bool is_line_start = sx->at_line_start;
    sx->at_line_start = false;
    sx->has_await = false;
    return is_line_start ? start_line(sx, l, class) : start_simple(sx, l, class);
}

/* ---- soft words ---- */

static bool turn_to_match(struct sp_syntax *sx, unsigned class)
{
    struct sp_syntax_block *block = syntax_block(sx);
    sx->header = HEADER_MATCH;
    sx->pending = block->context;
    return syntax_slot(sx, SLOT_MATCH) && syntax_want_operand(sx, syntax_top(sx), class);
}

/* Whether a class begins an operand but cannot go on behind one. */
static bool is_operand_only(unsigned class)
{
    switch (class) {
    case CLASS_NAME:
    case CLASS_NUMBER:
    case CLASS_STRING:
    case CLASS_FSTART:
    case CLASS_LBRACE:
    case CLASS_TILDE:
    case CLASS_ELLIPSIS:
    case SP_WORD_LAMBDA:
    case SP_WORD_AWAIT:
    case SP_WORD_NONE:
    case SP_WORD_TRUE:
    case SP_WORD_FALSE:
        return true;
    default:
        return false;
    }
}

static bool may_be_either(unsigned class)
{
    return class == CLASS_LPAR || class == CLASS_LSQB || class == CLASS_SIGN ||
           class == CLASS_STAR || class == SP_WORD_NOT;
}

/*
 * The token behind a statement's first word, which is match or type. `match (x)` is a call unless the line ends in a
 * colon: only there is the line looked along, once.
 */
bool syntax_soft(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class, bool *out_is_soft)
{
    sx->special &= (uint8_t)~SPECIAL_SOFT;
    bool is_type = sx->lx->ptr[l->open] == 't';
    *out_is_soft = true;
    if (is_type && class == CLASS_NAME) {
        return syntax_want(sx, WANT_TYPE_OPEN);
    }
    if (!is_type && is_operand_only(class)) {
        return turn_to_match(sx, class);
    }
    if (!is_type && may_be_either(class) && sp_lexer_is_header(sx->lx, &sx->ahead)) {
        return turn_to_match(sx, class);
    }
    *out_is_soft = false;
    return true;
}

/* ---- fixed sequences ---- */

static bool next(struct sp_syntax *sx, bool is_right, unsigned phase)
{
    return is_right && syntax_want(sx, phase);
}

static bool end_or(struct sp_syntax *sx, unsigned class, unsigned wanted, unsigned phase)
{
    if (class == CLASS_NEWLINE || class == CLASS_SEMI) {
        return syntax_line(sx, class);
    }
    return next(sx, class == wanted, phase);
}

static bool take_import(struct sp_syntax *sx, const struct sp_syntax_level *l, unsigned class)
{
    switch (l->phase) {
    case WANT_MODULE:
        return next(sx, class == CLASS_NAME, WANT_MODULE_MORE);
    case WANT_MODULE_MORE:
        if (class == CLASS_DOT) {
            /* Only a name may follow, as at the start. */
            return syntax_want(sx, WANT_MODULE);
        }
        return class == SP_WORD_AS ? syntax_want(sx, WANT_ALIAS)
                                   : end_or(sx, class, CLASS_COMMA, WANT_MODULE);
    case WANT_ALIAS:
        return next(sx, class == CLASS_NAME, WANT_ALIAS_MORE);
    default:
        return end_or(sx, class, CLASS_COMMA, WANT_MODULE);
    }
}

static bool take_star(struct sp_syntax *sx)
{
    unsigned inside = CONTEXT_FUNCTION | CONTEXT_CLASS;
    if ((syntax_block(sx)->context & inside) != 0) {
        syntax_defer(sx, SP_PYTHON_IMPORT_STAR, syntax_here(sx));
    }
    return syntax_want(sx, WANT_END);
}

static bool open_names(struct sp_syntax *sx)
{
    return syntax_push(sx, LEVEL_NAMES, 0) && syntax_want(sx, WANT_FROM_NAME);
}

static bool close_names(struct sp_syntax *sx)
{
    syntax_pop(sx);
    return syntax_want(sx, WANT_END);
}

static bool take_from_name(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    bool is_inside = l->kind == LEVEL_NAMES;
    if (is_inside && class == CLASS_RPAR) {
        bool may_close = l->phase != WANT_FROM_ALIAS &&
                         (l->phase != WANT_FROM_NAME || (l->seen & SEEN_COMMA) != 0);
        return may_close && close_names(sx);
    }
    switch (l->phase) {
    case WANT_FROM_NAME:
        return next(sx, class == CLASS_NAME, WANT_FROM_NAME_MORE);
    case WANT_FROM_ALIAS:
        return next(sx, class == CLASS_NAME, WANT_FROM_ALIAS_MORE);
    default:
        break;
    }
    if (l->phase == WANT_FROM_NAME_MORE && class == SP_WORD_AS) {
        return syntax_want(sx, WANT_FROM_ALIAS);
    }
    l->seen |= SEEN_COMMA;
    return is_inside ? next(sx, class == CLASS_COMMA, WANT_FROM_NAME)
                     : end_or(sx, class, CLASS_COMMA, WANT_FROM_NAME);
}

static bool take_from(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    switch (l->phase) {
    case WANT_FROM:
        if (class == CLASS_DOT || class == CLASS_ELLIPSIS) {
            l->count = 1;
            return true;
        }
        if (class == SP_WORD_IMPORT && l->count != 0) {
            return syntax_want(sx, WANT_NAMES);
        }
        return next(sx, class == CLASS_NAME, WANT_FROM_MORE);
    case WANT_FROM_PART:
        return next(sx, class == CLASS_NAME, WANT_FROM_MORE);
    case WANT_FROM_MORE:
        return class == CLASS_DOT ? syntax_want(sx, WANT_FROM_PART)
                                  : next(sx, class == SP_WORD_IMPORT, WANT_NAMES);
    case WANT_NAMES:
        if (class == CLASS_STAR) {
            return take_star(sx);
        }
        return class == CLASS_LPAR ? open_names(sx)
                                   : next(sx, class == CLASS_NAME, WANT_FROM_NAME_MORE);
    default:
        return take_from_name(sx, l, class);
    }
}

static bool open_at(struct sp_syntax *sx, enum level_kind kind)
{
    if (!syntax_push(sx, kind, 0)) {
        return false;
    }
    syntax_top(sx)->state = STATE_PARAM;
    return true;
}

static bool open_types(struct sp_syntax *sx, unsigned class)
{
    return class == CLASS_LSQB && sx->lx->family != SP_PYTHON_311 && open_at(sx, LEVEL_TYPES);
}

static bool open_bases(struct sp_syntax *sx, unsigned class)
{
    if (class == CLASS_COLON) {
        return syntax_body(sx);
    }
    return class == CLASS_LPAR && syntax_push(sx, LEVEL_BASES,
                                              PERMIT_STAR | PERMIT_WALRUS | PERMIT_COMMA |
                                                  PERMIT_POWER | PERMIT_WIDE | PERMIT_KEY);
}

static bool take_definition(struct sp_syntax *sx, const struct sp_syntax_level *l, unsigned class)
{
    switch (l->phase) {
    case WANT_DEF:
        return next(sx, class == CLASS_NAME, WANT_DEF_OPEN);
    case WANT_DEF_OPEN:
    case WANT_DEF_PAREN:
        if (class == CLASS_LPAR) {
            return open_at(sx, LEVEL_PARAMS);
        }
        return l->phase == WANT_DEF_OPEN && open_types(sx, class);
    case WANT_DEF_MORE:
        return class == CLASS_ARROW ? syntax_slot(sx, SLOT_RESULT)
                                    : class == CLASS_COLON && syntax_body(sx);
    case WANT_CLASS:
        return next(sx, class == CLASS_NAME, WANT_CLASS_OPEN);
    case WANT_CLASS_OPEN:
        return class == CLASS_LSQB ? open_types(sx, class) : open_bases(sx, class);
    case WANT_CLASS_PAREN:
        return open_bases(sx, class);
    case WANT_TYPE_OPEN:
        if (class == CLASS_LSQB) {
            return open_types(sx, class);
        }
        return class == CLASS_EQUAL && syntax_slot(sx, SLOT_TYPE);
    default: /* WANT_TYPE_EQUAL */
        return class == CLASS_EQUAL && syntax_slot(sx, SLOT_TYPE);
    }
}

/* The first token of a body: a line end, or a simple statement. */
static bool take_body(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    struct sp_syntax_block *block = syntax_block(sx);
    if (class == CLASS_NEWLINE) {
        sx->block_due = true;
        l->state = STATE_START;
        return true;
    }
    if (block->header == HEADER_MATCH) {
        return false;
    }
    block->is_line = true;
    sx->at_line_start = false;
    return syntax_start_statement(sx, l, class);
}

/* Behind a magic: nothing, or the statement that it times. */
static bool take_magic(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    if (class == CLASS_NEWLINE) {
        return syntax_line(sx, class);
    }
    sx->is_lenient = true;
    return start_expression(sx, l, class, false);
}

bool syntax_words(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    switch (l->phase) {
    case WANT_END:
        return (class == CLASS_NEWLINE || class == CLASS_SEMI) && syntax_line(sx, class);
    case WANT_COLON:
        return class == CLASS_COLON ? syntax_body(sx)
                                    : syntax_fault(sx, SP_PYTHON_COLON, syntax_here(sx));
    case WANT_BODY:
        return take_body(sx, l, class);
    case WANT_GLOBAL:
        return next(sx, class == CLASS_NAME, WANT_GLOBAL_MORE);
    case WANT_GLOBAL_MORE:
        return end_or(sx, class, CLASS_COMMA, WANT_GLOBAL);
    case WANT_EXCEPT:
        return take_except(sx, class);
    case WANT_EXCEPT_AS:
        return next(sx, class == CLASS_NAME, WANT_COLON);
    case WANT_ASYNC:
        return start_async(sx, class);
    case WANT_MAGIC_MORE:
        return take_magic(sx, l, class);
    default:
        break;
    }
    if (l->phase <= WANT_ALIAS_MORE) {
        return take_import(sx, l, class);
    }
    return l->phase <= WANT_FROM_ALIAS_MORE ? take_from(sx, l, class)
                                            : take_definition(sx, l, class);
}
