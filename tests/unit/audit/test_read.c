#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room_world.h"

static const struct sp_peer reader = {SP_ROLE_READER, 0};

static enum sp_err ask(struct world *w, sp_exchange exchange, uint8_t is_all)
{
    const struct sp_msg_read_ask msg = {.exchange = exchange,
                                        .tenant = sp_slice_of("acme"),
                                        .principal = sp_slice_of("t1"),
                                        .source = sp_slice_of("192.0.2.1"),
                                        .is_all = is_all,
                                        .what = sp_slice_of("entries"),
                                        .query = sp_slice_of("limit=1"),
                                        .limit_left = 7};
    return sp_audit_read(w->room, &msg, w->now);
}

static void test_reader_is_asked_when_the_entry_is_durable(void **state)
{
    struct world *w = *state;
    sp_audit_wired(w->room, reader, w->now);
    assert_int_equal(ask(w, X, 1), SP_OK);
    nothing_more(w);
    commit(w);
    const struct sent *read = next(w, SENT_READ);
    assert_true(read->has_entry);
    assert_string_equal(read->text, "entries");
    assert_int_equal(
        fake_disk_lines(
            &w->fake,
            "\"kind\":\"read\",\"principal\":\"t1\",\"query\":\"limit=1\",\"reach\":\"all\","),
        1);
    assert_int_equal(sp_audit_open(w->room), 0);
    assert_int_equal(ask(w, FRONT_1 | 6, 0), SP_OK);
    commit(w);
    assert_false(next(w, SENT_READ)->has_entry);
    assert_int_equal(fake_disk_lines(&w->fake, "\"reach\":\"tenant\""), 1);
}

static void test_an_exchange_that_is_known_is_not_read_for(void **state)
{
    struct world *w = *state;
    sp_audit_wired(w->room, reader, w->now);
    assert_int_equal(ask(w, X, 0), SP_OK);
    assert_int_equal(ask(w, X, 0), SP_ERR_WIRE);
    assert_int_equal(ask(w, FRONT_1 | 0xFFFF, 0), SP_ERR_WIRE);
}

static void test_nobody_reads_without_a_record(void **state)
{
    struct world *w = *state;
    sp_audit_wired(w->room, reader, w->now);
    assert_int_equal(ask(w, X, 0), SP_OK);
    w->fake.is_failing_sync = true;
    commit(w);
    answered(w, SP_ERR_LOG_UNAVAILABLE, false, SP_END_NOT_STARTED);
    assert_int_equal(ask(w, FRONT_1 | 6, 0), SP_OK);
    answered(w, SP_ERR_LOG_UNAVAILABLE, false, SP_END_NOT_STARTED);
    nothing_more(w);
}

static void test_without_a_reader_it_is_said_so(void **state)
{
    struct world *w = *state;
    assert_int_equal(ask(w, X, 0), SP_OK);
    commit(w);
    answered(w, SP_ERR_UNAVAILABLE, false, SP_END_NOT_STARTED);
    sp_audit_wired(w->room, reader, w->now);
    w->is_reader_deaf = true;
    assert_int_equal(ask(w, FRONT_1 | 6, 0), SP_OK);
    commit(w);
    answered(w, SP_ERR_UNAVAILABLE, false, SP_END_NOT_STARTED);
    w->is_reader_deaf = false;
    sp_audit_lost(w->room, reader, w->now);
    assert_int_equal(ask(w, FRONT_1 | 7, 0), SP_OK);
    commit(w);
    answered(w, SP_ERR_UNAVAILABLE, false, SP_END_NOT_STARTED);
}

static void test_a_front_that_died_is_not_read_for(void **state)
{
    struct world *w = *state;
    sp_audit_wired(w->room, reader, w->now);
    assert_int_equal(ask(w, X, 0), SP_OK);
    sp_audit_lost(w->room, front, w->now);
    commit(w);
    nothing_more(w);
    assert_int_equal(sp_audit_open(w->room), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reader_is_asked_when_the_entry_is_durable),
        TEST(test_an_exchange_that_is_known_is_not_read_for),
        TEST(test_nobody_reads_without_a_record),
        TEST(test_without_a_reader_it_is_said_so),
        TEST(test_a_front_that_died_is_not_read_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
