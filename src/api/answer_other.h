/*
 * answer_other - the answers of operations other than runs, as the client of this path and version reads them.
 *
 * Runs in: front.   Input: products (hostile on reading).   Allocates: through the caller's buffer.
 */
#ifndef SP_API_ANSWER_OTHER_H
#define SP_API_ANSWER_OTHER_H

#include "api/product.h"
#include "api/route.h"

/* What an answer shows beside the product. */
struct sp_answer_other {
    const struct sp_route *route;
    struct sp_slice target; /* as it came: names the pool to those who ask for that */
    struct sp_slice
        names; /* of a list of sessions: blocks, by turns the pool's name and the tenant's */
    uint32_t next_skip; /* where that list goes on; 0: nowhere */
};

/*
 * Appends the body; `*out_status` is 200 or 204, and with `*out_is_text` the body is no JSON. SP_ERR_WIRE for a product
 * that does not read. Not for downloads.
 */
enum sp_err sp_answer_other(const struct sp_answer_other *about, struct sp_slice product,
                            struct sp_buf *out, unsigned *out_status, bool *out_is_text)
    SP_MUST_CHECK SP_NONNULL(1, 3, 4, 5);

#endif
