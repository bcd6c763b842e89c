/*
 * pool_inner - what the files of the room share. Only pool.c, pool_life.c and pool_turn.c include this.
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

struct slot {
    enum slot_state state;
    uint32_t ticket;
    uint32_t generation;
    char identifier[SP_POOL_IDENTIFIER_MAX];
    size_t identifier_len; /* 0: of the ready set */
    uint64_t etag;
    uint64_t created_us;
    uint64_t used_us;
    uint64_t used_ms;
    uint64_t due_ms;           /* of the state: birth, timeout, kill; UINT64_MAX for none */
    struct sp_pool_run *run;   /* the one that is on */
    struct sp_pool_run *first; /* the line */
    unsigned waiting;
};

struct sp_pool {
    struct sp_pool_config config;
    struct sp_pool_ports ports;
    uint64_t random;
    bool has_template;
    uint64_t walls;
    struct sp_buf packages;
    uint64_t started_us;
    uint64_t ready_again_ms; /* making a ready session failed; not before this time again */
    unsigned slot_count;
    struct slot slots[];
};

struct sp_slice sp_slot_identifier(const struct slot *slot);

/* pool_life.c: slots and their sessions. */
struct slot *sp_slot_of(struct sp_pool *pool, uint32_t ticket);
struct slot *sp_slot_find(struct sp_pool *pool, struct sp_slice identifier);
enum sp_err sp_slot_assign(struct sp_pool *pool, struct sp_slice identifier, struct sp_pool_now now,
                           struct slot **out);
void sp_slot_end(struct sp_pool *pool,
                 struct slot *slot); /* kills the session; its runs must be answered before */
void sp_pool_fill_ready(struct sp_pool *pool, struct sp_pool_now now);
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

#endif
