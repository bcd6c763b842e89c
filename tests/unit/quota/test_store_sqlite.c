#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/own.h"
#include "quota/store_sqlite.h"
#include "store_stand.h"

static int make_folder(char *folder)
{
    assert_non_null(mkdtemp(folder));
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    return dir;
}

static void remove_folder(int dir, const char *folder)
{
    (void)unlinkat(dir, "quota.db", 0);
    (void)unlinkat(dir, "quota.db-wal", 0);
    (void)unlinkat(dir, "quota.db-shm", 0);
    assert_int_equal(rmdir(folder), 0);
}

static void test_the_file_keeps_what_was_committed(void **state)
{
    char folder[] = "/tmp/sallyport-store-XXXXXX";
    SP_AUTO_CLOSE int dir = make_folder(folder);
    struct sp_store_sqlite *sqlite = NULL;
    struct sp_quota_store store;
    (void)state;
    assert_int_equal(sp_store_sqlite_open(dir, "quota.db", &sqlite, &store), SP_OK);
    tell_all(&store);
    check_all(&store);
    sp_store_sqlite_close(sqlite);
    assert_int_equal(sp_store_sqlite_open(dir, "quota.db", &sqlite, &store), SP_OK);
    check_all(&store);
    sweep_all(&store);
    sp_store_sqlite_close(sqlite);
    struct stat shm;
    assert_int_equal(fstatat(dir, "quota.db-shm", &shm, 0),
                     -1); /* nobody else may open it meanwhile */
    remove_folder(dir, folder);
}

static void test_a_file_that_somebody_has_is_refused(void **state)
{
    char folder[] = "/tmp/sallyport-store-XXXXXX";
    SP_AUTO_CLOSE int dir = make_folder(folder);
    struct sp_store_sqlite *first = NULL;
    struct sp_store_sqlite *second = NULL;
    struct sp_quota_store store;
    (void)state;
    assert_int_equal(sp_store_sqlite_open(dir, "quota.db", &first, &store), SP_OK);
    assert_int_equal(sp_store_sqlite_open(dir, "quota.db", &second, &store), SP_ERR_BUSY);
    sp_store_sqlite_close(first);
    assert_int_equal(sp_store_sqlite_open(dir, "quota.db", &second, &store), SP_OK);
    sp_store_sqlite_close(second);
    remove_folder(dir, folder);
}

static void test_a_damaged_or_foreign_file_is_refused(void **state)
{
    char folder[] = "/tmp/sallyport-store-XXXXXX";
    SP_AUTO_CLOSE int dir = make_folder(folder);
    struct sp_store_sqlite *sqlite = NULL;
    struct sp_quota_store store;
    static const char noise[8192] = "this is not a database, and long enough to be looked at";
    (void)state;
    SP_AUTO_CLOSE int fd = openat(dir, "quota.db", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, noise, sizeof(noise)), sizeof(noise));
    assert_int_equal(sp_store_sqlite_open(dir, "quota.db", &sqlite, &store), SP_ERR_CORRUPT);
    assert_int_equal(unlinkat(dir, "quota.db", 0), 0);
    assert_int_equal(sp_store_sqlite_open(dir, "quota.db", &sqlite, &store), SP_OK);
    tell_all(&store);
    sp_store_sqlite_close(sqlite);
    /* A negative number where only counts can be. */
    assert_int_equal(sp_store_sqlite_open(dir, "quota.db", &sqlite, &store), SP_OK);
    struct sp_store_row row = {
        .scope = SP_LIMIT_OF_TENANT, .name = SP_SLICE_LITERAL("acme"), .arrival_us = UINT64_MAX};
    assert_int_equal(store.begin(store.ctx), SP_OK);
    assert_int_equal(store.put(store.ctx, &row), SP_ERR_RANGE);
    store.abandon(store.ctx);
    sp_store_sqlite_close(sqlite);
    remove_folder(dir, folder);
}

static unsigned asked;
static int (*given_randomness)(sqlite3_vfs *, int, char *);

static int count_randomness(sqlite3_vfs *vfs, int len, char *out)
{
    asked++;
    return given_randomness(vfs, len, out);
}

/* Its owner may open nothing once the store is open, and the system's random bytes come from a file. */
static void test_the_system_is_not_asked_for_random_bytes_later(void **state)
{
    char folder[] = "/tmp/sallyport-store-XXXXXX";
    SP_AUTO_CLOSE int dir = make_folder(folder);
    struct sp_store_sqlite *sqlite = NULL;
    struct sp_quota_store store;
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    (void)state;
    int status = 0;
    pid_t child = fork();
    if (child == 0) { /* ends without closing, so that its log stays */
        _exit(sp_store_sqlite_open(dir, "quota.db", &sqlite, &store) == SP_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    given_randomness = vfs->xRandomness;
    vfs->xRandomness = count_randomness;
    sqlite3_randomness(0, NULL); /* as in a process that asked for none yet */
    assert_int_equal(sp_store_sqlite_open(dir, "quota.db", &sqlite, &store), SP_OK);
    assert_int_equal(asked, 1);
    for (unsigned i = 0; i < 400; i++) { /* its log begins anew several times */
        assert_int_equal(store.begin(store.ctx), SP_OK);
        assert_int_equal(store.put_time(store.ctx, i + 1), SP_OK);
        assert_int_equal(store.commit(store.ctx), SP_OK);
    }
    assert_int_equal(asked, 1);
    vfs->xRandomness = given_randomness;
    sp_store_sqlite_close(sqlite);
    remove_folder(dir, folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_system_is_not_asked_for_random_bytes_later),
        cmocka_unit_test(test_the_file_keeps_what_was_committed),
        cmocka_unit_test(test_a_file_that_somebody_has_is_refused),
        cmocka_unit_test(test_a_damaged_or_foreign_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
