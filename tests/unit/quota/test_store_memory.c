#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quota/store_memory.h"
#include "store_stand.h"

static void test_the_memory_keeps_what_was_committed(void **state)
{
    struct sp_store_memory *memory = NULL;
    struct sp_quota_store store;
    (void)state;
    assert_int_equal(sp_store_memory_new(&memory, &store), SP_OK);
    tell_all(&store);
    check_all(&store);
    assert_int_equal(sp_store_memory_commits(memory), 1);
    sp_store_memory_fail(memory, SP_ERR_SYSTEM);
    assert_int_equal(store.begin(store.ctx), SP_OK);
    put_row(&store, SP_LIMIT_OF_TENANT, 9, 9);
    assert_int_equal(store.commit(store.ctx), SP_ERR_SYSTEM);
    sp_store_memory_fail(memory, SP_OK);
    check_all(&store);
    sweep_all(&store);
    sp_store_memory_free(memory);
}

static void test_a_share_is_granted_beyond_what_was_there(void **state)
{
    struct sp_store_memory *memory = NULL;
    struct sp_quota_store store;
    struct sp_store_row row = {
        .scope = SP_LIMIT_OF_TENANT, .name = SP_SLICE_LITERAL("acme"), .day = 7};
    (void)state;
    assert_int_equal(sp_store_memory_new(&memory, &store), SP_OK);
    sp_store_memory_share(memory, 10);
    for (uint64_t i = 1; i <= 3; i++) {
        row.day_used[SP_QUOTA_CODE_BYTES] = 1000;
        assert_int_equal(store.put(store.ctx, &row), SP_OK);
        assert_int_equal(store.commit(store.ctx), SP_OK);
        assert_true(row.day_used[SP_QUOTA_CODE_BYTES] == 10 * i);
    }
    sp_store_memory_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_memory_keeps_what_was_committed),
        cmocka_unit_test(test_a_share_is_granted_beyond_what_was_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
