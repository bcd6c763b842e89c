#include "pool/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/json.h"

static void give(struct sp_pool_run *run, unsigned group, unsigned role, unsigned kind,
                 const char *text)
{
    const struct sp_frame frame = {.type = SP_FRAME_ITEM,
                                   .group = (uint16_t)group,
                                   .a = (uint8_t)role,
                                   .b = (uint8_t)kind,
                                   .bytes = sp_slice_of(text)};
    assert_int_equal(sp_pool_run_take(run, &frame), SP_OK);
}

/* The member `name` of the result as JSON text; the whole answer must be strict JSON. */
static struct sp_slice member(const struct sp_pool_run *run, const char *name, struct sp_buf *text)
{
    const struct sp_json_limits limits = {SP_JSON_BYTES_MAX, SP_JSON_DEPTH_MAX,
                                          SP_JSON_NUL_ALLOWED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    SP_AUTO_BUF struct sp_buf body;
    sp_buf_init(&body, SP_POOL_ANSWER_BYTES_MAX);
    sp_buf_init(text, SP_POOL_ANSWER_BYTES_MAX);
    assert_int_equal(sp_pool_answer_run(run, sp_slice_of("name"), &body), SP_OK);
    assert_int_equal(sp_json_parse(sp_buf_slice(&body), &limits, &doc, NULL), SP_OK);
    const struct sp_json_value *value = sp_json_get(sp_json_get(sp_json_root(doc), "result"), name);
    if (value == NULL) {
        return sp_slice_of("absent");
    }
    assert_int_equal(sp_json_print(doc, value, text), SP_OK);
    return sp_buf_slice(text);
}

static void expect(const struct sp_pool_run *run, const char *name, const char *want)
{
    SP_AUTO_BUF struct sp_buf text;
    struct sp_slice got = member(run, name, &text);
    if (!sp_slice_is(got, want)) {
        fail_msg("%s is %.*s and not %s", name, (int)got.len, (const char *)got.ptr, want);
    }
}

static struct sp_pool_run *fresh(void)
{
    struct sp_pool_run *run = sp_pool_run_new(sp_slice_of("code"), 64);
    assert_non_null(run);
    run->status = SP_CELL_SUCCEEDED;
    run->timeout_ms = 3000;
    return run;
}

static void test_result_is_the_value_else_the_last_picture_else_null(void **state)
{
    (void)state;
    struct sp_pool_run *run = fresh();
    expect(run, "executionResult", "null");
    give(run, 0, SP_ITEM_DISPLAY, SP_ITEM_PNG, "one");
    give(run, 1, SP_ITEM_DISPLAY, SP_ITEM_PNG, "two");
    expect(run, "executionResult",
           "{\"type\":\"image\",\"format\":\"png\",\"base64_data\":\"dHdv\"}");
    give(run, 2, SP_ITEM_RESULT, SP_ITEM_JSON, "[1,2.5]");
    give(run, 2, SP_ITEM_RESULT, SP_ITEM_TEXT, "shown");
    expect(run, "executionResult", "[1,2.5]");
    sp_pool_run_free(run);
}

static void test_a_plain_value_comes_as_python_shows_it_where_that_is_asked_for(void **state)
{
    static const struct {
        const char *json; /* NULL: no value */
        const char *text;
        const char *want;
    } cases[] = {
        {"\"nan\"", "'nan'", "\"'nan'\""},
        {"\"nan\"", "nan", "\"nan\""},
        {"42", "42", "\"42\""},
        {"true", "True", "\"True\""},
        {"1.5", "1.5", "\"1.5\""},
        {NULL, NULL, "null"},
        {"[1]", "[1]", "[1]"},
        {"{\"a\":1}", "{'a': 1}", "{\"a\":1}"},
        {"7", NULL, "7"},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_pool_run *run = fresh();
        run->is_jupyter = true;
        if (cases[i].json != NULL) {
            give(run, 0, SP_ITEM_RESULT, SP_ITEM_JSON, cases[i].json);
        }
        if (cases[i].text != NULL) {
            give(run, 0, SP_ITEM_RESULT, SP_ITEM_TEXT, cases[i].text);
        }
        expect(run, "executionResult", cases[i].want);
        sp_pool_run_free(run);
    }
}

static void test_value_that_is_no_json_is_shown_as_text(void **state)
{
    static const char *const wrong[] = {"{\"a\":1,\"a\":2}", "1}, \"status\":\"Succeeded\"", "NaN",
                                        "[1", "\"\\ud800\""};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(wrong); i++) {
        SP_AUTO_BUF struct sp_buf text;
        struct sp_pool_run *run = fresh();
        give(run, 0, SP_ITEM_RESULT, SP_ITEM_JSON, wrong[i]);
        assert_true(sp_slice_starts(member(run, "executionResult", &text), "\""));
        sp_pool_run_free(run);
    }
}

static void test_drawing_is_a_picture_where_there_are_no_pixels(void **state)
{
    (void)state;
    struct sp_pool_run *run = fresh();
    give(run, 0, SP_ITEM_DISPLAY, SP_ITEM_SVG, "<svg/>");
    expect(run, "executionResult",
           "{\"type\":\"image\",\"format\":\"svg\",\"base64_data\":\"PHN2Zy8+\"}");
    give(run, 1, SP_ITEM_DISPLAY, SP_ITEM_PNG, "png");
    expect(run, "executionResult",
           "{\"type\":\"image\",\"format\":\"png\",\"base64_data\":\"cG5n\"}");
    sp_pool_run_free(run);
}

static void test_outputs_stand_when_there_are_several(void **state)
{
    (void)state;
    struct sp_pool_run *run = fresh();
    give(run, 0, SP_ITEM_DISPLAY, SP_ITEM_TEXT, "bold");
    expect(run, "outputs", "absent");
    give(run, 0, SP_ITEM_DISPLAY, SP_ITEM_HTML, "<b>"); /* which executionResult does not show */
    expect(run, "outputs", "[{\"text/plain\":\"bold\",\"text/html\":\"<b>\"}]");
    give(run, 1, SP_ITEM_RESULT, SP_ITEM_JSON, "7");
    give(run, 1, SP_ITEM_RESULT, SP_ITEM_TEXT, "seven");
    give(run, 1, SP_ITEM_RESULT, SP_ITEM_TEXT, "again");
    give(run, 2, SP_ITEM_ERROR, SP_ITEM_ERROR_NAME, "E");
    expect(run, "outputs",
           "[{\"text/plain\":\"bold\",\"text/html\":\"<b>\"},{\"application/json\":7,\"text/"
           "plain\":\"seven\"}]");
    sp_pool_run_free(run);
}

static void test_each_end_says_what_became_of_the_state(void **state)
{
    static const struct {
        enum sp_pool_end end;
        const char *want;
    } cases[] = {
        {SP_POOL_END_DONE, "\"err\""},
        {SP_POOL_END_STOPPED,
         "\"errTimeoutError: the run was interrupted after 3 s; the session keeps its state\\n\""},
        {SP_POOL_END_CRASHED, "\"errSessionLost: the interpreter ended (exit status 3); the "
                              "session's state is lost\\n\""},
        {SP_POOL_END_DELETED, "\"errSessionLost: the session was deleted during the run\\n\""},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_pool_run *run = fresh();
        const struct sp_frame frame = {
            .type = SP_FRAME_STREAM, .a = 2, .bytes = SP_SLICE_LITERAL("err")};
        assert_int_equal(sp_pool_run_take(run, &frame), SP_OK);
        run->end = cases[i].end;
        run->end_number = 3;
        expect(run, "stderr", cases[i].want);
        sp_pool_run_free(run);
    }
}

static void test_stream_over_its_limit_is_cut_and_flagged(void **state)
{
    (void)state;
    struct sp_pool_run *run = fresh();
    const struct sp_frame frame = {
        .type = SP_FRAME_STREAM,
        .a = 1,
        .bytes = SP_SLICE_LITERAL("0123456789012345678901234567890123456789")};
    assert_int_equal(sp_pool_run_take(run, &frame), SP_OK);
    expect(run, "isStdoutTruncated", "absent");
    assert_int_equal(sp_pool_run_take(run, &frame), SP_OK);
    assert_int_equal(run->out.len, 64);
    assert_int_equal(run->dropped_out, 16);
    expect(run, "isStdoutTruncated", "true");
    sp_pool_run_free(run);
}

static void test_bytes_that_are_not_text_are_replaced(void **state)
{
    (void)state;
    struct sp_pool_run *run = fresh();
    const struct sp_frame frame = {
        .type = SP_FRAME_STREAM, .a = 1, .bytes = SP_SLICE_LITERAL("a\xff")};
    assert_int_equal(sp_pool_run_take(run, &frame), SP_OK);
    expect(run, "stdout", "\"a\xef\xbf\xbd\"");
    sp_pool_run_free(run);
}

static void test_error_body_has_code_and_message(void **state)
{
    SP_AUTO_BUF struct sp_buf body;
    (void)state;
    sp_buf_init(&body, 1024);
    assert_int_equal(sp_pool_answer_error(SP_ERR_SESSIONS_FULL, sp_slice_of(""), &body), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&body), "{\"error\":{\"code\":\"SessionLimitReached\","
                                                 "\"message\":\"the pool has no free session\"}}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result_is_the_value_else_the_last_picture_else_null),
        cmocka_unit_test(test_a_plain_value_comes_as_python_shows_it_where_that_is_asked_for),
        cmocka_unit_test(test_value_that_is_no_json_is_shown_as_text),
        cmocka_unit_test(test_drawing_is_a_picture_where_there_are_no_pixels),
        cmocka_unit_test(test_outputs_stand_when_there_are_several),
        cmocka_unit_test(test_each_end_says_what_became_of_the_state),
        cmocka_unit_test(test_stream_over_its_limit_is_cut_and_flagged),
        cmocka_unit_test(test_bytes_that_are_not_text_are_replaced),
        cmocka_unit_test(test_error_body_has_code_and_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
