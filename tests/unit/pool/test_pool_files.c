/* The room's part in files and asynchronous executions: what is asked of a session, and who gets which answer. */
#include "pool/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct world {
    struct sp_pool *pool;
    struct sp_pool_now now;
    uint32_t ticket;
    struct sp_frame sent;
    unsigned sends;
    unsigned kills;
    unsigned status;
    uint64_t request;
    unsigned answers;
    uint64_t file_request;
    struct sp_buf body;
};

static void on_fork(void *ctx, uint32_t ticket, uint64_t key)
{
    (void)key;
    ((struct world *)ctx)->ticket = ticket;
}

static void on_kill(void *ctx, uint32_t ticket)
{
    (void)ticket;
    ((struct world *)ctx)->kills++;
}

static void on_close(void *ctx, uint32_t ticket)
{
    (void)ctx;
    (void)ticket;
}

static void on_send(void *ctx, uint32_t ticket, const struct sp_frame *frame)
{
    struct world *w = ctx;
    assert_int_equal(ticket, w->ticket);
    w->sent = *frame;
    w->sends++;
}

static void on_answer(void *ctx, uint64_t request, unsigned status, unsigned retry_after_s,
                      struct sp_slice body)
{
    struct world *w = ctx;
    (void)retry_after_s;
    w->request = request;
    w->status = status;
    w->answers++;
    sp_buf_clear(&w->body);
    assert_int_equal(sp_buf_put(&w->body, body), SP_OK);
}

static void on_stream(void *ctx, uint64_t request, struct sp_slice bytes)
{
    (void)ctx;
    fail_msg("request %u streams %u bytes", (unsigned)request, (unsigned)bytes.len);
}

static void on_file(void *ctx, uint64_t request, int *fd, const struct sp_pool_file *file)
{
    struct world *w = ctx;
    assert_true(*fd >= 0 && file->path.len > 0);
    w->file_request = request;
    *fd = -1;
}

static int open_world(void **state)
{
    static struct world w;
    const struct sp_pool_config config = {
        .max_sessions = 2, .cooldown_ms = 10000, .output_max = 99};
    const struct sp_pool_ports ports = {&w,       on_fork,   on_kill,   on_send,
                                        on_close, on_answer, on_stream, on_file};
    w = (struct world){.now = {.mono_ms = 1000, .wall_us = 1000000}};
    sp_buf_init(&w.body, SP_POOL_ANSWER_BYTES_MAX);
    *state = &w;
    if (sp_pool_new(&config, &ports, 7, w.now, &w.pool) != SP_OK) {
        return 1;
    }
    return sp_pool_template_up(w.pool, SP_WALL_ALL, sp_slice_of("python 3"), w.now) == SP_OK ? 0
                                                                                             : 1;
}

static int close_world(void **state)
{
    struct world *w = *state;
    sp_pool_free(w->pool);
    sp_buf_done(&w->body);
    return 0;
}

static void ask(struct world *w, uint64_t request, enum sp_file_op op, const char *path)
{
    const struct sp_pool_file_order order = {.request = request,
                                             .identifier = SP_SLICE_LITERAL("name"),
                                             .path = sp_slice_of(path),
                                             .op = op};
    sp_pool_file_do(w->pool, &order, w->now);
}

static void say(struct world *w, struct sp_frame frame, int fd)
{
    sp_pool_frame(w->pool, w->ticket, &frame, &fd, w->now);
}

static void filed(struct world *w, uint8_t end, int fd)
{
    say(w, (struct sp_frame){.type = SP_FRAME_FILED, .nonce = w->sent.nonce, .a = end, .size = 5},
        fd);
}

static void be_ready(struct world *w)
{
    assert_true(sp_pool_forked(w->pool, w->ticket));
    say(w, (struct sp_frame){.type = SP_FRAME_READY}, -1);
}

static bool body_has(const struct world *w, const char *text)
{
    for (size_t i = 0; i < w->body.len; i++) {
        if (sp_slice_starts(sp_slice_sub(sp_buf_slice(&w->body), i, w->body.len), text)) {
            return true;
        }
    }
    return false;
}

static void expect(const struct world *w, uint64_t request, unsigned status, const char *text)
{
    if (w->request != request || w->status != status || !body_has(w, text)) {
        fail_msg("request %u got %u %.*s", (unsigned)w->request, w->status, (int)w->body.len,
                 (const char *)w->body.ptr);
    }
}

static void test_upload_makes_a_session_and_is_named_when_it_is_whole(void **state)
{
    struct world *w = *state;
    ask(w, 11, SP_FILE_CREATE, "a/x.csv");
    assert_int_equal(w->sends, 0);
    be_ready(w);
    assert_int_equal(w->sent.type, SP_FRAME_FILE);
    assert_int_equal(w->sent.a, SP_FILE_CREATE);
    filed(w, SP_FILE_DONE, 5);
    assert_int_equal(w->file_request, 11);
    sp_pool_upload_commit(w->pool, 11, sp_slice_of("a digest"));
    assert_int_equal(w->sent.a, SP_FILE_COMMIT);
    assert_true(sp_slice_is(w->sent.bytes, "a digest"));
    assert_int_equal(w->answers, 0);
    filed(w, SP_FILE_DONE, -1);
    expect(w, 11, 200,
           "\"name\":\"x.csv\",\"type\":\"file\",\"contentType\":\"text/csv\",\"sizeInBytes\":5");
    assert_true(body_has(w, "\"directory\":\"/mnt/data/a\""));
}

static void test_upload_that_is_left_goes_away(void **state)
{
    struct world *w = *state;
    ask(w, 11, SP_FILE_CREATE, "x");
    be_ready(w);
    filed(w, SP_FILE_DONE, 5);
    sp_pool_left(w->pool, 11);
    assert_int_equal(w->sent.a, SP_FILE_ABORT);
    sp_pool_upload_commit(w->pool, 11, sp_slice_of("digest"));
    assert_int_equal(w->sent.a, SP_FILE_ABORT);
    assert_int_equal(w->answers, 0);
    /* Left before the session had made the file. */
    ask(w, 12, SP_FILE_CREATE, "x");
    sp_pool_left(w->pool, 12);
    filed(w, SP_FILE_DONE, 5);
    assert_int_equal(w->sent.a, SP_FILE_ABORT);
}

static void test_each_end_has_its_answer(void **state)
{
    static const struct {
        enum sp_file_op op;
        uint8_t end;
        unsigned status;
        const char *text;
    } cases[] = {
        {SP_FILE_STAT, SP_FILE_DONE, 200, "\"name\":\"x\""},
        {SP_FILE_STAT, SP_FILE_NOT_FOUND, 404, "FileNotFound"},
        {SP_FILE_STAT, SP_FILE_NO_DIRECTORY, 404, "FileNotFound"},
        {SP_FILE_OPEN, SP_FILE_IS_DIRECTORY, 409, "this is a directory"},
        {SP_FILE_OPEN, SP_FILE_REFUSED, 409, "neither a regular file"},
        {SP_FILE_OPEN, SP_FILE_DONE, 500, "InternalError"}, /* and no descriptor came */
        {SP_FILE_DELETE, SP_FILE_DONE, 204, ""},
        {SP_FILE_DELETE, SP_FILE_IS_DIRECTORY, 409, "not empty"},
        {SP_FILE_CREATE, SP_FILE_NO_SPACE, 507, "'data' in [pool.session]"},
        {SP_FILE_CREATE, SP_FILE_TOO_MANY, 429, "TooManyRequests"},
        {SP_FILE_CREATE, SP_FILE_NO_DIRECTORY, 409, "FileConflict"},
        {SP_FILE_LIST, SP_FILE_TOO_MANY, 413, "RequestTooLarge"},
        {SP_FILE_LIST, SP_FILE_DONE, 200, "{\"value\":[],\"nextLink\":null}"},
        {SP_FILE_LIST, SP_FILE_END_COUNT, 500, "InternalError"},
    };
    struct world *w = *state;
    ask(w, 1, SP_FILE_LIST, "");
    be_ready(w);
    filed(w, SP_FILE_DONE, -1);
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        ask(w, 100 + i, cases[i].op, "x");
        filed(w, cases[i].end, -1);
        if (cases[i].status == 204) {
            assert_int_equal(w->status, 204);
        } else {
            expect(w, 100 + i, cases[i].status, cases[i].text);
        }
    }
}

static void test_list_is_sorted(void **state)
{
    struct world *w = *state;
    SP_AUTO_BUF struct sp_buf entries;
    struct sp_writer writer;
    const struct sp_file_entry two = {.path = SP_SLICE_LITERAL("b")};
    const struct sp_file_entry one = {.type = SP_FILE_TYPE_DIRECTORY,
                                      .path = SP_SLICE_LITERAL("a")};
    sp_buf_init(&entries, 4096);
    sp_writer_init(&writer, &entries);
    sp_file_entry_write(&writer, &two);
    sp_file_entry_write(&writer, &one);
    ask(w, 11, SP_FILE_LIST, "");
    be_ready(w);
    say(w,
        (struct sp_frame){
            .type = SP_FRAME_LISTED, .nonce = w->sent.nonce, .bytes = sp_buf_slice(&entries)},
        -1);
    filed(w, SP_FILE_DONE, -1);
    expect(w, 11, 200, "{\"value\":[{\"name\":\"a\",\"type\":\"directory\",");
    assert_true(body_has(w, "{\"name\":\"b\",\"type\":\"file\","));
}

static void test_no_session_is_made_to_look_for_a_file(void **state)
{
    struct world *w = *state;
    ask(w, 11, SP_FILE_OPEN, "x");
    expect(w, 11, 404, "FileNotFound");
    assert_int_equal(w->ticket, 0);
}

static void test_ended_session_answers_what_waited(void **state)
{
    struct world *w = *state;
    ask(w, 11, SP_FILE_STAT, "x");
    ask(w, 12, SP_FILE_LIST, "");
    be_ready(w);
    ask(w, 13, SP_FILE_DELETE, "x");
    sp_pool_session_lost(w->pool, w->ticket, w->now);
    assert_int_equal(w->answers, 3);
    expect(w, 13, 502, "OutcomeUnknown");
}

static void test_line_of_requests_is_bounded_and_keeps_the_session_warm(void **state)
{
    struct world *w = *state;
    ask(w, 1, SP_FILE_LIST, "");
    be_ready(w);
    for (uint64_t i = 1; i < SP_POOL_FILE_JOBS_MAX; i++) {
        ask(w, 1 + i, SP_FILE_LIST, "");
    }
    assert_int_equal(w->answers, 0);
    ask(w, 999, SP_FILE_LIST, "");
    expect(w, 999, 429, "TooManyRequests");
    w->now.mono_ms += 60000;
    (void)sp_pool_tick(w->pool, w->now);
    assert_int_equal(w->kills, 0);
}

/* ---- asynchronous executions ---- */

static uint64_t start(struct world *w, uint64_t request)
{
    const struct sp_pool_order order = {.request = request,
                                        .identifier = SP_SLICE_LITERAL("name"),
                                        .code = SP_SLICE_LITERAL("1"),
                                        .timeout_s = 5,
                                        .is_async = true};
    uint64_t id = 0;
    sp_pool_execute(w->pool, &order, w->now);
    expect(w, request, 200, "\"executionType\":\"Asynchronous\"");
    for (size_t i = 7; i < 23; i++) {
        uint8_t digit = w->body.ptr[i];
        id = id << 4 | (digit <= '9' ? digit - (unsigned)'0' : digit - (unsigned)'a' + 10U);
    }
    return id;
}

static void look(struct world *w, uint64_t request, uint64_t id, const char *identifier)
{
    sp_pool_execution_get(w->pool, request, sp_slice_of(identifier), id, w->now);
}

static void test_execution_is_asked_for_until_it_is_done(void **state)
{
    struct world *w = *state;
    uint64_t id = start(w, 11);
    expect(w, 11, 200, "\"status\":\"NotStarted\"");
    be_ready(w);
    look(w, 12, id, "name");
    expect(w, 12, 200, "\"status\":\"Running\"");
    say(w, (struct sp_frame){.type = SP_FRAME_DONE, .nonce = w->sent.nonce, .a = SP_CELL_SUCCEEDED},
        -1);
    look(w, 13, id, "name");
    expect(w, 13, 200, "\"status\":\"Succeeded\"");
    look(w, 14, id + 1, "name");
    expect(w, 14, 404, "ExecutionNotFound");
    look(w, 15, id, "other");
    expect(w, 15, 404, "ExecutionNotFound");
}

static void test_result_outlives_a_crash_and_not_a_deletion(void **state)
{
    struct world *w = *state;
    uint64_t id = start(w, 11);
    be_ready(w);
    say(w, (struct sp_frame){.type = SP_FRAME_GONE, .a = 1, .number = 9}, -1);
    look(w, 12, id, "name");
    expect(w, 12, 200, "\"status\":\"Failed\"");
    assert_true(body_has(w, "SessionLost"));
    (void)start(w, 13);
    sp_pool_session_delete(w->pool, 14, sp_slice_of("name"), w->now);
    look(w, 15, id, "name");
    expect(w, 15, 404, "ExecutionNotFound");
}

#define LIVE(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIVE(test_upload_makes_a_session_and_is_named_when_it_is_whole),
        LIVE(test_upload_that_is_left_goes_away),
        LIVE(test_each_end_has_its_answer),
        LIVE(test_list_is_sorted),
        LIVE(test_no_session_is_made_to_look_for_a_file),
        LIVE(test_ended_session_answers_what_waited),
        LIVE(test_line_of_requests_is_bounded_and_keeps_the_session_warm),
        LIVE(test_execution_is_asked_for_until_it_is_done),
        LIVE(test_result_outlives_a_crash_and_not_a_deletion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
