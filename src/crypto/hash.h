/*
 * hash - SHA-256, in one go or piece by piece.
 *
 * Runs in: admit, inspect, audit, relay, commands.   Input: anything.   Allocates: once at start, once an object.
 * sp_hash_start must have succeeded before any other function: afterwards no file is opened and nothing is looked up,
 * so hashing works inside every sandbox.
 */
#ifndef SP_CRYPTO_HASH_H
#define SP_CRYPTO_HASH_H

#include "base/err.h"
#include "base/slice.h"

#define SP_SHA256_BYTES ((size_t)32)

/* Loads the algorithm; before confinement. Calling it again does nothing. */
enum sp_err sp_hash_start(void) SP_MUST_CHECK;

/* The digest of `in`. Starts by itself when sp_hash_start was not called. */
enum sp_err sp_sha256(struct sp_slice in, uint8_t out[SP_SHA256_BYTES]) SP_MUST_CHECK SP_NONNULL(2);

/* A digest that grows. After sp_hash_end (or sp_hash_reset) it begins anew. */
struct sp_hash;
enum sp_err sp_hash_new(struct sp_hash **out) SP_MUST_CHECK SP_NONNULL(1);
void sp_hash_free(struct sp_hash *hash);
void sp_hash_free_cleanup(struct sp_hash **hash);
#define SP_AUTO_HASH SP_CLEANUP(sp_hash_free_cleanup)

/* Begins anew; takes more in; gives the digest of all since the beginning, and begins anew. */
enum sp_err sp_hash_reset(struct sp_hash *hash) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_hash_put(struct sp_hash *hash, struct sp_slice in) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_hash_end(struct sp_hash *hash, uint8_t out[SP_SHA256_BYTES])
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
