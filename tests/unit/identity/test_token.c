#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "identity/token.h"

static void test_a_made_token_is_read_back(void **state)
{
    (void)state;
    struct sp_buf text;
    struct sp_token token;
    uint8_t digest[SP_TOKEN_DIGEST_BYTES];
    sp_buf_init(&text, SP_TOKEN_BYTES_MAX);
    assert_int_equal(sp_token_make(sp_slice_of("local"), &text), SP_OK);
    assert_true(sp_slice_starts(sp_buf_slice(&text), "sp_live_local_"));
    assert_int_equal(sp_token_parse(sp_buf_slice(&text), &token), SP_OK);
    assert_true(sp_slice_is(token.id, "local"));
    assert_int_equal(token.secret.len, SP_TOKEN_SECRET_CHARS);
    assert_int_equal(sp_token_digest(&token, digest), SP_OK);
    sp_buf_wipe(&text);
}

static void test_two_tokens_differ(void **state)
{
    (void)state;
    struct sp_buf a;
    struct sp_buf b;
    sp_buf_init(&a, SP_TOKEN_BYTES_MAX);
    sp_buf_init(&b, SP_TOKEN_BYTES_MAX);
    assert_int_equal(sp_token_make(sp_slice_of("x"), &a), SP_OK);
    assert_int_equal(sp_token_make(sp_slice_of("x"), &b), SP_OK);
    assert_false(sp_slice_equal(sp_buf_slice(&a), sp_buf_slice(&b)));
    sp_buf_done(&a);
    sp_buf_done(&b);
}

/* Every character matters, and nothing may stand before or behind. */
static void test_any_changed_byte_is_refused(void **state)
{
    (void)state;
    struct sp_buf text;
    struct sp_token token = {{NULL, 0}, {NULL, 0}};
    sp_buf_init(&text, SP_TOKEN_BYTES_MAX + 1);
    assert_int_equal(sp_token_make(sp_slice_of("a-1"), &text), SP_OK);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t was = text.ptr[i];
        text.ptr[i] = was == 'x' ? 'y' : 'x';
        assert_int_equal(sp_token_parse(sp_buf_slice(&text), &token), SP_ERR_INVALID);
        text.ptr[i] = was;
    }
    for (size_t len = 0; len < text.len; len++) {
        assert_int_equal(sp_token_parse(sp_slice_make(text.ptr, len), &token), SP_ERR_INVALID);
    }
    assert_null(token.id.ptr);
    assert_int_equal(sp_buf_put_byte(&text, '0'), SP_OK);
    assert_int_equal(sp_token_parse(sp_buf_slice(&text), &token), SP_ERR_INVALID);
    sp_buf_done(&text);
}

static void test_the_check_is_crc_32(void **state)
{
    (void)state;
    /* zlib.crc32 of all before the last underscore is 0x11832db6, in base 62 "0JsnIM". */
    struct sp_token token;
    assert_int_equal(
        sp_token_parse(sp_slice_of("sp_live_a_0000000000000000000000000000000000000000000_0JsnIM"),
                       &token),
        SP_OK);
}

static const struct {
    const char *name;
    const char *id;
    enum sp_err want;
} ids[] = {
    {"one letter", "a", SP_OK},
    {"digits and a dash", "7f-00", SP_OK},
    {"the longest", "abcdefghijklmnopqrstuvwxyz012345", SP_OK},
    {"one longer", "abcdefghijklmnopqrstuvwxyz0123456", SP_ERR_INVALID},
    {"empty", "", SP_ERR_INVALID},
    {"upper case", "A", SP_ERR_INVALID},
    {"an underscore", "a_b", SP_ERR_INVALID},
    {"a byte behind", "a ", SP_ERR_INVALID},
};

static void test_ids_are_of_few_characters(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(ids); i++) {
        struct sp_buf text;
        print_message("%s\n", ids[i].name);
        sp_buf_init(&text, SP_TOKEN_BYTES_MAX);
        assert_int_equal(sp_token_make(sp_slice_of(ids[i].id), &text), ids[i].want);
        sp_buf_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_made_token_is_read_back),
        cmocka_unit_test(test_two_tokens_differ),
        cmocka_unit_test(test_any_changed_byte_is_refused),
        cmocka_unit_test(test_the_check_is_crc_32),
        cmocka_unit_test(test_ids_are_of_few_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
