/*
 * still - runs whose end nobody knows, and that may go on until their time is over.
 *
 * Runs in: audit.   Input: entries of its own log.   Allocates: a row each, bounded.
 * Their intents count as open when the log notes how far back the next start has to read, so that no start forgets one.
 */
#ifndef SP_AUDIT_STILL_H
#define SP_AUDIT_STILL_H

#include "audit/record.h"
#include "wire/msg.h"

#define SP_STILL_MAX (4 * SP_EXCHANGE_SLOTS)

struct sp_still_run {
    uint64_t intent;   /* index of its entry, which no other run has */
    uint64_t until_us; /* wall clock */
    sp_exchange exchange;
    char tenant[SP_MSG_NAME_MAX + 1];
    char principal[SP_MSG_NAME_MAX + 1];
};

struct sp_still;

enum sp_err sp_still_new(struct sp_still **out) SP_MUST_CHECK SP_NONNULL(1);
void sp_still_free(struct sp_still *still);

/* SP_ERR_FULL past the bound: from then on sp_still_is_whole says no. An intent that is there is taken anew. */
enum sp_err sp_still_add(struct sp_still *still, const struct sp_still_run *run)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/*
 * What a start reads in the log, entry by entry: the intent of a run is taken in, and goes again with an outcome that is
 * known. What is left are those without an outcome and those whose outcome is unknown.
 */
enum sp_err sp_still_note(struct sp_still *still, struct sp_slice line,
                          const struct sp_record_glance *glance) SP_MUST_CHECK SP_NONNULL(1, 3);

/* Whether an operation of this name (NULL: none) is a run. */
bool sp_still_is_run(const char *operation);

/* How long a run may take in all, with the way to the pool and back: `run_ms` 0 is the longest. */
uint64_t sp_still_time_us(uint64_t run_ms);

/* Lets those go whose time is over. */
void sp_still_expire(struct sp_still *still, uint64_t wall_us) SP_NONNULL(1);

/* The lowest index of their intents, UINT64_MAX when there is none; how many; whether none was left out. */
uint64_t sp_still_oldest(const struct sp_still *still) SP_NONNULL(1);
size_t sp_still_count(const struct sp_still *still) SP_NONNULL(1);
bool sp_still_is_whole(const struct sp_still *still) SP_NONNULL(1);

typedef enum sp_err sp_still_fn(void *ctx, const struct sp_still_run *run);
enum sp_err sp_still_each(const struct sp_still *still, sp_still_fn *fn, void *ctx)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
