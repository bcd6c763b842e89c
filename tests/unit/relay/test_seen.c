/* seen: what a witness saw becomes facts in our own words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/seen.h"
#include "wire/session_act.h"

static enum sp_err read(const char *text, struct sp_buf *out)
{
    const struct sp_json_limits limits = {
        .bytes_max = 4096, .depth_max = 8, .nul = SP_JSON_NUL_REFUSED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    assert_int_equal(sp_json_parse(sp_slice_of(text), &limits, &doc, NULL), SP_OK);
    sp_buf_init(out, SP_SEEN_BYTES_MAX);
    return sp_seen_read(doc, sp_json_root(doc), out);
}

static bool is_fact(struct sp_reader *r, const char *want)
{
    struct sp_slice text = {NULL, 0};
    return sp_reader_block(r, 64, &text) == SP_OK && sp_slice_is(text, want);
}

static void test_counts_refusals_and_a_lost_witness_are_facts(void **state)
{
    SP_AUTO_BUF struct sp_buf out;
    struct sp_reader r;
    (void)state;
    assert_int_equal(
        read("{\"capabilities\":{\"process\":4,\"native\":1},\"deniedCapabilities\":[\"process\"],"
             "\"isWitnessComplete\":false}",
             &out),
        SP_OK);
    sp_reader_init(&r, sp_buf_slice(&out));
    assert_true(is_fact(&r, "process 4"));
    assert_true(is_fact(&r, "process denied"));
    assert_true(is_fact(&r, "native 1"));
    assert_true(is_fact(&r, "witness incomplete"));
    assert_int_equal(sp_reader_left(&r), 0);
}

static void test_what_is_not_in_our_words_is_passed_over(void **state)
{
    static const char *const cases[] = {
        "{}",
        "[]",
        "{\"capabilities\":{\"network\":-1,\"a\\nb\":7,\"native\":\"x\",\"process\":1e10}}",
        "{\"capabilities\":[\"process\"],\"deniedCapabilities\":[\"magic\",1],"
        "\"isWitnessComplete\":true}",
        "{\"capabilities\":{\"process\":0},\"deniedCapabilities\":\"process\","
        "\"isWitnessComplete\":\"no\"}",
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf out;
        assert_int_equal(read(cases[i], &out), SP_OK);
        assert_int_equal(out.len, 0);
    }
}

static void test_pool_that_says_nothing_gives_no_facts(void **state)
{
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, SP_SEEN_BYTES_MAX);
    assert_int_equal(sp_seen_read(NULL, NULL, &out), SP_OK);
    assert_int_equal(out.len, 0);
}

/* A log entry takes all of it, whatever was counted. */
static void test_there_is_room_for_every_capability(void **state)
{
    SP_AUTO_BUF struct sp_buf text;
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&text, 4096);
    assert_int_equal(
        sp_buf_put_text(&text, "{\"isWitnessComplete\":false,\"capabilities\":{\"x\":0"), SP_OK);
    for (unsigned i = 0; i < SP_ACT_COUNT; i++) {
        assert_int_equal(sp_buf_putf(&text, ",\"%s\":4294967295", sp_act_name((enum sp_act)i)),
                         SP_OK);
    }
    assert_int_equal(sp_buf_put_text(&text, "},\"deniedCapabilities\":[\"x\""), SP_OK);
    for (unsigned i = 0; i < SP_ACT_COUNT; i++) {
        assert_int_equal(sp_buf_putf(&text, ",\"%s\"", sp_act_name((enum sp_act)i)), SP_OK);
    }
    assert_int_equal(sp_buf_put(&text, sp_slice_make("]}", 3)), SP_OK);
    assert_int_equal(read((const char *)text.ptr, &out), SP_OK);
    assert_true(out.len > 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_refusals_and_a_lost_witness_are_facts),
        cmocka_unit_test(test_what_is_not_in_our_words_is_passed_over),
        cmocka_unit_test(test_pool_that_says_nothing_gives_no_facts),
        cmocka_unit_test(test_there_is_room_for_every_capability),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
