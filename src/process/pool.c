/*
 * pool - the process that answers relay over a unix socket and leads the sessions.
 *
 * Hears: nursery (TEMPLATE).   Reads hostile: what sessions say, requests.   Files: none; it can neither mount nor execute.
 * If the nursery is taken over, it can give us sessions that lie; it cannot make us do anything but read frames.
 */
#include <stdlib.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/num.h"
#include "base/own.h"
#include "pool/server.h"
#include "process/role.h"
#include "process/settings.h"

/* What is kept of each stream of a run; the answer's own limit bounds it further. */
#define STREAM_BYTES_MAX ((size_t)1024 * 1024)

struct pool_state {
    struct sp_self *self;
    struct sp_pool_config config;
    uint64_t seed;
    int listener;
    struct sp_pool_server *server;
};

static enum sp_err pool_init(struct sp_self *self, void **out_state)
{
    struct sp_settings_pool settings;
    SP_TRY(sp_settings_pool_read(sp_self_settings(self), &settings));
    struct pool_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SP_ERR_NOMEM;
    }
    state->self = self;
    state->config = (struct sp_pool_config){
        .max_sessions = settings.max_sessions,
        .ready_sessions = settings.ready_sessions,
        .cooldown_ms = (uint32_t)((uint64_t)settings.cooldown_s * 1000 > UINT32_MAX
                                      ? UINT32_MAX
                                      : settings.cooldown_s * 1000),
        .is_by_key = settings.is_by_key != 0,
        .max_life_ms = (uint64_t)settings.max_life_s * 1000,
        .output_max = sp_size_min((size_t)settings.output_bytes_max, STREAM_BYTES_MAX),
    };
    state->listener = sp_self_take_gift(self, SP_GIFT_POOL_LISTENER, 0);
    *out_state = state;
    if (state->listener < 0) {
        return SP_ERR_CONFIG;
    }
    return getrandom(&state->seed, sizeof(state->seed), 0) == (ssize_t)sizeof(state->seed)
               ? SP_OK
               : SP_ERR_SYSTEM;
}

static enum sp_err pool_start(void *ctx)
{
    struct pool_state *state = ctx;
    return sp_pool_server_new(sp_self_loop(state->self), &state->config,
                              sp_take_fd(&state->listener), state->seed, &state->server);
}

/* What if the nursery is hostile? The descriptor is only ever read as a wire of bounded frames. */
static enum sp_err on_template(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct pool_state *state = ctx;
    struct sp_msg_template template;
    (void)from;
    SP_TRY(sp_msg_template_read(message, &template));
    if (message->fd_count != 1) {
        return SP_ERR_WIRE;
    }
    sp_log(SP_LOG_INFO, "pool.template.given", "nursery=%u", template.incarnation);
    return sp_pool_server_template(state->server, sp_take_fd(&message->fds[0]));
}

static const struct sp_handler pool_handlers[] = {
    {SP_ROLE_NURSERY, SP_MSG_TEMPLATE, on_template},
};

const struct sp_role_spec sp_pool_role = {
    .role = SP_ROLE_POOL,
    .init = pool_init,
    .start = pool_start,
    .handlers = pool_handlers,
    .handler_count = SP_COUNT(pool_handlers),
};
