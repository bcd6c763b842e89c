/* What RFC 7515, 7520 and 8037 print, and what is made wrong with their keys: each answer is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "identity/jws.h"
#include "rfc_vectors.h"

static struct sp_slice key_of(const char *name)
{
    for (size_t i = 0; i < SP_COUNT(rfc_keys); i++) {
        if (sp_slice_is(sp_slice_of(rfc_keys[i].name), name)) {
            return sp_slice_of(rfc_keys[i].jwk);
        }
    }
    fail_msg("there is no key '%s'", name);
    return sp_slice_of(NULL);
}

static enum sp_err check(struct sp_slice key, struct sp_slice token)
{
    SP_AUTO_JWS struct sp_jws jws = {.header = NULL};
    SP_AUTO_BUF struct sp_buf payload;
    struct sp_jwk jwk = {.key = NULL};
    sp_buf_init(&payload, SP_JWS_BYTES_MAX);
    SP_TRY(sp_jws_parse(token, &jws));
    SP_TRY(sp_jws_payload(&jws, &payload));
    SP_TRY(sp_jwk_parse(key, &jwk));
    enum sp_err err = sp_jws_verify(&jws, &jwk);
    sp_jwk_done(&jwk);
    return err;
}

static void test_what_is_right_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rfc_right); i++) {
        print_message("%s\n", rfc_right[i].name);
        assert_int_equal(check(key_of(rfc_right[i].key), sp_slice_of(rfc_right[i].token)), SP_OK);
    }
}

static void test_what_is_wrong_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rfc_wrong); i++) {
        print_message("%s\n", rfc_wrong[i].name);
        assert_int_not_equal(check(key_of(rfc_wrong[i].key), sp_slice_of(rfc_wrong[i].token)),
                             SP_OK);
    }
}

/* Each byte of a token counts: with any other one in its place it is refused. */
static void test_no_byte_of_a_token_can_be_another(void **state)
{
    uint8_t text[1024];
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rfc_right); i++) {
        const struct sp_slice token = sp_slice_of(rfc_right[i].token);
        assert_true(sp_slice_copy(token, text, sizeof(text)) == token.len);
        for (size_t at = 0; at < token.len; at++) {
            text[at] ^= 1;
            assert_int_not_equal(check(key_of(rfc_right[i].key), sp_slice_make(text, token.len)),
                                 SP_OK);
            text[at] ^= 1;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_right_is_taken),
        cmocka_unit_test(test_what_is_wrong_is_refused),
        cmocka_unit_test(test_no_byte_of_a_token_can_be_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
