#include "play.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

const struct sp_guard_limits sp_play_limits = {.head_ms = 1000, .body_ms = 2000, .idle_ms = 5000};

void sp_play_start(struct play *p)
{
    *p = (struct play){.now_ms = 1000, .answer = OK};
    sp_guard_init(&p->guard, &sp_play_limits, p->now_ms);
    sp_buf_init(&p->front, ENOUGH * 8);
    sp_buf_init(&p->client, ENOUGH * 8);
}

void sp_play_end(struct play *p)
{
    sp_guard_done(&p->guard);
    sp_buf_done(&p->front);
    sp_buf_done(&p->client);
}

void sp_play_deliver(struct play *p)
{
    struct sp_guard *g = &p->guard;
    assert_int_equal(sp_buf_put(&p->front, sp_buf_slice(&g->to_front)), SP_OK);
    sp_guard_front_wrote(g, g->to_front.len);
    assert_int_equal(sp_buf_put(&p->client, sp_buf_slice(&g->to_client)), SP_OK);
    sp_guard_client_wrote(g, g->to_client.len, p->now_ms);
}

static void answer_all(struct play *p, size_t step)
{
    struct sp_guard *g = &p->guard;
    sp_play_deliver(p);
    while (p->answer != NULL && g->end == SP_GUARD_OPEN && g->is_request_done &&
           p->answered < g->requests) {
        struct sp_slice in = sp_slice_of(p->answer);
        p->answered++;
        for (size_t at = 0; at < in.len; at += step) {
            sp_guard_from_front(g, sp_slice_sub(in, at, step), p->now_ms);
        }
        sp_play_deliver(p);
    }
}

void sp_play_feed(struct play *p, struct sp_slice in, size_t step)
{
    for (size_t at = 0; at < in.len && p->guard.end == SP_GUARD_OPEN; at += step) {
        sp_guard_from_client(&p->guard, sp_slice_sub(in, at, step), p->now_ms);
        answer_all(p, step);
    }
}

bool sp_play_client_has(const struct play *p, const char *text)
{
    return p->client.len > 0 && memmem(p->client.ptr, p->client.len, text, strlen(text)) != NULL;
}

bool sp_play_front_has(const struct play *p, const char *text)
{
    return p->front.len > 0 && memmem(p->front.ptr, p->front.len, text, strlen(text)) != NULL;
}

unsigned sp_play_count(const struct sp_buf *b, const char *text)
{
    unsigned found = 0;
    size_t len = strlen(text);
    for (size_t at = 0; at + len <= b->len; at++) {
        found += memcmp(b->ptr + at, text, len) == 0;
    }
    return found;
}
