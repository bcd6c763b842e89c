/*
 * reader - walks over binary bytes we do not trust.
 *
 * Runs in: every process.   Input: hostile.   Allocates: never.
 * Numbers are big-endian. A failed read leaves the reader and the output where they were.
 */
#ifndef SP_BASE_READER_H
#define SP_BASE_READER_H

#include "base/err.h"
#include "base/slice.h"

struct sp_reader {
    struct sp_slice in;
    size_t at;
};

void sp_reader_init(struct sp_reader *r, struct sp_slice in) SP_NONNULL(1);
size_t sp_reader_left(const struct sp_reader *r) SP_NONNULL(1);

enum sp_err sp_reader_u8(struct sp_reader *r, uint8_t *out) SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_reader_u16(struct sp_reader *r, uint16_t *out) SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_reader_u32(struct sp_reader *r, uint32_t *out) SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_reader_u64(struct sp_reader *r, uint64_t *out) SP_MUST_CHECK SP_NONNULL(1, 2);

/* Lends exactly `len` bytes. */
enum sp_err sp_reader_bytes(struct sp_reader *r, size_t len, struct sp_slice *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* Reads a u32 length and lends that many bytes; over `max` is SP_ERR_TOO_BIG. */
enum sp_err sp_reader_block(struct sp_reader *r, size_t max, struct sp_slice *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* SP_ERR_TRAILING when anything is left. */
enum sp_err sp_reader_end(const struct sp_reader *r) SP_MUST_CHECK SP_NONNULL(1);

#endif
