#include "session/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define ARENA ((size_t)1024 * 1024)
#define HUGE  ((uintptr_t)2 * 1024 * 1024)

static void touch(uint8_t *arena, uint8_t value)
{
    for (size_t i = 0; i < ARENA; i += 4096) {
        arena[i] = value;
    }
}

static void test_arenas_lie_side_by_side_where_huge_pages_can(void **state)
{
    uint8_t *last = NULL;
    uint8_t *first = NULL;
    (void)state;
    sp_arena_open();
    first = sp_arena_new(NULL, ARENA);
    assert_non_null(first);
    assert_int_equal((uintptr_t)first % HUGE, 0);
    touch(first, 1);
    last = first;
    for (size_t i = 1; i < SP_ARENA_CHUNK_BYTES / ARENA; i++) {
        uint8_t *arena = sp_arena_new(NULL, ARENA);
        assert_ptr_equal(arena, last + ARENA);
        touch(arena, (uint8_t)i);
        last = arena;
    }
    assert_int_equal(first[4096], 1);
    /* The chunk is used up: a new one begins. */
    last = sp_arena_new(NULL, ARENA);
    assert_non_null(last);
    assert_int_equal((uintptr_t)last % HUGE, 0);
    sp_arena_free(NULL, last, ARENA);
}

static void test_sealed_one_gives_single_mappings(void **state)
{
    uint8_t *big = NULL;
    uint8_t *small = NULL;
    (void)state;
    sp_arena_open();
    sp_arena_seal();
    /* No chunk has room for this, and none is begun. */
    big = sp_arena_new(NULL, SP_ARENA_CHUNK_BYTES);
    assert_non_null(big);
    touch(big, 7);
    sp_arena_free(NULL, big, SP_ARENA_CHUNK_BYTES);
    small = sp_arena_new(NULL, ARENA);
    assert_non_null(small);
    touch(small, 8);
    sp_arena_free(NULL, small, ARENA);
}

static void test_too_much_is_refused(void **state)
{
    (void)state;
    sp_arena_open();
    assert_null(sp_arena_new(NULL, SIZE_MAX / 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arenas_lie_side_by_side_where_huge_pages_can),
        cmocka_unit_test(test_sealed_one_gives_single_mappings),
        cmocka_unit_test(test_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
