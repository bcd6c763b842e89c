/*
 * room - what relay knows: runs that wait for a connection, runs at the pool, and how each ended.
 *
 * Runs in: relay.   Input: hostile (audit's messages, the pool's answers).   Allocates: orders and requests, bounded.
 * Pure: it reads no clock and touches no socket; descriptors pass through its hands only. A run starts at most once: it
 * is offered again only while it is certain that nothing of its body left this process, or when the pool said that it
 * had no session for it or refused the bearer. Between two offers it rests, and holds no connection. One that the pool
 * goes on with after its answer is asked after until it is over.
 */
#ifndef SP_RELAY_ROOM_H
#define SP_RELAY_ROOM_H

#include "api/upstream.h"
#include "relay/breaker.h"
#include "relay/http.h"
#include "relay/retry.h"
#include "wire/msg.h"

/* How long a run may wait for a connection before it is given back as not started. */
#define SP_RELAY_WAIT_MS      ((uint64_t)10 * 1000)

/* Beyond a run's own time limit, for finding a session, starting it, and the answer's way. */
#define SP_RELAY_MARGIN_MS    30000U

/* Runs of the embedded pool, which is restarted when it fails: so many dead connections, and no rests. */
#define SP_RELAY_ATTEMPTS_MAX 3U

/* At most so many runs rest at the same time: the others need the room. */
#define SP_RELAY_RESTING_MAX  256U

#define SP_RELAY_POOLS_MAX    ((size_t)15)
#define SP_RELAY_STASH_MAX    64U

struct sp_relay_pool {
    struct sp_slice name; /* for the record, and by its hash what sessions it gets; borrowed */
    uint32_t weight;      /* 1 or more */
    struct sp_upstream upstream;
};

struct sp_relay_config {
    struct sp_relay_pool pools[SP_RELAY_POOLS_MAX];
    size_t pool_count;
    uint32_t connections_max; /* runs at one pool at the same time */
    uint32_t spare;           /* connections asked for ahead */
    uint32_t attempts_max;    /* how often a run is offered at most */
    uint32_t failures_max;    /* of a pool in a row, before its breaker opens; 0: never */
    bool rests;               /* refused runs wait and are offered again */
    bool needs_bearer;
};

/* What changed at a pool's breaker. */
struct sp_relay_breaker_news {
    struct sp_slice pool;
    bool is_open;
    uint32_t open_ms;
    uint32_t failures;
    struct sp_slice why;
};

struct sp_relay_ops {
    /* Ask dial for a connection to a pool. False: there is no wire to dial now. */
    bool (*dial)(void *ctx, size_t pool, uint32_t ticket);
    /* Begin a request at a pool in this slot; the slices live until its end. */
    enum sp_err (*start)(void *ctx, size_t pool, size_t slot,
                         const struct sp_http_request *request);
    /* Connections to a pool that a request can use again. */
    size_t (*idle)(void *ctx, size_t pool);
    /* Whether a connection that nobody used yet is still open. */
    bool (*is_alive)(void *ctx, int fd);
    /* The bearer that is in use was refused: token will say which one there is now. */
    void (*bearer_refused)(void *ctx);
    /* A run is over. `answer` (an encoded result) stands beside the message, which has no digest and payload yet. */
    void (*outcome)(void *ctx, struct sp_msg_outcome *outcome, struct sp_slice answer);
    /* What a run says while it goes on; `part` has no payload yet. On failure it was left out, at least in part. */
    enum sp_err (*part)(void *ctx, struct sp_msg_part *part, struct sp_slice data);
    /* A breaker opened, stays open for longer, or is shut again. */
    void (*breaker)(void *ctx, const struct sp_relay_breaker_news *news);
    /* Any number, that others cannot foretell. */
    uint32_t (*random)(void *ctx);
    void *ctx;
};

struct sp_relay_room;

/* `config` is copied; its slices are borrowed. */
enum sp_err sp_relay_room_new(const struct sp_relay_config *config, const struct sp_relay_ops *ops,
                              struct sp_relay_room **out) SP_MUST_CHECK SP_NONNULL(1, 2, 3);
void sp_relay_room_free(struct sp_relay_room *room);

/*
 * audit: run this. What it needs of the payloads moves out; the rest is the caller's to release. An order that cannot be
 * read ends as not started: audit passes on what inspect wrote, unread, and is not to be ended for that.
 */
void sp_relay_room_run(struct sp_relay_room *room, struct sp_msg_run *run, uint64_t now_us)
    SP_NONNULL(1, 2);

/* dial: here is a descriptor (owned from now on), or not. */
void sp_relay_room_dialled(struct sp_relay_room *room, uint32_t ticket, enum sp_err err,
                           int take_fd, struct sp_slice detail, uint64_t now_us) SP_NONNULL(1);

/* The wire to dial stands, or is gone with all that was asked over it. */
void sp_relay_room_dial_wired(struct sp_relay_room *room, uint64_t now_us) SP_NONNULL(1);
void sp_relay_room_dial_lost(struct sp_relay_room *room) SP_NONNULL(1);

/*
 * token: there is a bearer, another one than before (`is_new`) or the same, or (err) there is none. It answers
 * bearer_refused, too.
 */
void sp_relay_room_bearer(struct sp_relay_room *room, enum sp_err err, bool is_new, uint64_t now_us)
    SP_NONNULL(1);

/* The audit process that gave the runs is gone: its successor closes them itself and must not hear of them. */
void sp_relay_room_audit_lost(struct sp_relay_room *room) SP_NONNULL(1);

/* http: a connection to this pool, please (SP_ERR_NOT_FOUND when there is none); a request is over. */
enum sp_err sp_relay_room_take_connection(struct sp_relay_room *room, size_t pool, int *out_fd)
    SP_MUST_CHECK SP_NONNULL(1, 3);
void sp_relay_room_part(struct sp_relay_room *room, size_t slot, unsigned what,
                        struct sp_slice data) SP_NONNULL(1);
void sp_relay_room_ended(struct sp_relay_room *room, size_t slot, const struct sp_http_end *end,
                         uint64_t now_us) SP_NONNULL(1, 3);

/* The service stops: what rests is given back now, while somebody hears of it, and nothing rests any more. */
void sp_relay_room_stop(struct sp_relay_room *room, uint64_t now_us) SP_NONNULL(1);

/* What is due by time. The room wants to be called at least once a second while sp_relay_room_busy is not 0. */
void sp_relay_room_tick(struct sp_relay_room *room, uint64_t now_us) SP_NONNULL(1);
size_t sp_relay_room_busy(const struct sp_relay_room *room) SP_NONNULL(1);

#endif
