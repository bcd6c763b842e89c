/*
 * identities - a key for each tenant, by which its names are hidden in the log (identity/veil.h); destroying it is erasure.
 *
 * Runs in: supervisor (makes and reads), commands (read and destroy).   Input: own files.   Allocates: never.
 * Keys are files of 64 hexadecimal digits in STATE/identities, named as the tenant, mode 0600. One more, `~`, hides what
 * is of no tenant that is known. The supervisor hands them to admit at the start and at each reload, and to nobody else.
 */
#ifndef SP_PROCESS_IDENTITIES_H
#define SP_PROCESS_IDENTITIES_H

#include "identity/veil.h"

#define SP_IDENTITIES_DIRECTORY "identities"
#define SP_IDENTITY_OF_NOBODY   "~"

/* SP_ERR_NOT_FOUND when there is none, SP_ERR_CORRUPT for a file that holds no key, SP_ERR_INVALID for what is no name. */
enum sp_err sp_identity_read(int dir, const char *name, uint8_t out[SP_VEIL_KEY_BYTES])
    SP_MUST_CHECK SP_NONNULL(2, 3);

/* The same, and makes it when there is none. */
enum sp_err sp_identity_need(int dir, const char *name, uint8_t out[SP_VEIL_KEY_BYTES])
    SP_MUST_CHECK SP_NONNULL(2, 3);

/*
 * The same for many tenants at once, with one sync for all: between begin and settle each name once. What is made is a
 * draft until it is settled, and nobody may use a key before that; a draft that a crash leaves is removed by the next begin.
 */
struct sp_identity_batch {
    int dir; /* -1: none was begun */
    unsigned made;
};
enum sp_err sp_identity_begin(int state_dir, struct sp_identity_batch *out)
    SP_MUST_CHECK SP_NONNULL(2);
void sp_identity_end(struct sp_identity_batch *batch) SP_NONNULL(1);
enum sp_err sp_identity_draft(struct sp_identity_batch *batch, const char *name,
                              uint8_t out[SP_VEIL_KEY_BYTES]) SP_MUST_CHECK SP_NONNULL(1, 2, 3);
enum sp_err sp_identity_settle(struct sp_identity_batch *batch) SP_MUST_CHECK SP_NONNULL(1);

/* Overwrites the key in its place, removes the file, and makes both durable. */
enum sp_err sp_identity_erase(int dir, const char *name) SP_MUST_CHECK SP_NONNULL(2);

#endif
