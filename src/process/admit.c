/*
 * admit - the process that knows the tenants: who asks, how much they may, whose turn it is.
 *
 * Hears: front (ASK, READY, LEFT), audit (JUDGED, ENDED, STILL, TOKEN_TOLD), the supervisor (KEYS, RELOAD).   Reads hostile: header values.
 * Files: the token store, open for reading, and the latest uses of tokens.   Network: none.
 * It holds digests of tokens and the key of session names. Taken over, it can let in strangers in a tenant's name and
 * past the quotas; it can neither change what inspect judges nor keep a run out of the log.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "admit/room.h"
#include "admit/tokens.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "os/memfd.h"
#include "os/schedule.h"
#include "process/issuers.h"
#include "process/quotas.h"
#include "process/role.h"
#include "process/settings.h"
#include "process/veils.h"

#define TICK_MS 500U

struct admit_state {
    struct sp_self *self;
    struct sp_authority *authority;
    struct sp_veils veils;
    struct sp_session_namer *namer;
    struct sp_quotas quotas;
    struct sp_admit_room *room;
    struct sp_timer *commit; /* due in the turn in which somebody began to wait for a lease */
    bool is_committing;
    enum sp_err quota_err;
    struct sp_tokens *tokens;
    struct sp_timer *tick;
    struct sp_timer *poll;
    struct sp_timer *grace;
    enum sp_err poll_err;
    bool is_stopping;
    bool is_finished;
};

static struct sp_admit_time now(void)
{
    return (struct sp_admit_time){.mono_us = sp_clock_mono_us(), .wall_us = sp_clock_wall_us()};
}

/* --- what the room says --- */

#define TO(role, name)                                                                             \
    static enum sp_err out_##name(void *ctx, const struct sp_msg_##name *msg)                      \
    {                                                                                              \
        struct admit_state *state = ctx;                                                           \
        struct sp_channel *wire = sp_self_wire(state->self, role, 0);                              \
        return wire == NULL ? SP_ERR_CLOSED : sp_msg_##name##_send(wire, msg);                     \
    }
TO(SP_ROLE_FRONT, grant)
TO(SP_ROLE_FRONT, refuse)
TO(SP_ROLE_FRONT, send)
TO(SP_ROLE_FRONT, tell)
TO(SP_ROLE_AUDIT, time)
#undef TO

/* What identifies a tenant is hidden on the way to the log, where that is asked for. */
#define TO_AUDIT(name)                                                                             \
    static enum sp_err out_##name(void *ctx, const struct sp_msg_##name *msg)                      \
    {                                                                                              \
        struct admit_state *state = ctx;                                                           \
        struct sp_msg_##name told = *msg;                                                          \
        struct sp_channel *wire = sp_self_wire(state->self, SP_ROLE_AUDIT, 0);                     \
        SP_TRY(sp_veils_##name(&state->veils, sp_authority_directory(state->authority), &told));   \
        return wire == NULL ? SP_ERR_CLOSED : sp_msg_##name##_send(wire, &told);                   \
    }
TO_AUDIT(who)
TO_AUDIT(refusal)
TO_AUDIT(strangers)
TO_AUDIT(token_event)
TO_AUDIT(read_ask)
#undef TO_AUDIT

/* --- leases of the quotas --- */

/* All requests of one turn share one commit: the timer is due after the events that are pending now. */
static void arm_commit(struct admit_state *state)
{
    if (!state->is_committing && sp_admit_is_waiting(state->room) &&
        sp_timer_set(state->commit, 0) == SP_OK) {
        state->is_committing = true;
    }
}

/* Says once that leases cannot be written, and once that they can again. */
static void tell_quota(struct admit_state *state, enum sp_err err)
{
    if (err != SP_OK && state->quota_err == SP_OK) {
        sp_log(SP_LOG_ERROR, "admit.quota.unwritable", "error=%s why=\"%s\"", sp_err_name(err),
               sp_store_sqlite_why(state->quotas.sqlite));
    }
    if (err == SP_OK && state->quota_err != SP_OK) {
        sp_log(SP_LOG_WARN, "admit.quota.recovered", "error=%s", sp_err_name(state->quota_err));
    }
    state->quota_err = err;
}

static void on_commit(void *ctx)
{
    struct admit_state *state = ctx;
    state->is_committing = false;
    tell_quota(state, sp_admit_commit(state->room, now()));
    arm_commit(state);
}

/* An orderly end loses nothing of what was leased. */
static void finish(struct admit_state *state)
{
    if (!state->is_finished) {
        state->is_finished = true;
        tell_quota(state, sp_admit_stop(state->room, now()));
        sp_self_finish(state->self, SP_OK);
    }
}

/* The last exchange is over: an orderly end may happen. */
static void finish_if_idle(struct admit_state *state)
{
    if (state->is_stopping && sp_admit_open(state->room) == 0) {
        finish(state);
    }
}

/* A token of a key that is not there: the process that fetches keys is told, and decides how often it asks. */
static void tell_wanted(struct admit_state *state)
{
    struct sp_msg_keys_wanted msg;
    struct sp_channel *token = sp_self_wire(state->self, SP_ROLE_TOKEN, 0);
    while (token != NULL && sp_issuers_wanted(sp_authority_issuers(state->authority),
                                              sp_clock_mono_us(), &msg.issuer)) {
        (void)!sp_msg_keys_wanted_send(token, &msg);
    }
}

/* --- the store of tokens --- */

/* What a moment brings passes with it; a store that cannot be read is said once, and the tokens known so far stay. */
static void tell_poll(struct admit_state *state, enum sp_err err)
{
    const enum sp_err now_err = err == SP_ERR_BUSY || err == SP_ERR_CLOSED ? SP_OK : err;
    if (now_err != state->poll_err && now_err != SP_OK) {
        sp_log(SP_LOG_ERROR, "admit.tokens.unreadable", "error=%s", sp_err_name(now_err));
    }
    if (now_err != state->poll_err && now_err == SP_OK) {
        sp_log(SP_LOG_WARN, "admit.tokens.recovered", "error=%s", sp_err_name(state->poll_err));
    }
    state->poll_err = now_err;
}

/* Where the file has lost its name, the supervisor opens the one that has it now for our successor. */
static void poll_tokens(struct admit_state *state)
{
    enum sp_err err = sp_tokens_poll(state->tokens, sp_clock_mono_us());
    tell_poll(state, err);
    if (err == SP_ERR_NOT_FOUND) {
        sp_self_finish(state->self, err);
    }
}

/*
 * A token works from the moment that it was printed. Whoever makes tokens up has the store asked whether it changed: a few
 * system calls, as for any request; that it takes longer says that an id is not known, which is no secret.
 */
static void look_for_news(struct admit_state *state, const struct sp_msg_ask *msg)
{
    const struct sp_credentials credentials = {.authorization = msg->authorization,
                                               .api_key = msg->api_key};
    if (sp_authority_is_news(state->authority, &credentials)) {
        poll_tokens(state);
    }
}

/* --- what peers say --- */

/* If front is hostile: it may ask in the name of whoever gave it a token, as any client can; numbers that do not fit end
 * the wire, and quotas and credits bound how much it may ask. */
static enum sp_err on_ask(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct admit_state *state = ctx;
    struct sp_msg_ask msg;
    (void)from;
    SP_TRY(sp_msg_ask_read(message, &msg));
    look_for_news(state, &msg);
    enum sp_err err = sp_admit_on_ask(state->room, &msg, now());
    tell_wanted(state);
    arm_commit(state);
    return err;
}

/* If front is hostile: a body that is over its grant, or of an exchange that has none, ends the wire. */
static enum sp_err on_ready(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct admit_state *state = ctx;
    struct sp_msg_ready msg;
    (void)from;
    SP_TRY(sp_msg_ready_read(message, &msg));
    return sp_admit_on_ready(state->room, &msg, now());
}

/* If front is hostile: it gives up its own exchanges and no others. */
static enum sp_err on_left(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct admit_state *state = ctx;
    struct sp_msg_left msg;
    (void)from;
    SP_TRY(sp_msg_left_read(message, &msg));
    SP_TRY(sp_admit_on_left(state->room, &msg, now()));
    finish_if_idle(state);
    return SP_OK;
}

/* If audit is hostile: workers look free and runs over that are not, and runs ask for any time; what is relayed is in its hands anyway. */
static enum sp_err on_judged(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct admit_state *state = ctx;
    struct sp_msg_judged msg;
    (void)from;
    SP_TRY(sp_msg_judged_read(message, &msg));
    enum sp_err err = sp_admit_on_judged(state->room, &msg, now());
    arm_commit(state);
    return err;
}

/* As above. */
static enum sp_err on_ended(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct admit_state *state = ctx;
    struct sp_msg_ended msg;
    (void)from;
    SP_TRY(sp_msg_ended_read(message, &msg));
    SP_TRY(sp_admit_on_ended(state->room, &msg, now()));
    finish_if_idle(state);
    return SP_OK;
}

/* If audit is hostile: it holds places of runs that are over for a few minutes, or none for those that are not. */
static enum sp_err on_still(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct admit_state *state = ctx;
    struct sp_msg_still msg;
    (void)from;
    SP_TRY(sp_msg_still_read(message, &msg));
    sp_admit_on_still(state->room, &msg, now());
    return SP_OK;
}

/* If audit is hostile: a change of the token store is missing in its log, as anything else may be then. */
static enum sp_err on_token_told(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct admit_state *state = ctx;
    struct sp_msg_token_told msg;
    (void)from;
    SP_TRY(sp_msg_token_told_read(message, &msg));
    sp_tokens_told(state->tokens, msg.change);
    return SP_OK;
}

/*
 * The supervisor read them from a file, or token fetched them. If token is hostile: it brings keys of its own, and tokens
 * of whom it likes; that is what fetching them means. It cannot touch gateway tokens.
 */
static enum sp_err on_keys(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct admit_state *state = ctx;
    struct sp_msg_keys msg;
    SP_TRY(sp_msg_keys_read(message, &msg));
    enum sp_err err = sp_issuers_set_keys_of(
        sp_authority_issuers(state->authority), msg.issuer,
        from.role == SP_ROLE_TOKEN ? msg.url : (struct sp_slice){NULL, 0}, msg.jwks.bytes);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "admit.keys.unusable", "issuer=%.*s from=%s error=%s",
               (int)msg.issuer.len, (const char *)msg.issuer.ptr, sp_role_name(from.role),
               sp_err_name(err));
    }
    sp_payload_done(&msg.jwks);
    return SP_OK;
}

/* --- settings --- */

static enum sp_err add_tenant(struct sp_authority *authority, struct sp_slice item)
{
    struct sp_directory *directory = sp_authority_directory(authority);
    struct sp_settings_tenant s;
    SP_TRY(sp_settings_tenant_read(item, &s));
    struct sp_tenant tenant = {.name = s.name,
                               .policy_name = s.policy_name,
                               .policy_epoch = s.policy_epoch,
                               .is_denial_result = s.is_denial_result != 0,
                               .needs_certificate = s.needs_certificate != 0};
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        tenant.policy[i] = s.policy[i];
    }
    (void)sp_slice_copy(s.identity_key, tenant.identity_key, sizeof(tenant.identity_key));
    SP_TRY(sp_directory_add_tenant(directory, &tenant));
    return sp_certificates_settle(s.certificates, sp_directory_tenants(directory) - 1, authority);
}

static enum sp_err add_token(struct sp_authority *authority, struct sp_slice item)
{
    struct sp_settings_token s;
    SP_TRY(sp_settings_token_read(item, &s));
    return sp_directory_add_token(sp_authority_directory(authority), s.id, s.tenant, s.digest,
                                  s.expires_us);
}

static enum sp_err each_item(struct sp_authority *authority, struct sp_slice list,
                             enum sp_err (*add)(struct sp_authority *, struct sp_slice))
{
    struct sp_reader r;
    sp_reader_init(&r, list);
    while (sp_reader_left(&r) > 0) {
        struct sp_slice item = {NULL, 0};
        SP_TRY(sp_reader_block(&r, SP_SETTINGS_LIST_MAX, &item));
        SP_TRY(add(authority, item));
    }
    return SP_OK;
}

/* The key comes as a sealed memfd; only the namer keeps it. */
static enum sp_err make_namer(struct admit_state *state)
{
    SP_AUTO_CLOSE int fd = sp_self_take_gift(state->self, SP_GIFT_SECRET, 0);
    struct sp_slice key = {NULL, 0};
    if (fd < 0) {
        return SP_ERR_CONFIG;
    }
    SP_TRY(sp_memfd_check(fd, SP_SESSION_KEY_BYTES));
    SP_TRY(sp_memfd_map(fd, SP_SESSION_KEY_BYTES, &key));
    enum sp_err err = sp_session_namer_new(key, &state->namer);
    sp_memfd_unmap(key);
    return err;
}

static void on_tick(void *ctx)
{
    struct admit_state *state = ctx;
    tell_quota(state, sp_admit_tick(state->room, now()));
    finish_if_idle(state);
    if (sp_timer_set(state->tick, TICK_MS) != SP_OK) {
        sp_self_finish(state->self, SP_ERR_SYSTEM);
    }
}

static void on_poll(void *ctx)
{
    struct admit_state *state = ctx;
    poll_tokens(state);
    if (sp_timer_set(state->poll, SP_TOKENS_POLL_MS) != SP_OK) {
        sp_self_finish(state->self, SP_ERR_SYSTEM);
    }
}

static void on_grace_over(void *ctx)
{
    struct admit_state *state = ctx;
    finish(state);
}

static enum sp_err open_tokens(struct admit_state *state)
{
    const struct sp_tokens_out out = {.ctx = state, .token_event = out_token_event};
    struct sp_token_store *store = NULL;
    int fds[SP_TOKENS_GIFT_COUNT];
    for (unsigned i = 0; i < SP_TOKENS_GIFT_COUNT; i++) {
        fds[i] = sp_self_take_gift(state->self, SP_GIFT_TOKENS, i);
    }
    SP_TRY(sp_token_store_attach(fds[SP_TOKENS_GIFT_STORE], fds[SP_TOKENS_GIFT_JOURNAL], &store));
    return sp_tokens_new(store, fds[SP_TOKENS_GIFT_USED], sp_authority_directory(state->authority),
                         &out, &state->tokens);
}

/* Who there is and how each is known, as these settings say. */
static enum sp_err fill_authority(struct sp_authority *authority,
                                  const struct sp_settings_admit *settings)
{
    SP_TRY(each_item(authority, settings->tenants, add_tenant));
    SP_TRY(each_item(authority, settings->tokens, add_token));
    return sp_issuers_settle(settings->issuers, authority);
}

/* The old authority stays until the new one is whole. */
static enum sp_err take_settings(struct admit_state *state, struct sp_slice bytes)
{
    struct sp_settings_admit settings;
    struct sp_authority *authority = NULL;
    SP_TRY(sp_settings_admit_read(bytes, &settings));
    SP_TRY(sp_authority_new(&authority));
    enum sp_err err = fill_authority(authority, &settings);
    if (err == SP_OK) {
        err = sp_tokens_move(state->tokens, sp_authority_directory(authority));
    }
    if (err == SP_OK) {
        sp_issuers_take_keys(sp_authority_issuers(authority),
                             sp_authority_issuers(state->authority));
    }
    if (err != SP_OK) {
        sp_authority_free(authority);
        return err;
    }
    struct sp_authority *old = state->authority;
    state->authority = authority;
    SP_TRY(sp_quotas_set(&state->quotas, settings.organisations, settings.tenants));
    SP_TRY(sp_admit_reload(state->room, authority, state->quotas.shares, now()));
    sp_authority_free(old);
    return SP_OK;
}

/* What cannot be taken over whole ends this process: its successor begins with the new settings. */
static enum sp_err on_reload(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct admit_state *state = ctx;
    struct sp_msg_reload msg;
    (void)from;
    SP_TRY(sp_msg_reload_read(message, &msg));
    enum sp_err err = take_settings(state, msg.settings.bytes);
    sp_payload_done(&msg.settings);
    sp_schedule_rest();
    sp_self_reloaded(state->self, msg.generation, err);
    return SP_OK;
}

static enum sp_err make_room(struct admit_state *state)
{
    struct sp_settings_admit settings;
    const struct sp_admit_out out = {.ctx = state,
                                     .grant = out_grant,
                                     .refuse = out_refuse,
                                     .tell = out_tell,
                                     .read_ask = out_read_ask,
                                     .send = out_send,
                                     .who = out_who,
                                     .time = out_time,
                                     .refusal = out_refusal,
                                     .strangers = out_strangers};
    uint64_t seed = 0;
    SP_TRY(sp_random_fill((uint8_t *)&seed, sizeof(seed)));
    SP_TRY(sp_settings_admit_read(sp_self_settings(state->self), &settings));
    const struct sp_admit_limits limits = {.workers = settings.workers,
                                           .file_workers = settings.file_workers,
                                           .body_bytes_max = settings.body_bytes_max,
                                           .upload_body_max = settings.upload_body_max,
                                           .bytes_in_flight_max = settings.bytes_in_flight_max,
                                           .queue_max = settings.queue_max,
                                           .failed_logins_per_minute =
                                               settings.failed_logins_per_minute,
                                           .seed = seed};
    SP_TRY(sp_hash_start());
    state->veils.is_on = settings.identity_key.len == SP_VEIL_KEY_BYTES;
    (void)sp_slice_copy(settings.identity_key, state->veils.nobody, sizeof(state->veils.nobody));
    SP_TRY(sp_authority_new(&state->authority));
    SP_TRY(fill_authority(state->authority, &settings));
    SP_TRY(open_tokens(state));
    SP_TRY(make_namer(state));
    SP_AUTO_CLOSE int quota_dir = sp_self_take_gift(state->self, SP_GIFT_QUOTA, 0);
    SP_TRY(sp_quotas_open(&state->quotas, quota_dir, settings.cooldown_s));
    SP_TRY(sp_quotas_set(&state->quotas, settings.organisations, settings.tenants));
    const struct sp_admit_parts parts = {.authority = state->authority,
                                         .namer = state->namer,
                                         .quota = state->quotas.quota,
                                         .shares = state->quotas.shares};
    return sp_admit_room_new(&limits, &parts, &out, &state->room);
}

static enum sp_err admit_init(struct sp_self *self, void **out_state)
{
    struct admit_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SP_ERR_NOMEM;
    }
    state->self = self;
    *out_state = state;
    SP_TRY(make_room(state));
    SP_TRY(sp_timer_new(sp_self_loop(self), on_grace_over, state, &state->grace));
    SP_TRY(sp_timer_new(sp_self_loop(self), on_commit, state, &state->commit));
    SP_TRY(sp_timer_new(sp_self_loop(self), on_poll, state, &state->poll));
    return sp_timer_new(sp_self_loop(self), on_tick, state, &state->tick);
}

static enum sp_err admit_start(void *ctx)
{
    struct admit_state *state = ctx;
    SP_TRY(sp_timer_set(state->poll, SP_TOKENS_POLL_MS));
    sp_schedule_rest();
    return sp_timer_set(state->tick, TICK_MS);
}

static void admit_wired(void *ctx, struct sp_peer peer)
{
    struct admit_state *state = ctx;
    if (peer.role == SP_ROLE_FRONT) {
        sp_admit_front(state->room, true);
    } else if (peer.role == SP_ROLE_AUDIT) {
        sp_admit_audit(state->room, true, now());
        sp_tokens_audit(state->tokens, true);
    }
}

static void admit_lost(void *ctx, struct sp_peer peer)
{
    struct admit_state *state = ctx;
    if (peer.role == SP_ROLE_FRONT) {
        sp_admit_front(state->room, false);
    } else if (peer.role == SP_ROLE_AUDIT) {
        sp_admit_audit(state->room, false, now());
        sp_tokens_audit(state->tokens, false);
    }
    finish_if_idle(state);
}

/* What is let in runs to its end, as long as the grace lasts; what waits for logins is told to audit first. */
static void admit_stop(void *ctx, unsigned grace_ms)
{
    struct admit_state *state = ctx;
    state->is_stopping = true;
    tell_quota(state, sp_admit_tick(state->room, now()));
    if (sp_tokens_save(state->tokens) != SP_OK) {
        sp_log(SP_LOG_WARN, "admit.tokens.uses", "the latest uses are not written");
    }
    if (sp_timer_set(state->grace, grace_ms) != SP_OK) {
        sp_self_finish(state->self, SP_ERR_SYSTEM);
        return;
    }
    finish_if_idle(state);
}

static const struct sp_handler admit_handlers[] = {
    {SP_ROLE_FRONT, SP_MSG_ASK, on_ask},
    {SP_ROLE_FRONT, SP_MSG_READY, on_ready},
    {SP_ROLE_FRONT, SP_MSG_LEFT, on_left},
    {SP_ROLE_AUDIT, SP_MSG_JUDGED, on_judged},
    {SP_ROLE_AUDIT, SP_MSG_ENDED, on_ended},
    {SP_ROLE_AUDIT, SP_MSG_TOKEN_TOLD, on_token_told},
    {SP_ROLE_AUDIT, SP_MSG_STILL, on_still},
    {SP_ROLE_SUPERVISOR, SP_MSG_KEYS, on_keys},
    {SP_ROLE_SUPERVISOR, SP_MSG_RELOAD, on_reload},
    {SP_ROLE_TOKEN, SP_MSG_KEYS, on_keys},
};

const struct sp_role_spec sp_admit_role = {
    .role = SP_ROLE_ADMIT,
    .init = admit_init,
    .start = admit_start,
    .wired = admit_wired,
    .lost = admit_lost,
    .stop = admit_stop,
    .handlers = admit_handlers,
    .handler_count = SP_COUNT(admit_handlers),
};
