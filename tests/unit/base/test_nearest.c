#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/nearest.h"

static const char *meant(const char *word)
{
    struct sp_nearest nearest = sp_nearest_start(sp_slice_of(word));
    sp_nearest_offer(&nearest, "limits");
    sp_nearest_offer(&nearest, "capabilities");
    sp_nearest_offer(&nearest, "names");
    return nearest.best;
}

static void test_a_slip_finds_its_word(void **state)
{
    (void)state;
    assert_string_equal(meant("limit"), "limits");
    assert_string_equal(meant("capabilites"), "capabilities");
    assert_string_equal(meant("name"), "names");
    assert_string_equal(meant("limits"), "limits");
}

static void test_another_word_finds_nothing(void **state)
{
    (void)state;
    assert_null(meant("modules"));
    assert_null(meant(""));
    assert_null(meant("a-word-that-is-longer-than-any-word-that-can-be-compared"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_slip_finds_its_word),
        cmocka_unit_test(test_another_word_finds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
