/*
 * pool_inner - what the files of the room share. Only the pool_*.c files include this.
 *
 * Runs in: pool.   Input: as pool.h.   Allocates: as pool.h.
 */
#ifndef SP_POOL_POOL_INNER_H
#define SP_POOL_POOL_INNER_H

#include "pool/pool.h"

enum slot_state {
    SLOT_FREE,
    SLOT_WANTED, /* to be made as soon as there is a template */
    SLOT_BORN,   /* asked for, not ready yet */
    SLOT_READY,  /* ready; has an identifier or waits for one */
    SLOT_BUSY,   /* a run is on */
    SLOT_DYING,  /* killed; its processes may still be there */
};

/* One request about files that is not answered yet. */
struct file_job {
    struct file_job *next;
    uint64_t request; /* 0: nobody waits any more */
    uint64_t number;  /* of it on the wire */
    enum sp_file_op op;
    bool is_recursive;
    bool is_sent;
    bool is_open; /* an upload whose bytes come in */
    struct sp_buf path;
    struct sp_buf listed;
};

/* What came of an asynchronous execution, kept for whoever asks. */
struct kept {
    struct kept *next;
    uint64_t id;
    uint64_t until_ms;
    char identifier[SP_POOL_IDENTIFIER_MAX];
    size_t identifier_len;
    struct sp_buf body;
};

struct slot {
    enum slot_state state;
    uint32_t ticket;
    uint32_t generation;
    char identifier[SP_POOL_IDENTIFIER_MAX];
    size_t identifier_len; /* 0: of the ready set */
    uint64_t key;          /* of its template */
    uint64_t etag;
    uint64_t created_us;
    uint64_t used_us;
    uint64_t used_ms;
    uint64_t named_ms;         /* when it got its identifier */
    uint64_t due_ms;           /* of the state: birth, timeout, kill; UINT64_MAX for none */
    struct sp_pool_run *run;   /* the one that is on */
    struct sp_pool_run *first; /* the line */
    unsigned waiting;
    struct file_job *files;
};

struct sp_pool {
    struct sp_pool_config config;
    struct sp_pool_ports ports;
    uint64_t random;
    bool has_template;
    uint64_t walls;
    struct sp_buf packages;
    uint64_t started_us;
    struct kept *kept;  /* the newest first */
    uint64_t ready_key; /* of the template that the next ready session comes from */
    bool has_ready_key;
    uint64_t ready_from_ms;  /* runs first: the ready set is not filled before this time */
    uint64_t ready_again_ms; /* making a ready session failed; not before this time again */
    unsigned slot_count;
    struct slot slots[];
};

struct sp_slice sp_slot_identifier(const struct slot *slot);

/* pool_life.c: slots and their sessions. */
struct slot *sp_slot_of(struct sp_pool *pool, uint32_t ticket);
struct slot *sp_slot_find(struct sp_pool *pool, struct sp_slice identifier);
enum sp_err sp_slot_assign(struct sp_pool *pool, struct sp_slice identifier, uint64_t key,
                           struct sp_pool_now now, struct slot **out);
void sp_slot_touch(struct slot *slot, struct sp_pool_now now); /* the cooldown begins anew */
/* Kills the session; its runs must be answered before. */
void sp_slot_end(struct sp_pool *pool, struct slot *slot);
void sp_pool_fill_ready(struct sp_pool *pool, struct sp_pool_now now);
uint64_t sp_pool_fill_due(const struct sp_pool *pool, struct sp_pool_now now);
/* Answers that no session could be had; the pool being full says when to come again. */
void sp_pool_refuse_full(struct sp_pool *pool, uint64_t request, enum sp_err why,
                         struct sp_pool_now now);
unsigned sp_pool_retry_after(const struct sp_pool *pool, struct sp_pool_now now);

/* pool_turn.c: runs. */
void sp_slot_enqueue(struct sp_pool *pool, struct slot *slot, struct sp_pool_run *run,
                     struct sp_pool_now now);
void sp_slot_next(struct sp_pool *pool, struct slot *slot, struct sp_pool_now now);
void sp_slot_finish(struct sp_pool *pool, struct slot *slot, enum sp_pool_end end,
                    struct sp_pool_now now);
void sp_slot_line_again(struct sp_pool *pool, struct slot *slot, struct sp_pool_now now);
void sp_slot_line_refuse(struct sp_pool *pool, struct slot *slot, enum sp_err why);
void sp_slot_interrupt(struct sp_pool *pool, struct slot *slot, struct sp_pool_now now);

uint64_t sp_pool_draw(struct sp_pool *pool);

/* pool_files.c */
void sp_slot_files_next(struct sp_pool *pool, struct slot *slot); /* the session can be asked now */
void sp_slot_files_frame(struct sp_pool *pool, struct slot *slot, const struct sp_frame *frame,
                         int *fd);
void sp_slot_files_lost(struct sp_pool *pool, struct slot *slot);
void sp_slot_files_left(struct sp_pool *pool, struct slot *slot, uint64_t request);
void sp_slot_files_free(struct slot *slot);

/* pool_kept.c */
enum sp_err sp_kept_put(struct sp_pool *pool, const struct slot *slot,
                        const struct sp_pool_run *run, struct sp_pool_now now) SP_MUST_CHECK;
void sp_kept_drop(struct sp_pool *pool, struct sp_slice identifier, struct sp_pool_now now);
void sp_kept_free(struct sp_pool *pool);

#endif
