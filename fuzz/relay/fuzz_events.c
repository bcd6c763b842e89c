/* Covers relay/events.c: however an answer is cut into pieces, the same parts and the same end come of it. */
#include "base/assert.h"
#include "crypto/hash.h"
#include "relay/events.h"

#define BYTES_MAX ((size_t)64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A part is digested with its kind; a cut changes neither. */
static void on_part(void *ctx, unsigned what, struct sp_slice data)
{
    struct sp_buf *all = ctx;
    SP_ASSERT(what <= 3 && sp_buf_put_byte(all, (uint8_t)what) == SP_OK &&
              sp_buf_put(all, data) == SP_OK);
    SP_ASSERT(what != 2 ||
              (data.len > 1 && data.ptr[0] == '{' && sp_slice_find(data, 0, '\n') == data.len));
}

static enum sp_err feed(struct sp_slice in, size_t step, struct sp_buf *out)
{
    struct sp_events events;
    SP_AUTO_BUF struct sp_buf end;
    unsigned status = 0;
    enum sp_err err = SP_OK;
    sp_buf_init(&end, BYTES_MAX);
    sp_events_init(&events, BYTES_MAX);
    for (size_t at = 0; at < in.len && err == SP_OK; at += step) {
        err = sp_events_feed(&events, sp_slice_sub(in, at, step), on_part, out);
    }
    if (err == SP_OK && sp_events_take(&events, &end, &status)) {
        SP_ASSERT(end.len > 0 && status > 0 && sp_buf_put(out, sp_buf_slice(&end)) == SP_OK);
    }
    sp_events_done(&events);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_BUF struct sp_buf whole;
    SP_AUTO_BUF struct sp_buf pieces;
    const struct sp_slice in = sp_slice_make(data, size);
    sp_buf_init(&whole, 16 * BYTES_MAX);
    sp_buf_init(&pieces, 16 * BYTES_MAX);
    if (size > BYTES_MAX / 8 || size == 0) {
        return 0;
    }
    enum sp_err err = feed(in, size, &whole);
    SP_ASSERT(feed(in, (size_t)1 + data[0] % 7U, &pieces) == err &&
              sp_slice_equal(sp_buf_slice(&whole), sp_buf_slice(&pieces)));
    return 0;
}
