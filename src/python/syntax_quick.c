/*
 * The tokens that most of a program is made of, where they mostly stand. A quick step takes a token wholly, or leaves all
 * as it was: whatever is rare, or may be a fault, is left to the automaton proper. That one alone says what is right; the
 * steps here only say the same in fewer instructions.
 */
#include "python/syntax_step.h"

enum quick {
    QUICK_NEVER,
    QUICK_NAME,
    QUICK_LITERAL,
    QUICK_STRING,
    QUICK_ATTRIBUTE,
    QUICK_DOT,
    QUICK_OPEN,   /* a call or an index */
    QUICK_GROUP,  /* parentheses or a list, where an operand is wanted */
    QUICK_MORE,   /* one literal behind another */
    QUICK_PARAM,  /* of a def */
    QUICK_PARAMS, /* the parenthesis in front of them */
    QUICK_DEF,
    QUICK_IF,
    QUICK_RETURN,
    QUICK_CLOSE, /* behind an operand */
    QUICK_EMPTY, /* ) behind ( or a comma */
    QUICK_COMMA,
    QUICK_EQUAL,
    QUICK_TIGHT, /* an operator of arithmetic */
    QUICK_END,   /* the line end behind an expression */
    QUICK_WORDS, /* ... behind a colon or a fixed sequence */
    QUICK_WORD,  /* a name in a fixed sequence */
    QUICK_COLON, /* the colon behind one */
    QUICK_HEAD,  /* the colon behind an expression */
    QUICK_START, /* a name at the start of a statement */
    QUICK_INDENT,
    QUICK_DEDENT,
};

#define CLASS_ROOM 128 /* classes, and some room, so that a row is found by a shift */

#define OPERANDS                                                                                   \
    [CLASS_NAME] = QUICK_NAME, [CLASS_NUMBER] = QUICK_LITERAL, [SP_WORD_NONE] = QUICK_LITERAL,     \
    [SP_WORD_TRUE] = QUICK_LITERAL, [SP_WORD_FALSE] = QUICK_LITERAL, [CLASS_STRING] = QUICK_STRING

static const uint8_t steps[STATE_COUNT][CLASS_ROOM] = {
    [STATE_FULL] = {OPERANDS, [CLASS_RPAR] = QUICK_EMPTY, [CLASS_LPAR] = QUICK_GROUP,
                    [CLASS_LSQB] = QUICK_GROUP},
    [STATE_EXPR] = {OPERANDS},
    [STATE_DISJ] = {OPERANDS},
    [STATE_ARITH] = {OPERANDS},
    [STATE_DOT] = {[CLASS_NAME] = QUICK_ATTRIBUTE},
    [STATE_AFTER] = {[CLASS_DOT] = QUICK_DOT,
                     [CLASS_LPAR] = QUICK_OPEN,
                     [CLASS_LSQB] = QUICK_OPEN,
                     [CLASS_RPAR] = QUICK_CLOSE,
                     [CLASS_RSQB] = QUICK_CLOSE,
                     [CLASS_COMMA] = QUICK_COMMA,
                     [CLASS_EQUAL] = QUICK_EQUAL,
                     [CLASS_SIGN] = QUICK_TIGHT,
                     [CLASS_BINARY] = QUICK_TIGHT,
                     [CLASS_STAR] = QUICK_TIGHT,
                     [CLASS_NEWLINE] = QUICK_END,
                     [CLASS_COLON] = QUICK_HEAD,
                     [CLASS_STRING] = QUICK_MORE},
    [STATE_WORDS] = {[CLASS_NEWLINE] = QUICK_WORDS,
                     [CLASS_NAME] = QUICK_WORD,
                     [CLASS_COLON] = QUICK_COLON,
                     [CLASS_LPAR] = QUICK_PARAMS},
    [STATE_PARAM] =
        {[CLASS_NAME] = QUICK_PARAM, [CLASS_COMMA] = QUICK_PARAM, [CLASS_RPAR] = QUICK_PARAM},
    [STATE_START] = {[CLASS_NAME] = QUICK_START,
                     [CLASS_INDENT] = QUICK_INDENT,
                     [CLASS_DEDENT] = QUICK_DEDENT,
                     [SP_WORD_DEF] = QUICK_DEF,
                     [SP_WORD_IF] = QUICK_IF,
                     [SP_WORD_RETURN] = QUICK_RETURN},
};

/* Escapes are looked at closely, and bytes are not mixed with text. */
static inline bool take_string(const struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if ((sx->token->flags & (SP_TOKEN_BYTES | SP_TOKEN_ESCAPED)) != 0) {
        return false;
    }
    (void)syntax_step_operand(sx, l, SHAPE_NONE);
    l->string = STRING_TEXT;
    return true;
}

static inline bool take_more(const struct sp_syntax *sx, const struct sp_syntax_level *l)
{
    return l->string == STRING_TEXT &&
           (sx->token->flags & (SP_TOKEN_BYTES | SP_TOKEN_ESCAPED)) == 0;
}

static inline bool take_params(struct sp_syntax *sx, const struct sp_syntax_level *l)
{
    if (l->phase != WANT_DEF_OPEN || !syntax_has_room(sx)) {
        return false;
    }
    (void)syntax_push_level(sx, LEVEL_PARAMS, 0);
    sx->top->state = STATE_PARAM;
    return true;
}

static inline bool leave_params(struct sp_syntax *sx)
{
    if (sx->has_await) {
        return false;
    }
    sx->top--;
    sx->top->state = STATE_WORDS;
    sx->top->phase = WANT_DEF_MORE;
    return true;
}

/* A plain parameter of a def, the comma behind it, or the end of all. */
static inline bool take_param(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    const unsigned special = PARAMS_BARE | PARAMS_POWER | PARAMS_DEFAULT;
    if (l->kind != LEVEL_PARAMS || (l->params & special) != 0) {
        return false;
    }
    if (class == CLASS_NAME && l->phase == PARAM_START) {
        l->count = 0;
        l->start = syntax_here(sx);
        l->params |= PARAMS_SOME;
        return syntax_go(l, PARAM_NAME);
    }
    if (class == CLASS_NAME || l->phase != PARAM_NAME || l->count != 0) {
        return false;
    }
    if (class == CLASS_COMMA) {
        return syntax_go(l, PARAM_START);
    }
    return (l->seen & SEEN_YIELDS) == 0 && leave_params(sx);
}

static inline bool take_tight(struct sp_syntax_level *l)
{
    l->bits |= BIT_OPS;
    l->state = STATE_ARITH;
    return true;
}

/* What is wanted behind a name that is wanted. */
static const uint8_t behind_name[] = {
    [WANT_GLOBAL] = WANT_GLOBAL_MORE,
    [WANT_MODULE] = WANT_MODULE_MORE,
    [WANT_ALIAS] = WANT_ALIAS_MORE,
    [WANT_FROM] = WANT_FROM_MORE,
    [WANT_FROM_PART] = WANT_FROM_MORE,
    [WANT_NAMES] = WANT_FROM_NAME_MORE,
    [WANT_FROM_NAME] = WANT_FROM_NAME_MORE,
    [WANT_FROM_ALIAS] = WANT_FROM_ALIAS_MORE,
    [WANT_DEF] = WANT_DEF_OPEN,
    [WANT_CLASS] = WANT_CLASS_OPEN,
    [WANT_EXCEPT_AS] = WANT_COLON,
    [WANT_MAGIC_MORE] = 0,
};

static inline bool take_word(struct sp_syntax_level *l)
{
    uint8_t phase = behind_name[l->phase];
    l->phase = phase != 0 ? phase : l->phase;
    return phase != 0;
}

static inline bool take_colon(struct sp_syntax *sx, const struct sp_syntax_level *l)
{
    return (l->phase == WANT_COLON || l->phase == WANT_DEF_MORE) && syntax_body(sx);
}

static inline bool take_def(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (!syntax_begin(sx)) {
        return false;
    }
    sx->header = HEADER_DEF;
    sx->pending = CONTEXT_FUNCTION;
    l->state = STATE_WORDS;
    l->phase = WANT_DEF;
    return true;
}

static inline bool take_if(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (!syntax_begin(sx)) {
        return false;
    }
    sx->header = HEADER_IF;
    sx->pending = syntax_block(sx)->context;
    return syntax_begin_slot(l, SLOT_CONDITION);
}

static inline bool take_return(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    unsigned context = syntax_block(sx)->context;
    bool is_fine = (context & CONTEXT_FUNCTION) != 0 && (context & CONTEXT_GROUP) == 0;
    if (!is_fine || !syntax_begin(sx)) {
        return false;
    }
    l->open = syntax_here(sx);
    return syntax_begin_slot(l, SLOT_RETURN);
}

static inline bool take(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    switch ((enum quick)steps[l->state][class]) {
    case QUICK_NAME:
        return syntax_step_operand(sx, l, SHAPE_NAME);
    case QUICK_LITERAL:
        return syntax_step_operand(sx, l, SHAPE_NONE);
    case QUICK_STRING:
        return take_string(sx, l);
    case QUICK_ATTRIBUTE:
        return syntax_step_attribute(l);
    case QUICK_DOT:
        l->state = STATE_DOT;
        return true;
    case QUICK_OPEN:
        return syntax_step_open(sx, class);
    case QUICK_GROUP:
        return syntax_step_group(sx, l, class);
    case QUICK_MORE:
        return take_more(sx, l);
    case QUICK_PARAM:
        return take_param(sx, l, class);
    case QUICK_PARAMS:
        return take_params(sx, l);
    case QUICK_CLOSE:
        return syntax_step_close(sx, l);
    case QUICK_EMPTY:
        return syntax_step_empty(sx, l);
    case QUICK_COMMA:
        return syntax_step_comma(l);
    case QUICK_EQUAL:
        return syntax_step_equal(sx, l);
    case QUICK_TIGHT:
        return take_tight(l);
    case QUICK_END:
        return syntax_step_end(sx, l);
    case QUICK_WORDS:
        return syntax_step_words(sx, l);
    case QUICK_WORD:
        return take_word(l);
    case QUICK_COLON:
        return take_colon(sx, l);
    case QUICK_HEAD:
        return syntax_step_head(sx, l);
    case QUICK_START:
        return syntax_step_start(sx, l);
    case QUICK_DEF:
        return take_def(sx, l);
    case QUICK_IF:
        return take_if(sx, l);
    case QUICK_RETURN:
        return take_return(sx, l);
    case QUICK_INDENT:
        return syntax_step_indent(sx);
    case QUICK_DEDENT:
        return syntax_step_dedent(sx);
    case QUICK_NEVER:
        break;
    }
    return false;
}

enum sp_err sp_syntax_take_closely(struct sp_syntax *sx, const struct sp_py_token *token)
{
    sx->token = token;
    return syntax_take_closely(sx, syntax_class(token));
}

enum sp_err sp_syntax_take(struct sp_syntax *sx, const struct sp_py_token *token)
{
    unsigned class = syntax_class(token);
    sx->token = token;
    if (sx->special == 0 && take(sx, syntax_top(sx), class)) {
        return SP_OK;
    }
    return syntax_take_closely(sx, class);
}
