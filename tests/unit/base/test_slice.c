#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

static void test_equal_compares_length_and_bytes(void **state)
{
    static const struct {
        const char *name;
        const char *a;
        const char *b;
        bool equal;
        bool nocase;
    } rows[] = {
        {"same", "abc", "abc", true, true},
        {"both empty", "", "", true, true},
        {"other case", "aBc", "AbC", false, true},
        {"shorter", "ab", "abc", false, false},
        {"longer", "abcd", "abc", false, false},
        {"last byte", "abd", "abc", false, false},
        {"only letters fold", "[", "{", false, false},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        assert_int_equal(sp_slice_equal(sp_slice_of(rows[i].a), sp_slice_of(rows[i].b)),
                         rows[i].equal);
        assert_int_equal(sp_slice_is(sp_slice_of(rows[i].a), rows[i].b), rows[i].equal);
        assert_int_equal(sp_slice_is_nocase(sp_slice_of(rows[i].a), rows[i].b), rows[i].nocase);
    }
    assert_true(sp_slice_equal(sp_slice_make(NULL, 0), sp_slice_of("")));
    assert_int_equal(sp_slice_of(NULL).len, 0);
}

static void test_starts_and_ends(void **state)
{
    struct sp_slice text = SP_SLICE_LITERAL("/executions");
    (void)state;
    assert_true(sp_slice_starts(text, "/exec"));
    assert_true(sp_slice_starts(text, ""));
    assert_false(sp_slice_starts(text, "exec"));
    assert_false(sp_slice_starts(text, "/executions/"));
    assert_true(sp_slice_ends(text, "ions"));
    assert_false(sp_slice_ends(text, "ion"));
    assert_false(sp_slice_ends(text, "//executions"));
}

static void test_compare_orders_bytes_then_length(void **state)
{
    (void)state;
    assert_true(sp_slice_compare(sp_slice_of("a"), sp_slice_of("b")) < 0);
    assert_true(sp_slice_compare(sp_slice_of("b"), sp_slice_of("ab")) > 0);
    assert_true(sp_slice_compare(sp_slice_of("a"), sp_slice_of("ab")) < 0);
    assert_true(sp_slice_compare(sp_slice_of("ab"), sp_slice_of("a")) > 0);
    assert_int_equal(sp_slice_compare(sp_slice_of(""), sp_slice_make(NULL, 0)), 0);
    assert_true(sp_slice_compare(sp_slice_make("\xFF", 1), sp_slice_of("a")) > 0);
}

static void test_find_starts_where_told(void **state)
{
    struct sp_slice text = SP_SLICE_LITERAL("a=b=c");
    (void)state;
    assert_int_equal(sp_slice_find(text, 0, '='), 1);
    assert_int_equal(sp_slice_find(text, 2, '='), 3);
    assert_int_equal(sp_slice_find(text, 4, '='), text.len);
    assert_int_equal(sp_slice_find(text, 99, '='), text.len);
    assert_int_equal(sp_slice_find(sp_slice_make(NULL, 0), 0, '='), 0);
}

static void test_sub_is_cut_to_what_is_there(void **state)
{
    struct sp_slice text = SP_SLICE_LITERAL("sallyport");
    (void)state;
    assert_true(sp_slice_is(sp_slice_sub(text, 0, 5), "sally"));
    assert_true(sp_slice_is(sp_slice_sub(text, 5, SIZE_MAX), "port"));
    assert_int_equal(sp_slice_sub(text, SIZE_MAX, SIZE_MAX).len, 0);
    assert_int_equal(sp_slice_sub(sp_slice_make(NULL, 0), 3, 3).len, 0);
}

static void test_trim_takes_blanks_only(void **state)
{
    (void)state;
    assert_true(sp_slice_is(sp_slice_trim(sp_slice_of(" \t a b \t")), "a b"));
    assert_int_equal(sp_slice_trim(sp_slice_of(" \t ")).len, 0);
    assert_true(sp_slice_is(sp_slice_trim(sp_slice_of("\r\nx\n")), "\r\nx\n"));
}

static void test_dup_refuses_an_inner_nul(void **state)
{
    (void)state;
    char *copy = sp_slice_dup(sp_slice_of("name"));
    assert_non_null(copy);
    assert_string_equal(copy, "name");
    free(copy);
    assert_null(sp_slice_dup(sp_slice_make("na\0me", 5)));
    char *empty = sp_slice_dup(sp_slice_make(NULL, 0));
    assert_non_null(empty);
    assert_string_equal(empty, "");
    free(empty);
}

static void test_search(void **state)
{
    struct sp_slice text = SP_SLICE_LITERAL("abcabd");
    (void)state;
    assert_int_equal(sp_slice_search(text, 0, SP_SLICE_LITERAL("abd")), 3);
    assert_int_equal(sp_slice_search(text, 1, SP_SLICE_LITERAL("ab")), 3);
    assert_int_equal(sp_slice_search(text, 0, SP_SLICE_LITERAL("abe")), text.len);
    assert_int_equal(sp_slice_search(text, 4, SP_SLICE_LITERAL("ab")), text.len);
    assert_int_equal(sp_slice_search(text, 9, SP_SLICE_LITERAL("a")), text.len);
    assert_int_equal(sp_slice_search(sp_slice_of(NULL), 0, SP_SLICE_LITERAL("a")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_compares_length_and_bytes),
        cmocka_unit_test(test_starts_and_ends),
        cmocka_unit_test(test_compare_orders_bytes_then_length),
        cmocka_unit_test(test_find_starts_where_told),
        cmocka_unit_test(test_sub_is_cut_to_what_is_there),
        cmocka_unit_test(test_trim_takes_blanks_only),
        cmocka_unit_test(test_dup_refuses_an_inner_nul),
        cmocka_unit_test(test_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
