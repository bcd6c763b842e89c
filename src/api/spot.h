/*
 * spot - where a file lies beneath /mnt/data: the one spelling of a name that clients write in many ways.
 *
 * Runs in: inspect, pool.   Input: hostile.   Allocates: through the caller's buffer.
 * A name may be absolute (`/mnt/data/a`), hold directories (`a/b`), and stand beside a directory of its own. What comes
 * out has no `.`, no `..`, no empty part and no control byte, so that it cannot leave /mnt/data.
 */
#ifndef SP_API_SPOT_H
#define SP_API_SPOT_H

#include "base/buf.h"
#include "base/where.h"

#define SP_SPOT_PART_BYTES_MAX ((size_t)255)
#define SP_SPOT_BYTES_MAX      ((size_t)1024) /* directory, slash and name */
#define SP_SPOT_PARTS_MAX      16U

struct sp_spot {
    struct sp_slice directory; /* "a/b"; empty for /mnt/data itself */
    struct sp_slice name;      /* without a slash; empty for a directory's place */
};

/*
 * Joins directory and name, either of which may be empty, as what a file is called. `scratch` (SP_SPOT_BYTES_MAX) is
 * cleared and lends what comes out. SP_ERR_FILE_NAME, with a text for the client in `out_where` (may be NULL).
 */
enum sp_err sp_spot_of_file(struct sp_slice directory, struct sp_slice name, struct sp_buf *scratch,
                            struct sp_spot *out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(3, 4);

/* The same for a directory: the name comes out empty. */
enum sp_err sp_spot_of_directory(struct sp_slice directory, struct sp_buf *scratch,
                                 struct sp_spot *out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(2, 3);

/* Whether both are what the functions above make: for readers of orders. */
bool sp_spot_is_clean(const struct sp_spot *place) SP_NONNULL(1);

#endif
