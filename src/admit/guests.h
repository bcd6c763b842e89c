/*
 * guests - the exchanges that admit has let in, found by their number.
 *
 * Runs in: admit.   Allocates: one table, at the start.
 * Twice as many as front has slots: a run whose front died stays here until it has ended.
 */
#ifndef SP_ADMIT_GUESTS_H
#define SP_ADMIT_GUESTS_H

#include "admit/fair.h"
#include "quota/quota.h"
#include "wire/msg.h"

#define SP_GUESTS_MAX (SP_EXCHANGE_SLOTS * 2)

/* Where an exchange stands. */
enum sp_guest_state {
    SP_GUEST_FREE,
    SP_GUEST_LEASING,  /* what it reserved is not durable yet */
    SP_GUEST_GRANTED,  /* front reads its body */
    SP_GUEST_WAITING,  /* its body is whole; no worker yet */
    SP_GUEST_SENT,     /* with a worker */
    SP_GUEST_RAISED,   /* judged; the time that it asks for is reserved, but not durable yet */
    SP_GUEST_JUDGED,   /* with audit and beyond */
    SP_GUEST_LINGERING /* its end is unknown: only its run is still counted */
};

/* A copied text of a wire. */
struct sp_guest_text {
    char bytes[SP_MSG_SESSION_MAX];
    size_t len;
};

struct sp_guest {
    struct sp_fair_item item;
    sp_exchange exchange;
    enum sp_guest_state state;
    size_t tenant; /* its seat (admit/seats.h) */
    uint8_t operation;
    uint16_t worker;
    bool is_ready; /* its body came whole */
    struct sp_quota_hold hold;
    struct sp_limit_state limit; /* what its answer says of a limit */
    uint64_t credit;             /* bytes in flight that it holds */
    uint64_t until_us;           /* when it is given up (SENT and later), monotonic */
    struct sp_guest_text principal;
    struct sp_guest_text source;
    struct sp_guest_text session;
    uint64_t template_key; /* of its tenant */
    struct sp_guest_text traceparent;
    struct sp_guest_text execution; /* the id of its run */
    struct sp_guest_text module;    /* that the file it puts or deletes is */
    bool has_key;                   /* it is to run once only (room_key.c) */
    uint8_t key[SP_DIGEST_BYTES];
    uint8_t target[SP_DIGEST_BYTES];
    bool is_stream;        /* what it prints is told as it comes */
    uint32_t skip;         /* of a list of sessions */
    bool is_large;         /* it waits for a worker of large files */
    struct sp_guest *next; /* of its slot, or of the free ones */
};

struct sp_guests;

/* Room for SP_GUESTS_MAX, all at once. */
enum sp_err sp_guests_new(struct sp_guests **out) SP_MUST_CHECK SP_NONNULL(1);
void sp_guests_free(struct sp_guests *guests);

/* A zeroed guest under this number. SP_ERR_FULL; SP_ERR_DUPLICATE for a number that is there; SP_ERR_INVALID for a bad slot. */
enum sp_err sp_guests_add(struct sp_guests *guests, sp_exchange exchange, struct sp_guest **out)
    SP_MUST_CHECK SP_NONNULL(1, 3);
struct sp_guest *sp_guests_find(struct sp_guests *guests, sp_exchange exchange) SP_NONNULL(1);
void sp_guests_remove(struct sp_guests *guests, struct sp_guest *guest) SP_NONNULL(1, 2);

/* Every guest in turn; `fn` may remove the one that it is given. */
typedef void sp_guest_fn(void *ctx, struct sp_guest *guest);
void sp_guests_each(struct sp_guests *guests, sp_guest_fn *fn, void *ctx) SP_NONNULL(1, 2);

void sp_guest_text_set(struct sp_guest_text *text, struct sp_slice from) SP_NONNULL(1);
struct sp_slice sp_guest_text_get(const struct sp_guest_text *text) SP_NONNULL(1);

#endif
