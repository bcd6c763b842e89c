/*
 * pool - the room of the embedded pool: which identifier has which session, whose turn it is, and what ends when.
 *
 * Runs in: pool.   Input: hostile (frames of sessions), and requests that relay built.   Allocates: runs and a table.
 * A pure state machine: no I/O and no clock; it speaks through its ports, and the time comes with each call.
 */
#ifndef SP_POOL_POOL_H
#define SP_POOL_POOL_H

#include "pool/answer.h"

#define SP_POOL_SESSIONS_MAX   4096U
#define SP_POOL_IDENTIFIER_MAX ((size_t)128)
#define SP_POOL_LINE_MAX       16U   /* runs that wait for one session */
#define SP_POOL_FILE_JOBS_MAX  64U   /* requests about files of one session that wait for it */
#define SP_POOL_GRACE_MS       2000U /* between interrupt and kill */
#define SP_POOL_BIRTH_MS       30000U

struct sp_pool_config {
    uint32_t max_sessions;
    uint32_t ready_sessions;
    uint32_t cooldown_ms;
    uint64_t max_life_ms; /* 0: no end; counted from the first use of an identifier */
    size_t output_max;    /* bytes kept of each stream of a run */
    bool is_by_key;       /* sessions of one key never come from the template of another */
    bool may_own_code;    /* what holds for runs whose request does not say; the face asks */
};

/* What the room asks of the process around it. A ticket names a session for its whole life. */
struct sp_pool_ports {
    void *ctx;
    /* `key` names the template, 0 without keys. */
    void (*fork)(void *ctx, uint32_t ticket, uint64_t key);
    void (*kill)(void *ctx, uint32_t ticket);
    /* A frame to a session; what cannot be sent must come back as sp_pool_session_lost, later. */
    void (*send)(void *ctx, uint32_t ticket, const struct sp_frame *frame);
    /* The session's descriptors are not needed any more. */
    void (*close)(void *ctx, uint32_t ticket);
    /* Answers a request; `body` is borrowed. */
    void (*answer)(void *ctx, uint64_t request, unsigned status, unsigned retry_after_s,
                   struct sp_slice body);
    /* Events of a streamed run, before its answer; `bytes` is borrowed. */
    void (*stream)(void *ctx, uint64_t request, struct sp_slice bytes);
    /*
     * A file that a request asked for is open: to be read and sent as the answer, or (of an upload) to be written; then
     * sp_pool_upload_commit is due. `*fd` is closed unless it is taken.
     */
    void (*file)(void *ctx, uint64_t request, int *fd, const struct sp_pool_file *file);
};

struct sp_pool;

/* Both times of one call: monotonic milliseconds for deadlines, microseconds of the wall clock for people. */
struct sp_pool_now {
    uint64_t mono_ms;
    uint64_t wall_us;
};

/* `seed` must be unpredictable: nonces of runs are drawn from it. */
enum sp_err sp_pool_new(const struct sp_pool_config *config, const struct sp_pool_ports *ports,
                        uint64_t seed, struct sp_pool_now now, struct sp_pool **out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 5);
void sp_pool_free(struct sp_pool *pool);

/* The template introduced itself; it went away, and all sessions with it. */
enum sp_err sp_pool_template_up(struct sp_pool *pool, uint64_t walls, struct sp_slice packages,
                                struct sp_pool_now now) SP_MUST_CHECK SP_NONNULL(1);
void sp_pool_template_lost(struct sp_pool *pool, struct sp_pool_now now) SP_NONNULL(1);

/* The template made this session: true when it is wanted, otherwise its wire must be closed. */
bool sp_pool_forked(struct sp_pool *pool, uint32_t ticket) SP_MUST_CHECK SP_NONNULL(1);

/* The session's processes are gone, or were never made. */
void sp_pool_ended(struct sp_pool *pool, uint32_t ticket, struct sp_pool_now now) SP_NONNULL(1);

/* A session says something, with a descriptor beside it (-1: none) that may be taken; its wire ended. */
void sp_pool_frame(struct sp_pool *pool, uint32_t ticket, const struct sp_frame *frame, int *fd,
                   struct sp_pool_now now) SP_NONNULL(1, 3, 4);
void sp_pool_session_lost(struct sp_pool *pool, uint32_t ticket, struct sp_pool_now now)
    SP_NONNULL(1);

/* ---- requests; each is answered exactly once by the port, at once or later ---- */

/* One execution. */
struct sp_pool_order {
    uint64_t request; /* not 0 */
    struct sp_slice identifier;
    uint64_t key; /* of the template, for a session that is made for this */
    struct sp_slice code;
    uint32_t timeout_s;
    uint16_t denied;   /* capabilities (bits) that the policy refuses at run time */
    bool may_own_code; /* it may import and execute what a run wrote itself */
    size_t
        output_max; /* bytes kept of each stream; 0 for the configured number, which is the most */
    bool is_streamed; /* its output is told as it comes */
    bool is_async;    /* answered at once; the result is kept for sp_pool_execution_get */
    bool is_jupyter;  /* a plain value comes as Python shows it */
};
void sp_pool_execute(struct sp_pool *pool, const struct sp_pool_order *order,
                     struct sp_pool_now now) SP_NONNULL(1, 2);

/* The state or the result of an asynchronous execution. */
void sp_pool_execution_get(struct sp_pool *pool, uint64_t request, struct sp_slice identifier,
                           uint64_t id, struct sp_pool_now now) SP_NONNULL(1);

/* One request about files. The path is of the form that sp_pool_path_add makes. */
struct sp_pool_file_order {
    uint64_t request; /* not 0 */
    struct sp_slice identifier;
    uint64_t key; /* as above */
    struct sp_slice path;
    enum sp_file_op op;
    bool is_recursive;
};
void sp_pool_file_do(struct sp_pool *pool, const struct sp_pool_file_order *order,
                     struct sp_pool_now now) SP_NONNULL(1, 2);

/*
 * All bytes of this upload are written: the file gets its name, and the request its answer. `approved` is the digest of code
 * that may be imported from now on, or empty.
 */
void sp_pool_upload_commit(struct sp_pool *pool, uint64_t request, struct sp_slice approved)
    SP_NONNULL(1);

void sp_pool_session_get(struct sp_pool *pool, uint64_t request, struct sp_slice identifier)
    SP_NONNULL(1);
void sp_pool_session_delete(struct sp_pool *pool, uint64_t request, struct sp_slice identifier,
                            struct sp_pool_now now) SP_NONNULL(1);
void sp_pool_session_list(struct sp_pool *pool, uint64_t request, uint32_t skip) SP_NONNULL(1);
void sp_pool_metadata(struct sp_pool *pool, uint64_t request) SP_NONNULL(1);

/*
 * Whoever asked is gone: its answer goes nowhere, a run of it that waits is forgotten, one that is on goes on; an upload
 * that is not whole goes away.
 */
void sp_pool_left(struct sp_pool *pool, uint64_t request) SP_NONNULL(1);

/* Answers any request with an error. */
void sp_pool_refuse(struct sp_pool *pool, uint64_t request, enum sp_err why, struct sp_slice detail)
    SP_NONNULL(1);

/* ---- time ---- */

/* Does what is due; then the monotonic time of what is due next, UINT64_MAX for nothing. */
uint64_t sp_pool_tick(struct sp_pool *pool, struct sp_pool_now now) SP_NONNULL(1);

#endif
