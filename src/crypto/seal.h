/*
 * seal - bytes that only the holder of a private key can read: HPKE (RFC 9180), base mode, one message a key.
 *
 * Runs in: audit (seals), commands (open).   Input: opening takes anything.   Allocates: per call.
 * DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, no associated data. A sealed message is the encapsulated key (32
 * bytes), the ciphertext as long as the message, and the tag (16): what any implementation of HPKE opens. Each message
 * has a fresh key, which is forgotten: whoever sealed it cannot open it.
 */
#ifndef SP_CRYPTO_SEAL_H
#define SP_CRYPTO_SEAL_H

#include "base/buf.h"
#include "base/err.h"

#define SP_SEAL_KEY_BYTES    ((size_t)32)
#define SP_SEAL_MORE         ((size_t)48) /* bytes that a sealed message is longer than the message */
#define SP_SEAL_KEY_TEXT_MAX ((size_t)128)

/* Loads the algorithms; before confinement. */
enum sp_err sp_seal_start(void) SP_MUST_CHECK;

/* A new pair; the caller wipes the private key. */
enum sp_err sp_seal_pair(uint8_t private_key[SP_SEAL_KEY_BYTES],
                         uint8_t public_key[SP_SEAL_KEY_BYTES]) SP_MUST_CHECK SP_NONNULL(1, 2);

/* Appends the sealed message. `info` says what it is for, and is needed again to open it. */
enum sp_err sp_seal(const uint8_t public_key[SP_SEAL_KEY_BYTES], struct sp_slice info,
                    struct sp_slice message, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 4);

/*
 * The same a piece at a time: first the encapsulated key (SP_SEAL_KEY_BYTES), then each piece as long as it came, at the
 * end the tag. All are appended.
 */
struct sp_sealer;
enum sp_err sp_sealer_new(const uint8_t public_key[SP_SEAL_KEY_BYTES], struct sp_slice info,
                          struct sp_buf *out, struct sp_sealer **out_sealer)
    SP_MUST_CHECK SP_NONNULL(1, 3, 4);
enum sp_err sp_sealer_put(struct sp_sealer *sealer, struct sp_slice piece, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);
enum sp_err sp_sealer_end(struct sp_sealer *sealer, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_sealer_free(struct sp_sealer *sealer);

/* Appends the message; SP_ERR_INVALID for one that was not sealed to this key for this use, or was changed. */
enum sp_err sp_seal_open(const uint8_t private_key[SP_SEAL_KEY_BYTES], struct sp_slice info,
                         struct sp_slice sealed, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 4);

/*
 * Keys as text: "auditor-" or "auditor-secret-", the key in 64 hexadecimal digits, and 8 digits by which a mistyped one
 * is noticed (the first of its SHA-256). SP_ERR_INVALID for any other text.
 */
enum sp_seal_key { SP_SEAL_PUBLIC, SP_SEAL_PRIVATE };
enum sp_err sp_seal_key_read(enum sp_seal_key which, struct sp_slice text,
                             uint8_t out[SP_SEAL_KEY_BYTES]) SP_MUST_CHECK SP_NONNULL(3);
enum sp_err sp_seal_key_write(enum sp_seal_key which, const uint8_t key[SP_SEAL_KEY_BYTES],
                              struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2, 3);

#endif
