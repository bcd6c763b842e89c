/* room_body: the sizes of bodies by operation, and the names of runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admit/room_inner.h"
#include "api/route.h"

static const struct sp_admit_limits limits = {.body_bytes_max = 1000000,
                                              .upload_body_max = 9000000};

static void test_size_goes_by_the_operation(void **state)
{
    static const struct {
        uint8_t operation;
        uint64_t announced;
        enum sp_err err;
        uint64_t bytes;
    } cases[] = {
        {SP_OPERATION_EXECUTE, 1000000, SP_OK, 1000000},
        {SP_OPERATION_EXECUTE, 1000001, SP_ERR_TOO_BIG, 0},
        {SP_OPERATION_EXECUTE, UINT64_MAX, SP_OK, 1000000},
        {SP_OPERATION_FILE_PUT, 9000000, SP_OK, 9000000},
        {SP_OPERATION_FILE_PUT, 9000001, SP_ERR_TOO_BIG, 0},
        {SP_OPERATION_FILE_PUT, UINT64_MAX, SP_OK, 9000000},
        {SP_OPERATION_SESSION_DELETE, 65536, SP_OK, 65536},
        {SP_OPERATION_SESSION_DELETE, 65537, SP_ERR_TOO_BIG, 0},
    };
    (void)state;
    struct sp_admit_room room = {.limits = limits};
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        const struct sp_msg_ask ask = {.has_body = 1, .body_bytes = cases[i].announced};
        uint64_t bytes = 0;
        uint64_t most = 0;
        assert_int_equal(sp_admit_size_body(&room, &ask, cases[i].operation, &bytes, &most),
                         cases[i].err);
        assert_true(bytes == cases[i].bytes && most > 0);
    }
}

static void test_runs_are_named_by_the_client_or_by_us(void **state)
{
    struct sp_admit_room room = {.run_seed = 0x1234};
    struct sp_guest guest = {.exchange = 0xABCD};
    (void)state;
    sp_admit_name_run(&room, &guest, SP_SLICE_LITERAL("my-operation"));
    assert_true(sp_slice_is(sp_guest_text_get(&guest.execution), "my-operation"));
    sp_admit_name_run(&room, &guest, SP_SLICE_LITERAL("not a token"));
    assert_true(
        sp_slice_is(sp_guest_text_get(&guest.execution), "0000000000001234000000000000abcd"));
    sp_admit_name_run(&room, &guest, sp_slice_of(""));
    assert_true(
        sp_slice_is(sp_guest_text_get(&guest.execution), "0000000000001234000000000000abcd"));
}

static void test_only_large_files_are_large(void **state)
{
    struct sp_guest guest = {.operation = SP_OPERATION_FILE_PUT,
                             .item = {.bytes = (uint64_t)1024 * 1024}};
    (void)state;
    assert_false(sp_admit_is_large(&guest));
    guest.item.bytes++;
    assert_true(sp_admit_is_large(&guest));
    guest.operation = SP_OPERATION_EXECUTE;
    assert_false(sp_admit_is_large(&guest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size_goes_by_the_operation),
        cmocka_unit_test(test_runs_are_named_by_the_client_or_by_us),
        cmocka_unit_test(test_only_large_files_are_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
