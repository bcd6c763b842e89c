/*
 * run - one execution: what is to be run, and what its session has said so far.
 *
 * Runs in: pool.   Input: hostile (frames of a session).   Allocates: up to the limits below for each run.
 */
#ifndef SP_POOL_RUN_H
#define SP_POOL_RUN_H

#include "base/buf.h"
#include "wire/session_act.h"
#include "wire/session_frame.h"

#define SP_POOL_ITEMS_MAX 1024U

/* One piece of an output: where its bytes lie in `item_bytes`. */
struct sp_pool_item {
    uint16_t group;
    enum sp_item_role role;
    enum sp_item_kind kind;
    size_t at;
    size_t len;
};

/* Why a run ended, beside what the interpreter says of it. */
enum sp_pool_end {
    SP_POOL_END_DONE,
    SP_POOL_END_STOPPED, /* interrupted at its timeout; the session lives */
    SP_POOL_END_KILLED,  /* it did not yield; the session's state is lost */
    SP_POOL_END_CRASHED, /* the interpreter ended by itself */
    SP_POOL_END_DELETED, /* its session was deleted meanwhile */
};

struct sp_pool_run {
    struct sp_pool_run *next;
    uint64_t request; /* who gets the answer; 0 when nobody waits any more */
    uint64_t id;      /* by which an asynchronous run is asked for */
    uint64_t nonce;
    bool is_async;
    bool is_jupyter;  /* its value, if it is plain, comes as Python shows it */
    bool is_streamed; /* whoever asked hears of it as it comes */
    size_t told[2];   /* bytes of stdout and stderr that were told */
    struct sp_buf code;
    uint16_t denied; /* capabilities (bits) that raise at run time */
    bool may_own_code;
    struct sp_witness witness;
    uint32_t timeout_ms;
    uint64_t started_ms;
    bool is_stopping; /* its time is up */

    struct sp_buf out;
    struct sp_buf err;
    uint64_t dropped_out;
    uint64_t dropped_err;
    uint64_t micros;
    enum sp_cell_end status;
    enum sp_pool_end end;
    uint32_t end_number; /* of a crash: the signal or the exit status */
    bool end_by_signal;
    bool end_by_memory; /* killed by the kernel, because the session's memory was used up */

    struct sp_buf item_bytes;
    struct sp_pool_item *items;
    unsigned item_count;
    bool is_item_open; /* more of the last item follows */
    bool is_item_cut;
};

/* An empty run that takes a copy of the code; NULL when memory is used up. */
struct sp_pool_run *sp_pool_run_new(struct sp_slice code, size_t output_max) SP_MUST_CHECK;
void sp_pool_run_free(struct sp_pool_run *run);

/* A STREAM, ITEM or WITNESS frame of this run. Past a limit the rest is dropped and counted; SP_ERR_WIRE for a wrong frame. */
enum sp_err sp_pool_run_take(struct sp_pool_run *run, const struct sp_frame *frame)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* The last item of this role and kind, or NULL; its bytes. */
const struct sp_pool_item *sp_pool_run_find(const struct sp_pool_run *run, enum sp_item_role role,
                                            enum sp_item_kind kind) SP_NONNULL(1);
struct sp_slice sp_pool_run_bytes(const struct sp_pool_run *run, const struct sp_pool_item *item)
    SP_NONNULL(1, 2);

#endif
