#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/random.h"

static void test_two_fillings_differ_and_reach_the_last_byte(void **state)
{
    (void)state;
    uint8_t a[64] = {0};
    uint8_t b[64] = {0};
    uint8_t last = 0;
    assert_int_equal(sp_random_fill(a, sizeof(a)), SP_OK);
    assert_int_equal(sp_random_fill(b, sizeof(b)), SP_OK);
    assert_memory_not_equal(a, b, sizeof(a));
    for (int i = 0; i < 64 && last == 0; i++) {
        assert_int_equal(sp_random_fill(a, sizeof(a)), SP_OK);
        last = a[sizeof(a) - 1];
    }
    assert_int_not_equal(last, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_fillings_differ_and_reach_the_last_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
