#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/log.h"
#include "fake_disk.h"

#define SECOND UINT64_C(1000000)
#define NOON   UINT64_C(1795258800000000)
#define AT     "2026-11-21T11:00:00.000000Z"

struct world {
    struct fake_disk fake;
    struct sp_open_set *open;
    struct sp_log_found found;
    struct sp_log *log;
    uint64_t mono_us;
};

static void open_log(struct world *w)
{
    if (w->open != NULL) {
        sp_open_set_free(w->open);
    }
    assert_int_equal(sp_open_set_new(&w->open), SP_OK);
    assert_int_equal(sp_log_open(&w->fake.disk, w->open, &w->found, &w->log), SP_OK);
}

static int make_world(void **state)
{
    static struct world w;
    w = (struct world){.mono_us = SECOND};
    fake_disk_init(&w.fake);
    open_log(&w);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    sp_log_close(w->log);
    sp_open_set_free(w->open);
    fake_disk_done(&w->fake);
    return 0;
}

static void append(struct world *w, uint64_t wall_us)
{
    struct sp_stamp stamp;
    assert_int_equal(sp_log_stamp(w->log, wall_us, &stamp), SP_OK);
    assert_int_equal(sp_record_stop(stamp, sp_log_batch(w->log)), SP_OK);
    sp_log_appended(w->log, stamp);
}

/* Ready again after the pause between two tries. */
static enum sp_err ready(struct world *w)
{
    w->mono_us += SP_LOG_RETRY_US;
    return sp_log_ready(w->log, w->mono_us, NOON);
}

static void reopen(struct world *w)
{
    sp_log_close(w->log);
    w->log = NULL;
    open_log(w);
}

static void test_one_sync_serves_a_whole_batch(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 64; i++) {
        append(w, NOON);
    }
    assert_int_equal(fake_disk_lines(&w->fake, "stop"), 0);
    assert_int_equal(sp_log_commit(w->log), SP_OK);
    assert_int_equal(w->fake.syncs, 1);
    assert_int_equal(fake_disk_lines(&w->fake, "stop"), 64);
    assert_int_equal(fake_disk_lines(&w->fake, "\"index\":63,"), 1);
}

static void test_a_short_write_is_finished(void **state)
{
    struct world *w = *state;
    w->fake.write_most = 7;
    append(w, NOON);
    assert_int_equal(sp_log_commit(w->log), SP_OK);
    assert_int_equal(fake_disk_lines(&w->fake, "{\"index\":0,\"kind\":\"stop\","), 1);
}

/* Half a line is on the disk: it is blanked, the entry behind says how much it was, and numbers have no gap. */
static void test_a_full_disk_breaks_the_log_until_there_is_room(void **state)
{
    struct world *w = *state;
    append(w, NOON);
    assert_int_equal(sp_log_commit(w->log), SP_OK);
    w->fake.room = 20;
    append(w, NOON);
    assert_int_equal(sp_log_commit(w->log), SP_ERR_LOG_UNAVAILABLE);
    assert_true(sp_log_is_broken(w->log));
    assert_string_equal(sp_log_reason(w->log), "No space left on device");
    assert_int_equal(ready(w), SP_ERR_LOG_UNAVAILABLE);
    w->fake.room = UINT64_MAX;
    sp_log_count_refused(w->log);
    assert_int_equal(sp_log_ready(w->log, w->mono_us, NOON), SP_ERR_LOG_UNAVAILABLE); /* too early to try */
    assert_int_equal(ready(w), SP_OK);
    append(w, NOON);
    assert_int_equal(sp_log_commit(w->log), SP_OK);
    assert_int_equal(fake_disk_lines(&w->fake, "{\"cut_bytes\":20,\"index\":1,\"kind\":\"recovery\","), 1);
    assert_int_equal(fake_disk_lines(&w->fake, "\"refused\":1,"), 1);
    assert_int_equal(fake_disk_lines(&w->fake, "{\"index\":2,\"kind\":\"stop\","), 1);
    reopen(w);
    assert_int_equal(w->found.entries, 3);
    assert_int_equal(w->found.damaged_lines, 0);
    assert_int_equal(w->found.cut_bytes, 0);
}

/* The batch that the failed sync was for never happened, although its bytes reached the file. */
static void test_a_failed_sync_drops_the_batch(void **state)
{
    struct world *w = *state;
    append(w, NOON);
    append(w, NOON);
    w->fake.is_failing_sync = true;
    assert_int_equal(sp_log_commit(w->log), SP_ERR_LOG_UNAVAILABLE);
    assert_int_equal(sp_log_commit(w->log), SP_ERR_LOG_UNAVAILABLE);
    assert_int_equal(w->fake.sync_failures, 1); /* never again on the same descriptor */
    w->fake.is_failing_sync = false;
    assert_int_equal(ready(w), SP_OK);
    assert_int_equal(fake_disk_lines(&w->fake, "stop"), 0);
    assert_int_equal(fake_disk_lines(&w->fake, "\"index\":0,\"kind\":\"recovery\""), 1);
}

static void test_a_deleted_file_is_followed_by_a_new_one(void **state)
{
    struct world *w = *state;
    append(w, NOON);
    assert_int_equal(sp_log_commit(w->log), SP_OK);
    fake_disk_last(&w->fake)->is_there = false;
    append(w, NOON);
    assert_int_equal(sp_log_commit(w->log), SP_ERR_LOG_UNAVAILABLE);
    assert_string_equal(sp_log_reason(w->log), "No such file or directory");
    assert_int_equal(ready(w), SP_OK);
    assert_string_equal(fake_disk_last(&w->fake)->name, "entries-00000000000000000001.jsonl");
    assert_int_equal(fake_disk_lines(&w->fake, "\"index\":1,\"kind\":\"recovery\",\"reason\":\"No such file"), 1);
}

static void test_a_swapped_file_is_left_alone(void **state)
{
    struct world *w = *state;
    int fd = -1;
    append(w, NOON);
    assert_int_equal(sp_log_commit(w->log), SP_OK);
    struct fake_file *ours = fake_disk_last(&w->fake);
    ours->is_there = false;
    assert_int_equal(w->fake.disk.open(&w->fake, ours->name, true, &fd), SP_OK);
    append(w, NOON);
    assert_int_equal(sp_log_commit(w->log), SP_ERR_LOG_UNAVAILABLE);
    assert_string_equal(sp_log_reason(w->log), "the file was replaced");
    assert_int_equal(ready(w), SP_OK);
    assert_int_equal(w->fake.files[fd].bytes.len, 0);
    assert_int_equal(fake_disk_count(&w->fake), 2);
}

static const struct {
    const char *name;
    int change; /* of the length; 0 alters a byte as well as appending one */
} changes[] = {{"a byte more", 1}, {"a byte less", -1}, {"an altered end", 0}};

static void test_a_file_changed_by_another_program_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(changes); i++) {
        void *own = NULL;
        print_message("%s\n", changes[i].name);
        (void)make_world(&own);
        struct world *w = own;
        append(w, NOON);
        assert_int_equal(sp_log_commit(w->log), SP_OK);
        struct sp_buf *bytes = &fake_disk_last(&w->fake)->bytes;
        if (changes[i].change < 0) {
            sp_buf_truncate(bytes, bytes->len - 1);
        } else {
            bytes->ptr[bytes->len - 5] = changes[i].change == 0 ? '!' : bytes->ptr[bytes->len - 5];
            assert_int_equal(sp_buf_put_byte(bytes, 'x'), SP_OK);
        }
        append(w, NOON);
        assert_int_equal(sp_log_commit(w->log), SP_ERR_LOG_UNAVAILABLE);
        assert_string_equal(sp_log_reason(w->log), "the file was changed by another program");
        assert_int_equal(ready(w), SP_OK);
        /* What was only added is blanked; what was ours and is no more is left as it stands. */
        assert_int_equal(fake_disk_count(&w->fake), changes[i].change > 0 ? 1 : 2);
        (void)end_world(&own);
    }
}

/* Every length at which a crash can cut the last line. */
static void test_a_torn_end_is_blanked_at_the_next_start(void **state)
{
    struct world *w = *state;
    append(w, NOON);
    append(w, NOON);
    assert_int_equal(sp_log_commit(w->log), SP_OK);
    struct sp_buf *bytes = &fake_disk_last(&w->fake)->bytes;
    size_t line = bytes->len / 2;
    for (size_t cut = 1; cut < line; cut++) {
        sp_buf_truncate(bytes, bytes->len - 1);
        reopen(w);
        assert_int_equal(w->found.entries, 1);
        assert_int_equal(w->found.cut_bytes, line - cut);
        assert_int_equal(w->found.damaged_lines, 0);
    }
    append(w, NOON);
    assert_int_equal(sp_log_commit(w->log), SP_OK);
    reopen(w);
    assert_int_equal(w->found.entries, 2);
    assert_int_equal(w->found.cut_bytes, 0);
}

static void test_damage_in_the_middle_is_left_and_followed_by_a_new_file(void **state)
{
    struct world *w = *state;
    append(w, NOON);
    append(w, NOON);
    append(w, NOON);
    assert_int_equal(sp_log_commit(w->log), SP_OK);
    struct sp_buf *bytes = &fake_disk_last(&w->fake)->bytes;
    bytes->ptr[bytes->len / 3 + 2] = '!';
    struct sp_slice before = sp_buf_slice(bytes);
    reopen(w);
    assert_int_equal(w->found.damaged_lines, 2); /* the line, and the gap in the numbers */
    assert_int_equal(w->found.entries, 3);
    append(w, NOON);
    assert_int_equal(sp_log_commit(w->log), SP_OK);
    assert_true(sp_slice_equal(before, sp_buf_slice(bytes)));
    assert_string_equal(fake_disk_last(&w->fake)->name, "entries-00000000000000000003.jsonl");
}

static void test_intents_without_outcome_are_found(void **state)
{
    struct world *w = *state;
    static const char *const lines[] = {
        "{\"exchange\":\"0001000000000005\",\"index\":0,\"kind\":\"intent\",\"time\":\"" AT "\"}\n",
        "{\"exchange\":\"0001000000000006\",\"index\":1,\"kind\":\"intent\",\"time\":\"" AT "\"}\n",
        "{\"detail\":\"\\\"kind\\\":\\\"outcome\\\",\",\"exchange\":\"0001000000000006\",\"index\":2,\"kind\":\"refusal\",\"time\":\"" AT "\"}\n",
        "{\"exchange\":\"0001000000000005\",\"index\":3,\"intent\":0,\"kind\":\"outcome\",\"time\":\"" AT "\"}\n",
    };
    sp_exchange exchange = 0;
    uint64_t index = 0;
    for (size_t i = 0; i < SP_COUNT(lines); i++) {
        assert_int_equal(sp_buf_put_text(&fake_disk_last(&w->fake)->bytes, lines[i]), SP_OK);
    }
    reopen(w);
    assert_int_equal(w->found.entries, 4);
    assert_int_equal(sp_open_set_count(w->open), 1);
    assert_int_equal(sp_open_set_take_first(w->open, &exchange, &index), SP_OK);
    assert_int_equal(exchange, UINT64_C(0x0001000000000006));
    assert_int_equal(index, 1);
}

static void test_a_clock_set_back_is_an_entry(void **state)
{
    struct world *w = *state;
    append(w, NOON);
    append(w, NOON - SECOND / 2); /* a small step only holds the time */
    append(w, NOON - 10 * SECOND);
    assert_int_equal(sp_log_commit(w->log), SP_OK);
    assert_int_equal(fake_disk_lines(&w->fake, "T11:00:00.000000Z"), 2);
    assert_int_equal(fake_disk_lines(&w->fake, "{\"back_us\":10000000,\"index\":2,\"kind\":\"clock\","), 1);
    assert_int_equal(fake_disk_lines(&w->fake, "T10:59:50.000000Z"), 2);
}

static void test_a_read_only_disk_is_reported_and_tried_again(void **state)
{
    struct world *w = *state;
    append(w, NOON);
    w->fake.is_failing_write = true;
    assert_int_equal(sp_log_commit(w->log), SP_ERR_LOG_UNAVAILABLE);
    w->fake.is_failing_open = true;
    assert_int_equal(ready(w), SP_ERR_LOG_UNAVAILABLE);
    assert_string_equal(sp_log_reason(w->log), "Read-only file system");
    w->fake.is_failing_write = false;
    w->fake.is_failing_open = false;
    assert_int_equal(ready(w), SP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_sync_serves_a_whole_batch, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_short_write_is_finished, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_full_disk_breaks_the_log_until_there_is_room, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_failed_sync_drops_the_batch, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_deleted_file_is_followed_by_a_new_one, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_swapped_file_is_left_alone, make_world, end_world),
        cmocka_unit_test(test_a_file_changed_by_another_program_is_noticed),
        cmocka_unit_test_setup_teardown(test_a_torn_end_is_blanked_at_the_next_start, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_damage_in_the_middle_is_left_and_followed_by_a_new_file, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_intents_without_outcome_are_found, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_clock_set_back_is_an_entry, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_read_only_disk_is_reported_and_tried_again, make_world, end_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
