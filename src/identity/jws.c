#include "identity/jws.h"

#include "base/text.h"
#include "codec/base64.h"

/* A header that names any of these is refused: each would let the token say how it wants to be checked. */
static const char *const refused[] = {"crit", "b64", "jwk", "jku", "x5u", "x5c"};

static enum sp_err split(struct sp_slice token, struct sp_slice *out_header, struct sp_jws *out,
                         struct sp_slice *out_signature)
{
    const size_t first = sp_slice_find(token, 0, '.');
    const size_t second = first < token.len ? sp_slice_find(token, first + 1, '.') : token.len;
    if (second >= token.len || sp_slice_find(token, second + 1, '.') < token.len) {
        return SP_ERR_INVALID;
    }
    *out_header = sp_slice_sub(token, 0, first);
    out->signed_part = sp_slice_sub(token, 0, second);
    out->payload_text = sp_slice_sub(token, first + 1, second - first - 1);
    *out_signature = sp_slice_sub(token, second + 1, token.len);
    return out_header->len == 0 || out_signature->len == 0 ? SP_ERR_INVALID : SP_OK;
}

static enum sp_err optional_text(const struct sp_json_value *object, const char *name,
                                 struct sp_slice *out, bool *out_is_there)
{
    const struct sp_json_value *value = sp_json_get(object, name);
    *out_is_there = value != NULL;
    return value == NULL ? SP_OK : sp_json_string(value, out);
}

static enum sp_err read_header(struct sp_jws *jws)
{
    const struct sp_json_value *object = sp_json_root(jws->header);
    struct sp_slice alg = {NULL, 0};
    bool ignored = false;
    if (sp_json_type(object) != SP_JSON_OBJECT) {
        return SP_ERR_INVALID;
    }
    for (size_t i = 0; i < SP_COUNT(refused); i++) {
        if (sp_json_get(object, refused[i]) != NULL) {
            return SP_ERR_INVALID;
        }
    }
    SP_TRY(sp_json_string(sp_json_get(object, "alg"), &alg));
    SP_TRY(optional_text(object, "kid", &jws->kid, &jws->has_kid));
    SP_TRY(optional_text(object, "typ", &jws->typ, &ignored));
    return sp_jose_from_name(alg, &jws->alg);
}

/* Any error of the parser is a token that is none; only memory is our own affair. */
static enum sp_err parse_header(struct sp_slice text, struct sp_jws *jws)
{
    const struct sp_json_limits limits = {
        .bytes_max = SP_JWS_HEADER_MAX, .depth_max = 8, .nul = SP_JSON_NUL_REFUSED};
    SP_AUTO_BUF struct sp_buf json;
    sp_buf_init(&json, SP_JWS_HEADER_MAX);
    SP_TRY(sp_base64_decode(SP_BASE64_URL, text, &json));
    enum sp_err err = sp_json_parse(sp_buf_slice(&json), &limits, &jws->header, NULL);
    if (err != SP_OK) {
        return err == SP_ERR_NOMEM ? err : SP_ERR_INVALID;
    }
    return read_header(jws);
}

static enum sp_err parse(struct sp_slice token, struct sp_jws *jws)
{
    struct sp_slice header = {NULL, 0};
    struct sp_slice signature = {NULL, 0};
    SP_TRY(split(token, &header, jws, &signature));
    SP_TRY(parse_header(header, jws));
    return sp_base64_decode(SP_BASE64_URL, signature, &jws->signature);
}

enum sp_err sp_jws_parse(struct sp_slice token, struct sp_jws *out)
{
    struct sp_jws jws = {.alg = SP_JOSE_COUNT};
    sp_buf_init(&jws.signature, SP_PUBKEY_SIGNATURE_MAX);
    if (token.len > SP_JWS_BYTES_MAX) {
        return SP_ERR_TOO_BIG;
    }
    enum sp_err err = parse(token, &jws);
    if (err != SP_OK) {
        sp_jws_done(&jws);
        return err;
    }
    *out = jws;
    return SP_OK;
}

void sp_jws_done(struct sp_jws *jws)
{
    sp_json_free(jws->header);
    sp_buf_done(&jws->signature);
    jws->header = NULL;
}

enum sp_err sp_jws_payload(const struct sp_jws *jws, struct sp_buf *out)
{
    return sp_base64_decode(SP_BASE64_URL, jws->payload_text, out);
}

enum sp_err sp_jws_verify(const struct sp_jws *jws, const struct sp_jwk *jwk)
{
    if ((jwk->algs & 1U << jws->alg) == 0) {
        return SP_ERR_INVALID;
    }
    return sp_pubkey_verify(jwk->key, jws->alg, jws->signed_part, sp_buf_slice(&jws->signature));
}
