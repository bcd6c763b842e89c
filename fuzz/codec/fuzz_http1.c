/* Covers http1 and http1_head: cutting the input anywhere changes neither the end of a message nor the refusal. */
#include "base/assert.h"
#include "codec/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Feeds `step` bytes at a time; gives where it ended, and the error. */
static enum sp_err run(struct sp_slice in, enum sp_http1_kind kind, size_t step, size_t *out_at,
                       uint64_t *out_body)
{
    SP_AUTO_BUF struct sp_buf head;
    struct sp_http1 p;
    size_t at = 0;
    sp_buf_init(&head, SP_HTTP1_HEAD_BYTES_MAX);
    sp_http1_init(&p, kind, &head);
    enum sp_http1_event event = SP_HTTP1_NEED_MORE;
    do {
        size_t used = 0;
        struct sp_slice piece = sp_slice_sub(in, at, step);
        SP_TRY(sp_http1_feed(&p, piece, &used, &event));
        SP_ASSERT(used <= piece.len && (event != SP_HTTP1_NEED_MORE || used == piece.len));
        at += used;
    } while (event != SP_HTTP1_MESSAGE_DONE && (at < in.len || event != SP_HTTP1_NEED_MORE));
    *out_at = at;
    *out_body = p.body_bytes;
    return SP_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t at[2] = {0, 0};
    uint64_t body[2] = {0, 0};
    enum sp_http1_kind kind = size > 0 && data[0] == 'H' ? SP_HTTP1_RESPONSE : SP_HTTP1_REQUEST;
    enum sp_err whole = run(sp_slice_make(data, size), kind, size + 1, &at[0], &body[0]);
    enum sp_err parts = run(sp_slice_make(data, size), kind, size % 7 + 1, &at[1], &body[1]);
    SP_ASSERT(whole == parts && at[0] == at[1] && body[0] == body[1] && at[0] <= size);
    return 0;
}
