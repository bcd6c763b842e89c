/*
 * init - process 1 of a session: reaps, passes output on within bounds, interrupts, and tells the pool what happened.
 *
 * Runs in: each session, outside the interpreter's reach.   Input: hostile (frames and pipes of the interpreter).
 * Allocates: two buffers of one frame.
 * It holds the wire to the pool, so nothing that a tenant's code does to the interpreter can forge or close it.
 */
#ifndef SP_SESSION_INIT_H
#define SP_SESSION_INIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct sp_approved;
struct sp_witness_page;

struct sp_init {
    int control;     /* the pool */
    int interpreter; /* frames of the interpreter, with the kernel's word on who sent them */
    int streams[2];  /* read ends of stdout and stderr, non-blocking */
    int children;    /* a signalfd of SIGCHLD */
    int data;        /* /mnt/data: what the pool asks of files is done beneath it */
    struct sp_witness_page *witness; /* NULL: there is none */
    struct sp_approved *approved;    /* the same */
    int lease;                       /* of the process outside; negative: there is none */
};

/*
 * Serves until the pool's wire or the interpreter ends; then the process must exit. The interpreter may come later: it
 * is whoever says first that it is ready.
 */
void sp_init_serve(const struct sp_init *given) SP_NONNULL(1);

#endif
