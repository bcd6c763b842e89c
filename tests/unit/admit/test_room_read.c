#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "room_house.h"

#define ENTRIES "/x/.sallyport/audit/entries?kind=denial"

static enum sp_err read_log(struct house *house, sp_exchange exchange, unsigned tenant,
                            const char *target)
{
    const struct sp_msg_ask msg = {.exchange = exchange,
                                   .source = sp_slice_of("192.0.2.7"),
                                   .method = sp_slice_of("GET"),
                                   .target = sp_slice_of(target),
                                   .authorization = sp_buf_slice(&house->token[tenant]),
                                   .is_ready = 1};
    return sp_admit_on_ask(house->room, &msg, house->now);
}

static void test_a_reading_is_counted_and_told_to_audit(void **state)
{
    struct house house;
    (void)state;
    open_house(&house, 1, 4);
    assert_int_equal(read_log(&house, sp_exchange_make(1, 1), 1, ENTRIES), SP_OK);
    assert_int_equal(said.reads, 1);
    assert_true(said.read_all); /* a token of the house itself has every scope */
    assert_string_equal(said.session, "beta");
    assert_string_equal(said.told, "entries");
    assert_string_equal(said.refusal_detail, "kind=denial");
    assert_int_equal(used_of(&house, 1, SP_LIMIT_REQUESTS), 1);
    assert_int_equal(said.grants + said.refuses + said.whos + said.refusals, 0);
    assert_empty(&house);
    close_house(&house);
}

static void test_a_reading_over_the_quota_is_refused(void **state)
{
    struct house house;
    (void)state;
    open_house(&house, 1, 4);
    for (unsigned i = 1; i <= 3; i++) { /* beta may ask twice a minute */
        assert_int_equal(read_log(&house, sp_exchange_make(i, i), 1, ENTRIES), SP_OK);
    }
    assert_int_equal(said.reads, 2);
    assert_int_equal(said.refusals, 1);
    assert_int_equal(said.refusal_err, SP_ERR_QUOTA);
    assert_empty(&house);
    close_house(&house);
}

static void test_a_reading_that_is_too_long_or_cannot_be_told_is_turned_away(void **state)
{
    static char target[SP_MSG_QUERY_MAX + 128] = ENTRIES;
    struct house house;
    (void)state;
    open_house(&house, 1, 4);
    (void)memset(target + sizeof(ENTRIES) - 1, 'x', SP_MSG_QUERY_MAX);
    assert_int_equal(read_log(&house, sp_exchange_make(1, 1), 0, target), SP_OK);
    assert_int_equal(said.refusal_err, SP_ERR_URI_TOO_LONG);
    said.read_fails = SP_ERR_FULL;
    assert_int_equal(read_log(&house, sp_exchange_make(2, 2), 0, ENTRIES), SP_OK);
    assert_int_equal(said.refusal_err, SP_ERR_UNAVAILABLE);
    assert_int_equal(said.reads, 0);
    assert_empty(&house);
    close_house(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reading_is_counted_and_told_to_audit),
        cmocka_unit_test(test_a_reading_over_the_quota_is_refused),
        cmocka_unit_test(test_a_reading_that_is_too_long_or_cannot_be_told_is_turned_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
