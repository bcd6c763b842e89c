/*
 * part - the one file inside a multipart/form-data body, as its bytes come by.
 *
 * Runs in: pool.   Input: what relay sends, read as hostile all the same.   Allocates: the part's head, bounded.
 * Exactly one part, named `file` and with a filename, is taken; anything else is refused. No I/O.
 */
#ifndef SP_POOL_PART_H
#define SP_POOL_PART_H

#include "base/buf.h"

#define SP_POOL_BOUNDARY_MAX ((size_t)70) /* RFC 2046 */

enum sp_pool_part_event {
    SP_POOL_PART_NEED_MORE, /* all input was taken */
    SP_POOL_PART_NAMED,     /* `filename` is known; the next bytes are the file's */
    SP_POOL_PART_BYTES, /* `bytes` are the file's, lent from the input or from the part itself */
    SP_POOL_PART_DONE,  /* the body's last boundary was seen; what follows is passed over */
};

/* Fields are for part.c except where a comment offers them. */
struct sp_pool_part {
    struct sp_buf head;     /* the lines before the file */
    struct sp_buf filename; /* offered after NAMED */
    struct sp_slice bytes;  /* offered with BYTES */
    unsigned state;
    uint8_t mark[SP_POOL_BOUNDARY_MAX + 4]; /* CR LF - - boundary */
    size_t mark_len;
    size_t matched;  /* bytes of the mark that were seen and are held back */
    bool has_return; /* of the line end behind the first boundary */
    uint8_t tail[2]; /* what follows the boundary */
};

/* From the value of Content-Type; SP_ERR_MEDIA_TYPE unless it is multipart/form-data with a boundary. */
enum sp_err sp_pool_part_init(struct sp_pool_part *part, struct sp_slice content_type)
    SP_MUST_CHECK SP_NONNULL(1);
void sp_pool_part_done(struct sp_pool_part *part) SP_NONNULL(1);

/* Takes bytes from the front of `in`, at most up to the next event. SP_ERR_REQUEST for a body that is not as above. */
enum sp_err sp_pool_part_feed(struct sp_pool_part *part, struct sp_slice in, size_t *out_consumed,
                              enum sp_pool_part_event *out_event) SP_MUST_CHECK SP_NONNULL(1, 3, 4);

#endif
