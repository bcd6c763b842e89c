#include "pool/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct sp_frame item(unsigned kind, bool has_more, const char *text)
{
    return (struct sp_frame){.type = SP_FRAME_ITEM,
                             .a = SP_ITEM_RESULT,
                             .b = (uint8_t)kind,
                             .c = has_more ? 1 : 0,
                             .bytes = sp_slice_of(text)};
}

static void test_parts_become_one_item(void **state)
{
    (void)state;
    struct sp_pool_run *run = sp_pool_run_new(sp_slice_of(""), 64);
    const struct sp_frame frames[] = {item(SP_ITEM_PNG, true, "ab"), item(SP_ITEM_PNG, true, "cd"),
                                      item(SP_ITEM_PNG, false, "e"),
                                      item(SP_ITEM_TEXT, false, "t")};
    for (size_t i = 0; i < SP_COUNT(frames); i++) {
        assert_int_equal(sp_pool_run_take(run, &frames[i]), SP_OK);
    }
    assert_int_equal(run->item_count, 2);
    const struct sp_pool_item *picture = sp_pool_run_find(run, SP_ITEM_RESULT, SP_ITEM_PNG);
    assert_non_null(picture);
    assert_true(sp_slice_is(sp_pool_run_bytes(run, picture), "abcde"));
    assert_null(sp_pool_run_find(run, SP_ITEM_DISPLAY, SP_ITEM_PNG));
    sp_pool_run_free(run);
}

static void test_wrong_frames_are_refused(void **state)
{
    static const struct {
        const char *name;
        struct sp_frame frame;
        enum sp_err want;
    } cases[] = {
        {"a role", {.type = SP_FRAME_ITEM, .a = SP_ITEM_ERROR}, SP_OK},
        {"no role", {.type = SP_FRAME_ITEM, .a = SP_ITEM_ROLE_COUNT}, SP_ERR_WIRE},
        {"no kind", {.type = SP_FRAME_ITEM, .b = SP_ITEM_KIND_COUNT}, SP_ERR_WIRE},
        {"last group", {.type = SP_FRAME_ITEM, .group = SP_FRAME_GROUPS_MAX - 1}, SP_OK},
        {"group over the limit",
         {.type = SP_FRAME_ITEM, .group = SP_FRAME_GROUPS_MAX},
         SP_ERR_WIRE},
        {"stream 0", {.type = SP_FRAME_STREAM, .a = 0}, SP_ERR_WIRE},
        {"stream 2", {.type = SP_FRAME_STREAM, .a = 2}, SP_OK},
        {"stream 3", {.type = SP_FRAME_STREAM, .a = 3}, SP_ERR_WIRE},
        {"a hello", {.type = SP_FRAME_HELLO}, SP_ERR_WIRE},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_pool_run *run = sp_pool_run_new(sp_slice_of(""), 64);
        enum sp_err err = sp_pool_run_take(run, &cases[i].frame);
        sp_pool_run_free(run);
        if (err != cases[i].want) {
            fail_msg("%s: %s", cases[i].name, sp_err_name(err));
        }
    }
}

static void test_items_past_the_count_are_left_out(void **state)
{
    (void)state;
    struct sp_pool_run *run = sp_pool_run_new(sp_slice_of(""), 64);
    const struct sp_frame frame = item(SP_ITEM_TEXT, false, "x");
    for (unsigned i = 0; i < SP_POOL_ITEMS_MAX; i++) {
        assert_int_equal(sp_pool_run_take(run, &frame), SP_OK);
    }
    assert_false(run->is_item_cut);
    assert_int_equal(sp_pool_run_take(run, &frame), SP_OK);
    assert_true(run->is_item_cut);
    assert_int_equal(run->item_count, SP_POOL_ITEMS_MAX);
    sp_pool_run_free(run);
}

static void test_item_that_grows_too_big_is_dropped_whole(void **state)
{
    static uint8_t part[SP_FRAME_PART_MAX];
    (void)state;
    struct sp_pool_run *run = sp_pool_run_new(sp_slice_of(""), 64);
    const struct sp_frame small = item(SP_ITEM_TEXT, false, "kept");
    struct sp_frame big = item(SP_ITEM_PNG, true, "");
    big.bytes = sp_slice_make(part, sizeof part);
    assert_int_equal(sp_pool_run_take(run, &small), SP_OK);
    for (size_t sent = 0; sent <= SP_FRAME_ITEMS_MAX && !run->is_item_cut; sent += sizeof part) {
        assert_int_equal(sp_pool_run_take(run, &big), SP_OK);
    }
    assert_true(run->is_item_cut);
    assert_int_equal(run->item_count, 1);
    assert_int_equal(run->item_bytes.len, 4);
    sp_pool_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_become_one_item),
        cmocka_unit_test(test_wrong_frames_are_refused),
        cmocka_unit_test(test_items_past_the_count_are_left_out),
        cmocka_unit_test(test_item_that_grows_too_big_is_dropped_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
