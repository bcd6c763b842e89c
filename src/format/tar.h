/*
 * tar - the members of a tar archive: ustar, pax and GNU.
 *
 * Runs in: inspect, commands.   Input: hostile.   Allocates: never.
 * Names and sizes that a header in front gives are followed. Sparse files, and what else readers disagree on, are refused.
 */
#ifndef SP_FORMAT_TAR_H
#define SP_FORMAT_TAR_H

#include "base/err.h"
#include "base/slice.h"

#define SP_TAR_NAME_MAX ((size_t)4096)

enum sp_tar_type { SP_TAR_FILE, SP_TAR_FOLDER, SP_TAR_LINK, SP_TAR_SPECIAL };

struct sp_tar_member {
    struct sp_slice name; /* lent until the next member */
    struct sp_slice data;
    enum sp_tar_type type;
};

struct sp_tar {
    struct sp_slice in;
    size_t at;
    size_t name_len;
    uint8_t name[SP_TAR_NAME_MAX];
};

/* Borrows the bytes; a member is looked for by sp_tar_next. */
void sp_tar_open(struct sp_slice in, struct sp_tar *out) SP_NONNULL(2);

/* The next member; SP_ERR_NOT_FOUND at the end, SP_ERR_CORRUPT, SP_ERR_SHORT, SP_ERR_TOO_BIG for a name. */
enum sp_err sp_tar_next(struct sp_tar *tar, struct sp_tar_member *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
