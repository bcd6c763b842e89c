#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room_world.h"

#define Y (FRONT_1 | 6)
#define Z (FRONT_1 | 7)

/* A request under the key `key`, in session `target`, until its verdict is told. */
static void ask(struct world *w, sp_exchange exchange, uint8_t key, uint8_t target)
{
    struct sp_msg_who who = who_of(exchange);
    who.has_key = 1;
    who.key[0] = key;
    who.target[0] = target;
    assert_int_equal(sp_audit_who(w->room, &who, w->now), SP_OK);
    assert_int_equal(tell_verdict(w, exchange), SP_OK);
    (void)next(w, SENT_JUDGED);
    commit(w);
}

static void done(struct world *w, sp_exchange exchange)
{
    assert_int_equal(tell_outcome(w, exchange, SP_END_DONE), SP_OK);
    commit(w);
    answered(w, SP_OK, true, SP_END_DONE);
}

static void test_a_key_runs_once_and_answers_twice(void **state)
{
    struct world *w = *state;
    ask(w, X, 1, 1);
    (void)next(w, SENT_RUN);
    done(w, X);
    char first[64];
    for (size_t i = 0; i < sizeof(first); i++) {
        first[i] = w->sent[w->seen - 2].text[i];
    }
    ask(w, Y, 1, 1);
    assert_string_equal(w->sent[w->seen].text, first);
    assert_true(first[0] != '\0');
    answered(w, SP_OK, true, SP_END_NOT_STARTED);
    nothing_more(w);
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"intent\""), 1);
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"replay\""), 1);
}

static void test_while_it_runs_it_is_a_conflict(void **state)
{
    struct world *w = *state;
    ask(w, X, 1, 1);
    (void)next(w, SENT_RUN);
    ask(w, Y, 1, 1);
    assert_true(w->sent[w->seen].retry_after_ms > 0);
    answered(w, SP_ERR_CONFLICT, true, SP_END_NOT_STARTED);
    ask(w, Z, 2, 1);
    (void)next(w, SENT_RUN);
}

static void test_another_session_is_another_request(void **state)
{
    struct world *w = *state;
    ask(w, X, 1, 1);
    (void)next(w, SENT_RUN);
    ask(w, Y, 1, 2);
    answered(w, SP_ERR_KEY_REUSED, true, SP_END_NOT_STARTED);
}

static void test_what_did_not_start_frees_its_key(void **state)
{
    struct world *w = *state;
    ask(w, X, 1, 1);
    (void)next(w, SENT_RUN);
    assert_int_equal(tell_outcome(w, X, SP_END_NOT_STARTED), SP_OK);
    commit(w);
    answered(w, SP_ERR_POOL_UNAVAILABLE, true, SP_END_NOT_STARTED);
    ask(w, Y, 1, 1);
    (void)next(w, SENT_RUN);
}

static void test_what_may_have_run_is_never_run_again(void **state)
{
    struct world *w = *state;
    ask(w, X, 1, 1);
    (void)next(w, SENT_RUN);
    sp_audit_lost(w->room, relay, w->now);
    sp_audit_wired(w->room, relay, w->now);
    commit(w);
    answered(w, SP_ERR_OUTCOME_UNKNOWN, true, SP_END_UNKNOWN);
    ask(w, Y, 1, 1);
    answered(w, SP_ERR_KEY_SPENT, true, SP_END_NOT_STARTED);
}

static void test_it_is_so_after_a_restart(void **state)
{
    struct world *w = *state;
    ask(w, X, 1, 1);
    (void)next(w, SENT_RUN);
    done(w, X);
    ask(w, Y, 2, 1);
    (void)next(w, SENT_RUN);
    sp_audit_room_free(w->room);
    open_room(w);
    ask(w, FRONT_2 | 1, 1, 1);
    answered(w, SP_OK, true, SP_END_NOT_STARTED);
    ask(w, FRONT_2 | 2, 2, 1);
    answered(w, SP_ERR_KEY_SPENT, true, SP_END_NOT_STARTED);
    nothing_more(w);
}

static void test_a_denied_request_takes_no_key(void **state)
{
    struct world *w = *state;
    struct sp_msg_who who = who_of(X);
    struct sp_msg_verdict denial = denial_of(X);
    who.has_key = 1;
    assert_int_equal(sp_audit_who(w->room, &who, w->now), SP_OK);
    assert_int_equal(sp_audit_verdict(w->room, 0, &denial, w->now), SP_OK);
    (void)next(w, SENT_JUDGED);
    commit(w);
    answered(w, SP_ERR_DENIED, true, SP_END_NOT_STARTED);
    ask(w, Y, 0, 0);
    (void)next(w, SENT_RUN);
}

/* Nothing runs whose key is not on the disk. */
static void test_a_key_that_is_not_durable_stops_the_run(void **state)
{
    struct world *w = *state;
    struct sp_msg_who who = who_of(X);
    ask(w, Z, 9, 1); /* the files are open */
    (void)next(w, SENT_RUN);
    who.has_key = 1;
    who.key[0] = 1;
    assert_int_equal(sp_audit_who(w->room, &who, w->now), SP_OK);
    w->fake.is_failing_write = true;
    assert_int_equal(tell_verdict(w, X), SP_OK);
    w->fake.is_failing_write = false;
    (void)next(w, SENT_JUDGED);
    commit(w);
    nothing_more(w);
    commit(w);
    answered(w, SP_ERR_UNAVAILABLE, true, SP_END_NOT_STARTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_key_runs_once_and_answers_twice),
        TEST(test_while_it_runs_it_is_a_conflict),
        TEST(test_another_session_is_another_request),
        TEST(test_what_did_not_start_frees_its_key),
        TEST(test_what_may_have_run_is_never_run_again),
        TEST(test_it_is_so_after_a_restart),
        TEST(test_a_denied_request_takes_no_key),
        TEST(test_a_key_that_is_not_durable_stops_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
