/*
 * schedule - how a process that answers messages shares the machine with its peers.
 *
 * Runs in: every role, before its confinement.   Allocates: never.
 */
#ifndef SP_OS_SCHEDULE_H
#define SP_OS_SCHEDULE_H

#include "base/err.h"

/*
 * SCHED_BATCH: waking up takes no processor from the peer that sent the message, so that it sends all it has first and
 * messages are handled in batches. Children inherit it: a session's code does not push a role aside either. And freed
 * memory is kept for the next request instead of going back to the kernel each time. Both only save work: SP_ERR_SYSTEM
 * may be passed over.
 */
enum sp_err sp_schedule_in_batches(void) SP_MUST_CHECK;

/* Gives freed memory back all the same: after work that needs much and comes rarely. */
void sp_schedule_rest(void);

#endif
