/*
 * body - collects a request's body: in memory while it is small, in a memfd beyond that.
 *
 * Runs in: front.   Input: hostile.   Allocates: at most SP_PAYLOAD_INLINE_MAX; the rest lies in the memfd.
 */
#ifndef SP_FRONT_BODY_H
#define SP_FRONT_BODY_H

#include "wire/payload.h"

struct sp_body {
    struct sp_buf memory;
    int fd; /* the memfd, -1 while memory is enough */
    uint64_t len;
};

/* `expected` bytes, as far as is known (UINT64_MAX: not): saves moving a large body from one to the other. */
enum sp_err sp_body_init(struct sp_body *body, uint64_t expected) SP_MUST_CHECK SP_NONNULL(1);

/* Appends; SP_ERR_TOO_BIG when the body would be over `most`, and then nothing is appended. */
enum sp_err sp_body_put(struct sp_body *body, struct sp_slice bytes, uint64_t most)
    SP_MUST_CHECK SP_NONNULL(1);

/* Lends a small body, seals and moves out a large one. */
enum sp_err sp_body_payload(struct sp_body *body, struct sp_payload *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

void sp_body_done(struct sp_body *body) SP_NONNULL(1);

#endif
