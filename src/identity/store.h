/*
 * store - the gateway tokens in a SQLite file: digests, never a secret.
 *
 * Runs in: commands (write), supervisor (makes the file), admit (reads).   Input: trusted.   Allocates: as SQLite does.
 * Only this folder knows SQLite. Writers use a rollback journal that stays as an empty file, so that a reader needs two
 * descriptors and no path at all: admit has neither files nor a directory, and may not write.
 */
#ifndef SP_IDENTITY_STORE_H
#define SP_IDENTITY_STORE_H

#include "identity/directory.h"

#define SP_TOKEN_STORE_FILE    "tokens.db"
#define SP_TOKEN_STORE_JOURNAL "tokens.db-journal"

struct sp_token_entry {
    struct sp_token_row row; /* its texts are lent */
    uint64_t issued_us;
    uint64_t revoked_us; /* 0: it is not */
    uint64_t change;     /* rises with every change of the store */
};

/* What happened, in order: an issue is one event, and a revocation another. */
struct sp_token_change {
    uint64_t change;
    bool is_revoked;
    uint64_t at_us;
    const struct sp_token_entry *token;
};

struct sp_token_store;

/* Opens STATE/tokens.db, and makes it when it is not there: mode 0600. SP_ERR_CORRUPT for a file that is another. */
enum sp_err sp_token_store_open(const char *state_dir, struct sp_token_store **out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* A reader over descriptors of the two files, which it closes at its end. One at a time in a process. */
enum sp_err sp_token_store_attach(int take_db, int take_journal, struct sp_token_store **out)
    SP_MUST_CHECK SP_NONNULL(3);
void sp_token_store_close(struct sp_token_store *store);
void sp_token_store_close_cleanup(struct sp_token_store **store);
#define SP_AUTO_TOKEN_STORE SP_CLEANUP(sp_token_store_close_cleanup)

/* SP_ERR_DUPLICATE for an id that is there; SP_ERR_BUSY when another writer does not come to an end. */
enum sp_err sp_token_store_add(struct sp_token_store *store, const struct sp_token_entry *entry)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* SP_ERR_NOT_FOUND; SP_ERR_DUPLICATE when it is revoked already. */
enum sp_err sp_token_store_revoke(struct sp_token_store *store, struct sp_slice id,
                                  uint64_t wall_us) SP_MUST_CHECK SP_NONNULL(1);

/* Whether somebody else changed the file since the last call; true the first time. SP_ERR_BUSY: ask again.
 * SP_ERR_NOT_FOUND: another file has taken its name, and this one will never change again. */
enum sp_err sp_token_store_has_changed(struct sp_token_store *store, bool *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Every token that changed after `after`, in the order of the changes. An error of `fn` ends it. */
typedef enum sp_err sp_token_entry_fn(void *ctx, const struct sp_token_entry *entry);
enum sp_err sp_token_store_each(struct sp_token_store *store, uint64_t after, sp_token_entry_fn *fn,
                                void *ctx) SP_MUST_CHECK SP_NONNULL(1, 3);

/* The changes after `after`, in order, at most `max`. */
typedef enum sp_err sp_token_change_fn(void *ctx, const struct sp_token_change *change);
enum sp_err sp_token_store_changes(struct sp_token_store *store, uint64_t after, unsigned max,
                                   sp_token_change_fn *fn, void *ctx)
    SP_MUST_CHECK SP_NONNULL(1, 4);

#endif
