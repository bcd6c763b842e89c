#include "process/token_keys.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "base/own.h"
#include "codec/url.h"
#include "process/settings.h"

#define URL_MAX           SP_MSG_DETAIL_MAX
#define REQUEST_BYTES_MAX ((size_t)4096)
/* Question 0 is the credential's. */
#define FIRST_NUMBER      1U

struct source {
    struct sp_token_keys *keys;
    char issuer[SP_MSG_NAME_MAX + 1];
    char url[URL_MAX + 1];
    struct sp_jwks_source jwks;
    struct sp_tls_context *tls; /* NULL: plain, on this machine */
    struct sp_question question;
};

struct sp_token_keys {
    struct sp_self *self;
    struct sp_timer *timer;
    struct source sources[SP_TOKEN_KEYS_MAX];
    size_t count;
};

static void tell_admit(struct source *source)
{
    SP_AUTO_PAYLOAD struct sp_payload payload = SP_PAYLOAD_EMPTY;
    struct sp_channel *admit = sp_self_wire(source->keys->self, SP_ROLE_ADMIT, 0);
    if (admit == NULL || source->jwks.document.len == 0) {
        return; /* told when it stands, or when there is one */
    }
    enum sp_err err = sp_payload_make(sp_buf_slice(&source->jwks.document), &payload);
    const struct sp_msg_keys msg = {
        .issuer = sp_slice_of(source->issuer), .url = sp_slice_of(source->url), .jwks = payload};
    if (err == SP_OK) {
        err = sp_msg_keys_send(admit, &msg);
    }
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "token.keys.untold", "url=%s error=%s", source->url, sp_err_name(err));
    }
}

static void set_timer(struct sp_token_keys *keys)
{
    const uint64_t now = sp_clock_mono_ms();
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < keys->count; i++) {
        const uint64_t of_one = sp_renew_next_ms(&keys->sources[i].jwks.renew, now);
        next = of_one < next ? of_one : next;
    }
    if (next != UINT64_MAX && sp_timer_set(keys->timer, next > now ? next - now : 1) != SP_OK) {
        sp_self_finish(keys->self, SP_ERR_NOMEM);
    }
}

static void ask_if_due(struct source *source)
{
    SP_AUTO_BUF struct sp_buf request;
    sp_buf_init(&request, REQUEST_BYTES_MAX);
    if (!sp_renew_is_due(&source->jwks.renew, sp_clock_mono_ms()) ||
        sp_jwks_request(sp_slice_of(source->url), &request) != SP_OK) {
        return;
    }
    sp_renew_asked(&source->jwks.renew);
    sp_question_ask(&source->question, sp_buf_slice(&request));
}

static void turn(struct sp_token_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        ask_if_due(&keys->sources[i]);
    }
    set_timer(keys);
}

static void on_timer(void *ctx)
{
    turn(ctx);
}

static void on_end(void *ctx, const struct sp_fetch_end *end)
{
    struct source *source = ctx;
    const bool was_failing = source->jwks.renew.failures > 0;
    if (sp_jwks_answered(&source->jwks, end->status, end->retry_after_ms, end->body,
                         sp_clock_mono_ms(), (uint32_t)sp_clock_mono_us())) {
        sp_log(SP_LOG_INFO, "token.keys.renewed", "url=%s", source->url);
        tell_admit(source);
    }
    if (source->jwks.renew.failures > 0 && !was_failing) {
        sp_log(SP_LOG_ERROR, "token.keys.kept", "url=%s status=%u why=\"%s\"", source->url,
               end->status, end->err != SP_OK ? end->why : "no set of keys came");
    }
    set_timer(source->keys);
}

static enum sp_err open_tls(struct source *source, struct sp_slice ca_pem)
{
    const char *why = "";
    enum sp_err err = sp_tls_client_new(ca_pem, &why, &source->tls);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "token.authorities.refused", "url=%s why=\"%s\"", source->url, why);
    }
    return err;
}

static enum sp_err add(struct sp_token_keys *keys, struct sp_slice item)
{
    struct sp_settings_jwks s;
    struct sp_url url;
    SP_TRY(sp_settings_jwks_read(item, &s));
    SP_TRY(sp_url_parse(s.url, &url));
    if (keys->count == SP_TOKEN_KEYS_MAX || s.url.len > URL_MAX) {
        return SP_ERR_FULL;
    }
    struct source *source = &keys->sources[keys->count];
    source->keys = keys;
    sp_slice_to_text(s.name, source->issuer, sizeof(source->issuer));
    sp_slice_to_text(s.url, source->url, sizeof(source->url));
    sp_jwks_init(&source->jwks);
    SP_TRY(url.is_https ? open_tls(source, s.ca_pem) : SP_OK);
    source->question = (struct sp_question){.self = keys->self,
                                            .target = s.target,
                                            .tls = source->tls,
                                            .answer_bytes_max = SP_JWKS_BYTES_MAX,
                                            .fn = on_end,
                                            .ctx = source,
                                            .number = FIRST_NUMBER + (uint32_t)keys->count};
    sp_slice_to_text(url.host, source->question.host, sizeof(source->question.host));
    sp_question_init(&source->question);
    keys->count++;
    return SP_OK;
}

enum sp_err sp_token_keys_new(struct sp_self *self, struct sp_slice list,
                              struct sp_token_keys **out)
{
    struct sp_reader r;
    struct sp_token_keys *keys = calloc(1, sizeof(*keys));
    if (keys == NULL) {
        return SP_ERR_NOMEM;
    }
    *out = keys;
    keys->self = self;
    SP_TRY(sp_timer_new(sp_self_loop(self), on_timer, keys, &keys->timer));
    sp_reader_init(&r, list);
    while (sp_reader_left(&r) > 0) {
        struct sp_slice item = {NULL, 0};
        SP_TRY(sp_reader_block(&r, SP_SETTINGS_LIST_MAX, &item));
        SP_TRY(add(keys, item));
    }
    return SP_OK;
}

void sp_token_keys_wired(struct sp_token_keys *keys, enum sp_role role)
{
    for (size_t i = 0; role == SP_ROLE_ADMIT && i < keys->count; i++) {
        tell_admit(&keys->sources[i]);
    }
    if (role == SP_ROLE_DIAL) {
        turn(keys);
    }
}

void sp_token_keys_wanted(struct sp_token_keys *keys, struct sp_slice issuer)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (sp_slice_is(issuer, keys->sources[i].issuer)) {
            sp_jwks_wanted(&keys->sources[i].jwks, sp_clock_mono_ms());
            set_timer(keys);
        }
    }
}

void sp_token_keys_lost(struct sp_token_keys *keys, enum sp_role role)
{
    for (size_t i = 0; role == SP_ROLE_DIAL && i < keys->count; i++) {
        sp_question_lost(&keys->sources[i].question);
    }
}

bool sp_token_keys_dialled(struct sp_token_keys *keys, const struct sp_msg_dialled *dialled,
                           struct sp_message *message)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (sp_question_dialled(&keys->sources[i].question, dialled, message)) {
            return true;
        }
    }
    return false;
}
