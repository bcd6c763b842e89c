#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/secret.h"

static void test_secret_is_a_copy(void **state)
{
    char mine[] = "hunter2";
    SP_AUTO_SECRET struct sp_secret s;
    (void)state;
    assert_int_equal(sp_secret_init(&s, sp_slice_of(mine)), SP_OK);
    sp_wipe(mine, sizeof(mine));
    assert_int_equal(mine[0], 0);
    assert_true(sp_slice_is(sp_secret_show(&s), "hunter2"));
}

static void test_secret_over_its_limit_is_refused(void **state)
{
    static uint8_t big[SP_SECRET_BYTES_MAX + 1];
    struct sp_secret s;
    (void)state;
    assert_int_equal(sp_secret_init(&s, sp_slice_make(big, sizeof(big))), SP_ERR_TOO_BIG);
    assert_null(s.ptr);
    sp_secret_done(&s);
    assert_int_equal(sp_secret_init(&s, sp_slice_make(big, sizeof(big) - 1)), SP_OK);
    assert_int_equal(sp_secret_show(&s).len, SP_SECRET_BYTES_MAX);
    sp_secret_done(&s);
    assert_int_equal(sp_secret_show(&s).len, 0);
    sp_secret_done(&s);
}

static void test_comparison(void **state)
{
    (void)state;
    assert_true(sp_secret_equal(sp_slice_of("token"), sp_slice_of("token")));
    assert_false(sp_secret_equal(sp_slice_of("token"), sp_slice_of("tokem")));
    assert_false(sp_secret_equal(sp_slice_of("token"), sp_slice_of("Token")));
    assert_false(sp_secret_equal(sp_slice_of("token"), sp_slice_of("toke")));
    assert_true(sp_secret_equal(sp_slice_make(NULL, 0), sp_slice_of("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secret_is_a_copy),
        cmocka_unit_test(test_secret_over_its_limit_is_refused),
        cmocka_unit_test(test_comparison),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
