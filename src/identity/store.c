#include "identity/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "api/scope.h"
#include "base/own.h"
#include "identity/store_files.h"

#define PATH_BYTES_MAX       ((size_t)4200)
#define BUSY_MS              5000

/* Says of a file that it is ours; SQLite keeps the two numbers in its header. */
#define APPLICATION_ID       1936744308
#define VERSION              1
#define TEXT_OF(value)       TEXT_OF_VALUE(value)
#define TEXT_OF_VALUE(value) #value

struct sp_token_store {
    sqlite3 *db;
    sqlite3_stmt *version; /* PRAGMA data_version, prepared once */
    int64_t seen;
    bool has_seen;
    int fds[2];
};

static const char schema[] =
    "CREATE TABLE token(id TEXT NOT NULL PRIMARY KEY, tenant TEXT NOT NULL, digest BLOB NOT NULL, "
    "scopes TEXT NOT NULL,"
    " issued_us INTEGER NOT NULL, expires_us INTEGER NOT NULL, revoked_us INTEGER NOT NULL, change "
    "INTEGER NOT NULL UNIQUE)"
    " STRICT;"
    "CREATE TABLE event(change INTEGER PRIMARY KEY, token TEXT NOT NULL REFERENCES token(id), "
    "is_revoked INTEGER NOT NULL,"
    " at_us INTEGER NOT NULL) STRICT;"
    "PRAGMA application_id=" TEXT_OF(APPLICATION_ID) ";"
                                                     "PRAGMA user_version=" TEXT_OF(VERSION) ";";

#define TOKEN_COLUMNS                                                                              \
    "t.id, t.tenant, t.digest, t.scopes, t.issued_us, t.expires_us, t.revoked_us, t.change"
#define TOKEN_COLUMN_COUNT 8

static enum sp_err from_sqlite(int code)
{
    switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return SP_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return SP_ERR_BUSY;
    case SQLITE_CONSTRAINT:
        return SP_ERR_DUPLICATE;
    case SQLITE_NOMEM:
        return SP_ERR_NOMEM;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return SP_ERR_CORRUPT;
    default:
        return SP_ERR_SYSTEM;
    }
}

static enum sp_err run(struct sp_token_store *store, const char *sql)
{
    return from_sqlite(sqlite3_exec(store->db, sql, NULL, NULL, NULL));
}

static void finalize_cleanup(sqlite3_stmt **stmt)
{
    (void)sqlite3_finalize(*stmt);
}
#define AUTO_STMT SP_CLEANUP(finalize_cleanup)

static enum sp_err prepare(struct sp_token_store *store, const char *sql, sqlite3_stmt **out)
{
    return from_sqlite(sqlite3_prepare_v2(store->db, sql, -1, out, NULL));
}

static void bind_text(sqlite3_stmt *stmt, int at, struct sp_slice text)
{
    (void)sqlite3_bind_text(stmt, at, text.len == 0 ? "" : (const char *)text.ptr, (int)text.len,
                            SQLITE_STATIC);
}

static void bind_number(sqlite3_stmt *stmt, int at, uint64_t number)
{
    (void)sqlite3_bind_int64(stmt, at, (sqlite3_int64)(number > INT64_MAX ? INT64_MAX : number));
}

/* --- opening --- */

/* Both files are made by us, so that their mode is ours and not the umask's; one that root makes belongs to the
 * directory's owner. */
static enum sp_err make_file(const char *state_dir, const char *name)
{
    char path[PATH_BYTES_MAX];
    struct stat st;
    if (snprintf(path, sizeof(path), "%s/%s", state_dir, name) >= (int)sizeof(path)) {
        return SP_ERR_TOO_BIG;
    }
    SP_AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return access(path, R_OK | W_OK) == 0 ? SP_OK : SP_ERR_SYSTEM;
    }
    if (geteuid() == 0 && stat(state_dir, &st) == 0 && st.st_uid != 0 &&
        fchown(fd, st.st_uid, st.st_gid) != 0) {
        return SP_ERR_SYSTEM;
    }
    return SP_OK;
}

static enum sp_err one_number(struct sp_token_store *store, const char *sql, int64_t *out)
{
    AUTO_STMT sqlite3_stmt *stmt = NULL;
    SP_TRY(prepare(store, sql, &stmt));
    const int code = sqlite3_step(stmt);
    if (code != SQLITE_ROW) {
        return code == SQLITE_DONE ? SP_ERR_CORRUPT : from_sqlite(code);
    }
    *out = sqlite3_column_int64(stmt, 0);
    return SP_OK;
}

/* A file without any table is new, or of two that began at once the one that comes second. */
static enum sp_err check_schema(struct sp_token_store *store)
{
    int64_t version = 0;
    int64_t application = 0;
    SP_TRY(one_number(store, "PRAGMA user_version", &version));
    SP_TRY(one_number(store, "PRAGMA application_id", &application));
    if (version == 0 && application == 0) {
        int64_t tables = 0;
        SP_TRY(one_number(store, "SELECT count(*) FROM sqlite_schema", &tables));
        return tables == 0 ? SP_ERR_NOT_FOUND : SP_ERR_CORRUPT;
    }
    return version == VERSION && application == APPLICATION_ID ? SP_OK : SP_ERR_CORRUPT;
}

static enum sp_err make_schema(struct sp_token_store *store)
{
    SP_TRY(run(store, "BEGIN IMMEDIATE"));
    enum sp_err err = check_schema(store);
    if (err == SP_ERR_NOT_FOUND) {
        err = run(store, schema);
    }
    if (err != SP_OK) {
        (void)run(store, "ROLLBACK");
        return err;
    }
    return run(store, "COMMIT");
}

static enum sp_err new_store(struct sp_token_store **out)
{
    struct sp_token_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return SP_ERR_NOMEM;
    }
    store->fds[0] = -1;
    store->fds[1] = -1;
    *out = store;
    return SP_OK;
}

/* TRUNCATE keeps the journal's file, which readers know by its descriptor. A journal left by a crash is removed with its
 * name all the same: the statement that chooses it looks at the file first. Readers notice that. */
static enum sp_err open_to_write(struct sp_token_store *store, const char *state_dir)
{
    char path[PATH_BYTES_MAX];
    SP_TRY(make_file(state_dir, SP_TOKEN_STORE_FILE));
    SP_TRY(make_file(state_dir, SP_TOKEN_STORE_JOURNAL));
    (void)snprintf(path, sizeof(path), "%s/%s", state_dir, SP_TOKEN_STORE_FILE);
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
    SP_TRY(from_sqlite(sqlite3_open_v2(path, &store->db, flags, NULL)));
    (void)sqlite3_busy_timeout(store->db, BUSY_MS);
    SP_TRY(run(store,
               "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF"));
    return make_schema(store);
}

enum sp_err sp_token_store_open(const char *state_dir, struct sp_token_store **out)
{
    SP_AUTO_TOKEN_STORE struct sp_token_store *store = NULL;
    SP_TRY(new_store(&store));
    SP_TRY(open_to_write(store, state_dir));
    *out = sp_take_ptr(store);
    return SP_OK;
}

static enum sp_err open_to_read(struct sp_token_store *store)
{
    SP_TRY(sp_store_files_register(store->fds[0], store->fds[1]));
    SP_TRY(from_sqlite(sqlite3_open_v2(SP_TOKEN_STORE_FILE, &store->db,
                                       SQLITE_OPEN_READONLY | SQLITE_OPEN_EXRESCODE,
                                       SP_STORE_FILES_NAME)));
    SP_TRY(run(store, "PRAGMA query_only=ON; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; "
                      "PRAGMA mmap_size=0"));
    SP_TRY(check_schema(store));
    return prepare(store, "PRAGMA data_version", &store->version);
}

enum sp_err sp_token_store_attach(int take_db, int take_journal, struct sp_token_store **out)
{
    SP_AUTO_CLOSE int db = take_db;
    SP_AUTO_CLOSE int journal = take_journal;
    SP_AUTO_TOKEN_STORE struct sp_token_store *store = NULL;
    if (db < 0 || journal < 0) {
        return SP_ERR_INVALID;
    }
    SP_TRY(new_store(&store));
    store->fds[0] = sp_take_fd(&db);
    store->fds[1] = sp_take_fd(&journal);
    SP_TRY(open_to_read(store));
    *out = sp_take_ptr(store);
    return SP_OK;
}

void sp_token_store_close(struct sp_token_store *store)
{
    if (store != NULL) {
        (void)sqlite3_finalize(store->version);
        (void)sqlite3_close(store->db);
        sp_close(store->fds[0]);
        sp_close(store->fds[1]);
        free(store);
    }
}

void sp_token_store_close_cleanup(struct sp_token_store **store)
{
    sp_token_store_close(*store);
}

/* --- writing --- */

/* Ends the transaction that the caller began: all of it, or nothing. */
static enum sp_err end(struct sp_token_store *store, enum sp_err err)
{
    if (err == SP_OK) {
        err = run(store, "COMMIT");
    }
    if (err != SP_OK) {
        (void)run(store, "ROLLBACK");
    }
    return err;
}

static enum sp_err next_change(struct sp_token_store *store, uint64_t *out)
{
    int64_t last = 0;
    SP_TRY(one_number(store, "SELECT coalesce(max(change), 0) FROM event", &last));
    *out = (uint64_t)last + 1;
    return SP_OK;
}

static enum sp_err put_event(struct sp_token_store *store, uint64_t change, struct sp_slice id,
                             bool is_revoked, uint64_t at_us)
{
    AUTO_STMT sqlite3_stmt *stmt = NULL;
    SP_TRY(prepare(store, "INSERT INTO event(change, token, is_revoked, at_us) VALUES(?, ?, ?, ?)",
                   &stmt));
    bind_number(stmt, 1, change);
    bind_text(stmt, 2, id);
    bind_number(stmt, 3, is_revoked ? 1 : 0);
    bind_number(stmt, 4, at_us);
    return from_sqlite(sqlite3_step(stmt));
}

static enum sp_err insert(struct sp_token_store *store, const struct sp_token_entry *entry)
{
    AUTO_STMT sqlite3_stmt *stmt = NULL;
    SP_AUTO_BUF struct sp_buf scopes;
    uint64_t change = 0;
    sp_buf_init(&scopes, SP_SCOPES_TEXT_MAX);
    SP_TRY(sp_scopes_put(entry->row.scopes, " ", &scopes));
    SP_TRY(next_change(store, &change));
    SP_TRY(prepare(
        store,
        "INSERT INTO token(id, tenant, digest, scopes, issued_us, expires_us, revoked_us, change)"
        " VALUES(?, ?, ?, ?, ?, ?, 0, ?)",
        &stmt));
    bind_text(stmt, 1, entry->row.id);
    bind_text(stmt, 2, entry->row.tenant);
    (void)sqlite3_bind_blob(stmt, 3, entry->row.digest, SP_TOKEN_DIGEST_BYTES, SQLITE_STATIC);
    bind_text(stmt, 4, sp_buf_slice(&scopes));
    bind_number(stmt, 5, entry->issued_us);
    bind_number(stmt, 6, entry->row.expires_us);
    bind_number(stmt, 7, change);
    SP_TRY(from_sqlite(sqlite3_step(stmt)));
    return put_event(store, change, entry->row.id, false, entry->issued_us);
}

enum sp_err sp_token_store_add(struct sp_token_store *store, const struct sp_token_entry *entry)
{
    SP_TRY(sp_token_id_check(entry->row.id));
    SP_TRY(run(store, "BEGIN IMMEDIATE"));
    return end(store, insert(store, entry));
}

static enum sp_err find_revoked(struct sp_token_store *store, struct sp_slice id, bool *out)
{
    AUTO_STMT sqlite3_stmt *stmt = NULL;
    SP_TRY(prepare(store, "SELECT revoked_us FROM token WHERE id = ?", &stmt));
    bind_text(stmt, 1, id);
    const int code = sqlite3_step(stmt);
    if (code != SQLITE_ROW) {
        return code == SQLITE_DONE ? SP_ERR_NOT_FOUND : from_sqlite(code);
    }
    *out = sqlite3_column_int64(stmt, 0) != 0;
    return SP_OK;
}

static enum sp_err mark_revoked(struct sp_token_store *store, struct sp_slice id, uint64_t wall_us)
{
    AUTO_STMT sqlite3_stmt *stmt = NULL;
    bool is_revoked = false;
    uint64_t change = 0;
    SP_TRY(find_revoked(store, id, &is_revoked));
    if (is_revoked) {
        return SP_ERR_DUPLICATE;
    }
    SP_TRY(next_change(store, &change));
    SP_TRY(prepare(store, "UPDATE token SET revoked_us = ?, change = ? WHERE id = ?", &stmt));
    bind_number(stmt, 1, wall_us);
    bind_number(stmt, 2, change);
    bind_text(stmt, 3, id);
    SP_TRY(from_sqlite(sqlite3_step(stmt)));
    return put_event(store, change, id, true, wall_us);
}

enum sp_err sp_token_store_revoke(struct sp_token_store *store, struct sp_slice id,
                                  uint64_t wall_us)
{
    SP_TRY(run(store, "BEGIN IMMEDIATE"));
    return end(store, mark_revoked(store, id, wall_us));
}

/* --- reading --- */

/* Behind a journal that lost its name, all that is written from now on would look half done. */
static bool has_name(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

enum sp_err sp_token_store_has_changed(struct sp_token_store *store, bool *out)
{
    if (store->version == NULL) {
        return SP_ERR_INVALID;
    }
    if (!has_name(store->fds[0]) || !has_name(store->fds[1])) {
        return SP_ERR_NOT_FOUND;
    }
    const int code = sqlite3_step(store->version);
    const int64_t now = code == SQLITE_ROW ? sqlite3_column_int64(store->version, 0) : 0;
    (void)sqlite3_reset(store->version);
    if (code != SQLITE_ROW) {
        return from_sqlite(code) == SP_OK ? SP_ERR_CORRUPT : from_sqlite(code);
    }
    *out = !store->has_seen || now != store->seen;
    store->seen = now;
    store->has_seen = true;
    return SP_OK;
}

static struct sp_slice text_at(sqlite3_stmt *stmt, int column)
{
    const unsigned char *text = sqlite3_column_text(stmt, column);
    return sp_slice_make(text, text == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt, column));
}

static uint64_t number_at(sqlite3_stmt *stmt, int column)
{
    const sqlite3_int64 number = sqlite3_column_int64(stmt, column);
    return number < 0 ? 0 : (uint64_t)number;
}

/* A row as TOKEN_COLUMNS names them. What somebody wrote there by hand must still be a token, or it is passed over. */
static enum sp_err read_entry(sqlite3_stmt *stmt, struct sp_token_entry *out)
{
    *out = (struct sp_token_entry){
        .row = {.id = text_at(stmt, 0),
                .tenant = text_at(stmt, 1),
                .expires_us = number_at(stmt, 5)},
        .issued_us = number_at(stmt, 4),
        .revoked_us = number_at(stmt, 6),
        .change = number_at(stmt, 7),
    };
    out->row.is_revoked = out->revoked_us != 0;
    const struct sp_slice digest =
        sp_slice_make(sqlite3_column_blob(stmt, 2), (size_t)sqlite3_column_bytes(stmt, 2));
    if (digest.len != SP_TOKEN_DIGEST_BYTES || sp_token_id_check(out->row.id) != SP_OK ||
        sp_scopes_parse(text_at(stmt, 3), &out->row.scopes) != SP_OK) {
        return SP_ERR_CORRUPT;
    }
    (void)sp_slice_copy(digest, out->row.digest, SP_TOKEN_DIGEST_BYTES);
    return SP_OK;
}

enum sp_err sp_token_store_each(struct sp_token_store *store, uint64_t after, sp_token_entry_fn *fn,
                                void *ctx)
{
    AUTO_STMT sqlite3_stmt *stmt = NULL;
    int code = SQLITE_ROW;
    SP_TRY(prepare(store,
                   "SELECT " TOKEN_COLUMNS " FROM token t WHERE t.change > ? ORDER BY t.change",
                   &stmt));
    bind_number(stmt, 1, after);
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct sp_token_entry entry;
        if (read_entry(stmt, &entry) == SP_OK) {
            SP_TRY(fn(ctx, &entry));
        }
    }
    return from_sqlite(code);
}

enum sp_err sp_token_store_changes(struct sp_token_store *store, uint64_t after, unsigned max,
                                   sp_token_change_fn *fn, void *ctx)
{
    AUTO_STMT sqlite3_stmt *stmt = NULL;
    int code = SQLITE_ROW;
    SP_TRY(prepare(store,
                   "SELECT " TOKEN_COLUMNS
                   ", e.change, e.is_revoked, e.at_us FROM event e JOIN token t ON t.id = e.token"
                   " WHERE e.change > ? ORDER BY e.change LIMIT ?",
                   &stmt));
    bind_number(stmt, 1, after);
    bind_number(stmt, 2, max);
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct sp_token_entry entry;
        if (read_entry(stmt, &entry) != SP_OK) {
            continue;
        }
        const struct sp_token_change change = {.change = number_at(stmt, TOKEN_COLUMN_COUNT),
                                               .is_revoked =
                                                   number_at(stmt, TOKEN_COLUMN_COUNT + 1) != 0,
                                               .at_us = number_at(stmt, TOKEN_COLUMN_COUNT + 2),
                                               .token = &entry};
        SP_TRY(fn(ctx, &change));
    }
    return from_sqlite(code);
}
