#include "admit/earlier.h"

#include <stdlib.h>

#define FIRST_ROOM ((size_t)64)

void sp_earlier_done(struct sp_earlier *earlier)
{
    free(earlier->runs);
    *earlier = (struct sp_earlier){.runs = NULL};
}

static enum sp_err reserve(struct sp_earlier *earlier)
{
    if (earlier->count < earlier->room) {
        return SP_OK;
    }
    if (earlier->count >= SP_EARLIER_MAX) {
        return SP_ERR_FULL;
    }
    const size_t room = earlier->room == 0 ? FIRST_ROOM : 2 * earlier->room;
    struct sp_earlier_run *runs = reallocarray(earlier->runs, room, sizeof(*runs));
    if (runs == NULL) {
        return SP_ERR_NOMEM;
    }
    earlier->runs = runs;
    earlier->room = room;
    return SP_OK;
}

static enum sp_err take(struct sp_earlier *earlier, struct sp_quota *quota,
                        const struct sp_msg_still *msg, uint64_t mono_us)
{
    struct sp_earlier_run run = {.exchange = msg->exchange,
                                 .until_us = mono_us + (uint64_t)msg->left_ms * 1000U};
    SP_TRY(reserve(earlier));
    SP_TRY(sp_quota_resume_run(quota, msg->tenant, msg->principal, &run.node));
    earlier->runs[earlier->count++] = run;
    return SP_OK;
}

void sp_earlier_told(struct sp_earlier *earlier, struct sp_quota *quota,
                     const struct sp_msg_still *msg, uint64_t mono_us)
{
    if (earlier->is_known) {
        return;
    }
    if (msg->is_last == 0) {
        earlier->is_short = take(earlier, quota, msg, mono_us) != SP_OK || earlier->is_short;
        return;
    }
    earlier->is_known = true;
    if (msg->is_whole != 0 && !earlier->is_short) {
        sp_quota_forget_before(quota);
    }
}

static void drop(struct sp_earlier *earlier, struct sp_quota *quota, size_t at)
{
    sp_quota_end_resumed(quota, earlier->runs[at].node);
    earlier->runs[at] = earlier->runs[--earlier->count];
}

void sp_earlier_ended(struct sp_earlier *earlier, struct sp_quota *quota, sp_exchange exchange)
{
    for (size_t i = 0; exchange != 0 && i < earlier->count; i++) {
        if (earlier->runs[i].exchange == exchange) {
            drop(earlier, quota, i);
            return;
        }
    }
}

void sp_earlier_tick(struct sp_earlier *earlier, struct sp_quota *quota, uint64_t mono_us)
{
    for (size_t i = earlier->count; i > 0; i--) {
        if (earlier->runs[i - 1].until_us <= mono_us) {
            drop(earlier, quota, i - 1);
        }
    }
}
