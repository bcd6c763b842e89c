/*
 * code - what was submitted, kept beside the log and sealed to an auditor: who keeps it cannot read it back.
 *
 * Runs in: audit (keeps), commands (open).   Input: opening takes anything.   Allocates: a piece at a time (keeping), whole objects (opening).
 * An object is the file code/DAY/DIGEST in audit's own directory: DAY of the entry's time, DIGEST of the code. The same
 * code is kept once a day. The file holds "SPCODE01", the code sealed (crypto/seal.h) for the use "sallyport code 1", and
 * the SHA-256 of all that, by which one that was half written is told from a whole one.
 */
#ifndef SP_AUDIT_CODE_H
#define SP_AUDIT_CODE_H

#include "audit/disk.h"
#include "base/buf.h"
#include "crypto/hash.h"
#include "crypto/seal.h"

#define SP_CODE_DIRECTORY  "code"
#define SP_CODE_PATH_BYTES ((size_t)96)
#define SP_CODE_BYTES_MAX  ((size_t)256 * 1024 * 1024)
#define SP_CODE_MORE                                                                               \
    ((size_t)8 + SP_SEAL_MORE + SP_SHA256_BYTES) /* bytes that an object has beyond the code */

/* An object by the day of an entry's time and the digest of the code; its file beneath audit's own directory. */
struct sp_code_name {
    uint64_t wall_us;
    uint8_t digest[SP_SHA256_BYTES];
};
void sp_code_path(const struct sp_code_name *name, char out[SP_CODE_PATH_BYTES]) SP_NONNULL(1, 2);

struct sp_code_keeper;

/* Borrows the disk; whatever is kept can be read by who has the private part of this key alone. */
enum sp_err sp_code_keeper_new(const struct sp_disk *disk,
                               const uint8_t public_key[SP_SEAL_KEY_BYTES],
                               struct sp_code_keeper **out) SP_MUST_CHECK SP_NONNULL(1, 2, 3);
void sp_code_keeper_free(struct sp_code_keeper *keeper);

/*
 * Keeping one object a piece at a time, so that nobody waits for a large one; one at a time may be on its way. The job is
 * NULL when there is nothing to do. Each step is given the whole content and takes some SP_CODE_PIECE of it.
 */
#define SP_CODE_PIECE ((size_t)1024 * 1024)
struct sp_code_job;
enum sp_err sp_code_begin(struct sp_code_keeper *keeper, const struct sp_code_name *name,
                          size_t len, struct sp_code_job **out) SP_MUST_CHECK SP_NONNULL(1, 2, 4);
enum sp_err sp_code_step(struct sp_code_job *job, struct sp_slice code, bool *out_done)
    SP_MUST_CHECK SP_NONNULL(1, 3);
void sp_code_job_free(struct sp_code_job *job);

/*
 * All of it: writes the object unless it is there; it is durable after sp_code_sync, which one call does for all that were written.
 * What fails says why, for people. After a failed sync nothing that lies there is taken for durable any more.
 */
enum sp_err sp_code_keep(struct sp_code_keeper *keeper, const struct sp_code_name *name,
                         struct sp_slice code) SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_code_sync(struct sp_code_keeper *keeper) SP_MUST_CHECK SP_NONNULL(1);
const char *sp_code_reason(const struct sp_code_keeper *keeper) SP_NONNULL(1);

/* The bytes of an object and back. SP_ERR_CORRUPT for what is no whole object, SP_ERR_INVALID under another key. */
enum sp_err sp_code_seal(const uint8_t public_key[SP_SEAL_KEY_BYTES], struct sp_slice code,
                         struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 3);
enum sp_err sp_code_unseal(const uint8_t private_key[SP_SEAL_KEY_BYTES], struct sp_slice object,
                           struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 3);

#endif
