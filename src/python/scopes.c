#include "python/scopes.h"

#include "base/num.h"
#include "python/scopes_inner.h"

/* ---- bindings ---- */

/* What holds from its block on, at the module's level. */
static void hold(struct scope_walk *w, uint32_t block)
{
    if (w->scope == 0 && !w->is_sure) {
        w->is_sure = true;
        w->sure_block = block;
    }
}

static void await(struct scope_walk *w)
{
    if (w->scope == 0 && !w->in_body && !w->is_awaited) {
        w->is_awaited = true;
        w->awaited_block = w->blocks[w->block];
    }
}

/* ---- headers of functions and classes ---- */

static void take_in_header(struct scope_walk *w)
{
    if (!w->opens) {
        return;
    }
    if (w->first == SP_WORD_DEF && !w->has_params && w->depth == 1 && at_op(w, '(')) {
        w->has_params = true;
        scope_open_list(&w->params, 1);
        return;
    }
    if (w->params.is_open && w->depth == 0) {
        w->params.is_open = false;
    }
    /* A lambda among the defaults has commas of its own. */
    w->is_lost = w->is_lost || (at_word(w, SP_WORD_LAMBDA) && w->depth <= 1);
    scope_take_in_list(w, &w->params);
}

static void open_scope(struct scope_walk *w)
{
    if (w->scope + 1 == SCOPES_MAX) {
        w->is_lost = true;
        return;
    }
    w->scope++;
    w->scopes[w->scope] = (struct scope){
        .kind = w->first == SP_WORD_CLASS ? SCOPE_CLASS : SCOPE_FUNCTION,
        .binds = w->params.binds,
        .is_line = true, /* until an indent says otherwise */
        .block = w->block,
    };
    w->params = (struct scope_list){.is_open = false};
    w->opens = false;
}

/* The use that is still open goes to the scope around, unless this one says what it is. */
static void close_scope(struct scope_walk *w)
{
    const struct scope *s = &w->scopes[w->scope];
    if (w->use == USE_PENDING && w->use_scope == w->scope) {
        bool is_own = s->kind == SCOPE_FUNCTION && s->binds && !s->is_global && !s->is_nonlocal;
        if (is_own) {
            w->use = USE_OWN;
        }
        /* A name that the body of a class binds is looked for in the module next, not in the functions around. */
        bool is_skipping = s->is_global || (s->kind == SCOPE_CLASS && w->is_use_direct);
        w->use_scope = is_skipping ? 0 : w->use_scope - 1;
        w->is_use_direct = false;
    }
    w->scope--;
}

/* ---- blocks ---- */

static void on_indent(struct scope_walk *w)
{
    if (w->block + 1 >= BLOCKS_MAX) {
        w->is_lost = true;
        return;
    }
    w->block++;
    w->block_numbers++;
    w->blocks[w->block] = w->block_numbers;
    struct scope *s = &w->scopes[w->scope];
    if (s->is_line) {
        s->is_line = false;
        s->block = w->block;
    } else if (w->binds_body) {
        hold(w, w->blocks[w->block]);
    }
    w->binds_body = false;
}

static void on_dedent(struct scope_walk *w)
{
    if (w->block == 0) {
        return;
    }
    if (w->scope > 0 && w->scopes[w->scope].block == w->block) {
        close_scope(w);
    }
    if (w->is_sure && w->blocks[w->block] == w->sure_block) {
        w->is_sure = false;
    }
    if (w->is_awaited && w->blocks[w->block] == w->awaited_block) {
        w->is_awaited = false;
    }
    w->block--;
}

/* ---- brackets ---- */

static void open_bracket(struct scope_walk *w)
{
    if (w->depth == SP_PYTHON_BRACKETS_MAX) {
        w->is_lost = true;
        return;
    }
    w->depth++;
    w->brackets[w->depth] = (struct scope_bracket){.at = w->token.start};
}

static void close_bracket(struct scope_walk *w)
{
    if (w->depth == 0) {
        return;
    }
    const struct scope_bracket *b = &w->brackets[w->depth];
    if (w->use == USE_PENDING && b->binds && w->use_at > b->at && !b->is_outside) {
        w->use = USE_OWN;
    }
    w->depth--;
}

/* ---- names ---- */

static void note_use(struct scope_walk *w)
{
    w->use = w->in_lambda && w->lambda.binds ? USE_OWN : USE_PENDING;
    w->use_scope = w->scope;
    for (uint32_t i = 1; i <= w->depth; i++) {
        w->brackets[i].is_outside = w->brackets[i].loop == LOOP_FIRST;
    }
    w->is_use_direct = true;
    w->is_use_sure = w->is_sure;
}

static bool is_view(struct sp_slice name)
{
    return sp_slice_is(name, "globals") || sp_slice_is(name, "locals") || sp_slice_is(name, "vars");
}

/*
 * Names that lead to the module's own dictionary, where a binding can be removed, or to code that does. One of the three
 * views says nothing of another: what the other would reach is what it reaches itself.
 */
static bool is_telling(const struct scope_walk *w)
{
    static const char *const names[] = {"__main__",    "exec",     "eval",     "get_ipython",
                                        "__delattr__", "delattr",  "__dict__", "__globals__",
                                        "f_globals",   "f_locals", "modules",  "__builtins__"};
    struct sp_slice text = sp_lexer_text(&w->lx, &w->token);
    /* `def exec(self)` is another one. */
    bool is_named = w->last_kind == SP_TOKEN_NAME && w->last_word == SP_WORD_DEF;
    if (!is_named && is_view(text) && !is_view(w->name)) {
        return true;
    }
    for (size_t i = 0; i < SP_COUNT(names) && !is_named; i++) {
        if (sp_slice_is(text, names[i]) && !sp_slice_equal(text, w->name)) {
            return true;
        }
    }
    return false;
}

static void on_word(struct scope_walk *w)
{
    uint8_t word = w->token.op;
    bool is_async = w->last_word == SP_WORD_ASYNC && w->first == SP_WORD_ASYNC;
    /* These begin a statement wherever they stand, also behind the colon of a header. */
    bool begins = word == SP_WORD_DEL || word == SP_WORD_GLOBAL || word == SP_WORD_NONLOCAL;
    if (begins || (w->depth == 0 && (w->is_start || is_async))) {
        w->first = word;
        w->is_plain = false;
        w->opens = word == SP_WORD_DEF || word == SP_WORD_CLASS;
        w->is_named = false;
        w->has_params = false;
    }
    w->has_in = w->has_in || (word == SP_WORD_IN && w->depth == 0);
}

static void on_plain(struct scope_walk *w)
{
    /* Another spelling may be the same name. */
    w->is_lost = w->is_lost || (w->token.flags & SP_TOKEN_NONASCII) != 0;
    w->is_module_lost =
        w->is_module_lost || is_telling(w) || (w->first == SP_WORD_DEL && is_name(w));
    bool is_attribute = w->last_kind == SP_TOKEN_OP && w->last_op == '.';
    if (w->token.start == w->use_at) {
        note_use(w);
    }
    if (is_attribute || !is_name(w)) {
        return;
    }
    w->is_hit = true;
    w->hit_starts = w->is_start;
    w->hit_op = w->last_kind == SP_TOKEN_OP ? w->last_op : 0;
    w->hit_word = w->last_kind == SP_TOKEN_NAME ? w->last_word : SP_WORD_PLAIN;
}

/* Lines for IPython may forget names. */
static void on_magic(struct scope_walk *w)
{
    struct sp_slice text = sp_lexer_text(&w->lx, &w->token);
    bool may_forget = sp_slice_search(text, 0, w->name) < text.len ||
                      sp_slice_search(text, 0, SP_SLICE_LITERAL("reset")) < text.len;
    w->is_module_lost = w->is_module_lost || may_forget;
}

/* ---- the walk ---- */

static void start_statement(struct scope_walk *w)
{
    w->is_start = true;
    w->is_plain = true;
    w->has_lambda = false;
    w->has_colon = false;
    w->has_target = false;
    w->has_in = false;
    w->binds = false;
    w->first = SP_WORD_PLAIN;
    w->lambda = (struct scope_list){.is_open = false};
    w->in_lambda = false;
    w->is_lambda_lost = false;
}

/* The binding that was waited for holds now. */
static void note_start(struct scope_walk *w)
{
    bool is_there =
        w->is_awaited && w->scope == 0 && !w->in_body && w->blocks[w->block] == w->awaited_block;
    if (is_there) {
        hold(w, w->awaited_block);
        w->is_awaited = false;
    }
}

static void on_op(struct scope_walk *w)
{
    if (at_op(w, '(') || at_op(w, '[') || at_op(w, '{')) {
        open_bracket(w);
    } else if (at_op(w, ')') || at_op(w, ']') || at_op(w, '}')) {
        close_bracket(w);
    } else if (at_op(w, '=') && w->depth == 0 && w->has_target && w->is_plain && !w->has_colon &&
               !w->has_lambda) {
        scope_bind(w);
    }
}

/* A colon that is no lambda's ends a header, or comes before an annotation. */
static void on_colon(struct scope_walk *w)
{
    if (w->opens) {
        if (w->is_named) {
            await(w);
        }
        open_scope(w);
    }
    w->has_colon = true;
    w->in_body = true;
}

static void end_statement(struct scope_walk *w)
{
    if (w->binds) {
        await(w);
    }
    start_statement(w);
}

static void end_line(struct scope_walk *w)
{
    bool is_header = w->last_kind == SP_TOKEN_OP && w->last_op == ':';
    end_statement(w);
    w->in_body = false;
    w->binds_body = w->binds_body && is_header;
    if (!is_header && w->scope > 0 && w->scopes[w->scope].is_line) {
        close_scope(w);
    }
}

static void step(struct scope_walk *w)
{
    uint8_t kind = w->token.kind;
    bool is_colon = at_op(w, ':') && w->depth == 0 && !w->lambda.is_open;
    if (w->is_start && kind != SP_TOKEN_NEWLINE) {
        note_start(w);
    }
    if (w->is_hit) {
        scope_judge_hit(w);
    }
    if (kind == SP_TOKEN_OP) {
        on_op(w);
    }
    scope_take_loop(w);
    scope_take_in_lambda(w);
    take_in_header(w);
    if (kind == SP_TOKEN_NAME && w->token.op != SP_WORD_PLAIN) {
        on_word(w);
    } else if (kind == SP_TOKEN_NAME) {
        on_plain(w);
    } else if (kind == SP_TOKEN_MAGIC) {
        on_magic(w);
    } else if (is_colon) {
        on_colon(w);
    }
    w->is_start = false;
}

static void walk(struct scope_walk *w)
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
        } else if (at_op(w, ';') && w->depth == 0) {
            end_statement(w);
        }
        w->last_kind = kind;
        w->last_op = kind == SP_TOKEN_OP ? w->token.op : 0;
        w->last_word = kind == SP_TOKEN_NAME ? w->token.op : SP_WORD_PLAIN;
        if (kind == SP_TOKEN_END) {
            return;
        }
    }
    w->is_lost = true;
}

/* ---- asking ---- */

bool sp_scopes_is_own(struct sp_facts *facts, const struct sp_ref *use)
{
    struct scope_walk w = {.use_at = use->place.start};
    if (use->root != SP_ROOT_NAME || facts->lx.mode == SP_PYTHON_FRAGMENT ||
        facts->names_left < facts->lx.len) {
        return false;
    }
    facts->names_left -= (uint32_t)facts->lx.len;
    w.name = sp_facts_segment(facts, use, 0);
    sp_lexer_init(&w.lx, sp_slice_make(facts->lx.ptr, facts->lx.len), facts->lx.family,
                  facts->lx.mode);
    start_statement(&w);
    walk(&w);
    bool is_module_own =
        w.use == USE_PENDING && w.use_scope == 0 && w.is_use_sure && !w.is_module_lost;
    return !w.is_lost && (w.use == USE_OWN || is_module_own);
}
