#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/repeats.h"
#include "fake_disk.h"

#define NOON  UINT64_C(1795258800000000)
#define MOST  4U
#define LARGE ((size_t)300 * 1024)

static const struct sp_repeats_limits limits = {.of_tenant = MOST,
                                                .tenant_bytes = 2 * LARGE + 1000,
                                                .file_bytes = 2 * LARGE + 4 * SP_REPEAT_HEAD_MAX};

struct world {
    struct fake_disk fake;
    struct sp_repeats *repeats;
};

static void open_again(struct world *w)
{
    sp_repeats_free(w->repeats);
    assert_int_equal(sp_repeats_new(&w->fake.disk, &limits, &w->repeats), SP_OK);
}

static int make_world(void **state)
{
    static struct world w;
    w = (struct world){.repeats = NULL};
    fake_disk_init(&w.fake);
    open_again(&w);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    sp_repeats_free(w->repeats);
    fake_disk_done(&w->fake);
    return 0;
}

static struct sp_repeat repeat_of(uint8_t number, const char *tenant)
{
    return (struct sp_repeat){.key = {number},
                              .request = {number},
                              .wall_us = NOON,
                              .intent = number,
                              .tenant = sp_slice_of(tenant),
                              .execution = sp_slice_of("run"),
                              .session = sp_slice_of("5e55")};
}

static enum sp_err begin(struct world *w, uint8_t number, const char *tenant)
{
    const struct sp_repeat repeat = repeat_of(number, tenant);
    SP_TRY(sp_repeats_begin(w->repeats, &repeat));
    return sp_repeats_commit(w->repeats);
}

static void end(struct world *w, uint8_t number, enum sp_repeat_state state, struct sp_slice answer)
{
    struct sp_repeat repeat = repeat_of(number, "acme");
    repeat.state = state;
    sp_repeats_end(w->repeats, &repeat, answer);
}

/* The state of a key; SP_REPEAT_STATES for one that is not known. */
static enum sp_repeat_state look(struct world *w, uint8_t number)
{
    const struct sp_repeat repeat = repeat_of(number, "acme");
    struct sp_repeat_found found = {.state = SP_REPEAT_STATES};
    enum sp_err err = sp_repeats_find(w->repeats, repeat.key, repeat.request, NOON + 1, &found);
    assert_true(err == SP_ERR_NOT_FOUND ||
                (err == SP_OK && found.is_same && found.intent == number));
    return found.state;
}

static void answers(struct world *w, uint8_t number, struct sp_slice want)
{
    const struct sp_repeat asked = repeat_of(number, "acme");
    struct sp_repeat repeat;
    struct sp_slice answer = {NULL, 0};
    SP_AUTO_BUF struct sp_buf space;
    sp_buf_init(&space, SP_REPEATS_FILE_BYTES);
    assert_int_equal(sp_repeats_read(w->repeats, asked.key, &space, &repeat, &answer), SP_OK);
    assert_true(sp_slice_equal(answer, want) && repeat.intent == number &&
                sp_slice_is(repeat.session, "5e55"));
}

static void test_a_key_goes_its_way(void **state)
{
    struct world *w = *state;
    assert_int_equal(look(w, 1), SP_REPEAT_STATES);
    assert_int_equal(begin(w, 1, "acme"), SP_OK);
    assert_int_equal(look(w, 1), SP_REPEAT_RUNNING);
    assert_int_equal(begin(w, 1, "acme"), SP_ERR_FULL);
    end(w, 1, SP_REPEAT_DONE, sp_slice_of("the answer"));
    assert_int_equal(look(w, 1), SP_REPEAT_DONE);
    answers(w, 1, sp_slice_of("the answer"));
    assert_int_equal(look(w, 2), SP_REPEAT_STATES);
}

static void test_it_is_known_after_a_restart(void **state)
{
    struct world *w = *state;
    assert_int_equal(begin(w, 1, "acme"), SP_OK);
    assert_int_equal(begin(w, 2, "acme"), SP_OK);
    assert_int_equal(begin(w, 3, "acme"), SP_OK);
    end(w, 1, SP_REPEAT_DONE, sp_slice_of("one"));
    end(w, 3, SP_REPEAT_WITHDRAWN, sp_slice_of(NULL));
    open_again(w);
    assert_int_equal(look(w, 1), SP_REPEAT_DONE);
    answers(w, 1, sp_slice_of("one"));
    assert_int_equal(look(w, 3), SP_REPEAT_STATES);
}

static void test_what_ran_when_the_process_died_is_not_run_again(void **state)
{
    struct world *w = *state;
    assert_int_equal(begin(w, 1, "acme"), SP_OK);
    assert_int_equal(begin(w, 2, "acme"), SP_OK);
    end(w, 2, SP_REPEAT_WITHDRAWN, sp_slice_of(NULL));
    open_again(w);
    assert_int_equal(look(w, 1), SP_REPEAT_UNKNOWN);
    assert_int_equal(look(w, 2), SP_REPEAT_STATES);
    assert_int_equal(begin(w, 2, "acme"), SP_OK);
}

static void test_another_request_is_told_from_the_first(void **state)
{
    struct world *w = *state;
    struct sp_repeat repeat = repeat_of(1, "acme");
    struct sp_repeat_found found;
    assert_int_equal(begin(w, 1, "acme"), SP_OK);
    repeat.request[31] = 1;
    assert_int_equal(sp_repeats_find(w->repeats, repeat.key, repeat.request, NOON, &found), SP_OK);
    assert_false(found.is_same);
}

static void test_a_day_later_it_is_forgotten(void **state)
{
    struct world *w = *state;
    const struct sp_repeat repeat = repeat_of(1, "acme");
    struct sp_repeat_found found;
    assert_int_equal(begin(w, 1, "acme"), SP_OK);
    assert_int_equal(sp_repeats_find(w->repeats, repeat.key, repeat.request,
                                     NOON + 2 * SP_REPEATS_KEEP_US, &found),
                     SP_OK);
    end(w, 1, SP_REPEAT_DONE, sp_slice_of(NULL));
    assert_int_equal(
        sp_repeats_find(w->repeats, repeat.key, repeat.request, NOON + SP_REPEATS_KEEP_US, &found),
        SP_OK);
    assert_int_equal(sp_repeats_find(w->repeats, repeat.key, repeat.request,
                                     NOON + SP_REPEATS_KEEP_US + 1, &found),
                     SP_ERR_NOT_FOUND);
}

/* The bound is each tenant's own: the oldest of those that are over makes room, and nobody else's. */
static void test_a_tenant_has_so_many(void **state)
{
    struct world *w = *state;
    assert_int_equal(begin(w, 100, "other"), SP_OK);
    end(w, 100, SP_REPEAT_DONE, sp_slice_of(NULL));
    for (uint8_t i = 1; i <= MOST; i++) {
        assert_int_equal(begin(w, i, "acme"), SP_OK);
    }
    assert_int_equal(begin(w, 50, "acme"), SP_ERR_FULL);
    end(w, 2, SP_REPEAT_DONE, sp_slice_of(NULL));
    assert_int_equal(begin(w, 50, "acme"), SP_OK);
    assert_int_equal(look(w, 2), SP_REPEAT_STATES);
    assert_int_equal(look(w, 1), SP_REPEAT_RUNNING);
    assert_int_equal(look(w, 100), SP_REPEAT_DONE);
}

/* Two such answers fill a file. What stood in the file that is used again is forgotten, and nothing else. */
static void test_the_files_are_used_in_turn(void **state)
{
    struct world *w = *state;
    static uint8_t large[LARGE];
    char tenant[] = "tenant a";
    const uint8_t all = 2 * SP_REPEATS_FILES + 1;
    for (uint8_t number = 1; number <= all; number++) {
        tenant[sizeof(tenant) - 2] = (char)('a' + number);
        assert_int_equal(begin(w, number, tenant), SP_OK);
        end(w, number, SP_REPEAT_DONE, sp_slice_make(large, sizeof(large)));
    }
    open_again(w);
    assert_int_equal(look(w, 1), SP_REPEAT_STATES);
    assert_int_equal(look(w, 2), SP_REPEAT_STATES);
    for (uint8_t number = 3; number <= all; number++) {
        assert_int_equal(look(w, number), SP_REPEAT_DONE);
    }
    answers(w, all, sp_slice_make(large, sizeof(large)));
}

/* A file in which something still runs is not written over. */
static void test_what_runs_is_not_written_over(void **state)
{
    struct world *w = *state;
    static uint8_t large[LARGE];
    uint8_t number = 1;
    enum sp_err err = begin(w, number, "acme");
    while (err == SP_OK && number < 100) {
        number++;
        char tenant[] = {(char)number, 0};
        err = begin(w, number, tenant);
        end(w, number, SP_REPEAT_DONE, sp_slice_make(large, sizeof(large)));
    }
    assert_int_equal(err, SP_ERR_FULL);
    assert_true(number > 2 * (SP_REPEATS_FILES - 1));
    assert_int_equal(look(w, 1), SP_REPEAT_RUNNING);
    end(w, 1, SP_REPEAT_WITHDRAWN, sp_slice_of(NULL));
    assert_int_equal(begin(w, number, "acme"), SP_OK);
}

static void test_an_answer_over_the_tenants_room_is_not_kept(void **state)
{
    struct world *w = *state;
    static uint8_t large[LARGE];
    for (uint8_t i = 1; i <= 3; i++) {
        assert_int_equal(begin(w, i, "acme"), SP_OK);
        end(w, i, SP_REPEAT_DONE, sp_slice_make(large, sizeof(large)));
    }
    assert_int_equal(look(w, 2), SP_REPEAT_DONE);
    assert_int_equal(look(w, 3), SP_REPEAT_LOST);
    open_again(w);
    assert_int_equal(look(w, 2), SP_REPEAT_DONE);
    assert_int_equal(look(w, 3), SP_REPEAT_LOST);
    answers(w, 2, sp_slice_make(large, sizeof(large)));
}

static void test_a_damaged_answer_is_not_given(void **state)
{
    struct world *w = *state;
    const struct sp_repeat asked = repeat_of(1, "acme");
    struct sp_repeat repeat;
    struct sp_slice answer;
    SP_AUTO_BUF struct sp_buf space;
    sp_buf_init(&space, SP_REPEATS_FILE_BYTES);
    assert_int_equal(begin(w, 1, "acme"), SP_OK);
    end(w, 1, SP_REPEAT_DONE, sp_slice_of("the answer"));
    struct fake_file *file = fake_disk_find(&w->fake, SP_DISK_OWN, "repeats-0");
    assert_non_null(file);
    file->bytes.ptr[file->bytes.len - 1] ^= 1;
    assert_int_equal(sp_repeats_read(w->repeats, asked.key, &space, &repeat, &answer),
                     SP_ERR_CORRUPT);
}

static void test_a_key_that_cannot_be_written_is_not_taken(void **state)
{
    struct world *w = *state;
    assert_int_equal(begin(w, 1, "acme"), SP_OK);
    w->fake.is_failing_write = true;
    assert_int_equal(begin(w, 2, "acme"), SP_ERR_SYSTEM);
    w->fake.is_failing_write = false;
    assert_int_equal(look(w, 2), SP_REPEAT_STATES);
    assert_int_equal(begin(w, 2, "acme"), SP_OK);
    w->fake.is_failing_sync = true;
    assert_int_equal(begin(w, 3, "acme"), SP_ERR_SYSTEM);
    w->fake.is_failing_sync = false;
    assert_int_equal(begin(w, 4, "acme"), SP_OK);
    assert_non_null(fake_disk_find(&w->fake, SP_DISK_OWN, "repeats-1"));
    end(w, 1, SP_REPEAT_DONE, sp_slice_of("one"));
    open_again(w);
    assert_int_equal(look(w, 1), SP_REPEAT_DONE);
    assert_int_equal(look(w, 4), SP_REPEAT_UNKNOWN);
}

static void test_an_end_that_cannot_be_written_leaves_it_unknown(void **state)
{
    struct world *w = *state;
    assert_int_equal(begin(w, 1, "acme"), SP_OK);
    w->fake.is_failing_write = true;
    end(w, 1, SP_REPEAT_DONE, sp_slice_of("lost"));
    w->fake.is_failing_write = false;
    assert_int_equal(look(w, 1), SP_REPEAT_UNKNOWN);
}

static void test_files_that_cannot_be_opened_are_tried_again(void **state)
{
    struct world *w = *state;
    const struct sp_repeat repeat = repeat_of(1, "acme");
    struct sp_repeat_found found;
    w->fake.is_failing_open = true;
    assert_int_equal(sp_repeats_find(w->repeats, repeat.key, repeat.request, NOON, &found),
                     SP_ERR_SYSTEM);
    w->fake.is_failing_open = false;
    assert_int_equal(sp_repeats_find(w->repeats, repeat.key, repeat.request, NOON + 1, &found),
                     SP_ERR_UNAVAILABLE);
    assert_int_equal(
        sp_repeats_find(w->repeats, repeat.key, repeat.request, NOON + 1000000, &found),
        SP_ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_key_goes_its_way),
        TEST(test_it_is_known_after_a_restart),
        TEST(test_what_ran_when_the_process_died_is_not_run_again),
        TEST(test_another_request_is_told_from_the_first),
        TEST(test_a_day_later_it_is_forgotten),
        TEST(test_a_tenant_has_so_many),
        TEST(test_the_files_are_used_in_turn),
        TEST(test_what_runs_is_not_written_over),
        TEST(test_an_answer_over_the_tenants_room_is_not_kept),
        TEST(test_a_damaged_answer_is_not_given),
        TEST(test_a_key_that_cannot_be_written_is_not_taken),
        TEST(test_an_end_that_cannot_be_written_leaves_it_unknown),
        TEST(test_files_that_cannot_be_opened_are_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
