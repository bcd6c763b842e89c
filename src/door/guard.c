#include "door/guard.h"

#include "base/clock.h"
#include "base/num.h"
#include "door/refusal.h"

/* What may wait for one side: the backlog, one read, and a head or a refusal of our own. */
#define QUEUE_BYTES_MAX     ((size_t)256 * 1024)
/* A connection between requests gives back what is larger than this. */
#define IDLE_ROOM_BYTES_MAX ((size_t)8 * 1024)

#define PROBE               "HTTP/1.1 100 Continue\r\n\r\n"
#define CLOSING             "Connection: close\r\n\r\n"
#define CRLF_LEN            ((size_t)2)

void sp_guard_init(struct sp_guard *g, const struct sp_guard_limits *limits, uint64_t now_ms)
{
    sp_buf_init(&g->to_front, QUEUE_BYTES_MAX);
    sp_buf_init(&g->to_client, QUEUE_BYTES_MAX);
    sp_buf_init(&g->held, SP_GUARD_READ_BYTES_MAX);
    sp_buf_init(&g->request_head, SP_HTTP1_HEAD_BYTES_MAX);
    sp_buf_init(&g->answer_head, SP_HTTP1_HEAD_BYTES_MAX);
    sp_http1_init(&g->request, SP_HTTP1_REQUEST, &g->request_head);
    sp_http1_init(&g->answer, SP_HTTP1_RESPONSE, &g->answer_head);
    g->is_front_over = false;
    g->end = SP_GUARD_OPEN;
    g->refused = SP_OK;
    g->rule = NULL;
    g->limits = limits;
    g->has_request = false;
    g->is_request_done = false;
    g->is_answer_begun = false;
    g->is_head_method = false;
    g->is_last = false;
    g->is_draining = false;
    g->is_client_over = false;
    g->is_probed = false;
    g->has_had_byte = false;
    g->since_ms = now_ms;
    g->tick_ms = now_ms;
    g->body_spent_ms = 0;
    g->over_ms = 0;
    g->stuck_ms = 0;
    g->requests = 0;
}

void sp_guard_done(struct sp_guard *g)
{
    sp_buf_done(&g->to_front);
    sp_buf_done(&g->to_client);
    sp_buf_done(&g->held);
    sp_buf_done(&g->request_head);
    sp_buf_done(&g->answer_head);
}

bool sp_guard_wants_client(const struct sp_guard *g)
{
    return g->end == SP_GUARD_OPEN && !g->is_client_over && g->held.len == 0 &&
           g->to_front.len < SP_GUARD_BACKLOG_BYTES_MAX;
}

bool sp_guard_wants_front(const struct sp_guard *g)
{
    return g->end == SP_GUARD_OPEN && g->to_client.len < SP_GUARD_BACKLOG_BYTES_MAX;
}

/* Nothing more can be done for the client. */
static void drop(struct sp_guard *g)
{
    g->end = SP_GUARD_DROP;
    g->is_front_over = true;
    sp_buf_clear(&g->to_front);
}

/* What the client is owed stands in to_client; then the connection ends. */
static void finish(struct sp_guard *g)
{
    g->end = SP_GUARD_LINGER;
    g->is_front_over = true;
    g->has_request = false;
    sp_buf_clear(&g->to_front);
    sp_buf_clear(&g->held);
}

static void put(struct sp_guard *g, struct sp_buf *queue, struct sp_slice bytes)
{
    if (sp_buf_put(queue, bytes) != SP_OK) {
        drop(g); /* memory is used up, or the other side sends although it was told to wait */
    }
}

/* Our own answer takes the place of front's, or stands where no request is: it is always the last. */
static void refuse(struct sp_guard *g, enum sp_err err, const char *rule)
{
    bool may_retry = err == SP_ERR_UNAVAILABLE;
    struct sp_refusal refusal = {.err = err,
                                 .detail = rule,
                                 .retry_after_s = may_retry ? SP_GUARD_RETRY_S : 0,
                                 .wall_us = sp_clock_wall_us(),
                                 .is_head_method = g->has_request && g->is_head_method};
    g->refused = err;
    g->rule = rule;
    finish(g);
    if (sp_refusal_put(&refusal, &g->to_client) != SP_OK) {
        drop(g);
    }
}

/* A broken body under an answer that has begun cannot be answered any more: that answer is the last. */
static void on_violation(struct sp_guard *g, enum sp_err err)
{
    if (g->has_request && g->is_answer_begun) {
        g->refused = err;
        g->rule = g->request.rule;
        g->is_last = true;
        g->is_request_done = true;
        g->since_ms = g->tick_ms;
        sp_buf_clear(&g->to_front);
        return;
    }
    refuse(g, err == SP_ERR_NOMEM ? SP_ERR_UNAVAILABLE : err, g->request.rule);
}

static size_t field_at(const struct sp_guard *g, unsigned index)
{
    if (index == g->request.field_count) {
        return g->request_head.len - CRLF_LEN;
    }
    return (size_t)(sp_http1_field_name(&g->request, index).ptr - g->request_head.ptr);
}

/* Where the value of a field ends, without the blanks that may follow it. */
static size_t value_end(const struct sp_guard *g, unsigned index)
{
    const struct sp_slice value = sp_http1_field_value(&g->request, index);
    if (value.len == 0) {
        return field_at(g, index) + sp_http1_field_name(&g->request, index).len + 1; /* the colon */
    }
    return (size_t)(value.ptr - g->request_head.ptr) + value.len;
}

/* Cookies mean nothing here; of two traces none can be the one (W3C Trace Context), and front's library takes the first. */
static bool is_left_out(const struct sp_guard *g, unsigned index)
{
    const struct sp_slice name = sp_http1_field_name(&g->request, index);
    struct sp_slice ignored = {NULL, 0};
    return sp_slice_is_nocase(name, "Cookie") ||
           (sp_slice_is_nocase(name, "traceparent") &&
            sp_http1_find(&g->request, "traceparent", &ignored) > 1);
}

/*
 * What front's library would read otherwise than we do stays outside. It would take each cookie apart into memory that it
 * has little of. Blanks behind a value are no part of it (RFC 9112, section 5.1), but the library takes them for one: it
 * would see another length, or another coding, than the one that was checked here. Of a target in absolute form front
 * gets the origin form, with the path that may have been left out.
 */
static void put_request_head(struct sp_guard *g)
{
    const struct sp_slice head = sp_buf_slice(&g->request_head);
    const struct sp_slice target = sp_http1_target(&g->request);
    size_t from = (size_t)(target.ptr - head.ptr); /* behind the authority of an absolute form */
    put(g, &g->to_front, sp_http1_method(&g->request));
    put(g, &g->to_front, SP_SLICE_LITERAL(" "));
    if (!sp_slice_is(target, "*") && !sp_slice_starts(target, "/")) {
        const bool is_of_all =
            target.len == 0 && sp_slice_is(sp_http1_method(&g->request), "OPTIONS");
        put(g, &g->to_front, is_of_all ? SP_SLICE_LITERAL("*") : SP_SLICE_LITERAL("/"));
    }
    for (unsigned i = 0; i < g->request.field_count; i++) {
        const size_t next = field_at(g, i + 1);
        const bool is_out = is_left_out(g, i);
        const size_t end = is_out ? field_at(g, i) : value_end(g, i);
        const size_t resume = is_out ? next : next - CRLF_LEN;
        if (end < resume) {
            put(g, &g->to_front, sp_slice_sub(head, from, end - from));
            from = resume;
        }
    }
    put(g, &g->to_front, sp_slice_sub(head, from, head.len));
}

/* For the sake of that memory the parameters of a query are counted, too. */
static bool has_too_many_parameters(const struct sp_guard *g)
{
    const struct sp_slice target = sp_http1_target(&g->request);
    unsigned count = 1;
    for (size_t i = 0; i < target.len; i++) {
        count += target.ptr[i] == '&';
    }
    return count > SP_GUARD_PARAMETERS_MAX;
}

/* Who asks, for what and once only: of two values one would be believed, and a proxy in front may believe the other. */
static bool has_twice_what_stands_once(const struct sp_guard *g)
{
    static const char *const names[] = {"Authorization", "x-ms-apikey", "Content-Type",
                                        "Idempotency-Key", "operation-id"};
    struct sp_slice ignored = {NULL, 0};
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        if (sp_http1_find(&g->request, names[i], &ignored) > 1) {
            return true;
        }
    }
    return false;
}

/*
 * A body is judged as it comes: what a coding hides from us somebody behind or before us might unpack. Some clients take
 * the field for the charset.
 */
static bool has_coded_body(const struct sp_guard *g)
{
    const struct sp_http1 *request = &g->request;
    for (unsigned i = 0; i < request->field_count; i++) {
        const struct sp_slice coding = sp_http1_field_value(request, i);
        if (sp_slice_is_nocase(sp_http1_field_name(request, i), "Content-Encoding") &&
            coding.len > 0 && !sp_slice_is_nocase(coding, "identity") &&
            !sp_slice_is_nocase(coding, "utf-8")) {
            return request->is_chunked || request->length > 0;
        }
    }
    return false;
}

static void on_request_head(struct sp_guard *g, uint64_t now_ms)
{
    if (has_twice_what_stands_once(g)) {
        refuse(g, SP_ERR_HTTP, "a field that stands once is given twice");
        return;
    }
    if (has_coded_body(g)) {
        refuse(g, SP_ERR_MEDIA_TYPE, "a body is taken in no content coding");
        return;
    }
    if (has_too_many_parameters(g)) {
        refuse(g, SP_ERR_URI_TOO_LONG, "the query has too many parameters");
        return;
    }
    g->has_request = true;
    g->is_answer_begun = false;
    g->is_probed = false;
    g->is_head_method = sp_slice_is(sp_http1_method(&g->request), "HEAD");
    g->requests++;
    g->since_ms = now_ms;
    g->tick_ms = now_ms;
    g->body_spent_ms = 0;
    sp_http1_next(&g->answer, g->is_head_method ? SP_HTTP1_RESPONSE_TO_HEAD : SP_HTTP1_RESPONSE);
    put_request_head(g);
}

/*
 * Of a chunked body front gets the data alone, in chunks of our own: of its extensions, trailers and zeros before a size
 * front's library would have a reading of its own. A chunk is framed anew for each piece of it that arrives.
 */
static void put_request_body(struct sp_guard *g, struct sp_slice raw, enum sp_http1_event event)
{
    if (!g->request.is_chunked) {
        put(g, &g->to_front, raw);
        return;
    }
    if (event == SP_HTTP1_BODY &&
        g->request.body.len > 0) { /* a chunk of no bytes would be the last */
        if (sp_buf_putf(&g->to_front, "%zx\r\n", g->request.body.len) != SP_OK) {
            drop(g);
        }
        put(g, &g->to_front, g->request.body);
        put(g, &g->to_front, SP_SLICE_LITERAL("\r\n"));
    }
    if (event == SP_HTTP1_MESSAGE_DONE) {
        put(g, &g->to_front, SP_SLICE_LITERAL("0\r\n\r\n"));
    }
}

/* Takes what belongs to the present request, head or body; the rest has to wait. */
static size_t take_client(struct sp_guard *g, struct sp_slice in, uint64_t now_ms)
{
    size_t at = 0;
    enum sp_http1_event event = SP_HTTP1_BODY;
    while (event != SP_HTTP1_NEED_MORE && g->end == SP_GUARD_OPEN && !g->is_request_done) {
        size_t used = 0;
        if (sp_http1_is_idle(&g->request) && at < in.len) {
            g->has_had_byte = true;
            g->since_ms = now_ms;
        }
        enum sp_err err = sp_http1_feed(&g->request, sp_slice_sub(in, at, in.len), &used, &event);
        if (err != SP_OK) {
            on_violation(g, err);
            return in.len;
        }
        if (event == SP_HTTP1_HEAD_DONE) {
            on_request_head(g, now_ms);
        } else if (g->has_request) {
            put_request_body(g, sp_slice_sub(in, at, used), event);
        }
        if (event == SP_HTTP1_MESSAGE_DONE) {
            g->is_request_done = true;
            g->since_ms = now_ms;
        }
        at += used;
    }
    return at;
}

void sp_guard_from_client(struct sp_guard *g, struct sp_slice bytes, uint64_t now_ms)
{
    if (g->end != SP_GUARD_OPEN || g->is_last) {
        return; /* nothing behind a mistake, or behind the last request, is looked at */
    }
    size_t used = g->held.len == 0 ? take_client(g, bytes, now_ms) : 0;
    if (g->end == SP_GUARD_OPEN && used < bytes.len) {
        put(g, &g->held, sp_slice_sub(bytes, used, bytes.len));
    }
}

void sp_guard_client_over(struct sp_guard *g, uint64_t now_ms)
{
    g->is_client_over = true;
    g->over_ms = now_ms;
    if (g->end != SP_GUARD_OPEN) {
        return;
    }
    if (!g->has_request || !g->is_request_done) {
        drop(g); /* between requests, or inside one that nobody will complete */
    }
}

/* An idle connection keeps little. */
static void give_back(struct sp_buf *b)
{
    if (b->room > IDLE_ROOM_BYTES_MAX && b->len == 0) {
        sp_buf_done(b);
    }
}

void sp_guard_client_left(struct sp_guard *g)
{
    g->is_client_over = true;
    drop(g);
}

/* Parses what was held back; at the end of the client's sending there may be nothing. */
static void next_request(struct sp_guard *g, uint64_t now_ms)
{
    g->has_request = false;
    g->is_request_done = false;
    g->is_answer_begun = false;
    g->since_ms = now_ms;
    sp_http1_next(&g->request, SP_HTTP1_REQUEST);
    size_t used = take_client(g, sp_buf_slice(&g->held), now_ms);
    sp_buf_consume(&g->held, sp_size_min(used, g->held.len));
    give_back(&g->held);
    give_back(&g->request_head);
    give_back(&g->to_front);
    if (g->is_client_over && !g->is_request_done && g->end == SP_GUARD_OPEN) {
        finish(g);
    }
}

static void on_answer_done(struct sp_guard *g, uint64_t now_ms)
{
    bool goes_on = g->is_request_done && g->to_front.len == 0 && g->request.is_persistent &&
                   g->answer.is_persistent && !g->is_last && !g->is_draining;
    if (goes_on) {
        next_request(g, now_ms);
    } else {
        finish(g);
    }
}

/* Says that this answer is the last where front could not know it. */
static void on_answer_head(struct sp_guard *g)
{
    struct sp_slice head = sp_buf_slice(&g->answer_head);
    if (g->answer.status == 101) {
        drop(g); /* no other protocol is ever spoken here */
        return;
    }
    if (g->answer.status < 200) {
        put(g, &g->to_client, head);
        return;
    }
    g->is_answer_begun = true;
    g->is_last = g->is_last || g->is_draining || !g->is_request_done || !g->request.is_persistent;
    if (g->is_last && g->answer.is_persistent) {
        put(g, &g->to_client, sp_slice_sub(head, 0, head.len - CRLF_LEN));
        put(g, &g->to_client, SP_SLICE_LITERAL(CLOSING));
        return;
    }
    put(g, &g->to_client, head);
}

void sp_guard_from_front(struct sp_guard *g, struct sp_slice bytes, uint64_t now_ms)
{
    size_t at = 0;
    enum sp_http1_event event = SP_HTTP1_BODY;
    while (event != SP_HTTP1_NEED_MORE && g->end == SP_GUARD_OPEN) {
        size_t used = 0;
        if (!g->has_request) {
            g->is_front_over = true; /* bytes that nobody asked for */
            return;
        }
        if (sp_http1_feed(&g->answer, sp_slice_sub(bytes, at, bytes.len), &used, &event) != SP_OK) {
            sp_guard_front_gone(g, now_ms);
            return;
        }
        if (event == SP_HTTP1_HEAD_DONE) {
            on_answer_head(g);
        } else if (g->is_answer_begun) {
            put(g, &g->to_client, sp_slice_sub(bytes, at, used));
        }
        at += used;
        if (event == SP_HTTP1_MESSAGE_DONE) {
            g->is_front_over =
                at < bytes.len; /* more than was asked: this stream is not to be trusted */
            on_answer_done(g, now_ms);
            return;
        }
    }
}

void sp_guard_front_gone(struct sp_guard *g, uint64_t now_ms)
{
    g->is_front_over = true;
    if (g->end != SP_GUARD_OPEN || !g->has_request) {
        return; /* the next request gets a stream of its own */
    }
    if (g->is_answer_begun) {
        bool is_whole = sp_http1_eof(&g->answer) == SP_OK;
        if (is_whole) {
            on_answer_done(g, now_ms);
        } else {
            drop(g); /* a cut answer must not look like a whole one */
        }
        return;
    }
    bool may_have_run = g->is_request_done && g->to_front.len == 0;
    refuse(g, may_have_run ? SP_ERR_OUTCOME_UNKNOWN : SP_ERR_UNAVAILABLE, NULL);
}

void sp_guard_front_wrote(struct sp_guard *g, size_t len)
{
    sp_buf_consume(&g->to_front, len);
}

void sp_guard_front_deaf(struct sp_guard *g)
{
    /* The rest of the request will not be wanted; what front still says is the last answer here. */
    g->is_last = true;
}

void sp_guard_client_wrote(struct sp_guard *g, size_t len, uint64_t now_ms)
{
    sp_buf_consume(&g->to_client, len);
    g->stuck_ms = g->to_client.len > 0 ? now_ms : 0;
    if (g->to_client.len == 0) {
        give_back(&g->to_client);
        give_back(&g->answer_head);
    }
}

/* The client's time for its body runs only while it could send: not while front is full, nor before 100-continue. */
static void tick_body(struct sp_guard *g, uint64_t passed_ms)
{
    bool waits_for_continue =
        g->request.expects_continue && g->request.body_bytes == 0 && g->answer.status != 100;
    if (!sp_guard_wants_client(g) || waits_for_continue) {
        return;
    }
    g->body_spent_ms += passed_ms;
    uint64_t earned_ms = g->request.body_bytes / SP_GUARD_BODY_BYTES_PER_SECOND * 1000;
    if (g->body_spent_ms <= g->limits->body_ms + earned_ms &&
        g->body_spent_ms <= SP_GUARD_BODY_MS_MAX) {
        return;
    }
    if (g->is_answer_begun) {
        drop(g);
    } else {
        refuse(g, SP_ERR_TIMEOUT, "the body arrives too slowly");
    }
}

/* The request is with front. A client that half-closed may have left for good: a 100 that it has to
 * pass over (RFC 9110, section 15.2) makes its system say so. */
static void tick_answer(struct sp_guard *g, uint64_t now_ms)
{
    if (now_ms - g->since_ms > SP_GUARD_ANSWER_MS_MAX) {
        sp_guard_front_gone(g, now_ms);
        return;
    }
    bool may_probe = g->is_client_over && !g->is_probed && !g->is_answer_begun &&
                     g->to_client.len == 0 && g->request.minor > 0;
    if (may_probe && now_ms - g->over_ms >= SP_GUARD_PROBE_MS) {
        g->is_probed = true;
        put(g, &g->to_client, SP_SLICE_LITERAL(PROBE));
    }
}

static void tick_head(struct sp_guard *g, uint64_t now_ms)
{
    uint64_t waited_ms = now_ms - g->since_ms;
    if (!sp_http1_is_idle(&g->request)) {
        if (waited_ms > g->limits->head_ms) {
            refuse(g, SP_ERR_TIMEOUT, "the head arrives too slowly");
        }
        return;
    }
    if (waited_ms > (g->has_had_byte ? g->limits->idle_ms : g->limits->head_ms)) {
        finish(g);
    }
}

void sp_guard_tick(struct sp_guard *g, uint64_t now_ms)
{
    uint64_t passed_ms = now_ms - g->tick_ms;
    g->tick_ms = now_ms;
    if (g->to_client.len > 0 && g->end != SP_GUARD_DROP) {
        g->stuck_ms = g->stuck_ms == 0 ? now_ms : g->stuck_ms;
        if (now_ms - g->stuck_ms > g->limits->body_ms) {
            drop(g);
            return;
        }
    }
    if (g->end != SP_GUARD_OPEN) {
        return;
    }
    if (!g->has_request) {
        tick_head(g, now_ms);
    } else if (!g->is_request_done) {
        tick_body(g, passed_ms);
    } else {
        tick_answer(g, now_ms);
    }
}

void sp_guard_drain(struct sp_guard *g)
{
    g->is_draining = true;
    if (g->end == SP_GUARD_OPEN && !g->has_request) {
        finish(g);
    }
}
