#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/scope.h"

static void test_names_and_bits_go_together(void **state)
{
    (void)state;
    unsigned scopes = 0;
    assert_int_equal(sp_scope_from_name(SP_SLICE_LITERAL("audit:read"), &scopes), SP_OK);
    assert_int_equal(scopes, SP_SCOPE_AUDIT_READ);
    assert_string_equal(sp_scope_name(scopes), "audit:read");
    assert_int_equal(sp_scope_from_name(SP_SLICE_LITERAL("Execute"), &scopes), SP_ERR_INVALID);
    assert_int_equal(sp_scope_from_name(SP_SLICE_LITERAL(""), &scopes), SP_ERR_INVALID);
    assert_int_equal(scopes, SP_SCOPE_AUDIT_READ);
    assert_string_equal(sp_scope_name(SP_SCOPES_ALL), "");
}

static void test_lists_take_blanks_and_commas_and_no_unknown_name(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned want;
    } rows[] = {
        {"execute", SP_SCOPE_EXECUTE},
        {"files,execute", SP_SCOPE_EXECUTE | SP_SCOPE_FILES},
        {" files  sessions,", SP_SCOPE_SESSIONS | SP_SCOPE_FILES},
        {"execute files sessions audit:read admin", SP_SCOPES_ALL},
        {"", 0},
        {" ,", 0},
        {"execute,file", 0},
        {"execute;files", 0},
    };
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        unsigned scopes = 0;
        enum sp_err err = sp_scopes_parse(sp_slice_of(rows[i].text), &scopes);
        assert_int_equal(err, rows[i].want == 0 ? SP_ERR_INVALID : SP_OK);
        assert_int_equal(scopes, rows[i].want);
    }
}

static void test_what_is_written_is_read_back(void **state)
{
    (void)state;
    for (unsigned scopes = 1; scopes <= SP_SCOPES_ALL; scopes++) {
        SP_AUTO_BUF struct sp_buf text;
        unsigned again = 0;
        sp_buf_init(&text, SP_SCOPES_TEXT_MAX);
        assert_int_equal(sp_scopes_put(scopes, " ", &text), SP_OK);
        assert_int_equal(sp_scopes_parse(sp_buf_slice(&text), &again), SP_OK);
        assert_int_equal(again, scopes);
    }
}

/* An operation that somebody forgot is out of reach of the usual scopes. */
static void test_every_operation_needs_a_scope_but_metadata(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SP_OPERATION_COUNT; i++) {
        const unsigned scope = sp_scope_of_operation((enum sp_operation)i);
        assert_int_equal(scope == SP_SCOPE_NONE,
                         i == SP_OPERATION_METADATA || i == SP_OPERATION_USAGE);
        assert_int_equal(scope == SP_SCOPE_ADMIN, i == SP_OPERATION_NONE);
    }
    assert_int_equal(sp_scope_of_operation(SP_OPERATION_COUNT), SP_SCOPE_ADMIN);
}

static void test_the_missing_scope_is_found_again_in_what_is_said(void **state)
{
    (void)state;
    struct sp_where where;
    sp_scope_say(SP_SCOPE_FILES, &where);
    assert_string_equal(where.text, "the token lacks the scope files");
    assert_true(sp_slice_is(sp_scope_said(sp_slice_of(where.text)), "files"));
    assert_int_equal(sp_scope_said(SP_SLICE_LITERAL("the token lacks the scope a\", x=\"")).len, 0);
    assert_int_equal(sp_scope_said(SP_SLICE_LITERAL("no")).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_bits_go_together),
        cmocka_unit_test(test_lists_take_blanks_and_commas_and_no_unknown_name),
        cmocka_unit_test(test_what_is_written_is_read_back),
        cmocka_unit_test(test_every_operation_needs_a_scope_but_metadata),
        cmocka_unit_test(test_the_missing_scope_is_found_again_in_what_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
