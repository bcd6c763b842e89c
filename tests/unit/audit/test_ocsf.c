/* ocsf: the members that the schema requires, and the entry itself under unmapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/ocsf.h"
#include "base/num.h"
#include "codec/json.h"

#define TIME "\"time\":\"2026-03-01T10:00:00.250000Z\",\"v\":1}"

static const struct sp_json_value *at(const struct sp_json *doc, const char *a, const char *b,
                                      const char *c)
{
    const struct sp_json_value *value = sp_json_get(sp_json_root(doc), a);
    value = b == NULL ? value : sp_json_get(value, b);
    return c == NULL ? value : sp_json_get(value, c);
}

static void expect_text(const struct sp_json_value *value, const char *text)
{
    struct sp_slice got = {NULL, 0};
    assert_int_equal(sp_json_string(value, &got), SP_OK);
    assert_true(sp_slice_is(got, text));
}

static void expect_number(const struct sp_json *doc, const struct sp_json_value *value,
                          int64_t number)
{
    int64_t got = -1;
    assert_int_equal(sp_json_integer(doc, value, &got), SP_OK);
    assert_int_equal(got, number);
}

static struct sp_json *event_of(const char *line)
{
    const struct sp_json_limits limits = {65536, 16, SP_JSON_NUL_REFUSED};
    SP_AUTO_BUF struct sp_buf out;
    struct sp_json *doc = NULL;
    struct sp_entry entry;
    struct sp_where where;
    sp_buf_init(&out, 65536);
    assert_int_equal(sp_entry_read(sp_slice_of(line), &entry, &where), SP_OK);
    assert_int_equal(
        sp_ocsf_put(&entry, SP_SLICE_LITERAL("example/log"), SP_SLICE_LITERAL("1.2.3"), &out),
        SP_OK);
    assert_int_equal(sp_json_parse(sp_buf_slice(&out), &limits, &doc, &where), SP_OK);
    return doc;
}

static void test_what_the_schema_requires_is_there(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "{\"index\":3,\"kind\":\"start\"," TIME,
        "{\"exchange\":\"00\",\"index\":4,\"kind\":\"intent\",\"operation\":\"execute\","
        "\"principal\":\"p\",\"source\":\"::1\",\"tenant\":\"t\"," TIME,
        "{\"error\":\"Ok\",\"index\":5,\"kind\":\"outcome\",\"state\":\"done\"," TIME,
        "{\"count\":5,\"error\":\"TokenUnknown\",\"index\":6,\"kind\":\"strangers\",\"source\":"
        "\"10.0.0.1\"," TIME,
    };
    for (size_t i = 0; i < SP_COUNT(lines); i++) {
        SP_AUTO_JSON struct sp_json *doc = event_of(lines[i]);
        int64_t activity = 0;
        expect_number(doc, at(doc, "class_uid", NULL, NULL), 6003);
        expect_number(doc, at(doc, "category_uid", NULL, NULL), 6);
        assert_int_equal(sp_json_integer(doc, at(doc, "activity_id", NULL, NULL), &activity),
                         SP_OK);
        expect_number(doc, at(doc, "type_uid", NULL, NULL), 600300 + activity);
        expect_number(doc, at(doc, "time", NULL, NULL), 1772359200250);
        assert_true(sp_json_is(at(doc, "severity_id", NULL, NULL), SP_JSON_NUMBER));
        assert_true(sp_json_is(at(doc, "api", "operation", NULL), SP_JSON_STRING));
        assert_true(sp_json_count(at(doc, "actor", NULL, NULL)) > 0);
        assert_true(sp_json_count(at(doc, "src_endpoint", NULL, NULL)) > 0);
        expect_text(at(doc, "metadata", "version", NULL), "1.3.0");
        expect_text(at(doc, "metadata", "product", "vendor_name"), "Sallyport");
        expect_number(doc, at(doc, "metadata", "sequence", NULL), (int64_t)i + 3);
        expect_number(doc, at(doc, "unmapped", "index", NULL), (int64_t)i + 3);
    }
}

static void test_kinds_become_activities_and_statuses(void **state)
{
    (void)state;
    const struct {
        const char *line;
        int64_t activity;
        int64_t severity;
        int64_t status;
    } cases[] = {
        {"{\"index\":1,\"kind\":\"intent\",\"operation\":\"execute\"," TIME, 1, 1, 1},
        {"{\"index\":1,\"kind\":\"denial\",\"operation\":\"execute\"," TIME, 1, 3, 2},
        {"{\"index\":1,\"kind\":\"refusal\",\"operation\":\"list-files\"," TIME, 2, 2, 2},
        {"{\"index\":1,\"kind\":\"intent\",\"operation\":\"delete-file\"," TIME, 4, 1, 1},
        {"{\"error\":\"Ok\",\"index\":1,\"kind\":\"outcome\",\"state\":\"done\"," TIME, 99, 1, 1},
        {"{\"error\":\"PoolUnavailable\",\"index\":1,\"kind\":\"outcome\",\"state\":\"not-"
         "started\"," TIME,
         99, 1, 2},
        {"{\"error\":\"OutcomeUnknown\",\"index\":1,\"kind\":\"outcome\",\"state\":"
         "\"unknown\"," TIME,
         99, 1, 0},
        {"{\"index\":1,\"kind\":\"recovery\"," TIME, 99, 4, 1},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_JSON struct sp_json *doc = event_of(cases[i].line);
        expect_number(doc, at(doc, "activity_id", NULL, NULL), cases[i].activity);
        expect_number(doc, at(doc, "severity_id", NULL, NULL), cases[i].severity);
        expect_number(doc, at(doc, "status_id", NULL, NULL), cases[i].status);
    }
}

static void test_escapes_of_the_log_stay_escapes(void **state)
{
    (void)state;
    SP_AUTO_JSON struct sp_json *doc = event_of(
        "{\"detail\":\"a \\\"b\\\"\\n\",\"index\":1,\"kind\":\"refusal\",\"tenant\":\"t\"," TIME);
    expect_text(at(doc, "status_detail", NULL, NULL), "a \"b\"\n");
    expect_text(at(doc, "actor", "user", "uid"), "t");
}

static void test_an_entry_without_a_time_is_refused(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf out;
    struct sp_entry entry;
    struct sp_where where;
    sp_buf_init(&out, 65536);
    assert_int_equal(sp_entry_read(SP_SLICE_LITERAL("{\"index\":1}"), &entry, &where), SP_OK);
    assert_int_equal(sp_ocsf_put(&entry, SP_SLICE_LITERAL("o"), SP_SLICE_LITERAL("1"), &out),
                     SP_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_schema_requires_is_there),
        cmocka_unit_test(test_kinds_become_activities_and_statuses),
        cmocka_unit_test(test_escapes_of_the_log_stay_escapes),
        cmocka_unit_test(test_an_entry_without_a_time_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
