/*
 * token - the process that holds the long-lived credential, hands relay the bearer of the moment, and fetches the keys of
 * issuers for admit.
 *
 * Hears: relay (BEARER_REFUSED), dial (DIALLED).   Reads hostile: the answers of identity providers.
 * Files: the directory of a projected token, if that is the credential.   Network: descriptors from dial.
 * If relay is taken over, it has the bearer of the moment, which it needs; it can make this process log one line a
 * bearer, and ask for another one twice a minute.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "crypto/hash.h"
#include "os/files.h"
#include "os/memfd.h"
#include "process/role.h"
#include "process/settings.h"
#include "process/token_keys.h"
#include "token/credential.h"

#define PROOF_MAX   SP_SECRET_BYTES_MAX
#define US_A_SECOND ((uint64_t)1000000)
#define NEVER       UINT64_MAX

struct token_state {
    struct sp_self *self;
    bool is_fixed; /* the bearer itself was given */
    struct sp_bearer fixed;
    struct sp_credential credential;
    struct sp_buf texts; /* what the provider's slices point into */
    struct sp_tls_context *tls;
    char file[SP_FILE_PATH_MAX];
    int dir;
    struct sp_question question; /* for the next bearer */
    bool is_by_cli;              /* the Azure CLI is asked instead */
    uint32_t cli_number;         /* of what it was asked last */
    struct sp_timer *cli_timer;  /* it cannot be asked: told when this turn is over */
    struct sp_timer *timer;
    struct sp_token_keys *keys; /* of issuers whose keys are fetched */
};

static struct sp_credential_now now(void)
{
    return (struct sp_credential_now){.mono_ms = sp_clock_mono_ms(),
                                      .wall_s = sp_clock_wall_us() / US_A_SECOND,
                                      .jitter = (uint32_t)sp_clock_mono_us()};
}

/* After everything that can change it: when there is something to do next. */
static void set_timer(struct token_state *state)
{
    const uint64_t at = sp_clock_mono_ms();
    const uint64_t next = sp_credential_next_ms(&state->credential, at);
    if (next == NEVER) {
        sp_timer_stop(state->timer);
        return;
    }
    if (sp_timer_set(state->timer, next > at ? next - at : 1) != SP_OK) {
        sp_self_finish(state->self, SP_ERR_NOMEM);
    }
}

static void on_timer(void *ctx)
{
    struct token_state *state = ctx;
    const struct sp_credential_now at = now();
    sp_credential_turn(&state->credential, &at);
    set_timer(state);
}

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
    const struct token_state *state = ctx;
    sp_log(SP_LOG_ERROR, "token.refused", "bearer=%s why=\"the pool answers 401; %s\"", fingerprint,
           state->is_fixed ? "set a new token and restart" : "another one is asked for");
}

static void note(void *ctx, bool is_good, const char *text)
{
    (void)ctx;
    sp_log(is_good ? SP_LOG_INFO : SP_LOG_ERROR,
           is_good ? "token.provider.up" : "token.provider.down", "%s", text);
}

/* --- questions --- */

/* A wire that is not there yet, or is lost, is a failure as any: it is tried again. */
static void on_cli_lost(void *ctx)
{
    struct token_state *state = ctx;
    const struct sp_credential_now at = now();
    state->cli_number++;
    sp_credential_failed(&state->credential, "the process that asks the Azure CLI is not there",
                         &at);
    set_timer(state);
}

static void ask_cli(struct token_state *state)
{
    struct sp_channel *cli = sp_self_wire(state->self, SP_ROLE_CLI, 0);
    const struct sp_msg_cli_ask msg = {.number = state->cli_number};
    if ((cli == NULL || sp_msg_cli_ask_send(cli, &msg) != SP_OK) &&
        sp_timer_set(state->cli_timer, 0) != SP_OK) {
        sp_self_finish(state->self, SP_ERR_NOMEM);
    }
}

static void ask(void *ctx, struct sp_slice request)
{
    struct token_state *state = ctx;
    if (state->is_by_cli) {
        ask_cli(state);
        return;
    }
    sp_question_ask(&state->question, request);
}

/* If cli, or the program that it starts, is hostile: it gives us a bearer of its own, and sees no other. */
static enum sp_err on_cli_told(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct token_state *state = ctx;
    const struct sp_credential_now at = now();
    struct sp_msg_cli_told told;
    (void)from;
    SP_TRY(sp_msg_cli_told_read(message, &told));
    if (!state->is_by_cli || told.number != state->cli_number) {
        return SP_OK; /* of a question that was given up */
    }
    state->cli_number++;
    if (told.err == SP_OK) {
        sp_credential_answered(&state->credential, 200, 0, told.answer, &at);
    } else {
        char why[SP_MSG_DETAIL_MAX + 1];
        sp_slice_to_text(told.detail, why, sizeof(why));
        sp_credential_failed(&state->credential, why, &at);
    }
    set_timer(state);
    return SP_OK;
}

static void on_end(void *ctx, const struct sp_fetch_end *end)
{
    struct token_state *state = ctx;
    const struct sp_credential_now at = now();
    if (end->err == SP_OK) {
        sp_credential_answered(&state->credential, end->status, end->retry_after_ms, end->body,
                               &at);
    } else {
        sp_credential_failed(&state->credential, end->why, &at);
    }
    set_timer(state);
}

/* If dial is hostile: it can connect us to anyone, and TLS asks whether that is who we want. */
static enum sp_err on_dialled(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct token_state *state = ctx;
    struct sp_msg_dialled dialled;
    (void)from;
    SP_TRY(sp_msg_dialled_read(message, &dialled));
    if (!sp_question_dialled(&state->question, &dialled, message)) {
        (void)sp_token_keys_dialled(state->keys, &dialled,
                                    message); /* or of one that was given up */
    }
    return SP_OK;
}

/* If relay is hostile: a digest that is not ours is passed over, and ours is logged once. */
static enum sp_err on_refused(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct token_state *state = ctx;
    const struct sp_credential_now at = now();
    struct sp_msg_bearer_refused refused;
    (void)from;
    SP_TRY(sp_msg_bearer_refused_read(message, &refused));
    if (state->is_fixed) {
        (void)sp_bearer_refused(&state->fixed, refused.value_digest); /* there is no other */
        sp_bearer_wired(&state->fixed);
    } else {
        sp_credential_refused(&state->credential, refused.value_digest, &at);
        set_timer(state);
    }
    return SP_OK;
}

/* If admit is hostile: keys are asked for once a minute instead of every quarter of an hour. */
static enum sp_err on_keys_wanted(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct token_state *state = ctx;
    struct sp_msg_keys_wanted wanted;
    (void)from;
    SP_TRY(sp_msg_keys_wanted_read(message, &wanted));
    sp_token_keys_wanted(state->keys, wanted.issuer);
    return SP_OK;
}

/* --- start --- */

/* The secret comes as a sealed memfd, so that it is in no environment and on no command line of a role. */
static enum sp_err read_sealed(int take_fd, struct sp_buf *out)
{
    SP_AUTO_CLOSE int fd = take_fd;
    struct sp_slice mapping = {NULL, 0};
    size_t size = 0;
    SP_TRY(sp_memfd_size(fd, &size));
    SP_TRY(sp_memfd_check(fd, size));
    SP_TRY(sp_memfd_map(fd, size, &mapping));
    enum sp_err err = sp_buf_put(out, mapping);
    sp_memfd_unmap(mapping);
    return err;
}

static enum sp_err read_secret(struct token_state *state, struct sp_buf *out)
{
    SP_AUTO_CLOSE int file = sp_self_take_gift(state->self, SP_GIFT_SECRET, 1);
    int sealed = sp_self_take_gift(state->self, SP_GIFT_SECRET, 0);
    if (sealed >= 0) {
        return read_sealed(sealed, out);
    }
    return file < 0 ? SP_OK : sp_file_read_fd(file, out);
}

static enum sp_err read_proof(void *ctx, struct sp_buf *out)
{
    const struct token_state *state = ctx;
    SP_TRY(sp_file_read_projected(state->dir, state->file, out));
    while (out->len > 0 && (out->ptr[out->len - 1] == '\n' || out->ptr[out->len - 1] == ' ')) {
        sp_buf_truncate(out, out->len - 1);
    }
    return out->len > 0 ? SP_OK : SP_ERR_NOT_FOUND;
}

static enum sp_err open_tls(struct token_state *state,
                            const struct sp_settings_token_role *settings)
{
    const char *why = "";
    enum sp_err err = sp_tls_client_new(settings->ca_pem, &why, &state->tls);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "token.authorities.refused", "%s", why);
    }
    return err;
}

static enum sp_err open_question(struct token_state *state,
                                 const struct sp_settings_token_role *settings)
{
    struct sp_url url;
    SP_TRY(sp_url_parse(settings->endpoint, &url));
    SP_TRY(url.is_https ? open_tls(state, settings) : SP_OK);
    state->question = (struct sp_question){.self = state->self,
                                           .target = settings->target,
                                           .tls = state->tls,
                                           .answer_bytes_max = SP_PROVIDER_ANSWER_BYTES_MAX,
                                           .fn = on_end,
                                           .ctx = state,
                                           .number = 0};
    sp_slice_to_text(url.host, state->question.host, sizeof(state->question.host));
    sp_question_init(&state->question);
    return SP_OK;
}

/* Keeps a text for the life of the process; the settings themselves go away. */
static enum sp_err keep(struct token_state *state, struct sp_slice *text)
{
    const size_t at = state->texts.len;
    SP_TRY(sp_buf_put(&state->texts, *text));
    *text = sp_slice_sub(sp_buf_slice(&state->texts), at, text->len);
    return SP_OK;
}

static enum sp_err keep_provider(struct token_state *state, const struct sp_settings_token_role *s,
                                 struct sp_provider *out)
{
    uint8_t *room = NULL;
    *out = (struct sp_provider){.source = (enum sp_provider_source)s->source,
                                .endpoint = s->endpoint,
                                .is_imds = s->is_imds != 0,
                                .audience = s->audience,
                                .tenant_id = s->tenant_id,
                                .client_id = s->client_id};
    sp_buf_init(&state->texts, SP_PROVIDER_REQUEST_BYTES_MAX);
    SP_TRY(sp_buf_reserve(&state->texts, SP_PROVIDER_REQUEST_BYTES_MAX,
                          &room)); /* so that it never moves */
    SP_TRY(keep(state, &out->endpoint));
    SP_TRY(keep(state, &out->audience));
    SP_TRY(keep(state, &out->tenant_id));
    return keep(state, &out->client_id);
}

static enum sp_err open_credential(struct token_state *state,
                                   const struct sp_settings_token_role *settings,
                                   struct sp_slice secret)
{
    const struct sp_credential_ops ops = {
        .bearer = {.publish = publish, .refused = tell_refused, .ctx = state},
        .ask = ask,
        .read_proof = read_proof,
        .note = note,
        .ctx = state};
    struct sp_provider provider;
    const char *why = "";
    SP_TRY(keep_provider(state, settings, &provider));
    SP_TRY(sp_credential_init(&state->credential, &provider, &ops));
    state->is_by_cli = settings->source == SP_PROVIDER_AZURE_CLI;
    SP_TRY(state->is_by_cli ? SP_OK : open_question(state, settings));
    SP_TRY(sp_timer_new(sp_self_loop(state->self), on_cli_lost, state, &state->cli_timer));
    SP_TRY(sp_timer_new(sp_self_loop(state->self), on_timer, state, &state->timer));
    sp_slice_to_text(settings->token_file, state->file, sizeof(state->file));
    state->dir = sp_self_take_gift(state->self, SP_GIFT_STATE, 0);
    if (secret.len == 0) {
        return SP_OK;
    }
    enum sp_err err = sp_credential_prove(&state->credential, secret, &why);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "token.credential.refused", "%s", why);
    }
    return err;
}

static enum sp_err open_source(struct token_state *state,
                               const struct sp_settings_token_role *settings)
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf secret;
    const struct sp_bearer_ops ops = {.publish = publish, .refused = tell_refused, .ctx = state};
    sp_buf_init(&secret, PROOF_MAX);
    SP_TRY(read_secret(state, &secret));
    if (settings->source >= SP_PROVIDER_COUNT) {
        return SP_ERR_INVALID;
    }
    state->is_fixed = settings->source == SP_PROVIDER_ENVIRONMENT;
    if (!state->is_fixed) {
        return open_credential(state, settings, sp_buf_slice(&secret));
    }
    SP_TRY(sp_bearer_init(&state->fixed, SP_BEARER_SOURCE_ENVIRONMENT, &ops));
    if (settings->has_pool == 0) {
        return SP_OK; /* the embedded pool wants no bearer; this process is here for keys */
    }
    return sp_bearer_set(&state->fixed, sp_buf_slice(&secret));
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
    state->dir = -1;
    sp_question_init(&state->question);
    *out_state = state;
    SP_TRY(sp_token_keys_new(self, settings.jwks, &state->keys));
    return open_source(state, &settings);
}

static void token_wired(void *ctx, struct sp_peer peer)
{
    struct token_state *state = ctx;
    const struct sp_credential_now at = now();
    sp_token_keys_wired(state->keys, peer.role);
    if (state->is_fixed) {
        if (peer.role == SP_ROLE_RELAY && state->fixed.has_bearer) {
            sp_bearer_wired(&state->fixed);
        }
        return;
    }
    if (peer.role == SP_ROLE_RELAY) {
        sp_credential_wired(&state->credential);
    }
    if (peer.role == (state->is_by_cli ? SP_ROLE_CLI : SP_ROLE_DIAL)) {
        sp_credential_turn(&state->credential, &at);
        set_timer(state);
    }
}

static void token_lost(void *ctx, struct sp_peer peer)
{
    struct token_state *state = ctx;
    sp_token_keys_lost(state->keys, peer.role);
    if (peer.role == SP_ROLE_DIAL) {
        sp_question_lost(&state->question);
    }
    if (peer.role == SP_ROLE_CLI && state->is_by_cli && state->credential.renew.is_asking) {
        on_cli_lost(state);
    }
}

static const struct sp_handler token_handlers[] = {
    {SP_ROLE_RELAY, SP_MSG_BEARER_REFUSED, on_refused},
    {SP_ROLE_DIAL, SP_MSG_DIALLED, on_dialled},
    {SP_ROLE_ADMIT, SP_MSG_KEYS_WANTED, on_keys_wanted},
    {SP_ROLE_CLI, SP_MSG_CLI_TOLD, on_cli_told},
};

const struct sp_role_spec sp_token_role = {
    .role = SP_ROLE_TOKEN,
    .init = token_init,
    .wired = token_wired,
    .lost = token_lost,
    .handlers = token_handlers,
    .handler_count = SP_COUNT(token_handlers),
};
