#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "process/identities.h"

struct world {
    char path[64];
    int dir;
};

static int make_world(void **state)
{
    static struct world w;
    (void)snprintf(w.path, sizeof(w.path), "/tmp/sp-identity-XXXXXX");
    assert_non_null(mkdtemp(w.path));
    w.dir = open(w.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    char command[96];
    sp_close(w->dir);
    (void)snprintf(command, sizeof(command), "rm -rf %s", w->path);
    assert_int_equal(system(command), 0);
    return 0;
}

static void test_a_key_is_made_once_for_each_tenant(void **state)
{
    struct world *w = *state;
    uint8_t first[SP_VEIL_KEY_BYTES];
    uint8_t again[SP_VEIL_KEY_BYTES];
    struct stat st;
    assert_int_equal(sp_identity_read(w->dir, "acme", first), SP_ERR_NOT_FOUND);
    assert_int_equal(sp_identity_need(w->dir, "acme", first), SP_OK);
    assert_int_equal(fstatat(w->dir, "acme", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(sp_identity_need(w->dir, "acme", again), SP_OK);
    assert_memory_equal(first, again, sizeof(first));
    assert_int_equal(sp_identity_need(w->dir, SP_IDENTITY_OF_NOBODY, again), SP_OK);
    assert_memory_not_equal(first, again, sizeof(first));
}

static void test_an_erased_key_does_not_come_back(void **state)
{
    struct world *w = *state;
    uint8_t first[SP_VEIL_KEY_BYTES];
    uint8_t next[SP_VEIL_KEY_BYTES];
    char left[80] = "";
    assert_int_equal(sp_identity_need(w->dir, "acme", first), SP_OK);
    SP_AUTO_CLOSE int fd = openat(w->dir, "acme", O_RDONLY | O_CLOEXEC);
    assert_int_equal(sp_identity_erase(w->dir, "acme"), SP_OK);
    assert_int_equal(sp_identity_read(w->dir, "acme", next), SP_ERR_NOT_FOUND);
    assert_int_equal(read(fd, left, sizeof(left)), 65); /* the very file was overwritten */
    for (size_t i = 0; i < 65; i++) {
        assert_int_equal(left[i], 0);
    }
    assert_int_equal(sp_identity_erase(w->dir, "acme"), SP_ERR_NOT_FOUND);
    assert_int_equal(sp_identity_need(w->dir, "acme", next), SP_OK);
    assert_memory_not_equal(first, next, sizeof(first));
}

static void test_names_that_lead_elsewhere_and_files_without_a_key_are_refused(void **state)
{
    static const char *const names[] = {"", ".", "..", "../acme", "a/b", "-a", "~~", "a b"};
    static const char *const texts[] = {
        "", "00", "zz", "0000000000000000000000000000000000000000000000000000000000000000ff"};
    struct world *w = *state;
    uint8_t key[SP_VEIL_KEY_BYTES];
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        assert_int_equal(sp_identity_need(w->dir, names[i], key), SP_ERR_INVALID);
        assert_int_equal(sp_identity_erase(w->dir, names[i]), SP_ERR_INVALID);
    }
    for (size_t i = 0; i < SP_COUNT(texts); i++) {
        int fd = openat(w->dir, "bad", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_int_equal(write(fd, texts[i], strlen(texts[i])), (ssize_t)strlen(texts[i]));
        sp_close(fd);
        assert_int_equal(sp_identity_need(w->dir, "bad", key), SP_ERR_CORRUPT);
    }
}

static void test_many_keys_are_drafts_until_they_are_settled(void **state)
{
    static const char *const names[] = {"acme", "acme.new", "beta", SP_IDENTITY_OF_NOBODY};
    struct world *w = *state;
    SP_CLEANUP(sp_identity_end) struct sp_identity_batch batch = {.dir = -1};
    uint8_t old[SP_VEIL_KEY_BYTES];
    uint8_t made[4][SP_VEIL_KEY_BYTES];
    uint8_t again[SP_VEIL_KEY_BYTES];
    assert_int_equal(sp_identity_begin(w->dir, &batch), SP_OK);
    assert_int_equal(sp_identity_need(batch.dir, "acme.new", old), SP_OK);
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        assert_int_equal(sp_identity_draft(&batch, names[i], made[i]), SP_OK);
    }
    assert_int_equal(batch.made, 3); /* one was there, and nobody else's draft has its name */
    assert_memory_equal(made[1], old, sizeof(old));
    assert_int_equal(sp_identity_read(batch.dir, "beta", again), SP_ERR_NOT_FOUND);
    assert_int_equal(sp_identity_settle(&batch), SP_OK);
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        assert_int_equal(sp_identity_read(batch.dir, names[i], again), SP_OK);
        assert_memory_equal(again, made[i], sizeof(again));
    }
    assert_memory_not_equal(made[0], made[2], sizeof(again));
    assert_int_equal(sp_identity_settle(&batch), SP_OK);
}

/* What a crash left before it was settled was used by nobody. */
static void test_drafts_of_a_crash_are_made_anew(void **state)
{
    struct world *w = *state;
    SP_CLEANUP(sp_identity_end) struct sp_identity_batch batch = {.dir = -1};
    uint8_t lost[SP_VEIL_KEY_BYTES];
    uint8_t made[SP_VEIL_KEY_BYTES];
    assert_int_equal(sp_identity_begin(w->dir, &batch), SP_OK);
    assert_int_equal(sp_identity_draft(&batch, "acme", lost), SP_OK);
    sp_identity_end(&batch);
    assert_int_equal(sp_identity_begin(w->dir, &batch), SP_OK);
    assert_int_equal(sp_identity_draft(&batch, "acme", made), SP_OK);
    assert_memory_not_equal(lost, made, sizeof(made));
    assert_int_equal(sp_identity_settle(&batch), SP_OK);
    assert_int_equal(sp_identity_read(batch.dir, "acme", lost), SP_OK);
    assert_memory_equal(lost, made, sizeof(made));
    assert_int_equal(sp_identity_draft(&batch, "../acme", made), SP_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_key_is_made_once_for_each_tenant, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_an_erased_key_does_not_come_back, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_many_keys_are_drafts_until_they_are_settled,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(test_drafts_of_a_crash_are_made_anew, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(
            test_names_that_lead_elsewhere_and_files_without_a_key_are_refused, make_world,
            end_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
