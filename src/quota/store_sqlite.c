#include "quota/store_sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/own.h"

#define SCHEMA_VERSION 1
#define PATH_MAX_BYTES ((size_t)512)

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    PUT,
    PUT_NAME,
    DROP_NAME,
    PUT_TIME,
    SWEEP_LEASES,
    SWEEP_NAMES,
    LOAD_TIME,
    LOAD_LEASES,
    LOAD_NAMES,
    STATEMENT_COUNT
};

static const char *const texts[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [PUT] = "INSERT OR REPLACE INTO lease VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
    [PUT_NAME] = "INSERT OR REPLACE INTO session VALUES (?1,?2,?3,?4,?5,?6,?7)",
    [DROP_NAME] = "DELETE FROM session WHERE hash=?1",
    [PUT_TIME] = "INSERT OR REPLACE INTO clock VALUES (0,?1)",
    [SWEEP_LEASES] = "DELETE FROM lease WHERE scope=?1 AND day<?2 AND runs=0 AND arrival_us<=?3",
    [SWEEP_NAMES] = "DELETE FROM session WHERE until_us<=?1",
    [LOAD_TIME] = "SELECT time_us FROM clock",
    [LOAD_LEASES] = ("SELECT scope,name,token,day,runs,arrival_us,run_ms,code_bytes,upload_bytes,"
                     "requests,day_runs FROM lease"),
    [LOAD_NAMES] = ("SELECT hash,tenant,token,identifier,epoch,created_us,until_us FROM session "
                    "ORDER BY until_us"),
};

static const char schema[] =
    "CREATE TABLE lease(scope INTEGER NOT NULL, name TEXT NOT NULL, token TEXT NOT NULL, day "
    "INTEGER NOT NULL,"
    " runs INTEGER NOT NULL, arrival_us INTEGER NOT NULL, run_ms INTEGER NOT NULL, code_bytes "
    "INTEGER NOT NULL,"
    " upload_bytes INTEGER NOT NULL, requests INTEGER NOT NULL, day_runs INTEGER NOT NULL,"
    " PRIMARY KEY(scope,name,token)) WITHOUT ROWID;"
    "CREATE TABLE session(hash TEXT NOT NULL PRIMARY KEY, tenant TEXT NOT NULL, token TEXT NOT "
    "NULL,"
    " identifier TEXT NOT NULL, epoch INTEGER NOT NULL, created_us INTEGER NOT NULL, until_us "
    "INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE clock(id INTEGER NOT NULL PRIMARY KEY, time_us INTEGER NOT NULL);";

struct sp_store_sqlite {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    bool is_begun;
};

static enum sp_err from_sqlite(int code)
{
    switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return SP_OK;
    case SQLITE_NOMEM:
        return SP_ERR_NOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return SP_ERR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* a table or a column that is not there: the file is none of ours */
        return SP_ERR_CORRUPT;
    default:
        return SP_ERR_SYSTEM;
    }
}

/* --- values --- */

static enum sp_err bind_number(sqlite3_stmt *s, int at, uint64_t value)
{
    if (value > INT64_MAX) {
        return SP_ERR_RANGE;
    }
    return from_sqlite(sqlite3_bind_int64(s, at, (sqlite3_int64)value));
}

/* The bytes live until the statement ran, which is before the caller goes on. */
static enum sp_err bind_text(sqlite3_stmt *s, int at, struct sp_slice text)
{
    const char *bytes = text.len == 0 ? "" : (const char *)text.ptr;
    return from_sqlite(sqlite3_bind_text64(s, at, bytes, text.len, SQLITE_STATIC, SQLITE_UTF8));
}

static enum sp_err read_number(sqlite3_stmt *s, int at, uint64_t most, uint64_t *out)
{
    sqlite3_int64 value = sqlite3_column_int64(s, at);
    if (sqlite3_column_type(s, at) != SQLITE_INTEGER || value < 0 || (uint64_t)value > most) {
        return SP_ERR_CORRUPT;
    }
    *out = (uint64_t)value;
    return SP_OK;
}

static enum sp_err read_text(sqlite3_stmt *s, int at, struct sp_slice *out)
{
    const unsigned char *text = sqlite3_column_text(s, at);
    if (sqlite3_column_type(s, at) != SQLITE_TEXT || text == NULL) {
        return SP_ERR_CORRUPT;
    }
    *out = sp_slice_make(text, (size_t)sqlite3_column_bytes(s, at));
    return SP_OK;
}

/* Runs a statement that gives no rows. */
static enum sp_err run(sqlite3_stmt *s)
{
    int code = sqlite3_step(s);
    int again = sqlite3_reset(s);
    return from_sqlite(code == SQLITE_DONE ? again : code);
}

/* --- writing --- */

static enum sp_err begin(void *ctx)
{
    struct sp_store_sqlite *store = ctx;
    SP_TRY(run(store->statements[BEGIN]));
    store->is_begun = true;
    return SP_OK;
}

static enum sp_err put(void *ctx, struct sp_store_row *row)
{
    struct sp_store_sqlite *store = ctx;
    sqlite3_stmt *s = store->statements[PUT];
    const uint64_t numbers[] = {row->day,
                                row->runs,
                                row->arrival_us,
                                row->day_used[SP_QUOTA_RUN_MS],
                                row->day_used[SP_QUOTA_CODE_BYTES],
                                row->day_used[SP_QUOTA_UPLOAD_BYTES],
                                row->day_requests,
                                row->day_runs};
    SP_TRY(bind_number(s, 1, (uint64_t)row->scope));
    SP_TRY(bind_text(s, 2, row->name));
    SP_TRY(bind_text(s, 3, row->token));
    for (size_t i = 0; i < SP_COUNT(numbers); i++) {
        SP_TRY(bind_number(s, 4 + (int)i, numbers[i]));
    }
    return run(s);
}

static enum sp_err put_name(void *ctx, const struct sp_store_name *name)
{
    struct sp_store_sqlite *store = ctx;
    sqlite3_stmt *s = store->statements[PUT_NAME];
    SP_TRY(bind_text(s, 1, name->hash));
    SP_TRY(bind_text(s, 2, name->tenant));
    SP_TRY(bind_text(s, 3, name->token));
    SP_TRY(bind_text(s, 4, name->identifier));
    SP_TRY(bind_number(s, 5, name->epoch));
    SP_TRY(bind_number(s, 6, name->created_us));
    SP_TRY(bind_number(s, 7, name->until_us));
    return run(s);
}

static enum sp_err drop_name(void *ctx, struct sp_slice hash)
{
    struct sp_store_sqlite *store = ctx;
    SP_TRY(bind_text(store->statements[DROP_NAME], 1, hash));
    return run(store->statements[DROP_NAME]);
}

static enum sp_err put_time(void *ctx, uint64_t time_us)
{
    struct sp_store_sqlite *store = ctx;
    SP_TRY(bind_number(store->statements[PUT_TIME], 1, time_us));
    return run(store->statements[PUT_TIME]);
}

static void abandon(void *ctx)
{
    struct sp_store_sqlite *store = ctx;
    if (store->is_begun && sqlite3_get_autocommit(store->db) == 0) {
        (void)!run(store->statements[ROLLBACK]);
    }
    store->is_begun = false;
}

static enum sp_err commit(void *ctx)
{
    struct sp_store_sqlite *store = ctx;
    enum sp_err err = run(store->statements[COMMIT]);
    if (err != SP_OK) {
        abandon(store);
        return err;
    }
    store->is_begun = false;
    return SP_OK;
}

static enum sp_err sweep(void *ctx, uint32_t day, uint64_t time_us)
{
    struct sp_store_sqlite *store = ctx;
    sqlite3_stmt *leases = store->statements[SWEEP_LEASES];
    SP_TRY(bind_number(leases, 1, SP_LIMIT_OF_TOKEN));
    SP_TRY(bind_number(leases, 2, day));
    SP_TRY(bind_number(leases, 3, time_us));
    SP_TRY(run(leases));
    SP_TRY(bind_number(store->statements[SWEEP_NAMES], 1, time_us));
    return run(store->statements[SWEEP_NAMES]);
}

/* --- reading --- */

static enum sp_err read_lease(sqlite3_stmt *s, struct sp_store_row *out)
{
    uint64_t scope = 0;
    uint64_t day = 0;
    uint64_t runs = 0;
    SP_TRY(read_number(s, 0, SP_LIMIT_SCOPE_COUNT - 1, &scope));
    SP_TRY(read_text(s, 1, &out->name));
    SP_TRY(read_text(s, 2, &out->token));
    SP_TRY(read_number(s, 3, UINT32_MAX, &day));
    SP_TRY(read_number(s, 4, UINT32_MAX, &runs));
    SP_TRY(read_number(s, 5, INT64_MAX, &out->arrival_us));
    for (size_t kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
        SP_TRY(read_number(s, 6 + (int)kind, INT64_MAX, &out->day_used[kind]));
    }
    SP_TRY(read_number(s, 9, INT64_MAX, &out->day_requests));
    SP_TRY(read_number(s, 10, INT64_MAX, &out->day_runs));
    out->scope = (enum sp_limit_scope)scope;
    out->day = (uint32_t)day;
    out->runs = (uint32_t)runs;
    return out->scope == SP_LIMIT_OF_TOKEN || out->token.len == 0 ? SP_OK : SP_ERR_CORRUPT;
}

static enum sp_err read_name(sqlite3_stmt *s, struct sp_store_name *out)
{
    SP_TRY(read_text(s, 0, &out->hash));
    SP_TRY(read_text(s, 1, &out->tenant));
    SP_TRY(read_text(s, 2, &out->token));
    SP_TRY(read_text(s, 3, &out->identifier));
    SP_TRY(read_number(s, 4, INT64_MAX, &out->epoch));
    SP_TRY(read_number(s, 5, INT64_MAX, &out->created_us));
    SP_TRY(read_number(s, 6, INT64_MAX, &out->until_us));
    return out->hash.len == SP_STORE_HASH_CHARS ? SP_OK : SP_ERR_CORRUPT;
}

static enum sp_err load_leases(sqlite3_stmt *s, const struct sp_store_found *found)
{
    int code = sqlite3_step(s);
    for (; code == SQLITE_ROW; code = sqlite3_step(s)) {
        struct sp_store_row row = {.day = 0};
        SP_TRY(read_lease(s, &row));
        SP_TRY(found->row(found->ctx, &row));
    }
    return from_sqlite(code);
}

static enum sp_err load_names(sqlite3_stmt *s, const struct sp_store_found *found)
{
    int code = sqlite3_step(s);
    for (; code == SQLITE_ROW; code = sqlite3_step(s)) {
        struct sp_store_name name = {.epoch = 0};
        SP_TRY(read_name(s, &name));
        SP_TRY(found->name(found->ctx, &name));
    }
    return from_sqlite(code);
}

static enum sp_err load(void *ctx, uint64_t *out_time_us, const struct sp_store_found *found)
{
    struct sp_store_sqlite *store = ctx;
    sqlite3_stmt *time = store->statements[LOAD_TIME];
    int code = sqlite3_step(time);
    *out_time_us = 0;
    enum sp_err err =
        code == SQLITE_ROW ? read_number(time, 0, INT64_MAX, out_time_us) : from_sqlite(code);
    (void)sqlite3_reset(time);
    SP_TRY(err);
    err = load_leases(store->statements[LOAD_LEASES], found);
    (void)sqlite3_reset(store->statements[LOAD_LEASES]);
    SP_TRY(err);
    err = load_names(store->statements[LOAD_NAMES], found);
    (void)sqlite3_reset(store->statements[LOAD_NAMES]);
    return err;
}

/* --- life --- */

static enum sp_err execute(struct sp_store_sqlite *store, const char *text)
{
    return from_sqlite(sqlite3_exec(store->db, text, NULL, NULL, NULL));
}

static enum sp_err user_version(struct sp_store_sqlite *store, int *out)
{
    sqlite3_stmt *s = NULL;
    SP_TRY(from_sqlite(sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &s, NULL)));
    int code = sqlite3_step(s);
    *out = code == SQLITE_ROW ? sqlite3_column_int(s, 0) : 0;
    (void)sqlite3_finalize(s);
    return from_sqlite(code);
}

/*
 * Exclusive, so that the index of the write-ahead log stays in memory and no third file is needed; FULL, so that a commit
 * is on the disk when it returns.
 */
static enum sp_err settle(struct sp_store_sqlite *store)
{
    int version = 0;
    SP_TRY(execute(
        store,
        "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        " PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=100; PRAGMA cell_size_check=ON;"));
    /* Takes the lock now. */
    SP_TRY(execute(store, "BEGIN EXCLUSIVE"));
    enum sp_err err = user_version(store, &version);
    if (err == SP_OK && version == 0) {
        err = execute(store, schema);
    } else if (err == SP_OK && version != SCHEMA_VERSION) {
        err = SP_ERR_UNSUPPORTED;
    }
    if (err != SP_OK) {
        (void)!execute(store, "ROLLBACK");
        return err;
    }
    /* Says nothing new, but is written: after this the write-ahead log is open. */
    SP_TRY(execute(store, "PRAGMA user_version=1; COMMIT"));
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        SP_TRY(from_sqlite(sqlite3_prepare_v3(store->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                              &store->statements[i], NULL)));
    }
    return SP_OK;
}

/*
 * SQLite opens /dev/urandom for its first random bytes. A log that is already there needs none until it begins anew,
 * long after the process has confined itself; so they are asked for now.
 */
static void seed(void)
{
    uint8_t byte = 0;
    sqlite3_randomness(sizeof(byte), &byte);
}

enum sp_err sp_store_sqlite_open(int dir, const char *name, struct sp_store_sqlite **out,
                                 struct sp_quota_store *out_store)
{
    SP_AUTO_BUF struct sp_buf path;
    sp_buf_init(&path, PATH_MAX_BYTES);
    /* SQLite makes its files with the rights of this one. */
    SP_AUTO_CLOSE int fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return SP_ERR_SYSTEM;
    }
    struct sp_store_sqlite *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return SP_ERR_NOMEM;
    }
    seed();
    enum sp_err err = sp_buf_putf(&path, "/proc/self/fd/%d/%s", dir, name);
    if (err == SP_OK) {
        err = sp_buf_put_byte(&path, '\0');
    }
    if (err == SP_OK) {
        const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
                          SQLITE_OPEN_PRIVATECACHE;
        err = from_sqlite(sqlite3_open_v2((const char *)path.ptr, &store->db, flags, NULL));
    }
    if (err == SP_OK) {
        err = settle(store);
    }
    if (err != SP_OK) {
        sp_store_sqlite_close(store);
        return err;
    }
    *out = store;
    *out_store = (struct sp_quota_store){.ctx = store,
                                         .load = load,
                                         .begin = begin,
                                         .put = put,
                                         .put_name = put_name,
                                         .drop_name = drop_name,
                                         .put_time = put_time,
                                         .commit = commit,
                                         .abandon = abandon,
                                         .sweep = sweep};
    return SP_OK;
}

void sp_store_sqlite_close(struct sp_store_sqlite *store)
{
    if (store != NULL) {
        for (size_t i = 0; i < STATEMENT_COUNT; i++) {
            (void)sqlite3_finalize(store->statements[i]);
        }
        (void)sqlite3_close_v2(store->db);
        free(store);
    }
}

const char *sp_store_sqlite_why(const struct sp_store_sqlite *store)
{
    return sqlite3_errmsg(store->db);
}
