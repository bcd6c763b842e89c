#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "policy/widen.h"

#define BASE "name = \"a\"\nextends = \"data-science\"\n"

static void resolve(const char *text, struct sp_buf *out)
{
    struct sp_policy policy;
    struct sp_where where = {.text = {0}};
    enum sp_err err = sp_policy_load(sp_slice_of(text), sp_policy_source, NULL, &policy, &where);
    if (err != SP_OK) {
        print_message("%u:%u: %s\n", where.line, where.column, where.text);
    }
    assert_int_equal(err, SP_OK);
    sp_buf_init(out, SP_POLICY_TEXT_BYTES_MAX);
    assert_int_equal(sp_policy_print(&policy, out), SP_OK);
    sp_policy_done(&policy);
}

static bool widens(const char *from, const char *to)
{
    SP_AUTO_BUF struct sp_buf before;
    SP_AUTO_BUF struct sp_buf after;
    bool is_widening = false;
    resolve(from, &before);
    resolve(to, &after);
    assert_int_equal(
        sp_policy_texts_widen(sp_buf_slice(&before), sp_buf_slice(&after), &is_widening), SP_OK);
    return is_widening;
}

static void test_what_only_opens_is_a_widening_and_its_reverse_is_none(void **state)
{
    static const struct {
        const char *narrow, *wide;
    } cases[] = {
        {BASE "[capabilities]\nnetwork = \"deny\"\n", BASE "[capabilities]\nnetwork = \"allow\"\n"},
        {BASE "[capabilities]\nnetwork = \"deny\"\n",
         BASE "[capabilities]\nnetwork = \"shadow\"\n"},
        {BASE "[limits]\ncode_bytes = 1000\n", BASE "[limits]\ncode_bytes = 1001\n"},
        {BASE "[limits]\nupload_bytes = 1000\n", BASE "[limits]\nupload_bytes = 1001\n"},
        {BASE "[modules]\ndeny = [\"decimal\"]\n", BASE},
        {BASE "[modules]\ndeny = [\"decimal\"]\n", BASE "[modules]\nallow = [\"decimal\"]\n"},
        {BASE, BASE "[modules]\nallow = [\"socket\"]\n"},
        {BASE "[names]\ndeny = [\"os.getpid\"]\n", BASE},
        {BASE "[attributes]\ndeny = [\"__code__\"]\n",
         BASE "[attributes]\nwarn = [\"__code__\"]\n"},
        {BASE, BASE "[runtime]\nallow = [\"network\"]\n"},
        {BASE "[runtime]\ndeny = [\"native\"]\n", BASE},
        {BASE, BASE "[runtime]\nown_code = true\n"},
        {BASE "unknown_module = \"deny\"\n", BASE "unknown_module = \"warn\"\n"},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        print_message("  %zu\n", i);
        assert_true(widens(cases[i].narrow, cases[i].narrow));
        assert_true(widens(cases[i].narrow, cases[i].wide));
        assert_false(widens(cases[i].wide, cases[i].narrow));
    }
}

static void test_what_opens_here_and_closes_there_is_no_widening(void **state)
{
    (void)state;
    assert_false(widens(BASE "[capabilities]\nnetwork = \"deny\"\n[limits]\nlines = 5\n",
                        BASE "[capabilities]\nnetwork = \"allow\"\n[limits]\nlines = 4\n"));
    assert_false(widens(BASE, BASE "mode = \"text\"\n"));
    assert_false(widens("name = \"a\"\nextends = \"data-science\"\n",
                        "name = \"a\"\nextends = \"strict\"\n"));
    /* a weaker word is no promise: a list may count only what is plainly allowed */
    assert_false(widens(BASE "[modules]\nallow = [\"decimal\"]\n",
                        BASE "[modules]\nwarn = [\"decimal\"]\n"));
}

static void test_another_name_changes_nothing_and_another_table_proves_nothing(void **state)
{
    SP_AUTO_BUF struct sp_buf before;
    bool is_widening = true;
    (void)state;
    assert_true(widens("name = \"a\"\nextends = \"data-science\"\n",
                       "name = \"b\"\nextends = \"data-science\"\n"));
    resolve(BASE, &before);
    SP_AUTO_BUF struct sp_buf after;
    sp_buf_init(&after, SP_POLICY_TEXT_BYTES_MAX);
    assert_int_equal(sp_buf_put(&after, sp_buf_slice(&before)), SP_OK);
    uint8_t *table = memmem(after.ptr, after.len, "table = \"", 9);
    assert_non_null(table);
    table[9] = table[9] == '0' ? '1' : '0';
    assert_int_equal(
        sp_policy_texts_widen(sp_buf_slice(&after), sp_buf_slice(&before), &is_widening), SP_OK);
    assert_false(is_widening);
    /* one that this version cannot read */
    assert_int_equal(
        sp_policy_texts_widen(SP_SLICE_LITERAL("what = 1\n"), sp_buf_slice(&before), &is_widening),
        SP_OK);
    assert_false(is_widening);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_only_opens_is_a_widening_and_its_reverse_is_none),
        cmocka_unit_test(test_what_opens_here_and_closes_there_is_no_widening),
        cmocka_unit_test(test_another_name_changes_nothing_and_another_table_proves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
