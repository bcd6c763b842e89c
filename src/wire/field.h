/*
 * field - how one row of a field list is written and read, by its kind: messages and settings share it.
 *
 * Runs in: every process.   Input: hostile.   Allocates: never on reading.
 * Only the .c files that define messages (wire/msg.c) and settings (process/settings.c) include this. A writer is
 * called `w`, a reader `r`, the struct that is written `msg`, the one that is read `out`.
 */
#ifndef SP_WIRE_FIELD_H
#define SP_WIRE_FIELD_H

#include "base/reader.h"
#include "base/writer.h"

void sp_field_write_digest(struct sp_writer *w, const uint8_t *digest) SP_NONNULL(1, 2);

/* More than `max` bytes is our own mistake: the writer ends with SP_ERR_TOO_BIG. */
void sp_field_write_bytes(struct sp_writer *w, struct sp_slice bytes, size_t max) SP_NONNULL(1);

enum sp_err sp_field_read_err(struct sp_reader *r, enum sp_err *out) SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_field_read_text(struct sp_reader *r, size_t max, struct sp_slice *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);
enum sp_err sp_field_read_digest(struct sp_reader *r, uint8_t *out) SP_MUST_CHECK SP_NONNULL(1, 2);

#define SP_FIELD_WRITE_U8(name, max)      sp_writer_u8(w, msg->name);
#define SP_FIELD_WRITE_U16(name, max)     sp_writer_u16(w, msg->name);
#define SP_FIELD_WRITE_U32(name, max)     sp_writer_u32(w, msg->name);
#define SP_FIELD_WRITE_U64(name, max)     sp_writer_u64(w, msg->name);
#define SP_FIELD_WRITE_ID(name, max)      sp_writer_u64(w, msg->name);
#define SP_FIELD_WRITE_ERR(name, max)     sp_writer_u16(w, (uint16_t)msg->name);
#define SP_FIELD_WRITE_TEXT(name, max)    sp_field_write_bytes(w, msg->name, max);
#define SP_FIELD_WRITE_BYTES(name, max)   sp_field_write_bytes(w, msg->name, max);
#define SP_FIELD_WRITE_DIGEST(name, max)  sp_field_write_digest(w, msg->name);
#define SP_FIELD_WRITE_PAYLOAD(name, max) sp_payload_write(w, &msg->name);
#define SP_FIELD_WRITE(kind, name, max)   SP_FIELD_WRITE_##kind(name, max)

/* The next payload's descriptor, if it has one, stands in `*fd`. */
#define SP_FIELD_READ_U8(name, max)       SP_TRY(sp_reader_u8(r, &out->name));
#define SP_FIELD_READ_U16(name, max)      SP_TRY(sp_reader_u16(r, &out->name));
#define SP_FIELD_READ_U32(name, max)      SP_TRY(sp_reader_u32(r, &out->name));
#define SP_FIELD_READ_U64(name, max)      SP_TRY(sp_reader_u64(r, &out->name));
#define SP_FIELD_READ_ID(name, max)       SP_TRY(sp_reader_u64(r, &out->name));
#define SP_FIELD_READ_ERR(name, max)      SP_TRY(sp_field_read_err(r, &out->name));
#define SP_FIELD_READ_TEXT(name, max)     SP_TRY(sp_field_read_text(r, max, &out->name));
#define SP_FIELD_READ_BYTES(name, max)    SP_TRY(sp_reader_block(r, max, &out->name));
#define SP_FIELD_READ_DIGEST(name, max)   SP_TRY(sp_field_read_digest(r, out->name));
#define SP_FIELD_READ_PAYLOAD(name, max)                                                           \
    SP_TRY(sp_payload_read(r, fd, &out->name));                                                    \
    fd += out->name.fd > 0 ? 1 : 0;
#define SP_FIELD_READ(kind, name, max) SP_FIELD_READ_##kind(name, max)

#endif
