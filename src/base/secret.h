/*
 * secret - bytes that nobody prints: locked in memory where possible, left out of dumps, wiped at the end.
 *
 * Runs in: admit, audit, relay, token, supervisor.   Allocates: whole pages of its own.
 */
#ifndef SP_BASE_SECRET_H
#define SP_BASE_SECRET_H

#include "base/err.h"
#include "base/slice.h"

#define SP_SECRET_BYTES_MAX ((size_t)64 * 1024)

struct sp_secret {
    uint8_t *ptr;
    size_t len;
    size_t mapped;
};

/* Copies `bytes` in; SP_ERR_TOO_BIG over the maximum. The caller wipes its own copy. */
enum sp_err sp_secret_init(struct sp_secret *s, struct sp_slice bytes) SP_MUST_CHECK SP_NONNULL(1);
void sp_secret_done(struct sp_secret *s) SP_NONNULL(1);
#define SP_AUTO_SECRET SP_CLEANUP(sp_secret_done)

/* Lends the bytes for the call that needs them. */
struct sp_slice sp_secret_show(const struct sp_secret *s) SP_NONNULL(1);

/* Compares in a time that depends on the lengths alone. */
bool sp_secret_equal(struct sp_slice a, struct sp_slice b);

/* Overwrites memory in a way that the compiler keeps. */
void sp_wipe(void *ptr, size_t len);

#endif
