#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "audit/code.h"
#include "fake_disk.h"

#define NOON UINT64_C(1795258800000000)
#define DAY  (UINT64_C(24) * 60 * 60 * 1000 * 1000)
#define PATH "code/20261121/"

struct world {
    struct fake_disk fake;
    struct sp_code_keeper *keeper;
    uint8_t private_key[SP_SEAL_KEY_BYTES];
    uint8_t public_key[SP_SEAL_KEY_BYTES];
};

static void restart(struct world *w)
{
    sp_code_keeper_free(w->keeper);
    assert_int_equal(sp_code_keeper_new(&w->fake.disk, w->public_key, &w->keeper), SP_OK);
}

static int make_world(void **state)
{
    static struct world w;
    w = (struct world){.keeper = NULL};
    fake_disk_init(&w.fake);
    assert_int_equal(sp_seal_pair(w.private_key, w.public_key), SP_OK);
    restart(&w);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    sp_code_keeper_free(w->keeper);
    fake_disk_done(&w->fake);
    return 0;
}

static struct sp_code_name name_of(const char *code, uint64_t wall_us)
{
    struct sp_code_name name = {.wall_us = wall_us};
    assert_int_equal(sp_sha256(sp_slice_of(code), name.digest), SP_OK);
    return name;
}

static enum sp_err keep(struct world *w, const char *code, uint64_t wall_us)
{
    const struct sp_code_name name = name_of(code, wall_us);
    return sp_code_keep(w->keeper, &name, sp_slice_of(code));
}

static struct fake_file *file_of(struct world *w, const char *code, uint64_t wall_us)
{
    char path[SP_CODE_PATH_BYTES];
    const struct sp_code_name name = name_of(code, wall_us);
    sp_code_path(&name, path);
    return fake_disk_find(&w->fake, SP_DISK_OWN, path);
}

static void opens(struct world *w, const char *code, uint64_t wall_us)
{
    SP_AUTO_BUF struct sp_buf out;
    struct fake_file *file = file_of(w, code, wall_us);
    sp_buf_init(&out, 10000);
    assert_non_null(file);
    assert_int_equal(file->bytes.len, strlen(code) + SP_CODE_MORE);
    assert_int_equal(sp_code_unseal(w->private_key, sp_buf_slice(&file->bytes), &out), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&out), code));
}

static void test_code_is_kept_sealed_and_opened(void **state)
{
    struct world *w = *state;
    assert_int_equal(keep(w, "print(1)", NOON), SP_OK);
    assert_int_equal(sp_code_sync(w->keeper), SP_OK);
    opens(w, "print(1)", NOON);
    struct fake_file *file = file_of(w, "print(1)", NOON);
    assert_int_equal(strncmp(file->path, PATH, strlen(PATH)), 0);
    assert_null(memmem(file->bytes.ptr, file->bytes.len, "print", 5));
}

static void test_the_same_code_is_kept_once_a_day(void **state)
{
    struct world *w = *state;
    assert_int_equal(keep(w, "print(1)", NOON), SP_OK);
    assert_int_equal(keep(w, "print(1)", NOON), SP_OK);
    const uint64_t files = w->fake.inodes;
    assert_int_equal(sp_code_sync(w->keeper), SP_OK);
    const unsigned syncs = w->fake.syncs;
    assert_int_equal(keep(w, "print(1)", NOON + 1), SP_OK);
    assert_int_equal(sp_code_sync(w->keeper), SP_OK);
    assert_int_equal(w->fake.inodes, files);
    assert_int_equal(w->fake.syncs, syncs);
    assert_int_equal(keep(w, "print(1)", NOON + DAY), SP_OK);
    assert_int_equal(w->fake.inodes, files + 1);
    opens(w, "print(1)", NOON + DAY);
}

/* What an earlier process left is taken when it is whole, made durable, and not sealed again. */
static void test_what_was_kept_before_a_restart_is_not_written_again(void **state)
{
    struct world *w = *state;
    uint8_t before[SP_SEAL_KEY_BYTES];
    assert_int_equal(keep(w, "print(1)", NOON), SP_OK);
    memcpy(before, file_of(w, "print(1)", NOON)->bytes.ptr + 8, sizeof(before));
    restart(w); /* before it was durable */
    const unsigned syncs = w->fake.syncs;
    assert_int_equal(keep(w, "print(1)", NOON), SP_OK);
    assert_int_equal(sp_code_sync(w->keeper), SP_OK);
    assert_int_equal(w->fake.syncs, syncs + 1);
    assert_memory_equal(before, file_of(w, "print(1)", NOON)->bytes.ptr + 8, sizeof(before));
}

static void test_half_an_object_is_written_anew(void **state)
{
    struct world *w = *state;
    assert_int_equal(keep(w, "print(1)", NOON), SP_OK);
    struct fake_file *file = file_of(w, "print(1)", NOON);
    for (size_t len = 0; len < strlen("print(1)") + SP_CODE_MORE; len += 7) {
        file->bytes.len = len;
        restart(w);
        assert_int_equal(keep(w, "print(1)", NOON), SP_OK);
        opens(w, "print(1)", NOON);
    }
    memset(file->bytes.ptr, 0,
           file->bytes.len); /* the length reached the disk, and the bytes did not */
    restart(w);
    assert_int_equal(keep(w, "print(1)", NOON), SP_OK);
    opens(w, "print(1)", NOON);
    assert_int_equal(sp_buf_put_byte(&file->bytes, 0), SP_OK);
    restart(w);
    assert_int_equal(keep(w, "print(1)", NOON), SP_ERR_LOG_UNAVAILABLE);
    assert_non_null(strstr(sp_code_reason(w->keeper), "longer"));
}

/* After a failed sync the page cache proves nothing: the object is sealed and written once more. */
static void test_a_failed_sync_is_not_believed_later(void **state)
{
    struct world *w = *state;
    uint8_t before[SP_SEAL_KEY_BYTES];
    assert_int_equal(keep(w, "print(1)", NOON), SP_OK);
    memcpy(before, file_of(w, "print(1)", NOON)->bytes.ptr + 8, sizeof(before));
    w->fake.is_failing_sync = true;
    assert_int_equal(sp_code_sync(w->keeper), SP_ERR_LOG_UNAVAILABLE);
    assert_string_equal(sp_code_reason(w->keeper), "Input/output error");
    w->fake.is_failing_sync = false;
    assert_int_equal(keep(w, "print(1)", NOON), SP_OK);
    assert_memory_not_equal(before, file_of(w, "print(1)", NOON)->bytes.ptr + 8, sizeof(before));
    assert_int_equal(sp_code_sync(w->keeper), SP_OK);
    opens(w, "print(1)", NOON);
}

static void test_a_full_disk_is_said(void **state)
{
    struct world *w = *state;
    w->fake.room = 1000;
    assert_int_equal(keep(w, "print(1)", NOON), SP_ERR_LOG_UNAVAILABLE);
    assert_non_null(strstr(sp_code_reason(w->keeper), "No space"));
    w->fake.room = UINT64_MAX;
    w->fake.is_failing_write = true;
    assert_int_equal(keep(w, "print(1)", NOON), SP_ERR_LOG_UNAVAILABLE);
    w->fake.is_failing_write = false;
    assert_int_equal(keep(w, "print(1)", NOON), SP_OK);
    assert_int_equal(sp_code_sync(w->keeper), SP_OK);
    opens(w, "print(1)", NOON);
}

static void test_many_wait_for_one_sync_and_more_than_that_are_no_loss(void **state)
{
    struct world *w = *state;
    char code[32];
    for (unsigned i = 0; i < 150; i++) {
        (void)snprintf(code, sizeof(code), "print(%u)", i);
        assert_int_equal(keep(w, code, NOON), SP_OK);
    }
    assert_int_equal(sp_code_sync(w->keeper), SP_OK);
    for (unsigned i = 0; i < 150; i++) {
        (void)snprintf(code, sizeof(code), "print(%u)", i);
        opens(w, code, NOON);
    }
}

/* --- a piece at a time --- */

#define LARGE (2 * SP_CODE_PIECE + 5)

static struct sp_slice large_code(void)
{
    static uint8_t code[LARGE];
    for (size_t i = 0; i < LARGE; i++) {
        code[i] = (uint8_t)(i * 7 + i / 251);
    }
    return sp_slice_make(code, LARGE);
}

static struct sp_code_name large_name(void)
{
    struct sp_code_name name = {.wall_us = NOON};
    assert_int_equal(sp_sha256(large_code(), name.digest), SP_OK);
    return name;
}

static unsigned steps_of(struct sp_code_job *job)
{
    bool is_done = false;
    unsigned steps = 0;
    while (!is_done) {
        assert_int_equal(sp_code_step(job, large_code(), &is_done), SP_OK);
        steps++;
    }
    sp_code_job_free(job);
    return steps;
}

static struct fake_file *large_file(struct world *w)
{
    char path[SP_CODE_PATH_BYTES];
    const struct sp_code_name name = large_name();
    sp_code_path(&name, path);
    return fake_disk_find(&w->fake, SP_DISK_OWN, path);
}

static void opens_large(struct world *w)
{
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, LARGE + SP_CODE_MORE);
    assert_int_equal(large_file(w)->bytes.len, LARGE + SP_CODE_MORE);
    assert_int_equal(sp_code_unseal(w->private_key, sp_buf_slice(&large_file(w)->bytes), &out),
                     SP_OK);
    assert_true(sp_slice_equal(sp_buf_slice(&out), large_code()));
}

static void test_a_large_object_is_kept_in_pieces_and_synced_in_between(void **state)
{
    struct world *w = *state;
    struct sp_code_job *job = NULL;
    const struct sp_code_name name = large_name();
    const unsigned syncs = w->fake.syncs;
    assert_int_equal(sp_code_begin(w->keeper, &name, LARGE, &job), SP_OK);
    assert_non_null(job);
    assert_int_equal(steps_of(job), 3);
    assert_int_equal(w->fake.syncs, syncs + 2); /* the last piece waits for the commit */
    assert_int_equal(sp_code_begin(w->keeper, &name, LARGE, &job), SP_OK);
    assert_null(job);
    assert_int_equal(sp_code_sync(w->keeper), SP_OK);
    opens_large(w);
    assert_int_equal(sp_code_begin(w->keeper, &name, LARGE, &job), SP_OK);
    assert_null(job);
}

static void test_a_large_object_that_is_there_is_looked_through(void **state)
{
    static const size_t places[] = {
        0, 7, 8, SP_CODE_PIECE, 2 * SP_CODE_PIECE, LARGE + SP_CODE_MORE - 1};
    struct world *w = *state;
    struct sp_code_job *job = NULL;
    const struct sp_code_name name = large_name();
    assert_int_equal(sp_code_keep(w->keeper, &name, large_code()), SP_OK);
    restart(w);
    const uint8_t before = large_file(w)->bytes.ptr[9];
    assert_int_equal(sp_code_begin(w->keeper, &name, LARGE, &job), SP_OK);
    assert_int_equal(steps_of(job), 3);
    assert_int_equal(large_file(w)->bytes.ptr[9], before);
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        restart(w);
        large_file(w)->bytes.ptr[places[i]] ^= 1;
        assert_int_equal(sp_code_begin(w->keeper, &name, LARGE, &job), SP_OK);
        assert_in_range(steps_of(job), 4, 6);
        opens_large(w);
    }
}

static void test_what_goes_wrong_between_two_pieces_is_said(void **state)
{
    struct world *w = *state;
    struct sp_code_job *job = NULL;
    const struct sp_code_name name = large_name();
    bool is_done = false;
    assert_int_equal(sp_code_begin(w->keeper, &name, LARGE, &job), SP_OK);
    assert_int_equal(sp_code_step(job, sp_slice_sub(large_code(), 0, LARGE - 1), &is_done),
                     SP_ERR_INVALID);
    w->fake.is_failing_sync = true;
    assert_int_equal(sp_code_step(job, large_code(), &is_done), SP_ERR_LOG_UNAVAILABLE);
    w->fake.is_failing_sync = false;
    w->fake.is_failing_write = true;
    assert_int_equal(sp_code_step(job, large_code(), &is_done), SP_ERR_LOG_UNAVAILABLE);
    w->fake.is_failing_write = false;
    assert_false(is_done);
    sp_code_job_free(job); /* half of it is there */
    assert_int_equal(sp_code_begin(w->keeper, &name, LARGE, &job), SP_OK);
    assert_int_equal(steps_of(job), 3);
    opens_large(w);
}

static void test_any_changed_byte_of_an_object_is_found(void **state)
{
    struct world *w = *state;
    SP_AUTO_BUF struct sp_buf object;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&object, 1000);
    sp_buf_init(&out, 1000);
    assert_int_equal(sp_code_seal(w->public_key, sp_slice_of("print(1)"), &object), SP_OK);
    for (size_t i = 0; i < object.len; i++) {
        object.ptr[i] ^= 1;
        assert_int_equal(sp_code_unseal(w->private_key, sp_buf_slice(&object), &out),
                         SP_ERR_CORRUPT);
        object.ptr[i] ^= 1;
    }
    for (size_t len = 0; len < object.len; len++) {
        assert_int_equal(
            sp_code_unseal(w->private_key, sp_slice_sub(sp_buf_slice(&object), 0, len), &out),
            SP_ERR_CORRUPT);
    }
    w->private_key[0] ^= 8;
    assert_int_equal(sp_code_unseal(w->private_key, sp_buf_slice(&object), &out), SP_ERR_INVALID);
    assert_int_equal(out.len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_code_is_kept_sealed_and_opened),
        TEST(test_the_same_code_is_kept_once_a_day),
        TEST(test_what_was_kept_before_a_restart_is_not_written_again),
        TEST(test_half_an_object_is_written_anew),
        TEST(test_a_failed_sync_is_not_believed_later),
        TEST(test_a_full_disk_is_said),
        TEST(test_many_wait_for_one_sync_and_more_than_that_are_no_loss),
        TEST(test_a_large_object_is_kept_in_pieces_and_synced_in_between),
        TEST(test_a_large_object_that_is_there_is_looked_through),
        TEST(test_what_goes_wrong_between_two_pieces_is_said),
        TEST(test_any_changed_byte_of_an_object_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
