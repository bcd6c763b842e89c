#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inspect/report.h"
#include "wire/finding.h"

#define SOURCE_BYTES_MAX ((size_t)64 * 1024)

struct sheet {
    struct sp_buf findings;
    struct sp_buf modules;
    struct sp_buf capabilities;
    struct sp_facts *facts;
};

static void open_sheet(struct sheet *sheet, const char *source)
{
    sp_buf_init(&sheet->findings, SP_MSG_FINDINGS_MAX);
    sp_buf_init(&sheet->modules, SP_MSG_MODULES_MAX);
    sp_buf_init(&sheet->capabilities, SP_MSG_DETAIL_MAX);
    assert_int_equal(sp_facts_new(SOURCE_BYTES_MAX, &sheet->facts), SP_OK);
    assert_int_equal(
        sp_facts_scan(sheet->facts, sp_slice_of(source), SP_PYTHON_311, SP_PYTHON_TEXT), SP_OK);
}

static void close_sheet(struct sheet *sheet)
{
    sp_buf_done(&sheet->findings);
    sp_buf_done(&sheet->modules);
    sp_buf_done(&sheet->capabilities);
    sp_facts_free(sheet->facts);
}

static enum sp_err report(struct sheet *sheet, const struct sp_judgement *judgement,
                          struct sp_msg_verdict *out)
{
    const struct sp_inspect_report to = {&sheet->findings, &sheet->modules, &sheet->capabilities};
    return sp_inspect_write_report(judgement, sheet->facts, &to, out);
}

static void test_modules_are_listed_once_and_in_order(void **state)
{
    (void)state;
    struct sheet sheet;
    struct sp_judgement judgement = {.verdict = SP_VERDICT_ALLOW};
    struct sp_msg_verdict verdict = {.order = SP_PAYLOAD_EMPTY};
    open_sheet(&sheet, "import numpy as np\nfrom os import path\nimport numpy\nfrom . import a\n");
    assert_int_equal(report(&sheet, &judgement, &verdict), SP_OK);
    static const char *const want[] = {"numpy", "os", "."};
    struct sp_reader r;
    sp_reader_init(&r, verdict.modules);
    for (size_t i = 0; i < SP_COUNT(want); i++) {
        struct sp_slice name = {NULL, 0};
        assert_int_equal(sp_reader_block(&r, 64, &name), SP_OK);
        assert_true(sp_slice_is(name, want[i]));
    }
    assert_int_equal(sp_reader_end(&r), SP_OK);
    assert_int_equal(verdict.module_count, SP_COUNT(want));
    close_sheet(&sheet);
}

static void test_more_modules_than_fit_are_counted(void **state)
{
    (void)state;
    struct sheet sheet;
    struct sp_judgement judgement = {.verdict = SP_VERDICT_ALLOW};
    struct sp_msg_verdict verdict = {.order = SP_PAYLOAD_EMPTY};
    SP_AUTO_BUF struct sp_buf source;
    sp_buf_init(&source, SOURCE_BYTES_MAX);
    for (unsigned i = 0; i < 500; i++) {
        assert_int_equal(sp_buf_putf(&source, "import some_long_module_name_%03u\n", i), SP_OK);
    }
    assert_int_equal(sp_buf_put_byte(&source, 0), SP_OK);
    open_sheet(&sheet, (const char *)source.ptr);
    assert_int_equal(report(&sheet, &judgement, &verdict), SP_OK);
    assert_int_equal(verdict.module_count, 500);
    assert_true(verdict.modules.len <= SP_MSG_MODULES_MAX &&
                verdict.modules.len > SP_MSG_MODULES_MAX - 64);
    close_sheet(&sheet);
}

static void test_findings_and_capabilities_are_carried_whole(void **state)
{
    (void)state;
    struct sheet sheet;
    struct sp_judgement judgement = {.verdict = SP_VERDICT_DENY, .count = 1, .total = 40};
    struct sp_msg_verdict verdict = {.order = SP_PAYLOAD_EMPTY};
    struct sp_finding finding;
    struct sp_reader r;
    judgement.capabilities =
        SP_CAPABILITY_BIT(SP_CAPABILITY_PROCESS) | SP_CAPABILITY_BIT(SP_CAPABILITY_NETWORK);
    judgement.findings[0] = (struct sp_policy_finding){
        .action = SP_ACTION_WARN, .rule = "modules", .message = "not here", .place = {3, 4, 5, 6}};
    open_sheet(&sheet, "x = 1\n");
    assert_int_equal(report(&sheet, &judgement, &verdict), SP_OK);
    assert_int_equal(verdict.finding_count, 40);
    sp_reader_init(&r, verdict.findings);
    assert_int_equal(sp_finding_read(&r, &finding), SP_OK);
    assert_int_equal(sp_reader_end(&r), SP_OK);
    assert_int_equal(finding.action, SP_ACTION_WARN);
    assert_true(sp_slice_is(finding.rule, "modules") && sp_slice_is(finding.message, "not here"));
    assert_int_equal(finding.line, 3);
    assert_int_equal(finding.column, 4);
    assert_int_equal(finding.end_line, 5);
    assert_int_equal(finding.end_column, 6);
    struct sp_slice name = {NULL, 0};
    sp_reader_init(&r, verdict.capabilities);
    assert_int_equal(sp_reader_block(&r, 64, &name), SP_OK);
    assert_true(sp_slice_is(name, "process"));
    assert_int_equal(sp_reader_block(&r, 64, &name), SP_OK);
    assert_true(sp_slice_is(name, "network"));
    assert_int_equal(sp_reader_end(&r), SP_OK);
    close_sheet(&sheet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modules_are_listed_once_and_in_order),
        cmocka_unit_test(test_more_modules_than_fit_are_counted),
        cmocka_unit_test(test_findings_and_capabilities_are_carried_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
