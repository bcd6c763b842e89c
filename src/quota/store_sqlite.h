/*
 * store_sqlite - quotas in a file of SQLite's that one process opens, and no other while it lives.
 *
 * Runs in: admit.   Input: its own file, damaged perhaps.   Allocates: SQLite's cache and a few statements.
 * A commit is one write and one sync of SQLite's write-ahead log. Every file is open after sp_store_sqlite_open: nothing
 * is opened, made or removed later, so that the role may confine itself in between.
 */
#ifndef SP_QUOTA_STORE_SQLITE_H
#define SP_QUOTA_STORE_SQLITE_H

#include "quota/store.h"

struct sp_store_sqlite;

/*
 * Opens or makes `name` beneath the directory. SP_ERR_CORRUPT for a file that is damaged or is none of ours, SP_ERR_BUSY
 * while another process has it, SP_ERR_SYSTEM. `*out_store` lives as long as `*out`.
 */
enum sp_err sp_store_sqlite_open(int dir, const char *name, struct sp_store_sqlite **out,
                                 struct sp_quota_store *out_store)
    SP_MUST_CHECK SP_NONNULL(2, 3, 4);
void sp_store_sqlite_close(struct sp_store_sqlite *store);

/* SQLite's own words for the latest failure. */
const char *sp_store_sqlite_why(const struct sp_store_sqlite *store) SP_NONNULL(1);

#endif
