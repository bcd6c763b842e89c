#include "token/bearer.h"

#include "base/text.h"
#include "codec/hex.h"

/* Enough of the digest to tell bearers apart in a log line, and nothing that helps to guess one. */
#define FINGERPRINT_BYTES ((size_t)4)

enum sp_err sp_bearer_init(struct sp_bearer *token, unsigned source,
                           const struct sp_bearer_ops *ops)
{
    if (source >= SP_BEARER_SOURCE_COUNT) {
        return SP_ERR_INVALID;
    }
    *token = (struct sp_bearer){.source = (enum sp_bearer_source)source, .ops = *ops};
    return SP_OK;
}

void sp_bearer_done(struct sp_bearer *token)
{
    if (token->has_bearer) {
        sp_secret_done(&token->bearer);
    }
    *token = (struct sp_bearer){0};
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static struct sp_slice trim(struct sp_slice text)
{
    while (text.len > 0 && is_blank(text.ptr[0])) {
        text = sp_slice_sub(text, 1, text.len);
    }
    while (text.len > 0 && is_blank(text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* RFC 6750: what may stand in a header without ending it. */
static bool is_token68(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        bool is_sign = byte == '-' || byte == '.' || byte == '_' || byte == '~' || byte == '+' ||
                       byte == '/' || byte == '=';
        if (!sp_text_is_alnum(byte) && !is_sign) {
            return false;
        }
    }
    return text.len > 0;
}

enum sp_err sp_bearer_set(struct sp_bearer *token, struct sp_slice credential)
{
    struct sp_slice bearer = trim(credential);
    struct sp_secret secret = {0};
    if (!is_token68(bearer)) {
        return SP_ERR_INVALID;
    }
    if (bearer.len > SP_BEARER_BYTES_MAX) {
        return SP_ERR_TOO_BIG;
    }
    uint8_t digest[SP_SHA256_BYTES];
    SP_TRY(sp_sha256(bearer, digest));
    SP_TRY(sp_secret_init(&secret, bearer));
    if (token->has_bearer) {
        sp_secret_done(&token->bearer);
    }
    token->bearer = secret;
    token->has_bearer = true;
    token->was_refused = false;
    for (size_t i = 0; i < SP_SHA256_BYTES; i++) {
        token->digest[i] = digest[i];
    }
    return SP_OK;
}

void sp_bearer_forget(struct sp_bearer *token)
{
    if (token->has_bearer) {
        sp_secret_done(&token->bearer);
        token->has_bearer = false;
    }
}

void sp_bearer_wired(struct sp_bearer *token)
{
    if (!token->has_bearer) {
        token->ops.publish(token->ops.ctx, SP_ERR_POOL_CREDENTIAL, (struct sp_slice){NULL, 0}, 0);
        return;
    }
    token->ops.publish(token->ops.ctx, SP_OK, sp_secret_show(&token->bearer), token->expires_us);
}

bool sp_bearer_refused(struct sp_bearer *token, const uint8_t digest[SP_SHA256_BYTES])
{
    char fingerprint[2 * FINGERPRINT_BYTES + 1];
    bool is_ours =
        token->has_bearer && sp_slice_equal(sp_slice_make(token->digest, SP_SHA256_BYTES),
                                            sp_slice_make(digest, SP_SHA256_BYTES));
    if (is_ours && !token->was_refused) {
        token->was_refused = true;
        sp_hex_write(sp_slice_make(digest, FINGERPRINT_BYTES), fingerprint);
        token->ops.refused(token->ops.ctx, fingerprint);
    }
    return is_ours;
}
