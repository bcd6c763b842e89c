/*
 * mac - HMAC-SHA256 under one key that is set once.
 *
 * Runs in: admit.   Input: anything.   Allocates: once an object.
 */
#ifndef SP_CRYPTO_MAC_H
#define SP_CRYPTO_MAC_H

#include "base/err.h"
#include "base/slice.h"

#define SP_MAC_BYTES         ((size_t)32)
#define SP_MAC_KEY_BYTES_MIN ((size_t)16) /* shorter keys are a mistake of ours */

struct sp_mac;

/* Takes a copy of the key; SP_ERR_INVALID under the minimum. The caller wipes its own. */
enum sp_err sp_mac_new(struct sp_slice key, struct sp_mac **out) SP_MUST_CHECK SP_NONNULL(2);
void sp_mac_free(struct sp_mac *mac);

/* The tag of one whole message. */
enum sp_err sp_mac_tag(struct sp_mac *mac, struct sp_slice message, uint8_t out[SP_MAC_BYTES])
    SP_MUST_CHECK SP_NONNULL(1, 3);

#endif
