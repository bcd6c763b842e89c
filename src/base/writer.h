/*
 * writer - puts big-endian numbers and blocks into a buffer; the other half of reader.
 *
 * Runs in: every process.   Allocates: through its buffer.
 * The first failure sticks: put what belongs together, then ask sp_writer_end once.
 */
#ifndef SP_BASE_WRITER_H
#define SP_BASE_WRITER_H

#include "base/buf.h"

struct sp_writer {
    struct sp_buf *out;
    enum sp_err err;
};

void sp_writer_init(struct sp_writer *w, struct sp_buf *out) SP_NONNULL(1, 2);

void sp_writer_u8(struct sp_writer *w, uint8_t value) SP_NONNULL(1);
void sp_writer_u16(struct sp_writer *w, uint16_t value) SP_NONNULL(1);
void sp_writer_u32(struct sp_writer *w, uint32_t value) SP_NONNULL(1);
void sp_writer_u64(struct sp_writer *w, uint64_t value) SP_NONNULL(1);
void sp_writer_bytes(struct sp_writer *w, struct sp_slice bytes) SP_NONNULL(1);

/* A u32 length and the bytes. */
void sp_writer_block(struct sp_writer *w, struct sp_slice bytes) SP_NONNULL(1);

/* The first failure, or SP_OK. */
enum sp_err sp_writer_end(const struct sp_writer *w) SP_MUST_CHECK SP_NONNULL(1);

#endif
