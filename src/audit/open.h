/*
 * open - intents that have no outcome yet, found again by their exchange.
 *
 * Runs in: audit, commands.   Input: entries of the log.   Allocates: one row an open intent.
 */
#ifndef SP_AUDIT_OPEN_H
#define SP_AUDIT_OPEN_H

#include "base/err.h"
#include "wire/exchange.h"

struct sp_open_set;

enum sp_err sp_open_set_new(struct sp_open_set **out) SP_MUST_CHECK SP_NONNULL(1);
void sp_open_set_free(struct sp_open_set *set);

/* SP_ERR_DUPLICATE when this exchange is open already. */
enum sp_err sp_open_set_add(struct sp_open_set *set, sp_exchange exchange, uint64_t index)
    SP_MUST_CHECK SP_NONNULL(1);

/* Takes one out; SP_ERR_NOT_FOUND when it is not open. */
enum sp_err sp_open_set_take(struct sp_open_set *set, sp_exchange exchange, uint64_t *out_index)
    SP_MUST_CHECK SP_NONNULL(1, 3);

size_t sp_open_set_count(const struct sp_open_set *set) SP_NONNULL(1);

/* Takes out the one with the lowest index; SP_ERR_NOT_FOUND when none is left. */
enum sp_err sp_open_set_take_first(struct sp_open_set *set, sp_exchange *out_exchange,
                                   uint64_t *out_index) SP_MUST_CHECK SP_NONNULL(1, 2, 3);

#endif
