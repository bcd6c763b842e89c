#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "api/scope.h"
#include "identity/store.h"

#define NOW UINT64_C(1795258800000000)

struct world {
    char dir[64];
    struct sp_token_store *writer;
    struct sp_token_store *reader;
    unsigned entries, changes;
    struct sp_token_entry last; /* without its texts */
    char id[SP_TOKEN_ID_MAX + 1];
    bool was_revoked;
    uint64_t change;
};

static int open_in(const struct world *w, const char *name, int flags)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", w->dir, name);
    int fd = open(path, flags | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void attach(struct world *w)
{
    assert_int_equal(sp_token_store_attach(open_in(w, SP_TOKEN_STORE_FILE, O_RDONLY),
                                           open_in(w, SP_TOKEN_STORE_JOURNAL, O_RDONLY),
                                           &w->reader),
                     SP_OK);
}

static int make_world(void **state)
{
    static struct world w;
    w = (struct world){.dir = "/tmp/sallyport-store-XXXXXX"};
    assert_non_null(mkdtemp(w.dir));
    assert_int_equal(sp_token_store_open(w.dir, &w.writer), SP_OK);
    attach(&w);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    char command[128];
    sp_token_store_close(w->reader);
    sp_token_store_close(w->writer);
    (void)snprintf(command, sizeof(command), "rm -r %s", w->dir);
    return system(command);
}
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

static enum sp_err add(struct world *w, const char *id)
{
    const struct sp_token_entry entry = {.row = {.id = sp_slice_of(id),
                                                 .tenant = SP_SLICE_LITERAL("acme"),
                                                 .digest = {1, 2, 3},
                                                 .scopes = SP_SCOPE_FILES | SP_SCOPE_ADMIN,
                                                 .expires_us = NOW + 5},
                                         .issued_us = NOW};
    return sp_token_store_add(w->writer, &entry);
}

static enum sp_err on_entry(void *ctx, const struct sp_token_entry *entry)
{
    struct world *w = ctx;
    w->entries++;
    w->last = *entry;
    sp_slice_to_text(entry->row.id, w->id, sizeof(w->id));
    assert_true(sp_slice_is(entry->row.tenant, "acme"));
    return SP_OK;
}

static enum sp_err on_change(void *ctx, const struct sp_token_change *change)
{
    struct world *w = ctx;
    assert_true(change->change > w->change);
    w->changes++;
    w->change = change->change;
    w->was_revoked = change->is_revoked;
    sp_slice_to_text(change->token->row.id, w->id, sizeof(w->id));
    return SP_OK;
}

static bool has_changed(struct world *w)
{
    bool is_changed = false;
    assert_int_equal(sp_token_store_has_changed(w->reader, &is_changed), SP_OK);
    return is_changed;
}

static void test_what_is_written_is_read_by_descriptors(void **state)
{
    struct world *w = *state;
    assert_true(has_changed(w));
    assert_false(has_changed(w));
    assert_int_equal(add(w, "one"), SP_OK);
    assert_true(has_changed(w));
    assert_false(has_changed(w));
    assert_int_equal(sp_token_store_each(w->reader, 0, on_entry, w), SP_OK);
    assert_int_equal(w->entries, 1);
    assert_string_equal(w->id, "one");
    assert_int_equal(w->last.row.digest[2], 3);
    assert_int_equal(w->last.row.scopes, SP_SCOPE_FILES | SP_SCOPE_ADMIN);
    assert_int_equal(w->last.row.expires_us, NOW + 5);
    assert_int_equal(w->last.issued_us, NOW);
    assert_false(w->last.row.is_revoked);
}

static void test_only_what_changed_is_read_again(void **state)
{
    struct world *w = *state;
    assert_int_equal(add(w, "one"), SP_OK);
    assert_int_equal(add(w, "two"), SP_OK);
    assert_int_equal(sp_token_store_each(w->reader, 0, on_entry, w), SP_OK);
    assert_int_equal(w->entries, 2);
    assert_int_equal(sp_token_store_revoke(w->writer, SP_SLICE_LITERAL("one"), NOW + 9), SP_OK);
    assert_true(has_changed(w));
    assert_int_equal(sp_token_store_each(w->reader, w->last.change, on_entry, w), SP_OK);
    assert_int_equal(w->entries, 3);
    assert_string_equal(w->id, "one");
    assert_true(w->last.row.is_revoked);
    assert_int_equal(w->last.revoked_us, NOW + 9);
}

static void test_an_issue_and_its_revocation_are_two_changes(void **state)
{
    struct world *w = *state;
    assert_int_equal(add(w, "one"), SP_OK);
    assert_int_equal(sp_token_store_revoke(w->writer, SP_SLICE_LITERAL("one"), NOW), SP_OK);
    assert_int_equal(add(w, "two"), SP_OK);
    assert_int_equal(sp_token_store_changes(w->reader, 0, 2, on_change, w), SP_OK);
    assert_int_equal(w->changes, 2);
    assert_true(w->was_revoked);
    assert_string_equal(w->id, "one");
    assert_int_equal(sp_token_store_changes(w->reader, w->change, 2, on_change, w), SP_OK);
    assert_int_equal(w->changes, 3);
    assert_false(w->was_revoked);
}

static void test_what_cannot_be_is_refused(void **state)
{
    struct world *w = *state;
    assert_int_equal(add(w, "one"), SP_OK);
    assert_int_equal(add(w, "one"), SP_ERR_DUPLICATE);
    assert_int_equal(add(w, "One"), SP_ERR_INVALID);
    assert_int_equal(sp_token_store_revoke(w->writer, SP_SLICE_LITERAL("two"), NOW),
                     SP_ERR_NOT_FOUND);
    assert_int_equal(sp_token_store_revoke(w->writer, SP_SLICE_LITERAL("one"), NOW), SP_OK);
    assert_int_equal(sp_token_store_revoke(w->writer, SP_SLICE_LITERAL("one"), NOW),
                     SP_ERR_DUPLICATE);
    struct sp_token_store *nobody = NULL;
    assert_int_equal(sp_token_store_attach(-1, -1, &nobody), SP_ERR_INVALID);
    assert_int_equal(sp_token_store_open("/nowhere/at/all", &nobody), SP_ERR_SYSTEM);
    bool ignored = false;
    assert_int_equal(sp_token_store_has_changed(w->writer, &ignored), SP_ERR_INVALID);
}

static void test_a_reader_writes_nothing(void **state)
{
    struct world *w = *state;
    struct sp_token_store *writer = w->writer;
    w->writer = w->reader;
    assert_int_not_equal(add(w, "one"), SP_OK);
    w->writer = writer;
    assert_int_equal(sp_token_store_each(w->reader, 0, on_entry, w), SP_OK);
    assert_int_equal(w->entries, 0);
}

static void test_the_files_are_private_and_the_journal_stays(void **state)
{
    struct world *w = *state;
    char path[256];
    struct stat st;
    assert_int_equal(add(w, "one"), SP_OK);
    sp_token_store_close(w->writer);
    w->writer = NULL;
    assert_int_equal(sp_token_store_open(w->dir, &w->writer),
                     SP_OK); /* and it is opened again as it is */
    static const char *const names[] = {SP_TOKEN_STORE_FILE, SP_TOKEN_STORE_JOURNAL};
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", w->dir, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    assert_int_equal(st.st_size, 0);
    assert_true(has_changed(w));
}

/* A journal with something in it means that a writer died in the midst: what the file says then is not to be believed. */
static void test_a_journal_left_by_a_crash_stops_a_reader(void **state)
{
    struct world *w = *state;
    bool is_changed = false;
    assert_int_equal(add(w, "one"), SP_OK);
    assert_true(has_changed(w));
    int fd = open_in(w, SP_TOKEN_STORE_JOURNAL, O_WRONLY);
    assert_int_equal(write(fd, "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8), 8);
    assert_int_equal(sp_token_store_has_changed(w->reader, &is_changed), SP_ERR_SYSTEM);
    assert_int_equal(sp_token_store_each(w->reader, 0, on_entry, w), SP_ERR_SYSTEM);
    assert_int_equal(w->entries, 0);
    assert_int_equal(ftruncate(fd, 0), 0);
    (void)close(fd);
    assert_int_equal(sp_token_store_each(w->reader, 0, on_entry, w), SP_OK);
    assert_int_equal(w->entries, 1);
}

static void test_a_file_that_lost_its_name_is_told(void **state)
{
    struct world *w = *state;
    char from[256];
    char to[256];
    bool is_changed = false;
    (void)snprintf(from, sizeof(from), "%s/other", w->dir);
    (void)snprintf(to, sizeof(to), "%s/" SP_TOKEN_STORE_FILE, w->dir);
    int fd = open(from, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && close(fd) == 0 && has_changed(w));
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(sp_token_store_has_changed(w->reader, &is_changed), SP_ERR_NOT_FOUND);
}

/* What stands in a journal without a name would make every later state look half done. */
static void test_a_journal_that_lost_its_name_is_told(void **state)
{
    struct world *w = *state;
    char path[256];
    bool is_changed = false;
    (void)snprintf(path, sizeof(path), "%s/" SP_TOKEN_STORE_JOURNAL, w->dir);
    assert_true(has_changed(w));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sp_token_store_has_changed(w->reader, &is_changed), SP_ERR_NOT_FOUND);
}

/* Locks belong to a process, so the writer has to be another one. */
static void test_a_writer_at_work_is_waited_for(void **state)
{
    struct world *w = *state;
    bool is_changed = false;
    int to[2];
    int from[2];
    char byte = 0;
    assert_true(pipe(to) == 0 && pipe(from) == 0);
    sp_token_store_close(w->writer);
    w->writer = NULL;
    const pid_t child = fork();
    if (child == 0) {
        char path[256];
        sqlite3 *db = NULL;
        (void)snprintf(path, sizeof(path), "%s/" SP_TOKEN_STORE_FILE, w->dir);
        bool is_held = sqlite3_open(path, &db) == SQLITE_OK &&
                       sqlite3_exec(db, "PRAGMA journal_mode=TRUNCATE; BEGIN EXCLUSIVE", NULL, NULL,
                                    NULL) == SQLITE_OK;
        bool is_told = write(from[1], is_held ? "y" : "n", 1) == 1 && read(to[0], &byte, 1) == 1;
        _exit(is_told && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? 0 : 1);
    }
    assert_int_equal(read(from[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    assert_int_equal(sp_token_store_has_changed(w->reader, &is_changed), SP_ERR_BUSY);
    assert_int_equal(write(to[1], "g", 1), 1);
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(sp_token_store_has_changed(w->reader, &is_changed), SP_OK);
    (void)close(to[0]);
    (void)close(to[1]);
    (void)close(from[0]);
    (void)close(from[1]);
}

static void test_a_file_of_another_kind_is_not_taken(void **state)
{
    struct world *w = *state;
    struct sp_token_store *other = NULL;
    sp_token_store_close(w->writer);
    w->writer = NULL;
    int fd = open_in(w, SP_TOKEN_STORE_FILE, O_WRONLY | O_TRUNC);
    assert_int_equal(sp_token_store_open(w->dir, &w->writer),
                     SP_OK); /* an empty one is a new one */
    sp_token_store_close(w->writer);
    w->writer = NULL;
    assert_int_equal(
        pwrite(
            fd,
            "this is no database, and it is longer than a header of one would be, by a few bytes "
            "that stand here for nothing else",
            110, 0),
        110);
    assert_int_equal(sp_token_store_open(w->dir, &other), SP_ERR_CORRUPT);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_is_written_is_read_by_descriptors),
        TEST(test_only_what_changed_is_read_again),
        TEST(test_an_issue_and_its_revocation_are_two_changes),
        TEST(test_what_cannot_be_is_refused),
        TEST(test_a_reader_writes_nothing),
        TEST(test_the_files_are_private_and_the_journal_stays),
        TEST(test_a_journal_left_by_a_crash_stops_a_reader),
        TEST(test_a_file_that_lost_its_name_is_told),
        TEST(test_a_journal_that_lost_its_name_is_told),
        TEST(test_a_writer_at_work_is_waited_for),
        TEST(test_a_file_of_another_kind_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
