/*
 * upstream_other - operations other than runs as a pool's HTTP requests, and the pool's answers as products or reasons.
 *
 * Runs in: relay.   Input: hostile (the pool's answers).   Allocates: through buffers, bounded.
 * Built from the order and the configuration alone, in whichever family the pool speaks. Sessions are asked after in the
 * new family always: the old one has no words for them, and pools speak both.
 */
#ifndef SP_API_UPSTREAM_OTHER_H
#define SP_API_UPSTREAM_OTHER_H

#include "api/product.h"
#include "api/upstream.h"

/* "GET", "POST" or "DELETE". */
const char *sp_upstream_method(enum sp_operation operation);

/* Appends path and query of an order's request. `skip` is of a list of sessions. */
enum sp_err sp_upstream_other_target(const struct sp_upstream *u, const struct sp_order *order,
                                     struct sp_slice session, uint32_t skip, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 5);

/* What stands around the bytes of an upload, and the type of all of it. The boundary is the file's own digest. */
enum sp_err sp_upstream_upload_type(const struct sp_order *order, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_upstream_upload_head(const struct sp_upstream *u, const struct sp_order *order,
                                    struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 2, 3);
enum sp_err sp_upstream_upload_tail(const struct sp_order *order, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* What an answer says. Zero is the safe reading. */
struct sp_upstream_other {
    enum sp_upstream_end end;
    enum sp_err err;
    struct sp_where reason;
    uint32_t count; /* of the items of a list, all of them */
    bool has_more;  /* the list goes on at another `skip` */
};

/*
 * Reads a whole answer and appends the product (api/product.h) to `product`; of a list of sessions only those that the
 * order names. The body of a download that came is not read here. Fails only for want of memory.
 */
enum sp_err sp_upstream_other_read(const struct sp_upstream *u, const struct sp_order *order,
                                   unsigned http_status, struct sp_slice body,
                                   struct sp_upstream_other *out, struct sp_buf *product)
    SP_MUST_CHECK SP_NONNULL(1, 2, 5, 6);

#endif
