#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/seal.h"

/* Made by another implementation of RFC 9180: private key 01 02 ... 20, info "sallyport code 1", message "print(6 * 7)". */
static const uint8_t known_public[SP_SEAL_KEY_BYTES] = {
    0x07, 0xa3, 0x7c, 0xbc, 0x14, 0x20, 0x93, 0xc8, 0xb7, 0x55, 0xdc, 0x1b, 0x10, 0xe8, 0x6c, 0xb4,
    0x26, 0x37, 0x4a, 0xd1, 0x6a, 0xa8, 0x53, 0xed, 0x0b, 0xdf, 0xc0, 0xb2, 0xb8, 0x6d, 0x1c, 0x7c};
static const uint8_t known_sealed[] = {
    0xa0, 0xba, 0x73, 0x8d, 0xbd, 0x92, 0x95, 0x57, 0xb6, 0x19, 0xf7, 0x9c, 0x8b, 0x39, 0x77,
    0x50, 0x61, 0x5e, 0xbf, 0x0f, 0x26, 0x6e, 0xee, 0x23, 0xaf, 0xf8, 0x97, 0x3d, 0xe8, 0x67,
    0x0b, 0x1f, 0x35, 0x6a, 0x5c, 0x8f, 0x73, 0x9d, 0x37, 0xd8, 0x59, 0x82, 0x90, 0xb9, 0x6e,
    0x90, 0x8a, 0x5f, 0x4a, 0x33, 0x70, 0x14, 0x05, 0x4c, 0x28, 0x5f, 0xc6, 0x48, 0x01, 0xc8};
static const struct sp_slice info = {(const uint8_t *)"sallyport code 1", 16};

static void known_private(uint8_t out[SP_SEAL_KEY_BYTES])
{
    for (size_t i = 0; i < SP_SEAL_KEY_BYTES; i++) {
        out[i] = (uint8_t)(i + 1);
    }
}

static void test_what_another_implementation_sealed_is_opened(void **state)
{
    uint8_t key[SP_SEAL_KEY_BYTES];
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, 1000);
    known_private(key);
    assert_int_equal(
        sp_seal_open(key, info, sp_slice_make(known_sealed, sizeof(known_sealed)), &out), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&out), "print(6 * 7)"));
}

static void test_any_changed_byte_another_use_and_another_key_are_refused(void **state)
{
    uint8_t key[SP_SEAL_KEY_BYTES];
    uint8_t sealed[sizeof(known_sealed)];
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, 1000);
    known_private(key);
    for (size_t i = 0; i < sizeof(sealed); i++) {
        memcpy(sealed, known_sealed, sizeof(sealed));
        sealed[i] ^= 4;
        assert_int_equal(sp_seal_open(key, info, sp_slice_make(sealed, sizeof(sealed)), &out),
                         SP_ERR_INVALID);
    }
    for (size_t len = 0; len < sizeof(sealed); len++) {
        assert_int_equal(sp_seal_open(key, info, sp_slice_make(known_sealed, len), &out),
                         SP_ERR_INVALID);
    }
    assert_int_equal(sp_seal_open(key, sp_slice_of("other"),
                                  sp_slice_make(known_sealed, sizeof(known_sealed)), &out),
                     SP_ERR_INVALID);
    key[3] ^= 1;
    assert_int_equal(
        sp_seal_open(key, info, sp_slice_make(known_sealed, sizeof(known_sealed)), &out),
        SP_ERR_INVALID);
    assert_int_equal(out.len, 0);
    memset(sealed, 0, 32); /* a point of low order */
    assert_int_equal(sp_seal_open(key, info, sp_slice_make(sealed, sizeof(sealed)), &out),
                     SP_ERR_INVALID);
}

static void test_each_sealing_is_another_and_all_open(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 4096, 70000};
    uint8_t key[SP_SEAL_KEY_BYTES];
    static uint8_t message[70000];
    (void)state;
    known_private(key);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        SP_AUTO_BUF struct sp_buf one;
        SP_AUTO_BUF struct sp_buf two;
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&one, 100000);
        sp_buf_init(&two, 100000);
        sp_buf_init(&out, 100000);
        const struct sp_slice in = sp_slice_make(message, sizes[i]);
        assert_int_equal(sp_seal(known_public, info, in, &one), SP_OK);
        assert_int_equal(sp_seal(known_public, info, in, &two), SP_OK);
        assert_int_equal(one.len, in.len + SP_SEAL_MORE);
        assert_memory_not_equal(one.ptr, two.ptr, SP_SEAL_KEY_BYTES);
        assert_int_equal(sp_seal_open(key, info, sp_buf_slice(&two), &out), SP_OK);
        assert_true(sp_slice_equal(sp_buf_slice(&out), in));
    }
}

static void test_pieces_are_sealed_like_the_whole(void **state)
{
    static const size_t steps[] = {1, 15, 16, 4097, 70000};
    uint8_t key[SP_SEAL_KEY_BYTES];
    static uint8_t message[70000];
    (void)state;
    known_private(key);
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] = (uint8_t)(i * 13);
    }
    const struct sp_slice in = sp_slice_make(message, sizeof(message));
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        SP_AUTO_BUF struct sp_buf sealed;
        SP_AUTO_BUF struct sp_buf out;
        struct sp_sealer *sealer = NULL;
        sp_buf_init(&sealed, 100000);
        sp_buf_init(&out, 100000);
        assert_int_equal(sp_sealer_new(known_public, info, &sealed, &sealer), SP_OK);
        assert_int_equal(sealed.len, SP_SEAL_KEY_BYTES);
        for (size_t at = 0; at < in.len; at += steps[i]) {
            assert_int_equal(sp_sealer_put(sealer, sp_slice_sub(in, at, steps[i]), &sealed), SP_OK);
        }
        assert_int_equal(sp_sealer_end(sealer, &sealed), SP_OK);
        sp_sealer_free(sealer);
        assert_int_equal(sealed.len, in.len + SP_SEAL_MORE);
        assert_int_equal(sp_seal_open(key, info, sp_buf_slice(&sealed), &out), SP_OK);
        assert_true(sp_slice_equal(sp_buf_slice(&out), in));
    }
}

static void test_sealing_to_no_point_of_the_curve_is_refused(void **state)
{
    static const uint8_t zeros[SP_SEAL_KEY_BYTES];
    SP_AUTO_BUF struct sp_buf sealed;
    struct sp_sealer *sealer = NULL;
    (void)state;
    sp_buf_init(&sealed, 1000);
    assert_int_equal(sp_sealer_new(zeros, info, &sealed, &sealer), SP_ERR_INVALID);
    assert_null(sealer);
    assert_int_equal(sp_seal(zeros, info, sp_slice_of("x"), &sealed), SP_ERR_INVALID);
    assert_int_equal(sealed.len, 0);
}

static void test_a_pair_fits_together(void **state)
{
    uint8_t private_key[SP_SEAL_KEY_BYTES];
    uint8_t public_key[SP_SEAL_KEY_BYTES];
    SP_AUTO_BUF struct sp_buf sealed;
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&sealed, 1000);
    sp_buf_init(&out, 1000);
    assert_int_equal(sp_seal_start(), SP_OK);
    assert_int_equal(sp_seal_pair(private_key, public_key), SP_OK);
    assert_int_equal(sp_seal(public_key, info, sp_slice_of("x"), &sealed), SP_OK);
    assert_int_equal(sp_seal_open(private_key, info, sp_buf_slice(&sealed), &out), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&out), "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_another_implementation_sealed_is_opened),
        cmocka_unit_test(test_any_changed_byte_another_use_and_another_key_are_refused),
        cmocka_unit_test(test_each_sealing_is_another_and_all_open),
        cmocka_unit_test(test_pieces_are_sealed_like_the_whole),
        cmocka_unit_test(test_sealing_to_no_point_of_the_curve_is_refused),
        cmocka_unit_test(test_a_pair_fits_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
