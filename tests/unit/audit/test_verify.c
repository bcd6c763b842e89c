#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audit/verify.h"
#include "room_world.h"

#define LINES_MAX 32U

/* A log taken apart into lines, to be put together in another way. */
struct lines {
    struct sp_buf text;
    struct sp_slice line[LINES_MAX];
    size_t count;
};

struct findings {
    unsigned problems;
    char first[200];
};

static void on_problem(void *ctx, const struct sp_verify_problem *problem)
{
    struct findings *report = ctx;
    if (report->problems == 0) {
        (void)strncpy(report->first, problem->text, sizeof(report->first) - 1);
    }
    report->problems++;
}

/* Everything that an ordinary day brings, and one full disk. */
static void make_log(struct world *w, struct lines *out)
{
    struct sp_msg_verdict denial = denial_of(FRONT_1 | 6);
    struct sp_msg_refusal refusal = {
        .exchange = FRONT_1 | 7, .tenant = sp_slice_of("acme"), .err = SP_ERR_NOT_FOUND};
    struct sp_msg_strangers strangers = {.from_us = NOON,
                                         .to_us = NOON,
                                         .err = SP_ERR_TOKEN_UNKNOWN,
                                         .count = 3,
                                         .source = sp_slice_of("a\"\\\xc3\xbc\n")};
    struct sp_msg_role_up up = {
        .role = SP_ROLE_FRONT, .incarnation = 1, .report = sp_slice_of("seccomp")};
    run(w, X);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    assert_int_equal(tell_who(w, FRONT_1 | 6), SP_OK);
    assert_int_equal(sp_audit_verdict(w->room, 0, &denial, w->now), SP_OK);
    assert_int_equal(sp_audit_refusal(w->room, &refusal, w->now), SP_OK);
    assert_int_equal(sp_audit_strangers(w->room, &strangers, w->now), SP_OK);
    assert_int_equal(sp_audit_role_up(w->room, &up, w->now), SP_OK);
    up.incarnation = 2;
    assert_int_equal(sp_audit_role_up(w->room, &up, w->now), SP_OK);
    commit(w);
    w->fake.room = 10;
    assert_int_equal(sp_audit_strangers(w->room, &strangers, w->now), SP_OK);
    commit(w);
    w->fake.room = UINT64_MAX;
    later(w, SP_LOG_RETRY_US);
    sp_audit_tick(w->room, w->now);
    w->now.wall_us -= 5 * SECOND; /* the clock is set back */
    run(w, FRONT_1 | 9);
    sp_audit_room_free(w->room);
    open_room(w);
    sp_audit_stop(w->room, w->now);
    sp_buf_init(&out->text, (size_t)1 << 20);
    fake_disk_text(&w->fake, &out->text);
    out->count = 0;
    struct sp_slice all = sp_buf_slice(&out->text);
    for (size_t at = 0; at < all.len;) {
        size_t end = sp_slice_find(all, at, '\n');
        assert_true(out->count < LINES_MAX);
        out->line[out->count++] = sp_slice_sub(all, at, end - at);
        at = end + 1;
    }
}

static struct findings verify_lines(const struct lines *lines)
{
    struct findings report = {.problems = 0};
    struct sp_verify *v = NULL;
    assert_int_equal(sp_verify_new(0, on_problem, &report, &v), SP_OK);
    for (size_t i = 0; i < lines->count; i++) {
        assert_int_equal(sp_verify_entry(v, lines->line[i]), SP_OK);
    }
    assert_int_equal(report.problems, sp_verify_totals(v).problems);
    sp_verify_free(v);
    return report;
}

static int make_lines(void **state)
{
    static struct lines lines;
    void *own = NULL;
    (void)make_world(&own);
    make_log(own, &lines);
    (void)end_world(&own);
    *state = &lines;
    return 0;
}

static int end_lines(void **state)
{
    struct lines *lines = *state;
    sp_buf_done(&lines->text);
    return 0;
}

static void test_what_the_room_writes_is_whole(void **state)
{
    struct findings report = verify_lines(*state);
    assert_string_equal(report.first, "");
    assert_int_equal(report.problems, 0);
}

static void test_a_line_taken_out_is_noticed(void **state)
{
    const struct lines *all = *state;
    for (size_t out = 0; out + 1 < all->count; out++) {
        struct lines fewer = {.count = 0};
        for (size_t i = 0; i < all->count; i++) {
            if (i != out) {
                fewer.line[fewer.count++] = all->line[i];
            }
        }
        assert_true(verify_lines(&fewer).problems > 0);
    }
}

static void test_a_line_put_in_or_moved_is_noticed(void **state)
{
    const struct lines *all = *state;
    for (size_t at = 0; at + 1 < all->count; at++) {
        struct lines moved = *all;
        moved.line[at] = all->line[at + 1];
        moved.line[at + 1] = all->line[at];
        assert_true(verify_lines(&moved).problems > 0);
        moved.line[at] = all->line[at];
        moved.line[at + 1] = all->line[at];
        assert_true(verify_lines(&moved).problems > 0);
    }
}

/* Digests and texts of people can only be checked by a chain of digests; all that has a form is checked already. */
static const struct {
    const char *name;
    const char *from;
    const char *to;
    const char *says;
} edits[] = {
    {"another index", "\"index\":1,", "\"index\":7,",
     "the entry says that it is number 7: entries were taken out, put in or moved"},
    {"a blank", "\"index\":1,", "\"index\": 1,", "the entry has another form: at byte "},
    {"a number with an exponent", "\"index\":1,", "\"index\":1e0,",
     "the entry has another form: at byte "},
    {"a negative zero", "\"attempts\":0,", "\"attempts\":-0,",
     "the entry has another form: at byte "},
    {"an escape too many", "\"acme\"", "\"\\u0061cme\"", "the entry has another form: at byte "},
    {"a kind that is none", "\"kind\":\"intent\"", "\"kind\":\"indent\"",
     "there is no such kind of entry"},
    {"a member more", "\"workers\":2", "\"workers\":2,\"x\":1", "this start has a member too many"},
    {"a member twice", "\"workers\":2", "\"workers\":2,\"workers\":2",
     "the entry has another form: at byte "},
    {"a state that is none", "\"state\":\"done\"", "\"state\":\"fine\"",
     "the member 'state' of this outcome has another form"},
    {"an earlier time", "\"time\":\"2026-11-21T11:00:00.100000Z\"",
     "\"time\":\"2026-11-21T10:00:00.100000Z\"",
     "the time is earlier than that of the entry before"},
    {"a clock that went further", "\"back_us\":5000000", "\"back_us\":5000001",
     "the clock went back by another span than the entry says"},
    {"another intent", "\"intent\":1,", "\"intent\":0,", "the intent of this exchange is entry 1"},
    {"another exchange", "\"exchange\":\"0001000000000005\",\"index\":2",
     "\"exchange\":\"0001000000000004\",\"index\":2", "there is no open intent for this outcome"},
    {"fewer open", "\"open_intents\":1,", "\"open_intents\":0,",
     "1 intents are open, and the start says 0"},
    {"a policy not in force", "\"policies\":[\"07", "\"policies\":[\"08",
     "the policy was not in force"},
    {"a digest too short", "\"order_sha256\":\"", "\"order_sha256\":\"0",
     "the member 'order_sha256' of this intent has another form"},
    {"another version", "\"v\":1", "\"v\":2", "the entry is of another version"},
};

static void test_edits_are_noticed_and_named(void **state)
{
    const struct lines *all = *state;
    for (size_t i = 0; i < SP_COUNT(edits); i++) {
        struct lines edited = *all;
        struct sp_buf line;
        bool is_done = false;
        print_message("%s\n", edits[i].name);
        sp_buf_init(&line, (size_t)1 << 16);
        for (size_t k = 0; k < all->count && !is_done; k++) {
            const uint8_t *at =
                memmem(all->line[k].ptr, all->line[k].len, edits[i].from, strlen(edits[i].from));
            if (at != NULL) {
                size_t before = (size_t)(at - all->line[k].ptr);
                assert_int_equal(sp_buf_put(&line, sp_slice_sub(all->line[k], 0, before)), SP_OK);
                assert_int_equal(sp_buf_put_text(&line, edits[i].to), SP_OK);
                assert_int_equal(
                    sp_buf_put(&line, sp_slice_sub(all->line[k], before + strlen(edits[i].from),
                                                   SIZE_MAX)),
                    SP_OK);
                edited.line[k] = sp_buf_slice(&line);
                is_done = true;
            }
        }
        assert_true(is_done);
        struct findings report = verify_lines(&edited);
        assert_true(report.problems > 0);
        assert_memory_equal(report.first, edits[i].says, strlen(edits[i].says));
        sp_buf_done(&line);
    }
}

/* Every cut but those between lines; where those are noticed too, an intent is left open. */
static void test_a_cut_line_is_noticed(void **state)
{
    const struct lines *all = *state;
    struct lines cut = *all;
    for (size_t len = 1; len < all->line[all->count - 1].len; len++) {
        cut.line[all->count - 1] = sp_slice_sub(all->line[all->count - 1], 0, len);
        assert_true(verify_lines(&cut).problems > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_the_room_writes_is_whole, make_lines, end_lines),
        cmocka_unit_test_setup_teardown(test_a_line_taken_out_is_noticed, make_lines, end_lines),
        cmocka_unit_test_setup_teardown(test_a_line_put_in_or_moved_is_noticed, make_lines,
                                        end_lines),
        cmocka_unit_test_setup_teardown(test_edits_are_noticed_and_named, make_lines, end_lines),
        cmocka_unit_test_setup_teardown(test_a_cut_line_is_noticed, make_lines, end_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
