/*
 * room - what relay knows: runs that wait for a connection, runs at the pool, and how each ended.
 *
 * Runs in: relay.   Input: hostile (audit's messages, the pool's answers).   Allocates: orders and requests, bounded.
 * Pure: it reads no clock and touches no socket; descriptors pass through its hands only. A run is given to the pool
 * at most once: it is tried again only while it is certain that nothing of its body left this process.
 */
#ifndef SP_RELAY_ROOM_H
#define SP_RELAY_ROOM_H

#include "api/upstream.h"
#include "relay/http.h"
#include "wire/msg.h"

/* How long a run may wait for a connection before it is given back as not started. */
#define SP_RELAY_WAIT_MS      ((uint64_t)10 * 1000)

/* Beyond a run's own time limit, for finding a session, starting it, and the answer's way. */
#define SP_RELAY_MARGIN_MS    30000U

/* A run that has met this many dead connections is given back. */
#define SP_RELAY_ATTEMPTS_MAX 3U

#define SP_RELAY_STASH_MAX    64U

struct sp_relay_config {
    struct sp_upstream upstream;
    uint32_t connections_max; /* runs at the pool at the same time */
    uint32_t spare;           /* connections asked for ahead */
    bool needs_bearer;
};

struct sp_relay_ops {
    /* Ask dial for a connection. False: there is no wire to dial now. */
    bool (*dial)(void *ctx, uint32_t ticket);
    /* Begin a request in this slot; the slices live until its end. */
    enum sp_err (*start)(void *ctx, size_t slot, const struct sp_http_request *request);
    /* Connections that a request can use again. */
    size_t (*idle)(void *ctx);
    /* Whether a connection that nobody used yet is still open. */
    bool (*is_alive)(void *ctx, int fd);
    /* The bearer that is in use was refused. */
    void (*bearer_refused)(void *ctx);
    /* A run is over. `answer` (an encoded result) stands beside the message, which has no digest and payload yet. */
    void (*outcome)(void *ctx, struct sp_msg_outcome *outcome, struct sp_slice answer);
    void *ctx;
};

struct sp_relay_room;

/* `config` is copied; the slices of its upstream are borrowed. */
enum sp_err sp_relay_room_new(const struct sp_relay_config *config, const struct sp_relay_ops *ops,
                              struct sp_relay_room **out) SP_MUST_CHECK SP_NONNULL(1, 2, 3);
void sp_relay_room_free(struct sp_relay_room *room);

/* audit: run this. What it needs of the payloads moves out; the rest is the caller's to release. SP_ERR_WIRE for an order that nobody in the house writes. */
enum sp_err sp_relay_room_run(struct sp_relay_room *room, struct sp_msg_run *run, uint64_t now_us)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* dial: here is a descriptor (owned from now on), or not. */
void sp_relay_room_dialled(struct sp_relay_room *room, uint32_t ticket, enum sp_err err,
                           int take_fd, struct sp_slice detail, uint64_t now_us) SP_NONNULL(1);

/* The wire to dial stands, or is gone with all that was asked over it. */
void sp_relay_room_dial_wired(struct sp_relay_room *room, uint64_t now_us) SP_NONNULL(1);
void sp_relay_room_dial_lost(struct sp_relay_room *room) SP_NONNULL(1);

/* token: there is a bearer, or (err) there is none. */
void sp_relay_room_bearer(struct sp_relay_room *room, enum sp_err err, uint64_t now_us)
    SP_NONNULL(1);

/* The audit process that gave the runs is gone: its successor closes them itself and must not hear of them. */
void sp_relay_room_audit_lost(struct sp_relay_room *room) SP_NONNULL(1);

/* http: a connection, please (SP_ERR_NOT_FOUND when there is none); a request is over. */
enum sp_err sp_relay_room_take_connection(struct sp_relay_room *room, int *out_fd)
    SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_relay_room_ended(struct sp_relay_room *room, size_t slot, const struct sp_http_end *end,
                         uint64_t now_us) SP_NONNULL(1, 3);

/* What is due by time. The room wants to be called at least once a second while sp_relay_room_busy is not 0. */
void sp_relay_room_tick(struct sp_relay_room *room, uint64_t now_us) SP_NONNULL(1);
size_t sp_relay_room_busy(const struct sp_relay_room *room) SP_NONNULL(1);

#endif
