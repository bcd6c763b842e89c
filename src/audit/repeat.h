/*
 * repeat - one record of what ran under an idempotency key, as it lies on the disk: a head, and the answer behind it.
 *
 * Runs in: audit.   Input: files that others may meddle with.   Allocates: through the caller's buffer.
 * The head has a digest of its own, so that a half-written end and the bytes of an earlier use of the file are told
 * from records; the answer's digest stands in the head.
 */
#ifndef SP_AUDIT_REPEAT_H
#define SP_AUDIT_REPEAT_H

#include "base/buf.h"
#include "wire/msg.h"

#define SP_REPEAT_HEAD_MAX ((size_t)2048)

/* Zero is the safe reading: nobody knows what became of it, and it is not run again. */
enum sp_repeat_state {
    SP_REPEAT_UNKNOWN,
    SP_REPEAT_RUNNING,
    SP_REPEAT_DONE,
    SP_REPEAT_LOST,      /* it is done, but its answer was not kept */
    SP_REPEAT_WITHDRAWN, /* it surely did not run: the key is free again */
    SP_REPEAT_STATES
};

struct sp_repeat {
    uint8_t key[SP_DIGEST_BYTES];     /* whose, under which key */
    uint8_t request[SP_DIGEST_BYTES]; /* what was asked for */
    enum sp_repeat_state state;
    uint64_t wall_us; /* when it began */
    uint64_t intent;  /* its entry */
    struct sp_slice tenant;
    struct sp_slice execution;
    /* once it is done */
    enum sp_err err;
    bool is_async;
    uint64_t relay_us;
    struct sp_slice session;
    struct sp_slice detail;
    uint64_t answer_bytes;
    uint8_t answer_digest[SP_DIGEST_BYTES];
};

/* Appends the head; `generation` is that of the file's use. */
enum sp_err sp_repeat_put(const struct sp_repeat *repeat, uint64_t generation, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* Reads the head that `in` begins with; `out` borrows. SP_ERR_CORRUPT when none stands there. */
enum sp_err sp_repeat_take(struct sp_slice in, struct sp_repeat *out, uint64_t *out_generation,
                           size_t *out_len) SP_MUST_CHECK SP_NONNULL(2, 3, 4);

#endif
