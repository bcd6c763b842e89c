/* The desk: every request is answered once, whoever says what and whoever dies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "front/desk.h"

/* What the desk did, as one line of letters: A ask, R ready, L left, J job, B read body, E end. */
struct seen {
    char log[64];
    size_t len;
    enum sp_err ask;
    enum sp_err ready;
    enum sp_err left;
    enum sp_err job;
    enum sp_err why_left;
    struct sp_desk_answer answer;
    void *answered;
    uint64_t body_max;
    unsigned worker;
};

static int request_a;
static int request_b;

static void note(struct seen *s, char what)
{
    assert_true(s->len < sizeof(s->log) - 1);
    s->log[s->len++] = what;
    s->log[s->len] = '\0';
}

static enum sp_err on_ask(void *ctx, const struct sp_msg_ask *ask)
{
    struct seen *s = ctx;
    assert_true(ask->exchange != 0);
    note(s, 'A');
    return s->ask;
}

static enum sp_err on_ready(void *ctx, const struct sp_msg_ready *ready)
{
    struct seen *s = ctx;
    (void)ready;
    note(s, 'R');
    return s->ready;
}

static enum sp_err on_left(void *ctx, const struct sp_msg_left *left)
{
    struct seen *s = ctx;
    s->why_left = left->why;
    note(s, 'L');
    return s->left;
}

static enum sp_err on_job(void *ctx, void *request, const struct sp_msg_send *send,
                          struct sp_msg_job *job)
{
    struct seen *s = ctx;
    assert_non_null(request);
    assert_int_equal(job->operation, 1);
    s->worker = send->worker;
    note(s, 'J');
    return s->job;
}

static void on_read_body(void *ctx, void *request, uint64_t bytes_max)
{
    struct seen *s = ctx;
    assert_non_null(request);
    s->body_max = bytes_max;
    note(s, 'B');
}

static void on_answer(void *ctx, void *request, struct sp_desk_answer *answer)
{
    struct seen *s = ctx;
    s->answer = *answer;
    s->answered = request;
    note(s, 'E');
}

static struct sp_desk *new_desk(struct seen *s)
{
    const struct sp_desk_port port = {.ctx = s,
                                      .ask = on_ask,
                                      .ready = on_ready,
                                      .left = on_left,
                                      .job = on_job,
                                      .read_body = on_read_body,
                                      .answer = on_answer};
    struct sp_desk *desk = NULL;
    *s = (struct seen){.len = 0};
    assert_int_equal(sp_desk_new(3, 2, &port, &desk), SP_OK);
    sp_desk_wired(desk, SP_ROLE_ADMIT);
    sp_desk_wired(desk, SP_ROLE_AUDIT);
    return desk;
}

static sp_exchange open_one(struct sp_desk *desk, void *request)
{
    struct sp_msg_ask ask = {.has_body = 1};
    sp_exchange exchange = 0;
    assert_int_equal(sp_desk_open(desk, request, &ask, false, 1000, &exchange), SP_OK);
    return exchange;
}

static enum sp_err grant(struct sp_desk *desk, sp_exchange exchange)
{
    const struct sp_msg_grant msg = {.exchange = exchange, .body_bytes_max = 500};
    return sp_desk_on_grant(desk, &msg);
}

static enum sp_err refuse(struct sp_desk *desk, sp_exchange exchange)
{
    const struct sp_msg_refuse msg = {
        .exchange = exchange, .err = SP_ERR_TOKEN_UNKNOWN, .retry_after_ms = 5};
    return sp_desk_on_refuse(desk, &msg);
}

static enum sp_err send_to(struct sp_desk *desk, sp_exchange exchange, uint16_t worker)
{
    const struct sp_msg_send msg = {.exchange = exchange, .worker = worker, .operation = 1};
    return sp_desk_on_send(desk, &msg, 2000);
}

static enum sp_err answer(struct sp_desk *desk, sp_exchange exchange, enum sp_err err)
{
    struct sp_msg_answer msg = {
        .exchange = exchange, .err = err, .has_entry = 1, .entry = 9, .answer = SP_PAYLOAD_EMPTY};
    return sp_desk_on_answer(desk, &msg);
}

/* Walks an exchange to a state by its good path. */
enum place { ASKED, GRANTED, READY, SENT };
static sp_exchange walk_to(struct sp_desk *desk, enum place place)
{
    sp_exchange exchange = open_one(desk, &request_a);
    if (place >= GRANTED) {
        assert_int_equal(grant(desk, exchange), SP_OK);
    }
    if (place >= READY) {
        sp_desk_body_ready(desk, exchange, 10, 1500);
    }
    if (place >= SENT) {
        assert_int_equal(send_to(desk, exchange, 1), SP_OK);
    }
    return exchange;
}

static void test_the_good_path(void **state)
{
    struct seen s;
    struct sp_desk *desk = new_desk(&s);
    (void)state;
    sp_exchange exchange = walk_to(desk, SENT);
    assert_string_equal(s.log, "ABRJ");
    assert_int_equal(s.body_max, 500);
    assert_int_equal(s.worker, 1);
    assert_int_equal(sp_desk_live(desk), 1);
    assert_int_equal(answer(desk, exchange, SP_OK), SP_OK);
    assert_string_equal(s.log, "ABRJE");
    assert_ptr_equal(s.answered, &request_a);
    assert_int_equal(s.answer.err, SP_OK);
    assert_non_null(s.answer.payload);
    assert_true(s.answer.has_entry);
    assert_int_equal(s.answer.entry, 9);
    assert_int_equal(s.answer.exchange, exchange);
    assert_int_equal(sp_desk_live(desk), 0);
    sp_desk_free(desk);
}

static void test_a_request_that_came_whole_skips_the_grant(void **state)
{
    struct seen s;
    struct sp_desk *desk = new_desk(&s);
    struct sp_msg_ask ask = {.has_body = 1, .body_bytes = 3, .is_ready = 1};
    sp_exchange x = 0;
    (void)state;
    assert_int_equal(sp_desk_open(desk, &request_a, &ask, false, 1000, &x), SP_OK);
    assert_int_equal(grant(desk, x), SP_ERR_WIRE);
    assert_int_equal(send_to(desk, x, 1), SP_OK);
    assert_string_equal(s.log, "AJ");
    assert_int_equal(answer(desk, x, SP_OK), SP_OK);
    assert_string_equal(s.log, "AJE");
    sp_desk_free(desk);
}

static void test_exchanges_carry_the_incarnation_and_never_repeat(void **state)
{
    struct seen s;
    struct sp_desk *desk = new_desk(&s);
    (void)state;
    sp_exchange first = walk_to(desk, ASKED);
    assert_int_equal(first >> 48, 3);
    assert_int_equal(refuse(desk, first), SP_OK);
    s.len = 0;
    sp_exchange second = walk_to(desk, ASKED);
    assert_true(second >> 16 > first >> 16);
    sp_desk_free(desk);
}

/* Which message may come in which state: what is allowed here is refused in every other place. */
static void test_a_message_out_of_place_ends_its_wire(void **state)
{
    static const struct {
        const char *name;
        enum place place;
        enum sp_err grant, refuse, send, result, error;
    } cases[] = {
        {"asked", ASKED, SP_OK, SP_OK, SP_ERR_WIRE, SP_ERR_WIRE, SP_OK},
        {"granted", GRANTED, SP_ERR_WIRE, SP_OK, SP_ERR_WIRE, SP_ERR_WIRE, SP_OK},
        {"ready", READY, SP_ERR_WIRE, SP_OK, SP_OK, SP_ERR_WIRE, SP_OK},
        {"sent", SENT, SP_ERR_WIRE, SP_ERR_WIRE, SP_ERR_WIRE, SP_OK, SP_OK},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        for (unsigned message = 0; message < 5; message++) {
            struct seen s;
            struct sp_desk *desk = new_desk(&s);
            sp_exchange x = walk_to(desk, cases[i].place);
            print_message("%s, message %u\n", cases[i].name, message);
            if (message == 0) {
                assert_int_equal(grant(desk, x), cases[i].grant);
            } else if (message == 1) {
                assert_int_equal(refuse(desk, x), cases[i].refuse);
            } else if (message == 2) {
                assert_int_equal(send_to(desk, x, 0), cases[i].send);
            } else {
                enum sp_err want = message == 3 ? cases[i].result : cases[i].error;
                assert_int_equal(answer(desk, x, message == 3 ? SP_OK : SP_ERR_DENIED), want);
            }
            sp_desk_free(desk);
        }
    }
}

static void test_what_was_never_said_or_said_twice_is_refused(void **state)
{
    struct seen s;
    struct sp_desk *desk = new_desk(&s);
    (void)state;
    sp_exchange x = walk_to(desk, SENT);
    assert_int_equal(answer(desk, x + (1U << 16), SP_OK), SP_ERR_WIRE); /* not given yet */
    assert_int_equal(answer(desk, x + 1, SP_OK), SP_ERR_WIRE); /* a slot that was never used */
    assert_int_equal(answer(desk, x | 0xFFFFU, SP_OK), SP_ERR_WIRE); /* no slot at all */
    assert_int_equal(answer(desk, x, SP_OK), SP_OK);
    assert_int_equal(answer(desk, x, SP_OK), SP_ERR_WIRE);
    assert_int_equal(refuse(desk, x), SP_ERR_WIRE);
    sp_exchange y = walk_to(desk, ASKED);
    const struct sp_msg_refuse nothing = {.exchange = y, .err = SP_OK};
    assert_int_equal(sp_desk_on_refuse(desk, &nothing), SP_ERR_WIRE);
    sp_desk_free(desk);
}

static void test_a_worker_that_does_not_exist_is_refused(void **state)
{
    struct seen s;
    struct sp_desk *desk = new_desk(&s);
    (void)state;
    sp_exchange x = walk_to(desk, READY);
    assert_int_equal(send_to(desk, x, 2), SP_ERR_WIRE);
    assert_string_equal(s.log, "ABR");
    sp_desk_free(desk);
}

/* A client that leaves: admit hears of it once before the job is handed over, never after; what is late is passed over. */
static void test_a_client_that_leaves(void **state)
{
    static const char *const logs[] = {"AL", "ABL", "ABRL", "ABRJ"};
    (void)state;
    for (enum place place = ASKED; place <= SENT; place++) {
        struct seen s;
        struct sp_desk *desk = new_desk(&s);
        sp_exchange x = walk_to(desk, place);
        sp_desk_client_left(desk, x);
        sp_desk_client_left(desk, x);
        assert_string_equal(s.log, logs[place]);
        assert_int_equal(sp_desk_live(desk), 0);
        if (place == ASKED) {
            assert_int_equal(grant(desk, x), SP_OK);
            assert_int_equal(grant(desk, x), SP_ERR_WIRE);
        }
        if (place == READY) {
            assert_int_equal(send_to(desk, x, 0), SP_OK);
            assert_int_equal(send_to(desk, x, 0), SP_ERR_WIRE);
        }
        assert_int_equal(answer(desk, x, SP_ERR_DENIED), SP_OK);
        assert_string_equal(s.log, logs[place]);
        sp_desk_free(desk);
    }
}

/* Each loss, in each state: what did not start is 503 and may be tried again, what may have run is 502. */
static void test_a_lost_peer_never_leaves_a_client_waiting(void **state)
{
    static const struct {
        enum sp_role peer;
        enum place place;
        const char *log;
        enum sp_err err;
    } cases[] = {
        {SP_ROLE_ADMIT, ASKED, "AE", SP_ERR_UNAVAILABLE},
        {SP_ROLE_ADMIT, GRANTED, "ABE", SP_ERR_UNAVAILABLE},
        {SP_ROLE_ADMIT, READY, "ABRE", SP_ERR_UNAVAILABLE},
        {SP_ROLE_ADMIT, SENT, "ABRJ", SP_OK},
        {SP_ROLE_AUDIT, ASKED, "ALE", SP_ERR_UNAVAILABLE},
        {SP_ROLE_AUDIT, GRANTED, "ABLE", SP_ERR_UNAVAILABLE},
        {SP_ROLE_AUDIT, READY, "ABRLE", SP_ERR_UNAVAILABLE},
        {SP_ROLE_AUDIT, SENT, "ABRJE", SP_ERR_OUTCOME_UNKNOWN},
        {SP_ROLE_INSPECT, SENT, "ABRJ", SP_OK},
        {SP_ROLE_DOOR, READY, "ABR", SP_OK},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct seen s;
        struct sp_desk *desk = new_desk(&s);
        (void)walk_to(desk, cases[i].place);
        sp_desk_lost(desk, cases[i].peer);
        print_message("%s lost in place %u\n", sp_role_name(cases[i].peer),
                      (unsigned)cases[i].place);
        assert_string_equal(s.log, cases[i].log);
        if (cases[i].err != SP_OK) {
            assert_int_equal(s.answer.err, cases[i].err);
            assert_int_equal(s.answer.retry_after_ms > 0, cases[i].err == SP_ERR_UNAVAILABLE);
        }
        sp_desk_free(desk);
    }
}

static void test_nobody_gets_in_while_a_needed_peer_is_missing(void **state)
{
    struct seen s;
    struct sp_desk *desk = new_desk(&s);
    struct sp_msg_ask ask = {.has_body = 0};
    sp_exchange x = 0;
    (void)state;
    sp_desk_lost(desk, SP_ROLE_ADMIT);
    assert_int_equal(sp_desk_open(desk, &request_a, &ask, false, 1, &x), SP_ERR_UNAVAILABLE);
    sp_desk_wired(desk, SP_ROLE_ADMIT);
    sp_desk_lost(desk, SP_ROLE_AUDIT);
    assert_int_equal(sp_desk_open(desk, &request_a, &ask, false, 1, &x), SP_ERR_UNAVAILABLE);
    sp_desk_wired(desk, SP_ROLE_AUDIT);
    s.ask = SP_ERR_FULL;
    assert_int_equal(sp_desk_open(desk, &request_a, &ask, false, 1, &x), SP_ERR_FULL);
    assert_int_equal(sp_desk_live(desk), 0);
    s.ask = SP_OK;
    assert_int_equal(sp_desk_open(desk, &request_a, &ask, false, 1, &x), SP_OK);
    sp_desk_close(desk);
    assert_int_equal(sp_desk_open(desk, &request_b, &ask, false, 1, &x), SP_ERR_UNAVAILABLE);
    sp_desk_free(desk);
}

static void test_the_table_is_full_at_its_size_and_empty_again_after(void **state)
{
    struct seen s;
    struct sp_desk *desk = new_desk(&s);
    static sp_exchange all[SP_EXCHANGE_SLOTS];
    struct sp_msg_ask ask = {.has_body = 0};
    sp_exchange x = 0;
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < SP_EXCHANGE_SLOTS; i++) {
            s.len = 0;
            all[i] = open_one(desk, &request_a);
        }
        assert_int_equal(sp_desk_open(desk, &request_b, &ask, false, 1, &x), SP_ERR_FULL);
        for (size_t i = 0; i < SP_EXCHANGE_SLOTS; i++) {
            s.len = 0;
            assert_int_equal(refuse(desk, all[i]), SP_OK);
        }
        assert_int_equal(sp_desk_live(desk), 0);
    }
    sp_desk_free(desk);
}

static void test_a_body_over_its_grant_waits_for_the_record_but_not_long(void **state)
{
    struct seen s;
    struct sp_desk *desk = new_desk(&s);
    (void)state;
    sp_exchange x = walk_to(desk, GRANTED);
    sp_desk_body_too_big(desk, x, 2000);
    assert_string_equal(s.log, "ABL");
    assert_int_equal(s.why_left, SP_ERR_TOO_BIG);
    assert_int_equal(answer(desk, x, SP_ERR_TOO_BIG), SP_OK);
    assert_string_equal(s.log, "ABLE");
    assert_true(s.answer.has_entry);

    s.len = 0;
    x = walk_to(desk, GRANTED);
    sp_desk_body_too_big(desk, x, 2000);
    sp_desk_tick(desk, 2000 + SP_DESK_REFUSAL_MS - 1);
    assert_string_equal(s.log, "ABL");
    sp_desk_tick(desk, 2000 + SP_DESK_REFUSAL_MS);
    assert_string_equal(s.log, "ABLE");
    assert_int_equal(s.answer.err, SP_ERR_TOO_BIG);
    assert_int_equal(answer(desk, x, SP_ERR_TOO_BIG), SP_OK); /* late */
    assert_string_equal(s.log, "ABLE");
    sp_desk_free(desk);
}

static void test_a_job_that_cannot_be_handed_over_is_withdrawn(void **state)
{
    struct seen s;
    struct sp_desk *desk = new_desk(&s);
    (void)state;
    sp_exchange x = walk_to(desk, READY);
    s.job = SP_ERR_UNAVAILABLE;
    assert_int_equal(send_to(desk, x, 0), SP_OK);
    assert_string_equal(s.log, "ABRJL");
    assert_int_equal(s.why_left, SP_ERR_UNAVAILABLE);
    assert_int_equal(answer(desk, x, SP_ERR_UNAVAILABLE), SP_OK);
    assert_string_equal(s.log, "ABRJLE");
    /* audit may have ended it for the lost worker before it heard of the withdrawal: one echo, and no more. */
    assert_int_equal(answer(desk, x, SP_ERR_UNAVAILABLE), SP_OK);
    assert_int_equal(answer(desk, x, SP_ERR_UNAVAILABLE), SP_ERR_WIRE);
    assert_string_equal(s.log, "ABRJLE");
    sp_desk_free(desk);
}

static void test_admit_hears_of_leaving_even_if_its_wire_was_full(void **state)
{
    struct seen s;
    struct sp_desk *desk = new_desk(&s);
    (void)state;
    sp_exchange x = walk_to(desk, ASKED);
    s.left = SP_ERR_FULL;
    sp_desk_client_left(desk, x);
    sp_desk_tick(desk, 3000);
    assert_string_equal(s.log, "ALL");
    s.left = SP_OK;
    sp_desk_tick(desk, 4000);
    sp_desk_tick(desk, 5000);
    assert_string_equal(s.log, "ALLL");
    assert_int_equal(grant(desk, x), SP_OK); /* late */
    sp_desk_free(desk);
}

static void test_every_exchange_has_a_last_deadline(void **state)
{
    static const struct {
        enum place place;
        uint64_t from_ms;
        const char *log;
        enum sp_err err;
    } cases[] = {
        {ASKED, 1000, "ALE", SP_ERR_UNAVAILABLE},
        {READY, 1500, "ABRLE", SP_ERR_UNAVAILABLE},
        {SENT, 2000, "ABRJE", SP_ERR_OUTCOME_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct seen s;
        struct sp_desk *desk = new_desk(&s);
        sp_exchange x = walk_to(desk, cases[i].place);
        sp_desk_tick(desk, cases[i].from_ms + SP_DESK_DEADLINE_MS - 1);
        assert_int_equal(sp_desk_live(desk), 1);
        sp_desk_tick(desk, cases[i].from_ms + SP_DESK_DEADLINE_MS);
        assert_string_equal(s.log, cases[i].log);
        assert_int_equal(s.answer.err, cases[i].err);
        assert_int_equal(answer(desk, x, SP_ERR_DENIED), SP_OK); /* late */
        sp_desk_free(desk);
    }
}

static void test_what_admit_tells_answers_once_and_never_for_a_worker(void **state)
{
    struct seen s;
    struct sp_desk *desk = new_desk(&s);
    (void)state;
    sp_exchange x = walk_to(desk, ASKED);
    struct sp_msg_tell tell = {.exchange = x, .json = {.bytes = SP_SLICE_LITERAL("{}"), .fd = -1}};
    assert_int_equal(sp_desk_on_tell(desk, &tell), SP_OK);
    assert_true(s.answer.is_json && s.answer.payload == &tell.json && s.answer.err == SP_OK);
    assert_int_equal(sp_desk_on_tell(desk, &tell), SP_ERR_WIRE);
    assert_int_equal(sp_desk_live(desk), 0);
    tell.exchange = walk_to(desk, SENT);
    assert_int_equal(sp_desk_on_tell(desk, &tell), SP_ERR_WIRE);
    sp_desk_free(desk);
}

static void test_a_page_answers_what_was_a_reading_and_nothing_else(void **state)
{
    struct seen s;
    struct sp_desk *desk = new_desk(&s);
    struct sp_msg_ask ask = {.is_ready = 1};
    struct sp_msg_page page = {.kind = SP_PAGE_TEXT, .entry = 9};
    sp_exchange x = 0;
    (void)state;
    page.exchange = open_one(desk, &request_a);
    assert_int_equal(sp_desk_on_page(desk, &page), SP_ERR_WIRE);
    assert_int_equal(sp_desk_open(desk, &request_a, &ask, true, 1000, &x), SP_OK);
    page.exchange = x;
    page.kind = SP_PAGE_COUNT;
    assert_int_equal(sp_desk_on_page(desk, &page), SP_ERR_WIRE);
    page.kind = SP_PAGE_TEXT;
    assert_int_equal(sp_desk_on_page(desk, &page), SP_OK);
    assert_ptr_equal(s.answered, &request_a);
    assert_true(s.answer.is_json && s.answer.has_entry && s.answer.entry == 9);
    assert_string_equal(s.answer.media, "text/plain; charset=utf-8");
    assert_int_equal(sp_desk_on_page(desk, &page), SP_ERR_WIRE); /* once */
    /* One that reader cannot show is an error like others. */
    assert_int_equal(sp_desk_open(desk, &request_a, &ask, true, 1000, &x), SP_OK);
    page.exchange = x;
    page.err = SP_ERR_NOT_FOUND;
    assert_int_equal(sp_desk_on_page(desk, &page), SP_OK);
    assert_int_equal(s.answer.err, SP_ERR_NOT_FOUND);
    assert_null(s.answer.payload);
    sp_desk_free(desk);
}

static void test_a_lost_reader_ends_its_readings_alone(void **state)
{
    struct seen s;
    struct sp_desk *desk = new_desk(&s);
    struct sp_msg_ask ask = {.is_ready = 1};
    sp_exchange x = 0;
    (void)state;
    (void)open_one(desk, &request_a);
    assert_int_equal(sp_desk_open(desk, &request_b, &ask, true, 1000, &x), SP_OK);
    sp_desk_lost(desk, SP_ROLE_READER);
    assert_ptr_equal(s.answered, &request_b);
    assert_int_equal(s.answer.err, SP_ERR_UNAVAILABLE);
    assert_int_equal(sp_desk_live(desk), 1);
    /* And none waits longer than a reading takes. */
    assert_int_equal(sp_desk_open(desk, &request_b, &ask, true, 1000, &x), SP_OK);
    sp_desk_tick(desk, 1000 + SP_DESK_READ_MS - 1);
    assert_int_equal(sp_desk_live(desk), 2);
    sp_desk_tick(desk, 1000 + SP_DESK_READ_MS);
    assert_int_equal(sp_desk_live(desk), 1);
    /* Nor when the house stops, for which runs are waited for. */
    assert_int_equal(sp_desk_open(desk, &request_b, &ask, true, 1000, &x), SP_OK);
    sp_desk_hurry(desk, 2000);
    sp_desk_tick(desk, 2000 + SP_DESK_HURRY_MS - 1);
    assert_int_equal(sp_desk_live(desk), 2);
    sp_desk_tick(desk, 2000 + SP_DESK_HURRY_MS);
    assert_int_equal(sp_desk_live(desk), 1);
    sp_desk_free(desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_good_path),
        cmocka_unit_test(test_a_request_that_came_whole_skips_the_grant),
        cmocka_unit_test(test_exchanges_carry_the_incarnation_and_never_repeat),
        cmocka_unit_test(test_a_message_out_of_place_ends_its_wire),
        cmocka_unit_test(test_what_admit_tells_answers_once_and_never_for_a_worker),
        cmocka_unit_test(test_what_was_never_said_or_said_twice_is_refused),
        cmocka_unit_test(test_a_worker_that_does_not_exist_is_refused),
        cmocka_unit_test(test_a_client_that_leaves),
        cmocka_unit_test(test_a_lost_peer_never_leaves_a_client_waiting),
        cmocka_unit_test(test_nobody_gets_in_while_a_needed_peer_is_missing),
        cmocka_unit_test(test_the_table_is_full_at_its_size_and_empty_again_after),
        cmocka_unit_test(test_a_body_over_its_grant_waits_for_the_record_but_not_long),
        cmocka_unit_test(test_a_job_that_cannot_be_handed_over_is_withdrawn),
        cmocka_unit_test(test_admit_hears_of_leaving_even_if_its_wire_was_full),
        cmocka_unit_test(test_every_exchange_has_a_last_deadline),
        cmocka_unit_test(test_a_page_answers_what_was_a_reading_and_nothing_else),
        cmocka_unit_test(test_a_lost_reader_ends_its_readings_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
