#include "python/names.h"

#include "base/num.h"
#include "python/facts_fold.h"

#define SCOPES_MAX 32u
#define BLOCKS_MAX (SP_PYTHON_INDENTS_MAX + 1u)

enum name_binding { BOUND_NOWHERE, BOUND_BY_ASSIGNMENT, BOUND_BY_FOR, BOUND_IN_COMPREHENSION };
enum name_taking {
    TAKES_NOTHING,
    TAKES_VALUE,
    AWAITS_DISPLAY,
    TAKES_ITEMS,
    AWAITS_BODY,
    AWAITS_LAMBDA,
};

struct name_scope {
    uint32_t number;
    uint32_t block; /* the depth of its body */
    bool is_class;
};

struct name_walk {
    struct sp_lexer lx;
    struct sp_py_token token;
    struct sp_slice name;
    uint32_t use_at;
    bool is_function; /* functions are looked for, not constants */
    bool has_mark;    /* a decorator stands in front of this statement */

    /* the statement */
    bool is_start;  /* nothing of it was seen */
    uint32_t first; /* enum sp_word of its first token */
    uint8_t first_op;
    bool is_soft;    /* it may be a `case` or a `type` */
    bool has_name;   /* the name stood in it */
    bool has_as;     /* `as` did */
    bool has_lambda; /* in one, whose body may run later */
    bool in_lambda;  /* between lambda and its colon */
    bool in_for;     /* between for and its in */
    bool in_body;    /* behind the colon of a header, on its line */
    bool opens;      /* it is a def or a class, whose body comes */
    uint32_t lambda_depth;
    uint32_t body_depth; /* of the outermost lambda whose body it is in */
    uint32_t for_depth;
    uint32_t depth; /* of brackets */
    uint32_t opened[SP_PYTHON_BRACKETS_MAX + 1u];

    /* the token before */
    uint8_t last_kind;
    uint8_t last_op;
    uint32_t last_word;
    bool last_is_operand;
    bool is_hit; /* it is the name; what stood before it: */
    bool hit_starts;
    uint32_t hit_word;
    bool hit_behind_mark;

    /* where it stands */
    struct name_scope scopes[SCOPES_MAX];
    uint32_t scope;
    uint32_t scope_numbers;
    uint32_t block;
    uint32_t block_numbers;
    uint32_t blocks[BLOCKS_MAX];

    /* the binding */
    enum name_binding binding;
    enum name_taking taking;
    uint32_t taken_depth;
    uint32_t taken_from;  /* tokens of the value begin here */
    uint32_t bound_scope; /* its number */
    uint32_t bound_block; /* its number */
    uint32_t bound_at;    /* where the value is taken */
    uint32_t bracket;     /* of a comprehension: where it opens */
    bool is_closed;       /* the block of the binding has ended */
    bool is_lost;
    bool is_used; /* the use was seen where the binding surely holds */
    unsigned count;
    struct sp_span items[SP_NAMES_VALUES_MAX];
};

static void lose(struct name_walk *w)
{
    w->is_lost = true;
}

static bool at_op(const struct name_walk *w, uint8_t op)
{
    return w->token.kind == SP_TOKEN_OP && w->token.op == op;
}

static bool at_word(const struct name_walk *w, uint32_t word)
{
    return w->token.kind == SP_TOKEN_NAME && w->token.op == word;
}

/* = += and the like, but no comparison. */
static bool assigns(const struct name_walk *w)
{
    struct sp_slice text = sp_lexer_text(&w->lx, &w->token);
    bool is_comparison = sp_slice_is(text, "==") || sp_slice_is(text, "!=") ||
                         sp_slice_is(text, "<=") || sp_slice_is(text, ">=");
    return w->token.kind == SP_TOKEN_OP && text.len > 0 && text.ptr[text.len - 1] == '=' &&
           !is_comparison;
}

/* ---- the value ---- */

static void take_item(struct name_walk *w, uint32_t end)
{
    struct sp_span *last = &w->items[w->count];
    if (w->count == SP_NAMES_VALUES_MAX) {
        lose(w);
        return;
    }
    if (end > last->start) {
        last->end = end;
        w->count++;
    }
}

static void begin_item(struct name_walk *w, uint32_t start)
{
    if (w->count < SP_NAMES_VALUES_MAX) {
        w->items[w->count] = (struct sp_span){.start = start, .end = start};
    }
}

/* `(` of `for name in ("a", "b")`. */
static void begin_display(struct name_walk *w)
{
    if (!at_op(w, '(') && !at_op(w, '[') && !at_op(w, '{')) {
        lose(w);
        return;
    }
    w->taking = TAKES_ITEMS;
    w->taken_depth = w->depth; /* the bracket was counted */
    begin_item(w, w->token.end);
}

/* What may follow the display, so that it is all that is looped over. */
static void end_display(struct name_walk *w)
{
    bool is_close = at_op(w, ')') || at_op(w, ']') || at_op(w, '}');
    bool goes_on =
        w->token.kind == SP_TOKEN_NAME &&
        (w->token.op == SP_WORD_IF || w->token.op == SP_WORD_FOR || w->token.op == SP_WORD_ASYNC);
    bool is_fine = w->binding == BOUND_BY_FOR ? at_op(w, ':') : is_close || goes_on;
    w->taking = TAKES_NOTHING;
    w->is_lost = w->is_lost || !is_fine;
}

static bool ends_statement(const struct name_walk *w)
{
    return w->token.kind == SP_TOKEN_NEWLINE || w->token.kind == SP_TOKEN_END ||
           (at_op(w, ';') && w->depth == 0);
}

static void take_value(struct name_walk *w)
{
    switch (w->taking) {
    case TAKES_VALUE:
        if (ends_statement(w)) {
            take_item(w, w->token.start);
            w->taking = TAKES_NOTHING;
            w->bound_at = w->token.start;
        } else if (w->depth == 0 && assigns(w)) {
            lose(w);
        }
        break;
    case AWAITS_DISPLAY:
        begin_display(w);
        break;
    case TAKES_ITEMS:
        if (at_op(w, ',') && w->depth == w->taken_depth) {
            take_item(w, w->token.start);
            begin_item(w, w->token.end);
        } else if (w->depth < w->taken_depth) {
            take_item(w, w->token.start);
            w->taking = AWAITS_BODY;
            w->bound_at = w->token.start;
        }
        break;
    case AWAITS_BODY:
        end_display(w);
        break;
    case AWAITS_LAMBDA:
        w->is_lost = w->is_lost || w->token.kind != SP_TOKEN_NAME || w->token.op != SP_WORD_LAMBDA;
        w->taking = TAKES_NOTHING;
        w->bound_at = w->token.start;
        break;
    case TAKES_NOTHING:
        break;
    }
}

static void bind(struct name_walk *w, enum name_binding binding, enum name_taking taking)
{
    bool is_maybe = w->in_body && binding == BOUND_BY_ASSIGNMENT;
    if (w->binding != BOUND_NOWHERE || w->scopes[w->scope].is_class || w->opens || is_maybe) {
        lose(w); /* a second one, or one that others do not see */
        return;
    }
    w->binding = binding;
    w->taking = taking;
    w->bound_at = UINT32_MAX;
    w->bound_scope = w->scopes[w->scope].number;
    w->bound_block = w->blocks[w->block];
    w->bracket = w->depth > 0 ? w->opened[w->depth] : 0;
    w->taken_from = w->token.end;
    begin_item(w, w->token.end);
}

/* A def of the name, or a lambda that is given to it; several in one scope are as good as one. */
static void bind_function(struct name_walk *w, enum name_taking taking)
{
    uint32_t scope = w->scopes[w->scope].number;
    bool is_again = w->binding != BOUND_NOWHERE;
    if (w->has_mark || w->scopes[w->scope].is_class || w->in_body ||
        (is_again && scope != w->bound_scope)) {
        lose(w);
        return;
    }
    if (!is_again) {
        w->binding = BOUND_BY_ASSIGNMENT;
        w->bound_at = w->token.start;
        w->bound_scope = scope;
        w->bound_block = w->blocks[w->block];
    }
    w->taking = taking;
    w->taken_from = w->token.end;
}

/* ---- occurrences ---- */

static bool binds_otherwise(const struct name_walk *w)
{
    switch (w->hit_word) {
    case SP_WORD_DEF:
    case SP_WORD_CLASS:
    case SP_WORD_AS:
    case SP_WORD_LAMBDA:
    case SP_WORD_FOR:
        return true;
    default:
        break;
    }
    switch (w->first) {
    case SP_WORD_IMPORT:
    case SP_WORD_FROM:
    case SP_WORD_GLOBAL:
    case SP_WORD_NONLOCAL:
    case SP_WORD_DEL:
        return true;
    default:
        return w->is_soft || w->in_lambda || w->in_for || (w->has_as && w->depth > 0) ||
               (w->opens && w->depth == 1 && w->hit_behind_mark);
    }
}

static void assign(struct name_walk *w)
{
    if (w->is_function) {
        bind_function(w, AWAITS_LAMBDA);
    } else {
        bind(w, BOUND_BY_ASSIGNMENT, TAKES_VALUE);
    }
}

/* The name stood just before this token. */
static void judge_hit(struct name_walk *w)
{
    bool is_assignment = w->hit_starts && w->depth == 0 && at_op(w, '=');
    bool is_for = w->hit_word == SP_WORD_FOR && at_word(w, SP_WORD_IN);
    w->is_hit = false;
    if (w->is_function && w->hit_word == SP_WORD_DEF) {
        bind_function(w, TAKES_NOTHING);
    } else if (is_assignment) {
        assign(w);
    } else if (is_for) {
        bind(w, w->depth == 0 ? BOUND_BY_FOR : BOUND_IN_COMPREHENSION, AWAITS_DISPLAY);
    } else if (binds_otherwise(w) || at_op(w, SP_OP_WALRUS) || (w->hit_starts && at_op(w, ':'))) {
        lose(w);
    } else {
        w->has_name = true;
    }
}

/* Whether the binding surely holds where the name is used. */
static bool holds_here(const struct name_walk *w)
{
    bool is_module = w->bound_scope == 0;
    bool is_open = false;
    if (w->binding == BOUND_IN_COMPREHENSION || w->binding == BOUND_NOWHERE ||
        w->token.start < w->bound_at) {
        return false;
    }
    for (uint32_t i = 0; i <= w->scope; i++) {
        is_open = is_open || w->scopes[i].number == w->bound_scope;
    }
    /* What is called when a function runs, a later run may have bound to something else. */
    bool is_later = w->is_function && (w->scope > 0 || w->has_lambda);
    return is_open && !(is_module && (w->is_closed || is_later));
}

static bool is_name(const struct name_walk *w)
{
    return sp_slice_equal(sp_lexer_text(&w->lx, &w->token), w->name);
}

static bool is_ascii(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

static void note_word(struct name_walk *w, uint32_t word)
{
    w->has_as = w->has_as || word == SP_WORD_AS;
    if (word == SP_WORD_LAMBDA) {
        w->is_lost = w->is_lost || w->in_lambda;
        w->in_lambda = true;
        w->body_depth = w->has_lambda ? w->body_depth : w->depth;
        w->has_lambda = true;
        w->lambda_depth = w->depth;
    } else if (word == SP_WORD_FOR) {
        w->is_lost = w->is_lost || w->in_for;
        w->in_for = true;
        w->for_depth = w->depth;
    } else if (word == SP_WORD_IN && w->depth == w->for_depth) {
        w->in_for = false;
    }
    if (w->depth == 0 && (w->is_start || w->last_word == SP_WORD_ASYNC)) {
        w->first = word;
        w->opens = word == SP_WORD_DEF || word == SP_WORD_CLASS;
    }
}

static void on_name(struct name_walk *w)
{
    struct sp_slice text = sp_lexer_text(&w->lx, &w->token);
    if (w->token.op != SP_WORD_PLAIN) {
        note_word(w, w->token.op);
        return;
    }
    bool is_attribute = w->last_kind == SP_TOKEN_OP && w->last_op == '.';
    if (w->is_start) {
        w->is_soft = sp_slice_is(text, "case") || sp_slice_is(text, "type");
    }
    if (!is_ascii(text) || sp_slice_is(text, "__main__")) {
        lose(w); /* it may be the name in other letters, or lead to all names */
    }
    if (is_attribute || !is_name(w)) {
        return;
    }
    w->is_hit = true;
    w->hit_starts = w->is_start;
    w->hit_word = w->last_word;
    w->hit_behind_mark = w->last_kind == SP_TOKEN_OP && !w->last_is_operand;
    if (w->token.start == w->use_at) {
        w->is_used = holds_here(w);
    }
}

/* ---- brackets, blocks, scopes ---- */

static void on_bracket(struct name_walk *w)
{
    if (at_op(w, '(') || at_op(w, '[') || at_op(w, '{')) {
        if (w->depth == SP_PYTHON_BRACKETS_MAX) {
            lose(w);
            return;
        }
        w->depth++;
        w->opened[w->depth] = w->token.start;
    } else if (w->depth > 0 && (at_op(w, ')') || at_op(w, ']') || at_op(w, '}'))) {
        bool is_own = w->binding == BOUND_IN_COMPREHENSION && w->opened[w->depth] == w->bracket;
        if (is_own && w->use_at > w->bracket && w->use_at < w->token.start) {
            w->is_used = true;
        }
        w->depth--;
    }
}

static void start_statement(struct name_walk *w)
{
    w->is_start = true;
    w->first = SP_WORD_PLAIN;
    w->is_soft = false;
    w->has_name = false;
    w->has_as = false;
    w->in_lambda = false;
    w->in_for = false;
}

static void on_indent(struct name_walk *w)
{
    if (w->block + 1 >= BLOCKS_MAX || (w->opens && w->scope + 1 >= SCOPES_MAX)) {
        lose(w);
        return;
    }
    w->block++;
    w->block_numbers++;
    w->blocks[w->block] = w->block_numbers;
    if (w->opens) {
        w->scope++;
        w->scope_numbers++;
        w->scopes[w->scope] = (struct name_scope){
            .number = w->scope_numbers, .block = w->block, .is_class = w->first == SP_WORD_CLASS};
    }
    w->opens = false;
    w->first = SP_WORD_PLAIN;
}

static void on_dedent(struct name_walk *w)
{
    if (w->block == 0) {
        return;
    }
    if (w->binding != BOUND_NOWHERE && w->blocks[w->block] == w->bound_block) {
        w->is_closed = true;
    }
    if (w->scopes[w->scope].block == w->block && w->scope > 0) {
        w->scope--;
    }
    w->block--;
}

/* An operator, also one behind the name. */
static void on_op(struct name_walk *w)
{
    on_bracket(w);
    if (!w->in_lambda &&
        (w->depth < w->body_depth || (at_op(w, ',') && w->depth == w->body_depth))) {
        w->has_lambda = false;
    }
    if (w->in_lambda && at_op(w, ':') && w->depth == w->lambda_depth) {
        w->in_lambda = false;
    } else if (at_op(w, ':') && w->depth == 0) {
        w->in_body = true;
    }
    bool is_target = w->has_name && w->depth == 0 && assigns(w);
    w->is_lost = w->is_lost || is_target;
}

/* A line for IPython may bind what it names. */
static void on_magic(struct name_walk *w)
{
    struct sp_slice text = sp_lexer_text(&w->lx, &w->token);
    w->is_lost = w->is_lost || sp_slice_search(text, 0, w->name) < text.len;
}

static bool is_line_kind(uint8_t kind)
{
    return kind == SP_TOKEN_NEWLINE || kind == SP_TOKEN_INDENT || kind == SP_TOKEN_DEDENT;
}

static void step(struct name_walk *w)
{
    uint8_t kind = w->token.kind;
    bool is_operand_before = w->last_is_operand;
    if (w->is_hit) {
        judge_hit(w);
    }
    if (w->is_start && !is_line_kind(kind)) {
        w->first_op = kind == SP_TOKEN_OP ? w->token.op : 0;
    }
    if (kind == SP_TOKEN_OP) {
        on_op(w);
    }
    if (kind == SP_TOKEN_NAME) {
        on_name(w);
    } else if (kind == SP_TOKEN_MAGIC) {
        on_magic(w);
    }
    if (w->token.start >= w->taken_from) {
        take_value(w);
    }
    w->last_is_operand = kind == SP_TOKEN_OP ? at_op(w, ')') || at_op(w, ']') || at_op(w, '}') ||
                                                   (is_operand_before && at_op(w, '*'))
                                             : true;
    w->is_start = false;
}

/* A body on the line of its header has no block of its own: what it binds is not followed. */
static void end_line(struct name_walk *w)
{
    bool is_header = w->opens && w->last_kind == SP_TOKEN_OP && w->last_op == ':';
    uint32_t first = w->first;
    w->has_mark = w->first_op == '@';
    w->has_lambda = false;
    start_statement(w);
    w->in_body = false;
    w->opens = is_header;
    w->first = is_header ? first : SP_WORD_PLAIN;
}

static void walk(struct name_walk *w)
{
    while (!w->is_lost && sp_lexer_next(&w->lx, &w->token) == SP_OK) {
        uint8_t kind = w->token.kind;
        if (kind == SP_TOKEN_INDENT) {
            on_indent(w);
        } else if (kind == SP_TOKEN_DEDENT) {
            on_dedent(w);
        } else {
            step(w);
        }
        if (kind == SP_TOKEN_NEWLINE) {
            end_line(w);
        } else if (w->depth == 0 && (at_op(w, ';') || (at_op(w, ':') && !w->opens))) {
            w->has_lambda = w->has_lambda && !at_op(w, ';');
            start_statement(w);
        }
        w->is_start = w->is_start || is_line_kind(kind);
        w->last_kind = kind;
        w->last_op = kind == SP_TOKEN_OP ? w->token.op : 0;
        w->last_word = kind == SP_TOKEN_NAME ? w->token.op : SP_WORD_PLAIN;
        if (kind == SP_TOKEN_END) {
            return;
        }
    }
}

/* ---- asking ---- */

static bool has_star(const struct sp_facts *f)
{
    size_t count = 0;
    const struct sp_import *imports = sp_facts_imports(f, &count);
    for (size_t i = 0; i < count; i++) {
        if (imports[i].is_star) {
            return true;
        }
    }
    return false;
}

static bool fold_items(struct sp_facts *f, const struct name_walk *w, struct sp_name_values *out)
{
    for (unsigned i = 0; i < w->count; i++) {
        if (sp_facts_fold(f, &w->items[i], &out->value[i]) != SP_OK) {
            return false;
        }
    }
    out->count = w->count;
    return w->count > 0;
}

/* Walks over the source; false when nothing can be said of the name where it is used. */
static bool follow(struct sp_facts *facts, const struct sp_ref *use, struct name_walk *w)
{
    if (use->root != SP_ROOT_NAME || use->count != 1 || has_star(facts) ||
        facts->lx.mode == SP_PYTHON_FRAGMENT || facts->names_left < facts->lx.len) {
        return false;
    }
    facts->names_left -= (uint32_t)facts->lx.len;
    w->use_at = use->place.start;
    w->is_start = true;
    w->name = sp_facts_segment(facts, use, 0);
    sp_lexer_init(&w->lx, sp_slice_make(facts->lx.ptr, facts->lx.len), facts->lx.family,
                  facts->lx.mode);
    walk(w);
    return !w->is_lost && w->binding != BOUND_NOWHERE && w->taking == TAKES_NOTHING && w->is_used &&
           is_ascii(w->name);
}

bool sp_names_values(struct sp_facts *facts, const struct sp_ref *use, struct sp_name_values *out)
{
    struct name_walk w = {.is_function = false};
    out->count = 0;
    return follow(facts, use, &w) && fold_items(facts, &w, out);
}

bool sp_names_is_function(struct sp_facts *facts, const struct sp_ref *use)
{
    struct name_walk w = {.is_function = true};
    return follow(facts, use, &w);
}

bool sp_names_constant(struct sp_facts *facts, const struct sp_span *span, struct sp_const *out)
{
    return sp_facts_fold(facts, span, out) == SP_OK;
}
