#include "python/scopes_inner.h"

/* Places that bind names: targets, parameters, loops in brackets. */

/* ---- lists of parameters ---- */

void scope_open_list(struct scope_list *list, uint32_t depth)
{
    *list = (struct scope_list){.is_open = true, .expects = true, .depth = depth};
}

void scope_take_in_list(const struct scope_walk *w, struct scope_list *list)
{
    if (!list->is_open || w->depth != list->depth) {
        return;
    }
    if (at_op(w, ',')) {
        list->expects = true;
        return;
    }
    if (list->expects && (at_op(w, '*') || at_op(w, SP_OP_POWER))) {
        return;
    }
    if (list->expects && w->token.kind == SP_TOKEN_NAME && w->token.op == SP_WORD_PLAIN) {
        list->binds = list->binds || is_name(w);
    }
    list->expects = false;
}

/* ---- lambdas: the one that was begun last ---- */

static bool goes_on_in_lambda(const struct scope_walk *w)
{
    static const uint8_t ends[] = {',', ':', ';', '=', '!', SP_OP_WALRUS, SP_OP_AUGMENTED};
    if (w->token.kind == SP_TOKEN_NAME) {
        switch (w->token.op) {
        case SP_WORD_PLAIN:
        case SP_WORD_AND:
        case SP_WORD_OR:
        case SP_WORD_NOT:
        case SP_WORD_IN:
        case SP_WORD_IS:
        case SP_WORD_IF:
        case SP_WORD_ELSE:
        case SP_WORD_NONE:
        case SP_WORD_TRUE:
        case SP_WORD_FALSE:
            return true;
        default:
            return false;
        }
    }
    for (size_t i = 0; i < sizeof(ends) && w->token.kind == SP_TOKEN_OP; i++) {
        if (w->token.op == ends[i]) {
            return false;
        }
    }
    return w->token.kind != SP_TOKEN_NEWLINE && w->token.kind != SP_TOKEN_END;
}

void scope_take_in_lambda(struct scope_walk *w)
{
    struct scope_list *list = &w->lambda;
    if (at_word(w, SP_WORD_LAMBDA)) {
        /* One in the head of another one: its commas are not those of the first. */
        w->is_lambda_lost = w->is_lambda_lost || list->is_open;
        w->has_lambda = w->has_lambda || w->depth == 0;
        w->in_lambda = false;
        scope_open_list(list, w->depth);
        return;
    }
    if (list->is_open && w->depth == list->depth && at_op(w, ':')) {
        list->is_open = false;
        w->in_lambda = !w->is_lambda_lost;
        return;
    }
    if (list->is_open) {
        scope_take_in_list(w, list);
    } else if (w->in_lambda &&
               (w->depth < list->depth || (w->depth == list->depth && !goes_on_in_lambda(w)))) {
        w->in_lambda = false;
    }
}

/* ---- loops in brackets ---- */

void scope_take_loop(struct scope_walk *w)
{
    struct scope_bracket *b = &w->brackets[w->depth];
    if (w->depth == 0 || w->token.kind != SP_TOKEN_NAME) {
        return;
    }
    if (w->token.op == SP_WORD_FOR) {
        b->loop = b->loop == LOOP_NONE ? LOOP_FIRST_TARGET : LOOP_LATER_TARGET;
    } else if (w->token.op == SP_WORD_IN && b->loop == LOOP_FIRST_TARGET) {
        b->loop = LOOP_FIRST;
    } else if (w->token.op == SP_WORD_IN && b->loop == LOOP_LATER_TARGET) {
        b->loop = LOOP_LATER;
    } else if (b->loop == LOOP_FIRST &&
               (w->token.op == SP_WORD_IF || w->token.op == SP_WORD_ASYNC)) {
        b->loop = LOOP_LATER;
    }
}

/* ---- the name ---- */

void scope_bind(struct scope_walk *w)
{
    if (w->scopes[w->scope].kind == SCOPE_FUNCTION) {
        w->scopes[w->scope].binds = true;
    }
    w->binds = true;
}

static bool is_loop_target(const struct scope_walk *w)
{
    bool follows = w->hit_word == SP_WORD_FOR || w->hit_op == ',';
    return follows && (at_op(w, ',') || at_word(w, SP_WORD_IN));
}

static void judge_in_bracket(struct scope_walk *w)
{
    struct scope_bracket *b = &w->brackets[w->depth];
    bool in_target = b->loop == LOOP_FIRST_TARGET || b->loop == LOOP_LATER_TARGET;
    b->binds = b->binds || (in_target && is_loop_target(w));
}

static void judge_import(struct scope_walk *w)
{
    bool follows = w->hit_word == SP_WORD_IMPORT || w->hit_word == SP_WORD_AS || w->hit_op == ',' ||
                   w->hit_op == '(';
    if (follows && !at_word(w, SP_WORD_AS) && !at_op(w, '.')) {
        scope_bind(w);
    }
}

static void judge_plain(struct scope_walk *w)
{
    bool ends = at_op(w, '=');
    bool follows = w->hit_starts || w->hit_op == ',' || w->hit_op == '*' || w->hit_op == '=';
    if (w->has_lambda || w->has_colon || w->depth > 0) {
        return;
    }
    if (ends && follows) {
        scope_bind(w);
    } else if (w->hit_starts && at_op(w, ':')) {
        /* `name: int` makes a name local; a value need not come. */
        w->scopes[w->scope].binds = w->scopes[w->scope].kind == SCOPE_FUNCTION;
    } else if (follows && at_op(w, ',')) {
        w->has_target = true;
    }
}

static void judge_keyword(struct scope_walk *w)
{
    bool is_target = w->depth == 0 && !w->has_in && !w->has_colon && is_loop_target(w);
    switch (w->first) {
    case SP_WORD_IMPORT:
    case SP_WORD_FROM:
        judge_import(w);
        break;
    case SP_WORD_GLOBAL:
        w->scopes[w->scope].is_global = w->scope > 0;
        break;
    case SP_WORD_NONLOCAL:
        w->scopes[w->scope].is_nonlocal = w->scope > 0;
        break;
    case SP_WORD_FOR:
        if (is_target) {
            scope_bind(w);
            w->binds_body = w->scope == 0;
            w->binds = false; /* there may be nothing to loop over */
        }
        break;
    case SP_WORD_WITH:
        if (w->depth == 0 && w->hit_word == SP_WORD_AS && (at_op(w, ',') || at_op(w, ':'))) {
            scope_bind(w);
            w->binds_body = w->scope == 0;
            w->binds = false; /* __exit__ may have hidden a fault */
        }
        break;
    default:
        break;
    }
}

void scope_judge_hit(struct scope_walk *w)
{
    w->is_hit = false;
    if (w->hit_word == SP_WORD_DEF || w->hit_word == SP_WORD_CLASS) {
        w->is_named = true;
        if (w->scopes[w->scope].kind == SCOPE_FUNCTION) {
            w->scopes[w->scope].binds = true;
        }
    } else if (w->first == SP_WORD_EXCEPT && w->hit_word == SP_WORD_AS) {
        w->is_module_lost = true; /* behind the block it is gone */
        w->scopes[w->scope].binds =
            w->scopes[w->scope].binds || w->scopes[w->scope].kind == SCOPE_FUNCTION;
    } else if (w->depth > 0 && w->first != SP_WORD_FROM) {
        judge_in_bracket(w);
    } else if (w->is_plain) {
        judge_plain(w);
    } else {
        judge_keyword(w);
    }
}
