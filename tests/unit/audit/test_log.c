#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/journal.h"
#include "audit/log.h"
#include "fake_disk.h"

#define SECOND UINT64_C(1000000)
#define NOON   UINT64_C(1795258800000000)
#define NONE   UINT64_MAX

struct world {
    struct fake_disk fake;
    struct sp_open_set *open;
    struct sp_log_found found;
    struct sp_log *log;
    const char *reason;
    uint64_t mono_us;
};

static enum sp_err try_open(struct world *w)
{
    sp_open_set_free(w->open);
    assert_int_equal(sp_open_set_new(&w->open), SP_OK);
    return sp_log_open(&w->fake.disk, fake_keys(), w->open, &w->found, &w->log, &w->reason);
}

static int make_world(void **state)
{
    static struct world w;
    w = (struct world){.mono_us = SECOND};
    fake_disk_init(&w.fake);
    assert_int_equal(try_open(&w), SP_OK);
    w.fake.syncs = 0;
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
    assert_int_equal(sp_record_stop(stamp, sp_log_line(w->log)), SP_OK);
    assert_int_equal(sp_log_take(w->log, stamp), SP_OK);
}

static enum sp_err commit(struct world *w)
{
    enum sp_err err = sp_log_commit(w->log, NONE);
    sp_log_lay(w->log);
    return err;
}

static void committed(struct world *w)
{
    append(w, NOON);
    assert_int_equal(commit(w), SP_OK);
}

/* Ready again after the pause between two tries. */
static enum sp_err ready(struct world *w)
{
    w->mono_us += SP_LOG_RETRY_US;
    return sp_log_ready(w->log, w->mono_us, NOON);
}

static void publish(struct world *w)
{
    w->mono_us += SP_LOG_PUBLISH_US;
    sp_log_tick(w->log, w->mono_us, false);
    assert_string_equal(sp_log_reason(w->log), "");
}

/* The process ends without a word, and another one begins. */
static enum sp_err restart(struct world *w)
{
    sp_log_close(w->log);
    w->log = NULL;
    return try_open(w);
}

static void breaks_for(struct world *w, const char *reason)
{
    append(w, NOON);
    assert_int_equal(commit(w), SP_ERR_LOG_UNAVAILABLE);
    assert_true(sp_log_is_broken(w->log));
    assert_string_equal(sp_log_reason(w->log), reason);
}

static void test_one_durable_write_serves_a_whole_batch(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 64; i++) {
        append(w, NOON);
    }
    assert_int_equal(fake_disk_lines(&w->fake, "stop"), 0);
    assert_int_equal(commit(w), SP_OK);
    assert_int_equal(w->fake.syncs, 1);
    assert_int_equal(fake_disk_lines(&w->fake, "stop"), 64);
    assert_int_equal(fake_disk_lines(&w->fake, "\"index\":63,"), 1);
}

static void test_a_commit_does_not_change_the_length_of_the_journal(void **state)
{
    struct world *w = *state;
    committed(w);
    const size_t len = fake_disk_journal(&w->fake)->bytes.len;
    assert_int_equal(len, SP_JOURNAL_BYTES);
    committed(w);
    assert_int_equal(fake_disk_journal(&w->fake)->bytes.len, len);
}

static void test_a_full_disk_breaks_the_log_until_there_is_room(void **state)
{
    struct world *w = *state;
    committed(w);
    w->fake.room = 20;
    breaks_for(w, "No space left on device");
    assert_int_equal(ready(w), SP_ERR_LOG_UNAVAILABLE);
    w->fake.room = UINT64_MAX;
    sp_log_count_refused(w->log);
    assert_int_equal(sp_log_ready(w->log, w->mono_us, NOON),
                     SP_ERR_LOG_UNAVAILABLE); /* too early to try */
    assert_int_equal(ready(w), SP_OK);
    committed(w);
    assert_int_equal(
        fake_disk_lines(&w->fake, "{\"cut_bytes\":0,\"index\":1,\"kind\":\"recovery\","), 1);
    assert_int_equal(fake_disk_lines(&w->fake, "\"refused\":1,"), 1);
    assert_int_equal(fake_disk_lines(&w->fake, "{\"index\":2,\"kind\":\"stop\","), 1);
    assert_int_equal(restart(w), SP_OK);
    assert_int_equal(w->found.entries, 3);
    assert_int_equal(w->found.cut_bytes, 0);
}

/* The batch that the failed write was for never happened, however much of it reached the file. */
static void test_a_failed_sync_drops_the_batch(void **state)
{
    static const size_t reached[] = {0, 1, 40, 100, 4095, SIZE_MAX};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(reached); i++) {
        void *own = NULL;
        (void)make_world(&own);
        struct world *w = own;
        committed(w);
        w->fake.is_failing_sync = true;
        w->fake.durable_most = reached[i];
        breaks_for(w, "Input/output error");
        const unsigned failures = w->fake.sync_failures;
        assert_int_equal(commit(w), SP_ERR_LOG_UNAVAILABLE);
        assert_int_equal(w->fake.sync_failures, failures); /* never again on the same descriptor */
        w->fake.is_failing_sync = false;
        w->fake.durable_most = SIZE_MAX;
        assert_int_equal(ready(w), SP_OK);
        assert_int_equal(fake_disk_lines(&w->fake, "stop"), 1);
        assert_int_equal(
            fake_disk_lines(&w->fake, "{\"cut_bytes\":4096,\"index\":1,\"kind\":\"recovery\""), 1);
        (void)end_world(&own);
    }
}

static void test_a_removed_journal_is_followed_by_a_new_one(void **state)
{
    struct world *w = *state;
    committed(w);
    struct fake_file *ours = fake_disk_journal(&w->fake);
    ours->is_there = false;
    breaks_for(w, "No such file or directory");
    assert_int_equal(ready(w), SP_OK);
    assert_ptr_not_equal(fake_disk_journal(&w->fake), ours);
    assert_int_equal(
        fake_disk_lines(&w->fake, "\"index\":1,\"kind\":\"recovery\",\"reason\":\"No such file"),
        1);
    assert_int_equal(restart(w), SP_OK);
    assert_int_equal(w->found.entries,
                     2); /* what only the lost one had was laid down in tiles before */
}

static void test_a_swapped_journal_is_left_alone(void **state)
{
    struct world *w = *state;
    committed(w);
    struct fake_file *ours = fake_disk_journal(&w->fake);
    fake_disk_swap(&w->fake, ours);
    struct fake_file *theirs = fake_disk_find(&w->fake, SP_DISK_OWN, ours->path);
    assert_int_equal(sp_buf_put_text(&theirs->bytes, "what is this"), SP_OK);
    breaks_for(w, "the journal was replaced or changed by another program");
    assert_int_equal(ready(w), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&theirs->bytes), "what is this"));
    committed(w);
    assert_int_equal(restart(w), SP_OK);
    assert_int_equal(w->found.entries, 3);
}

static void test_a_journal_changed_by_another_program_is_noticed(void **state)
{
    struct world *w = *state;
    committed(w);
    assert_int_equal(sp_buf_put_byte(&fake_disk_journal(&w->fake)->bytes, 'x'), SP_OK);
    breaks_for(w, "the journal was replaced or changed by another program");
    assert_int_equal(ready(w), SP_OK);
    committed(w);
    assert_int_equal(fake_disk_lines(&w->fake, "stop"), 2);
}

static const struct {
    const char *path;
    bool is_swapped;
    const char *reason;
} meddlings[] = {
    {"checkpoint", false, "the checkpoint was removed"},
    {"checkpoint", true, "the checkpoint was replaced by another program"},
    {"tile/entries/000.p/1", false, "the latest entries were removed"},
    {"tile/entries/000.p/1", true, "the latest entries were replaced by another program"},
};

static void test_meddling_with_what_is_published_is_noticed_and_mended(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(meddlings); i++) {
        void *own = NULL;
        (void)make_world(&own);
        struct world *w = own;
        print_message("%s\n", meddlings[i].reason);
        committed(w);
        publish(w);
        struct fake_file *file = fake_disk_find(&w->fake, SP_DISK_LOG, meddlings[i].path);
        assert_non_null(file);
        if (meddlings[i].is_swapped) {
            fake_disk_swap(&w->fake, file);
        } else {
            file->is_there = false;
        }
        breaks_for(w, meddlings[i].reason);
        assert_int_equal(ready(w), SP_OK);
        publish(w);
        assert_true(fake_disk_find(&w->fake, SP_DISK_LOG, meddlings[i].path)->bytes.len > 0);
        assert_int_equal(fake_disk_lines(&w->fake, meddlings[i].reason), 1);
        (void)end_world(&own);
    }
}

static void test_a_longer_file_in_the_place_of_ours_stays_in_the_way(void **state)
{
    static uint8_t longer[4000];
    struct world *w = *state;
    committed(w);
    publish(w);
    struct fake_file *file = fake_disk_find(&w->fake, SP_DISK_LOG, "checkpoint");
    fake_disk_swap(&w->fake, file);
    struct fake_file *theirs = fake_disk_find(&w->fake, SP_DISK_LOG, "checkpoint");
    assert_int_equal(sp_buf_put(&theirs->bytes, sp_slice_make(longer, sizeof(longer))), SP_OK);
    breaks_for(w, "the checkpoint was replaced by another program");
    assert_int_equal(ready(w), SP_ERR_LOG_UNAVAILABLE);
    assert_string_equal(sp_log_reason(w->log),
                        "a file of the log was replaced by a longer one; move it away");
    theirs->is_there = false;
    assert_int_equal(ready(w), SP_OK);
}

static void test_a_read_only_disk_is_reported_and_tried_again(void **state)
{
    struct world *w = *state;
    w->fake.is_failing_write = true;
    breaks_for(w, "Input/output error");
    w->fake.is_failing_open = true;
    assert_int_equal(ready(w), SP_ERR_LOG_UNAVAILABLE);
    assert_string_equal(sp_log_reason(w->log), "Read-only file system");
    w->fake.is_failing_write = false;
    w->fake.is_failing_open = false;
    assert_int_equal(ready(w), SP_OK);
}

static void test_a_clock_set_back_is_an_entry(void **state)
{
    struct world *w = *state;
    append(w, NOON);
    append(w, NOON - SECOND / 2); /* a small step only holds the time */
    append(w, NOON - 10 * SECOND);
    assert_int_equal(commit(w), SP_OK);
    assert_int_equal(fake_disk_lines(&w->fake, "T11:00:00.000000Z"), 2);
    assert_int_equal(
        fake_disk_lines(&w->fake, "{\"back_us\":10000000,\"index\":2,\"kind\":\"clock\","), 1);
    assert_int_equal(fake_disk_lines(&w->fake, "T10:59:50.000000Z"), 2);
}

/* Full tiles are there at once, partial ones and the checkpoint when they are published. */
static void test_tiles_are_laid_down(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 300; i++) {
        append(w, NOON);
    }
    assert_int_equal(commit(w), SP_OK);
    assert_int_equal(fake_disk_find(&w->fake, SP_DISK_LOG, "tile/0/000")->bytes.len, 8192);
    assert_non_null(fake_disk_find(&w->fake, SP_DISK_LOG, "tile/entries/000"));
    assert_null(fake_disk_find(&w->fake, SP_DISK_LOG, "checkpoint"));
    publish(w);
    assert_int_equal(fake_disk_find(&w->fake, SP_DISK_LOG, "tile/0/001.p/44")->bytes.len, 44 * 32);
    assert_int_equal(fake_disk_find(&w->fake, SP_DISK_LOG, "tile/1/000.p/1")->bytes.len, 32);
    assert_non_null(fake_disk_find(&w->fake, SP_DISK_LOG, "tile/entries/001.p/44"));
    assert_non_null(fake_disk_find(&w->fake, SP_DISK_LOG, "checkpoint"));
    committed(w);
    w->mono_us += SP_LOG_PUBLISH_US / 2;
    sp_log_tick(w->log, w->mono_us, false);
    assert_null(fake_disk_find(&w->fake, SP_DISK_LOG, "tile/0/001.p/45")); /* not yet time */
    sp_log_tick(w->log, w->mono_us, true);
    assert_non_null(fake_disk_find(&w->fake, SP_DISK_LOG, "tile/0/001.p/45"));
}

/* A disk that is full when a bundle is laid down does not lose what was committed. */
static void test_what_cannot_be_laid_down_is_kept(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 255; i++) {
        append(w, NOON);
    }
    assert_int_equal(commit(w), SP_OK);
    append(w, NOON);
    append(w, NOON);
    assert_int_equal(sp_log_commit(w->log, NONE), SP_OK);
    w->fake.room = 100;
    sp_log_lay(w->log);
    assert_string_equal(sp_log_reason(w->log), "No space left on device");
    assert_int_equal(ready(w), SP_ERR_LOG_UNAVAILABLE);
    w->fake.room = UINT64_MAX;
    assert_int_equal(ready(w), SP_OK);
    publish(w);
    assert_int_equal(fake_disk_lines(&w->fake, "stop"), 257);
    assert_non_null(fake_disk_find(&w->fake, SP_DISK_LOG, "tile/entries/000"));
    assert_int_equal(restart(w), SP_OK);
    assert_int_equal(w->found.entries, 258);
}

/* Journals are used in turn, without growing, and each is begun anew only when its entries are durable in tiles. */
static void test_journals_take_turns(void **state)
{
    struct world *w = *state;
    const uint64_t records = 5 * SP_JOURNAL_BYTES / SP_JOURNAL_BLOCK / 2;
    for (uint64_t i = 0; i < records; i++) {
        committed(w);
        if (i % 500 == 0) {
            publish(w);
        }
    }
    assert_int_equal(fake_disk_find(&w->fake, SP_DISK_OWN, "journal-0")->bytes.len,
                     SP_JOURNAL_BYTES);
    assert_int_equal(fake_disk_find(&w->fake, SP_DISK_OWN, "journal-1")->bytes.len,
                     SP_JOURNAL_BYTES);
    assert_null(fake_disk_find(&w->fake, SP_DISK_OWN, "journal-2"));
    assert_int_equal(restart(w), SP_OK);
    assert_int_equal(w->found.entries, records);
    committed(w);
    assert_int_equal(fake_disk_lines(&w->fake, "stop"), records + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_durable_write_serves_a_whole_batch, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_a_commit_does_not_change_the_length_of_the_journal,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_full_disk_breaks_the_log_until_there_is_room,
                                        make_world, end_world),
        cmocka_unit_test(test_a_failed_sync_drops_the_batch),
        cmocka_unit_test_setup_teardown(test_a_removed_journal_is_followed_by_a_new_one, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_a_swapped_journal_is_left_alone, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_a_journal_changed_by_another_program_is_noticed,
                                        make_world, end_world),
        cmocka_unit_test(test_meddling_with_what_is_published_is_noticed_and_mended),
        cmocka_unit_test_setup_teardown(test_a_longer_file_in_the_place_of_ours_stays_in_the_way,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_read_only_disk_is_reported_and_tried_again,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_clock_set_back_is_an_entry, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_tiles_are_laid_down, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_laid_down_is_kept, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_journals_take_turns, make_world, end_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
