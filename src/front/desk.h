/*
 * desk - the table of exchanges: what each waits for, and who may still say what about it.
 *
 * Runs in: front.   Input: hostile (admit or audit may be taken over).   Allocates: the table, once.
 * Pure: requests and messages come in, messages and answers go out by the port; no I/O, no clock of its own.
 * Every request that got in is answered exactly once, whatever dies: by a peer, by the loss of a peer, or by its last
 * deadline. admit hears of every exchange that ends before its job is handed over: exactly one LEFT.
 */
#ifndef SP_FRONT_DESK_H
#define SP_FRONT_DESK_H

#include "wire/msg.h"
#include "wire/role.h"

/* The longest run and what the rooms may add to it; waiting before the run has the same bound. */
#define SP_DESK_DEADLINE_MS ((uint64_t)280 * 1000)
/* A body over its grant, a job that could not be handed over: so long is waited for the recorded refusal. */
#define SP_DESK_REFUSAL_MS  ((uint64_t)2000)
/* The longest that a reading of the log takes. */
#define SP_DESK_READ_MS     ((uint64_t)60 * 1000)
/* What Retry-After says when a peer is missing. */
#define SP_DESK_RETRY_MS    1000U

/* How an exchange ended; texts are borrowed for the call. `payload` may be moved out by sp_payload_keep. */
struct sp_desk_answer {
    sp_exchange exchange;
    enum sp_err err;
    uint32_t retry_after_ms; /* 0: none */
    struct sp_limit_state limit;
    bool is_json;      /* the payload is the body as it stands */
    const char *media; /* what it is; NULL: JSON */
    struct sp_slice detail;
    struct sp_slice findings;
    bool has_entry;
    uint64_t entry;
    bool is_async;         /* the run goes on; the result is empty */
    bool is_denial_result; /* a denied run is shown as one that failed */
    bool is_replay;        /* it was given before */
    uint32_t owner;        /* of a download: whose it is, as a number */
    uint64_t relay_us;
    struct sp_slice execution;  /* the id of the run */
    struct sp_slice session;    /* the pool's name of the session */
    struct sp_payload *payload; /* the result when err is SP_OK, else NULL */
    struct sp_payload *content; /* of a download; may be moved out. NULL without a result */
};

/* Where the desk's messages and answers go. A message that cannot be sent is an error, and the desk copes. */
struct sp_desk_port {
    void *ctx;
    enum sp_err (*ask)(void *ctx, const struct sp_msg_ask *ask);
    enum sp_err (*ready)(void *ctx, const struct sp_msg_ready *ready);
    enum sp_err (*left)(void *ctx, const struct sp_msg_left *left);
    /* Adds the request's arguments and body and hands the job to the worker that `send` names. */
    enum sp_err (*job)(void *ctx, void *request, const struct sp_msg_send *send,
                       struct sp_msg_job *job);
    /* The body may be read, at most so much of it. */
    void (*read_body)(void *ctx, void *request, uint64_t bytes_max);
    /* The run of a request says something while it goes on. */
    void (*part)(void *ctx, void *request, const struct sp_msg_part *part);
    /* The end: the desk has forgotten the exchange and never names this request again. */
    void (*answer)(void *ctx, void *request, struct sp_desk_answer *answer);
};

struct sp_desk;

/* `incarnation` keeps these exchanges apart from those of an earlier front. `port` is copied. */
enum sp_err sp_desk_new(uint32_t incarnation, unsigned workers, const struct sp_desk_port *port,
                        struct sp_desk **out) SP_MUST_CHECK SP_NONNULL(3, 4);
void sp_desk_free(struct sp_desk *desk);

/* A wire to a peer stands, or is gone. */
void sp_desk_wired(struct sp_desk *desk, enum sp_role peer) SP_NONNULL(1);
void sp_desk_lost(struct sp_desk *desk, enum sp_role peer) SP_NONNULL(1);

/* No further request gets in. */
void sp_desk_close(struct sp_desk *desk) SP_NONNULL(1);
size_t sp_desk_live(const struct sp_desk *desk) SP_NONNULL(1);

/* A request's head is here (with `is_ready`, its body too): asks admit. The exchange in `ask` is filled in. `is_reading`: it
 * asks for a part of the log, which reader answers. On failure the request is the caller's to answer: SP_ERR_UNAVAILABLE while a peer is missing, SP_ERR_FULL without a free slot. */
enum sp_err sp_desk_open(struct sp_desk *desk, void *request, struct sp_msg_ask *ask,
                         bool is_reading, uint64_t now_ms, sp_exchange *out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3, 6);

/* Its body is whole; or it is over its grant; or the client left. Each may answer the request at once. */
void sp_desk_body_ready(struct sp_desk *desk, sp_exchange exchange, uint64_t bytes, uint64_t now_ms)
    SP_NONNULL(1);
void sp_desk_body_too_big(struct sp_desk *desk, sp_exchange exchange, uint64_t now_ms)
    SP_NONNULL(1);
void sp_desk_client_left(struct sp_desk *desk, sp_exchange exchange) SP_NONNULL(1);

/* Messages of peers. SP_ERR_WIRE: this cannot be said about this exchange, close the wire. */
enum sp_err sp_desk_on_grant(struct sp_desk *desk, const struct sp_msg_grant *grant)
    SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_desk_on_refuse(struct sp_desk *desk, const struct sp_msg_refuse *refuse)
    SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_desk_on_send(struct sp_desk *desk, const struct sp_msg_send *send, uint64_t now_ms)
    SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_desk_on_answer(struct sp_desk *desk, struct sp_msg_answer *answer)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* reader answers who reads the log; the payload moves. */
enum sp_err sp_desk_on_page(struct sp_desk *desk, struct sp_msg_page *page)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* audit passes on what a run says; late ones are passed over. */
enum sp_err sp_desk_on_part(struct sp_desk *desk, const struct sp_msg_part *part)
    SP_MUST_CHECK SP_NONNULL(1, 2);

enum sp_err sp_desk_on_tell(struct sp_desk *desk, struct sp_msg_tell *tell)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Deadlines; called about every second. */
void sp_desk_tick(struct sp_desk *desk, uint64_t now_ms) SP_NONNULL(1);

/* The house stops: a reading of the log that waits for news is not waited for. */
#define SP_DESK_HURRY_MS ((uint64_t)1000)
void sp_desk_hurry(struct sp_desk *desk, uint64_t now_ms) SP_NONNULL(1);

#endif
