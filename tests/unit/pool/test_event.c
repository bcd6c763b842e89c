#include "pool/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_event_is_one_line_or_nothing(void **state)
{
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, 4096);
    assert_int_equal(sp_pool_event_put("x", sp_slice_of("{\n}"), &out), SP_ERR_INVALID);
    assert_int_equal(sp_pool_event_put("x", sp_slice_of("{\r}"), &out), SP_ERR_INVALID);
    assert_int_equal(out.len, 0);
    assert_int_equal(sp_pool_event_put("x", sp_slice_of("{}"), &out), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&out), "event: x\ndata: {}\n\n"));
}

static void expect(struct sp_pool_run *run, struct sp_frame frame, const char *want)
{
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 4096);
    assert_int_equal(sp_pool_run_take(run, &frame), SP_OK);
    assert_int_equal(sp_pool_event_of(run, &frame, &out), SP_OK);
    if (!sp_slice_is(sp_buf_slice(&out), want)) {
        fail_msg("%.*s and not %s", (int)out.len, (const char *)out.ptr, want);
    }
}

static struct sp_frame text(unsigned stream, const char *bytes)
{
    return (struct sp_frame){
        .type = SP_FRAME_STREAM, .a = (uint8_t)stream, .bytes = sp_slice_of(bytes)};
}

static void test_character_that_is_cut_waits_for_its_rest(void **state)
{
    struct sp_pool_run *run = sp_pool_run_new(sp_slice_of(""), 64);
    (void)state;
    assert_non_null(run);
    expect(run, text(1, "a\xe2\x98"), "event: stdout\ndata: {\"text\":\"a\"}\n\n");
    expect(run, text(1, "\x83"), "event: stdout\ndata: {\"text\":\"\xe2\x98\x83\"}\n\n");
    expect(run, text(2, "\xf0\x9f"), "");
    expect(run, text(2, "x"), "event: stderr\ndata: {\"text\":\"\xef\xbf\xbd\xef\xbf\xbdx\"}\n\n");
    expect(
        run, text(1, "\x80\x80\x80\x80"),
        "event: stdout\ndata: {\"text\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}\n\n");
    sp_pool_run_free(run);
}

static void test_output_is_told_when_its_group_is_whole(void **state)
{
    struct sp_pool_run *run = sp_pool_run_new(sp_slice_of(""), 64);
    struct sp_frame item = {.type = SP_FRAME_ITEM,
                            .a = SP_ITEM_DISPLAY,
                            .b = SP_ITEM_TEXT,
                            .bytes = SP_SLICE_LITERAL("one")};
    (void)state;
    assert_non_null(run);
    expect(run, item, "");
    item.b = SP_ITEM_JSON;
    item.c = SP_ITEM_LAST;
    item.bytes = SP_SLICE_LITERAL("[1,\n2]");
    expect(run, item,
           "event: output\ndata: {\"text/plain\":\"one\",\"application/json\":[1,2]}\n\n");
    item.group = 1;
    item.a = SP_ITEM_ERROR;
    item.b = SP_ITEM_TRACEBACK;
    expect(run, item, "");
    sp_pool_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event_is_one_line_or_nothing),
        cmocka_unit_test(test_character_that_is_cut_waits_for_its_rest),
        cmocka_unit_test(test_output_is_told_when_its_group_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
