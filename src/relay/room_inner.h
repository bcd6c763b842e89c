/*
 * room_inner - what the files of the relay room share. Nobody else includes this.
 *
 * Runs in: relay.   Allocates: never.
 */
#ifndef SP_RELAY_ROOM_INNER_H
#define SP_RELAY_ROOM_INNER_H

#include "api/upstream_other.h"
#include "relay/rendezvous.h"
#include "relay/room.h"
#include "relay/seats.h"
#include "relay/shelf.h"

/* A request of a whole order in JSON: every byte of the code may need an escape of six. */
#define REQUEST_BYTES_MAX  (6 * SP_ORDER_CODE_BYTES_MAX + (size_t)1024)
/* A request's buffer that grew over this is given back after use. */
#define REQUEST_KEEP_BYTES ((size_t)256 * 1024)
#define ANSWER_BYTES_MAX   (SP_RESULT_BYTES_MAX + (size_t)1024)

/* What a client is told when nothing else is known. */
#define RETRY_SOON_MS      1000U
#define RETRY_FULL_MS      5000U

#define NO_SLOT            SIZE_MAX

enum run_state { RUN_NONE, RUN_WAITING, RUN_AT_POOL, RUN_RESTING };

/* What an operation other than a run needs beside it. */
struct errand {
    struct sp_payload order_bytes;
    struct sp_order order; /* lent from them */
    struct sp_payload content;
    uint64_t content_at;
    uint64_t content_bytes;
    struct sp_buf type; /* of an upload's body */
    struct sp_buf tail;
    struct sp_buf product; /* of the pages of a list so far */
    uint32_t skip;
};

struct run {
    enum run_state state;
    sp_exchange exchange;
    uint64_t arrived_us;
    uint64_t queued_us; /* when it began to wait for a connection, this time */
    uint64_t due_us;    /* while it rests: when it is offered again */
    uint32_t audit_generation;
    uint32_t timeout_ms;
    uint16_t attempts;
    uint8_t pool;
    uint32_t parts_lost; /* since the last one that went on */
    bool is_shell;       /* its value is the exit status of a command */
    bool is_stream;      /* what it prints is told as it comes */
    bool is_trial;       /* it tries whether a pool is well again */
    bool is_polled;      /* the pool goes on with it: from now on it is only asked after */
    bool waits_bearer;   /* it rests until there is another bearer */
    bool has_waited;     /* it did so */
    uint32_t poll_ms;    /* until it is asked after again */
    uint32_t bearer;     /* the number of the bearer that it went with */
    size_t next;         /* in the queue */
    uint32_t ticket;     /* of a run that nobody waits for: its place on the shelf; 0 else */
    uint64_t session_key;
    struct sp_seat *seat;  /* NULL: none is needed, or there was no place */
    struct errand *errand; /* of an operation that is no run */
    uint16_t denied;       /* what the order says of the run in an embedded pool */
    bool may_own_code;
    char template_key[17]; /* of the tenant, as hexadecimal digits */
    struct sp_buf session;
    struct sp_buf traceparent;
    struct sp_buf target;
    struct sp_buf body;
    struct sp_buf refusal; /* what the pool said of the bearer */
};

/* What concerns one pool. */
struct lane {
    const struct sp_relay_pool *pool;
    uint8_t number;
    struct sp_breaker breaker;
    size_t at_pool; /* runs at the pool */
    size_t waiting;
    size_t first; /* of the queue */
    size_t last;
    int stash[SP_RELAY_STASH_MAX];
    size_t stash_count;
    uint32_t tickets_out;
    uint32_t next_ticket;  /* numbers of this lane; see lanes.c */
    uint32_t first_ticket; /* of the wire of now: an answer to an older ticket is none of ours */
    uint64_t dial_not_before_us;
    bool is_pumping;
};

struct sp_relay_room {
    struct sp_relay_config config;
    struct sp_relay_ops ops;
    struct sp_shelf *shelf;
    struct sp_seats *seats; /* NULL with one pool */
    struct sp_rendezvous rendezvous[SP_RELAY_POOLS_MAX];
    struct lane lanes[SP_RELAY_POOLS_MAX];
    struct run runs[SP_HTTP_SLOTS_MAX];
    size_t busy; /* runs of any state */
    size_t resting;
    size_t free_hint;
    uint32_t audit_generation;
    enum sp_err bearer;
    bool has_heard_bearer;
    uint32_t bearer_number;  /* counts those that differed */
    uint64_t asked_until_us; /* token was told that the bearer was refused, and will answer */
};

/* --- lanes.c --- */

void sp_lane_init(struct sp_relay_room *room, size_t number) SP_NONNULL(1);
void sp_lane_done(struct lane *lane) SP_NONNULL(1);

/* A run waits for a connection to its pool; at the front, when it is older than those who wait. */
void sp_lane_queue(struct sp_relay_room *room, struct run *run, bool at_front, uint64_t now_us)
    SP_NONNULL(1, 2);

/* Starts what can start, asks for what is missing. Ends that happen meanwhile join this round. */
void sp_lane_pump(struct sp_relay_room *room, struct lane *lane, uint64_t now_us) SP_NONNULL(1, 2);

/* Gives back the runs that waited for too long. */
void sp_lane_tick(struct sp_relay_room *room, struct lane *lane, uint64_t now_us) SP_NONNULL(1, 2);

/* The breaker opened: those who wait go elsewhere if they may, and are given back if not. */
void sp_lane_turn_away(struct sp_relay_room *room, struct lane *lane, uint64_t now_us)
    SP_NONNULL(1, 2);

static inline struct lane *sp_lane_of(struct sp_relay_room *room, const struct run *run)
{
    return &room->lanes[run->pool];
}

/* --- routes.c --- */

/* Which pool a request is for: sets its pool, its key and its seat. SP_ERR_NOMEM. */
enum sp_err sp_route(struct sp_relay_room *room, struct run *run, enum sp_operation operation,
                     uint64_t now_us) SP_MUST_CHECK SP_NONNULL(1, 2);

/* The same again for one that rested. The target is made anew when the pool is another one. */
enum sp_err sp_route_again(struct sp_relay_room *room, struct run *run, uint64_t now_us)
    SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_route_end(struct run *run, uint64_t now_us) SP_NONNULL(1);

/* What the end of a request says of its pool and its session. */
void sp_route_heard(struct sp_relay_room *room, struct run *run, const struct sp_http_end *end,
                    bool is_full, uint64_t now_us) SP_NONNULL(1, 2, 3);

/* A pool failed; `session` as in breaker.h. */
void sp_route_failed(struct sp_relay_room *room, struct lane *lane, uint64_t session,
                     struct sp_slice why, uint64_t now_us) SP_NONNULL(1, 2);

/* --- room.c --- */

struct sp_msg_outcome sp_relay_outcome_of(const struct sp_relay_room *room, const struct run *run,
                                          uint64_t now_us) SP_NONNULL(1, 2);
void sp_relay_end_not_started(struct sp_relay_room *room, struct run *run, uint32_t retry_ms,
                              struct sp_slice detail, uint64_t now_us) SP_NONNULL(1, 2);

/* Frees the slot and tells the outcome, unless nobody is there any more who gave the run. */
void sp_relay_end_run(struct sp_relay_room *room, struct run *run, struct sp_msg_outcome *outcome,
                      struct sp_slice answer, uint64_t now_us) SP_NONNULL(1, 2, 3);
void sp_relay_end_unknown(struct sp_relay_room *room, struct run *run, const char *why,
                          uint64_t now_us) SP_NONNULL(1, 2, 3);
/* It is offered to its pool, or given back at once when that one's breaker is open. */
void sp_relay_offer(struct sp_relay_room *room, struct run *run, bool at_front, uint64_t now_us)
    SP_NONNULL(1, 2);
uint8_t sp_relay_end_number(enum sp_upstream_end end);
uint32_t sp_relay_retry_ms(enum sp_err err, const struct sp_http_end *end) SP_NONNULL(2);

/* --- errand.c --- */

/* Makes the request of an operation that is no run; its payloads move. SP_ERR_WIRE, SP_ERR_NOMEM. */
enum sp_err sp_relay_errand_new(struct sp_relay_room *room, struct run *run, struct sp_msg_run *msg)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);
void sp_relay_errand_free(struct errand *errand);

/* Fills in what of the request differs from a run's. */
void sp_relay_errand_request(const struct errand *errand, struct sp_http_request *request)
    SP_NONNULL(1, 2);

/* The request's target at the pool of now. */
enum sp_err sp_relay_errand_target(const struct sp_relay_room *room, struct run *run)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* The pool answered. True when the list goes on: the request of its next page stands in `run`. */
bool sp_relay_errand_answered(struct sp_relay_room *room, struct run *run,
                              const struct sp_http_end *end, uint64_t now_us)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* Answers from the shelf what became of a run; nothing is asked of the pool. */
void sp_relay_tell_execution(struct sp_relay_room *room, const struct sp_msg_run *msg,
                             struct sp_slice id) SP_NONNULL(1, 2);

#endif
