#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/order.h"
#include "api/route.h"
#include "bench.h"
#include "crypto/hash.h"
#include "inspect/room.h"
#include "policy/policy.h"
#include "wire/finding.h"

static bool is_all_zero(const uint8_t digest[SP_DIGEST_BYTES])
{
    uint8_t any = 0;
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        any = (uint8_t)(any | digest[i]);
    }
    return any == 0;
}

static void test_allowed_code_gives_an_order_with_its_digest(void **state)
{
    (void)state;
    struct bench bench;
    struct sp_msg_verdict verdict;
    struct sp_order order;
    uint8_t digest[SP_DIGEST_BYTES];
    open_bench(&bench);
    struct sp_slice body = SP_SLICE_LITERAL(
        "{\"properties\":{\"codeInputType\":\"inline\",\"executionType\":\"synchronous\","
        "\"code\":\"import math\\nimport math\\nimport json\\nprint(math.pi)\","
        "\"timeoutInSeconds\":7}}");
    assert_int_equal(judge_run(&bench, body, &verdict), SP_OK);
    assert_int_equal(verdict.verdict, SP_VERDICT_ALLOW);
    assert_int_equal(verdict.err, SP_OK);
    assert_int_equal(verdict.exchange, 77);
    assert_int_equal(verdict.body_bytes, body.len);
    assert_int_equal(verdict.run_ms_max, 7000);
    assert_int_equal(verdict.module_count, 2); /* each once */
    assert_int_equal(sp_order_read(verdict.order.bytes, &order), SP_OK);
    assert_true(sp_slice_is(order.code, "import math\nimport math\nimport json\nprint(math.pi)"));
    assert_int_equal(order.timeout_s, 7);
    assert_int_equal(sp_sha256(verdict.order.bytes, digest), SP_OK);
    assert_memory_equal(digest, verdict.order_digest, sizeof(digest));
    assert_int_equal(sp_sha256(order.code, digest), SP_OK);
    assert_memory_equal(digest, verdict.code, sizeof(digest));
    sp_payload_done(&verdict.order);
    sp_inspect_room_free(bench.room);
}

static void test_denied_code_names_rule_and_place_and_gives_no_order(void **state)
{
    (void)state;
    struct bench bench;
    struct sp_msg_verdict verdict;
    struct sp_finding finding;
    struct sp_reader r;
    open_bench(&bench);
    assert_int_equal(
        judge_run(&bench, SP_SLICE_LITERAL("{\"code\":\"x = 1\\nimport subprocess\"}"), &verdict),
        SP_OK);
    assert_int_equal(verdict.verdict, SP_VERDICT_DENY);
    assert_int_equal(verdict.err, SP_ERR_DENIED);
    assert_true(verdict.finding_count >= 1);
    sp_reader_init(&r, verdict.findings);
    assert_int_equal(sp_finding_read(&r, &finding), SP_OK);
    assert_int_equal(finding.action, SP_ACTION_DENY);
    assert_int_equal(finding.line, 2);
    assert_int_equal(finding.column, 8);
    assert_true(sp_slice_starts(verdict.detail, "line 2, column 8: "));
    assert_int_equal(verdict.order.bytes.len, 0);
    assert_true(is_all_zero(verdict.order_digest));
    assert_false(is_all_zero(verdict.code));
    /* nothing of it stays for the next one */
    assert_int_equal(judge_run(&bench, SP_SLICE_LITERAL("{\"code\":\"1\"}"), &verdict), SP_OK);
    assert_int_equal(verdict.verdict, SP_VERDICT_ALLOW);
    assert_int_equal(verdict.findings.len, 0);
    sp_payload_done(&verdict.order);
    sp_inspect_room_free(bench.room);
}

/* audit keeps code where it is told to, and then denied code too. */
static void test_denied_code_goes_to_audit_where_that_is_asked_for(void **state)
{
    static char large[40000];
    (void)state;
    struct bench bench;
    struct sp_msg_verdict verdict;
    open_bench(&bench);
    assert_int_equal(
        judge_run(&bench, SP_SLICE_LITERAL("{\"code\":\"import subprocess\"}"), &verdict), SP_OK);
    assert_int_equal(verdict.content.bytes.len, 0);
    sp_inspect_give_denied(bench.room, true);
    assert_int_equal(
        judge_run(&bench, SP_SLICE_LITERAL("{\"code\":\"import subprocess\"}"), &verdict), SP_OK);
    assert_int_equal(verdict.verdict, SP_VERDICT_DENY);
    assert_true(sp_slice_is(verdict.content.bytes, "import subprocess"));
    assert_int_equal(verdict.code_bytes, verdict.content.bytes.len);
    assert_int_equal(verdict.order.bytes.len, 0);
    sp_payload_done(&verdict.content);
    memset(large, '#', sizeof(large));
    memcpy(large, "{\"code\":\"import subprocess ", 27);
    memcpy(large + 9 + 30019, "\"}", 2);
    assert_int_equal(judge_run(&bench, sp_slice_make(large, 9 + 30019 + 2), &verdict), SP_OK);
    assert_int_equal(verdict.content.bytes.len, 30019);
    assert_true(verdict.content.fd >= 0);
    sp_payload_done(&verdict.content);
    assert_int_equal(judge_run(&bench, SP_SLICE_LITERAL("{\"code\":\"1\"}"), &verdict), SP_OK);
    assert_int_equal(verdict.content.bytes.len, 0);
    sp_payload_done(&verdict.order);
    sp_inspect_room_free(bench.room);
}

static void test_bodies_that_cannot_be_read_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *body;
        enum sp_err want;
    } cases[] = {
        {"broken syntax", "{\"code\":", SP_ERR_JSON},
        {"equal keys", "{\"code\":\"1\",\"code\":\"2\"}", SP_ERR_JSON},
        {"invalid UTF-8", "{\"code\":\"\xff\"}", SP_ERR_JSON},
        {"bytes behind", "{\"code\":\"1\"} x", SP_ERR_JSON},
        {"a NUL in the code", "{\"code\":\"a\\u0000b\"}", SP_ERR_NUL},
        {"no code", "{\"properties\":{}}", SP_ERR_REQUEST},
        {"code of another type", "{\"code\":7}", SP_ERR_REQUEST},
        {"empty", "", SP_ERR_JSON},
    };
    struct bench bench;
    open_bench(&bench);
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_msg_verdict verdict;
        assert_int_equal(judge_run(&bench, sp_slice_of(cases[i].body), &verdict), SP_OK);
        if (verdict.err != cases[i].want || verdict.verdict != SP_VERDICT_DENY ||
            verdict.detail.len == 0) {
            fail_msg("%s: %s", cases[i].name, sp_err_name(verdict.err));
        }
        assert_int_equal(verdict.order.bytes.len, 0);
    }
    sp_inspect_room_free(bench.room);
}

static void test_a_body_over_the_bound_is_not_read(void **state)
{
    (void)state;
    static uint8_t body[BODY_BYTES_MAX + 1];
    struct bench bench;
    struct sp_msg_verdict verdict;
    open_bench(&bench);
    assert_int_equal(judge_run(&bench, sp_slice_make(body, sizeof(body)), &verdict), SP_OK);
    assert_int_equal(verdict.err, SP_ERR_TOO_BIG);
    sp_inspect_room_free(bench.room);
}

static void test_a_policy_that_is_not_here_breaks_the_protocol(void **state)
{
    (void)state;
    struct bench bench;
    struct sp_msg_verdict verdict = {.order = SP_PAYLOAD_EMPTY};
    struct sp_where where = {.text = {0}};
    open_bench(&bench);
    bench.digest[0] ^= 1U;
    assert_int_equal(judge_run(&bench, SP_SLICE_LITERAL("{\"code\":\"1\"}"), &verdict),
                     SP_ERR_WIRE);
    assert_int_equal(sp_inspect_add_policy(bench.room, SP_SLICE_LITERAL("x"), bench.digest, &where),
                     SP_ERR_CORRUPT);
    sp_inspect_room_free(bench.room);
}

/* The policy of this name with one more limit; its digest goes into the bench. */
static void add_policy(struct bench *bench, unsigned lines)
{
    struct sp_policy policy;
    struct sp_where where = {.text = {0}};
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, SP_POLICY_TEXT_BYTES_MAX);
    assert_int_equal(sp_policy_open(sp_slice_of("data-science"), &policy, &where), SP_OK);
    policy.limits.lines = lines;
    assert_int_equal(sp_policy_print(&policy, &text), SP_OK);
    sp_policy_done(&policy);
    assert_int_equal(sp_sha256(sp_buf_slice(&text), bench->digest), SP_OK);
    assert_int_equal(sp_inspect_add_policy(bench->room, sp_buf_slice(&text), bench->digest, &where),
                     SP_OK);
}

static void
test_policies_of_the_settings_before_are_still_judged_by_and_older_ones_are_not(void **state)
{
    (void)state;
    struct bench first;
    struct sp_msg_verdict verdict = {.order = SP_PAYLOAD_EMPTY};
    const struct sp_slice body = SP_SLICE_LITERAL(
        "{\"code\":\"1\",\"codeInputType\":\"Inline\",\"executionType\":\"Synchronous\"}");
    open_bench(&first);
    struct bench second = first;
    struct bench third = first;
    sp_inspect_renew(first.room);
    add_policy(&second, 100);
    sp_inspect_renewed(first.room);
    assert_int_equal(judge_run(&first, body, &verdict), SP_OK);
    sp_payload_done(&verdict.order);
    sp_inspect_renew(first.room);
    add_policy(&third, 200);
    add_policy(&third, 200); /* twice is once */
    sp_inspect_renewed(first.room);
    assert_int_equal(judge_run(&second, body, &verdict), SP_OK);
    sp_payload_done(&verdict.order);
    assert_int_equal(judge_run(&third, body, &verdict), SP_OK);
    sp_payload_done(&verdict.order);
    assert_int_equal(judge_run(&first, body, &verdict), SP_ERR_WIRE);
    sp_inspect_room_free(first.room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allowed_code_gives_an_order_with_its_digest),
        cmocka_unit_test(test_denied_code_names_rule_and_place_and_gives_no_order),
        cmocka_unit_test(test_denied_code_goes_to_audit_where_that_is_asked_for),
        cmocka_unit_test(test_bodies_that_cannot_be_read_are_refused_by_name),
        cmocka_unit_test(test_a_body_over_the_bound_is_not_read),
        cmocka_unit_test(test_a_policy_that_is_not_here_breaks_the_protocol),
        cmocka_unit_test(
            test_policies_of_the_settings_before_are_still_judged_by_and_older_ones_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
