/*
 * loop - one event loop a process: descriptors, timers, signals. libevent stands behind it.
 *
 * Runs in: every process.   Allocates: a little for each watch and timer.
 * No threads, no locks. A callback may free its own watch or timer.
 */
#ifndef SP_WIRE_LOOP_H
#define SP_WIRE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct sp_loop;
struct sp_watch;
struct sp_timer;

/*
 * What a descriptor can be watched for. SP_WATCH_HANGUP: the other side closed its half, or all of it, or the connection
 * broke. SP_WATCH_DEAD: only the latter two. Both are told once as SP_WATCH_HANGUP and then have to be set again;
 * each kind that is ready is a call of its own.
 */
#define SP_WATCH_READ   1U
#define SP_WATCH_WRITE  2U
#define SP_WATCH_HANGUP 4U
#define SP_WATCH_DEAD   8U

typedef void sp_watch_fn(void *ctx, int fd, unsigned what);
typedef void sp_timer_fn(void *ctx);
typedef void sp_signal_fn(void *ctx, int signo);

/* One for a process. Watches and timers are freed before it. */
enum sp_err sp_loop_new(struct sp_loop **out) SP_MUST_CHECK SP_NONNULL(1);
void sp_loop_free(struct sp_loop *loop);

/* Runs until sp_loop_stop. sp_loop_turn does what is due, at most `wait_ms`, and returns (for tests). */
enum sp_err sp_loop_run(struct sp_loop *loop) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_loop_turn(struct sp_loop *loop, unsigned wait_ms) SP_MUST_CHECK SP_NONNULL(1);
void sp_loop_stop(struct sp_loop *loop) SP_NONNULL(1);

/* Watches `fd` (borrowed) level-triggered for `what`, which may be 0 for now. Free the watch before closing the fd. */
enum sp_err sp_watch_new(struct sp_loop *loop, int fd, unsigned what, sp_watch_fn *fn, void *ctx,
                         struct sp_watch **out) SP_MUST_CHECK SP_NONNULL(1, 4, 6);
enum sp_err sp_watch_set(struct sp_watch *watch, unsigned what) SP_MUST_CHECK SP_NONNULL(1);
void sp_watch_free(struct sp_watch *watch);

/*
 * A timer that is not running yet. sp_timer_set starts it anew; with 0 it is due once at the end of this turn,
 * after all pending events (set from such a call: of the next turn).
 */
enum sp_err sp_timer_new(struct sp_loop *loop, sp_timer_fn *fn, void *ctx, struct sp_timer **out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 4);
enum sp_err sp_timer_set(struct sp_timer *timer, uint64_t after_ms) SP_MUST_CHECK SP_NONNULL(1);
void sp_timer_stop(struct sp_timer *timer) SP_NONNULL(1);
void sp_timer_free(struct sp_timer *timer);

/*
 * What is to be done once when this turn is over, after its events and its timers: a member of the caller's struct.
 * Asking twice is asking once; forget it before the struct goes.
 */
struct sp_last {
    sp_timer_fn *fn;
    void *ctx;
    struct sp_last *next;
    bool is_asked;
};
void sp_loop_at_last(struct sp_loop *loop, struct sp_last *last) SP_NONNULL(1, 2);
void sp_loop_forget_last(struct sp_loop *loop, struct sp_last *last) SP_NONNULL(1, 2);

/* Calls `fn` in the loop for every delivery of `signo`, as long as the loop lives. */
enum sp_err sp_loop_on_signal(struct sp_loop *loop, int signo, sp_signal_fn *fn, void *ctx)
    SP_MUST_CHECK SP_NONNULL(1, 3);

#endif
