/*
 * wire - one end of a wire that carries session frames: the template's, or a session's.
 *
 * Runs in: pool.   Input: hostile.   Allocates: a queue for what cannot be sent at once, bounded.
 */
#ifndef SP_POOL_WIRE_H
#define SP_POOL_WIRE_H

#include "wire/loop.h"
#include "wire/session_frame.h"

#define SP_POOL_WIRE_QUEUE_MAX ((size_t)24 * 1024 * 1024)

struct sp_pool_wire;

/* One frame came; `fd` came beside it (-1: none) and is closed after the call unless it is taken. */
typedef void sp_pool_wire_fn(void *ctx, struct sp_pool_wire *wire, const struct sp_frame *frame,
                             int *fd);

/* The wire ended, or carried what is no frame. Called once; the callee may free the wire. */
typedef void sp_pool_wire_lost_fn(void *ctx, struct sp_pool_wire *wire);

struct sp_pool_wire_events {
    sp_pool_wire_fn *frame;
    sp_pool_wire_lost_fn *lost;
    void *ctx;
    uint32_t ticket; /* for the callee */
};

/* Takes `take_fd` over, also when it fails. */
enum sp_err sp_pool_wire_new(struct sp_loop *loop, int take_fd,
                             const struct sp_pool_wire_events *events, struct sp_pool_wire **out)
    SP_MUST_CHECK SP_NONNULL(1, 3, 4);
void sp_pool_wire_free(struct sp_pool_wire *wire);

uint32_t sp_pool_wire_ticket(const struct sp_pool_wire *wire) SP_NONNULL(1);

/* Sends or queues a frame. What cannot be sent ends the wire, which is told later. */
void sp_pool_wire_send(struct sp_pool_wire *wire, const struct sp_frame *frame) SP_NONNULL(1, 2);

#endif
