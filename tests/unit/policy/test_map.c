#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "policy/map.h"

static void test_map_keeps_many_keys(void **state)
{
    struct sp_map map;
    char key[16];
    uint32_t value = 0;
    (void)state;
    sp_map_init(&map);
    for (uint32_t i = 0; i < 1000; i++) {
        (void)snprintf(key, sizeof(key), "key%u", i);
        assert_int_equal(sp_map_put(&map, sp_slice_of(key), i), SP_OK);
    }
    assert_int_equal(map.count, 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        (void)snprintf(key, sizeof(key), "key%u", i);
        assert_true(sp_map_get(&map, sp_slice_of(key), &value));
        assert_int_equal(value, i);
    }
    assert_false(sp_map_has(&map, SP_SLICE_LITERAL("key1000")));
    assert_false(sp_map_has(&map, SP_SLICE_LITERAL("")));
    sp_map_done(&map);
}

static void test_map_replaces_or_adds_bits(void **state)
{
    struct sp_map map;
    uint32_t value = 0;
    (void)state;
    sp_map_init(&map);
    assert_false(sp_map_get(&map, SP_SLICE_LITERAL("a"), &value));
    assert_int_equal(sp_map_or(&map, SP_SLICE_LITERAL("a"), 1), SP_OK);
    assert_int_equal(sp_map_or(&map, SP_SLICE_LITERAL("a"), 4), SP_OK);
    assert_true(sp_map_get(&map, SP_SLICE_LITERAL("a"), &value));
    assert_int_equal(value, 5);
    assert_int_equal(sp_map_put(&map, SP_SLICE_LITERAL("a"), 2), SP_OK);
    assert_true(sp_map_get(&map, SP_SLICE_LITERAL("a"), &value));
    assert_int_equal(value, 2);
    assert_int_equal(map.count, 1);
    sp_map_done(&map);
}

static void test_map_lists_keys_in_order(void **state)
{
    struct sp_map map;
    const struct sp_map_entry *entries[3];
    (void)state;
    sp_map_init(&map);
    assert_int_equal(sp_map_put(&map, SP_SLICE_LITERAL("b"), 1), SP_OK);
    assert_int_equal(sp_map_put(&map, SP_SLICE_LITERAL("a.b"), 2), SP_OK);
    assert_int_equal(sp_map_put(&map, SP_SLICE_LITERAL("a"), 3), SP_OK);
    sp_map_sorted(&map, entries);
    assert_true(sp_slice_is(entries[0]->key, "a"));
    assert_true(sp_slice_is(entries[1]->key, "a.b"));
    assert_true(sp_slice_is(entries[2]->key, "b"));
    sp_map_done(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map_keeps_many_keys),
        cmocka_unit_test(test_map_replaces_or_adds_bits),
        cmocka_unit_test(test_map_lists_keys_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
