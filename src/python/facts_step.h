/*
 * facts_step - the steps that the files of facts take together; nobody else includes this.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 * The shortest ones, which nearly every token takes, are here for a compiler to see through.
 */
#ifndef SP_PYTHON_FACTS_STEP_H
#define SP_PYTHON_FACTS_STEP_H

#include "python/facts_find.h"

/* Makes room for at least `count` more items of a list; SP_ERR_FULL when the budget is used up. */
enum sp_err sp_facts_more(struct sp_facts *f, enum facts_list list, uint32_t count)
    SP_MUST_CHECK SP_NONNULL(1);
/* Takes bytes from the budget, for what is no list. */
enum sp_err sp_facts_spend(struct sp_facts *f, size_t bytes) SP_MUST_CHECK SP_NONNULL(1);
/* Takes back all room at the begin of a scan. */
void sp_facts_empty(struct sp_facts *f, size_t source_len) SP_NONNULL(1);

/* Symbols: the names of the source, each kept once. */
enum sp_err sp_facts_symbols_start(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_facts_intern(struct sp_facts *f, const struct sp_py_token *token, uint32_t *out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* Reserved words, written once; and the table before the first name of a source. */
void sp_facts_put_words(struct sp_facts *f) SP_NONNULL(1);
enum sp_err sp_facts_bind(struct sp_facts *f, struct facts_binding binding)
    SP_MUST_CHECK SP_NONNULL(1);
static inline enum sp_err sp_facts_put_segment(struct sp_facts *f, uint32_t symbol)
{
    if (f->segment_count == f->segment_max) {
        SP_TRY(sp_facts_more(f, FACTS_SEGMENTS, 1));
    }
    f->segments[f->segment_count] = symbol;
    f->segment_count++;
    return SP_OK;
}

static inline struct sp_span sp_facts_span(const struct sp_py_token *token)
{
    return (struct sp_span){.start = token->start, .end = token->end};
}

/* Where the names of a reference stand in f->segments, but for a lone name. */
static inline uint32_t sp_facts_path_at(const struct sp_ref *ref)
{
    return ref->path_at + (ref->root == SP_ROOT_CALL ? 1U : 0U);
}

static inline bool sp_facts_is_lone(const struct sp_ref *ref)
{
    return ref->root == SP_ROOT_NAME && ref->count == 1;
}

/* The symbol that a reference begins with; it has one. */
static inline uint32_t sp_facts_first(const struct sp_facts *f, const struct sp_ref *ref)
{
    return sp_facts_is_lone(ref) ? ref->path_at : f->segments[sp_facts_path_at(ref)];
}

/* Goes over all tokens; and the same without short ways. */
enum sp_err sp_facts_walk(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_facts_walk_closely(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);

/* sp_facts_scan by the latter, which tests compare it with. */
enum sp_err sp_facts_scan_closely(struct sp_facts *f, struct sp_slice source,
                                  enum sp_python_family family, enum sp_python_mode mode)
    SP_MUST_CHECK SP_NONNULL(1);

/* Reads the next token into f->token. */
enum sp_err sp_facts_next(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);

/* An import statement whose keyword is the current token; leaves the token behind it as the current one. */
enum sp_err sp_facts_import(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_facts_import_from(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);

/* Chains: begin one at the current name, at what the last token closed, at the call that it closed; go on with an
   attribute; end one before the current token. */
enum sp_err sp_facts_chain_attribute(struct sp_facts *f, uint32_t symbol)
    SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_facts_chain_dot(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_facts_chain_result(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_facts_chain_close(struct sp_facts *f, uint8_t op) SP_MUST_CHECK SP_NONNULL(1);
void sp_facts_level_around(struct sp_facts *f) SP_NONNULL(1);

/* The flags of a name where it may be bound, see sp_facts_chain_name. */
uint8_t sp_facts_bind_name(struct sp_facts *f, uint32_t symbol) SP_NONNULL(1);
/* A name that begins an argument, or a statement. */
void sp_facts_begin_name(struct sp_facts *f, uint32_t symbol) SP_NONNULL(1);

/* Begins a chain at the name that is the current token. */
static inline enum sp_err sp_facts_chain_name(struct sp_facts *f, uint32_t symbol)
{
    const struct facts_level *level = f->now;
    unsigned last = f->last.flags;
    uint8_t flags = (uint8_t)(last & LAST_IN_NAME);
    if (f->ref_count == f->ref_max) {
        SP_TRY(sp_facts_more(f, FACTS_REFS, 1));
    }
    if (f->statement.binds_next || f->statement.for_open || level->is_params ||
        level->is_lambda_head) {
        flags |= sp_facts_bind_name(f, symbol);
    }
    f->refs[f->ref_count] = (struct sp_ref){.place = sp_facts_span(&f->token),
                                            .path_at = symbol,
                                            .count = 1,
                                            .root = SP_ROOT_NAME,
                                            .flags = flags};
    f->open = OPEN_CHAIN;
    if ((last & (LAST_ARGUMENT | LAST_STATEMENT)) != 0) {
        sp_facts_begin_name(f, symbol);
    }
    return SP_OK;
}

/* Assignments: the last reference becomes the target of the value that follows. */
enum sp_err sp_facts_assign(struct sp_facts *f, uint32_t ref) SP_MUST_CHECK SP_NONNULL(1);

static inline bool sp_facts_at_op(const struct sp_facts *f, uint8_t op)
{
    return f->token.kind == SP_TOKEN_OP && f->token.op == op;
}

/* Constants. */
enum sp_err sp_facts_const_string(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_facts_const_text(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_facts_const_close(struct sp_facts *f, uint8_t op) SP_MUST_CHECK SP_NONNULL(1);

/* The end of what is being read: the current token, the operator `op` or 0, does not go on with it. */
static inline enum sp_err sp_facts_end(struct sp_facts *f, uint8_t op)
{
    if (f->open == 0) {
        return SP_OK;
    }
    if ((f->open & OPEN_CHAIN) == 0) {
        return sp_facts_const_close(f, op);
    }
    if (op == '(') {
        f->refs[f->ref_count].flags |= SP_REF_CALLED;
        f->open = 0;
        f->ref_count++;
        return SP_OK;
    }
    return sp_facts_chain_close(f, op);
}

/* Forgets the statement before. */
void sp_facts_statement(struct sp_facts *f) SP_NONNULL(1);

/* Tokens that are the same wherever they stand: an operator, a reserved word, a line end or what indentation means. */
enum sp_err sp_facts_operator(struct sp_facts *f, uint8_t op) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_facts_keyword(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_facts_line(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
void sp_facts_layout(struct sp_facts *f) SP_NONNULL(1); /* ... directly behind a line end */
/* Literals, the parts of f-strings, magics; a number alone. */
enum sp_err sp_facts_operand(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
void sp_facts_number(struct sp_facts *f) SP_NONNULL(1);

/* Nothing is known at a depth of brackets. */
static inline void sp_facts_clear(struct facts_level *level)
{
    level->is_params = false;
    level->is_lambda_head = false;
    level->has_lambda = false;
    level->has_comma = false;
    level->is_lost = false;
    level->may_fold = false;
    level->call = SP_FACTS_NONE;
    level->arg = 0;
    level->used_from = 0;
    level->used_to = 0;
    level->target_count = 0;
    level->group_least = 0;
}

/* Arguments of calls that are made of constants: noted where they begin and end, worked out when all is read. */
static inline bool sp_facts_begins_argument(const struct sp_facts *f)
{
    return (f->last.flags & LAST_ARGUMENT) != 0;
}
void sp_facts_argument_begin(struct sp_facts *f) SP_NONNULL(1);
void sp_facts_argument_close(struct sp_facts *f) SP_NONNULL(1);

static inline void sp_facts_argument_end(struct sp_facts *f)
{
    if (f->now->may_fold) {
        sp_facts_argument_close(f);
    }
}
enum sp_err sp_facts_fold_all(struct sp_facts *f) SP_MUST_CHECK SP_NONNULL(1);
void sp_facts_forgive_getter(struct sp_facts *f, const struct sp_call *call) SP_NONNULL(1, 2);

/* Works out what aliases of aliases mean; marks symbols that stem from imports. */
void sp_facts_settle(struct sp_facts *f) SP_NONNULL(1);

#endif
