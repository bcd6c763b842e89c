#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "crypto/hash.h"

/* FIPS 180-2, appendix B, and the empty message. */
static const struct {
    const char *name;
    const char *in;
    uint8_t want[4]; /* the first bytes tell enough */
} cases[] = {
    {"empty", "", {0xe3, 0xb0, 0xc4, 0x42}},
    {"abc", "abc", {0xba, 0x78, 0x16, 0xbf}},
    {"two blocks",
     "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     {0x24, 0x8d, 0x6a, 0x61}},
};

static void test_digests_are_those_of_the_standard(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        uint8_t got[SP_SHA256_BYTES] = {0};
        print_message("%s\n", cases[i].name);
        assert_int_equal(sp_sha256(sp_slice_of(cases[i].in), got), SP_OK);
        assert_memory_equal(got, cases[i].want, sizeof(cases[i].want));
    }
}

static void test_pieces_give_the_digest_of_the_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_HASH struct sp_hash *hash = NULL;
        struct sp_slice in = sp_slice_of(cases[i].in);
        uint8_t whole[SP_SHA256_BYTES] = {0};
        uint8_t got[SP_SHA256_BYTES] = {0};
        assert_int_equal(sp_sha256(in, whole), SP_OK);
        assert_int_equal(sp_hash_new(&hash), SP_OK);
        for (size_t at = 0; at < in.len; at += 7) {
            assert_int_equal(sp_hash_put(hash, sp_slice_sub(in, at, 7)), SP_OK);
        }
        assert_int_equal(sp_hash_end(hash, got), SP_OK);
        assert_memory_equal(got, whole, sizeof(got));
    }
}

static void test_a_digest_that_ended_begins_anew(void **state)
{
    (void)state;
    SP_AUTO_HASH struct sp_hash *hash = NULL;
    uint8_t first[SP_SHA256_BYTES] = {0};
    uint8_t second[SP_SHA256_BYTES] = {0};
    assert_int_equal(sp_hash_new(&hash), SP_OK);
    assert_int_equal(sp_hash_put(hash, sp_slice_of("abc")), SP_OK);
    assert_int_equal(sp_hash_end(hash, first), SP_OK);
    assert_int_equal(sp_hash_put(hash, sp_slice_of("thrown away")), SP_OK);
    assert_int_equal(sp_hash_reset(hash), SP_OK);
    assert_int_equal(sp_hash_put(hash, sp_slice_of("abc")), SP_OK);
    assert_int_equal(sp_hash_end(hash, second), SP_OK);
    assert_memory_equal(first, second, sizeof(first));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests_are_those_of_the_standard),
        cmocka_unit_test(test_pieces_give_the_digest_of_the_whole),
        cmocka_unit_test(test_a_digest_that_ended_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
