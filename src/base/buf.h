/*
 * buf - a growing buffer that is born with its maximum.
 *
 * Runs in: every process.   Allocates: up to its maximum.
 * Past the maximum every put fails with SP_ERR_TOO_BIG and the content stays as it was.
 */
#ifndef SP_BASE_BUF_H
#define SP_BASE_BUF_H

#include "base/err.h"
#include "base/slice.h"

struct sp_buf {
    uint8_t *ptr;
    size_t len;
    size_t room;
    size_t max;
};

/* Empty, nothing allocated yet. */
void sp_buf_init(struct sp_buf *b, size_t max) SP_NONNULL(1);

/* Frees the content and leaves an empty buffer with the same maximum. sp_buf_done wipes nothing; see sp_buf_wipe. */
void sp_buf_done(struct sp_buf *b) SP_NONNULL(1);

/* Overwrites and frees: for buffers that held a secret. */
void sp_buf_wipe(struct sp_buf *b) SP_NONNULL(1);
#define SP_AUTO_BUF SP_CLEANUP(sp_buf_done)

/* Forgets the content but keeps the memory. */
void sp_buf_clear(struct sp_buf *b) SP_NONNULL(1);

static inline struct sp_slice sp_buf_slice(const struct sp_buf *b)
{
    return sp_slice_make(b->ptr, b->len);
}

/* What sp_buf_put does when the bytes do not fit into the room that is there. */
enum sp_err sp_buf_put_growing(struct sp_buf *b, struct sp_slice bytes) SP_MUST_CHECK SP_NONNULL(1);

/* One byte of room always stays for the NUL of sp_buf_take. */
SP_MUST_CHECK static inline enum sp_err sp_buf_put(struct sp_buf *b, struct sp_slice bytes)
{
    if (bytes.len >= b->room - b->len || bytes.len > b->max - b->len) {
        return sp_buf_put_growing(b, bytes);
    }
    if (bytes.len > 0) {
        memcpy(b->ptr + b->len, bytes.ptr, bytes.len);
        b->len += bytes.len;
    }
    return SP_OK;
}

SP_MUST_CHECK static inline enum sp_err sp_buf_put_text(struct sp_buf *b, const char *text)
{
    return sp_buf_put(b, sp_slice_of(text));
}

SP_MUST_CHECK static inline enum sp_err sp_buf_put_byte(struct sp_buf *b, uint8_t byte)
{
    return sp_buf_put(b, sp_slice_make(&byte, 1));
}

/* Append a number in decimal, and what printf makes of its arguments. */
enum sp_err sp_buf_put_u64(struct sp_buf *b, uint64_t decimal) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_buf_putf(struct sp_buf *b, const char *format, ...) SP_MUST_CHECK SP_NONNULL(1, 2)
    SP_PRINTF(2, 3);

/* Makes room for `len` more bytes and lends the space; sp_buf_commit then counts those written. */
enum sp_err sp_buf_reserve(struct sp_buf *b, size_t len, uint8_t **out)
    SP_MUST_CHECK SP_NONNULL(1, 3);
void sp_buf_commit(struct sp_buf *b, size_t len) SP_NONNULL(1);

/* Drops `len` bytes at the front; cuts to `len` bytes. */
void sp_buf_consume(struct sp_buf *b, size_t len) SP_NONNULL(1);
void sp_buf_truncate(struct sp_buf *b, size_t len) SP_NONNULL(1);

/* Moves the content out (NUL-terminated beyond its length); the caller frees it. NULL when memory is used up. */
char *sp_buf_take(struct sp_buf *b, size_t *out_len) SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
