/*
 * room - admit: who asks, how much they may, and whose turn it is at which worker.
 *
 * Runs in: admit.   Input: hostile (header values, by way of a front that may be taken over).   Allocates: at the start.
 * Pure: messages and times in, messages out by `struct sp_admit_out`. A stranger is refused before anything else is
 * looked at, so that nobody without a token learns which paths exist. Refusals of a tenant go by audit, which records
 * them first.
 */
#ifndef SP_ADMIT_ROOM_H
#define SP_ADMIT_ROOM_H

#include "admit/seats.h"
#include "identity/authority.h"
#include "identity/session.h"
#include "wire/msg.h"

#define SP_ADMIT_WORKERS_MAX 64U

/* What is added to a run's own time before it is given up. */
#define SP_ADMIT_MARGIN_US   (SP_ADMIT_RUN_US_MAX - (uint64_t)SP_ADMIT_RUN_MS_MAX * 1000U)

/* The longest that a run may take with everything around it; what is not settled by then is given up. */
#define SP_ADMIT_RUN_US_MAX  SP_QUOTA_RUN_US_MAX
#define SP_ADMIT_RUN_MS_MAX  220000U /* the longest run of the data plane */

/* Where messages go. An error of any of them is the wire's loss, which the process is told of beside this. */
struct sp_admit_out {
    void *ctx;
    enum sp_err (*grant)(void *ctx, const struct sp_msg_grant *msg);
    enum sp_err (*refuse)(void *ctx, const struct sp_msg_refuse *msg);
    enum sp_err (*tell)(void *ctx, const struct sp_msg_tell *msg);
    enum sp_err (*send)(void *ctx, const struct sp_msg_send *msg);
    enum sp_err (*who)(void *ctx, const struct sp_msg_who *msg);
    enum sp_err (*time)(void *ctx, const struct sp_msg_time *msg);
    enum sp_err (*refusal)(void *ctx, const struct sp_msg_refusal *msg);
    enum sp_err (*strangers)(void *ctx, const struct sp_msg_strangers *msg);
    enum sp_err (*read_ask)(void *ctx, const struct sp_msg_read_ask *msg);
};

struct sp_admit_limits {
    unsigned workers;
    unsigned file_workers; /* behind the others in number */
    uint64_t body_bytes_max;
    uint64_t upload_body_max; /* of the whole body around a file */
    uint64_t bytes_in_flight_max;
    uint32_t queue_max;
    uint32_t failed_logins_per_minute; /* of one source, before it is slowed; 0: never */
    uint64_t seed;                     /* nobody outside may know it */
};

/* Monotonic and wall time of one moment. */
struct sp_admit_time {
    uint64_t mono_us;
    uint64_t wall_us;
};

struct sp_admit_room;

/* What a room works with; borrowed for its life. The shares are the tenants' of the authority, in their order. */
struct sp_admit_parts {
    struct sp_authority *authority;
    struct sp_session_namer *namer;
    struct sp_quota *quota;
    const struct sp_admit_share *shares; /* for the call only */
};

/* `limits` and `out` are copied; of `parts` all but the shares is borrowed for the life of the room. */
enum sp_err sp_admit_room_new(const struct sp_admit_limits *limits,
                              const struct sp_admit_parts *parts, const struct sp_admit_out *out,
                              struct sp_admit_room **out_room) SP_MUST_CHECK SP_NONNULL(1, 2, 3, 4);
void sp_admit_room_free(struct sp_admit_room *room);

/*
 * Another authority with other tenants takes the place of the one before, whole, or nothing changes. Who is in keeps its
 * seat; who waits for a worker in the name of a tenant that is gone is turned away.
 */
enum sp_err sp_admit_reload(struct sp_admit_room *room, struct sp_authority *authority,
                            const struct sp_admit_share *shares, struct sp_admit_time now)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* From front. An error means that front broke the protocol. */
enum sp_err sp_admit_on_ask(struct sp_admit_room *room, const struct sp_msg_ask *msg,
                            struct sp_admit_time now) SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_admit_on_ready(struct sp_admit_room *room, const struct sp_msg_ready *msg,
                              struct sp_admit_time now) SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_admit_on_left(struct sp_admit_room *room, const struct sp_msg_left *msg,
                             struct sp_admit_time now) SP_MUST_CHECK SP_NONNULL(1, 2);

/* From audit. */
enum sp_err sp_admit_on_judged(struct sp_admit_room *room, const struct sp_msg_judged *msg,
                               struct sp_admit_time now) SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_admit_on_ended(struct sp_admit_room *room, const struct sp_msg_ended *msg,
                              struct sp_admit_time now) SP_MUST_CHECK SP_NONNULL(1, 2);

/* A run that began before this admit did. */
void sp_admit_on_still(struct sp_admit_room *room, const struct sp_msg_still *msg,
                       struct sp_admit_time now) SP_NONNULL(1, 2);

/* A peer came or went. */
void sp_admit_front(struct sp_admit_room *room, bool is_there) SP_NONNULL(1);
void sp_admit_audit(struct sp_admit_room *room, bool is_there, struct sp_admit_time now)
    SP_NONNULL(1);

/* Whether somebody waits for a lease; writes what is needed with one commit and lets them go on. Once a turn of the loop. */
bool sp_admit_is_waiting(const struct sp_admit_room *room) SP_NONNULL(1);
enum sp_err sp_admit_commit(struct sp_admit_room *room, struct sp_admit_time now)
    SP_MUST_CHECK SP_NONNULL(1);

/* The orderly end: nothing that was leased and not used is lost. */
enum sp_err sp_admit_stop(struct sp_admit_room *room, struct sp_admit_time now)
    SP_MUST_CHECK SP_NONNULL(1);

/*
 * What is due: summaries of strangers, exchanges given up, workers tried again, leases. About twice a second. An error is
 * the store's; everything else was done.
 */
enum sp_err sp_admit_tick(struct sp_admit_room *room, struct sp_admit_time now)
    SP_MUST_CHECK SP_NONNULL(1);

/* Exchanges that are let in and not over, for the orderly end. */
size_t sp_admit_open(const struct sp_admit_room *room) SP_NONNULL(1);

#endif
