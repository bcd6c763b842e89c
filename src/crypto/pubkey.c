#include "crypto/pubkey.h"

#include <stdlib.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "base/attr.h"

#define COORDINATE_MAX ((size_t)48)
#define DIGEST_MAX     ((size_t)48)
#define DER_MAX        ((size_t)2 * COORDINATE_MAX + 16)

struct sp_pubkey {
    enum sp_pubkey_kind kind;
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *plain; /* RS256, or ECDSA: set up once, used for every signature */
    EVP_PKEY_CTX *pss;
    EVP_MD *md;
    EVP_MD_CTX *hash;
};

static const struct {
    const char *name;
    const char *group; /* of an elliptic curve, or the key's type */
    size_t bytes;      /* of a coordinate, or of the key */
    size_t signature;
} kinds[SP_PUBKEY_COUNT] = {
    [SP_PUBKEY_RSA] = {"RSA", "RSA", 0, 0},
    [SP_PUBKEY_P256] = {"EC", "P-256", 32, 64},
    [SP_PUBKEY_P384] = {"EC", "P-384", 48, 96},
    [SP_PUBKEY_ED25519] = {"ED25519", "ED25519", 32, 64},
    [SP_PUBKEY_ED448] = {"ED448", "ED448", 57, 114},
};

static const char *const names[] = {
#define AS_NAME(alg, name) [alg] = name,
    SP_JOSE_LIST(AS_NAME)
#undef AS_NAME
};

enum sp_err sp_jose_from_name(struct sp_slice name, enum sp_jose *out)
{
    for (unsigned i = 0; i < SP_JOSE_COUNT; i++) {
        if (sp_slice_is(name, names[i])) {
            *out = (enum sp_jose)i;
            return SP_OK;
        }
    }
    return SP_ERR_UNSUPPORTED;
}

const char *sp_jose_name(enum sp_jose alg)
{
    return (unsigned)alg < SP_JOSE_COUNT ? names[alg] : "unknown";
}

bool sp_jose_fits(enum sp_jose alg, enum sp_pubkey_kind kind)
{
    switch (alg) {
    case SP_JOSE_RS256:
    case SP_JOSE_PS256:
        return kind == SP_PUBKEY_RSA;
    case SP_JOSE_ES256:
        return kind == SP_PUBKEY_P256;
    case SP_JOSE_ES384:
        return kind == SP_PUBKEY_P384;
    case SP_JOSE_EDDSA:
        return kind == SP_PUBKEY_ED25519 || kind == SP_PUBKEY_ED448;
    case SP_JOSE_COUNT:
        break;
    }
    return false;
}

void sp_pubkey_free(struct sp_pubkey *key)
{
    if (key != NULL) {
        EVP_PKEY_CTX_free(key->plain);
        EVP_PKEY_CTX_free(key->pss);
        EVP_PKEY_free(key->pkey);
        EVP_MD_CTX_free(key->hash);
        EVP_MD_free(key->md);
        free(key);
    }
}

static void free_cleanup(struct sp_pubkey **key)
{
    sp_pubkey_free(*key);
}
#define AUTO_KEY SP_CLEANUP(free_cleanup)

enum sp_pubkey_kind sp_pubkey_kind(const struct sp_pubkey *key)
{
    return key->kind;
}

/* --- making --- */

/* What OpenSSL wrote down about a refusal is of no use to us, and its queue is not left to grow. */
static enum sp_err refuse(enum sp_err err)
{
    ERR_clear_error();
    return err;
}

static enum sp_err begin(enum sp_pubkey_kind kind, struct sp_pubkey **out)
{
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        return SP_ERR_CRYPTO;
    }
    struct sp_pubkey *key = calloc(1, sizeof(*key));
    if (key == NULL) {
        return SP_ERR_NOMEM;
    }
    key->kind = kind;
    *out = key;
    return SP_OK;
}

static EVP_PKEY_CTX *ready(const struct sp_pubkey *key, int padding)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    bool is_set = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
                  EVP_PKEY_CTX_set_signature_md(ctx, key->md) == 1;
    if (is_set && padding != 0) {
        is_set = EVP_PKEY_CTX_set_rsa_padding(ctx, padding) == 1;
    }
    if (is_set && padding == RSA_PKCS1_PSS_PADDING) {
        /* RFC 7518, section 3.5: the salt is as long as the digest, and the mask is made with the same one. */
        is_set = EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1 &&
                 EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, key->md) == 1;
    }
    if (!is_set) {
        EVP_PKEY_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

/* Contexts of the algorithms that this key can have. The Edwards curves hash by themselves, anew for each signature. */
static enum sp_err finish(struct sp_pubkey *key)
{
    key->hash = EVP_MD_CTX_new();
    if (key->hash == NULL) {
        return SP_ERR_CRYPTO;
    }
    if (key->kind == SP_PUBKEY_ED25519 || key->kind == SP_PUBKEY_ED448) {
        return SP_OK;
    }
    key->md = EVP_MD_fetch(NULL, key->kind == SP_PUBKEY_P384 ? "SHA384" : "SHA256", NULL);
    if (key->md == NULL || EVP_DigestInit_ex2(key->hash, key->md, NULL) != 1) {
        return SP_ERR_CRYPTO;
    }
    key->plain = ready(key, key->kind == SP_PUBKEY_RSA ? RSA_PKCS1_PADDING : 0);
    key->pss = key->kind == SP_PUBKEY_RSA ? ready(key, RSA_PKCS1_PSS_PADDING) : NULL;
    const bool is_whole = key->plain != NULL && (key->kind != SP_PUBKEY_RSA || key->pss != NULL);
    return is_whole ? SP_OK : SP_ERR_CRYPTO;
}

static enum sp_err from_data(struct sp_pubkey *key, OSSL_PARAM *params)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kinds[key->kind].name, NULL);
    bool is_made = ctx != NULL && params != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
                   EVP_PKEY_fromdata(ctx, &key->pkey, EVP_PKEY_PUBLIC_KEY, params) == 1;
    EVP_PKEY_CTX_free(ctx);
    return is_made ? SP_OK : SP_ERR_INVALID;
}

static bool is_odd_number(struct sp_slice number)
{
    return number.len > 0 && number.ptr[0] != 0 && (number.ptr[number.len - 1] & 1U) == 1;
}

/* Whether the number is a power of 65537 modulo a small prime. */
static bool is_power_modulo(struct sp_slice number, unsigned prime)
{
    unsigned rest = 0;
    for (size_t i = 0; i < number.len; i++) {
        rest = (rest * 256 + number.ptr[i]) % prime;
    }
    const unsigned base = 65537 % prime;
    unsigned power = base;
    while (power != rest && power != 1) {
        power = power * base % prime;
    }
    return power == rest;
}

/*
 * The chips of one maker made keys that can be factored (CVE-2017-15361): their moduli are powers of 65537 modulo every
 * small prime. Of other keys about one in 2^27 is.
 */
static bool can_be_factored(struct sp_slice n)
{
    static const uint8_t primes[] = {
        3,  5,  7,  11, 13, 17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
        73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
    for (size_t i = 0; i < SP_COUNT(primes); i++) {
        if (!is_power_modulo(n, primes[i])) {
            return false;
        }
    }
    return true;
}

/* Odd numbers without leading zeros, of a length between the bounds; an exponent of 1 would sign everything. */
static enum sp_err check_rsa(struct sp_slice n, struct sp_slice e)
{
    if (!is_odd_number(n) || !is_odd_number(e) || (e.len == 1 && e.ptr[0] == 1)) {
        return SP_ERR_INVALID;
    }
    if (n.len > SP_PUBKEY_RSA_BITS_MAX / 8 || e.len > SP_PUBKEY_RSA_E_BYTES_MAX) {
        return SP_ERR_RANGE;
    }
    size_t bits = n.len * 8;
    for (uint8_t top = n.ptr[0]; (top & 0x80U) == 0; top = (uint8_t)(top << 1)) {
        bits--;
    }
    if (bits < SP_PUBKEY_RSA_BITS_MIN) {
        return SP_ERR_RANGE;
    }
    return can_be_factored(n) ? SP_ERR_INVALID : SP_OK;
}

static enum sp_err rsa_from_numbers(struct sp_pubkey *key, struct sp_slice n, struct sp_slice e)
{
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *bn_n = BN_bin2bn(n.ptr, (int)n.len, NULL);
    BIGNUM *bn_e = BN_bin2bn(e.ptr, (int)e.len, NULL);
    OSSL_PARAM *params = NULL;
    if (bld != NULL && bn_n != NULL && bn_e != NULL &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn_n) == 1 &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, bn_e) == 1) {
        params = OSSL_PARAM_BLD_to_param(bld);
    }
    enum sp_err err = params == NULL ? SP_ERR_CRYPTO : from_data(key, params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    BN_free(bn_n);
    BN_free(bn_e);
    return err;
}

static enum sp_err hand_out(struct sp_pubkey **key, enum sp_err err, struct sp_pubkey **out)
{
    if (err == SP_OK) {
        err = finish(*key);
    }
    if (err != SP_OK) {
        return refuse(err);
    }
    *out = *key;
    *key = NULL;
    return SP_OK;
}

enum sp_err sp_pubkey_rsa(struct sp_slice n, struct sp_slice e, struct sp_pubkey **out)
{
    AUTO_KEY struct sp_pubkey *key = NULL;
    SP_TRY(check_rsa(n, e));
    SP_TRY(begin(SP_PUBKEY_RSA, &key));
    return hand_out(&key, rsa_from_numbers(key, n, e), out);
}

/* OpenSSL refuses a point that is not on the curve when it takes it in. */
static enum sp_err ec_from_point(struct sp_pubkey *key, struct sp_slice x, struct sp_slice y)
{
    uint8_t point[1 + 2 * COORDINATE_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
    char group[8];
    (void)sp_slice_copy(x, point + 1, COORDINATE_MAX);
    (void)sp_slice_copy(y, point + 1 + x.len, COORDINATE_MAX);
    sp_slice_to_text(sp_slice_of(kinds[key->kind].group), group, sizeof(group));
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + x.len + y.len),
        OSSL_PARAM_construct_end(),
    };
    return from_data(key, params);
}

enum sp_err sp_pubkey_ec(enum sp_pubkey_kind curve, struct sp_slice x, struct sp_slice y,
                         struct sp_pubkey **out)
{
    AUTO_KEY struct sp_pubkey *key = NULL;
    if ((curve != SP_PUBKEY_P256 && curve != SP_PUBKEY_P384) || x.len != kinds[curve].bytes ||
        y.len != x.len) {
        return SP_ERR_INVALID;
    }
    SP_TRY(begin(curve, &key));
    return hand_out(&key, ec_from_point(key, x, y), out);
}

enum sp_err sp_pubkey_edwards(enum sp_pubkey_kind curve, struct sp_slice x, struct sp_pubkey **out)
{
    AUTO_KEY struct sp_pubkey *key = NULL;
    if ((curve != SP_PUBKEY_ED25519 && curve != SP_PUBKEY_ED448) || x.len != kinds[curve].bytes) {
        return SP_ERR_INVALID;
    }
    SP_TRY(begin(curve, &key));
    key->pkey = EVP_PKEY_new_raw_public_key_ex(NULL, kinds[curve].name, NULL, x.ptr, x.len);
    return hand_out(&key, key->pkey == NULL ? SP_ERR_INVALID : SP_OK, out);
}

/* --- verifying --- */

static enum sp_err digest_of(struct sp_pubkey *key, struct sp_slice bytes, uint8_t out[DIGEST_MAX],
                             size_t *out_len)
{
    unsigned len = 0;
    if (EVP_DigestInit_ex2(key->hash, NULL, NULL) != 1 ||
        (bytes.len > 0 && EVP_DigestUpdate(key->hash, bytes.ptr, bytes.len) != 1) ||
        EVP_DigestFinal_ex(key->hash, out, &len) != 1) {
        return SP_ERR_CRYPTO;
    }
    *out_len = len;
    return SP_OK;
}

/* A non-negative INTEGER of DER from big-endian bytes: no leading zeros, one in front of a top bit. Returns its length. */
static size_t put_integer(struct sp_slice number, uint8_t *out)
{
    while (number.len > 1 && number.ptr[0] == 0) {
        number = sp_slice_sub(number, 1, number.len);
    }
    const size_t pad = (number.ptr[0] & 0x80U) != 0 ? 1 : 0;
    out[0] = 0x02;
    out[1] = (uint8_t)(number.len + pad);
    out[2] = 0;
    return 2 + pad + sp_slice_copy(number, out + 2 + pad, COORDINATE_MAX);
}

/* JOSE has r and s side by side; OpenSSL wants SEQUENCE { r, s }. Every length here is under 128: one byte each. */
static size_t to_der(struct sp_slice signature, uint8_t out[DER_MAX])
{
    const size_t half = signature.len / 2;
    size_t len = put_integer(sp_slice_sub(signature, 0, half), out + 2);
    len += put_integer(sp_slice_sub(signature, half, half), out + 2 + len);
    out[0] = 0x30;
    out[1] = (uint8_t)len;
    return 2 + len;
}

_Static_assert(2 * (3 + COORDINATE_MAX) < 128, "lengths of DER are one byte");

static bool verify_digest(struct sp_pubkey *key, EVP_PKEY_CTX *ctx, struct sp_slice bytes,
                          struct sp_slice signature)
{
    uint8_t digest[DIGEST_MAX];
    size_t len = 0;
    return digest_of(key, bytes, digest, &len) == SP_OK &&
           EVP_PKEY_verify(ctx, signature.ptr, signature.len, digest, len) == 1;
}

static bool verify_edwards(struct sp_pubkey *key, struct sp_slice bytes, struct sp_slice signature)
{
    static const uint8_t nothing[1];
    const uint8_t *at = bytes.len == 0 ? nothing : bytes.ptr;
    return EVP_MD_CTX_reset(key->hash) == 1 &&
           EVP_DigestVerifyInit_ex(key->hash, NULL, NULL, NULL, NULL, key->pkey, NULL) == 1 &&
           EVP_DigestVerify(key->hash, signature.ptr, signature.len, at, bytes.len) == 1;
}

enum sp_err sp_pubkey_verify(struct sp_pubkey *key, enum sp_jose alg, struct sp_slice bytes,
                             struct sp_slice signature)
{
    bool is_right = false;
    if (!sp_jose_fits(alg, key->kind) || signature.len == 0 ||
        (key->kind != SP_PUBKEY_RSA && signature.len != kinds[key->kind].signature)) {
        return SP_ERR_INVALID;
    }
    if (alg == SP_JOSE_RS256 || alg == SP_JOSE_PS256) {
        is_right =
            verify_digest(key, alg == SP_JOSE_RS256 ? key->plain : key->pss, bytes, signature);
    } else if (alg == SP_JOSE_EDDSA) {
        is_right = verify_edwards(key, bytes, signature);
    } else {
        uint8_t der[DER_MAX];
        is_right =
            verify_digest(key, key->plain, bytes, sp_slice_make(der, to_der(signature, der)));
    }
    return is_right ? SP_OK : refuse(SP_ERR_INVALID);
}
