/* dropped: what a log lacks at its beginning, held against what it says of that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/dropped.h"

static void test_entries_about_it_are_held_against_the_hashes(void **state)
{
    static const char zeros[] = "{\"first\":512,\"index\":9,\"kind\":\"retention\",\"root_sha256\":"
                                "\"00000000000000000000000000000000"
                                "00000000000000000000000000000000\"}";
    static const char less[] =
        "{\"first\":256,\"index\":9,\"kind\":\"retention\",\"root_sha256\":\"\"}";
    struct sp_dropped dropped = {.first = 512};
    (void)state;
    assert_false(sp_dropped_may_care(sp_slice_of("{\"index\":1}")));
    assert_true(sp_dropped_may_care(sp_slice_of(zeros)));
    assert_true(sp_dropped_is_too_much(&dropped));
    assert_null(sp_dropped_entry(&dropped, sp_slice_of(less)));
    assert_true(sp_dropped_is_too_much(&dropped));
    assert_null(sp_dropped_entry(&dropped, sp_slice_of(zeros)));
    assert_false(sp_dropped_is_too_much(&dropped));
    assert_string_equal(sp_dropped_entry(&dropped, sp_slice_of(less)),
                        "less is dropped here than was before");
    dropped = (struct sp_dropped){.first = 512, .root = {.bytes = {1}}};
    assert_string_equal(sp_dropped_entry(&dropped, sp_slice_of(zeros)),
                        "the root of what was dropped is not the one that the hashes give");
    assert_null(sp_dropped_entry(&dropped, sp_slice_of("{\"first\":9000,\"kind\":\"other\"}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_about_it_are_held_against_the_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
