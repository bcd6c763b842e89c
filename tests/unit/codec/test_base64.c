/* base64: the vectors of RFC 4648, and every leniency refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/base64.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }

struct pair_case {
    enum sp_base64 kind;
    struct sp_slice bytes;
    const char *text;
};

static const struct pair_case pair_cases[] = {
    {SP_BASE64_STANDARD, TEXT(""), ""},
    {SP_BASE64_STANDARD, TEXT("f"), "Zg=="},
    {SP_BASE64_STANDARD, TEXT("fo"), "Zm8="},
    {SP_BASE64_STANDARD, TEXT("foo"), "Zm9v"},
    {SP_BASE64_STANDARD, TEXT("foob"), "Zm9vYg=="},
    {SP_BASE64_STANDARD, TEXT("fooba"), "Zm9vYmE="},
    {SP_BASE64_STANDARD, TEXT("foobar"), "Zm9vYmFy"},
    {SP_BASE64_STANDARD, TEXT("\xFB\xFF\xFE"), "+//+"},
    {SP_BASE64_URL, TEXT("\xFB\xFF\xFE"), "-__-"},
    {SP_BASE64_URL, TEXT("f"), "Zg"},
    {SP_BASE64_URL, TEXT("fo"), "Zm8"},
    {SP_BASE64_URL, TEXT("\0\0\0"), "AAAA"},
};

static void test_bytes_and_text_stand_for_each_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(pair_cases); i++) {
        const struct pair_case *c = &pair_cases[i];
        print_message("  '%s'\n", c->text);
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, 64);
        assert_int_equal(sp_base64_encode(c->kind, c->bytes, &out), SP_OK);
        assert_true(sp_slice_is(sp_buf_slice(&out), c->text));
        sp_buf_clear(&out);
        assert_int_equal(sp_base64_decode(c->kind, sp_slice_of(c->text), &out), SP_OK);
        assert_true(sp_slice_equal(sp_buf_slice(&out), c->bytes));
    }
}

struct bad_case {
    const char *name;
    enum sp_base64 kind;
    const char *text;
};

static const struct bad_case bad_cases[] = {
    {"no padding", SP_BASE64_STANDARD, "Zg"},
    {"half the padding", SP_BASE64_STANDARD, "Zg="},
    {"padding only", SP_BASE64_STANDARD, "===="},
    {"padding of three", SP_BASE64_STANDARD, "Z==="},
    {"padding inside", SP_BASE64_STANDARD, "Zg==Zg=="},
    {"stray bits of two", SP_BASE64_STANDARD, "Zh=="},
    {"stray bits of three", SP_BASE64_STANDARD, "Zm9="},
    {"letters of the other kind", SP_BASE64_STANDARD, "-__-"},
    {"line end", SP_BASE64_STANDARD, "Zm9\n"},
    {"blank", SP_BASE64_STANDARD, "Zm 9"},
    {"padding in the url kind", SP_BASE64_URL, "Zg=="},
    {"one letter", SP_BASE64_URL, "Z"},
    {"five letters", SP_BASE64_URL, "Zm9vY"},
    {"stray bits in the url kind", SP_BASE64_URL, "Zh"},
    {"letters of the standard kind", SP_BASE64_URL, "+//+"},
};

static void test_what_is_not_exact_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(bad_cases); i++) {
        print_message("  %s\n", bad_cases[i].name);
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, 64);
        assert_int_equal(sp_buf_put_byte(&out, 'x'), SP_OK);
        assert_int_equal(sp_base64_decode(bad_cases[i].kind, sp_slice_of(bad_cases[i].text), &out),
                         SP_ERR_INVALID);
        assert_int_equal(out.len, 1);
    }
}

static void test_a_full_buffer_keeps_what_it_had(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 5);
    assert_int_equal(sp_base64_encode(SP_BASE64_STANDARD, SP_SLICE_LITERAL("four"), &out),
                     SP_ERR_TOO_BIG);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_and_text_stand_for_each_other),
        cmocka_unit_test(test_what_is_not_exact_is_refused),
        cmocka_unit_test(test_a_full_buffer_keeps_what_it_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
