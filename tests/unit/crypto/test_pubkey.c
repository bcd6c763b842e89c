#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/attr.h"
#include "crypto/pubkey.h"

#define NUMBER_MAX ((size_t)1024)

/* A key pair of OpenSSL's making, and what a JWK would say of it. */
struct pair {
    EVP_PKEY *pkey;
    uint8_t a[NUMBER_MAX]; /* n, or x */
    size_t a_len;
    uint8_t b[NUMBER_MAX]; /* e, or y */
    size_t b_len;
};

#define text SP_SLICE_LITERAL("what was signed")

static void number_of(EVP_PKEY *pkey, const char *name, size_t len, uint8_t *out, size_t *out_len)
{
    BIGNUM *bn = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, name, &bn), 1);
    *out_len = len == 0 ? (size_t)BN_num_bytes(bn) : len;
    assert_int_equal(BN_bn2binpad(bn, out, (int)*out_len), (int)*out_len);
    BN_free(bn);
}

static struct pair make_rsa(unsigned bits)
{
    struct pair pair = {.pkey = EVP_RSA_gen(bits)};
    assert_non_null(pair.pkey);
    number_of(pair.pkey, OSSL_PKEY_PARAM_RSA_N, 0, pair.a, &pair.a_len);
    number_of(pair.pkey, OSSL_PKEY_PARAM_RSA_E, 0, pair.b, &pair.b_len);
    return pair;
}

static struct pair make_ec(const char *curve, size_t bytes)
{
    struct pair pair = {.pkey = EVP_EC_gen(curve)};
    assert_non_null(pair.pkey);
    number_of(pair.pkey, OSSL_PKEY_PARAM_EC_PUB_X, bytes, pair.a, &pair.a_len);
    number_of(pair.pkey, OSSL_PKEY_PARAM_EC_PUB_Y, bytes, pair.b, &pair.b_len);
    return pair;
}

static struct pair make_edwards(const char *type)
{
    struct pair pair = {.pkey = EVP_PKEY_Q_keygen(NULL, NULL, type), .a_len = NUMBER_MAX};
    assert_non_null(pair.pkey);
    assert_int_equal(EVP_PKEY_get_raw_public_key(pair.pkey, pair.a, &pair.a_len), 1);
    return pair;
}

static struct sp_slice a_of(const struct pair *pair)
{
    return sp_slice_make(pair->a, pair->a_len);
}

static struct sp_slice b_of(const struct pair *pair)
{
    return sp_slice_make(pair->b, pair->b_len);
}

/* Signs as JOSE wants it; `salt` is the length of a PSS salt, 0 for none. */
static size_t sign(const struct pair *pair, const char *md, int salt, uint8_t out[NUMBER_MAX])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    size_t len = NUMBER_MAX;
    assert_int_equal(EVP_DigestSignInit_ex(ctx, &options, md, NULL, NULL, pair->pkey, NULL), 1);
    if (salt != 0) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(options, salt), 1);
    }
    assert_int_equal(EVP_DigestSign(ctx, out, &len, text.ptr, text.len), 1);
    EVP_MD_CTX_free(ctx);
    return len;
}

static size_t sign_ec(const struct pair *pair, const char *md, uint8_t out[NUMBER_MAX])
{
    uint8_t der[NUMBER_MAX];
    const uint8_t *at = der;
    ECDSA_SIG *sig = NULL;
    size_t len = sign(pair, md, 0, der);
    assert_non_null(d2i_ECDSA_SIG(&sig, &at, (long)len));
    assert_true(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)pair->a_len) > 0);
    assert_true(BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + pair->a_len, (int)pair->a_len) > 0);
    ECDSA_SIG_free(sig);
    return 2 * pair->a_len;
}

/* The right signature is taken; every neighbour of it is not. */
static void check_signature(struct sp_pubkey *key, enum sp_jose alg, uint8_t *signature, size_t len)
{
    assert_int_equal(sp_pubkey_verify(key, alg, text, sp_slice_make(signature, len)), SP_OK);
    assert_int_equal(sp_pubkey_verify(key, alg, text, sp_slice_make(signature, len)),
                     SP_OK); /* contexts are used again */
    assert_int_equal(
        sp_pubkey_verify(key, alg, sp_slice_of("what was not"), sp_slice_make(signature, len)),
        SP_ERR_INVALID);
    assert_int_equal(sp_pubkey_verify(key, alg, text, sp_slice_make(signature, len - 1)),
                     SP_ERR_INVALID);
    assert_int_equal(sp_pubkey_verify(key, alg, text, sp_slice_make(signature, 0)), SP_ERR_INVALID);
    signature[len] = 0;
    assert_int_equal(sp_pubkey_verify(key, alg, text, sp_slice_make(signature, len + 1)),
                     SP_ERR_INVALID);
    signature[len / 3] ^= 1;
    assert_int_equal(sp_pubkey_verify(key, alg, text, sp_slice_make(signature, len)),
                     SP_ERR_INVALID);
    signature[len / 3] ^= 1;
    for (unsigned other = 0; other < SP_JOSE_COUNT; other++) {
        if (other != (unsigned)alg) {
            assert_int_equal(
                sp_pubkey_verify(key, (enum sp_jose)other, text, sp_slice_make(signature, len)),
                SP_ERR_INVALID);
        }
    }
    assert_int_equal(sp_pubkey_verify(key, alg, text, sp_slice_make(signature, len)), SP_OK);
}

static void test_rsa_signatures_of_both_paddings(void **state)
{
    (void)state;
    struct pair pair = make_rsa(2048);
    struct sp_pubkey *key = NULL;
    uint8_t signature[NUMBER_MAX + 1];
    assert_int_equal(sp_pubkey_rsa(a_of(&pair), b_of(&pair), &key), SP_OK);
    check_signature(key, SP_JOSE_RS256, signature, sign(&pair, "SHA256", 0, signature));
    check_signature(key, SP_JOSE_PS256, signature, sign(&pair, "SHA256", 32, signature));
    size_t len = sign(&pair, "SHA256", 20, signature); /* a salt of another length */
    assert_int_equal(sp_pubkey_verify(key, SP_JOSE_PS256, text, sp_slice_make(signature, len)),
                     SP_ERR_INVALID);
    len = sign(&pair, "SHA384", 0, signature);
    assert_int_equal(sp_pubkey_verify(key, SP_JOSE_RS256, text, sp_slice_make(signature, len)),
                     SP_ERR_INVALID);
    sp_pubkey_free(key);
    EVP_PKEY_free(pair.pkey);
}

static void test_ecdsa_signatures_side_by_side(void **state)
{
    (void)state;
    static const struct {
        const char *curve, *md;
        size_t bytes;
        enum sp_pubkey_kind kind;
        enum sp_jose alg;
    } rows[] = {{"P-256", "SHA256", 32, SP_PUBKEY_P256, SP_JOSE_ES256},
                {"P-384", "SHA384", 48, SP_PUBKEY_P384, SP_JOSE_ES384}};
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct pair pair = make_ec(rows[i].curve, rows[i].bytes);
        struct sp_pubkey *key = NULL;
        uint8_t signature[NUMBER_MAX];
        assert_int_equal(sp_pubkey_ec(rows[i].kind, a_of(&pair), b_of(&pair), &key), SP_OK);
        /* Many, so that numbers with leading zeros and with a top bit are among them. */
        for (unsigned n = 0; n < 300; n++) {
            size_t len = sign_ec(&pair, rows[i].md, signature);
            assert_int_equal(
                sp_pubkey_verify(key, rows[i].alg, text, sp_slice_make(signature, len)), SP_OK);
        }
        check_signature(key, rows[i].alg, signature, sign_ec(&pair, rows[i].md, signature));
        uint8_t zeros[96] = {0};
        assert_int_equal(
            sp_pubkey_verify(key, rows[i].alg, text, sp_slice_make(zeros, 2 * rows[i].bytes)),
            SP_ERR_INVALID);
        size_t der = sign(&pair, rows[i].md, 0, signature);
        assert_int_equal(sp_pubkey_verify(key, rows[i].alg, text, sp_slice_make(signature, der)),
                         SP_ERR_INVALID);
        sp_pubkey_free(key);
        EVP_PKEY_free(pair.pkey);
    }
}

static void test_edwards_signatures(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        enum sp_pubkey_kind kind;
    } rows[] = {{"ED25519", SP_PUBKEY_ED25519}, {"ED448", SP_PUBKEY_ED448}};
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct pair pair = make_edwards(rows[i].type);
        struct sp_pubkey *key = NULL;
        uint8_t signature[NUMBER_MAX];
        assert_int_equal(sp_pubkey_edwards(rows[i].kind, a_of(&pair), &key), SP_OK);
        check_signature(key, SP_JOSE_EDDSA, signature, sign(&pair, NULL, 0, signature));
        assert_int_equal(
            sp_pubkey_edwards(rows[i].kind, sp_slice_make(pair.a, pair.a_len - 1), &key),
            SP_ERR_INVALID);
        sp_pubkey_free(key);
        EVP_PKEY_free(pair.pkey);
    }
    struct sp_pubkey *none = NULL;
    assert_int_equal(sp_pubkey_edwards(SP_PUBKEY_P256,
                                       sp_slice_make("0123456789abcdef0123456789abcdef", 32),
                                       &none),
                     SP_ERR_INVALID);
    assert_null(none);
}

static void test_rsa_keys_that_are_weak_or_none_are_refused(void **state)
{
    (void)state;
    struct pair pair = make_rsa(2048);
    struct pair weak = make_rsa(1024);
    struct sp_pubkey *key = NULL;
    static const uint8_t one[] = {1}, even[] = {1, 0, 0}, padded[] = {0, 1, 0, 1},
                         long_e[] = {1, 0, 0, 0, 1}, three[] = {3};
    static const uint8_t huge[SP_PUBKEY_RSA_BITS_MAX / 8 + 1] = {[0] = 0x80,
                                                                 [SP_PUBKEY_RSA_BITS_MAX / 8] = 1};
    uint8_t shifted[257] = {0};
    (void)sp_slice_copy(a_of(&pair), shifted + 1, 256);
    assert_int_equal(sp_pubkey_rsa(a_of(&weak), b_of(&weak), &key), SP_ERR_RANGE);
    assert_int_equal(sp_pubkey_rsa(sp_slice_make(huge, sizeof(huge)), b_of(&pair), &key),
                     SP_ERR_RANGE);
    assert_int_equal(sp_pubkey_rsa(sp_slice_make(shifted, 257), b_of(&pair), &key), SP_ERR_INVALID);
    assert_int_equal(sp_pubkey_rsa(sp_slice_make(pair.a, 255), b_of(&pair), &key),
                     (pair.a[254] & 1) != 0 ? SP_ERR_RANGE : SP_ERR_INVALID);
    assert_int_equal(sp_pubkey_rsa(a_of(&pair), sp_slice_make(one, 1), &key), SP_ERR_INVALID);
    assert_int_equal(sp_pubkey_rsa(a_of(&pair), sp_slice_make(even, 3), &key), SP_ERR_INVALID);
    assert_int_equal(sp_pubkey_rsa(a_of(&pair), sp_slice_make(padded, 4), &key), SP_ERR_INVALID);
    assert_int_equal(sp_pubkey_rsa(a_of(&pair), sp_slice_make(long_e, 5), &key), SP_ERR_RANGE);
    assert_int_equal(sp_pubkey_rsa(a_of(&pair), sp_slice_make(NULL, 0), &key), SP_ERR_INVALID);
    assert_int_equal(sp_pubkey_rsa(sp_slice_make(NULL, 0), b_of(&pair), &key), SP_ERR_INVALID);
    assert_null(key);
    assert_int_equal(sp_pubkey_rsa(a_of(&pair), sp_slice_make(three, 1), &key), SP_OK);
    sp_pubkey_free(key);
    EVP_PKEY_free(pair.pkey);
    EVP_PKEY_free(weak.pkey);
}

static void test_points_off_the_curve_are_refused(void **state)
{
    (void)state;
    struct pair pair = make_ec("P-256", 32);
    struct sp_pubkey *key = NULL;
    static const uint8_t zeros[48] = {0};
    pair.b[31] ^= 1;
    assert_int_equal(sp_pubkey_ec(SP_PUBKEY_P256, a_of(&pair), b_of(&pair), &key), SP_ERR_INVALID);
    pair.b[31] ^= 1;
    assert_int_equal(
        sp_pubkey_ec(SP_PUBKEY_P256, sp_slice_make(zeros, 32), sp_slice_make(zeros, 32), &key),
        SP_ERR_INVALID);
    assert_int_equal(sp_pubkey_ec(SP_PUBKEY_P384, a_of(&pair), b_of(&pair), &key), SP_ERR_INVALID);
    assert_int_equal(sp_pubkey_ec(SP_PUBKEY_P256, sp_slice_make(pair.a, 31), b_of(&pair), &key),
                     SP_ERR_INVALID);
    assert_int_equal(sp_pubkey_ec(SP_PUBKEY_RSA, a_of(&pair), b_of(&pair), &key), SP_ERR_INVALID);
    assert_null(key);
    assert_int_equal(sp_pubkey_ec(SP_PUBKEY_P256, a_of(&pair), b_of(&pair), &key), SP_OK);
    assert_int_equal(sp_pubkey_kind(key), SP_PUBKEY_P256);
    sp_pubkey_free(key);
    EVP_PKEY_free(pair.pkey);
}

static void test_only_five_names_are_algorithms(void **state)
{
    (void)state;
    static const char *const others[] = {"none",  "None",   "HS256", "RS384",  "RS512", "PS512",
                                         "ES512", "ES256K", "rs256", "EdDSA ", ""};
    enum sp_jose alg = SP_JOSE_COUNT;
    for (size_t i = 0; i < SP_COUNT(others); i++) {
        assert_int_equal(sp_jose_from_name(sp_slice_of(others[i]), &alg), SP_ERR_UNSUPPORTED);
    }
    for (unsigned i = 0; i < SP_JOSE_COUNT; i++) {
        assert_int_equal(sp_jose_from_name(sp_slice_of(sp_jose_name((enum sp_jose)i)), &alg),
                         SP_OK);
        assert_int_equal(alg, i);
    }
}

/* A number of 2,048 bits that is 65537 modulo every prime up to 167, as the moduli of those chips are powers of it. */
static void test_an_rsa_key_that_can_be_factored_is_refused(void **state)
{
    uint8_t bytes[256];
    const uint8_t e[] = {1, 0, 1};
    struct sp_pubkey *key = NULL;
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *product = BN_new();
    BIGNUM *n = BN_new();
    BIGNUM *rest = BN_new();
    (void)state;
    assert_true(ctx != NULL && product != NULL && n != NULL && rest != NULL);
    assert_int_equal(BN_set_word(product, 2), 1);
    for (unsigned prime = 3; prime <= 167; prime += 2) {
        unsigned by = 3;
        while (by < prime && prime % by != 0) {
            by += 2;
        }
        assert_true(by < prime || BN_mul_word(product, prime) == 1);
    }
    assert_int_equal(BN_set_bit(n, 2047), 1);
    assert_true(BN_mod(rest, n, product, ctx) == 1 && BN_sub(n, n, rest) == 1);
    assert_true(BN_add(n, n, product) == 1 && BN_add_word(n, 65537) == 1);
    assert_int_equal(BN_bn2binpad(n, bytes, sizeof(bytes)), sizeof(bytes));
    assert_int_equal(sp_pubkey_rsa(sp_slice_make(bytes, sizeof(bytes)), sp_slice_make(e, 3), &key),
                     SP_ERR_INVALID);
    bytes[255] = (uint8_t)(bytes[255] ^ 2U);
    assert_int_equal(sp_pubkey_rsa(sp_slice_make(bytes, sizeof(bytes)), sp_slice_make(e, 3), &key),
                     SP_OK);
    sp_pubkey_free(key);
    BN_free(rest);
    BN_free(n);
    BN_free(product);
    BN_CTX_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rsa_signatures_of_both_paddings),
        cmocka_unit_test(test_ecdsa_signatures_side_by_side),
        cmocka_unit_test(test_edwards_signatures),
        cmocka_unit_test(test_rsa_keys_that_are_weak_or_none_are_refused),
        cmocka_unit_test(test_an_rsa_key_that_can_be_factored_is_refused),
        cmocka_unit_test(test_points_off_the_curve_are_refused),
        cmocka_unit_test(test_only_five_names_are_algorithms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
