/*
 * payload - a body on a wire: inside the message up to 16 KiB, beyond that in a sealed memfd.
 *
 * Runs in: front, inspect, audit, relay.   Input: hostile.   Allocates: when kept.
 * What was inspected cannot change afterwards: seals and size are checked before the first byte is looked at.
 */
#ifndef SP_WIRE_PAYLOAD_H
#define SP_WIRE_PAYLOAD_H

#include "base/err.h"
#include "base/reader.h"
#include "base/writer.h"

#define SP_PAYLOAD_INLINE_MAX ((size_t)16 * 1024)
#define SP_PAYLOAD_BYTES_MAX  ((size_t)272 * 1024 * 1024)

struct sp_payload {
    struct sp_slice bytes;
    int fd;       /* the sealed memfd; 0 (zeroed) or -1 when the bytes are elsewhere */
    bool is_heap; /* bytes are an allocated copy of our own */
};

#define SP_PAYLOAD_EMPTY ((struct sp_payload){.bytes = {NULL, 0}, .fd = -1, .is_heap = false})

/* Borrows bytes of at most SP_PAYLOAD_INLINE_MAX; copies more into a sealed memfd. */
enum sp_err sp_payload_make(struct sp_slice bytes, struct sp_payload *out)
    SP_MUST_CHECK SP_NONNULL(2);

/* Takes a memfd over, also when it fails: seals, size and map. */
enum sp_err sp_payload_adopt(int take_fd, size_t size, struct sp_payload *out)
    SP_MUST_CHECK SP_NONNULL(3);

/* Moves `from` into `out` so that it outlives the message it came in; inline bytes are copied. */
enum sp_err sp_payload_keep(struct sp_payload *from, struct sp_payload *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

void sp_payload_done(struct sp_payload *payload) SP_NONNULL(1);
#define SP_AUTO_PAYLOAD SP_CLEANUP(sp_payload_done)

/* The two halves of its encoding; `fd` is passed beside the message. A read payload owns what it took from `*fd`. */
void sp_payload_write(struct sp_writer *w, const struct sp_payload *payload) SP_NONNULL(1, 2);
enum sp_err sp_payload_read(struct sp_reader *r, int *fd, struct sp_payload *out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

#endif
