/*
 * room_inner - what the files of the admit room share. Nobody else includes this.
 *
 * Runs in: admit.   Allocates: never.
 */
#ifndef SP_ADMIT_ROOM_INNER_H
#define SP_ADMIT_ROOM_INNER_H

#include "admit/credit.h"
#include "admit/earlier.h"
#include "admit/fair.h"
#include "admit/guests.h"
#include "admit/known.h"
#include "admit/room.h"
#include "admit/slow.h"
#include "admit/strangers.h"
#include "admit/workers.h"
#include "api/route.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/where.h"
#include "quota/quota.h"

struct sp_admit_room {
    struct sp_admit_limits limits;
    struct sp_authority *authority;
    struct sp_session_namer *namer;
    struct sp_admit_out out;
    struct sp_quota *quota;
    struct sp_seats seats;
    uint64_t time_us; /* of the quotas (quota/time.h), as of the message at hand */
    size_t leasing;   /* guests that wait for a commit, before they are let in or before they run */
    struct sp_credit *credit;
    struct sp_fair *fair;
    struct sp_fair *fair_large; /* of large files, who wait for workers of their own */
    struct sp_guests *guests;
    struct sp_earlier earlier; /* runs of an admit before this one */
    struct sp_workers workers;
    struct sp_slow *slow;
    struct sp_strangers strangers;
    uint64_t strangers_told_us;
    struct sp_buf scratch;
    struct sp_buf names; /* of a list of sessions, or of a session's modules */
    struct sp_known *known;
    size_t open;
    uint64_t
        run_seed; /* in the names of runs: the time of the first, so that no start repeats another's */
    bool has_front;
    bool has_audit;
};

/* --- room_body.c --- */

/* How many bytes to hold for a body: what was announced, or the most there may be; SP_ERR_TOO_BIG, SP_ERR_LENGTH_REQUIRED. */
enum sp_err sp_admit_size_body(const struct sp_admit_room *room, const struct sp_msg_ask *msg,
                               uint8_t operation, uint64_t *out_bytes, uint64_t *out_most)
    SP_MUST_CHECK SP_NONNULL(1, 2, 4, 5);

/* Whether a guest, whose body is here, waits for a worker of large files. */
bool sp_admit_is_large(const struct sp_guest *guest) SP_NONNULL(1);

/* The line in which a guest waits for a worker. */
struct sp_fair *sp_admit_line(const struct sp_admit_room *room, const struct sp_guest *guest)
    SP_NONNULL(1, 2);

/* What the answer calls the run: the client's own word for it if that is one, else a number of ours. */
void sp_admit_name_run(struct sp_admit_room *room, struct sp_guest *guest,
                       struct sp_slice operation_id) SP_NONNULL(1, 2);

/* --- room_key.c --- */

/*
 * The idempotency key of an execution, or the client's own name of the run in its place, as whose it is and of which
 * session. SP_ERR_REQUEST for one of another form.
 */
enum sp_err sp_admit_take_key(const struct sp_admit_room *room, struct sp_guest *guest,
                              const struct sp_msg_ask *msg, struct sp_slice identifier,
                              struct sp_where *where) SP_MUST_CHECK SP_NONNULL(1, 2, 3, 5);

/* --- room_names.c --- */

/* A page of the tenant's sessions for a list of them; the slices are lent until the next call. */
enum sp_err sp_admit_put_names(struct sp_admit_room *room, const struct sp_guest *guest,
                               struct sp_msg_send *send) SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* --- room.c --- */

/* Gives workers to those who wait, in turn, as long as there are any. */
void sp_admit_dispatch(struct sp_admit_room *room, struct sp_admit_time now);

/* The seat of a guest's tenant. */
const struct sp_tenant *sp_admit_tenant(const struct sp_admit_room *room,
                                        const struct sp_guest *guest);

/* Looks at the clocks; before anything else that a message asks for. */
void sp_admit_look(struct sp_admit_room *room, struct sp_admit_time now);

/*
 * Forgets a guest: what surely came to nothing gives back all it holds; what ran, or may have, leaves what it used
 * counted. The worker's booking is the caller's to settle.
 */
void sp_admit_release(struct sp_admit_room *room, struct sp_guest *guest);
void sp_admit_settle(struct sp_admit_room *room, struct sp_guest *guest);

/* --- room_quota.c --- */

/* Reserves everything or nothing; what is refused is turned away, and `*out_is_in` says which it was. */
void sp_admit_reserve(struct sp_admit_room *room, struct sp_guest *guest,
                      const struct sp_route *route, uint64_t bytes, bool *out_is_in);

/*
 * It was judged, and asks for so much time: what was reserved beyond it is free again; what is missing is reserved, and
 * audit told when that is durable, or it is turned away.
 */
void sp_admit_fit_time(struct sp_admit_room *room, struct sp_guest *guest, uint32_t run_ms);

/* What it reserved is durable: the body may come, or is here. */
enum sp_err sp_admit_go_on(struct sp_admit_room *room, struct sp_guest *guest,
                           struct sp_admit_time now);

/* --- room_usage.c --- */

/* Answers a request for the usage of its tenant; of another (`tenant`), or of all (`all`, `from`), for an administrator. */
void sp_admit_tell_usage(struct sp_admit_room *room, struct sp_guest *guest, struct sp_slice query,
                         bool is_admin);

/* --- room_read.c --- */

/* Counts a request to read the log, tells audit of it, and is done: reader answers. `is_all`: of every tenant. */
void sp_admit_ask_read(struct sp_admit_room *room, struct sp_guest *guest,
                       const struct sp_route *route, bool is_all);

/* --- room.c --- */

/* Tells audit to record and answer a refusal of this guest's request, then releases it. */
void sp_admit_turn_away(struct sp_admit_room *room, struct sp_guest *guest, enum sp_err err,
                        uint64_t after_us, const char *detail);

#endif
