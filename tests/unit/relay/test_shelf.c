/* shelf: a result is there for its own session alone, for a while, and never in the way of others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "relay/shelf.h"

#define SECOND UINT64_C(1000000)

static const struct sp_execution done = {.state = SP_EXECUTION_ENDED,
                                         .result = {(const uint8_t *)"result", 6}};

static uint32_t begin(struct sp_shelf *shelf, const char *session, const char *id, uint64_t now_us)
{
    uint32_t ticket = 0;
    assert_int_equal(
        sp_shelf_begin(shelf, 1, sp_slice_of(session), sp_slice_of(id), now_us, &ticket), SP_OK);
    assert_true(ticket != 0);
    return ticket;
}

static enum sp_err find(struct sp_shelf *shelf, const char *session, const char *id,
                        struct sp_execution *out)
{
    return sp_shelf_find(shelf, sp_slice_of(session), sp_slice_of(id), out);
}

static void test_run_is_found_by_session_and_id_together(void **state)
{
    struct sp_shelf *shelf = NULL;
    struct sp_execution found;
    (void)state;
    assert_int_equal(sp_shelf_new(&shelf), SP_OK);
    uint32_t ticket = begin(shelf, "mine", "1", 0);
    assert_int_equal(find(shelf, "mine", "1", &found), SP_OK);
    assert_int_equal(found.state, SP_EXECUTION_RUNNING);
    assert_int_equal(find(shelf, "theirs", "1", &found), SP_ERR_EXECUTION_NOT_FOUND);
    assert_int_equal(find(shelf, "mine", "2", &found), SP_ERR_EXECUTION_NOT_FOUND);
    sp_shelf_end(shelf, ticket, &done, SECOND);
    assert_int_equal(find(shelf, "mine", "1", &found), SP_OK);
    assert_int_equal(found.state, SP_EXECUTION_ENDED);
    assert_true(sp_slice_is(found.result, "result"));
    sp_shelf_tick(shelf, SECOND + SP_SHELF_KEEP_US - 1);
    assert_int_equal(find(shelf, "mine", "1", &found), SP_OK);
    sp_shelf_tick(shelf, SECOND + SP_SHELF_KEEP_US);
    assert_int_equal(find(shelf, "mine", "1", &found), SP_ERR_EXECUTION_NOT_FOUND);
    sp_shelf_free(shelf);
}

static void test_name_is_taken_while_its_run_goes_on(void **state)
{
    struct sp_shelf *shelf = NULL;
    uint32_t ticket = 0;
    (void)state;
    assert_int_equal(sp_shelf_new(&shelf), SP_OK);
    uint32_t first = begin(shelf, "s", "1", 0);
    assert_int_equal(sp_shelf_begin(shelf, 1, sp_slice_of("s"), sp_slice_of("1"), 0, &ticket),
                     SP_ERR_CONFLICT);
    sp_shelf_end(shelf, first, &done, 0);
    (void)begin(shelf, "s", "1", 1);
    sp_shelf_end(shelf, first, &done, 2); /* of the run before: nothing of it is left to end */
    struct sp_execution found;
    assert_int_equal(find(shelf, "s", "1", &found), SP_OK);
    assert_int_equal(found.state, SP_EXECUTION_RUNNING);
    sp_shelf_free(shelf);
}

static void test_dropped_run_leaves_nothing(void **state)
{
    struct sp_shelf *shelf = NULL;
    struct sp_execution found;
    (void)state;
    assert_int_equal(sp_shelf_new(&shelf), SP_OK);
    sp_shelf_drop(shelf, begin(shelf, "s", "1", 0));
    assert_int_equal(find(shelf, "s", "1", &found), SP_ERR_EXECUTION_NOT_FOUND);
    sp_shelf_free(shelf);
}

static void test_full_shelf_gives_way_to_no_new_result(void **state)
{
    struct sp_shelf *shelf = NULL;
    struct sp_execution found;
    uint32_t ticket = 0;
    uint32_t first = 0;
    char id[16];
    (void)state;
    assert_int_equal(sp_shelf_new(&shelf), SP_OK);
    for (unsigned i = 0; i < SP_SHELF_ENTRIES_MAX; i++) {
        id[0] = (char)('a' + i % 26);
        id[1] = (char)('a' + i / 26 % 26);
        id[2] = (char)('a' + i / 676);
        id[3] = '\0';
        assert_int_equal(
            sp_shelf_begin(shelf, i / 100, sp_slice_of("s"), sp_slice_of(id), 0, &ticket), SP_OK);
        first = i == 0 ? ticket : first;
    }
    assert_int_equal(
        sp_shelf_begin(shelf, 99, sp_slice_of("s"), sp_slice_of("new"), SECOND, &ticket),
        SP_ERR_FULL);
    sp_shelf_end(shelf, first, &done, SECOND);
    assert_int_equal(
        sp_shelf_begin(shelf, 99, sp_slice_of("s"), sp_slice_of("new"), 2 * SECOND, &ticket),
        SP_ERR_FULL);
    assert_int_equal(
        sp_shelf_begin(shelf, 99, sp_slice_of("s"), sp_slice_of("new"), 60 * SECOND, &ticket),
        SP_OK);
    assert_int_equal(find(shelf, "s", "aaa", &found), SP_ERR_EXECUTION_NOT_FOUND);
    sp_shelf_free(shelf);
}

/* The share is each tenant's own: whoever fills it forgets what is its own. */
static void test_a_tenant_has_its_share(void **state)
{
    struct sp_shelf *shelf = NULL;
    struct sp_execution found;
    uint32_t ticket = 0;
    char id[16];
    (void)state;
    assert_int_equal(sp_shelf_new(&shelf), SP_OK);
    assert_int_equal(sp_shelf_begin(shelf, 2, sp_slice_of("s"), sp_slice_of("theirs"), 0, &ticket),
                     SP_OK);
    sp_shelf_end(shelf, ticket, &done, 0);
    for (unsigned i = 0; i < SP_SHELF_OF_OWNER; i++) {
        (void)snprintf(id, sizeof(id), "%u", i);
        (void)begin(shelf, "s", id, 1);
    }
    assert_int_equal(sp_shelf_begin(shelf, 1, sp_slice_of("s"), sp_slice_of("more"), 1, &ticket),
                     SP_ERR_FULL);
    assert_int_equal(
        sp_shelf_begin(shelf, 2, sp_slice_of("s"), sp_slice_of("more of theirs"), 1, &ticket),
        SP_OK);
    sp_shelf_end(shelf, 3, &done, 2); /* the second of the first tenant's */
    (void)begin(shelf, "s", "more", 3);
    assert_int_equal(find(shelf, "s", "1", &found), SP_ERR_EXECUTION_NOT_FOUND);
    assert_int_equal(find(shelf, "s", "0", &found), SP_OK);
    assert_int_equal(find(shelf, "s", "theirs", &found), SP_OK);
    sp_shelf_free(shelf);
}

static void test_a_tenant_has_its_share_of_bytes(void **state)
{
    static uint8_t large[SP_SHELF_OWNER_BYTES / 2];
    const struct sp_execution half = {.state = SP_EXECUTION_ENDED,
                                      .result = {large, sizeof(large)}};
    struct sp_shelf *shelf = NULL;
    struct sp_execution found;
    (void)state;
    assert_int_equal(sp_shelf_new(&shelf), SP_OK);
    for (unsigned i = 0; i < 3; i++) {
        const char id[] = {(char)('a' + i), 0};
        sp_shelf_end(shelf, begin(shelf, "s", id, i), &half, i);
    }
    assert_int_equal(find(shelf, "s", "a", &found), SP_ERR_EXECUTION_NOT_FOUND);
    assert_int_equal(find(shelf, "s", "b", &found), SP_OK);
    assert_int_equal(found.result.len, sizeof(large));
    assert_int_equal(find(shelf, "s", "c", &found), SP_OK);
    sp_shelf_free(shelf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_tenant_has_its_share),
        cmocka_unit_test(test_a_tenant_has_its_share_of_bytes),
        cmocka_unit_test(test_run_is_found_by_session_and_id_together),
        cmocka_unit_test(test_name_is_taken_while_its_run_goes_on),
        cmocka_unit_test(test_dropped_run_leaves_nothing),
        cmocka_unit_test(test_full_shelf_gives_way_to_no_new_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
