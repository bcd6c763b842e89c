/* upstream_other: the requests of both families, each escaped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/upstream_other.h"

#define SPOT(d, n)                                                                                 \
    {                                                                                              \
        .directory = {(const uint8_t *)(d), sizeof(d) - 1}, .name = {                              \
            (const uint8_t *)(n),                                                                  \
            sizeof(n) - 1                                                                          \
        }                                                                                          \
    }
#define V25 "?api-version=2025-10-02-preview&identifier=a%2Fb"
#define V24 "?api-version=2024-02-02-preview&identifier=a%2Fb"

static const struct {
    struct sp_order order;
    const char *method;
    const char *target_new;
    const char *target_old;
} cases[] = {
    {{.operation = SP_OPERATION_FILE_LIST}, "GET", "/files" V25, "/files" V24},
    {{.operation = SP_OPERATION_FILE_LIST, .spot = SPOT("x y", ""), .is_recursive = true},
     "GET",
     "/files" V25 "&path=x%20y&recursive=true",
     "/files" V24 "&recursive=true"},
    {{.operation = SP_OPERATION_FILE_PUT, .spot = SPOT("d", "n")},
     "POST",
     "/files" V25 "&path=d",
     "/files/upload" V24},
    {{.operation = SP_OPERATION_FILE_GET, .spot = SPOT("d", "n?")},
     "GET",
     "/files/n%3F" V25 "&path=d",
     "/files/d%2Fn%3F" V24},
    {{.operation = SP_OPERATION_FILE_CONTENT, .spot = SPOT("", "n")},
     "GET",
     "/files/n/content" V25,
     "/files/content/n" V24},
    {{.operation = SP_OPERATION_FILE_DELETE, .spot = SPOT("", "n")},
     "DELETE",
     "/files/n" V25,
     "/files/n" V24},
    {{.operation = SP_OPERATION_SESSION_GET}, "GET", "/session" V25, "/session" V25},
    {{.operation = SP_OPERATION_SESSION_DELETE}, "DELETE", "/session" V25, "/session" V25},
    {{.operation = SP_OPERATION_SESSION_LIST},
     "GET",
     "/listSessions?api-version=2025-10-02-preview",
     "/listSessions?api-version=2025-10-02-preview"},
    {{.operation = SP_OPERATION_METADATA},
     "GET",
     "/metadata?api-version=2025-10-02-preview",
     "/metadata?api-version=2025-10-02-preview"},
};

static void target_is(const char *version, const struct sp_order *order, const char *want)
{
    struct sp_upstream u;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, SP_UPSTREAM_TARGET_BYTES_MAX);
    assert_int_equal(sp_upstream_init(&u, sp_slice_of(""), sp_slice_of(version), false), SP_OK);
    assert_int_equal(sp_upstream_other_target(&u, order, sp_slice_of("a/b"), 0, &out), SP_OK);
    print_message("%.*s\n", (int)out.len, (const char *)out.ptr);
    assert_true(sp_slice_is(sp_buf_slice(&out), want));
}

static void test_targets_of_both_families(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        assert_string_equal(sp_upstream_method(cases[i].order.operation), cases[i].method);
        target_is("2025-10-02-preview", &cases[i].order, cases[i].target_new);
        target_is("2024-02-02-preview", &cases[i].order, cases[i].target_old);
    }
}

static void test_what_has_no_request(void **state)
{
    struct sp_upstream u;
    SP_AUTO_BUF struct sp_buf out;
    const struct sp_order order = {.operation = SP_OPERATION_EXECUTION_GET};
    (void)state;
    sp_buf_init(&out, SP_UPSTREAM_TARGET_BYTES_MAX);
    assert_int_equal(sp_upstream_init(&u, sp_slice_of(""), sp_slice_of(""), true), SP_OK);
    assert_int_equal(sp_upstream_other_target(&u, &order, sp_slice_of("abcd"), 0, &out),
                     SP_ERR_NOT_IMPLEMENTED);
}

static void test_upload_of_the_old_family_has_its_directory_in_the_name(void **state)
{
    static const uint8_t digest[SP_ORDER_DIGEST_BYTES] = {1};
    struct sp_upstream u;
    SP_AUTO_BUF struct sp_buf out;
    const struct sp_order order = {.operation = SP_OPERATION_FILE_PUT,
                                   .spot = SPOT("d", "caf\xC3\xA9"),
                                   .file = {digest, sizeof(digest)}};
    (void)state;
    sp_buf_init(&out, 4096);
    assert_int_equal(
        sp_upstream_init(&u, sp_slice_of(""), sp_slice_of("2024-02-02-preview"), false), SP_OK);
    assert_int_equal(sp_upstream_upload_head(&u, &order, &out), SP_OK);
    assert_true(
        sp_slice_search(
            sp_buf_slice(&out), 0,
            SP_SLICE_LITERAL("filename=\"d/caf\xC3\xA9\"; filename*=utf-8''d%2Fcaf%C3%A9\r\n")) <
        out.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets_of_both_families),
        cmocka_unit_test(test_what_has_no_request),
        cmocka_unit_test(test_upload_of_the_old_family_has_its_directory_in_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
