/*
 * The tokens that most of a program is made of, where they mostly stand. A quick step takes a token wholly, or leaves all
 * as it was: whatever is rare, or may be a fault, is left to the automaton proper. That one alone says what is right; the
 * steps here only say the same in fewer instructions.
 */
#include "python/syntax_inner.h"

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

static inline bool take_operand(const struct sp_syntax *sx, struct sp_syntax_level *l,
                                enum shape shape)
{
    syntax_note_start(sx, l);
    return syntax_operand(l, shape);
}

/* Escapes are looked at closely, and bytes are not mixed with text. */
static inline bool take_string(const struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if ((sx->token->flags & (SP_TOKEN_BYTES | SP_TOKEN_ESCAPED)) != 0) {
        return false;
    }
    (void)take_operand(sx, l, SHAPE_NONE);
    l->string = STRING_TEXT;
    return true;
}

static inline bool take_attribute(struct sp_syntax_level *l)
{
    l->bits &= (uint16_t)~BIT_INNER;
    return syntax_operand(l, SHAPE_PLACE);
}

static inline bool take_open(struct sp_syntax *sx, unsigned class)
{
    enum level_kind kind = class == CLASS_LPAR ? LEVEL_CALL : LEVEL_INDEX;
    return syntax_has_room(sx) && syntax_push_level(sx, kind, syntax_permitted[kind]);
}

/* Those of a statement may belong to a with. */
static inline bool take_group(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    enum level_kind kind = class == CLASS_LPAR ? LEVEL_GROUP : LEVEL_LIST;
    if ((l->kind == LEVEL_STATEMENT && l->phase == SLOT_WITH) || !syntax_has_room(sx)) {
        return false;
    }
    syntax_note_start(sx, l);
    return syntax_push_level(sx, kind, syntax_permitted[kind]);
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

/* The element that ends here is whole, and nothing around it makes that a question. */
static inline bool is_plain(const struct sp_syntax_level *l)
{
    return (l->bits & (BIT_COND | BIT_STAR | BIT_POWER)) == 0 &&
           (l->seen & (SEEN_FOR | SEEN_COMP | SEEN_YIELDS)) == 0;
}

/* An argument by place may not stand behind one by name. */
static inline bool is_argument(const struct sp_syntax_level *l)
{
    return (l->bits & BIT_KEY) != 0 || (l->seen & (SEEN_KEY | SEEN_POWER)) == 0;
}

static inline bool take_comma(struct sp_syntax_level *l)
{
    if (!is_plain(l) || (l->permits & PERMIT_COMMA) == 0) {
        return false;
    }
    if (l->kind == LEVEL_CALL) {
        if (!is_argument(l)) {
            return false;
        }
        l->seen |= (l->bits & BIT_KEY) != 0 ? SEEN_KEY : 0;
    } else if (l->kind <= LEVEL_LIST) {
        syntax_fold(l);
    } else {
        return false;
    }
    l->seen |= SEEN_COMMA;
    return syntax_element(l);
}

/* Back to the level around a call or an index. */
static inline bool leave(struct sp_syntax *sx, enum shape shape, unsigned bits)
{
    if (sx->has_await) {
        return false;
    }
    sx->top--;
    struct sp_syntax_level *outer = syntax_top(sx);
    outer->bits &= (uint16_t)bits;
    return syntax_operand(outer, shape);
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

static inline bool take_close(struct sp_syntax *sx, const struct sp_syntax_level *l)
{
    if (!is_plain(l)) {
        return false;
    }
    if (l->kind == LEVEL_CALL) {
        return is_argument(l) && leave(sx, SHAPE_NONE, ~BIT_INNER);
    }
    return l->kind == LEVEL_INDEX && leave(sx, SHAPE_PLACE, ~0U);
}

static inline bool take_empty(struct sp_syntax *sx, const struct sp_syntax_level *l)
{
    return l->kind == LEVEL_CALL && (l->seen & (SEEN_COMP | SEEN_YIELDS)) == 0 &&
           leave(sx, SHAPE_NONE, ~BIT_INNER);
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

/* A name, an attribute or an index, and nothing more. */
static inline bool is_lone_target(const struct sp_syntax_level *l)
{
    return (l->shape == SHAPE_NAME || l->shape == SHAPE_PLACE) &&
           (l->bits & ~(BIT_INNER | BIT_PAREN)) == 0 && l->seen == 0;
}

static inline bool take_equal(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (l->kind == LEVEL_CALL) {
        if (l->shape != SHAPE_NAME || l->bits != 0 || (l->permits & PERMIT_KEY) == 0) {
            return false;
        }
        l->bits = BIT_KEY | BIT_OPS;
        l->state = STATE_EXPR;
        return true;
    }
    bool is_target = l->kind == LEVEL_STATEMENT && !sx->has_await && is_lone_target(l) &&
                     (l->phase == SLOT_EXPR || l->phase == SLOT_VALUE);
    return is_target && syntax_begin_slot(l, SLOT_VALUE);
}

static inline bool take_tight(struct sp_syntax_level *l)
{
    l->bits |= BIT_OPS;
    l->state = STATE_ARITH;
    return true;
}

/* The next line may begin, unless this one is the body of a header that stands on it too. */
static inline bool end_line(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (syntax_block(sx)->is_line) {
        return false;
    }
    l->state = STATE_START;
    l->seen = 0;
    sx->at_line_start = true;
    sx->is_lenient = false;
    return true;
}

/* A generator that waits has no value to return. */
static inline bool may_return(struct sp_syntax *sx)
{
    const struct sp_syntax_block *function = &sx->stack[syntax_block(sx)->function];
    return function->has_value &&
           (!function->has_yield || (function->context & CONTEXT_ASYNC) == 0);
}

static inline bool take_end(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    bool is_slot = l->kind == LEVEL_STATEMENT && l->phase >= SLOT_EXPR && l->phase <= SLOT_RETURN &&
                   (l->phase != SLOT_RETURN || may_return(sx));
    return is_slot && is_plain(l) && !sx->has_await && end_line(sx, l);
}

static inline bool take_words(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (l->phase == WANT_BODY) {
        sx->block_due = true;
        l->state = STATE_START;
        return true;
    }
    return l->phase == WANT_END && end_line(sx, l);
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

/* The colon of if, while and the like, and of for. */
static inline bool take_head(struct sp_syntax *sx, const struct sp_syntax_level *l)
{
    bool is_slot =
        l->kind == LEVEL_STATEMENT && (l->phase == SLOT_CONDITION || l->phase == SLOT_ITERABLE);
    return is_slot && is_plain(l) && !sx->has_await && syntax_body(sx);
}

/* Neither a clause nor a definition is due, and no line of a match, where `case` stands. */
static inline bool may_begin(const struct sp_syntax *sx, const struct sp_syntax_block *block)
{
    return sx->at_line_start && !sx->block_due && block->header != HEADER_MATCH &&
           block->follow != FOLLOW_TRY && block->follow != FOLLOW_DECORATED;
}

/* A statement begins that is no clause of another. */
static inline bool begin(struct sp_syntax *sx)
{
    struct sp_syntax_block *block = syntax_block(sx);
    if (!may_begin(sx, block)) {
        return false;
    }
    block->follow = FOLLOW_NONE;
    sx->at_line_start = false;
    sx->has_await = false;
    return true;
}

/* What begins like match and type is looked at closely. */
static inline bool take_start(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    uint8_t first = sx->lx->ptr[sx->token->start];
    if (first == 'm' || first == 't' || !begin(sx)) {
        return false;
    }
    l->open = syntax_here(sx);
    (void)syntax_begin_slot(l, SLOT_EXPR);
    return take_operand(sx, l, SHAPE_NAME);
}

static inline bool take_def(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    if (!begin(sx)) {
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
    if (!begin(sx)) {
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
    if (!is_fine || !begin(sx)) {
        return false;
    }
    l->open = syntax_here(sx);
    return syntax_begin_slot(l, SLOT_RETURN);
}

static inline bool take_indent(struct sp_syntax *sx)
{
    bool is_due = sx->block_due;
    sx->at_line_start = sx->at_line_start || is_due;
    sx->block_due = false;
    return is_due;
}

static inline bool take_dedent(struct sp_syntax *sx)
{
    const struct sp_syntax_block *block = syntax_block(sx);
    if (sx->block_due || sx->blocks == 0 || block->follow == FOLLOW_TRY ||
        block->follow == FOLLOW_DECORATED) {
        return false;
    }
    sx->blocks--;
    syntax_block(sx)->follow = syntax_follows[block->header];
    return true;
}

static inline bool take(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    switch ((enum quick)steps[l->state][class]) {
    case QUICK_NAME:
        return take_operand(sx, l, SHAPE_NAME);
    case QUICK_LITERAL:
        return take_operand(sx, l, SHAPE_NONE);
    case QUICK_STRING:
        return take_string(sx, l);
    case QUICK_ATTRIBUTE:
        return take_attribute(l);
    case QUICK_DOT:
        l->state = STATE_DOT;
        return true;
    case QUICK_OPEN:
        return take_open(sx, class);
    case QUICK_GROUP:
        return take_group(sx, l, class);
    case QUICK_MORE:
        return take_more(sx, l);
    case QUICK_PARAM:
        return take_param(sx, l, class);
    case QUICK_PARAMS:
        return take_params(sx, l);
    case QUICK_CLOSE:
        return take_close(sx, l);
    case QUICK_EMPTY:
        return take_empty(sx, l);
    case QUICK_COMMA:
        return take_comma(l);
    case QUICK_EQUAL:
        return take_equal(sx, l);
    case QUICK_TIGHT:
        return take_tight(l);
    case QUICK_END:
        return take_end(sx, l);
    case QUICK_WORDS:
        return take_words(sx, l);
    case QUICK_WORD:
        return take_word(l);
    case QUICK_COLON:
        return take_colon(sx, l);
    case QUICK_HEAD:
        return take_head(sx, l);
    case QUICK_START:
        return take_start(sx, l);
    case QUICK_DEF:
        return take_def(sx, l);
    case QUICK_IF:
        return take_if(sx, l);
    case QUICK_RETURN:
        return take_return(sx, l);
    case QUICK_INDENT:
        return take_indent(sx);
    case QUICK_DEDENT:
        return take_dedent(sx);
    case QUICK_NEVER:
        break;
    }
    return false;
}

bool sp_syntax_may_have_attribute(const struct sp_syntax *sx)
{
    return sx->special == 0 && sx->top->state == STATE_AFTER;
}

void sp_syntax_take_attribute(struct sp_syntax *sx)
{
    (void)take_attribute(syntax_top(sx));
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
