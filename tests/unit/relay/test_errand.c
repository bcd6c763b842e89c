/* errand: what becomes of files, sessions and questions after runs on their way to the pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "api/product.h"
#include "relay/room.h"

struct world {
    struct sp_relay_room *room;
    unsigned started;
    size_t slot;
    bool is_download;
    char method[16];
    char target[256];
    char type[128];
    char body[512]; /* all three parts */
    unsigned outcomes;
    struct sp_msg_outcome last;
    uint8_t answer[1024];
    size_t answer_len;
};

static bool dial(void *ctx, size_t pool, uint32_t ticket)
{
    (void)pool;
    (void)ctx;
    (void)ticket;
    return true;
}

static enum sp_err start(void *ctx, size_t pool, size_t slot, const struct sp_http_request *request)
{
    struct world *w = ctx;
    size_t len = sp_slice_copy(request->body, w->body, sizeof(w->body) - 1);
    len += sp_slice_copy(request->content, w->body + len, sizeof(w->body) - 1 - len);
    len += sp_slice_copy(request->tail, w->body + len, sizeof(w->body) - 1 - len);
    w->body[len] = '\0';
    w->started++;
    (void)pool;
    w->slot = slot;
    w->is_download = request->is_download;
    sp_slice_to_text(sp_slice_of(request->method == NULL ? "POST" : request->method), w->method,
                     sizeof(w->method));
    sp_slice_to_text(request->target, w->target, sizeof(w->target));
    sp_slice_to_text(request->content_type, w->type, sizeof(w->type));
    return SP_OK;
}

static size_t idle(void *ctx, size_t pool)
{
    (void)pool;
    (void)ctx;
    return 8;
}

static bool is_alive(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
    return true;
}

static void bearer_refused(void *ctx)
{
    (void)ctx;
}

static void outcome(void *ctx, struct sp_msg_outcome *msg, struct sp_slice answer)
{
    struct world *w = ctx;
    w->outcomes++;
    w->last = *msg;
    w->answer_len = sp_slice_copy(answer, w->answer, sizeof(w->answer));
}

static void open_world(struct world *w)
{
    struct sp_relay_ops ops = {dial,    start, idle, is_alive, bearer_refused,
                               outcome, NULL,  NULL, NULL,     w};
    struct sp_relay_config config = {.pool_count = 1,
                                     .pools = {{.name = SP_SLICE_LITERAL("one"), .weight = 1}},
                                     .attempts_max = 3,
                                     .connections_max = 8};
    *w = (struct world){.started = 0};
    assert_int_equal(
        sp_upstream_init(&config.pools[0].upstream, sp_slice_of("/p"), sp_slice_of(""), true),
        SP_OK);
    assert_int_equal(sp_relay_room_new(&config, &ops, &w->room), SP_OK);
}

static void tell(struct world *w, const struct sp_order *order, struct sp_slice content,
                 uint64_t at, uint64_t len)
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_writer writer;
    sp_buf_init(&bytes, 4096);
    sp_writer_init(&writer, &bytes);
    sp_order_write(&writer, order);
    struct sp_msg_run msg = {.exchange = 9,
                             .operation = (uint8_t)order->operation,
                             .session = SP_SLICE_LITERAL("0123abcd"),
                             .execution = SP_SLICE_LITERAL("run-1"),
                             .is_async = order->is_async,
                             .run_ms_max = 220000,
                             .order = {sp_buf_slice(&bytes), -1, false},
                             .content_at = at,
                             .content_bytes = len,
                             .content = {content, -1, false}};
    sp_relay_room_run(w->room, &msg, 0);
}

static void ended(struct world *w, unsigned status, const char *body)
{
    struct sp_http_end end = {
        .state = SP_HTTP_ANSWERED, .status = status, .body = sp_slice_of(body), .why = ""};
    sp_relay_room_ended(w->room, w->slot, &end, 5000);
}

static const uint8_t digest[SP_ORDER_DIGEST_BYTES] = {0xAB};
#define SPOT(d, n)                                                                                 \
    {                                                                                              \
        .directory = {(const uint8_t *)(d), sizeof(d) - 1}, .name = {                              \
            (const uint8_t *)(n),                                                                  \
            sizeof(n) - 1                                                                          \
        }                                                                                          \
    }

static void test_upload_is_the_files_bytes_and_nothing_around_them(void **state)
{
    struct world w;
    struct sp_reader r;
    struct sp_file_record file;
    const struct sp_order order = {.operation = SP_OPERATION_FILE_PUT,
                                   .spot = SPOT("d", "a\"b.txt"),
                                   .file = {digest, sizeof(digest)}};
    (void)state;
    open_world(&w);
    tell(&w, &order, SP_SLICE_LITERAL("secret[file]secret"), 7, 4);
    assert_string_equal(w.method, "POST");
    assert_string_equal(w.target,
                        "/p/files?api-version=2025-10-02-preview&identifier=0123abcd&path=d");
    assert_string_equal(w.type, "multipart/form-data; boundary=ab000000000000000000000000000000");
    assert_string_equal(
        w.body,
        "--ab000000000000000000000000000000\r\nContent-Disposition: form-data; name=\"file\"; "
        "filename=\"a\\\"b.txt\"\r\nContent-Type: application/octet-stream\r\n\r\nfile\r\n"
        "--ab000000000000000000000000000000--\r\n");
    ended(&w, 200,
          "{\"name\":\"a\\\"b.txt\",\"type\":\"file\",\"sizeInBytes\":4,\"lastModifiedAt\":\"x\","
          "\"directory\":\"/mnt/data/d\"}");
    assert_int_equal(w.outcomes, 1);
    assert_int_equal(w.last.state, SP_END_DONE);
    sp_reader_init(&r, sp_slice_make(w.answer, w.answer_len));
    assert_int_equal(sp_file_record_read(&r, &file), SP_OK);
    assert_true(sp_slice_is(file.name, "a\"b.txt") && sp_slice_is(file.directory, "d") &&
                file.size == 4);
    sp_relay_room_free(w.room);
}

static void test_upload_beyond_its_body_is_no_order(void **state)
{
    struct world w;
    const struct sp_order order = {.operation = SP_OPERATION_FILE_PUT,
                                   .spot = SPOT("", "a"),
                                   .file = {digest, sizeof(digest)}};
    (void)state;
    open_world(&w);
    tell(&w, &order, SP_SLICE_LITERAL("12345"), 3, 3);
    assert_int_equal(w.started, 0);
    assert_int_equal(w.last.state, SP_END_NOT_STARTED);
    assert_int_equal(w.last.err, SP_ERR_UNAVAILABLE);
    tell(&w, &order, SP_SLICE_LITERAL("12345"), 3, 2);
    assert_int_equal(w.started, 1);
    sp_relay_room_free(w.room);
}

static void test_download_moves_its_bytes_on(void **state)
{
    struct world w;
    struct sp_reader r;
    struct sp_file_record file;
    struct sp_payload content = SP_PAYLOAD_EMPTY;
    const struct sp_order order = {.operation = SP_OPERATION_FILE_CONTENT, .spot = SPOT("", "a b")};
    (void)state;
    open_world(&w);
    tell(&w, &order, sp_slice_of(""), 0, 0);
    assert_string_equal(w.method, "GET");
    assert_string_equal(
        w.target, "/p/files/a%20b/content?api-version=2025-10-02-preview&identifier=0123abcd");
    assert_true(w.is_download);
    assert_int_equal(sp_payload_make(SP_SLICE_LITERAL("bytes"), &content), SP_OK);
    struct sp_http_end end = {.state = SP_HTTP_ANSWERED,
                              .status = 200,
                              .content = &content,
                              .content_type = "text/plain",
                              .last_modified = "then",
                              .why = ""};
    sp_relay_room_ended(w.room, w.slot, &end, 5000);
    assert_int_equal(content.bytes.len, 0);
    assert_true(sp_slice_is(w.last.content.bytes, "bytes"));
    sp_reader_init(&r, sp_slice_make(w.answer, w.answer_len));
    assert_int_equal(sp_file_record_read(&r, &file), SP_OK);
    assert_true(sp_slice_is(file.content_type, "text/plain") &&
                sp_slice_is(file.modified, "then") && file.size == 5);
    sp_relay_room_free(w.room);
}

static void test_list_of_sessions_is_read_to_its_end_and_names_only_those_asked_for(void **state)
{
    struct world w;
    struct sp_reader r;
    struct sp_session_record session;
    SP_AUTO_BUF struct sp_buf names;
    struct sp_writer writer;
    (void)state;
    open_world(&w);
    sp_buf_init(&names, 256);
    sp_writer_init(&writer, &names);
    sp_writer_block(&writer, SP_SLICE_LITERAL("mine"));
    const struct sp_order order = {.operation = SP_OPERATION_SESSION_LIST,
                                   .sessions = sp_buf_slice(&names)};
    tell(&w, &order, sp_slice_of(""), 0, 0);
    assert_string_equal(w.target, "/p/listSessions?api-version=2025-10-02-preview");
    ended(&w, 200,
          "{\"sessions\":[{\"identifier\":\"other\"},{\"identifier\":\"third\"}],\"nextLink\":\"/"
          "more\"}");
    assert_int_equal(w.outcomes, 0);
    assert_int_equal(w.started, 2);
    assert_string_equal(w.target, "/p/listSessions?api-version=2025-10-02-preview&skip=2");
    ended(&w, 200, "{\"sessions\":[{\"identifier\":\"mine\",\"etag\":\"e\"}],\"nextLink\":null}");
    assert_int_equal(w.outcomes, 1);
    sp_reader_init(&r, sp_slice_make(w.answer, w.answer_len));
    assert_int_equal(sp_session_record_read(&r, &session), SP_OK);
    assert_true(sp_slice_is(session.identifier, "mine") && sp_slice_is(session.etag, "e"));
    assert_int_equal(sp_reader_left(&r), 0);
    sp_relay_room_free(w.room);
}

static void test_how_errands_end(void **state)
{
    static const struct {
        const char *name;
        enum sp_operation operation;
        enum sp_http_state state;
        unsigned status;
        const char *body;
        enum sp_end end;
        enum sp_err err;
    } cases[] = {
        {"deleted", SP_OPERATION_FILE_DELETE, SP_HTTP_ANSWERED, 204, "", SP_END_DONE, SP_OK},
        {"no such file", SP_OPERATION_FILE_GET, SP_HTTP_ANSWERED, 404, "", SP_END_NOT_STARTED,
         SP_ERR_FILE_NOT_FOUND},
        {"no such session", SP_OPERATION_FILE_GET, SP_HTTP_ANSWERED, 404,
         "{\"error\":{\"code\":\"SessionNotFound\",\"message\":\"x\"}}", SP_END_DONE,
         SP_ERR_SESSION_NOT_FOUND},
        {"cut look", SP_OPERATION_FILE_GET, SP_HTTP_BROKEN, 0, "", SP_END_NOT_STARTED,
         SP_ERR_POOL_UNAVAILABLE},
        {"cut deletion", SP_OPERATION_FILE_DELETE, SP_HTTP_BROKEN, 0, "", SP_END_UNKNOWN,
         SP_ERR_OUTCOME_UNKNOWN},
        {"look that broke", SP_OPERATION_FILE_GET, SP_HTTP_ANSWERED, 500, "", SP_END_NOT_STARTED,
         SP_ERR_POOL_UNAVAILABLE},
        {"deletion that broke", SP_OPERATION_FILE_DELETE, SP_HTTP_ANSWERED, 500, "", SP_END_UNKNOWN,
         SP_ERR_OUTCOME_UNKNOWN},
        {"answer of another shape", SP_OPERATION_FILE_GET, SP_HTTP_ANSWERED, 200, "[]", SP_END_DONE,
         SP_ERR_POOL_ANSWER},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct world w;
        const struct sp_order order = {.operation = cases[i].operation, .spot = SPOT("", "a")};
        struct sp_http_end end = {.state = cases[i].state,
                                  .status = cases[i].status,
                                  .body = sp_slice_of(cases[i].body),
                                  .why = "why"};
        print_message("%s\n", cases[i].name);
        open_world(&w);
        tell(&w, &order, sp_slice_of(""), 0, 0);
        sp_relay_room_ended(w.room, w.slot, &end, 5000);
        assert_int_equal(w.outcomes, 1);
        assert_int_equal(w.last.state, cases[i].end);
        assert_int_equal(w.last.err, cases[i].err);
        sp_relay_room_free(w.room);
    }
}

static void test_run_that_nobody_waits_for_is_asked_after(void **state)
{
    struct world w;
    struct sp_execution execution;
    const struct sp_order order = {.operation = SP_OPERATION_EXECUTE,
                                   .timeout_s = 7,
                                   .is_async = true,
                                   .code = SP_SLICE_LITERAL("1")};
    const struct sp_order question = {.operation = SP_OPERATION_EXECUTION_GET,
                                      .id = SP_SLICE_LITERAL("run-1")};
    const struct sp_order other = {.operation = SP_OPERATION_EXECUTION_GET,
                                   .id = SP_SLICE_LITERAL("run-2")};
    (void)state;
    open_world(&w);
    tell(&w, &order, sp_slice_of(""), 0, 0);
    size_t slot = w.slot;
    tell(&w, &question, sp_slice_of(""), 0, 0);
    assert_int_equal(w.last.err, SP_OK);
    assert_int_equal(sp_execution_read(sp_slice_make(w.answer, w.answer_len), &execution), SP_OK);
    assert_int_equal(execution.state, SP_EXECUTION_RUNNING);
    tell(&w, &other, sp_slice_of(""), 0, 0);
    assert_int_equal(w.last.err, SP_ERR_EXECUTION_NOT_FOUND);
    tell(&w, &order, sp_slice_of(""), 0, 0);
    assert_int_equal(w.last.err, SP_ERR_CONFLICT);
    assert_int_equal(w.started, 1);
    w.slot = slot;
    ended(&w, 200,
          "{\"status\":\"Succeeded\",\"result\":{\"stdout\":\"out\",\"stderr\":\"\","
          "\"executionResult\":2}}");
    assert_int_equal(w.last.state, SP_END_DONE);
    tell(&w, &question, sp_slice_of(""), 0, 0);
    assert_int_equal(sp_execution_read(sp_slice_make(w.answer, w.answer_len), &execution), SP_OK);
    assert_int_equal(execution.state, SP_EXECUTION_ENDED);
    assert_true(execution.result.len > 0);
    sp_relay_room_free(w.room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upload_is_the_files_bytes_and_nothing_around_them),
        cmocka_unit_test(test_upload_beyond_its_body_is_no_order),
        cmocka_unit_test(test_download_moves_its_bytes_on),
        cmocka_unit_test(test_list_of_sessions_is_read_to_its_end_and_names_only_those_asked_for),
        cmocka_unit_test(test_how_errands_end),
        cmocka_unit_test(test_run_that_nobody_waits_for_is_asked_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
