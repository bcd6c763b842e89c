#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/tile.h"
#include "audit/verify_log.h"
#include "room_world.h"

/* The two halves find together what the whole does, each its own. */
static void verify_halves(const struct sp_log_verify *whole, const struct sp_log_verified *want)
{
    struct report reports[2] = {{.problems = 0}, {.problems = 0}};
    for (unsigned i = 0; i < 2; i++) {
        struct sp_log_verify half = *whole;
        struct sp_log_verified got;
        half.part = i == 0 ? SP_LOG_ENTRIES : SP_LOG_HASHES;
        half.ctx = &reports[i];
        half.problem = note_problem;
        assert_int_equal(sp_log_verify(&half, &got), SP_OK);
        assert_int_equal(got.problems, reports[i].problems);
        assert_int_equal(got.published, want->published);
        assert_int_equal(got.totals.entries, i == 0 ? want->totals.entries : 0);
    }
    assert_int_equal(reports[0].problems + reports[1].problems, want->problems);
}

static struct report check(struct world *w, const struct sp_note_key *key, struct sp_slice older)
{
    const struct report report = verify_from(w, key, older);
    const struct sp_log_verify options = {.disk = &w->fake.disk, .key = key, .older = older};
    assert_int_equal(report.verified.problems, report.problems);
    verify_halves(&options, &report.verified);
    return report;
}

static struct report verify_alone(struct world *w)
{
    return check(w, NULL, sp_slice_make(NULL, 0));
}

/* A day in small: what requests leave, published twice, and an orderly end. */
static int make_log(void **state)
{
    (void)make_world(state);
    struct world *w = *state;
    run(w, X);
    assert_int_equal(tell_outcome(w, X, SP_END_DONE), SP_OK);
    commit(w);
    later(w, 2 * SECOND);
    sp_audit_tick(w->room, w->now);
    run(w, FRONT_1 | 6);
    assert_int_equal(tell_outcome(w, FRONT_1 | 6, SP_END_UNKNOWN), SP_OK);
    commit(w);
    sp_audit_stop(w->room, w->now);
    return 0;
}

/* A longer one, with full tiles. */
static void make_longer(struct world *w)
{
    lengthen(w, 600);
    sp_audit_stop(w->room, w->now);
}

static bool is_of_the_log(const struct fake_file *file)
{
    return file->is_there && file->place == SP_DISK_LOG;
}

static void test_a_log_is_whole(void **state)
{
    struct world *w = *state;
    struct report report = check(w, fake_key(), sp_slice_make(NULL, 0));
    assert_string_equal(report.first, "");
    make_longer(w);
    report = verify_alone(w);
    assert_string_equal(report.first, "");
}

/* Every byte of every file, the superseded partial ones too. */
static void test_every_changed_byte_is_found(void **state)
{
    struct world *w = *state;
    size_t changed = 0;
    for (size_t i = 0; i < w->fake.inodes; i++) {
        w->fake.files[i].is_there = is_of_the_log(&w->fake.files[i]); /* as a copy of the log is */
    }
    for (size_t i = 0; i < w->fake.inodes; i++) {
        struct fake_file *file = &w->fake.files[i];
        for (size_t at = 0; is_of_the_log(file) && at < file->bytes.len; at++) {
            const uint8_t flip = (uint8_t)(1U << (at % 8));
            file->bytes.ptr[at] ^= flip;
            if (verify_alone(w).problems == 0) {
                print_error("%s byte %zu can be changed\n", file->path, at);
                assert_true(false);
            }
            file->bytes.ptr[at] ^= flip;
            changed++;
        }
    }
    assert_true(changed > 4000);
    assert_int_equal(verify_alone(w).problems, 0);
}

static void test_every_cut_and_every_lost_or_added_file_is_found(void **state)
{
    struct world *w = *state;
    make_longer(w);
    for (size_t i = 0; i < w->fake.inodes; i++) {
        struct fake_file *file = &w->fake.files[i];
        if (!is_of_the_log(file)) {
            continue;
        }
        const size_t len = file->bytes.len;
        for (size_t cut = 1; cut < len; cut += cut * 3) {
            file->bytes.len = len - cut;
            assert_true(verify_alone(w).problems > 0);
        }
        file->bytes.len = len;
        assert_int_equal(sp_buf_put_byte(&file->bytes, 0), SP_OK);
        assert_true(verify_alone(w).problems > 0);
        sp_buf_truncate(&file->bytes, len);
    }
    struct sp_checkpoint checkpoint;
    char partial[SP_TILE_PATH_BYTES];
    assert_int_equal(
        sp_checkpoint_read(
            sp_buf_slice(&fake_disk_find(&w->fake, SP_DISK_LOG, "checkpoint")->bytes), &checkpoint),
        SP_OK);
    sp_tile_path((struct sp_tile){SP_TILE_ENTRIES, 2, sp_tile_partial(0, checkpoint.size)},
                 partial);
    const char *const needed[] = {"tile/entries/001", "tile/0/001", "tile/1/000.p/2", partial};
    for (size_t i = 0; i < SP_COUNT(needed); i++) {
        struct fake_file *file = fake_disk_find(&w->fake, SP_DISK_LOG, needed[i]);
        print_message("%s\n", needed[i]);
        assert_non_null(file);
        file->is_there = false;
        assert_true(verify_alone(w).problems > 0);
        file->is_there = true;
    }
    static const char *const more[] = {"note.txt", "tile/entries/003", "tile/0/002.p/200",
                                       "tile/2/000.p/1", "tile/0/x000/001"};
    for (size_t i = 0; i < SP_COUNT(more); i++) {
        int fd = 0;
        assert_int_equal(w->fake.disk.open(&w->fake, (struct sp_disk_name){SP_DISK_LOG, more[i]},
                                           SP_DISK_MAKE, &fd),
                         SP_OK);
        assert_true(verify_alone(w).problems > 0);
        w->fake.files[fd].is_there = false;
    }
    assert_int_equal(verify_alone(w).problems, 0);
}

/* Whoever holds the machine can drop the end and sign again; a checkpoint kept elsewhere tells. */
static void test_a_kept_checkpoint_finds_a_cut_end_and_a_rewritten_log(void **state)
{
    struct world *w = *state;
    SP_AUTO_BUF struct sp_buf kept;
    struct sp_node other = {.bytes = {1}};
    sp_buf_init(&kept, SP_NOTE_BYTES_MAX);
    assert_int_equal(
        sp_buf_put(&kept,
                   sp_buf_slice(&fake_disk_find(&w->fake, SP_DISK_LOG, "checkpoint")->bytes)),
        SP_OK);
    assert_int_equal(check(w, fake_key(), sp_buf_slice(&kept)).problems, 0);
    make_longer(w);
    assert_int_equal(check(w, fake_key(), sp_buf_slice(&kept)).problems, 0);
    sp_buf_clear(&kept);
    assert_int_equal(sp_checkpoint_write(fake_key(), 100000, &other, &kept), SP_OK);
    struct report report = check(w, fake_key(), sp_buf_slice(&kept));
    assert_string_equal(
        report.first, ": the checkpoint that was kept covers 100000 entries: the end was cut off");
    sp_buf_clear(&kept);
    assert_int_equal(sp_checkpoint_write(fake_key(), 3, &other, &kept), SP_OK);
    report = check(w, fake_key(), sp_buf_slice(&kept));
    assert_string_equal(report.first, ": the first 3 entries are not those of the checkpoint that "
                                      "was kept: entries were changed");
    kept.ptr[kept.len - 5] ^= 1;
    assert_true(check(w, fake_key(), sp_buf_slice(&kept)).problems > 1);
}

static void test_another_key_is_noticed(void **state)
{
    static const uint8_t seed[SP_SIGN_SEED_BYTES] = {7};
    struct world *w = *state;
    SP_AUTO_NOTE_KEY struct sp_note_key key = {.key = NULL};
    assert_int_equal(sp_note_key_from_seed(sp_slice_of("example.com/log"), seed, &key), SP_OK);
    struct report report = check(w, &key, sp_slice_make(NULL, 0));
    assert_string_equal(report.first, "checkpoint: it is not signed by example.com/log");
}

/* What is committed but not published is looked at as well. */
static void test_the_journal_is_looked_at(void **state)
{
    struct world *w = *state;
    struct sp_log_verified verified;
    struct report report = {.problems = 0};
    const struct sp_log_verify options = {
        .disk = &w->fake.disk, .ctx = &report, .problem = note_problem};
    sp_audit_room_free(w->room);
    open_room(w);
    assert_int_equal(sp_log_verify(&options, &verified), SP_OK);
    assert_string_equal(report.first, "");
    assert_int_equal(verified.totals.entries, verified.published + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_log_is_whole, make_log, end_world),
        cmocka_unit_test_setup_teardown(test_every_changed_byte_is_found, make_log, end_world),
        cmocka_unit_test_setup_teardown(test_every_cut_and_every_lost_or_added_file_is_found,
                                        make_log, end_world),
        cmocka_unit_test_setup_teardown(test_a_kept_checkpoint_finds_a_cut_end_and_a_rewritten_log,
                                        make_log, end_world),
        cmocka_unit_test_setup_teardown(test_another_key_is_noticed, make_log, end_world),
        cmocka_unit_test_setup_teardown(test_the_journal_is_looked_at, make_log, end_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
