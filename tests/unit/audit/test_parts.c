#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room_world.h"

static void run_streamed(struct world *w, sp_exchange exchange)
{
    struct sp_msg_who who = who_of(exchange);
    who.is_stream = 1;
    assert_int_equal(sp_audit_who(w->room, &who, w->now), SP_OK);
    assert_int_equal(tell_verdict(w, exchange), SP_OK);
    (void)next(w, SENT_JUDGED);
    commit(w);
    (void)next(w, SENT_RUN);
}

static enum sp_err tell_part(struct world *w, sp_exchange exchange, const char *text, uint32_t lost)
{
    const struct sp_msg_part part = {.exchange = exchange,
                                     .what = SP_PART_STDOUT,
                                     .lost = lost,
                                     .data = {.bytes = sp_slice_of(text), .fd = -1}};
    return sp_audit_part(w->room, &part, w->now);
}

static void heard(struct world *w, const char *text, uint32_t lost)
{
    const struct sent *part = next(w, SENT_PART);
    assert_string_equal(part->text, text);
    assert_int_equal(part->entry, lost);
}

/* "ab" and "c" were passed on, so the entry has the digest of "abc". */
static void test_parts_are_passed_on_and_digested(void **state)
{
    struct world *w = *state;
    run_streamed(w, X);
    assert_int_equal(tell_part(w, X, "ab", 0), SP_OK);
    heard(w, "ab", 0);
    assert_int_equal(tell_part(w, X, "c", 2), SP_OK);
    heard(w, "c", 2);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    nothing_more(w);
    commit(w);
    answered(w, SP_OK, true, SP_END_DONE);
    assert_int_equal(
        fake_disk_lines(&w->fake,
                        "\"streamed_bytes\":3,\"streamed_sha256\":"
                        "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""),
        1);
}

static void test_what_front_does_not_take_is_counted_and_not_digested(void **state)
{
    struct world *w = *state;
    run_streamed(w, X);
    w->is_front_full = true;
    assert_int_equal(tell_part(w, X, "lost", 0), SP_OK);
    assert_int_equal(tell_part(w, X, "lost", 3), SP_OK);
    w->is_front_full = false;
    assert_int_equal(tell_part(w, X, "abc", 0), SP_OK);
    heard(w, "abc", 5);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    commit(w);
    assert_int_equal(fake_disk_lines(&w->fake, "\"streamed_bytes\":3"), 1);
}

static void test_parts_that_nobody_asked_for_are_passed_over(void **state)
{
    struct world *w = *state;
    run(w, X);
    assert_int_equal(tell_part(w, X, "a", 0), SP_OK);
    assert_int_equal(tell_part(w, FRONT_1 | 99, "a", 0), SP_OK);
    nothing_more(w);
    const struct sp_msg_part none = {
        .exchange = X, .what = SP_PART_COUNT, .data = SP_PAYLOAD_EMPTY};
    assert_int_equal(sp_audit_part(w->room, &none, w->now), SP_ERR_WIRE);
}

static void test_without_its_front_nothing_is_passed_on(void **state)
{
    struct world *w = *state;
    run_streamed(w, X);
    sp_audit_lost(w->room, front, w->now);
    assert_int_equal(tell_part(w, X, "a", 0), SP_OK);
    nothing_more(w);
}

static void test_after_the_end_nothing_is_passed_on(void **state)
{
    struct world *w = *state;
    run_streamed(w, X);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    assert_int_equal(tell_part(w, X, "late", 0), SP_OK);
    nothing_more(w);
    commit(w);
    assert_int_equal(fake_disk_lines(&w->fake, "\"streamed_bytes\":0"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_parts_are_passed_on_and_digested),
        TEST(test_what_front_does_not_take_is_counted_and_not_digested),
        TEST(test_parts_that_nobody_asked_for_are_passed_over),
        TEST(test_without_its_front_nothing_is_passed_on),
        TEST(test_after_the_end_nothing_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
