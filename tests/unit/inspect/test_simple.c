/* simple: operations without a body; what they name is made clean before it is ordered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench.h"

static const struct {
    const char *name;
    enum sp_operation operation;
    const char *path;
    const char *file;
    const char *directory; /* that is ordered; NULL: refused */
    const char *ordered;
    enum sp_err err;
} cases[] = {
    {"root", SP_OPERATION_FILE_LIST, "/mnt/data", "", "", "", SP_OK},
    {"directory", SP_OPERATION_FILE_LIST, "a//b", "", "a/b", "", SP_OK},
    {"way out", SP_OPERATION_FILE_LIST, "../etc", "", NULL, "", SP_ERR_FILE_NAME},
    {"file", SP_OPERATION_FILE_GET, "", "/mnt/data/a.txt", "", "a.txt", SP_OK},
    {"file in a directory", SP_OPERATION_FILE_CONTENT, "x", "y/a.txt", "x/y", "a.txt", SP_OK},
    {"no name", SP_OPERATION_FILE_DELETE, "x", "", NULL, "", SP_ERR_FILE_NAME},
    {"way out by the name", SP_OPERATION_FILE_DELETE, "", "../../x", NULL, "", SP_ERR_FILE_NAME},
    {"session", SP_OPERATION_SESSION_DELETE, "", "", "", "", SP_OK},
    {"metadata", SP_OPERATION_METADATA, "", "", "", "", SP_OK},
};

static void test_what_is_ordered(void **state)
{
    struct bench bench;
    (void)state;
    open_bench(&bench);
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_msg_verdict verdict;
        struct sp_order order;
        const struct sp_arguments arguments = {.name = sp_slice_of(cases[i].file),
                                               .path = sp_slice_of(cases[i].path)};
        print_message("%s\n", cases[i].name);
        assert_int_equal(judge(&bench, cases[i].operation, &arguments, sp_slice_of(""), &verdict),
                         SP_OK);
        assert_int_equal(verdict.err, cases[i].err);
        assert_int_equal(verdict.verdict,
                         cases[i].err == SP_OK ? SP_VERDICT_ALLOW : SP_VERDICT_DENY);
        if (cases[i].directory == NULL) {
            assert_true(verdict.detail.len > 0 && verdict.order.bytes.len == 0);
            continue;
        }
        assert_int_equal(sp_order_read(verdict.order.bytes, &order), SP_OK);
        assert_int_equal(order.operation, cases[i].operation);
        assert_true(sp_slice_is(order.spot.directory, cases[i].directory));
        assert_true(sp_slice_is(order.spot.name, cases[i].ordered));
        sp_payload_done(&verdict.order);
    }
    sp_inspect_room_free(bench.room);
}

static void test_ids_of_executions(void **state)
{
    static const struct {
        const char *id;
        enum sp_err err;
    } ids[] = {{"0123-abc.def", SP_OK},
               {"", SP_ERR_EXECUTION_NOT_FOUND},
               {"a b", SP_ERR_EXECUTION_NOT_FOUND}};
    struct bench bench;
    (void)state;
    open_bench(&bench);
    for (size_t i = 0; i < SP_COUNT(ids); i++) {
        struct sp_msg_verdict verdict;
        const struct sp_arguments arguments = {.name = sp_slice_of(ids[i].id)};
        assert_int_equal(
            judge(&bench, SP_OPERATION_EXECUTION_GET, &arguments, sp_slice_of(""), &verdict),
            SP_OK);
        assert_int_equal(verdict.err, ids[i].err);
        sp_payload_done(&verdict.order);
    }
    sp_inspect_room_free(bench.room);
}

static void test_jobs_that_front_does_not_make(void **state)
{
    struct bench bench;
    struct sp_msg_verdict verdict;
    struct sp_msg_job job = {.operation = SP_OPERATION_METADATA,
                             .arguments = SP_SLICE_LITERAL("x")};
    (void)state;
    open_bench(&bench);
    assert_int_equal(judge(&bench, SP_OPERATION_NONE, NULL, sp_slice_of(""), &verdict),
                     SP_ERR_WIRE);
    assert_int_equal(judge(&bench, SP_OPERATION_COUNT, NULL, sp_slice_of(""), &verdict),
                     SP_ERR_WIRE);
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        job.policy[i] = bench.digest[i];
    }
    assert_int_equal(sp_inspect_job(bench.room, &job, &verdict), SP_ERR_WIRE);
    sp_inspect_room_free(bench.room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_ordered),
        cmocka_unit_test(test_ids_of_executions),
        cmocka_unit_test(test_jobs_that_front_does_not_make),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
