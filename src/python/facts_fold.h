/*
 * facts_fold - what the files of folding share; nobody else includes this.
 *
 * Runs in: inspect, and the command line.   Input: hostile.   Allocates: never.
 */
#ifndef SP_PYTHON_FACTS_FOLD_H
#define SP_PYTHON_FACTS_FOLD_H

#include "python/facts_step.h"

#define FOLD_DEPTH_MAX   16u
#define FOLD_ITEMS_MAX   64u
#define FOLD_NUMBER_MAX  ((int64_t)1000000)
#define FOLD_PATTERN_MAX 16u /* of replace: the search costs that many steps a byte */

enum value_kind { VALUE_TEXT, VALUE_BYTES, VALUE_NUMBER };

/* A text is the newest part of the room: it begins where the room ended before it was worked out. */
struct value {
    enum value_kind kind;
    uint32_t at;
    uint32_t len;
    int64_t number;
};

/* Texts side by side at the end of the room. */
struct items {
    unsigned count;
    uint32_t at;
    uint32_t len[FOLD_ITEMS_MAX];
};

struct fold {
    struct sp_facts *f;
    struct sp_lexer *lx; /* its room is the caller's */
    struct sp_py_token token;
    uint32_t used; /* of f->fold_room */
    unsigned depth;
    bool is_guess; /* a name took part that the program may have bound to something else */
};

/* Works out one argument. */
enum sp_err sp_facts_fold(struct sp_facts *f, const struct sp_span *span, struct sp_const *out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* The decoded text of one literal; `out` has room for SP_FACTS_CONST_BYTES_MAX. */
enum sp_err sp_facts_literal(const struct sp_lexer *lx, const struct sp_py_token *token,
                             uint8_t *out, size_t *out_len) SP_MUST_CHECK SP_NONNULL(1, 2, 3, 4);

/* A lexer for a part of an expression. It starts inside a bracket, so that line ends are space; the open bracket is
   then all that it can complain of at the end. */
void sp_facts_lexer_inside(struct sp_lexer *lx, struct sp_slice span, enum sp_python_family family)
    SP_NONNULL(1);

/* Tokens. At the end of the argument its kind is SP_TOKEN_END. */
enum sp_err fold_next(struct fold *o) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err fold_take_op(struct fold *o, uint8_t op) SP_MUST_CHECK SP_NONNULL(1);
bool fold_at_name(const struct fold *o, const char *name) SP_NONNULL(1, 2);

static inline bool fold_at_op(const struct fold *o, uint8_t op)
{
    return o->token.kind == SP_TOKEN_OP && o->token.op == op;
}

/* What a scan may spend in all, so that its time stays in proportion to the source. */
enum sp_err fold_spend(struct fold *o, uint32_t work) SP_MUST_CHECK SP_NONNULL(1);

/* Adds to the room, which costs a step a byte. */
enum sp_err fold_put(struct fold *o, uint8_t byte) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err fold_put_part(struct fold *o, uint32_t at, uint32_t len) SP_MUST_CHECK SP_NONNULL(1);

/* The newest part of the room, from `from` on, takes the place of all behind `v->at`. */
enum sp_err fold_settle(struct fold *o, struct value *v, uint32_t from)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* An expression: sums of terms. */
enum sp_err fold_sum(struct fold *o, struct value *out) SP_MUST_CHECK SP_NONNULL(1, 2);

/* Constants of one kind, with commas between them, up to a bracket, which is taken. */
enum sp_err fold_take_items(struct fold *o, enum value_kind kind, uint8_t close, struct items *out)
    SP_MUST_CHECK SP_NONNULL(1, 4);

/* Behind the dot of `text.name(...)`, behind the bracket of `text[...]`, and behind `text % ...`. */
enum sp_err fold_method(struct fold *o, struct value *v) SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err fold_slice(struct fold *o, struct value *v) SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err fold_percent(struct fold *o, struct value *v, const struct items *items)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

#endif
