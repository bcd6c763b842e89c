#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "door/malformed.h"

static void count(struct sp_malformed *m, const char *rule, const char *source)
{
    sp_malformed_count(m, SP_ERR_HTTP, rule, sp_slice_of(source), 1000);
}

static void test_counts_are_exact_by_rule(void **state)
{
    struct sp_malformed m = {0};
    struct sp_msg_malformed out;
    (void)state;
    assert_false(sp_malformed_summary(&m, 0, 1, &out));
    count(&m, "two lengths", "192.0.2.1");
    count(&m, "a bare line feed", "192.0.2.1");
    count(&m, "two lengths", "192.0.2.2");
    count(&m, "two lengths", "192.0.2.1");
    assert_true(sp_malformed_summary(&m, 0, 5000, &out));
    assert_int_equal(out.count, 3);
    assert_int_equal(out.sources, 2);
    assert_int_equal(out.from_us, 1000);
    assert_int_equal(out.to_us, 5000);
    assert_true(sp_slice_is(out.rule, "two lengths"));
    assert_true(sp_slice_is(out.source, "192.0.2.1"));
    assert_true(sp_malformed_summary(&m, 1, 5000, &out));
    assert_int_equal(out.count, 1);
    assert_false(sp_malformed_summary(&m, 2, 5000, &out));
}

static void test_one_rule_with_two_errors_is_two(void **state)
{
    struct sp_malformed m = {0};
    struct sp_msg_malformed out;
    (void)state;
    sp_malformed_count(&m, SP_ERR_HTTP, "a rule", sp_slice_of("192.0.2.1"), 1);
    sp_malformed_count(&m, SP_ERR_URI_TOO_LONG, "a rule", sp_slice_of("192.0.2.1"), 1);
    assert_true(sp_malformed_summary(&m, 1, 1, &out));
    assert_int_equal(out.err, SP_ERR_URI_TOO_LONG);
    assert_int_equal(out.count, 1);
}

static void test_a_place_begins_anew_when_it_was_told(void **state)
{
    struct sp_malformed m = {0};
    struct sp_msg_malformed out;
    (void)state;
    count(&m, NULL, "192.0.2.1");
    assert_true(sp_malformed_summary(&m, 0, 1, &out));
    assert_true(sp_slice_is(out.rule, "other"));
    sp_malformed_clear(&m, 0);
    assert_false(sp_malformed_summary(&m, 0, 1, &out));
    count(&m, "two lengths", "192.0.2.1");
    assert_true(sp_malformed_summary(&m, 0, 1, &out));
    assert_int_equal(out.count, 1);
}

static void test_rules_past_the_bound_are_counted_together(void **state)
{
    static char names[2 * SP_MALFORMED_RULES][8];
    struct sp_malformed m = {0};
    struct sp_msg_malformed out;
    uint64_t all = 0;
    (void)state;
    for (unsigned i = 0; i < 2 * SP_MALFORMED_RULES; i++) {
        names[i][0] = (char)('a' + i % 26);
        names[i][1] = (char)('a' + i / 26);
        count(&m, names[i], "192.0.2.1");
    }
    for (unsigned i = 0; i < SP_MALFORMED_RULES; i++) {
        assert_true(sp_malformed_summary(&m, i, 1, &out));
        all += out.count;
    }
    assert_int_equal(all, 2 * SP_MALFORMED_RULES);
    assert_true(sp_slice_is(out.rule, "other"));
    assert_int_equal(out.count, SP_MALFORMED_RULES + 1);
    assert_false(sp_malformed_summary(&m, SP_MALFORMED_RULES, 1, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_are_exact_by_rule),
        cmocka_unit_test(test_one_rule_with_two_errors_is_two),
        cmocka_unit_test(test_a_place_begins_anew_when_it_was_told),
        cmocka_unit_test(test_rules_past_the_bound_are_counted_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
