/* rewrite: requests in the words of others, and their answers back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "front/rewrite.h"

#define RUN                                                                                        \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"                \
    "\"runPythonCodeInRemoteEnvironment\",\"arguments\":{\"environmentId\":\"env-1\","             \
    "\"pythonCode\":\"1\"}}}"
#define PING "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}"
#define NOTE "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"
#define LAUNCH                                                                                     \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"                                            \
    "call\",\"params\":{\"name\":\"launchShell\"}}"

struct world {
    struct sp_rewrite rewrite;
    char *method;
    char *target;
    struct sp_body body;
};

static enum sp_err come(struct world *w, const char *method, const char *target, const char *body,
                        bool is_here)
{
    *w = (struct world){.method = strdup(method), .target = strdup(target)};
    assert_int_equal(sp_body_init(&w->body, strlen(body)), SP_OK);
    assert_int_equal(sp_body_put(&w->body, sp_slice_of(body), SP_PAYLOAD_INLINE_MAX), SP_OK);
    const struct sp_rewrite_words words = {&w->method, &w->target, &w->body, is_here};
    return sp_rewrite_request(&w->rewrite, &words);
}

static void leave(struct world *w)
{
    sp_rewrite_done(&w->rewrite);
    sp_body_done(&w->body);
    free(w->method);
    free(w->target);
}

static void test_requests(void **state)
{
    static const struct {
        const char *method;
        const char *target;
        const char *body;
        bool is_here;
        enum sp_err err;
        const char *want_method;
        const char *want_target;
        const char *want_body;
    } cases[] = {
        {"POST", "/mcp", RUN, true, SP_OK, "POST",
         "/executions?api-version=2025-10-02-preview&identifier=env-1", "{\"code\":\"1\"}"},
        {"POST", "/p/mcp?x=1", PING, true, SP_OK, "GET", "/.sallyport/usage", ""},
        {"POST", "/mcp", "nonsense", true, SP_OK, "GET", "/.sallyport/usage", ""},
        {"POST", "/mcp", RUN, false, SP_ERR_TOO_BIG, "POST", "/mcp", RUN},
        {"GET", "/mcp", "", true, SP_ERR_METHOD, "GET", "/mcp", ""},
        {"POST", "/python/execute?api-version=2024-02-02-preview", "{\"identifier\":\"mine\"}",
         true, SP_OK, "POST", "/python/execute?api-version=2024-02-02-preview&identifier=mine",
         "{\"identifier\":\"mine\"}"},
        {"POST", "/python/execute", "{\"identifier\":\"mine\"}", false, SP_OK, "POST",
         "/python/execute", "{\"identifier\":\"mine\"}"},
        {"GET", "/files", "", true, SP_OK, "GET", "/files", ""},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct world w;
        print_message("  %s %s %s\n", cases[i].method, cases[i].target, cases[i].body);
        assert_int_equal(
            come(&w, cases[i].method, cases[i].target, cases[i].body, cases[i].is_here),
            cases[i].err);
        assert_string_equal(w.method, cases[i].want_method);
        assert_string_equal(w.target, cases[i].want_target);
        assert_int_equal(w.body.len, strlen(cases[i].want_body));
        assert_true(sp_slice_is(sp_buf_slice(&w.body.memory), cases[i].want_body));
        leave(&w);
    }
}

static void test_replies(void **state)
{
    static const struct {
        const char *body;
        unsigned status;
        const char *answer;
        unsigned want_status;
        const char *want; /* what it begins with; NULL: as it was */
    } cases[] = {
        {PING, 200, "{\"usage\":1}", 200, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"},
        {PING, 401, "{\"error\":1}", 401, NULL},
        {PING, 429, "{\"error\":1}", 429, NULL},
        {NOTE, 200, "{\"usage\":1}", 202, ""},
        {LAUNCH, 200, "{}", 200,
         "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"{"
         "\\\"environmentId\\\":\\\"env-00000000000000ff-9\\\"}\"}]"},
        {RUN, 200, "{\"status\":\"Succeeded\",\"result\":{}}", 200,
         "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{"},
        {RUN, 403, "{\"error\":{\"code\":\"PolicyDenied\",\"message\":\"m\"}}", 200,
         "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[{\"type\":\"text\",\"text\":"
         "\"PolicyDenied: m\"}]"},
        {RUN, 401, "{\"error\":1}", 401, NULL},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct world w;
        struct sp_reply reply = {.status = cases[i].status};
        print_message("  %s %u\n", cases[i].body, cases[i].status);
        assert_int_equal(come(&w, "POST", "/mcp", cases[i].body, true), SP_OK);
        sp_buf_init(&reply.body, 4096);
        assert_int_equal(sp_buf_put_text(&reply.body, cases[i].answer), SP_OK);
        assert_int_equal(sp_rewrite_reply(&w.rewrite, 9, 0xFF, &reply), SP_OK);
        assert_int_equal(reply.status, cases[i].want_status);
        const char *want = cases[i].want == NULL ? cases[i].answer : cases[i].want;
        assert_true(sp_slice_starts(sp_buf_slice(&reply.body), want));
        assert_int_equal(reply.body.len == 0, want[0] == '\0');
        sp_buf_done(&reply.body);
        leave(&w);
    }
}

static void test_an_answer_that_cannot_be_put_leaves_the_reply_alone(void **state)
{
    struct world w;
    struct sp_reply reply = {.status = 200};
    (void)state;
    assert_int_equal(come(&w, "POST", "/mcp", RUN, true), SP_OK);
    sp_buf_init(&reply.body, 4096);
    assert_int_equal(sp_buf_put_text(&reply.body, "no JSON"), SP_OK);
    assert_int_not_equal(sp_rewrite_reply(&w.rewrite, 9, 0xFF, &reply), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&reply.body), "no JSON"));
    sp_buf_done(&reply.body);
    leave(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_an_answer_that_cannot_be_put_leaves_the_reply_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
