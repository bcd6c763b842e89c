/* The JSON writer: commas, escapes, and mistakes that stick. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/json_out.h"

static void test_commas_stand_between_and_nowhere_else(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 4096);
    struct sp_json_out w;
    sp_json_out_init(&w, &out);
    sp_json_out_object(&w);
    sp_json_out_member_text(&w, "a", "b");
    sp_json_out_key(&w, "c");
    sp_json_out_array(&w);
    sp_json_out_u64(&w, UINT64_MAX);
    sp_json_out_i64(&w, INT64_MIN);
    sp_json_out_object(&w);
    sp_json_out_object_end(&w);
    sp_json_out_array(&w);
    sp_json_out_array_end(&w);
    sp_json_out_null(&w);
    sp_json_out_array_end(&w);
    sp_json_out_member_bool(&w, "d", true);
    sp_json_out_member_raw(&w, "e", SP_SLICE_LITERAL("[1.10]"));
    sp_json_out_member_i64(&w, "f", -5);
    sp_json_out_member_u64(&w, "g", 0);
    sp_json_out_member_null(&w, "h");
    sp_json_out_object_end(&w);
    assert_int_equal(sp_json_out_end(&w), SP_OK);
    assert_true(
        sp_slice_is(sp_buf_slice(&out),
                    "{\"a\":\"b\",\"c\":[18446744073709551615,-9223372036854775808,{},[],null],"
                    "\"d\":true,\"e\":[1.10],\"f\":-5,\"g\":0,\"h\":null}"));
}

static void test_strings_are_escaped_as_rfc_8785_has_it(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 4096);
    struct sp_slice in = SP_SLICE_LITERAL(
        "plain text of some length \"\\/\b\f\n\r\t\0\x01\x1F\x7F\xC3\xA9\xF0\x9F\x98\x80");
    assert_int_equal(sp_json_out_put_string(&out, in), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&out),
                            "\"plain text of some length \\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u0001"
                            "\\u001f\x7F\xC3\xA9\xF0\x9F\x98\x80\""));
}

/* Every special byte at every distance from the start: the fast path looks at eight bytes at once. */
static void test_no_special_byte_hides_in_a_run(void **state)
{
    (void)state;
    static const uint8_t special[] = {'"', '\\', 0x00, 0x1F, 0x0A};
    for (size_t s = 0; s < sizeof(special); s++) {
        for (size_t at = 0; at < 24; at++) {
            uint8_t text[24];
            for (size_t i = 0; i < sizeof(text); i++) {
                text[i] = i == at ? special[s] : (uint8_t)(i % 2 == 0 ? 0x7F : 0x20);
            }
            SP_AUTO_BUF struct sp_buf out;
            sp_buf_init(&out, 64);
            assert_int_equal(sp_json_out_put_string(&out, sp_slice_make(text, sizeof(text))),
                             SP_OK);
            assert_int_equal(out.ptr[1 + at], '\\');
            assert_true(out.len > sizeof(text) + 2);
        }
    }
}

static void test_what_is_not_utf8_fails_or_is_replaced(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 4096);
    assert_int_equal(sp_json_out_put_string(&out, SP_SLICE_LITERAL("a\xFFz")), SP_ERR_UTF8);
    assert_int_equal(out.len, 0);
    struct sp_json_out w;
    sp_json_out_init(&w, &out);
    sp_json_out_string_lossy(&w, SP_SLICE_LITERAL("a\xFF\xE2\x82z"));
    assert_int_equal(sp_json_out_end(&w), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&out), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\""));
    sp_json_out_init(&w, &out);
    sp_json_out_string(&w, SP_SLICE_LITERAL("\xC0\xAF"));
    sp_json_out_text(&w, "fine");
    assert_int_equal(sp_json_out_end(&w), SP_ERR_UTF8);
}

static void test_a_wrong_order_of_calls_is_told_at_the_end(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 4096);
    struct sp_json_out w;
    sp_json_out_init(&w, &out);
    sp_json_out_object(&w);
    assert_int_equal(sp_json_out_end(&w), SP_ERR_INVALID);
    sp_json_out_key(&w, "a");
    sp_json_out_object_end(&w);
    assert_int_equal(sp_json_out_end(&w), SP_ERR_INVALID);
    sp_json_out_init(&w, &out);
    sp_json_out_key(&w, "a");
    assert_int_equal(sp_json_out_end(&w), SP_ERR_INVALID);
    sp_json_out_init(&w, &out);
    sp_json_out_array_end(&w);
    assert_int_equal(sp_json_out_end(&w), SP_ERR_INVALID);
}

static void test_a_full_buffer_is_told_at_the_end(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 8);
    struct sp_json_out w;
    sp_json_out_init(&w, &out);
    sp_json_out_array(&w);
    sp_json_out_text(&w, "too long for it");
    sp_json_out_array_end(&w);
    assert_int_equal(sp_json_out_end(&w), SP_ERR_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commas_stand_between_and_nowhere_else),
        cmocka_unit_test(test_strings_are_escaped_as_rfc_8785_has_it),
        cmocka_unit_test(test_no_special_byte_hides_in_a_run),
        cmocka_unit_test(test_what_is_not_utf8_fails_or_is_replaced),
        cmocka_unit_test(test_a_wrong_order_of_calls_is_told_at_the_end),
        cmocka_unit_test(test_a_full_buffer_is_told_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
