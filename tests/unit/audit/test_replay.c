#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audit/journal.h"
#include "log_world.h"

#define AT "2026-11-21T11:00:00.000000Z"

static int make_world(void **state)
{
    static struct log_world w;
    log_world_make(&w);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    log_world_done(*state);
    return 0;
}

static void removed(struct log_world *w, enum sp_disk_place place, const char *path)
{
    struct fake_file *file = fake_disk_find(&w->fake, place, path);
    assert_non_null(file);
    file->is_there = false;
}

static void grows_on(struct log_world *w, uint64_t entries)
{
    assert_int_equal(w->found.entries, entries);
    log_world_grow(w, 1, 1);
    log_world_publish(w);
    assert_int_equal(fake_disk_lines(&w->fake, "stop"), entries + 1);
}

static void test_what_was_committed_is_there_again(void **state)
{
    struct log_world *w = *state;
    uint64_t size = 0;
    for (unsigned each = 1; each < 400; each = each * 3 + 1) {
        log_world_grow(w, 300, each);
        size += 300;
        if (each % 2 == 0) {
            log_world_publish(w);
        }
        assert_int_equal(log_world_restart(w), SP_OK);
        assert_int_equal(w->found.entries, size);
        assert_int_equal(w->found.cut_bytes, 0);
        assert_int_equal(w->found.lost_entries, 0);
    }
    grows_on(w, size);
}

/* Whatever part of a record reached the disk, the one before it stands and the next one takes its place. */
static void test_a_torn_record_is_cut_off(void **state)
{
    struct log_world *w = *state;
    static uint8_t whole[SP_JOURNAL_BLOCK];
    log_world_grow(w, 5, 1);
    struct fake_file *journal = fake_disk_journal(&w->fake);
    uint8_t *last = journal->bytes.ptr + 4 * SP_JOURNAL_BLOCK;
    memcpy(whole, last, sizeof(whole));
    struct sp_journal_record record;
    assert_int_equal(sp_journal_read(sp_slice_make(whole, sizeof(whole)), &record), SP_OK);
    const size_t used = (size_t)(record.note.ptr - whole) + record.note.len;
    for (size_t len = 0; len < used; len++) {
        memset(last + len, 0, SP_JOURNAL_BLOCK - len);
        assert_int_equal(log_world_restart(w), SP_OK);
        assert_int_equal(w->found.entries, 4);
        assert_int_equal(w->found.cut_bytes, len >= 36 ? SP_JOURNAL_BLOCK : 0);
        memcpy(last, whole, sizeof(whole));
    }
    assert_int_equal(log_world_restart(w), SP_OK);
    grows_on(w, 5);
}

static void test_any_changed_byte_of_the_last_record_cuts_it_off(void **state)
{
    struct log_world *w = *state;
    log_world_grow(w, 2, 1);
    struct fake_file *journal = fake_disk_journal(&w->fake);
    struct sp_journal_record record;
    uint8_t *last = journal->bytes.ptr + SP_JOURNAL_BLOCK;
    assert_int_equal(sp_journal_read(sp_slice_make(last, SP_JOURNAL_BLOCK), &record), SP_OK);
    const size_t used = (size_t)(record.note.ptr - last) + record.note.len;
    for (size_t at = 0; at < used; at++) {
        if (at >= 16 && at < 24) {
            continue; /* where the next start looks for open intents; more than it needs does no harm */
        }
        last[at] ^= 1;
        assert_int_equal(log_world_restart(w), SP_OK);
        assert_int_equal(w->found.entries, 1);
        last[at] ^= 1;
    }
    assert_int_equal(log_world_restart(w), SP_OK);
    grows_on(w, 2);
}

/* After a loss of power what was not synced yet may be gone: the journals have it. */
static void test_files_that_did_not_reach_the_disk_are_made_again(void **state)
{
    static const char *const paths[] = {"checkpoint",      "tile/entries/000",
                                        "tile/0/000",      "tile/entries/001.p/44",
                                        "tile/0/001.p/44", "tile/1/000.p/1"};
    struct log_world *w = *state;
    log_world_grow(w, 300, 7);
    log_world_publish(w);
    for (size_t i = 0; i < SP_COUNT(paths); i++) {
        print_message("%s\n", paths[i]);
        struct fake_file *file = fake_disk_find(&w->fake, SP_DISK_LOG, paths[i]);
        assert_non_null(file);
        if (file->bytes.len > 8 && i % 2 == 0) {
            memset(file->bytes.ptr, 0, file->bytes.len);
        } else {
            file->is_there = false;
        }
    }
    assert_int_equal(log_world_restart(w), SP_OK);
    grows_on(w, 300);
    assert_non_null(fake_disk_find(&w->fake, SP_DISK_LOG, "tile/0/000"));
}

static void test_the_published_log_is_enough_when_the_journals_are_gone(void **state)
{
    struct log_world *w = *state;
    log_world_grow(w, 300, 7);
    log_world_publish(w);
    removed(w, SP_DISK_OWN, "journal-0");
    removed(w, SP_DISK_OWN, "journal-1");
    assert_int_equal(log_world_restart(w), SP_OK);
    assert_int_equal(w->found.lost_entries, 0);
    grows_on(w, 300);
    assert_int_equal(log_world_restart(w), SP_OK);
    grows_on(w, 301);
}

static void test_the_journals_are_enough_when_a_young_log_is_gone(void **state)
{
    struct log_world *w = *state;
    log_world_grow(w, 300, 7);
    log_world_publish(w);
    for (size_t i = 0; i < w->fake.inodes; i++) {
        w->fake.files[i].is_there = w->fake.files[i].place == SP_DISK_OWN;
    }
    assert_int_equal(log_world_restart(w), SP_OK);
    grows_on(w, 300);
}

static void test_a_log_that_lost_its_end_says_so(void **state)
{
    struct log_world *w = *state;
    log_world_grow(w, 3, 1);
    log_world_publish(w);
    for (size_t i = 0; i < w->fake.inodes; i++) {
        w->fake.files[i].is_there = strcmp(w->fake.files[i].path, "latest") == 0;
    }
    assert_int_equal(log_world_restart(w), SP_OK);
    assert_int_equal(w->found.entries, 0);
    assert_int_equal(w->found.lost_entries, 3);
}

static void test_parts_that_do_not_fit_stop_the_log(void **state)
{
    static const char *const paths[] = {"tile/0/001.p/44", "tile/entries/001.p/44", "checkpoint"};
    struct log_world *w = *state;
    log_world_grow(w, 300, 7);
    log_world_publish(w);
    removed(w, SP_DISK_OWN, "journal-0");
    removed(w, SP_DISK_OWN, "journal-1");
    for (size_t i = 0; i < SP_COUNT(paths); i++) {
        struct fake_file *file = fake_disk_find(&w->fake, SP_DISK_LOG, paths[i]);
        file->bytes.ptr[40] ^= 1;
        assert_int_equal(log_world_restart(w), SP_ERR_CORRUPT);
        assert_string_equal(
            w->reason, "its files do not fit together; see what 'sallyport audit verify' says");
        file->bytes.ptr[40] ^= 1;
    }
    assert_int_equal(log_world_restart(w), SP_OK);
    grows_on(w, 300);
}

static void test_intents_without_outcome_are_found(void **state)
{
    static const char *const lines[] = {
        "{\"exchange\":\"0001000000000005\",\"index\":301,\"kind\":\"intent\",\"time\":\"" AT "\"}",
        "{\"exchange\":\"0001000000000006\",\"index\":302,\"kind\":\"intent\",\"time\":\"" AT "\"}",
        "{\"detail\":\"\\\"kind\\\":\\\"outcome\\\",\",\"exchange\":\"0001000000000006\",\"index\":"
        "303,\"kind\":\"refusal\","
        "\"time\":\"" AT "\"}",
        "{\"exchange\":\"0001000000000005\",\"index\":304,\"intent\":301,\"kind\":\"outcome\","
        "\"time\":\"" AT "\"}",
    };
    struct log_world *w = *state;
    sp_exchange exchange = 0;
    uint64_t index = 0;
    log_world_grow(w, 301, 301);
    for (size_t i = 0; i < SP_COUNT(lines); i++) {
        log_world_put(w, lines[i], 301);
    }
    log_world_grow(
        w, 400,
        100); /* the oldest open intent is far back: the commits of these say that none is open */
    log_world_put(w, lines[2], 302);
    assert_int_equal(log_world_restart(w), SP_OK);
    assert_int_equal(sp_open_set_count(w->open), 1);
    assert_int_equal(sp_open_set_take_first(w->open, &exchange, &index), SP_OK);
    assert_int_equal(exchange, UINT64_C(0x0001000000000006));
    assert_int_equal(index, 302);
}

/* Two full turns of the journals, with a start at every place where they may stand. */
static void test_a_start_at_any_time_finds_all(void **state)
{
    struct log_world *w = *state;
    uint64_t size = 0;
    const unsigned turn = (unsigned)(SP_JOURNAL_BYTES / SP_JOURNAL_BLOCK);
    for (unsigned i = 0; i < 60; i++) {
        const unsigned more = i % 7 == 0 ? 1 : turn / 13;
        log_world_grow(w, more, 1);
        size += more;
        if (i % 5 == 0) {
            log_world_publish(w);
        }
        assert_int_equal(log_world_restart(w), SP_OK);
        assert_int_equal(w->found.entries, size);
    }
    grows_on(w, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_committed_is_there_again, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_a_torn_record_is_cut_off, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_any_changed_byte_of_the_last_record_cuts_it_off,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(test_files_that_did_not_reach_the_disk_are_made_again,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(test_the_published_log_is_enough_when_the_journals_are_gone,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(test_the_journals_are_enough_when_a_young_log_is_gone,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(test_a_log_that_lost_its_end_says_so, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_parts_that_do_not_fit_stop_the_log, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_intents_without_outcome_are_found, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_a_start_at_any_time_finds_all, make_world, end_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
