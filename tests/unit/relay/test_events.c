#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "relay/events.h"

/* What was told, as "KIND:DATA|". */
struct heard {
    char text[512];
    size_t len;
};

static void on_part(void *ctx, unsigned what, struct sp_slice data)
{
    struct heard *heard = ctx;
    int len = snprintf(heard->text + heard->len, sizeof(heard->text) - heard->len, "%u:%.*s|", what,
                       (int)data.len, (const char *)data.ptr);
    heard->len += (size_t)len;
}

/* Fed in pieces of `step` bytes; the end goes into `end` as "STATUS BODY", "" for none. */
static enum sp_err feed(const char *text, size_t step, struct heard *heard, char end[128])
{
    struct sp_events events;
    SP_AUTO_BUF struct sp_buf body;
    unsigned status = 0;
    enum sp_err err = SP_OK;
    struct sp_slice in = sp_slice_of(text);
    *heard = (struct heard){.len = 0};
    sp_buf_init(&body, 256);
    sp_events_init(&events, 256);
    for (size_t at = 0; at < in.len && err == SP_OK; at += step) {
        err = sp_events_feed(&events, sp_slice_sub(in, at, step), on_part, heard);
    }
    end[0] = '\0';
    if (sp_events_take(&events, &body, &status)) {
        assert_true(body.len < 64 && snprintf(end, 128, "%u %.*s", status, (int)body.len,
                                              (const char *)body.ptr) < 128);
        assert_false(sp_events_take(&events, &body, &status));
    }
    sp_events_done(&events);
    return err;
}

static const struct {
    const char *name;
    const char *in;
    enum sp_err want;
    const char *heard;
    const char *end;
} cases[] = {
    {"parts and a result",
     "event: stdout\ndata: {\"text\":\"a\"}\n\nevent: stderr\ndata: {\"text\":\"b\"}\n\nevent: "
     "result\ndata: {\"x\":1}\n\n",
     SP_OK, "0:a|1:b|", "200 {\"x\":1}"},
    {"something shown is printed anew", "event: output\ndata: { \"text/html\" : \"<b>\" }\n\n",
     SP_OK, "2:{\"text/html\":\"<b>\"}|", ""},
    {"an error with its status", "event: status\ndata: 503\n\nevent: error\ndata: {}\n\n", SP_OK,
     "", "503 {}"},
    {"an error without", "event: error\ndata: {}\n\n", SP_OK, "", "500 {}"},
    {"lines that end in both", "event: stdout\r\ndata: {\"text\":\"a\"}\r\n\r\n", SP_OK, "0:a|",
     ""},
    {"a gap", "event: gap\ndata: {\"parts\":3}\n\nevent: stdout\ndata: {\"text\":\"a\"}\n\n", SP_OK,
     "3:|0:a|", ""},
    {"comments and strangers", ": ping\n\nevent: other\ndata: [\n\nid: 7\n\n", SP_OK, "", ""},
    {"a result that is cut", "event: result\ndata: {}\n", SP_OK, "", ""},
    {"a stream without text", "event: stdout\ndata: {\"x\":1}\n\n", SP_ERR_JSON, "", ""},
    {"a stream with a number", "event: stdout\ndata: {\"text\":1}\n\n", SP_ERR_JSON, "", ""},
    {"no JSON", "event: stdout\ndata: {\n\n", SP_ERR_JSON, "", ""},
    {"something shown that is no object", "event: output\ndata: [1]\n\n", SP_ERR_JSON, "", ""},
    {"a status that is none", "event: status\ndata: 1000\n\n", SP_ERR_RANGE, "", ""},
};

static void test_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        for (size_t step = 1; step < 300; step += step < 20 ? 1 : 279) {
            struct heard heard;
            char end[128];
            enum sp_err err = feed(cases[i].in, step, &heard, end);
            if (err != cases[i].want || strcmp(heard.text, cases[i].heard) != 0 ||
                strcmp(end, cases[i].end) != 0) {
                fail_msg("%s in steps of %zu: %d \"%s\" \"%s\"", cases[i].name, step, (int)err,
                         heard.text, end);
            }
        }
    }
}

static void test_a_line_over_the_bound_is_refused(void **state)
{
    struct sp_events events;
    struct heard heard = {.len = 0};
    char line[300];
    (void)state;
    memset(line, 'x', sizeof(line));
    sp_events_init(&events, 256);
    assert_int_equal(sp_events_feed(&events, sp_slice_make(line, 255), on_part, &heard), SP_OK);
    assert_int_equal(sp_events_feed(&events, sp_slice_make(line, 2), on_part, &heard),
                     SP_ERR_TOO_BIG);
    sp_events_done(&events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_a_line_over_the_bound_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
