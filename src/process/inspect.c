/*
 * inspect - the process that reads the body and judges the code.
 *
 * Hears: front (JOB), the supervisor (RELOAD).   Reads hostile: the JSON body, the code.   Files, network, secrets: none.
 * Taken over, it can misjudge what it was given and hand on another order than the one submitted, under the name that
 * admit tells audit; it knows neither that name nor the session, and cannot reach a pool.
 */
#include <stdlib.h>

#include "base/log.h"
#include "inspect/room.h"
#include "process/role.h"
#include "process/settings.h"

struct inspect_state {
    struct sp_self *self;
    struct sp_inspect_room *room;
};

/* If front is hostile: any bytes in a body are what this is for; a policy that is not in force ends the wire. */
static enum sp_err on_job(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct inspect_state *state = ctx;
    struct sp_msg_job job;
    struct sp_msg_verdict verdict = {.order = SP_PAYLOAD_EMPTY};
    (void)from;
    SP_TRY(sp_msg_job_read(message, &job));
    enum sp_err err = sp_inspect_job(state->room, &job, &verdict);
    sp_payload_done(&job.body);
    SP_TRY(err);
    struct sp_channel *audit = sp_self_wire(state->self, SP_ROLE_AUDIT, 0);
    if (audit != NULL && sp_msg_verdict_send(audit, &verdict) != SP_OK) {
        sp_log(SP_LOG_WARN, "inspect.verdict.lost", "exchange=%llx",
               (unsigned long long)verdict.exchange);
    }
    sp_payload_done(&verdict.order);
    sp_payload_done(&verdict.content);
    return SP_OK;
}

static enum sp_err add_policy(struct sp_inspect_room *room, struct sp_slice item)
{
    struct sp_settings_policy policy;
    struct sp_where where = {.text = {0}};
    SP_TRY(sp_settings_policy_read(item, &policy));
    enum sp_err err = sp_inspect_add_policy(room, policy.text, policy.digest, &where);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "inspect.policy.refused", "policy=%.*s line=%u column=%u why=\"%s\"",
               (int)policy.name.len, (const char *)policy.name.ptr, where.line, where.column,
               where.text);
    }
    return err;
}

static enum sp_err add_policies(struct sp_inspect_room *room, struct sp_slice policies)
{
    struct sp_reader r;
    sp_reader_init(&r, policies);
    while (sp_reader_left(&r) > 0) {
        struct sp_slice item = {NULL, 0};
        SP_TRY(sp_reader_block(&r, SP_SETTINGS_LIST_MAX, &item));
        SP_TRY(add_policy(room, item));
    }
    return SP_OK;
}

/* Policies of other settings are loaded beside the old ones: jobs on their way are still judged. */
static enum sp_err on_reload(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct inspect_state *state = ctx;
    struct sp_msg_reload msg;
    struct sp_settings_inspect settings;
    (void)from;
    SP_TRY(sp_msg_reload_read(message, &msg));
    enum sp_err err = sp_settings_inspect_read(msg.settings.bytes, &settings);
    if (err == SP_OK) {
        sp_inspect_renew(state->room);
        err = add_policies(state->room, settings.policies);
        sp_inspect_renewed(state->room);
    }
    sp_payload_done(&msg.settings);
    sp_self_reloaded(state->self, msg.generation, err);
    return SP_OK;
}

static enum sp_err inspect_init(struct sp_self *self, void **out_state)
{
    struct sp_settings_inspect settings;
    struct inspect_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SP_ERR_NOMEM;
    }
    state->self = self;
    *out_state = state;
    SP_TRY(sp_settings_inspect_read(sp_self_settings(self), &settings));
    SP_TRY(sp_inspect_room_new(settings.body_bytes_max, settings.upload_bytes_max, &state->room));
    sp_inspect_give_denied(state->room, settings.gives_denied != 0);
    return add_policies(state->room, settings.policies);
}

static const struct sp_handler inspect_handlers[] = {
    {SP_ROLE_FRONT, SP_MSG_JOB, on_job},
    {SP_ROLE_SUPERVISOR, SP_MSG_RELOAD, on_reload},
};

const struct sp_role_spec sp_inspect_role = {
    .role = SP_ROLE_INSPECT,
    .init = inspect_init,
    .handlers = inspect_handlers,
    .handler_count = SP_COUNT(inspect_handlers),
};
