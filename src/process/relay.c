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
#include "crypto/random.h"
#include "process/role.h"
#include "process/settings.h"
#include "relay/fence.h"
#include "relay/http.h"
#include "relay/plain.h"
#include "relay/room.h"

/* How often waiting runs are looked at while there are any. */
#define TICK_MS           100U

/* More messages than these that wait for audit are enough: parts of answers are left out then. */
#define PARTS_WAITING_MAX 128U

/* Connections unused for longer are not used again: both pools keep theirs longer than this. */
#define IDLE_LOCAL_S      20U
#define IDLE_REMOTE_S     55U

/* Connections asked for ahead: nothing to pay for at the embedded pool, a TLS slot at a remote one. */
#define SPARE_LOCAL       2U

#define CA_BYTES_MAX      ((size_t)4 * 1024 * 1024)
#define CA_READ_BYTES     ((size_t)64 * 1024)

struct relay_state;

struct relay_pool {
    struct relay_state *state;
    size_t number;
    struct sp_http *http;   /* a pool behind TLS ... */
    struct sp_plain *plain; /* ... or one that is spoken to in plain HTTP; the other is NULL */
    struct sp_buf name;     /* for the record */
    struct sp_buf endpoint;
};

struct relay_state {
    struct sp_self *self;
    struct sp_relay_room *room;
    struct relay_pool pools[SP_RELAY_POOLS_MAX];
    struct sp_relay_config config;
    struct sp_timer *timer;
    struct sp_buf ca_pem;
    uint8_t bearer_digest[SP_SHA256_BYTES];
    uint64_t stop_at_ms; /* 0: not stopping */
    bool is_ticking;
};

/* --- what the room asks for --- */

/* dial's targets begin with the pools, in the same order. */
static bool ask_dial(void *ctx, size_t pool, uint32_t ticket)
{
    struct relay_state *state = ctx;
    struct sp_channel *wire = sp_self_wire(state->self, SP_ROLE_DIAL, 0);
    struct sp_msg_dial dial = {.ticket = ticket, .target = (uint16_t)pool};
    return wire != NULL && sp_msg_dial_send(wire, &dial) == SP_OK;
}

static enum sp_err start_request(void *ctx, size_t number, size_t slot,
                                 const struct sp_http_request *request)
{
    struct relay_state *state = ctx;
    struct relay_pool *pool = &state->pools[number];
    return pool->plain != NULL ? sp_plain_start(pool->plain, slot, request)
                               : sp_http_start(pool->http, slot, request);
}

static size_t count_idle(void *ctx, size_t number)
{
    const struct relay_state *state = ctx;
    const struct relay_pool *pool = &state->pools[number];
    return pool->plain != NULL ? sp_plain_idle(pool->plain) : sp_http_idle(pool->http);
}

static void tell_breaker(void *ctx, const struct sp_relay_breaker_news *news)
{
    (void)ctx;
    if (news->is_open) {
        sp_log(SP_LOG_WARN, "relay.pool.shut", "pool=%.*s for_ms=%u failures=%u why=\"%.*s\"",
               (int)news->pool.len, (const char *)news->pool.ptr, (unsigned)news->open_ms,
               (unsigned)news->failures, (int)news->why.len, (const char *)news->why.ptr);
    } else {
        sp_log(SP_LOG_INFO, "relay.pool.open", "pool=%.*s", (int)news->pool.len,
               (const char *)news->pool.ptr);
    }
}

static uint32_t draw(void *ctx)
{
    uint8_t bytes[sizeof(uint32_t)] = {0};
    (void)ctx;
    if (sp_random_fill(bytes, sizeof(bytes)) != SP_OK) {
        return 0; /* all rest for the shortest time */
    }
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
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

/* A text goes on in pieces that need no descriptor, none of which ends within a character. */
static struct sp_slice piece_of(unsigned what, struct sp_slice data)
{
    size_t len = what == SP_PART_OUTPUT || data.len <= SP_PAYLOAD_INLINE_MAX
                     ? data.len
                     : SP_PAYLOAD_INLINE_MAX;
    while (len < data.len && len > 1 && (data.ptr[len] & 0xC0) == 0x80) {
        len--;
    }
    return sp_slice_sub(data, 0, len);
}

/* What audit does not take at once is left out: the answer has all of it. */
static enum sp_err send_part(void *ctx, struct sp_msg_part *part, struct sp_slice data)
{
    const struct relay_state *state = ctx;
    struct sp_channel *wire = sp_self_wire(state->self, SP_ROLE_AUDIT, 0);
    while (data.len > 0) {
        struct sp_slice piece = piece_of(part->what, data);
        data = sp_slice_sub(data, piece.len, data.len);
        if (wire == NULL || sp_channel_waiting(wire) >= PARTS_WAITING_MAX) {
            return SP_ERR_FULL;
        }
        SP_TRY(sp_payload_make(piece, &part->data));
        enum sp_err err = sp_msg_part_send(wire, part);
        sp_payload_done(&part->data);
        SP_TRY(err);
        part->lost = 0;
    }
    return SP_OK;
}

static void send_outcome(void *ctx, struct sp_msg_outcome *outcome, struct sp_slice answer)
{
    struct relay_state *state = ctx;
    struct sp_channel *wire = sp_self_wire(state->self, SP_ROLE_AUDIT, 0);
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
    const struct relay_pool *pool = ctx;
    return sp_relay_room_take_connection(pool->state->room, pool->number, out_fd);
}

static void on_part(void *ctx, size_t slot, unsigned what, struct sp_slice data)
{
    const struct relay_pool *pool = ctx;
    sp_relay_room_part(pool->state->room, slot, what, data);
}

static void on_ended(void *ctx, size_t slot, const struct sp_http_end *end)
{
    const struct relay_pool *pool = ctx;
    sp_relay_room_ended(pool->state->room, slot, end, sp_clock_mono_us());
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

/* If audit is hostile: see above. If inspect is, its order may be none: nothing of it is run. */
static enum sp_err on_run(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct relay_state *state = ctx;
    struct sp_msg_run run;
    (void)from;
    SP_TRY(sp_msg_run_read(message, &run));
    sp_relay_room_run(state->room, &run, sp_clock_mono_us());
    sp_payload_done(&run.order);
    sp_payload_done(&run.content);
    keep_ticking(state);
    return SP_OK;
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

static enum sp_err set_bearer(struct relay_state *state, struct sp_slice bearer)
{
    for (size_t i = 0; i < state->config.pool_count; i++) {
        struct relay_pool *pool = &state->pools[i];
        SP_TRY(pool->plain != NULL ? sp_plain_set_bearer(pool->plain, bearer)
                                   : sp_http_set_bearer(pool->http, bearer));
    }
    return SP_OK;
}

/* If token is hostile: runs are refused by the pool, or run under a bearer of its choice. */
static enum sp_err on_bearer(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct relay_state *state = ctx;
    struct sp_msg_bearer bearer;
    (void)from;
    SP_TRY(sp_msg_bearer_read(message, &bearer));
    bool is_new = false;
    if (bearer.err == SP_OK) {
        uint8_t digest[SP_SHA256_BYTES];
        SP_TRY(sp_sha256(bearer.value, digest));
        SP_TRY(set_bearer(state, bearer.value));
        is_new = !sp_slice_equal(sp_slice_make(digest, SP_SHA256_BYTES),
                                 sp_slice_make(state->bearer_digest, SP_SHA256_BYTES));
        (void)sp_slice_copy(sp_slice_make(digest, SP_SHA256_BYTES), state->bearer_digest,
                            SP_SHA256_BYTES);
    }
    sp_relay_room_bearer(state->room, bearer.err, is_new, sp_clock_mono_us());
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

static enum sp_err open_http(struct relay_pool *pool, const struct sp_settings_relay *settings,
                             const struct sp_url *place)
{
    bool is_local = settings->is_embedded != 0;
    struct sp_http_ops ops = {
        .take_connection = take_connection, .ended = on_ended, .part = on_part, .ctx = pool};
    struct sp_http_config config = {
        .is_local = is_local,
        .is_https = place->is_https,
        .host = place->host,
        .port = place->port,
        .ca_pem = sp_buf_slice(&pool->state->ca_pem),
        .connect_ms = settings->connect_ms,
        .idle_s = is_local ? IDLE_LOCAL_S : IDLE_REMOTE_S,
        .slots = SP_HTTP_SLOTS_MAX,
    };
    struct sp_loop *loop = sp_self_loop(pool->state->self);
    return place->is_https ? sp_http_new(loop, &config, &ops, &pool->http)
                           : sp_plain_new(loop, &config, &ops, &pool->plain);
}

static enum sp_err read_authorities(struct relay_state *state,
                                    const struct sp_settings_relay *settings)
{
    if (state->ca_pem.len > 0) {
        return SP_OK;
    }
    SP_TRY(sp_buf_put(&state->ca_pem, settings->ca_pem));
    return settings->ca_pem.len > 0 ? SP_OK : read_system_ca(&state->ca_pem);
}

static enum sp_err open_pool(struct relay_state *state, const struct sp_settings_relay *settings,
                             const struct sp_settings_relay_pool *from)
{
    bool is_local = settings->is_embedded != 0;
    struct sp_url place = {.host = SP_SLICE_LITERAL("localhost")};
    if (state->config.pool_count == SP_RELAY_POOLS_MAX) {
        return SP_ERR_RANGE;
    }
    struct relay_pool *pool = &state->pools[state->config.pool_count];
    struct sp_relay_pool *known = &state->config.pools[state->config.pool_count];
    pool->state = state;
    pool->number = state->config.pool_count;
    sp_buf_init(&pool->name, SP_MSG_SESSION_MAX);
    sp_buf_init(&pool->endpoint, SP_MSG_TARGET_MAX);
    SP_TRY(sp_buf_put(&pool->name, from->name));
    SP_TRY(sp_buf_put(&pool->endpoint, from->endpoint));
    if (!is_local) {
        SP_TRY(sp_url_parse(sp_buf_slice(&pool->endpoint), &place));
    }
    if (place.is_https) {
        SP_TRY(read_authorities(state, settings));
    }
    SP_TRY(open_http(pool, settings, &place));
    known->name = sp_buf_slice(&pool->name);
    known->weight = from->weight;
    state->config.pool_count++;
    return sp_upstream_init(&known->upstream, place.path, settings->api_version, is_local);
}

static enum sp_err open_pools(struct relay_state *state, const struct sp_settings_relay *settings)
{
    struct sp_reader r;
    sp_reader_init(&r, settings->pools);
    while (sp_reader_left(&r) > 0) {
        struct sp_slice item = {NULL, 0};
        struct sp_settings_relay_pool pool;
        SP_TRY(sp_reader_block(&r, SP_SETTINGS_LIST_MAX, &item));
        SP_TRY(sp_settings_relay_pool_read(item, &pool));
        SP_TRY(open_pool(state, settings, &pool));
    }
    return SP_OK;
}

static enum sp_err open_room(struct relay_state *state, const struct sp_settings_relay *settings)
{
    bool is_local = settings->is_embedded != 0;
    struct sp_relay_ops ops = {
        .dial = ask_dial,
        .start = start_request,
        .idle = count_idle,
        .is_alive = is_alive,
        .bearer_refused = tell_refused,
        .outcome = send_outcome,
        .part = send_part,
        .breaker = tell_breaker,
        .random = draw,
        .ctx = state,
    };
    /* The embedded pool knows itself when it is full, and is restarted when it fails: neither is waited for. */
    state->config.connections_max = settings->connections_max;
    state->config.spare = is_local ? SPARE_LOCAL : 0;
    state->config.attempts_max = is_local ? SP_RELAY_ATTEMPTS_MAX : settings->attempts_max;
    state->config.failures_max = is_local ? 0 : settings->failures_max;
    state->config.rests = !is_local;
    state->config.needs_bearer = !is_local;
    return sp_relay_room_new(&state->config, &ops, &state->room);
}

static enum sp_err relay_init(struct sp_self *self, void **out_state)
{
    struct sp_settings_relay settings;
    SP_TRY(sp_settings_relay_read(sp_self_settings(self), &settings));
    SP_TRY(sp_hash_start());
    struct relay_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SP_ERR_NOMEM;
    }
    state->self = self;
    sp_buf_init(&state->ca_pem, CA_BYTES_MAX);
    *out_state = state;
    SP_TRY(open_pools(state, &settings));
    SP_TRY(open_room(state, &settings));
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
    sp_relay_room_stop(state->room, sp_clock_mono_us());
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
