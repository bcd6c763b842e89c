/*
 * reload - SIGHUP: another configuration for a house that serves, whole or not at all.
 *
 * Runs in: supervisor.   Input: the operator's files.   Allocates: the configuration and its policies.
 * First everything is read and checked. Then the inspect workers load the new policies beside the old, audit takes the
 * new set into force on record, and admit the tenants with their quotas, tokens and keys. What a role that is replaced
 * meanwhile begins with is what is in force then.
 */
#ifndef SP_PROCESS_RELOAD_H
#define SP_PROCESS_RELOAD_H

#include "config/config.h"
#include "process/policies.h"
#include "wire/loop.h"

struct sp_house;
struct sp_child;

enum sp_reload_phase {
    SP_RELOAD_IDLE,
    SP_RELOAD_INSPECT, /* every worker loads the new policies beside the old; until here all can be left as it was */
    SP_RELOAD_AUDIT, /* from here on only what is judged under the new ones is recorded */
    SP_RELOAD_ADMIT, /* who asks, and how much he may */
};

struct sp_reload {
    enum sp_reload_phase phase;
    uint32_t in_force;
    uint32_t generation; /* of what is tried, or was last; never used again */
    const char *path;
    const struct sp_config_overrides *overrides;
    struct sp_config *first; /* keys that need a restart are the first one's */
    struct sp_config *owned; /* in force, when it is not the first */
    struct sp_config *fresh; /* being tried */
    struct sp_policies *fresh_policies;
    struct sp_buf quotas; /* whose limits change, for the log, until audit has them */
    struct sp_timer *timer;
};

enum sp_err sp_reload_init(struct sp_house *house) SP_MUST_CHECK SP_NONNULL(1);
void sp_reload_done(struct sp_house *house) SP_NONNULL(1);

/* SIGHUP: reads everything again, checks it, and has the roles take it over; or leaves all as it is and says why. */
void sp_reload_begin(struct sp_house *house) SP_NONNULL(1);

/* A role answered; a role came up or ended meanwhile. */
enum sp_err sp_reload_answer(struct sp_child *child, const struct sp_msg_reloaded *msg)
    SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_reload_on_up(struct sp_child *child) SP_NONNULL(1);
void sp_reload_on_down(struct sp_child *child) SP_NONNULL(1);

#endif
