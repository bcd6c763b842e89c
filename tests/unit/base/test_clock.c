#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include <cmocka.h>

static void test_times_as_text(void **state)
{
    static const struct {
        uint64_t us;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {951782399999999U, "2000-02-28T23:59:59.999999Z"},
        {951782400000000U, "2000-02-29T00:00:00.000000Z"},
        {1709164800000000U, "2024-02-29T00:00:00.000000Z"},
        {4107542400000000U, "2100-03-01T00:00:00.000000Z"},
        {1767225599000001U, "2025-12-31T23:59:59.000001Z"},
        {253402300799999999U, "9999-12-31T23:59:59.999999Z"},
        {UINT64_MAX, "9999-12-31T23:59:59.999999Z"},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        char out[SP_CLOCK_RFC3339_BYTES];
        sp_clock_rfc3339(rows[i].us, out);
        assert_string_equal(out, rows[i].text);
        uint64_t back = 0;
        assert_int_equal(sp_clock_from_rfc3339(sp_slice_of(rows[i].text), &back), SP_OK);
        assert_int_equal(back, rows[i].us == UINT64_MAX ? 253402300799999999U : rows[i].us);
    }
}

static void test_times_as_http_has_them(void **state)
{
    static const struct {
        uint64_t us;
        const char *text;
    } rows[] = {
        {0U, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {951782399999999U, "Mon, 28 Feb 2000 23:59:59 GMT"},
        {951782400000000U, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {1709164800000000U, "Thu, 29 Feb 2024 00:00:00 GMT"},
        {4107542400000000U, "Mon, 01 Mar 2100 00:00:00 GMT"},
        {1767225599000001U, "Wed, 31 Dec 2025 23:59:59 GMT"},
        {784111777000000U, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {253402300799999999U, "Fri, 31 Dec 9999 23:59:59 GMT"},
        {UINT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        char out[SP_CLOCK_HTTP_BYTES];
        sp_clock_http(rows[i].us, out);
        assert_string_equal(out, rows[i].text);
    }
}

static void test_what_is_no_time_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "2024-02-29T00:00:00.000000",
        "2024-02-29T00:00:00.000000ZZ",
        "2024-02-29 00:00:00.000000Z",
        "2023-02-29T00:00:00.000000Z",
        "2024-13-01T00:00:00.000000Z",
        "2024-00-01T00:00:00.000000Z",
        "2024-01-00T00:00:00.000000Z",
        "2024-01-01T24:00:00.000000Z",
        "2024-01-01T00:60:00.000000Z",
        "1969-12-31T23:59:59.000000Z",
        "2024-01-01T00:00:0x.000000Z",
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        uint64_t out = 7;
        assert_int_equal(sp_clock_from_rfc3339(sp_slice_of(rows[i]), &out), SP_ERR_INVALID);
        assert_int_equal(out, 7);
    }
}

static void test_monotonic_time_never_goes_back(void **state)
{
    (void)state;
    uint64_t before = sp_clock_mono_us();
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t now = sp_clock_mono_us();
        assert_true(now >= before);
        before = now;
    }
    assert_true(sp_clock_mono_ms() >= before / 1000);
}

static void test_wall_time_is_of_this_century(void **state)
{
    (void)state;
    assert_true(sp_clock_wall_us() > 1700000000U * (uint64_t)1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times_as_text),
        cmocka_unit_test(test_times_as_http_has_them),
        cmocka_unit_test(test_what_is_no_time_is_refused),
        cmocka_unit_test(test_monotonic_time_never_goes_back),
        cmocka_unit_test(test_wall_time_is_of_this_century),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
