/*
 * refusal - an answer of the door's own: a whole HTTP message with the JSON error that every client can read.
 *
 * Runs in: door.   Input: fixed texts.   Allocates: through the caller's buffer.
 */
#ifndef SP_DOOR_REFUSAL_H
#define SP_DOOR_REFUSAL_H

#include "base/buf.h"

struct sp_refusal {
    enum sp_err err;
    const char *detail;     /* NULL: the error's own text is the message */
    unsigned retry_after_s; /* 0: no Retry-After */
    uint64_t wall_us;    /* when it was refused, by which the answer is called, too; 0: neither */
    bool is_head_method; /* the answer to HEAD has the length, but not the body */
};

/* Appends the answer; it says Connection: close. Nothing is appended on failure. */
enum sp_err sp_refusal_put(const struct sp_refusal *refusal, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
