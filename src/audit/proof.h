/*
 * proof - one entry of a log with all that shows it is there: the file of C2SP tlog-proof.
 *
 * Runs in: commands.   Input: hostile (a file of anybody).   Allocates: through the caller's buffers.
 * The entry itself stands in the line of extra data. It is not trusted for standing there: it is hashed, and the hash is
 * what the proof is about.
 */
#ifndef SP_AUDIT_PROOF_H
#define SP_AUDIT_PROOF_H

#include "audit/archive.h"

#define SP_PROOF_BYTES_MAX ((size_t)256 * 1024)

/* Appends the proof of an entry under the archive's present checkpoint; SP_ERR_NOT_FOUND for one that is not there. */
enum sp_err sp_proof_write(struct sp_archive *archive, uint64_t index, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* The same from its parts, all borrowed. */
struct sp_proof_parts {
    struct sp_slice entry;
    uint64_t index;
    const struct sp_archive_proof *path;
    struct sp_slice note;
};
enum sp_err sp_proof_put(const struct sp_proof_parts *parts, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

struct sp_proof {
    uint64_t index;
    struct sp_slice note;
    struct sp_checkpoint checkpoint;
    struct sp_buf entry; /* to be released with sp_buf_done, also after a failure */
    struct sp_archive_proof path;
};

/* Reads the form alone: SP_ERR_INVALID. `text` must outlive the proof. */
enum sp_err sp_proof_read(struct sp_slice text, struct sp_proof *out) SP_MUST_CHECK SP_NONNULL(2);

/*
 * Whether the proof holds under this key: SP_ERR_NOT_FOUND when the checkpoint is not signed by it or is of another log,
 * SP_ERR_INVALID when the signature is wrong, SP_ERR_CORRUPT when the entry is not in the tree that was signed.
 */
enum sp_err sp_proof_check(const struct sp_proof *proof, const struct sp_note_key *key)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
