/* route: what clients send, and what only looks like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/route.h"

#define Q     "?api-version=2025-10-02-preview&identifier=abcd"
#define OLD_Q "?api-version=2024-02-02-preview&identifier=abcd"

static const struct {
    const char *name;
    const char *method;
    const char *target;
    enum sp_err want;
    enum sp_operation operation;
    enum sp_family family;
    enum sp_version version;
    const char *identifier;
} cases[] = {
    {"new family", "POST", "/executions" Q, SP_OK, SP_OPERATION_EXECUTE, SP_FAMILY_NEW,
     SP_VERSION_2025_10, "abcd"},
    {"old family", "POST", "/code/execute" OLD_Q, SP_OK, SP_OPERATION_EXECUTE, SP_FAMILY_OLD,
     SP_VERSION_2024_02, "abcd"},
    {"oldest family", "POST", "/python/execute" OLD_Q, SP_OK, SP_OPERATION_EXECUTE,
     SP_FAMILY_LEGACY, SP_VERSION_2024_02, "abcd"},
    {"any prefix", "POST", "/subscriptions/s/resourceGroups/r/sessionPools/p/executions" Q, SP_OK,
     SP_OPERATION_EXECUTE, SP_FAMILY_NEW, SP_VERSION_2025_10, "abcd"},
    {"doubled slash of an endpoint that ends in one", "POST", "/p//code/execute" OLD_Q, SP_OK,
     SP_OPERATION_EXECUTE, SP_FAMILY_OLD, SP_VERSION_2024_02, "abcd"},
    {"an endpoint with a query of its own", "POST",
     "/p?x=1/code/execute&identifier=abcd&api-version=2024-02-02-preview", SP_OK,
     SP_OPERATION_EXECUTE, SP_FAMILY_OLD, SP_VERSION_2024_02, "abcd"},
    {"a query that only looks like that", "POST",
     "/executions?x=1/code/execute&identifier=abcd&api-version=2025-10-02-preview", SP_OK,
     SP_OPERATION_EXECUTE, SP_FAMILY_NEW, SP_VERSION_2025_10, "abcd"},
    {"a directory is no operation", "POST",
     "/p?path=1/code/execute&identifier=abcd&api-version=2024-02-02-preview", SP_ERR_NOT_FOUND,
     SP_OPERATION_NONE, SP_FAMILY_LEGACY, SP_VERSION_NONE, ""},
    {"another method there", "GET",
     "/p?x=1/code/execute&identifier=abcd&api-version=2024-02-02-preview", SP_ERR_METHOD,
     SP_OPERATION_NONE, SP_FAMILY_LEGACY, SP_VERSION_NONE, ""},
    {"slashes everywhere", "POST", "//code///execute//" OLD_Q, SP_OK, SP_OPERATION_EXECUTE,
     SP_FAMILY_OLD, SP_VERSION_2024_02, "abcd"},
    {"slash at the end", "POST", "/executions/" Q, SP_OK, SP_OPERATION_EXECUTE, SP_FAMILY_NEW,
     SP_VERSION_2025_10, "abcd"},
    {"identifier first, more parameters", "POST",
     "/executions?identifier=abcd&x=1&&y&api-version=2024-10-02-preview", SP_OK,
     SP_OPERATION_EXECUTE, SP_FAMILY_NEW, SP_VERSION_2024_10, "abcd"},
    {"escaped identifier", "POST",
     "/executions?api-version=2025-02-02-preview&identifier=a%2Fb%26%7C%25", SP_OK,
     SP_OPERATION_EXECUTE, SP_FAMILY_NEW, SP_VERSION_2025_02, "a/b&|%"},
    {"raw reserved characters", "POST",
     "/executions?api-version=2025-02-02-preview&identifier=a/b+c|d;e[f]=g", SP_OK,
     SP_OPERATION_EXECUTE, SP_FAMILY_NEW, SP_VERSION_2025_02, "a/b+c|d;e[f]=g"},
    {"equal twice", "POST", "/executions" Q "&identifier=abcd", SP_OK, SP_OPERATION_EXECUTE,
     SP_FAMILY_NEW, SP_VERSION_2025_10, "abcd"},
    {"old path with a new version", "POST", "/code/execute" Q, SP_OK, SP_OPERATION_EXECUTE,
     SP_FAMILY_OLD, SP_VERSION_2025_10, "abcd"},

    {.name = "different twice",
     .method = "POST",
     .target = "/executions" Q "&identifier=abce",
     .want = SP_ERR_IDENTIFIER},
    {.name = "two versions",
     .method = "POST",
     .target = "/executions" Q "&api-version=2024-10-02-preview",
     .want = SP_ERR_API_VERSION},
    {.name = "new path with an old version",
     .method = "POST",
     .target = "/executions" OLD_Q,
     .want = SP_ERR_API_VERSION},
    {.name = "no version",
     .method = "POST",
     .target = "/executions?identifier=abcd",
     .want = SP_ERR_API_VERSION},
    {.name = "empty version",
     .method = "POST",
     .target = "/executions?identifier=abcd&api-version=",
     .want = SP_ERR_API_VERSION},
    {.name = "unknown version",
     .method = "POST",
     .target = "/executions?identifier=abcd&api-version=2099-01-01",
     .want = SP_ERR_API_VERSION},
    {.name = "no query", .method = "POST", .target = "/executions", .want = SP_ERR_API_VERSION},
    {.name = "no identifier",
     .method = "POST",
     .target = "/executions?api-version=2025-10-02-preview",
     .want = SP_ERR_IDENTIFIER},
    {.name = "empty identifier",
     .method = "POST",
     .target = "/executions?api-version=2025-10-02-preview&identifier=",
     .want = SP_ERR_IDENTIFIER},
    {.name = "three characters",
     .method = "POST",
     .target = "/executions?api-version=2025-10-02-preview&identifier=abc",
     .want = SP_ERR_IDENTIFIER},
    {.name = "space",
     .method = "POST",
     .target = "/executions?api-version=2025-10-02-preview&identifier=ab%20cd",
     .want = SP_ERR_IDENTIFIER},
    {.name = "backslash",
     .method = "POST",
     .target = "/executions?api-version=2025-10-02-preview&identifier=ab%5Ccd",
     .want = SP_ERR_IDENTIFIER},
    {.name = "escaped NUL",
     .method = "POST",
     .target = "/executions?api-version=2025-10-02-preview&identifier=abcd%00",
     .want = SP_ERR_IDENTIFIER},
    {.name = "bad escape",
     .method = "POST",
     .target = "/executions?api-version=2025-10-02-preview&identifier=abcd%zz",
     .want = SP_ERR_IDENTIFIER},
    {.name = "not ASCII",
     .method = "POST",
     .target = "/executions?api-version=2025-10-02-preview&identifier=abcd%C3%A9",
     .want = SP_ERR_IDENTIFIER},
    {.name = "unknown path", .method = "POST", .target = "/nothing" Q, .want = SP_ERR_NOT_FOUND},
    {.name = "root", .method = "GET", .target = "/" Q, .want = SP_ERR_NOT_FOUND},
    {.name = "letters count",
     .method = "POST",
     .target = "/Executions" Q,
     .want = SP_ERR_NOT_FOUND},
    {.name = "part of a segment",
     .method = "POST",
     .target = "/myexecutions" Q,
     .want = SP_ERR_NOT_FOUND},
    {.name = "escaped name",
     .method = "POST",
     .target = "/execution%73" Q,
     .want = SP_ERR_NOT_FOUND},
    {.name = "absolute form",
     .method = "POST",
     .target = "http://h/executions" Q,
     .want = SP_ERR_NOT_FOUND},
    {.name = "empty target", .method = "POST", .target = "", .want = SP_ERR_NOT_FOUND},
    {.name = "wrong method", .method = "GET", .target = "/executions" Q, .want = SP_ERR_METHOD},
    {.name = "method's letters count",
     .method = "post",
     .target = "/executions" Q,
     .want = SP_ERR_METHOD},
    {.name = "no method", .method = "", .target = "/code/execute" OLD_Q, .want = SP_ERR_METHOD},
    {.name = "session, wrong method",
     .method = "PUT",
     .target = "/session" Q,
     .want = SP_ERR_METHOD},
};

static void test_route_reads_each_case_as_it_should(void **state)
{
    (void)state;
    struct sp_buf scratch;
    sp_buf_init(&scratch, SP_ROUTE_SCRATCH_BYTES_MAX);
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_route route = {.operation = SP_OPERATION_NONE};
        struct sp_where where = {0};
        print_message("%s\n", cases[i].name);
        assert_int_equal(sp_route_find(sp_slice_of(cases[i].method), sp_slice_of(cases[i].target),
                                       &scratch, &route, &where),
                         cases[i].want);
        assert_int_equal(route.operation, cases[i].operation);
        if (cases[i].want == SP_OK) {
            assert_int_equal(route.family, cases[i].family);
            assert_int_equal(route.version, cases[i].version);
            assert_true(sp_slice_is(route.identifier, cases[i].identifier));
            assert_true(sp_slice_is(route.api_version, sp_version_text(route.version)));
        }
        if (cases[i].want == SP_ERR_IDENTIFIER || cases[i].want == SP_ERR_API_VERSION) {
            assert_true(where.text[0] != '\0');
        }
    }
    sp_buf_done(&scratch);
}

static void test_route_takes_the_longest_identifier_and_no_longer_one(void **state)
{
    (void)state;
    char text[SP_IDENTIFIER_BYTES_MAX + 1];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = 'a';
    }
    assert_int_equal(sp_identifier_check(sp_slice_make(text, SP_IDENTIFIER_BYTES_MAX)), SP_OK);
    assert_int_equal(sp_identifier_check(sp_slice_make(text, SP_IDENTIFIER_BYTES_MAX + 1)),
                     SP_ERR_IDENTIFIER);
    assert_int_equal(sp_identifier_check(sp_slice_make(text, SP_IDENTIFIER_BYTES_MIN)), SP_OK);
    assert_int_equal(sp_identifier_check(sp_slice_make(text, SP_IDENTIFIER_BYTES_MIN - 1)),
                     SP_ERR_IDENTIFIER);
}

static void test_route_takes_the_characters_of_the_specification(void **state)
{
    (void)state;
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "_|}{[]:\"';<>?/.,@#$%^&*()_-+=!~`";
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t text[4] = {'a', 'b', 'c', (uint8_t)byte};
        bool is_listed = sp_slice_find(sp_slice_of(set), 0, (uint8_t)byte) < sizeof(set) - 1;
        assert_int_equal(sp_identifier_check(sp_slice_make(text, 4)),
                         is_listed ? SP_OK : SP_ERR_IDENTIFIER);
    }
}

static void test_route_names_the_methods_of_a_path(void **state)
{
    (void)state;
    assert_string_equal(sp_route_methods(sp_slice_of("/executions?x")), "OPTIONS, POST");
    assert_string_equal(sp_route_methods(sp_slice_of("/a/files")), "GET, HEAD, OPTIONS, POST");
    assert_string_equal(sp_route_methods(sp_slice_of("/session")), "DELETE, GET, HEAD, OPTIONS");
    assert_string_equal(sp_route_methods(sp_slice_of("*")), "DELETE, GET, HEAD, OPTIONS, POST");
    assert_null(sp_route_methods(sp_slice_of("/nothing")));
    assert_null(sp_route_methods(sp_slice_of("")));
}

static void test_route_takes_operations_from_their_numbers_only(void **state)
{
    (void)state;
    enum sp_operation operation = SP_OPERATION_NONE;
    assert_int_equal(sp_operation_from_number(SP_OPERATION_NONE, &operation), SP_ERR_INVALID);
    assert_int_equal(sp_operation_from_number(SP_OPERATION_COUNT, &operation), SP_ERR_INVALID);
    assert_int_equal(operation, SP_OPERATION_NONE);
    for (unsigned i = 1; i < SP_OPERATION_COUNT; i++) {
        assert_int_equal(sp_operation_from_number(i, &operation), SP_OK);
        assert_int_equal(operation, i);
        assert_string_not_equal(sp_operation_name(operation), "unknown");
    }
    assert_string_equal(sp_operation_name(SP_OPERATION_EXECUTE), "execute");
    assert_true(sp_operation_has_body(SP_OPERATION_EXECUTE));
    assert_false(sp_operation_has_body(SP_OPERATION_SESSION_GET));
}

static void test_route_orders_versions_by_their_dates(void **state)
{
    (void)state;
    for (unsigned i = SP_VERSION_NONE + 1; i < SP_VERSION_COUNT; i++) {
        enum sp_version version = SP_VERSION_NONE;
        assert_int_equal(
            sp_version_parse(sp_slice_of(sp_version_text((enum sp_version)i)), &version), SP_OK);
        assert_int_equal(version, i);
        if (i > 1) {
            assert_true(sp_slice_compare(sp_slice_of(sp_version_text((enum sp_version)(i - 1))),
                                         sp_slice_of(sp_version_text(version))) < 0);
        }
    }
    enum sp_version version = SP_VERSION_NONE;
    assert_int_equal(sp_version_parse(sp_slice_of("none"), &version), SP_ERR_API_VERSION);
    assert_int_equal(sp_version_parse(sp_slice_of("2025-10-02"), &version), SP_ERR_API_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_route_reads_each_case_as_it_should),
        cmocka_unit_test(test_route_takes_the_longest_identifier_and_no_longer_one),
        cmocka_unit_test(test_route_takes_the_characters_of_the_specification),
        cmocka_unit_test(test_route_names_the_methods_of_a_path),
        cmocka_unit_test(test_route_takes_operations_from_their_numbers_only),
        cmocka_unit_test(test_route_orders_versions_by_their_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
