/*
 * relay - the process that speaks with the session pool: orders out, results back.
 *
 * Hears: audit (RUN), dial (DIALLED), token (BEARER).   Reads hostile: the pool's answers.   Files: none.
 * If audit were hostile, runs would go out unrecorded: audit is what relay trusts. If the pool is hostile, it decides
 * what its own runs answer; its bytes are read by libcurl, TLS and the strict JSON reader, here and nowhere else.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "codec/url.h"
#include "crypto/hash.h"
#include "process/role.h"
#include "process/settings.h"
#include "relay/fence.h"
#include "relay/http.h"
#include "relay/plain.h"
#include "relay/room.h"

/* How often waiting runs are looked at while there are any. */
#define TICK_MS       100U

/* Connections unused for longer are not used again: both pools keep theirs longer than this. */
#define IDLE_LOCAL_S  20U
#define IDLE_REMOTE_S 55U

/* Connections asked for ahead: nothing to pay for at the embedded pool, a TLS slot at a remote one. */
#define SPARE_LOCAL   2U

#define CA_BYTES_MAX  ((size_t)4 * 1024 * 1024)
#define CA_READ_BYTES ((size_t)64 * 1024)

struct relay_state {
    struct sp_self *self;
    struct sp_relay_room *room;
    struct sp_http *http;   /* a pool behind TLS ... */
    struct sp_plain *plain; /* ... or one that is spoken to in plain HTTP; the other is NULL */
    struct sp_timer *timer;
    struct sp_buf endpoint;
    char pool_name[SP_MSG_SESSION_MAX + 1]; /* for the log */
    struct sp_buf ca_pem;
    uint8_t bearer_digest[SP_SHA256_BYTES];
    uint64_t stop_at_ms; /* 0: not stopping */
    bool is_ticking;
};

/* --- what the room asks for --- */

static bool ask_dial(void *ctx, uint32_t ticket)
{
    struct relay_state *state = ctx;
    struct sp_channel *wire = sp_self_wire(state->self, SP_ROLE_DIAL, 0);
    struct sp_msg_dial dial = {.ticket = ticket, .target = 0};
    return wire != NULL && sp_msg_dial_send(wire, &dial) == SP_OK;
}

static enum sp_err start_request(void *ctx, size_t slot, const struct sp_http_request *request)
{
    struct relay_state *state = ctx;
    return state->plain != NULL ? sp_plain_start(state->plain, slot, request)
                                : sp_http_start(state->http, slot, request);
}

static size_t count_idle(void *ctx)
{
    const struct relay_state *state = ctx;
    return state->plain != NULL ? sp_plain_idle(state->plain) : sp_http_idle(state->http);
}

/* Nothing may have come on a connection over which nothing was sent: bytes and an end are both wrong. */
static bool is_alive(void *ctx, int fd)
{
    uint8_t byte = 0;
    (void)ctx;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void tell_refused(void *ctx)
{
    struct relay_state *state = ctx;
    struct sp_channel *wire = sp_self_wire(state->self, SP_ROLE_TOKEN, 0);
    struct sp_msg_bearer_refused refused;
    (void)sp_slice_copy(sp_slice_make(state->bearer_digest, SP_SHA256_BYTES), refused.value_digest,
                        SP_DIGEST_BYTES);
    if (wire != NULL && sp_msg_bearer_refused_send(wire, &refused) != SP_OK) {
        sp_log(SP_LOG_WARN, "relay.refused.lost", "%s", "to=token");
    }
}

static void send_outcome(void *ctx, struct sp_msg_outcome *outcome, struct sp_slice answer)
{
    struct relay_state *state = ctx;
    struct sp_channel *wire = sp_self_wire(state->self, SP_ROLE_AUDIT, 0);
    outcome->pool = sp_slice_of(state->pool_name);
    enum sp_err err = sp_sha256(answer, outcome->answer_digest);
    if (err == SP_OK) {
        err = sp_payload_make(answer, &outcome->answer);
    }
    if (err == SP_OK && wire != NULL) {
        err = sp_msg_outcome_send(wire, outcome);
    }
    sp_payload_done(&outcome->answer);
    sp_payload_done(&outcome->content);
    if (err != SP_OK) {
        /* audit cannot be left waiting: without this outcome it must take the run for unknown, so end the wire's life. */
        sp_log(SP_LOG_ERROR, "relay.outcome.failed", "err=%s", sp_err_name(err));
        sp_self_finish(state->self, err);
    }
}

/* --- what http asks for --- */

static enum sp_err take_connection(void *ctx, int *out_fd)
{
    struct relay_state *state = ctx;
    return sp_relay_room_take_connection(state->room, out_fd);
}

static void on_ended(void *ctx, size_t slot, const struct sp_http_end *end)
{
    struct relay_state *state = ctx;
    sp_relay_room_ended(state->room, slot, end, sp_clock_mono_us());
}

/* --- messages --- */

static void keep_ticking(struct relay_state *state)
{
    bool is_needed = sp_relay_room_busy(state->room) > 0 || state->stop_at_ms > 0;
    if (!state->is_ticking && is_needed) {
        state->is_ticking = sp_timer_set(state->timer, TICK_MS) == SP_OK;
    }
}

static void on_tick(void *ctx)
{
    struct relay_state *state = ctx;
    state->is_ticking = false;
    sp_relay_room_tick(state->room, sp_clock_mono_us());
    bool is_done =
        sp_relay_room_busy(state->room) == 0 && sp_self_wire(state->self, SP_ROLE_AUDIT, 0) == NULL;
    if (state->stop_at_ms > 0 && (is_done || sp_clock_mono_ms() >= state->stop_at_ms)) {
        sp_self_finish(state->self, SP_OK);
        return;
    }
    keep_ticking(state);
}

/* If audit is hostile: see above. An order that is none closes the wire. */
static enum sp_err on_run(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct relay_state *state = ctx;
    struct sp_msg_run run;
    (void)from;
    SP_TRY(sp_msg_run_read(message, &run));
    enum sp_err err = sp_relay_room_run(state->room, &run, sp_clock_mono_us());
    sp_payload_done(&run.order);
    sp_payload_done(&run.content);
    keep_ticking(state);
    return err;
}

/* If dial is hostile: it can lead plain HTTP astray and starve runs; TLS to a configured host it cannot answer. */
static enum sp_err on_dialled(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct relay_state *state = ctx;
    struct sp_msg_dialled dialled;
    (void)from;
    SP_TRY(sp_msg_dialled_read(message, &dialled));
    int fd = message->fd_count > 0 ? sp_take_fd(&message->fds[0]) : -1;
    sp_relay_room_dialled(state->room, dialled.ticket, dialled.err, fd, dialled.detail,
                          sp_clock_mono_us());
    return SP_OK;
}

/* If token is hostile: runs are refused by the pool, or run under a bearer of its choice. */
static enum sp_err on_bearer(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct relay_state *state = ctx;
    struct sp_msg_bearer bearer;
    (void)from;
    SP_TRY(sp_msg_bearer_read(message, &bearer));
    if (bearer.err == SP_OK) {
        SP_TRY(sp_sha256(bearer.value, state->bearer_digest));
        SP_TRY(state->plain != NULL ? sp_plain_set_bearer(state->plain, bearer.value)
                                    : sp_http_set_bearer(state->http, bearer.value));
    }
    sp_relay_room_bearer(state->room, bearer.err, sp_clock_mono_us());
    return SP_OK;
}

/* --- life --- */

/* The system's bundle, from wherever this distribution keeps it; read before confinement. */
static enum sp_err read_system_ca(struct sp_buf *out)
{
    static const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt",
                                         "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
    SP_AUTO_CLOSE int fd = -1;
    for (size_t i = 0; i < SP_COUNT(places) && fd < 0; i++) {
        fd = open(places[i], O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0) {
        sp_log(SP_LOG_ERROR, "relay.ca.missing", "%s",
               "why=\"install ca-certificates, or name a CA file\"");
        return SP_ERR_CONFIG;
    }
    for (;;) {
        uint8_t *to = NULL;
        SP_TRY(sp_buf_reserve(out, CA_READ_BYTES, &to));
        ssize_t got = read(fd, to, CA_READ_BYTES);
        if (got < 0) {
            return SP_ERR_SYSTEM;
        }
        if (got == 0) {
            return SP_OK;
        }
        sp_buf_commit(out, (size_t)got);
    }
}

static enum sp_err read_place(struct relay_state *state, const struct sp_settings_relay *settings,
                              struct sp_url *out)
{
    sp_slice_to_text(SP_SLICE_LITERAL("embedded"), state->pool_name, sizeof(state->pool_name));
    if (settings->is_embedded != 0) {
        *out = (struct sp_url){.host = SP_SLICE_LITERAL("localhost")};
        return SP_OK;
    }
    SP_TRY(sp_buf_put(&state->endpoint, settings->endpoint));
    SP_TRY(sp_url_parse(sp_buf_slice(&state->endpoint), out));
    sp_slice_to_text(out->host, state->pool_name, sizeof(state->pool_name));
    if (!out->is_https) {
        return SP_OK;
    }
    SP_TRY(sp_buf_put(&state->ca_pem, settings->ca_pem));
    return settings->ca_pem.len > 0 ? SP_OK : read_system_ca(&state->ca_pem);
}

static enum sp_err open_http(struct relay_state *state, const struct sp_settings_relay *settings,
                             const struct sp_url *place)
{
    bool is_local = settings->is_embedded != 0;
    struct sp_http_ops ops = {.take_connection = take_connection, .ended = on_ended, .ctx = state};
    struct sp_http_config config = {
        .is_local = is_local,
        .is_https = place->is_https,
        .host = place->host,
        .port = place->port,
        .ca_pem = sp_buf_slice(&state->ca_pem),
        .connect_ms = settings->connect_ms,
        .idle_s = is_local ? IDLE_LOCAL_S : IDLE_REMOTE_S,
        .slots = SP_HTTP_SLOTS_MAX,
    };
    struct sp_loop *loop = sp_self_loop(state->self);
    return place->is_https ? sp_http_new(loop, &config, &ops, &state->http)
                           : sp_plain_new(loop, &config, &ops, &state->plain);
}

static enum sp_err open_room(struct relay_state *state, const struct sp_settings_relay *settings,
                             const struct sp_url *place)
{
    bool is_local = settings->is_embedded != 0;
    struct sp_relay_ops ops = {
        .dial = ask_dial,
        .start = start_request,
        .idle = count_idle,
        .is_alive = is_alive,
        .bearer_refused = tell_refused,
        .outcome = send_outcome,
        .ctx = state,
    };
    struct sp_relay_config config = {
        .connections_max = settings->connections_max,
        .spare = is_local ? SPARE_LOCAL : 0,
        .needs_bearer = !is_local,
    };
    SP_TRY(sp_upstream_init(&config.upstream, place->path, settings->api_version, is_local));
    return sp_relay_room_new(&config, &ops, &state->room);
}

static enum sp_err relay_init(struct sp_self *self, void **out_state)
{
    struct sp_settings_relay settings;
    struct sp_url place = {0};
    SP_TRY(sp_settings_relay_read(sp_self_settings(self), &settings));
    SP_TRY(sp_hash_start());
    struct relay_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SP_ERR_NOMEM;
    }
    state->self = self;
    sp_buf_init(&state->endpoint, SP_MSG_TARGET_MAX);
    sp_buf_init(&state->ca_pem, CA_BYTES_MAX);
    *out_state = state;
    SP_TRY(read_place(state, &settings, &place));
    SP_TRY(open_http(state, &settings, &place));
    SP_TRY(open_room(state, &settings, &place));
    SP_TRY(sp_timer_new(sp_self_loop(self), on_tick, state, &state->timer));
    return sp_fence_enter();
}

static void relay_wired(void *ctx, struct sp_peer peer)
{
    struct relay_state *state = ctx;
    if (peer.role == SP_ROLE_DIAL) {
        sp_relay_room_dial_wired(state->room, sp_clock_mono_us());
    }
}

static void relay_lost(void *ctx, struct sp_peer peer)
{
    struct relay_state *state = ctx;
    if (peer.role == SP_ROLE_DIAL) {
        sp_relay_room_dial_lost(state->room);
    } else if (peer.role == SP_ROLE_AUDIT) {
        sp_relay_room_audit_lost(state->room);
    }
}

/* audit goes on sending runs until it has none left itself: relay leaves after it, or when the time is up. */
static void relay_stop(void *ctx, unsigned grace_ms)
{
    struct relay_state *state = ctx;
    state->stop_at_ms = sp_clock_mono_ms() + grace_ms;
    keep_ticking(state);
}

static const struct sp_handler relay_handlers[] = {
    {SP_ROLE_AUDIT, SP_MSG_RUN, on_run},
    {SP_ROLE_DIAL, SP_MSG_DIALLED, on_dialled},
    {SP_ROLE_TOKEN, SP_MSG_BEARER, on_bearer},
};

const struct sp_role_spec sp_relay_role = {
    .role = SP_ROLE_RELAY,
    .init = relay_init,
    .wired = relay_wired,
    .lost = relay_lost,
    .stop = relay_stop,
    .handlers = relay_handlers,
    .handler_count = SP_COUNT(relay_handlers),
};
