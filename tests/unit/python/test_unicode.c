#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "python/unicode.h"

static void test_unicode_takes_names_as_cpython(void **state)
{
    static const struct {
        const char *name;
        bool want;
        size_t bad;
    } rows[] = {
        {"abc_1", true, 0},
        {"\xc3\xa9t\xc3\xa9", true, 0},
        {"\xe5\x90\x8d", true, 0},
        {"\xef\xbd\x8f\xef\xbd\x93", true, 0}, /* full-width os */
        {"a\xcc\x81", true, 0},                /* a combining accent continues a name */
        {"\xcc\x81", false, 0},                /* and does not start one */
        {"a\xe2\x80\x8b", false, 1},           /* zero width space */
        {"a\xc2\xa0", false, 1},
        {"\xf0\x9f\x98\x80", false, 0},
        {"", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        size_t bad = 0;
        assert_int_equal(sp_unicode_is_name(sp_slice_of(rows[i].name), SP_PYTHON_311, &bad),
                         rows[i].want);
        assert_int_equal(bad, rows[i].bad);
    }
}

static void test_unicode_knows_the_newer_characters_only_in_newer_families(void **state)
{
    size_t bad = 0;
    struct sp_slice name = SP_SLICE_LITERAL("\xf0\xb1\x8d\x90"); /* U+31350, Unicode 15 */
    (void)state;
    assert_false(sp_unicode_is_name(name, SP_PYTHON_311, &bad));
    assert_true(sp_unicode_is_name(name, SP_PYTHON_312, &bad));
}

static void test_unicode_normalises_by_nfkc(void **state)
{
    static const struct {
        const char *in;
        const char *want;
    } rows[] = {
        {"\xef\xbd\x8f\xef\xbd\x93", "os"},
        {"\xf0\x9d\x90\x9e\xf0\x9d\x90\xb1\xf0\x9d\x90\x9e\xf0\x9d\x90\x9c",
         "exec"}, /* mathematical bold */
        {"\xef\xac\x81", "fi"},
        {"e\xcc\x81", "\xc3\xa9"},
        {"\xc2\xaa", "a"},
        {"ab\xc2\xaa"
         "cd_1",
         "abacd_1"},
        {"ae\xcc\x81"
         "e",
         "a\xc3\xa9"
         "e"}, /* an accent goes to what is before it alone */
        {"plain", "plain"},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        uint8_t out[SP_UNICODE_NAME_BYTES_MAX];
        size_t len = 0;
        assert_int_equal(sp_unicode_nfkc(sp_slice_of(rows[i].in), out, &len), SP_OK);
        assert_true(sp_slice_is(sp_slice_make(out, len), rows[i].want));
    }
}

static void test_unicode_refuses_names_over_the_limit(void **state)
{
    uint8_t name[SP_UNICODE_NAME_BYTES_MAX + 1];
    uint8_t out[SP_UNICODE_NAME_BYTES_MAX];
    size_t len = 7;
    (void)state;
    for (size_t i = 0; i < sizeof(name); i++) {
        name[i] = 'a';
    }
    assert_int_equal(sp_unicode_nfkc(sp_slice_make(name, sizeof(name)), out, &len), SP_ERR_TOO_BIG);
    assert_int_equal(len, 7);
    assert_int_equal(sp_unicode_nfkc(sp_slice_make(name, sizeof(name) - 1), out, &len), SP_OK);
    /* Three bytes that become eighteen characters: the form is what must fit, with the letters behind it. */
    name[0] = 0xEF;
    name[1] = 0xB7;
    name[2] = 0xBA;
    assert_int_equal(sp_unicode_nfkc(sp_slice_make(name, sizeof(name) - 1), out, &len),
                     SP_ERR_TOO_BIG);
    assert_int_equal(sp_unicode_nfkc(sp_slice_make(name, 64), out, &len), SP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unicode_takes_names_as_cpython),
        cmocka_unit_test(test_unicode_knows_the_newer_characters_only_in_newer_families),
        cmocka_unit_test(test_unicode_normalises_by_nfkc),
        cmocka_unit_test(test_unicode_refuses_names_over_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
