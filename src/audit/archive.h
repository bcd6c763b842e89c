/*
 * archive - reads a log as it lies on the disk: entries, hashes, proofs. It needs no server and changes nothing.
 *
 * Runs in: commands, and the process that ships the log.   Input: hostile (a log of anybody).
 * Allocates: one bundle, a tile a level, and what the journals hold beyond the published checkpoint.
 * What audit has committed but not published yet is read from its journals, where they are within reach: with them an
 * entry can be read and proved at once. An archive shows one moment; sp_archive_refresh goes on to the present one.
 * Nothing is said here about signatures: see audit/verify_log.h, and sp_note_verify for the note.
 */
#ifndef SP_AUDIT_ARCHIVE_H
#define SP_AUDIT_ARCHIVE_H

#include "audit/disk.h"
#include "audit/merkle.h"
#include "audit/note.h"

#define SP_ARCHIVE_PROOF_MAX 128U /* hashes of any proof */

struct sp_archive;

/*
 * Opens the log on `disk` (borrowed; its own place may be missing). SP_ERR_NOT_FOUND when there is none, SP_ERR_CORRUPT
 * when the checkpoint is no checkpoint.
 */
enum sp_err sp_archive_open(const struct sp_disk *disk, struct sp_archive **out)
    SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_archive_refresh(struct sp_archive *archive) SP_MUST_CHECK SP_NONNULL(1);
void sp_archive_free(struct sp_archive *archive);
void sp_archive_free_cleanup(struct sp_archive **archive);
#define SP_AUTO_ARCHIVE SP_CLEANUP(sp_archive_free_cleanup)

/* How many entries there are, and how many of them the published checkpoint covers. */
uint64_t sp_archive_size(const struct sp_archive *archive) SP_NONNULL(1);
uint64_t sp_archive_published(const struct sp_archive *archive) SP_NONNULL(1);

/* The signed checkpoint over all entries, as text, and what it says. Lent until the next refresh. */
struct sp_slice sp_archive_note(const struct sp_archive *archive) SP_NONNULL(1);
struct sp_checkpoint sp_archive_checkpoint(const struct sp_archive *archive) SP_NONNULL(1);

/* One entry, lent until the next call; SP_ERR_NOT_FOUND for one that is not there (any more). */
enum sp_err sp_archive_entry(struct sp_archive *archive, uint64_t index, struct sp_slice *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* A file of the log as it lies there, appended: at most `room` bytes. */
enum sp_err sp_archive_file(const struct sp_archive *archive, const char *path, size_t room,
                            struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 2, 4);

/* The root over the first `size` entries, computed from the hashes. */
enum sp_err sp_archive_root(struct sp_archive *archive, uint64_t size, struct sp_node *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);

struct sp_archive_proof {
    struct sp_node hashes[SP_ARCHIVE_PROOF_MAX];
    size_t count;
};

/* That entry `index` is in the tree of the first `size`; that the tree of `first` entries is the beginning of that of
 * `second`. SP_ERR_RANGE for numbers that do not fit. */
enum sp_err sp_archive_prove(struct sp_archive *archive, uint64_t index, uint64_t size,
                             struct sp_archive_proof *out) SP_MUST_CHECK SP_NONNULL(1, 4);
enum sp_err sp_archive_prove_growth(struct sp_archive *archive, uint64_t first, uint64_t second,
                                    struct sp_archive_proof *out) SP_MUST_CHECK SP_NONNULL(1, 4);

#endif
