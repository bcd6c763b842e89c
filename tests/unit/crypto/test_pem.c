/* pem: opened only where there is text; nobody types a password; a failure leaves no error behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "crypto/pem.h"

static void test_only_text_is_opened(void **state)
{
    (void)state;
    char byte = 0;
    SP_AUTO_PEM BIO *bio = sp_pem_open(sp_slice_of("ab"));
    assert_non_null(bio);
    assert_int_equal(BIO_read(bio, &byte, 1), 1);
    assert_int_equal(byte, 'a');
    assert_null(sp_pem_open(sp_slice_make(NULL, 0)));
    assert_null(sp_pem_open(sp_slice_make("x", (size_t)INT32_MAX + 1)));
}

static void test_no_password_is_given(void **state)
{
    (void)state;
    char room[8] = "before";
    assert_int_equal(sp_pem_no_password(room, sizeof(room), 0, NULL), 0);
    assert_string_equal(room, "before");
}

static void test_a_failure_says_why_and_clears_the_queue(void **state)
{
    (void)state;
    const char *why = NULL;
    ERR_raise(ERR_LIB_PEM, ERR_R_INTERNAL_ERROR);
    assert_int_equal(sp_pem_fail(&why, "the reason"), SP_ERR_CONFIG);
    assert_string_equal(why, "the reason");
    assert_int_equal(ERR_peek_error(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_text_is_opened),
        cmocka_unit_test(test_no_password_is_given),
        cmocka_unit_test(test_a_failure_says_why_and_clears_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
