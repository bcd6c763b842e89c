/*
 * sp_guard_*: what a client gets, and how many requests front gets, does not depend on how the bytes are cut.
 * The first byte is the size of the cuts; front answers every whole request. What front gets is framed in one way only.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "door/guard.h"

#define ID_DIGITS ((size_t)16)
#define ANSWER    SP_SLICE_LITERAL("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

static const struct sp_guard_limits limits = {.head_ms = 1000, .body_ms = 1000, .idle_ms = 1000};

static uint64_t play(struct sp_slice in, size_t step, struct sp_buf *client, struct sp_buf *front)
{
    struct sp_guard g;
    uint64_t answered = 0;
    sp_guard_init(&g, &limits, 1);
    for (size_t at = 0; at < in.len && g.end == SP_GUARD_OPEN; at += step) {
        sp_guard_from_client(&g, sp_slice_sub(in, at, step), 1);
        do {
            if (sp_buf_put(front, sp_buf_slice(&g.to_front)) != SP_OK) {
                abort();
            }
            sp_guard_front_wrote(&g, g.to_front.len);
            if (g.end == SP_GUARD_OPEN && g.is_request_done && answered < g.requests) {
                answered++;
                sp_guard_from_front(&g, ANSWER, 1);
            }
        } while (g.end == SP_GUARD_OPEN && g.to_front.len > 0);
    }
    if (sp_buf_put(client, sp_buf_slice(&g.to_client)) != SP_OK) {
        abort();
    }
    sp_guard_done(&g);
    return g.requests;
}

/* By its own parser, and nothing in it is there to be passed over. */
static void check_front(const struct sp_buf *front)
{
    SP_AUTO_BUF struct sp_buf head = {.max = SP_HTTP1_HEAD_BYTES_MAX};
    struct sp_http1 p;
    size_t at = 0;
    sp_http1_init(&p, SP_HTTP1_REQUEST, &head);
    for (enum sp_http1_event event = SP_HTTP1_BODY; event != SP_HTTP1_NEED_MORE;) {
        size_t used = 0;
        if (sp_http1_feed(&p, sp_slice_sub(sp_buf_slice(front), at, front->len), &used, &event) !=
                SP_OK ||
            p.extension_bytes > 0 || p.trailer_bytes > sizeof("\r\n") - 1) {
            abort();
        }
        at += used;
        if (event == SP_HTTP1_MESSAGE_DONE) {
            sp_http1_next(&p, SP_HTTP1_REQUEST);
        }
    }
}

static void forget(struct sp_buf *client, struct sp_slice name, size_t len)
{
    for (size_t at = 0; at + name.len + len <= client->len; at++) {
        if (sp_slice_equal(sp_slice_sub(sp_buf_slice(client), at, name.len), name)) {
            for (size_t i = 0; i < len; i++) {
                client->ptr[at + name.len + i] = '0';
            }
        }
    }
}

/* The time and the number of a refusal are others each time. */
static void forget_time(struct sp_buf *client)
{
    forget(client, SP_SLICE_LITERAL("x-ms-request-id: "), ID_DIGITS);
    forget(client, SP_SLICE_LITERAL("Date: "), SP_CLOCK_HTTP_BYTES - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_slice in = sp_slice_make(data, size);
    SP_AUTO_BUF struct sp_buf client = {.max = SIZE_MAX / 4};
    SP_AUTO_BUF struct sp_buf client_cut = {.max = SIZE_MAX / 4};
    SP_AUTO_BUF struct sp_buf front = {.max = SIZE_MAX / 4};
    SP_AUTO_BUF struct sp_buf front_cut = {.max = SIZE_MAX / 4};
    if (size < 2 || size > 32 * 1024) {
        return 0;
    }
    in = sp_slice_sub(in, 1, size);
    uint64_t requests = play(in, in.len, &client, &front);
    const uint64_t requests_cut = play(in, (size_t)data[0] + 1, &client_cut, &front_cut);
    check_front(&front);
    check_front(&front_cut);
    forget_time(&client);
    forget_time(&client_cut);
    if (requests_cut != requests ||
        !sp_slice_equal(sp_buf_slice(&client), sp_buf_slice(&client_cut))) {
        abort();
    }
    return 0;
}
