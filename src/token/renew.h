/*
 * renew - when something that expires is asked for again: ahead of its end, one question at a time, patiently on failure.
 *
 * Runs in: token.   Input: times and statuses of a peer that may be hostile.   Allocates: never.   Pure.
 * The rules are those of the Azure client libraries: a token that lives longer than two hours is renewed at half of its
 * life, others five minutes before their end; what failed is tried again after 0.8 s, doubling to 64 s, or when the
 * answer says so.
 */
#ifndef SP_TOKEN_RENEW_H
#define SP_TOKEN_RENEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

#define SP_RENEW_AHEAD_MS       ((uint64_t)5 * 60 * 1000)
#define SP_RENEW_HALF_OVER_MS   ((uint64_t)2 * 60 * 60 * 1000)
#define SP_RENEW_FIRST_DELAY_MS ((uint64_t)800)
#define SP_RENEW_LAST_DELAY_MS  ((uint64_t)64 * 1000)
#define SP_RENEW_GONE_DELAY_MS                                                                     \
    ((uint64_t)3000) /* 410 of a metadata service that is being updated: over 70 s in all */
#define SP_RENEW_FINAL_DELAY_MS     ((uint64_t)60 * 1000) /* a refusal that only a person can mend */
#define SP_RENEW_RETRY_AFTER_MAX_MS ((uint64_t)5 * 60 * 1000)
/* A value that was refused is asked for anew at most so often. */
#define SP_RENEW_DROP_MS            ((uint64_t)30 * 1000)
/* Clocks differ: for so long before its end a value is not handed out any more. */
#define SP_RENEW_MARGIN_MS          ((uint64_t)10 * 1000)

struct sp_renew {
    bool has_value;
    bool is_asking;
    uint64_t end_ms;  /* of the value; UINT64_MAX: never */
    uint64_t ask_ms;  /* not before this time */
    uint64_t drop_ms; /* the last time that a refused value was dropped */
    bool has_dropped;
    unsigned failures; /* in a row */
};

/* Nothing is there yet and may be asked for at once. */
void sp_renew_init(struct sp_renew *r) SP_NONNULL(1);

/* Whether a question is due; the caller asks it and says so. */
bool sp_renew_is_due(const struct sp_renew *r, uint64_t now_ms) SP_NONNULL(1);
void sp_renew_asked(struct sp_renew *r) SP_NONNULL(1);

/* An answer came. `refresh_ms`: when the peer wants to be asked again, 0 when it did not say. */
void sp_renew_got(struct sp_renew *r, uint64_t now_ms, uint64_t lives_ms, uint64_t refresh_ms)
    SP_NONNULL(1);

/* It failed. `status` is that of HTTP, 0 without an answer; `retry_after_ms` 0 when not given; `jitter` any number. */
void sp_renew_failed(struct sp_renew *r, uint64_t now_ms, unsigned status, uint64_t retry_after_ms,
                     uint32_t jitter) SP_NONNULL(1);

/* The value is worth nothing to its user. True when it is to be forgotten; it is asked for at once then. */
bool sp_renew_drop(struct sp_renew *r, uint64_t now_ms) SP_NONNULL(1);

/* Whether the value may still be used. */
bool sp_renew_is_good(const struct sp_renew *r, uint64_t now_ms) SP_NONNULL(1);

/* When to look again: the next question, or the end of the value. UINT64_MAX: never. */
uint64_t sp_renew_next_ms(const struct sp_renew *r, uint64_t now_ms) SP_NONNULL(1);

#endif
