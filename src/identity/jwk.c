#include "identity/jwk.h"

#include <stdlib.h>

#include "base/own.h"
#include "codec/base64.h"

#define NUMBER_MAX  ((size_t)SP_PUBKEY_RSA_BITS_MAX / 8 + 16)
#define ALL_ALGS    ((1U << SP_JOSE_COUNT) - 1)
#define KEY_OPS_MAX ((size_t)16)

static const struct {
    const char *kty;
    const char *crv;
    enum sp_pubkey_kind kind;
} curves[] = {
    {"EC", "P-256", SP_PUBKEY_P256},
    {"EC", "P-384", SP_PUBKEY_P384},
    {"OKP", "Ed25519", SP_PUBKEY_ED25519},
    {"OKP", "Ed448", SP_PUBKEY_ED448},
};

static enum sp_err text_member(const struct sp_json_value *object, const char *name,
                               struct sp_slice *out)
{
    return sp_json_string(sp_json_get(object, name), out);
}

/* A member in base64url; an absent or empty one is SP_ERR_INVALID. */
static enum sp_err bytes_member(const struct sp_json_value *object, const char *name,
                                struct sp_buf *out)
{
    struct sp_slice text = {NULL, 0};
    sp_buf_init(out, NUMBER_MAX);
    SP_TRY(text_member(object, name, &text));
    enum sp_err err = sp_base64_decode(SP_BASE64_URL, text, out);
    if (err != SP_OK) {
        return err == SP_ERR_TOO_BIG ? SP_ERR_RANGE : err;
    }
    return out->len == 0 ? SP_ERR_INVALID : SP_OK;
}

static enum sp_err read_rsa(const struct sp_json_value *object, struct sp_pubkey **out)
{
    SP_AUTO_BUF struct sp_buf n = {NULL, 0, 0, 0};
    SP_AUTO_BUF struct sp_buf e = {NULL, 0, 0, 0};
    SP_TRY(bytes_member(object, "n", &n));
    SP_TRY(bytes_member(object, "e", &e));
    return sp_pubkey_rsa(sp_buf_slice(&n), sp_buf_slice(&e), out);
}

static enum sp_err read_curve(const struct sp_json_value *object, struct sp_slice kty,
                              struct sp_pubkey **out)
{
    SP_AUTO_BUF struct sp_buf x = {NULL, 0, 0, 0};
    SP_AUTO_BUF struct sp_buf y = {NULL, 0, 0, 0};
    struct sp_slice crv = {NULL, 0};
    SP_TRY(text_member(object, "crv", &crv));
    for (size_t i = 0; i < SP_COUNT(curves); i++) {
        if (!sp_slice_is(kty, curves[i].kty) || !sp_slice_is(crv, curves[i].crv)) {
            continue;
        }
        SP_TRY(bytes_member(object, "x", &x));
        if (sp_slice_is(kty, "OKP")) {
            return sp_pubkey_edwards(curves[i].kind, sp_buf_slice(&x), out);
        }
        SP_TRY(bytes_member(object, "y", &y));
        return sp_pubkey_ec(curves[i].kind, sp_buf_slice(&x), sp_buf_slice(&y), out);
    }
    return SP_ERR_UNSUPPORTED;
}

static enum sp_err read_key(const struct sp_json_value *object, struct sp_pubkey **out)
{
    struct sp_slice kty = {NULL, 0};
    SP_TRY(text_member(object, "kty", &kty));
    if (sp_slice_is(kty, "RSA")) {
        return read_rsa(object, out);
    }
    return sp_slice_is(kty, "EC") || sp_slice_is(kty, "OKP") ? read_curve(object, kty, out)
                                                             : SP_ERR_UNSUPPORTED;
}

/* `use` and `key_ops` are the owner's word on what the key is for: where one stands it must say "verify". */
static enum sp_err check_use(const struct sp_json_value *object)
{
    const struct sp_json_value *use = sp_json_get(object, "use");
    const struct sp_json_value *ops = sp_json_get(object, "key_ops");
    struct sp_slice text = {NULL, 0};
    bool may_verify = ops == NULL;
    if (use != NULL) {
        SP_TRY(sp_json_string(use, &text));
        if (!sp_slice_is(text, "sig")) {
            return SP_ERR_UNSUPPORTED;
        }
    }
    if (ops != NULL && (sp_json_type(ops) != SP_JSON_ARRAY || sp_json_count(ops) > KEY_OPS_MAX)) {
        return SP_ERR_INVALID;
    }
    for (const struct sp_json_value *op = sp_json_first(ops); op != NULL; op = sp_json_next(op)) {
        SP_TRY(sp_json_string(op, &text));
        may_verify = may_verify || sp_slice_is(text, "verify");
    }
    return may_verify ? SP_OK : SP_ERR_UNSUPPORTED;
}

/* The algorithms that the type of the key and its own word leave. */
static enum sp_err read_algs(const struct sp_json_value *object, enum sp_pubkey_kind kind,
                             unsigned *out)
{
    const struct sp_json_value *alg = sp_json_get(object, "alg");
    unsigned algs = ALL_ALGS;
    if (alg != NULL) {
        struct sp_slice name = {NULL, 0};
        enum sp_jose only = SP_JOSE_COUNT;
        SP_TRY(sp_json_string(alg, &name));
        SP_TRY(sp_jose_from_name(name, &only));
        algs = 1U << only;
    }
    for (unsigned i = 0; i < SP_JOSE_COUNT; i++) {
        algs &= sp_jose_fits((enum sp_jose)i, kind) ? ALL_ALGS : ~(1U << i);
    }
    *out = algs;
    return algs == 0 ? SP_ERR_INVALID : SP_OK;
}

/* An optional text, copied. */
static enum sp_err keep_text(const struct sp_json_value *object, const char *name, size_t max,
                             char **out, size_t *out_len)
{
    const struct sp_json_value *value = sp_json_get(object, name);
    struct sp_slice text = {NULL, 0};
    if (value == NULL) {
        return SP_OK;
    }
    SP_TRY(sp_json_string(value, &text));
    if (text.len > max) {
        return SP_ERR_INVALID;
    }
    *out = sp_slice_dup(text);
    *out_len = text.len;
    return *out == NULL ? SP_ERR_NOMEM : SP_OK;
}

static enum sp_err read_members(const struct sp_json_value *object, struct sp_jwk *jwk)
{
    size_t ignored = 0;
    SP_TRY(check_use(object));
    SP_TRY(keep_text(object, "kid", SP_JWK_KID_MAX, &jwk->kid, &jwk->kid_len));
    SP_TRY(keep_text(object, "issuer", SP_JWK_ISSUER_MAX, &jwk->issuer, &ignored));
    jwk->has_kid = jwk->kid != NULL;
    SP_TRY(read_key(object, &jwk->key));
    return read_algs(object, sp_pubkey_kind(jwk->key), &jwk->algs);
}

enum sp_err sp_jwk_read(const struct sp_json_value *object, struct sp_jwk *out)
{
    struct sp_jwk jwk = {.key = NULL};
    if (sp_json_type(object) != SP_JSON_OBJECT) {
        return SP_ERR_INVALID;
    }
    enum sp_err err = read_members(object, &jwk);
    if (err != SP_OK) {
        sp_jwk_done(&jwk);
        return err;
    }
    *out = jwk;
    return SP_OK;
}

void sp_jwk_done(struct sp_jwk *jwk)
{
    sp_pubkey_free(jwk->key);
    free(jwk->kid);
    free(jwk->issuer);
    *jwk = (struct sp_jwk){.key = NULL};
}

static enum sp_err parse(struct sp_slice text, struct sp_json **out)
{
    const struct sp_json_limits limits = {
        .bytes_max = SP_JWKS_BYTES_MAX, .depth_max = 8, .nul = SP_JSON_NUL_REFUSED};
    return sp_json_parse(text, &limits, out, NULL);
}

enum sp_err sp_jwk_parse(struct sp_slice text, struct sp_jwk *out)
{
    SP_AUTO_JSON struct sp_json *doc = NULL;
    SP_TRY(parse(text, &doc));
    return sp_jwk_read(sp_json_root(doc), out);
}

/* --- sets --- */

void sp_jwks_done(struct sp_jwks *jwks)
{
    for (size_t i = 0; i < jwks->count; i++) {
        sp_jwk_done(&jwks->keys[i]);
    }
    free(jwks->keys);
    *jwks = (struct sp_jwks){.keys = NULL};
}

static enum sp_err read_set(const struct sp_json_value *keys, struct sp_jwks *out)
{
    const size_t count = sp_json_count(keys);
    if (sp_json_type(keys) != SP_JSON_ARRAY || count > SP_JWKS_KEYS_MAX) {
        return SP_ERR_INVALID;
    }
    out->keys = calloc(count == 0 ? 1 : count, sizeof(*out->keys));
    if (out->keys == NULL) {
        return SP_ERR_NOMEM;
    }
    for (const struct sp_json_value *v = sp_json_first(keys); v != NULL; v = sp_json_next(v)) {
        enum sp_err err = sp_jwk_read(v, &out->keys[out->count]);
        if (err == SP_ERR_NOMEM) {
            return err;
        }
        out->count += err == SP_OK ? 1 : 0;
        out->skipped += err == SP_OK ? 0 : 1;
    }
    return out->count == 0 ? SP_ERR_NOT_FOUND : SP_OK;
}

enum sp_err sp_jwks_parse(struct sp_slice text, struct sp_jwks *out)
{
    SP_AUTO_JSON struct sp_json *doc = NULL;
    struct sp_jwks jwks = {.keys = NULL};
    SP_TRY(parse(text, &doc));
    enum sp_err err = read_set(sp_json_get(sp_json_root(doc), "keys"), &jwks);
    if (err != SP_OK) {
        sp_jwks_done(&jwks);
        return err;
    }
    *out = jwks;
    return SP_OK;
}

static bool fits(const struct sp_jwk *jwk, enum sp_jose alg)
{
    return (jwk->algs & 1U << alg) != 0;
}

/* Without an id there must be nothing to choose. */
static const struct sp_jwk *only_one(const struct sp_jwks *jwks, enum sp_jose alg, size_t *at)
{
    const struct sp_jwk *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < jwks->count; i++) {
        if (fits(&jwks->keys[i], alg)) {
            found = &jwks->keys[i];
            count++;
        }
    }
    const bool is_first = *at == 0;
    *at = jwks->count;
    return is_first && count == 1 ? found : NULL;
}

const struct sp_jwk *sp_jwks_next(const struct sp_jwks *jwks, enum sp_jose alg, bool has_kid,
                                  struct sp_slice kid, size_t *at)
{
    if (!has_kid) {
        return only_one(jwks, alg, at);
    }
    while (*at < jwks->count) {
        const struct sp_jwk *jwk = &jwks->keys[(*at)++];
        if (fits(jwk, alg) && jwk->has_kid &&
            sp_slice_equal(sp_slice_make(jwk->kid, jwk->kid_len), kid)) {
            return jwk;
        }
    }
    return NULL;
}
