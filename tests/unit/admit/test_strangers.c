#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admit/strangers.h"

static unsigned kinds_with_news(const struct sp_strangers *s, struct sp_msg_strangers *out_last)
{
    unsigned count = 0;
    for (unsigned kind = 0; kind < SP_STRANGERS_KINDS + 1; kind++) {
        count += sp_strangers_summary(s, kind, 900, out_last) ? 1 : 0;
    }
    return count;
}

static void test_a_flood_becomes_one_summary_with_the_exact_count(void **state)
{
    (void)state;
    struct sp_strangers s = {0};
    struct sp_msg_strangers msg = {0};
    assert_int_equal(kinds_with_news(&s, &msg), 0);
    for (unsigned i = 0; i < 100000; i++) {
        sp_strangers_count(&s, SP_ERR_TOKEN_UNKNOWN,
                           sp_slice_of(i % 2 == 0 ? "192.0.2.1" : "2001:db8::1"), 500 + i);
    }
    assert_int_equal(kinds_with_news(&s, &msg), 1);
    assert_int_equal(msg.count, 100000);
    assert_int_equal(msg.sources, 2);
    assert_int_equal(msg.from_us, 500);
    assert_true(msg.to_us >= msg.from_us);
    assert_int_equal(msg.err, SP_ERR_TOKEN_UNKNOWN);
    assert_true(sp_slice_is(msg.source, "2001:db8::1"));
}

static void test_kinds_are_told_apart_and_cleared_one_by_one(void **state)
{
    (void)state;
    struct sp_strangers s = {0};
    struct sp_msg_strangers msg = {0};
    sp_strangers_count(&s, SP_ERR_TOKEN_MISSING, sp_slice_of("a"), 1);
    sp_strangers_count(&s, SP_ERR_TOKEN_EXPIRED, sp_slice_of("a"), 1);
    sp_strangers_count(&s, SP_ERR_SCOPE, sp_slice_of("a"), 1); /* no kind of its own */
    assert_int_equal(kinds_with_news(&s, &msg), 3);
    for (unsigned kind = 0; kind < SP_STRANGERS_KINDS; kind++) {
        sp_strangers_clear(&s, kind);
    }
    assert_int_equal(kinds_with_news(&s, &msg), 0);
}

static void test_a_long_source_is_cut_and_many_are_counted(void **state)
{
    (void)state;
    struct sp_strangers s = {0};
    struct sp_msg_strangers msg = {0};
    char source[SP_MSG_NAME_MAX + 9];
    for (size_t i = 0; i < sizeof(source); i++) {
        source[i] = 'x';
    }
    for (unsigned i = 0; i < 200; i++) {
        source[0] = (char)('A' + i % 50);
        source[1] = (char)('A' + i / 50);
        sp_strangers_count(&s, SP_ERR_TOKEN_MISSING, sp_slice_make(source, sizeof(source)), 1);
    }
    assert_int_equal(kinds_with_news(&s, &msg), 1);
    assert_int_equal(msg.sources, 200);
    assert_int_equal(msg.source.len, SP_MSG_NAME_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_flood_becomes_one_summary_with_the_exact_count),
        cmocka_unit_test(test_kinds_are_told_apart_and_cleared_one_by_one),
        cmocka_unit_test(test_a_long_source_is_cut_and_many_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
