#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/store.h"
#include "fake_disk.h"

struct world {
    struct fake_disk fake;
    struct sp_store store;
    struct sp_merkle_range range;
};

static int make_world(void **state)
{
    static struct world w;
    w = (struct world){.range = {.size = 0}};
    fake_disk_init(&w.fake);
    assert_int_equal(sp_store_init(&w.store, &w.fake.disk), SP_OK);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    sp_store_done(&w->store);
    fake_disk_done(&w->fake);
    return 0;
}

static enum sp_err add(struct world *w, uint32_t number)
{
    struct sp_node upper[SP_MERKLE_UPPER_MAX];
    struct sp_node leaf;
    struct sp_store_entry entry = {
        .bytes = sp_slice_make(&number, sizeof(number)), .leaf = &leaf, .upper = upper};
    assert_int_equal(sp_merkle_leaf(entry.bytes, &leaf), SP_OK);
    assert_int_equal(sp_merkle_append(&w->range, &leaf, upper, &entry.upper_count), SP_OK);
    return sp_store_add(&w->store, &entry);
}

static void same_root(const struct sp_merkle_range *a, const struct sp_merkle_range *b)
{
    struct sp_node of_a;
    struct sp_node of_b;
    assert_int_equal(a->size, b->size);
    assert_int_equal(sp_merkle_root(a, &of_a), SP_OK);
    assert_int_equal(sp_merkle_root(b, &of_b), SP_OK);
    assert_true(sp_node_equal(&of_a, &of_b));
}

static void test_what_is_laid_down_is_loaded_again(void **state)
{
    static const uint32_t sizes[] = {1, 2, 255, 256, 257, 600};
    struct world *w = *state;
    uint32_t number = 0;
    for (size_t i = 0; i < SP_COUNT(sizes); i++) {
        static struct sp_store again;
        struct sp_merkle_range range;
        for (; number < sizes[i]; number++) {
            assert_int_equal(add(w, number), SP_OK);
        }
        assert_int_equal(sp_store_publish(&w->store, sp_slice_of("a note that grows with time")),
                         SP_OK);
        assert_int_equal(sp_store_init(&again, &w->fake.disk), SP_OK);
        assert_int_equal(sp_store_load(&again, sizes[i], &range), SP_OK);
        same_root(&range, &w->range);
        assert_true(sp_slice_equal(sp_buf_slice(&again.bundle), sp_buf_slice(&w->store.bundle)));
        sp_store_done(&again);
    }
    assert_null(sp_store_trouble(&w->store));
    assert_int_equal(sp_store_sync(&w->store, 1), SP_OK);
    assert_int_equal(w->store.synced, 256);
    assert_int_equal(sp_store_sync_published(&w->store), SP_OK);
    assert_int_equal(w->store.synced, 512);
}

static void test_a_wider_tile_serves_for_a_narrow_one(void **state)
{
    struct world *w = *state;
    struct sp_merkle_range range;
    struct sp_merkle_range at_100 = {.size = 0};
    for (uint32_t number = 0; number < 120; number++) {
        assert_int_equal(add(w, number), SP_OK);
        at_100 = number == 99 ? w->range : at_100;
    }
    assert_int_equal(sp_store_publish(&w->store, sp_slice_of("note")), SP_OK);
    static struct sp_store again;
    assert_int_equal(sp_store_init(&again, &w->fake.disk), SP_OK);
    assert_int_equal(sp_store_load(&again, 100, &range), SP_OK);
    same_root(&range, &at_100);
    assert_int_equal(sp_store_load(&again, 121, &range), SP_ERR_NOT_FOUND);
    sp_store_done(&again);
}

static void test_entries_and_hashes_must_fit(void **state)
{
    struct world *w = *state;
    struct sp_merkle_range range;
    static struct sp_store again;
    for (uint32_t number = 0; number < 5; number++) {
        assert_int_equal(add(w, number), SP_OK);
    }
    assert_int_equal(sp_store_publish(&w->store, sp_slice_of("note")), SP_OK);
    struct fake_file *bundle = fake_disk_find(&w->fake, SP_DISK_LOG, "tile/entries/000.p/5");
    assert_int_equal(sp_store_init(&again, &w->fake.disk), SP_OK);
    bundle->bytes.ptr[5] ^= 1;
    assert_int_equal(sp_store_load(&again, 5, &range), SP_ERR_CORRUPT);
    bundle->bytes.ptr[5] ^= 1;
    sp_buf_truncate(&bundle->bytes, bundle->bytes.len - 1);
    assert_int_equal(sp_store_load(&again, 5, &range), SP_ERR_NOT_FOUND);
    sp_store_done(&again);
}

/* The entry is taken, the files are owed, and nothing more is taken before they are written. */
static void test_files_that_cannot_be_written_are_owed(void **state)
{
    struct world *w = *state;
    for (uint32_t number = 0; number < 255; number++) {
        assert_int_equal(add(w, number), SP_OK);
    }
    w->fake.is_failing_write = true;
    assert_int_equal(add(w, 255), SP_ERR_SYSTEM);
    assert_int_equal(w->store.size, 256);
    assert_int_equal(sp_store_lay(&w->store), SP_ERR_SYSTEM);
    assert_int_equal(sp_store_publish(&w->store, sp_slice_of("note")), SP_ERR_SYSTEM);
    w->fake.is_failing_write = false;
    assert_int_equal(sp_store_lay(&w->store), SP_OK);
    assert_int_equal(add(w, 256), SP_OK);
    assert_int_equal(fake_disk_find(&w->fake, SP_DISK_LOG, "tile/entries/000")->bytes.len, 256 * 6);
    assert_int_equal(fake_disk_find(&w->fake, SP_DISK_LOG, "tile/0/000")->bytes.len, 256 * 32);
}

/* Partial files of 1, 2 and 3 entries: an older one that a crash tore is whole again, one that was changed stays. */
static void test_narrower_files_that_a_crash_tore_are_written_anew(void **state)
{
    static const char *const names[] = {"tile/entries/000.p/1", "tile/entries/000.p/2",
                                        "tile/0/000.p/1", "tile/0/000.p/2"};
    struct world *w = *state;
    struct fake_file *files[SP_COUNT(names)];
    for (uint32_t number = 1; number <= 3; number++) {
        assert_int_equal(add(w, number << 24 | number), SP_OK);
        assert_int_equal(sp_store_publish(&w->store, sp_slice_of("note")), SP_OK);
    }
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        files[i] = fake_disk_find(&w->fake, SP_DISK_LOG, names[i]);
    }
    sp_buf_clear(&files[0]->bytes);
    sp_buf_truncate(&files[2]->bytes, 31);
    for (size_t i = 6; i < 12; i++) {
        files[1]->bytes.ptr[i] = 0;
    }
    files[3]->bytes.ptr[40] ^= 0x80;
    const uint8_t changed = files[3]->bytes.ptr[40];
    assert_int_equal(sp_store_publish(&w->store, sp_slice_of("note")), SP_OK);
    assert_int_equal(files[0]->bytes.len, 0); /* nothing was lost as far as the store knows */
    sp_store_adopt(&w->store);
    assert_int_equal(sp_store_publish(&w->store, sp_slice_of("note")), SP_OK);
    for (size_t i = 0; i < 3; i++) {
        const struct fake_file *widest = fake_disk_find(
            &w->fake, SP_DISK_LOG, i < 2 ? "tile/entries/000.p/3" : "tile/0/000.p/3");
        assert_int_equal(files[i]->bytes.len, i < 2 ? 6 * (i + 1) : 32);
        assert_memory_equal(files[i]->bytes.ptr, widest->bytes.ptr, files[i]->bytes.len);
    }
    assert_int_equal(files[3]->bytes.ptr[40], changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_laid_down_is_loaded_again, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_a_wider_tile_serves_for_a_narrow_one, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_entries_and_hashes_must_fit, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_files_that_cannot_be_written_are_owed, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_narrower_files_that_a_crash_tore_are_written_anew,
                                        make_world, end_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
