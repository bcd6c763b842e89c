#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/record.h"
#include "base/writer.h"
#include "wire/finding.h"
#include "wire/role.h"

#define NOON UINT64_C(1795258800000000)

static const struct sp_stamp stamp = {.index = 3, .wall_us = NOON};

static void test_a_refusal_is_written_canonically(void **state)
{
    struct sp_buf out;
    struct sp_msg_refusal refusal = {
        .exchange = UINT64_C(0x0001000000020003),
        .tenant = sp_slice_of("acme"),
        .principal = sp_slice_of("t1"),
        .source = sp_slice_of("192.0.2.1"),
        .err = SP_ERR_NOT_FOUND,
        .detail = sp_slice_of("a \"b\"\n\x7f\xc3\xbc\x01"),
    };
    (void)state;
    sp_buf_init(&out, SP_RECORD_BYTES_MAX);
    assert_int_equal(sp_record_refusal(stamp, &refusal, "none", &out), SP_OK);
    assert_true(
        sp_slice_is(sp_buf_slice(&out),
                    "{\"detail\":\"a "
                    "\\\"b\\\"\\n\x7f\xc3\xbc\\u0001\",\"error\":\"NotFound\",\"exchange\":"
                    "\"0001000000020003\",\"index\":3,"
                    "\"kind\":\"refusal\",\"operation\":\"none\",\"principal\":\"t1\",\"session\":"
                    "\"\",\"source\":\"192.0.2.1\","
                    "\"tenant\":\"acme\",\"time\":\"2026-11-21T11:00:00.000000Z\",\"v\":1}"));
    sp_buf_done(&out);
}

static void test_a_change_of_the_key_and_a_retention_are_written_canonically(void **state)
{
    static const uint8_t root[SP_DIGEST_BYTES] = {0xab};
    struct sp_buf out;
    (void)state;
    sp_buf_init(&out, SP_RECORD_BYTES_MAX);
    assert_int_equal(sp_record_key(stamp, sp_slice_of("a+1+x"), sp_slice_of("a+2+y"), &out), SP_OK);
    assert_true(
        sp_slice_is(sp_buf_slice(&out),
                    "{\"index\":3,\"kind\":\"key\",\"new_key\":\"a+2+y\",\"old_key\":\"a+1+x\","
                    "\"time\":\"2026-11-21T11:00:00.000000Z\",\"v\":1}"));
    sp_buf_clear(&out);
    assert_int_equal(sp_record_rotation(stamp, sp_slice_of("a\n3\n"), &out), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&out),
                            "{\"checkpoint\":\"a\\n3\\n\",\"index\":3,\"kind\":\"rotation\","
                            "\"time\":\"2026-11-21T11:00:00.000000Z\",\"v\":1}"));
    sp_buf_clear(&out);
    assert_int_equal(sp_record_retention(stamp, 512, root, &out), SP_OK);
    assert_true(sp_slice_starts(sp_buf_slice(&out),
                                "{\"first\":512,\"index\":3,\"kind\":\"retention\","
                                "\"root_sha256\":\"ab00"));
    sp_buf_done(&out);
}

static void test_numbers_past_what_a_double_holds_are_cut(void **state)
{
    struct sp_buf out;
    (void)state;
    sp_buf_init(&out, SP_RECORD_BYTES_MAX);
    assert_int_equal(sp_record_clock(stamp, UINT64_MAX, &out), SP_OK);
    assert_true(sp_slice_starts(sp_buf_slice(&out), "{\"back_us\":9007199254740991,"));
    sp_buf_done(&out);
}

/* The longest that a worker can send: the first of each list are kept, and the line stays within its bound. */
static void test_long_lists_keep_their_first_items(void **state)
{
    struct sp_buf findings;
    struct sp_buf modules;
    struct sp_buf out;
    struct sp_writer w;
    static uint8_t hostile[SP_FINDING_RULE_MAX];
    struct sp_finding finding = {
        .action = SP_ACTION_WARN, .rule = sp_slice_make(hostile, 0), .line = UINT32_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof(hostile); i++) {
        hostile[i] = 1; /* six bytes in the log */
    }
    finding.rule = sp_slice_make(hostile, sizeof(hostile));
    sp_buf_init(&findings, SP_MSG_FINDINGS_MAX);
    sp_buf_init(&modules, SP_MSG_MODULES_MAX);
    sp_buf_init(&out, (size_t)1 << 20);
    sp_writer_init(&w, &findings);
    while (findings.len < SP_MSG_FINDINGS_MAX - 200) {
        sp_finding_write(&w, &finding);
    }
    assert_int_equal(sp_writer_end(&w), SP_OK);
    sp_writer_init(&w, &modules);
    sp_writer_block(&w, sp_slice_make(hostile, sizeof(hostile)));
    while (modules.len < SP_MSG_MODULES_MAX - 8) {
        sp_writer_block(&w, sp_slice_of("m"));
    }
    struct sp_msg_who who = {.tenant = sp_slice_make(hostile, sizeof(hostile))};
    struct sp_msg_verdict verdict = {.verdict = SP_VERDICT_ALLOW,
                                     .finding_count = 999,
                                     .findings = sp_buf_slice(&findings),
                                     .modules = sp_buf_slice(&modules)};
    assert_int_equal(sp_record_judged(stamp, &who, &verdict, "execute", &out), SP_OK);
    assert_in_range(out.len, 1000, SP_RECORD_BYTES_MAX);
    sp_buf_done(&findings);
    sp_buf_done(&modules);
    sp_buf_done(&out);
}

static void test_a_list_that_cannot_be_read_leaves_nothing_behind(void **state)
{
    struct sp_buf out;
    struct sp_msg_who who = {.tenant = sp_slice_of("acme")};
    struct sp_msg_verdict verdict = {.verdict = SP_VERDICT_ALLOW, .modules = sp_slice_of("\x7f")};
    (void)state;
    sp_buf_init(&out, SP_RECORD_BYTES_MAX);
    assert_int_equal(sp_buf_put_text(&out, "before"), SP_OK);
    assert_int_equal(sp_record_judged(stamp, &who, &verdict, "execute", &out), SP_ERR_WIRE);
    assert_true(sp_slice_is(sp_buf_slice(&out), "before"));
    struct sp_msg_role_up up = {.role = SP_ROLE_COUNT};
    assert_int_equal(sp_record_role(stamp, &up, &out), SP_ERR_WIRE);
    assert_true(sp_slice_is(sp_buf_slice(&out), "before"));
    sp_buf_done(&out);
}

static void test_unknown_is_the_safe_name_of_an_end(void **state)
{
    (void)state;
    assert_string_equal(sp_end_name(SP_END_DONE), "done");
    assert_string_equal(sp_end_name(SP_END_NOT_STARTED), "not-started");
    assert_string_equal(sp_end_name(SP_END_UNKNOWN), "unknown");
    assert_string_equal(sp_end_name(SP_END_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refusal_is_written_canonically),
        cmocka_unit_test(test_a_change_of_the_key_and_a_retention_are_written_canonically),
        cmocka_unit_test(test_numbers_past_what_a_double_holds_are_cut),
        cmocka_unit_test(test_long_lists_keep_their_first_items),
        cmocka_unit_test(test_a_list_that_cannot_be_read_leaves_nothing_behind),
        cmocka_unit_test(test_unknown_is_the_safe_name_of_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
