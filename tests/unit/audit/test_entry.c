#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/entry.h"
#include "base/attr.h"

static const struct {
    const char *text;
    enum sp_err want;
} cases[] = {
    {"{}", SP_OK},
    {"{\"a\":1,\"b\":\"x\",\"c\":[],\"d\":[1,\"y\",{\"e\":0}],\"f\":{}}", SP_OK},
    {"{\"a\":9007199254740991}", SP_OK},
    {"{\"a\":9007199254740992}", SP_ERR_INVALID},
    {"{\"a\":01}", SP_ERR_INVALID},
    {"{\"a\":-1}", SP_ERR_INVALID},
    {"{\"a\":1.0}", SP_ERR_INVALID},
    {"{\"a\":1e0}", SP_ERR_INVALID},
    {"{\"a\":true}", SP_ERR_INVALID},
    {"{\"a\":null}", SP_ERR_INVALID},
    {"{ \"a\":1}", SP_ERR_INVALID},
    {"{\"a\": 1}", SP_ERR_INVALID},
    {"{\"a\":1 }", SP_ERR_INVALID},
    {"{\"a\":1} ", SP_ERR_INVALID},
    {"{\"a\":1}\n", SP_ERR_INVALID},
    {"{\"a\":1,}", SP_ERR_INVALID},
    {"{\"b\":1,\"a\":1}", SP_ERR_INVALID},
    {"{\"a\":1,\"a\":1}", SP_ERR_INVALID},
    {"{\"a\":1,\"aa\":1}", SP_OK},
    {"{\"a\":[1,]}", SP_ERR_INVALID},
    {"{\"a\":[[[[[1]]]]]}", SP_OK},
    {"{\"a\":[[[[[[1]]]]]]}", SP_ERR_INVALID},
    {"{\"a\":\"\\n\\u0001\\u001f\\\"\\\\\"}", SP_OK},
    {"{\"a\":\"\\u000a\"}", SP_ERR_INVALID},
    {"{\"a\":\"\\u001F\"}", SP_ERR_INVALID},
    {"{\"a\":\"\\u0041\"}", SP_ERR_INVALID},
    {"{\"a\":\"\\u0020\"}", SP_ERR_INVALID},
    {"{\"a\":\"\\/\"}", SP_ERR_INVALID},
    {"{\"a\":\"\x01\"}", SP_ERR_INVALID},
    {"{\"a\":\"\x7f\xc3\xbc\"}", SP_OK},
    {"{\"a\":\"\xc3\"}", SP_ERR_INVALID},
    {"{\"a\":\"\xed\xa0\x80\"}", SP_ERR_INVALID},
    {"{\"\\n\":1}", SP_ERR_INVALID},
    {"{\"a\":\"", SP_ERR_INVALID},
    {"{\"a\"", SP_ERR_INVALID},
    {"[]", SP_ERR_INVALID},
    {"", SP_ERR_INVALID},
};

static void test_only_the_canonical_form_is_taken(void **state)
{
    static struct sp_entry entry;
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_where where;
        print_message("%s\n", cases[i].text);
        assert_int_equal(sp_entry_read(sp_slice_of(cases[i].text), &entry, &where), cases[i].want);
    }
}

static void test_members_are_found(void **state)
{
    static struct sp_entry entry;
    struct sp_where where;
    struct sp_slice rest = {NULL, 0};
    struct sp_slice item = {NULL, 0};
    (void)state;
    assert_int_equal(
        sp_entry_read(sp_slice_of("{\"a\":7,\"b\":\"x\\ny\",\"c\":[\"p\",[1],2]}"), &entry, &where),
        SP_OK);
    assert_int_equal(entry.count, 3);
    assert_int_equal(sp_entry_number(sp_entry_get(&entry, "a")), 7);
    assert_int_equal(sp_entry_number(sp_entry_get(&entry, "b")), 0);
    assert_true(sp_slice_is(sp_entry_text(sp_entry_get(&entry, "b")), "x\\ny"));
    assert_int_equal(sp_entry_text(sp_entry_get(&entry, "a")).len, 0);
    assert_int_equal(sp_entry_get(&entry, "d").len, 0);
    assert_false(sp_entry_items(sp_entry_get(&entry, "a"), &rest));
    assert_true(sp_entry_items(sp_entry_get(&entry, "c"), &rest));
    assert_true(sp_entry_next(&rest, &item));
    assert_true(sp_slice_is(item, "\"p\""));
    assert_true(sp_entry_next(&rest, &item));
    assert_true(sp_slice_is(item, "[1]"));
    assert_true(sp_entry_next(&rest, &item));
    assert_true(sp_slice_is(item, "2"));
    assert_false(sp_entry_next(&rest, &item));
}

static void test_strings_are_unescaped(void **state)
{
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, 100);
    assert_int_equal(
        sp_entry_unescape(sp_slice_of("\"a\\n\\t\\\"\\\\\\b\\f\\r\\u0001\\u001fz\""), &out), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&out), "a\n\t\"\\\b\f\r\x01\x1fz"));
    assert_int_equal(sp_entry_unescape(sp_slice_of("12"), &out), SP_ERR_INVALID);
    assert_int_equal(sp_entry_unescape(sp_slice_of("\"a"), &out), SP_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_canonical_form_is_taken),
        cmocka_unit_test(test_members_are_found),
        cmocka_unit_test(test_strings_are_unescaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
