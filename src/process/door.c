/*
 * door - the process that strangers reach: it accepts, guards the framing of HTTP, and hands front clean streams.
 *
 * Hears: nobody (it only sends to front, and counts to audit).   Reads hostile: every byte of every client, and front's answers.
 * Files: none (those of TLS come opened).   Network: accepts; never connects.   Secrets: the TLS key.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "base/own.h"
#include "crypto/tls.h"
#include "door/listen.h"
#include "door/malformed.h"
#include "os/files.h"
#include "process/role.h"
#include "process/settings.h"

#define PEM_BYTES_MAX ((size_t)1024 * 1024)

/* How often the log is told. */
#define TELL_MS       ((uint64_t)1000)

/* How often the operator is told what strangers did, if they did anything. */
#define REPORT_MS     ((uint64_t)30 * 1000)

struct door_state {
    struct sp_self *self;
    struct sp_listen *listen;
    struct sp_tls_context *tls; /* NULL: plain HTTP */
    bool must_certificate;
    struct sp_timer *report;
    struct sp_timer *tell;
    struct sp_malformed malformed;
    struct sp_timer *grace;
    struct sp_listen_counts reported;
};

static enum sp_err hand_over(void *ctx, const struct sp_pump_card *card, int fd)
{
    struct door_state *state = ctx;
    struct sp_channel *wire = sp_self_wire(state->self, SP_ROLE_FRONT, 0);
    if (wire == NULL) {
        return SP_ERR_UNAVAILABLE;
    }
    SP_AUTO_BUF struct sp_buf body;
    struct sp_writer w;
    const struct sp_msg_stream stream = {
        .connection = card->number,
        .source = sp_slice_of(card->source),
        .port = card->port,
        .is_tls = card->is_tls,
        .certificate =
            sp_slice_make(card->certificate, card->has_certificate ? SP_SHA256_BYTES : 0),
        .subject = sp_buf_slice(&card->subject)};
    sp_buf_init(&body, SP_MESSAGE_BYTES_MAX);
    sp_writer_init(&w, &body);
    sp_msg_stream_write(&w, &stream);
    SP_TRY(sp_writer_end(&w));
    return sp_channel_send(wire, SP_MSG_STREAM, sp_buf_slice(&body), &fd, 1);
}

static void on_refused(void *ctx, enum sp_err err, const char *rule, struct sp_slice source)
{
    struct door_state *state = ctx;
    sp_malformed_count(&state->malformed, err, rule, source, sp_clock_wall_us());
}

/* What the log's process did not get is kept, and counted on. */
static void tell_malformed(struct door_state *state)
{
    struct sp_channel *audit = sp_self_wire(state->self, SP_ROLE_AUDIT, 0);
    for (unsigned i = 0; audit != NULL && i < SP_MALFORMED_RULES; i++) {
        struct sp_msg_malformed msg;
        if (sp_malformed_summary(&state->malformed, i, sp_clock_wall_us(), &msg) &&
            sp_msg_malformed_send(audit, &msg) == SP_OK) {
            sp_malformed_clear(&state->malformed, i);
        }
    }
}

static void on_tell(void *ctx)
{
    struct door_state *state = ctx;
    tell_malformed(state);
    if (sp_timer_set(state->tell, TELL_MS) != SP_OK) {
        sp_self_finish(state->self, SP_ERR_NOMEM); /* its successor counts again */
    }
}

static void report(struct door_state *state)
{
    const struct sp_listen_counts now = sp_listen_counts(state->listen);
    const struct sp_listen_counts *old = &state->reported;
    bool has_news = now.refused != old->refused || now.timed_out != old->timed_out ||
                    now.tls_failed != old->tls_failed || now.turned_away != old->turned_away ||
                    now.front_lost != old->front_lost;
    if (has_news) {
        sp_log(SP_LOG_WARN, "door.strangers",
               "refused=%llu timed_out=%llu tls_failed=%llu turned_away=%llu front_lost=%llu "
               "accepted=%llu open=%llu",
               (unsigned long long)(now.refused - old->refused),
               (unsigned long long)(now.timed_out - old->timed_out),
               (unsigned long long)(now.tls_failed - old->tls_failed),
               (unsigned long long)(now.turned_away - old->turned_away),
               (unsigned long long)(now.front_lost - old->front_lost),
               (unsigned long long)(now.accepted - old->accepted), (unsigned long long)now.open);
    }
    state->reported = now;
}

static void on_report(void *ctx)
{
    struct door_state *state = ctx;
    report(state);
    if (sp_timer_set(state->report, REPORT_MS) != SP_OK) {
        sp_log(SP_LOG_ERROR, "door.report.failed", "no further reports");
    }
}

static void on_empty(void *ctx)
{
    struct door_state *state = ctx;
    report(state);
    tell_malformed(state);
    sp_self_finish(state->self, SP_OK);
}

static void on_grace_over(void *ctx)
{
    struct door_state *state = ctx;
    sp_log(SP_LOG_WARN, "door.stop.cut", "open=%llu",
           (unsigned long long)sp_listen_counts(state->listen).open);
    on_empty(state);
}

/* One of the files, by its gift; empty when it was not given. */
static enum sp_err read_gift(struct door_state *state, enum sp_tls_gift which, struct sp_buf *out)
{
    SP_AUTO_CLOSE int fd = sp_self_take_gift(state->self, SP_GIFT_TLS, which);
    sp_buf_init(out, PEM_BYTES_MAX);
    return fd < 0 ? SP_OK : sp_file_read_fd(fd, out);
}

static enum sp_err make_context(struct door_state *state, struct sp_tls_server_files *files,
                                struct sp_tls_context **out)
{
    const char *why = "";
    files->demand = files->client_ca.len == 0 ? SP_TLS_NO_CERTIFICATE
                    : state->must_certificate ? SP_TLS_MUST_CERTIFICATE
                                              : SP_TLS_MAY_CERTIFICATE;
    enum sp_err err = sp_tls_server_new(files, &why, out);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "door.tls.refused", "[server.tls]: %s",
               *why == '\0' ? sp_err_text(err) : why);
    }
    return err;
}

/* From the files that were given; `*out` stays NULL when none was. */
static enum sp_err read_tls(struct door_state *state, struct sp_tls_context **out)
{
    SP_AUTO_BUF struct sp_buf certificate;
    SP_CLEANUP(sp_buf_wipe) struct sp_buf key;
    SP_AUTO_BUF struct sp_buf client_ca;
    SP_AUTO_BUF struct sp_buf client_crl;
    enum sp_err err = read_gift(state, SP_TLS_GIFT_CERTIFICATE, &certificate);
    const enum sp_err errs[] = {read_gift(state, SP_TLS_GIFT_KEY, &key),
                                read_gift(state, SP_TLS_GIFT_CLIENT_CA, &client_ca),
                                read_gift(state, SP_TLS_GIFT_CLIENT_CRL, &client_crl)};
    for (size_t i = 0; i < SP_COUNT(errs); i++) {
        err = err == SP_OK ? errs[i] : err;
    }
    if (err != SP_OK || certificate.len + key.len == 0) {
        return err;
    }
    struct sp_tls_server_files files = {.certificate = sp_buf_slice(&certificate),
                                        .key = sp_buf_slice(&key),
                                        .client_ca = sp_buf_slice(&client_ca),
                                        .client_crl = sp_buf_slice(&client_crl)};
    return make_context(state, &files, out);
}

/* Renewed files: connections from now on use them. Ones that do not fit change nothing. */
static void door_renewed(void *ctx)
{
    struct door_state *state = ctx;
    struct sp_tls_context *fresh = NULL;
    if (read_tls(state, &fresh) != SP_OK || fresh == NULL) {
        sp_log(SP_LOG_ERROR, "door.tls.kept",
               "the renewed files cannot be used; the old ones stay in force");
        return;
    }
    sp_listen_set_tls(state->listen, fresh);
    sp_tls_context_free(state->tls);
    state->tls = fresh;
    sp_log(SP_LOG_INFO, "door.tls.renewed", "new connections get the renewed certificate");
}

static enum sp_err open_listen(struct door_state *state, const struct sp_settings_door *settings)
{
    int fd = sp_self_take_gift(state->self, SP_GIFT_LISTENER, 0);
    if (fd < 0) {
        return SP_ERR_CONFIG;
    }
    const struct sp_listen_config config = {.loop = sp_self_loop(state->self),
                                            .tls = state->tls,
                                            .limits = {.head_ms = settings->head_ms,
                                                       .body_ms = settings->body_ms,
                                                       .idle_ms = settings->idle_ms},
                                            .connections_max = settings->connections_max,
                                            .connections_per_address =
                                                settings->connections_per_address,
                                            .stream = hand_over,
                                            .empty = on_empty,
                                            .refused = on_refused,
                                            .ctx = state};
    return sp_listen_new(&config, fd, &state->listen);
}

static enum sp_err door_init(struct sp_self *self, void **out_state)
{
    struct sp_settings_door settings;
    SP_TRY(sp_settings_door_read(sp_self_settings(self), &settings));
    struct door_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SP_ERR_NOMEM;
    }
    state->self = self;
    state->must_certificate = settings.must_certificate != 0;
    *out_state = state;
    SP_TRY(read_tls(state, &state->tls));
    SP_TRY(sp_timer_new(sp_self_loop(self), on_report, state, &state->report));
    SP_TRY(sp_timer_new(sp_self_loop(self), on_tell, state, &state->tell));
    SP_TRY(sp_timer_new(sp_self_loop(self), on_grace_over, state, &state->grace));
    return open_listen(state, &settings);
}

static enum sp_err door_start(void *ctx)
{
    struct door_state *state = ctx;
    SP_TRY(sp_timer_set(state->report, REPORT_MS));
    SP_TRY(sp_timer_set(state->tell, TELL_MS));
    return sp_listen_open(state->listen);
}

/* Answers in flight are finished; idle connections end; whoever is left when the grace is over is cut off. */
static void door_stop(void *ctx, unsigned grace_ms)
{
    struct door_state *state = ctx;
    if (sp_timer_set(state->grace, grace_ms) != SP_OK) {
        on_grace_over(state);
        return;
    }
    sp_listen_drain(state->listen);
}

/* No handlers: front has nothing to say to door but bytes on its streams, which the guard reads as hostile. */
const struct sp_role_spec sp_door_role = {
    .role = SP_ROLE_DOOR,
    .init = door_init,
    .start = door_start,
    .stop = door_stop,
    .renewed = door_renewed,
    .handlers = NULL,
    .handler_count = 0,
};
