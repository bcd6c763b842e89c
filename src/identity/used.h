/*
 * used - when each token was last used, in a file of lines, and which changes of the store the log has.
 *
 * Runs in: admit (writes), commands (read).   Input: trusted.   Allocates: the file's size, while it is read.
 * Lines have one length, so that each is written anew in its place. What a crash loses is the latest use of a token, or
 * that a change was recorded: it is recorded again then.
 */
#ifndef SP_IDENTITY_USED_H
#define SP_IDENTITY_USED_H

#include "identity/directory.h"

#define SP_USED_FILE      "tokens.used"
#define SP_USED_LINE      ((size_t)54) /* "%-32s %020llu\n" */
#define SP_USED_BYTES_MAX (SP_USED_LINE * (SP_DIRECTORY_ROWS_MAX + 1))

/* The last change of the store that the log has, and each token's latest use. Lines that cannot be read are passed over. */
typedef void sp_used_fn(void *ctx, struct sp_slice id, uint64_t used_us, uint32_t line);
void sp_used_read(struct sp_slice text, uint64_t *out_told, sp_used_fn *fn, void *ctx)
    SP_NONNULL(2, 3);

/* Reads the file of this descriptor into the directory, for the tokens that are there. */
enum sp_err sp_used_load(int fd, struct sp_directory *directory, uint64_t *out_told)
    SP_MUST_CHECK SP_NONNULL(2, 3);

/* Writes `told` and the uses that are not written yet. */
enum sp_err sp_used_save(int fd, struct sp_directory *directory, uint64_t told)
    SP_MUST_CHECK SP_NONNULL(2);

#endif
