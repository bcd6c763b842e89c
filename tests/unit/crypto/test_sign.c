#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/sign.h"

/* RFC 8032, section 7.1, test 2. */
static const uint8_t seed[SP_SIGN_SEED_BYTES] = {
    0x4c, 0xcd, 0x08, 0x9b, 0x28, 0xff, 0x96, 0xda, 0x9d, 0xb6, 0xc3, 0x46, 0xec, 0x11, 0x4e, 0x0f,
    0x5b, 0x8a, 0x31, 0x9f, 0x35, 0xab, 0xa6, 0x24, 0xda, 0x8c, 0xf6, 0xed, 0x4f, 0xb8, 0xa6, 0xfb};
static const uint8_t public[SP_SIGN_PUBLIC_BYTES] = {
    0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89, 0x5a, 0x92, 0xb7, 0x0a, 0xa7, 0x4d, 0x1b, 0x7e, 0xbc,
    0x9c, 0x98, 0x2c, 0xcf, 0x2e, 0xc4, 0x96, 0x8c, 0xc0, 0xcd, 0x55, 0xf1, 0x2a, 0xf4, 0x66, 0x0c};
static const uint8_t signature[SP_SIGN_BYTES] = {
    0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8, 0x72, 0x0e, 0x82, 0x0b, 0x5f, 0x64, 0x25, 0x40,
    0xa2, 0xb2, 0x7b, 0x54, 0x16, 0x50, 0x3f, 0x8f, 0xb3, 0x76, 0x22, 0x23, 0xeb, 0xdb, 0x69, 0xda,
    0x08, 0x5a, 0xc1, 0xe4, 0x3e, 0x15, 0x99, 0x6e, 0x45, 0x8f, 0x36, 0x13, 0xd0, 0xf1, 0x1d, 0x8c,
    0x38, 0x7b, 0x2e, 0xae, 0xb4, 0x30, 0x2a, 0xee, 0xb0, 0x0d, 0x29, 0x16, 0x12, 0xbb, 0x0c, 0x00};

static void test_signatures_are_those_of_the_rfc_again_and_again(void **state)
{
    (void)state;
    SP_AUTO_SIGN_KEY struct sp_sign_key *key = NULL;
    uint8_t got[SP_SIGN_BYTES] = {0};
    uint8_t got_public[SP_SIGN_PUBLIC_BYTES] = {0};
    assert_int_equal(sp_sign_key_new(seed, &key), SP_OK);
    assert_int_equal(sp_sign_public(key, got_public), SP_OK);
    assert_memory_equal(got_public, public, sizeof(public));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sp_sign(key, sp_slice_of("another"), got), SP_OK);
        assert_memory_not_equal(got, signature, sizeof(got));
        assert_int_equal(sp_sign(key, sp_slice_of("r"), got), SP_OK);
        assert_memory_equal(got, signature, sizeof(got));
    }
}

static void test_verifying_takes_exactly_the_signature(void **state)
{
    (void)state;
    SP_AUTO_SIGN_KEY struct sp_sign_key *key = NULL;
    struct sp_slice good = sp_slice_make(signature, sizeof(signature));
    assert_int_equal(sp_sign_key_public(public, &key), SP_OK);
    assert_int_equal(sp_sign_verify(key, sp_slice_of("r"), good), SP_OK);
    assert_int_equal(sp_sign_verify(key, sp_slice_of("s"), good), SP_ERR_INVALID);
    assert_int_equal(sp_sign_verify(key, sp_slice_of(""), good), SP_ERR_INVALID);
    assert_int_equal(sp_sign_verify(key, sp_slice_of("r"), sp_slice_make(signature, 63)),
                     SP_ERR_INVALID);
    for (size_t i = 0; i < sizeof(signature); i++) {
        uint8_t bad[SP_SIGN_BYTES];
        (void)sp_slice_copy(good, bad, sizeof(bad));
        bad[i] ^= 1;
        assert_int_equal(sp_sign_verify(key, sp_slice_of("r"), sp_slice_make(bad, sizeof(bad))),
                         SP_ERR_INVALID);
    }
    assert_int_equal(sp_sign_verify(key, sp_slice_of("r"), good), SP_OK);
}

static void test_a_public_key_cannot_sign(void **state)
{
    (void)state;
    SP_AUTO_SIGN_KEY struct sp_sign_key *key = NULL;
    uint8_t got[SP_SIGN_BYTES] = {0};
    assert_int_equal(sp_sign_key_public(public, &key), SP_OK);
    assert_int_equal(sp_sign(key, sp_slice_of("r"), got), SP_ERR_CRYPTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signatures_are_those_of_the_rfc_again_and_again),
        cmocka_unit_test(test_verifying_takes_exactly_the_signature),
        cmocka_unit_test(test_a_public_key_cannot_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
