#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/tile.h"
#include "base/attr.h"

static const struct {
    struct sp_tile tile;
    const char *path;
} paths[] = {
    {{0, 0, 256}, "tile/0/000"},
    {{0, 1234067, 256}, "tile/0/x001/x234/067"},
    {{7, 999, 1}, "tile/7/999.p/1"},
    {{1, 1000, 255}, "tile/1/x001/000.p/255"},
    {{SP_TILE_ENTRIES, 42, 17}, "tile/entries/042.p/17"},
    {{SP_TILE_ENTRIES, UINT64_MAX, 256}, "tile/entries/x018/x446/x744/x073/x709/x551/615"},
};

static void test_paths_go_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(paths); i++) {
        char text[SP_TILE_PATH_BYTES];
        struct sp_tile got;
        sp_tile_path(paths[i].tile, text);
        assert_string_equal(text, paths[i].path);
        assert_int_equal(sp_tile_from_path(sp_slice_of(text), &got), SP_OK);
        assert_int_equal(got.level, paths[i].tile.level);
        assert_int_equal(got.number, paths[i].tile.number);
        assert_int_equal(got.width, paths[i].tile.width);
    }
}

static void test_other_paths_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "tile/0",
        "tile/0/",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/8/000",
        "tile/-1/000",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/x000/001",
        "tile/0/x01/001",
        "tile/0/001/001",
        "tile/0/x001",
        "tile/entry/000",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/a00",
    };
    struct sp_tile got = {.number = 3};
    for (size_t i = 0; i < SP_COUNT(bad); i++) {
        assert_int_equal(sp_tile_from_path(sp_slice_of(bad[i]), &got), SP_ERR_INVALID);
    }
    assert_int_equal(got.number, 3);
}

static void test_a_tree_has_the_tiles_of_the_specification(void **state)
{
    (void)state;
    assert_int_equal(sp_tile_full(0, 70000), 273);
    assert_int_equal(sp_tile_partial(0, 70000), 112);
    assert_int_equal(sp_tile_full(1, 70000), 1);
    assert_int_equal(sp_tile_partial(1, 70000), 17);
    assert_int_equal(sp_tile_full(2, 70000), 0);
    assert_int_equal(sp_tile_partial(2, 70000), 1);
    assert_int_equal(sp_tile_partial(3, 70000), 0);
    assert_int_equal(sp_tile_full(SP_TILE_ENTRIES, 70000), 273);
    assert_int_equal(sp_tile_partial(SP_TILE_ENTRIES, 70000), 112);
    assert_int_equal(sp_tile_full(0, 256), 1);
    assert_int_equal(sp_tile_partial(0, 256), 0);
    assert_int_equal(sp_tile_partial(1, 256), 1);
}

static void test_a_bundle_is_taken_apart(void **state)
{
    (void)state;
    struct sp_slice bundle = sp_slice_make("\0\1a\0\0\0\2bc\0\5de", 13);
    struct sp_slice entry = {NULL, 0};
    assert_int_equal(sp_bundle_next(&bundle, &entry), SP_OK);
    assert_true(sp_slice_is(entry, "a"));
    assert_int_equal(sp_bundle_next(&bundle, &entry), SP_OK);
    assert_int_equal(entry.len, 0);
    assert_int_equal(sp_bundle_next(&bundle, &entry), SP_OK);
    assert_true(sp_slice_is(entry, "bc"));
    assert_int_equal(sp_bundle_next(&bundle, &entry), SP_ERR_SHORT);
    assert_int_equal(bundle.len, 4);
    bundle = sp_slice_make("\0", 1);
    assert_int_equal(sp_bundle_next(&bundle, &entry), SP_ERR_SHORT);
    bundle.len = 0;
    assert_int_equal(sp_bundle_next(&bundle, &entry), SP_ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_go_both_ways),
        cmocka_unit_test(test_other_paths_are_refused),
        cmocka_unit_test(test_a_tree_has_the_tiles_of_the_specification),
        cmocka_unit_test(test_a_bundle_is_taken_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
