#include "python/syntax.h"

#include "base/text.h"
#include "python/syntax_inner.h"

/* ---- classes of tokens ---- */

const uint8_t syntax_operators[256] = {
    ['('] = CLASS_LPAR,
    ['['] = CLASS_LSQB,
    ['{'] = CLASS_LBRACE,
    [')'] = CLASS_RPAR,
    [']'] = CLASS_RSQB,
    ['}'] = CLASS_RBRACE,
    [','] = CLASS_COMMA,
    [':'] = CLASS_COLON,
    [';'] = CLASS_SEMI,
    ['.'] = CLASS_DOT,
    ['='] = CLASS_EQUAL,
    ['*'] = CLASS_STAR,
    ['+'] = CLASS_SIGN,
    ['-'] = CLASS_SIGN,
    ['~'] = CLASS_TILDE,
    ['/'] = CLASS_BINARY,
    ['%'] = CLASS_BINARY,
    ['&'] = CLASS_BINARY,
    ['|'] = CLASS_BINARY,
    ['^'] = CLASS_BINARY,
    ['@'] = CLASS_AT,
    ['<'] = CLASS_COMPARE,
    ['>'] = CLASS_COMPARE,
    ['!'] = CLASS_BANG,
    [SP_OP_ELLIPSIS] = CLASS_ELLIPSIS,
    [SP_OP_WALRUS] = CLASS_WALRUS,
    [SP_OP_ARROW] = CLASS_ARROW,
    [SP_OP_POWER] = CLASS_POWER,
    [SP_OP_AUGMENTED] = CLASS_AUGMENTED,
    [SP_OP_COMPARE] = CLASS_COMPARE,
    [SP_OP_OTHER] = CLASS_BINARY,
};

const uint8_t syntax_kinds[] = {
    [SP_TOKEN_END] = CLASS_END,
    [SP_TOKEN_NEWLINE] = CLASS_NEWLINE,
    [SP_TOKEN_INDENT] = CLASS_INDENT,
    [SP_TOKEN_DEDENT] = CLASS_DEDENT,
    [SP_TOKEN_NAME] = CLASS_NAME,
    [SP_TOKEN_NUMBER] = CLASS_NUMBER,
    [SP_TOKEN_STRING] = CLASS_STRING,
    [SP_TOKEN_FSTRING_START] = CLASS_FSTART,
    [SP_TOKEN_FSTRING_MIDDLE] = CLASS_FMIDDLE,
    [SP_TOKEN_FSTRING_END] = CLASS_FEND,
    [SP_TOKEN_OP] = CLASS_NAME,
    [SP_TOKEN_MAGIC] = CLASS_MAGIC,
};

/* `<>` is a token, but no operator. */
static bool is_barry(const struct sp_lexer *lx, const struct sp_py_token *token)
{
    return token->end == token->start + 2 && lx->ptr[token->start] == '<' &&
           lx->ptr[token->start + 1] == '>';
}

bool syntax_is_text(const struct sp_syntax *sx, const char *text)
{
    return sp_slice_is(sp_lexer_text(sx->lx, sx->token), text);
}

/* ---- life ---- */

void sp_syntax_start(struct sp_syntax *sx, struct sp_lexer *lx)
{
    /* The stacks stay as they are: nothing above their heights is ever read. */
    sx->lx = lx;
    sx->top = sx->levels;
    sx->blocks = 0;
    sx->at_line_start = true;
    sx->block_due = false;
    sx->is_lenient = false;
    sx->special = 0;
    sx->has_await = false;
    sx->late = SP_PYTHON_FINE;
    sx->deferred = SP_PYTHON_FINE;
    sx->fault = SP_PYTHON_FINE;
    sx->levels[0] = (struct sp_syntax_level){.kind = LEVEL_STATEMENT, .state = STATE_START};
    sx->stack[0] = (struct sp_syntax_block){.header = HEADER_MODULE};
}

/* ---- blocks ---- */

/* Behind the colon of a header: its body is a new block. */
bool syntax_body(struct sp_syntax *sx)
{
    if (sx->blocks + 1U == SP_SYNTAX_BLOCKS_MAX) {
        return syntax_fault(sx, SP_PYTHON_INDENT_DEPTH, syntax_here(sx));
    }
    uint8_t function = syntax_block(sx)->function;
    sx->blocks++;
    bool is_function = sx->header == HEADER_DEF;
    *syntax_block(sx) =
        (struct sp_syntax_block){.header = sx->header,
                                 .context = sx->pending,
                                 .function = is_function ? (uint8_t)sx->blocks : function};
    return syntax_want(sx, WANT_BODY);
}

/* Which clauses may come behind the block of a header. */
const uint8_t syntax_follows[] = {
    [HEADER_MODULE] = FOLLOW_NONE,
    [HEADER_IF] = FOLLOW_IF,
    [HEADER_ELSE] = FOLLOW_NONE,
    [HEADER_LOOP] = FOLLOW_LOOP,
    [HEADER_LOOP_ELSE] = FOLLOW_NONE,
    [HEADER_TRY] = FOLLOW_TRY,
    [HEADER_EXCEPT] = FOLLOW_EXCEPT,
    [HEADER_EXCEPT_BARE] = FOLLOW_EXCEPT_BARE,
    [HEADER_EXCEPT_STAR] = FOLLOW_EXCEPT_STAR,
    [HEADER_TRY_ELSE] = FOLLOW_FINALLY,
    [HEADER_FINALLY] = FOLLOW_NONE,
    [HEADER_WITH] = FOLLOW_NONE,
    [HEADER_DEF] = FOLLOW_NONE,
    [HEADER_CLASS] = FOLLOW_NONE,
    [HEADER_MATCH] = FOLLOW_NONE,
    [HEADER_CASE] = FOLLOW_NONE,
};

/* Where CPython says that something is missing at the end of the source: at its last line end. */
static uint32_t here_or_end(const struct sp_syntax *sx)
{
    uint32_t at = syntax_here(sx);
    const struct sp_lexer *lx = sx->lx;
    bool is_behind_line = at == lx->len && at > 0 && lx->ptr[at - 1] == '\n';
    return is_behind_line ? at - 1 : at;
}

/* The block that ends must be whole. */
static bool end_block(struct sp_syntax *sx)
{
    const struct sp_syntax_block *block = syntax_block(sx);
    if (block->follow == FOLLOW_TRY) {
        return syntax_fault(sx, SP_PYTHON_TRY, here_or_end(sx));
    }
    return block->follow != FOLLOW_DECORATED;
}

static bool pop_block(struct sp_syntax *sx)
{
    uint8_t header = syntax_block(sx)->header;
    if (!end_block(sx) || sx->blocks == 0) {
        return false;
    }
    sx->blocks--;
    syntax_block(sx)->follow = syntax_follows[header];
    return true;
}

/* A simple statement ended in a line end or a semicolon. */
bool syntax_line(struct sp_syntax *sx, unsigned class)
{
    struct sp_syntax_level *l = syntax_top(sx);
    l->state = STATE_START;
    l->seen = 0;
    if (class == CLASS_SEMI) {
        return true;
    }
    sx->at_line_start = true;
    sx->is_lenient = false;
    return !syntax_block(sx)->is_line || pop_block(sx);
}

/* The end of the source: nothing is open, and nothing was found that the compiler would refuse. */
static bool end_source(struct sp_syntax *sx)
{
    if (!end_block(sx)) {
        return false;
    }
    return sx->deferred == SP_PYTHON_FINE || syntax_fault(sx, sx->deferred, sx->deferred_at);
}

/* Whether indentation fits what came before. */
static bool take_layout(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    if (class == CLASS_INDENT) {
        if (!sx->block_due) {
            uint32_t at = syntax_here(sx) - 1; /* the last byte of the indentation */
            return syntax_fault(sx, SP_PYTHON_INDENT_UNEXPECTED, at);
        }
        sx->block_due = false;
        sx->at_line_start = true;
        return true;
    }
    if (sx->block_due) {
        return syntax_fault(sx, SP_PYTHON_INDENT_MISSING, here_or_end(sx));
    }
    if (class == CLASS_DEDENT) {
        return l->state == STATE_START && pop_block(sx);
    }
    return l->state == STATE_START && end_source(sx);
}

static bool take_start(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    if (sx->block_due) {
        return syntax_fault(sx, SP_PYTHON_INDENT_MISSING, syntax_here(sx));
    }
    if (class == CLASS_NEWLINE) {
        /* Behind a semicolon. */
        return !sx->at_line_start && syntax_line(sx, class);
    }
    return class != CLASS_SEMI && syntax_start_statement(sx, l, class);
}

/* ---- functions ---- */

unsigned syntax_context(const struct sp_syntax *sx)
{
    const struct sp_syntax_level *l = sx->top;
    return l->context | ((l->bits & BIT_LAMBDA) != 0 ? CONTEXT_LAMBDA : 0);
}

/* An await outside of an async function is excused only inside a generator expression. */
void syntax_await(struct sp_syntax *sx)
{
    bool in_lambda = (syntax_context(sx) & CONTEXT_LAMBDA) != 0;
    unsigned context = syntax_block(sx)->context;
    bool is_async = (context & CONTEXT_ASYNC) != 0;
    bool is_top = sx->lx->mode == SP_PYTHON_CELL && (context & CONTEXT_FUNCTION) == 0;
    if (!in_lambda && (is_async || is_top)) {
        return;
    }
    if (sx->top == sx->levels && (sx->levels[0].state == STATE_WORDS || in_lambda)) {
        syntax_defer(sx, SP_PYTHON_AWAIT, syntax_here(sx));
    }
    if (!sx->has_await) {
        sx->has_await = true;
        sx->await = syntax_here(sx);
        sx->await_level = sx->top;
    }
}

void syntax_yield(struct sp_syntax *sx)
{
    struct sp_syntax_block *block = syntax_block(sx);
    sx->yield = syntax_here(sx);
    if ((syntax_context(sx) & CONTEXT_LAMBDA) != 0) {
        return;
    }
    if ((block->context & CONTEXT_FUNCTION) == 0) {
        syntax_defer(sx, SP_PYTHON_YIELD, sx->yield);
        return;
    }
    struct sp_syntax_block *function = &sx->stack[block->function];
    function->has_yield = true;
    if (function->has_value && (function->context & CONTEXT_ASYNC) != 0) {
        syntax_defer(sx, SP_PYTHON_RETURN_VALUE, function->value);
    }
}

/* A return with a value ended: an async generator has none. */
void syntax_return(struct sp_syntax *sx, struct sp_syntax_level *l)
{
    struct sp_syntax_block *function = &sx->stack[syntax_block(sx)->function];
    if (!function->has_value) {
        function->has_value = true;
        function->value = l->open;
    }
    if (function->has_yield && (function->context & CONTEXT_ASYNC) != 0) {
        syntax_defer(sx, SP_PYTHON_RETURN_VALUE, l->open);
    }
}

/* ---- one token ---- */

static inline bool take_expression(struct sp_syntax *sx, struct sp_syntax_level *l, unsigned class)
{
    switch ((enum state)l->state) {
    case STATE_AFTER:
        return syntax_after_operand(sx, l, class);
    case STATE_DOT:
        l->bits &= (uint16_t)~BIT_INNER;
        return class == CLASS_NAME && syntax_operand(l, SHAPE_PLACE);
    case STATE_NOT_IN:
        l->state = STATE_ARITH;
        return class == SP_WORD_IN;
    case STATE_FOR:
        l->state = STATE_AFTER;
        return class == SP_WORD_FOR && syntax_after_operand(sx, l, class);
    case STATE_FULL:
    case STATE_EXPR:
    case STATE_DISJ:
    case STATE_ARITH:
    case STATE_IS:
    case STATE_PRIMARY:
    case STATE_YIELD:
        return syntax_want_operand(sx, l, class);
    case STATE_START:
        return take_start(sx, l, class);
    case STATE_WORDS:
        return syntax_words(sx, l, class);
    case STATE_PARAM:
        return syntax_param(sx, l, class);
    case STATE_TEXT:
        return syntax_text(sx, l, class);
    case STATE_PATTERN:
        return syntax_pattern(sx, l, class);
    case STATE_COUNT:
        break;
    }
    return false;
}

/* Indentation, the end, and words whose meaning the next token decides. */
static bool take_special(struct sp_syntax *sx, unsigned class)
{
    struct sp_syntax_level *l = syntax_top(sx);
    bool is_soft = false;
    bool is_literal = class == CLASS_STRING || class == CLASS_FSTART;
    if ((sx->special & SPECIAL_LATE) != 0 && !is_literal && l->kind != LEVEL_FSTRING) {
        return syntax_fault(sx, sx->late, syntax_here(sx));
    }
    if (class >= CLASS_INDENT && class <= CLASS_END) {
        return take_layout(sx, l, class);
    }
    if ((sx->special & SPECIAL_SOFT) != 0 && (!syntax_soft(sx, l, class, &is_soft) || is_soft)) {
        return is_soft && sx->fault == SP_PYTHON_FINE;
    }
    if (class == CLASS_COMPARE && is_barry(sx->lx, sx->token)) {
        return false;
    }
    return take_expression(sx, l, class);
}

/* ---- what only IPython reads ---- */

static bool is_line_end(uint8_t byte)
{
    return byte == '\n' || byte == '\r';
}

/* Help for names with wildcards, as in `np.*load*?`. */
static bool asks_for_help(const struct sp_lexer *lx, uint32_t at)
{
    uint8_t last = 0;
    for (; at < lx->len && !is_line_end(lx->ptr[at]); at++) {
        last = lx->ptr[at] == ' ' || lx->ptr[at] == '\t' ? last : lx->ptr[at];
    }
    return last == '?';
}

/* A cell of one line like `ls -la`: IPython takes the first word for a magic when nothing else has that name. */
static bool is_command(const struct sp_lexer *lx)
{
    struct sp_slice all = sp_slice_trim(sp_slice_make(lx->ptr, lx->len));
    size_t at = 0;
    while (all.len > 0 && is_line_end(all.ptr[all.len - 1])) {
        all.len--;
    }
    while (at < all.len && (sp_text_is_alnum(all.ptr[at]) || all.ptr[at] == '_')) {
        at++;
    }
    bool is_word =
        at > 0 && (at > SP_WORD_LETTERS_MAX ||
                   sp_word_find(all.ptr, at, sp_word_head(all.ptr, at)) == SP_WORD_PLAIN);
    bool has_rest = at + 1 < all.len && all.ptr[at] == ' ' && all.ptr[at + 1] != '=';
    bool is_one_line =
        sp_slice_find(all, 0, '\n') == all.len && sp_slice_find(all, 0, '\r') == all.len;
    return is_word && has_rest && is_one_line;
}

/* IPython takes the prompts of a pasted session off its lines. */
static bool has_prompt(const struct sp_lexer *lx)
{
    struct sp_slice all = sp_slice_make(lx->ptr, lx->len);
    return sp_slice_starts(all, ">>>") || sp_slice_starts(all, "In [");
}

static bool is_for_ipython(const struct sp_syntax *sx)
{
    const struct sp_lexer *lx = sx->lx;
    return lx->mode == SP_PYTHON_CELL && (sx->is_lenient || asks_for_help(lx, sx->token->start) ||
                                          is_command(lx) || has_prompt(lx));
}

/* The rest of the line is not judged; its tokens are still read for facts. */
static bool skip(struct sp_syntax *sx, unsigned class)
{
    if (class != CLASS_NEWLINE) {
        return class != CLASS_END || end_source(sx);
    }
    sx->special = 0;
    sx->fault = SP_PYTHON_FINE;
    sx->late = SP_PYTHON_FINE;
    sx->has_await = false;
    sx->top = sx->levels;
    return syntax_line(sx, class);
}

/* ---- faults ---- */

/* Faults of CPython's tokenizer itself; the lexer's others are found by its parser. */
static const bool is_of_tokenizer[SP_PYTHON_FAULT_COUNT] = {
    [SP_PYTHON_STRING_OPEN] = true,
    [SP_PYTHON_TRIPLE_OPEN] = true,
    [SP_PYTHON_BRACKET_DEPTH] = true,
    [SP_PYTHON_BRACKET_UNMATCHED] = true,
    [SP_PYTHON_BRACKET_MISMATCH] = true,
    [SP_PYTHON_DECIMAL] = true,
    [SP_PYTHON_HEXADECIMAL] = true,
    [SP_PYTHON_OCTAL] = true,
    [SP_PYTHON_BINARY] = true,
    [SP_PYTHON_IMAGINARY] = true,
    [SP_PYTHON_ZEROS] = true,
};

static bool is_from_tokenizer(const struct sp_lexer *lx, uint32_t line)
{
    if (lx->fault == SP_PYTHON_BRACKET_OPEN) {
        return line > lx->fault_line;
    }
    if (lx->fault == SP_PYTHON_CHARACTER) {
        return lx->ptr[lx->fault_at] >= 0x80;
    }
    return is_of_tokenizer[lx->fault] ||
           (lx->family != SP_PYTHON_311 && lx->fault >= SP_PYTHON_FSTRING_OPEN &&
            lx->fault <= SP_PYTHON_FSTRING_EMPTY);
}

/* Reads on behind a fault of the parser: one of the tokenizer comes first in what CPython reports. */
static bool find_later_fault(struct sp_lexer *lx, uint32_t line)
{
    struct sp_py_token token = {0};
    lx->is_flat = lx->family == SP_PYTHON_311;
    if (lx->is_flat && lx->fstrings > 0) {
        return false;
    }
    while (sp_lexer_next(lx, &token) == SP_OK && token.kind != SP_TOKEN_END) {
    }
    return lx->fault != SP_PYTHON_FINE && is_from_tokenizer(lx, line);
}

static enum sp_err refuse(struct sp_syntax *sx)
{
    struct sp_lexer *lx = sx->lx;
    bool is_plain = sx->fault == SP_PYTHON_FINE;
    enum sp_python_fault fault = is_plain ? SP_PYTHON_SYNTAX : sx->fault;
    uint32_t at = is_plain ? syntax_here(sx) : sx->fault_at;
    if (sx->deferred != fault && find_later_fault(lx, sx->token->line)) {
        return sp_python_fault_err(lx->fault);
    }
    return sp_lexer_fault(lx, fault, at);
}

/* A token that does not fit: IPython may know better. */
static enum sp_err take_misfit(struct sp_syntax *sx, unsigned class)
{
    if (!is_for_ipython(sx)) {
        return refuse(sx);
    }
    if (has_prompt(sx->lx)) {
        sx->special = SPECIAL_OFF;
        return SP_OK;
    }
    sx->special = SPECIAL_SKIP;
    return class != CLASS_NEWLINE || skip(sx, class) ? SP_OK : refuse(sx);
}

static SP_NOINLINE enum sp_err take_closely(struct sp_syntax *sx, unsigned class)
{
    if ((sx->special & SPECIAL_OFF) != 0) {
        return SP_OK;
    }
    bool fits = (sx->special & SPECIAL_SKIP) != 0 ? skip(sx, class) : take_special(sx, class);
    return fits ? SP_OK : take_misfit(sx, class);
}

/* Indentation, the end, and operators of which one is none. */
static const bool needs_closer_look[CLASS_COUNT] = {
    [CLASS_INDENT] = true, [CLASS_DEDENT] = true, [CLASS_END] = true, [CLASS_COMPARE] = true};

SP_NOINLINE enum sp_err syntax_take_closely(struct sp_syntax *sx, unsigned class)
{
    if (sx->special != 0 || needs_closer_look[class]) {
        return take_closely(sx, class);
    }
    return take_expression(sx, syntax_top(sx), class) ? SP_OK : take_misfit(sx, class);
}
