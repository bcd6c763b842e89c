/*
 * token - the process that holds the long-lived credential and hands relay the bearer of the moment.
 *
 * Hears: relay (BEARER_REFUSED).   Reads hostile: nothing yet (later: the identity provider's answers).   Files: none.
 * If relay is taken over, it has the bearer of the moment, which it needs; it can make this process log one line a bearer.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/own.h"
#include "crypto/hash.h"
#include "os/memfd.h"
#include "process/role.h"
#include "process/settings.h"
#include "token/bearer.h"

struct token_state {
    struct sp_self *self;
    struct sp_bearer token;
};

static void publish(void *ctx, enum sp_err err, struct sp_slice bearer, uint64_t expires_us)
{
    struct token_state *state = ctx;
    struct sp_channel *wire = sp_self_wire(state->self, SP_ROLE_RELAY, 0);
    if (wire == NULL) {
        return; /* published anew when it stands */
    }
    struct sp_msg_bearer msg = {.err = err, .expires_us = expires_us, .value = bearer};
    enum sp_err sent = sp_msg_bearer_send(wire, &msg);
    if (sent != SP_OK) {
        sp_log(SP_LOG_ERROR, "token.publish.failed", "err=%s", sp_err_name(sent));
    }
}

static void tell_refused(void *ctx, const char *fingerprint)
{
    (void)ctx;
    sp_log(SP_LOG_ERROR, "token.refused", "bearer=%s why=\"the pool answers 401; set a new token and restart\"",
           fingerprint);
}

/* If relay is hostile: a digest that is not ours is passed over, and ours is logged once. */
static enum sp_err on_refused(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct token_state *state = ctx;
    struct sp_msg_bearer_refused refused;
    (void)from;
    SP_TRY(sp_msg_bearer_refused_read(message, &refused));
    sp_bearer_refused(&state->token, refused.value_digest);
    return SP_OK;
}

/* The credential comes as a sealed memfd, so that it is in no environment and on no command line of a role. */
static enum sp_err load_credential(struct sp_bearer *token, int take_fd)
{
    SP_AUTO_CLOSE int fd = take_fd;
    struct sp_slice mapping = {NULL, 0};
    size_t size = 0;
    if (fd < 0) {
        return SP_ERR_CONFIG;
    }
    SP_TRY(sp_memfd_size(fd, &size));
    SP_TRY(sp_memfd_check(fd, size));
    SP_TRY(sp_memfd_map(fd, size, &mapping));
    enum sp_err err = sp_bearer_set(token, mapping);
    sp_memfd_unmap(mapping);
    return err;
}

static enum sp_err token_init(struct sp_self *self, void **out_state)
{
    struct sp_settings_token_role settings;
    SP_TRY(sp_settings_token_role_read(sp_self_settings(self), &settings));
    SP_TRY(sp_hash_start());
    struct token_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SP_ERR_NOMEM;
    }
    state->self = self;
    *out_state = state;
    struct sp_bearer_ops ops = {.publish = publish, .refused = tell_refused, .ctx = state};
    SP_TRY(sp_bearer_init(&state->token, settings.source, &ops));
    if (state->token.source == SP_BEARER_SOURCE_ENVIRONMENT) {
        SP_TRY(load_credential(&state->token, sp_self_take_gift(self, SP_GIFT_SECRET, 0)));
    }
    return SP_OK;
}

static void token_wired(void *ctx, struct sp_peer peer)
{
    struct token_state *state = ctx;
    if (peer.role == SP_ROLE_RELAY) {
        sp_bearer_wired(&state->token);
    }
}

static const struct sp_handler token_handlers[] = {
    {SP_ROLE_RELAY, SP_MSG_BEARER_REFUSED, on_refused},
};

const struct sp_role_spec sp_token_role = {
    .role = SP_ROLE_TOKEN,
    .init = token_init,
    .wired = token_wired,
    .handlers = token_handlers,
    .handler_count = SP_COUNT(token_handlers),
};
