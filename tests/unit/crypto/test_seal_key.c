#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/seal.h"

/* SHA-256 of 32 zero bytes begins with 66687aad. */
#define ZEROS  "0000000000000000000000000000000000000000000000000000000000000000"
#define PUBLIC "auditor-" ZEROS "66687aad"
#define SECRET "auditor-secret-" ZEROS "66687aad"

static void test_both_forms_come_back(void **state)
{
    static const uint8_t zeros[SP_SEAL_KEY_BYTES];
    uint8_t key[SP_SEAL_KEY_BYTES] = {1};
    SP_AUTO_BUF struct sp_buf text;
    (void)state;
    sp_buf_init(&text, SP_SEAL_KEY_TEXT_MAX);
    assert_int_equal(sp_seal_key_read(SP_SEAL_PUBLIC, sp_slice_of(PUBLIC), key), SP_OK);
    assert_memory_equal(key, zeros, sizeof(key));
    assert_int_equal(sp_seal_key_write(SP_SEAL_PUBLIC, zeros, &text), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&text), PUBLIC));
    sp_buf_clear(&text);
    assert_int_equal(sp_seal_key_write(SP_SEAL_PRIVATE, zeros, &text), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&text), SECRET));
    assert_int_equal(sp_seal_key_read(SP_SEAL_PRIVATE, sp_buf_slice(&text), key), SP_OK);
}

static void test_other_texts_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "auditor-",
        SECRET,
        PUBLIC "0",
        PUBLIC " ",
        "auditor-" ZEROS "66687aae",
        "auditor-" ZEROS "66687AAD",
        "Auditor-" ZEROS "66687aad",
        "auditor-g" ZEROS "6687aad",
        "auditor-1" ZEROS "6687aad",
    };
    uint8_t key[SP_SEAL_KEY_BYTES] = {7};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        assert_int_equal(sp_seal_key_read(SP_SEAL_PUBLIC, sp_slice_of(texts[i]), key),
                         SP_ERR_INVALID);
    }
    assert_int_equal(sp_seal_key_read(SP_SEAL_PRIVATE, sp_slice_of(PUBLIC), key), SP_ERR_INVALID);
    assert_int_equal(key[0], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_forms_come_back),
        cmocka_unit_test(test_other_texts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
