/* route: every path of both families, and the odd spellings that clients have for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/route.h"

#define Q       "?api-version=2025-10-02-preview&identifier=abcd"
#define OLD_Q   "?api-version=2024-02-02-preview&identifier=abcd"
#define DATED_Q "?api-version=2024-09-01&identifier=abcd"
#define NEW     SP_FAMILY_NEW
#define OLD     SP_FAMILY_OLD

static const struct {
    const char *method;
    const char *target;
    enum sp_operation operation;
    enum sp_family family;
    const char *name;
    const char *path;
} cases[] = {
    {"GET", "/executions/0123abcd" Q, SP_OPERATION_EXECUTION_GET, NEW, "0123abcd", ""},
    {"GET", "/files" Q, SP_OPERATION_FILE_LIST, NEW, "", ""},
    {"GET", "/files" OLD_Q, SP_OPERATION_FILE_LIST, OLD, "", ""},
    {"GET", "/p/files/" Q "&path=", SP_OPERATION_FILE_LIST, NEW, "", ""},
    {"GET", "/files" Q "&path=/mnt/data", SP_OPERATION_FILE_LIST, NEW, "", "/mnt/data"},
    {"GET", "/files" Q "&path=a%20b%2Fc+d", SP_OPERATION_FILE_LIST, NEW, "", "a b/c d"},
    {"HEAD", "/files" Q, SP_OPERATION_FILE_LIST, NEW, "", ""},
    {"POST", "/files" Q, SP_OPERATION_FILE_PUT, NEW, "", ""},
    {"POST", "/files/upload" OLD_Q, SP_OPERATION_FILE_PUT, OLD, "", ""},
    {"POST", "/python/uploadFile" OLD_Q, SP_OPERATION_FILE_PUT, OLD, "", ""},
    {"GET", "/files/a.txt" Q, SP_OPERATION_FILE_GET, NEW, "a.txt", ""},
    {"GET", "/files/a.txt" OLD_Q, SP_OPERATION_FILE_GET, OLD, "a.txt", ""},
    {"DELETE", "/files/a.txt" Q "&path=x", SP_OPERATION_FILE_DELETE, NEW, "a.txt", "x"},
    {"DELETE", "/files/a.txt" OLD_Q, SP_OPERATION_FILE_DELETE, OLD, "a.txt", ""},
    {"GET", "/files/a.txt/content" Q, SP_OPERATION_FILE_CONTENT, NEW, "a.txt", ""},
    {"GET", "/files/content/a.txt" OLD_Q, SP_OPERATION_FILE_CONTENT, OLD, "a.txt", ""},
    {"GET", "/python/downloadFile" OLD_Q "&filename=a%20b.txt", SP_OPERATION_FILE_CONTENT, OLD,
     "a b.txt", ""},
    {"GET", "/python/downloadFile" OLD_Q, SP_OPERATION_FILE_CONTENT, OLD, "", ""},
    {"GET", "/python/downloadFile/a.txt" OLD_Q, SP_OPERATION_FILE_CONTENT, OLD, "a.txt", ""},

    /* names with slashes and escapes */
    {"GET", "/files/a%2Fb%20c.txt/content" Q, SP_OPERATION_FILE_CONTENT, NEW, "a/b c.txt", ""},
    {"GET", "/files/content/a/b.txt" OLD_Q, SP_OPERATION_FILE_CONTENT, OLD, "a/b.txt", ""},
    {"GET", "/files/content//mnt/data/b.txt" OLD_Q, SP_OPERATION_FILE_CONTENT, OLD,
     "mnt/data/b.txt", ""},
    {"GET", "/files/content/%2Fmnt%2Fdata%2Fb.txt" OLD_Q, SP_OPERATION_FILE_CONTENT, OLD,
     "/mnt/data/b.txt", ""},
    {"GET", "/files/a/b/content" Q, SP_OPERATION_FILE_CONTENT, NEW, "a/b", ""},
    {"DELETE", "/files/a/b" Q, SP_OPERATION_FILE_DELETE, NEW, "a/b", ""},
    {"GET", "/files/caf%C3%A9+x" Q, SP_OPERATION_FILE_GET, NEW, "caf\xC3\xA9+x", ""},

    /* names that look like paths */
    {"GET", "/files/content" Q, SP_OPERATION_FILE_GET, NEW, "content", ""},
    {"GET", "/files/content/content" OLD_Q, SP_OPERATION_FILE_CONTENT, OLD, "content", ""},
    {"GET", "/files/upload" Q, SP_OPERATION_FILE_GET, NEW, "upload", ""},
    {"GET", "/files/session" Q, SP_OPERATION_FILE_GET, NEW, "session", ""},
    {"DELETE", "/files/a/session" Q, SP_OPERATION_FILE_DELETE, NEW, "a/session", ""},
    {"GET", "/files/files" Q, SP_OPERATION_FILE_GET, NEW, "files", ""},

    /* pools with the names of operations; one that follows nothing else is none */
    {"GET", "/sessionPools/files/files" Q, SP_OPERATION_FILE_LIST, NEW, "", ""},
    {"DELETE", "/s/sessionPools/files/session" Q, SP_OPERATION_SESSION_DELETE, NEW, "", ""},
    {"GET", "/s/sessionPools/executions/metadata" Q, SP_OPERATION_METADATA, NEW, "", ""},
    {"GET", "/s/resourceGroups/files/sessionPools/p/session" Q, SP_OPERATION_SESSION_GET, NEW, "",
     ""},
    {"GET", "/sessionPools/files/a.txt" Q, SP_OPERATION_FILE_GET, NEW, "a.txt", ""},
    {"GET", "/subscriptions/session" Q, SP_OPERATION_SESSION_GET, NEW, "", ""},
    {"GET", "/s/sessionPools/files/files/a/b" Q, SP_OPERATION_FILE_GET, NEW, "a/b", ""},
    {"GET", "/s/sessionPools/p/files/content/a.txt" OLD_Q, SP_OPERATION_FILE_CONTENT, OLD, "a.txt",
     ""},

    {"GET", "/session" Q, SP_OPERATION_SESSION_GET, NEW, "", ""},
    {"DELETE", "/session" Q, SP_OPERATION_SESSION_DELETE, NEW, "", ""},
    {"GET", "/listSessions?api-version=2025-02-02-preview", SP_OPERATION_SESSION_LIST, NEW, "", ""},
    {"GET", "/metadata?api-version=2025-02-02-preview", SP_OPERATION_METADATA, NEW, "", ""},
    {"POST", "/.management/stopSession?identifier=abcd", SP_OPERATION_SESSION_DELETE, NEW, "", ""},
    {"POST", "/p/.management/getSession" Q, SP_OPERATION_SESSION_GET, NEW, "", ""},
    {"POST", "/.management/listSessions?skip=0", SP_OPERATION_SESSION_LIST, NEW, "", ""},

    /* the one version with paths of its own */
    {"POST", "/p/execute" DATED_Q, SP_OPERATION_EXECUTE, SP_FAMILY_FLAT, "", ""},
    {"POST", "/code/execute" DATED_Q, SP_OPERATION_EXECUTE, OLD, "", ""},
    {"GET", "/p/execute/0123abcd" DATED_Q, SP_OPERATION_EXECUTION_GET, SP_FAMILY_FLAT, "0123abcd",
     ""},
    {"POST", "/p/files:uploadFile" DATED_Q "&path=d", SP_OPERATION_FILE_PUT, OLD, "", "d"},
    {"POST", "/files/a.txt:downloadFile" DATED_Q, SP_OPERATION_FILE_CONTENT, OLD, "a.txt", ""},
    {"POST", "/files/a/b%2Fc:downloadFile" DATED_Q, SP_OPERATION_FILE_CONTENT, OLD, "a/b/c", ""},
    {"GET", "/files/a.txt:downloadFile" Q, SP_OPERATION_FILE_GET, NEW, "a.txt:downloadFile", ""},
    {"GET", "/execute/session" Q, SP_OPERATION_SESSION_GET, NEW, "", ""},
};

static enum sp_err find(const char *method, const char *target, struct sp_buf *scratch,
                        struct sp_route *out)
{
    struct sp_where where = {0};
    return sp_route_find(sp_slice_of(method), sp_slice_of(target), scratch, out, &where);
}

static void test_every_path(void **state)
{
    struct sp_buf scratch;
    (void)state;
    sp_buf_init(&scratch, SP_ROUTE_SCRATCH_BYTES_MAX);
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_route route = {.operation = SP_OPERATION_NONE};
        print_message("%s %s\n", cases[i].method, cases[i].target);
        assert_int_equal(find(cases[i].method, cases[i].target, &scratch, &route), SP_OK);
        assert_int_equal(route.operation, cases[i].operation);
        assert_int_equal(route.family, cases[i].family);
        assert_true(sp_slice_is(route.name, cases[i].name));
        assert_true(sp_slice_is(route.path, cases[i].path));
    }
    sp_buf_done(&scratch);
}

static const struct {
    const char *method;
    const char *target;
    enum sp_err want;
} refused[] = {
    {"PUT", "/files" Q, SP_ERR_METHOD},
    {"OPTIONS", "/files" Q, SP_ERR_METHOD},
    {"HEAD", "/executions" Q, SP_ERR_METHOD},
    {"POST", "/files/a/b" Q, SP_ERR_METHOD},
    {"GET", "/.management/stopSession" Q, SP_ERR_METHOD},
    {"GET", "/.management/other" Q, SP_ERR_NOT_FOUND},
    {"GET", "/files/a%00" Q, SP_ERR_FILE_NAME},
    {"GET", "/files/a%zz" Q, SP_ERR_FILE_NAME},
    {"GET", "/files" Q "&path=%0", SP_ERR_FILE_NAME},
    {"GET", "/files" Q "&path=a&path=b", SP_ERR_FILE_NAME},
    {"GET", "/files" Q "&recursive=yes", SP_ERR_REQUEST},
    {"GET", "/listSessions" Q "&skip=-1", SP_ERR_REQUEST},
    {"GET", "/listSessions" Q "&skip=1000001", SP_ERR_REQUEST},
    {"GET", "/session" OLD_Q, SP_ERR_API_VERSION},
    {"GET", "/session?api-version=2025-10-02-preview", SP_ERR_IDENTIFIER},
    {"POST", "/.management/stopSession", SP_ERR_IDENTIFIER},
    {"POST", "/execute" Q, SP_ERR_NOT_FOUND},
    {"POST", "/execute" OLD_Q, SP_ERR_NOT_FOUND},
    {"GET", "/execute/0123abcd" Q, SP_ERR_NOT_FOUND},
    {"GET", "/execute" DATED_Q, SP_ERR_METHOD},
    {"POST", "/files:uploadFile" Q, SP_ERR_NOT_FOUND},
    {"POST", "/files:uploadfile" DATED_Q, SP_ERR_NOT_FOUND},
    {"POST", "/files/a.txt:downloadFile" Q, SP_ERR_NOT_FOUND},
    {"POST", "/files/:downloadFile" DATED_Q, SP_ERR_METHOD},
    {"POST", "/files/a.txt:downloadFiles" DATED_Q, SP_ERR_METHOD},
    {"OPTIONS", "*", SP_ERR_METHOD},
    {"OPTIONS", "*x", SP_ERR_NOT_FOUND},
};

static void test_what_only_looks_like_a_path(void **state)
{
    struct sp_buf scratch;
    (void)state;
    sp_buf_init(&scratch, SP_ROUTE_SCRATCH_BYTES_MAX);
    for (size_t i = 0; i < SP_COUNT(refused); i++) {
        struct sp_route route = {.operation = SP_OPERATION_NONE};
        print_message("%s %s\n", refused[i].method, refused[i].target);
        assert_int_equal(find(refused[i].method, refused[i].target, &scratch, &route),
                         refused[i].want);
        assert_int_equal(route.operation, SP_OPERATION_NONE);
    }
    sp_buf_done(&scratch);
}

static void test_options_of_lists(void **state)
{
    struct sp_route route = {.operation = SP_OPERATION_NONE};
    struct sp_buf scratch;
    (void)state;
    sp_buf_init(&scratch, SP_ROUTE_SCRATCH_BYTES_MAX);
    assert_int_equal(find("GET", "/files" Q "&recursive=True&skip=7", &scratch, &route), SP_OK);
    assert_true(route.is_recursive && route.skip == 7 && !route.is_management);
    assert_int_equal(find("GET", "/files" Q "&recursive=false", &scratch, &route), SP_OK);
    assert_true(!route.is_recursive && route.skip == 0);
    assert_int_equal(find("POST", "/.management/stopSession?identifier=abcd", &scratch, &route),
                     SP_OK);
    assert_true(route.is_management && sp_slice_is(route.identifier, "abcd"));
    assert_false(route.is_enclosed);
    assert_int_equal(find("POST", "/files/a:downloadFile" DATED_Q, &scratch, &route), SP_OK);
    assert_true(route.is_enclosed);
    sp_buf_done(&scratch);
}

/* A path of nothing but segments is read to its end, and no further back than the reader looks. */
static void test_path_of_many_segments(void **state)
{
    char target[4096];
    size_t len = 0;
    struct sp_route route = {.operation = SP_OPERATION_NONE};
    struct sp_buf scratch;
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        target[len++] = '/';
        target[len++] = 'a';
    }
    for (const char *at = "/executions" Q; *at != '\0'; at++) {
        target[len++] = *at;
    }
    target[len] = '\0';
    sp_buf_init(&scratch, SP_ROUTE_SCRATCH_BYTES_MAX);
    assert_int_equal(find("POST", target, &scratch, &route), SP_OK);
    assert_int_equal(route.operation, SP_OPERATION_EXECUTE);
    sp_buf_done(&scratch);
}

static void test_kinds_of_operations(void **state)
{
    (void)state;
    assert_true(sp_operation_is_reading(SP_OPERATION_FILE_CONTENT));
    assert_false(sp_operation_is_reading(SP_OPERATION_FILE_DELETE));
    assert_false(sp_operation_is_reading(SP_OPERATION_EXECUTE));
    assert_true(sp_operation_makes_session(SP_OPERATION_FILE_LIST));
    assert_true(sp_operation_makes_session(SP_OPERATION_EXECUTE));
    assert_false(sp_operation_makes_session(SP_OPERATION_EXECUTION_GET));
    assert_false(sp_operation_makes_session(SP_OPERATION_SESSION_GET));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_path),
        cmocka_unit_test(test_what_only_looks_like_a_path),
        cmocka_unit_test(test_options_of_lists),
        cmocka_unit_test(test_path_of_many_segments),
        cmocka_unit_test(test_kinds_of_operations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
