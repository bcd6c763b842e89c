#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/mac.h"

static const uint8_t key_20[20] = {0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b,
                                   0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b, 0x0b};

/* RFC 4231, test case 1. */
static const uint8_t hi_there[SP_MAC_BYTES] = {
    0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b, 0xf1, 0x2b,
    0x88, 0x1d, 0xc2, 0x00, 0xc9, 0x83, 0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32, 0xcf, 0xf7};

static void test_tags_are_those_of_the_rfc_again_and_again(void **state)
{
    (void)state;
    struct sp_mac *mac = NULL;
    uint8_t got[SP_MAC_BYTES] = {0};
    assert_int_equal(sp_mac_new(sp_slice_make(key_20, sizeof(key_20)), &mac), SP_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sp_mac_tag(mac, sp_slice_of("something else"), got), SP_OK);
        assert_memory_not_equal(got, hi_there, sizeof(got));
        assert_int_equal(sp_mac_tag(mac, sp_slice_of("Hi There"), got), SP_OK);
        assert_memory_equal(got, hi_there, sizeof(got));
    }
    sp_mac_free(mac);
}

static void test_a_short_key_is_refused(void **state)
{
    (void)state;
    struct sp_mac *mac = NULL;
    assert_int_equal(sp_mac_new(sp_slice_make(key_20, SP_MAC_KEY_BYTES_MIN - 1), &mac),
                     SP_ERR_INVALID);
    assert_null(mac);
    assert_int_equal(sp_mac_new(sp_slice_make(key_20, SP_MAC_KEY_BYTES_MIN), &mac), SP_OK);
    sp_mac_free(mac);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags_are_those_of_the_rfc_again_and_again),
        cmocka_unit_test(test_a_short_key_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
