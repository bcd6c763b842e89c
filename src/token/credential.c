#include "token/credential.h"

#include "base/own.h"
#include "token/assertion.h"

#define NOTE_BYTES_MAX ((size_t)512)
#define US_A_SECOND    ((uint64_t)1000000)

enum sp_err sp_credential_init(struct sp_credential *c, const struct sp_provider *provider,
                               const struct sp_credential_ops *ops)
{
    *c = (struct sp_credential){.provider = *provider, .ops = *ops};
    sp_renew_init(&c->renew);
    return sp_bearer_init(&c->bearer, SP_BEARER_SOURCE_ENVIRONMENT, &ops->bearer);
}

void sp_credential_done(struct sp_credential *c)
{
    sp_bearer_done(&c->bearer);
    if (c->has_proof) {
        sp_secret_done(&c->proof);
    }
    sp_signer_free(c->signer);
    *c = (struct sp_credential){.has_proof = false};
}

enum sp_err sp_credential_prove(struct sp_credential *c, struct sp_slice proof,
                                const char **out_why)
{
    *out_why = "the credential is empty";
    while (proof.len > 0 &&
           (proof.ptr[proof.len - 1] == '\n' || proof.ptr[proof.len - 1] == '\r')) {
        proof.len--;
    }
    if (proof.len == 0) {
        return SP_ERR_CONFIG;
    }
    if (c->provider.source == SP_PROVIDER_CLIENT_CERTIFICATE) {
        return sp_signer_new(proof, out_why, &c->signer);
    }
    SP_TRY(sp_secret_init(&c->proof, proof));
    c->has_proof = true;
    return SP_OK;
}

static enum sp_err proof_of(struct sp_credential *c, uint64_t wall_s, struct sp_buf *out)
{
    SP_AUTO_BUF struct sp_buf audience;
    sp_buf_init(&audience, SP_PROVIDER_REQUEST_BYTES_MAX);
    if (c->provider.source == SP_PROVIDER_WORKLOAD_IDENTITY) {
        return c->ops.read_proof(c->ops.ctx, out);
    }
    if (c->provider.source == SP_PROVIDER_CLIENT_CERTIFICATE) {
        SP_TRY(sp_provider_url(&c->provider, &audience));
        return sp_assertion_make(c->signer, sp_buf_slice(&audience), c->provider.client_id, wall_s,
                                 out);
    }
    return c->has_proof ? sp_buf_put(out, sp_secret_show(&c->proof)) : SP_OK;
}

static enum sp_err ask(struct sp_credential *c, uint64_t wall_s)
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf proof;
    SP_CLEANUP(sp_buf_wipe) struct sp_buf request;
    sp_buf_init(&proof, SP_SECRET_BYTES_MAX);
    sp_buf_init(&request, SP_PROVIDER_REQUEST_BYTES_MAX);
    SP_TRY(proof_of(c, wall_s, &proof));
    SP_TRY(sp_provider_request(&c->provider, sp_buf_slice(&proof), &request));
    sp_renew_asked(&c->renew);
    c->ops.ask(c->ops.ctx, sp_buf_slice(&request));
    return SP_OK;
}

static void publish(struct sp_credential *c)
{
    c->is_published = true;
    sp_bearer_wired(&c->bearer);
}

void sp_credential_wired(struct sp_credential *c)
{
    /* Until the first answer there is nothing to say: relay waits a little for its first bearer. */
    if (c->bearer.has_bearer || c->renew.failures > 0) {
        publish(c);
    }
}

void sp_credential_turn(struct sp_credential *c, const struct sp_credential_now *now)
{
    if (c->bearer.has_bearer && !sp_renew_is_good(&c->renew, now->mono_ms)) {
        sp_bearer_forget(&c->bearer);
        publish(c);
    }
    if (!sp_renew_is_due(&c->renew, now->mono_ms)) {
        return;
    }
    enum sp_err err = ask(c, now->wall_s);
    if (err != SP_OK) {
        sp_credential_failed(
            c, err == SP_ERR_NOT_FOUND ? "the file of the token cannot be read" : sp_err_text(err),
            now);
    }
}

uint64_t sp_credential_next_ms(const struct sp_credential *c, uint64_t now_ms)
{
    return sp_renew_next_ms(&c->renew, now_ms);
}

static void fail(struct sp_credential *c, unsigned status, uint64_t retry_after_ms, const char *why,
                 const struct sp_credential_now *now)
{
    const bool is_first = c->renew.failures == 0;
    sp_renew_failed(&c->renew, now->mono_ms, status, retry_after_ms, now->jitter);
    if (is_first) { /* said once for each time that it begins to fail */
        c->ops.note(c->ops.ctx, false, why);
    }
    if (!c->bearer.has_bearer) {
        publish(c);
    }
}

void sp_credential_failed(struct sp_credential *c, const char *why,
                          const struct sp_credential_now *now)
{
    fail(c, 0, 0, why, now);
}

static enum sp_err accept(struct sp_credential *c, struct sp_slice body,
                          const struct sp_credential_now *now)
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf value;
    struct sp_provider_token token;
    sp_buf_init(&value, SP_BEARER_BYTES_MAX);
    SP_TRY(sp_provider_answer(body, now->wall_s, &value, &token));
    SP_TRY(sp_bearer_set(&c->bearer, token.value));
    c->bearer.expires_us = (now->wall_s + token.lives_s) * US_A_SECOND;
    const bool is_recovery = c->renew.failures > 0;
    sp_renew_got(&c->renew, now->mono_ms, token.lives_s * 1000, token.refresh_s * 1000);
    if (is_recovery) {
        c->ops.note(c->ops.ctx, true, "the identity provider answers again");
    }
    publish(c);
    return SP_OK;
}

void sp_credential_answered(struct sp_credential *c, unsigned status, uint64_t retry_after_ms,
                            struct sp_slice body, const struct sp_credential_now *now)
{
    SP_AUTO_BUF struct sp_buf why;
    sp_buf_init(&why, NOTE_BYTES_MAX);
    enum sp_err err = status == 200 ? accept(c, body, now) : SP_ERR_INVALID;
    if (err == SP_OK) {
        return;
    }
    enum sp_err put = sp_buf_putf(&why, "the identity provider answered with status %u", status);
    if (put == SP_OK && status == 200) {
        put = sp_buf_putf(&why, ", but the answer holds no usable token (%s)", sp_err_text(err));
    } else if (put == SP_OK) {
        put = sp_provider_error(body, &why);
    }
    if (put == SP_OK) {
        put = sp_buf_put_byte(&why, '\0');
    }
    fail(c, status == 200 ? 0 : status, retry_after_ms,
         put == SP_OK ? (const char *)why.ptr : "the identity provider refused", now);
}

void sp_credential_refused(struct sp_credential *c, const uint8_t digest[SP_SHA256_BYTES],
                           const struct sp_credential_now *now)
{
    const bool is_ours = sp_bearer_refused(&c->bearer, digest);
    if (is_ours && sp_renew_drop(&c->renew, now->mono_ms)) {
        sp_bearer_forget(&c->bearer);
        sp_credential_turn(c, now);
    } else if (c->bearer.has_bearer || !c->renew.is_asking) {
        publish(c);
    }
}
