/*
 * random - bytes that nobody can foretell, from the kernel.
 *
 * Runs in: every process.   Allocates: never.
 */
#ifndef SP_CRYPTO_RANDOM_H
#define SP_CRYPTO_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Fills `out` whole by getrandom(2); SP_ERR_SYSTEM when the kernel refuses. */
enum sp_err sp_random_fill(uint8_t *out, size_t len) SP_MUST_CHECK SP_NONNULL(1);

#endif
