/* way: whoever trusts an earlier key is led to the later ones, also when the entries that name them are dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audit/tile.h"
#include "audit/verify_log.h"
#include "audit/way.h"
#include "room_world.h"

/* What `sallyport audit rotate-key` and SIGHUP do. */
static void rotate(struct world *w)
{
    static const uint8_t policies[SP_DIGEST_BYTES] = {7};
    const struct sp_audit_changes changes = {.configuration = {9},
                                             .policies = sp_slice_make(policies, sizeof(policies))};
    const struct report report = verify(w, NULL);
    struct fake_file *old = fake_disk_find(&w->fake, SP_DISK_OWN, SP_LOG_ROTATE_FILE);
    const struct sp_disk_name name = {.place = SP_DISK_OWN, .path = SP_LOG_ROTATE_FILE};
    if (old != NULL) {
        old->is_there = false;
    }
    assert_int_equal(sp_disk_put_file(&w->fake.disk, name, sp_slice_of(report.verified.key)),
                     SP_OK);
    assert_int_equal(sp_audit_reload(w->room, &changes, w->now), SP_OK);
    commit(w);
    publish(w);
}

/* A log with three keys, whose two changes are among the entries that are dropped. */
static uint64_t make_old_log(struct world *w)
{
    uint64_t first = 0;
    publish(w);
    rotate(w);
    lengthen(w, 300);
    publish(w);
    rotate(w);
    lengthen(w, 6000);
    publish(w);
    assert_int_equal(sp_audit_retire(w->room, 0, 700, w->now, &first), SP_OK);
    assert_int_equal(first, 512);
    publish(w);
    return first;
}

static void test_a_dropped_change_still_leads_from_the_old_key(void **state)
{
    struct world *w = *state;
    const uint64_t first = make_old_log(w);
    assert_string_equal(verify(w, fake_key()).first, "");
    drop_before(w, first);
    struct report report = verify(w, fake_key());
    assert_string_equal(report.first, "");
    assert_int_equal(report.verified.keys, 3);
    /* and from the key between, and the latest */
    SP_AUTO_NOTE_KEY struct sp_note_key latest = {.key = NULL};
    assert_int_equal(sp_note_key_read(sp_slice_of(report.verified.key), &latest), SP_OK);
    assert_string_equal(verify(w, &latest).first, "");
    /* without one of the files the way ends */
    struct fake_file *way = fake_disk_find(&w->fake, SP_DISK_LOG, "keys/2");
    assert_non_null(way);
    way->is_there = false;
    assert_string_not_equal(verify(w, fake_key()).first, "");
    assert_string_equal(verify(w, &latest).first, "");
    way->is_there = true;
    fake_disk_find(&w->fake, SP_DISK_LOG, "keys/3")->is_there = false;
    assert_string_not_equal(verify(w, fake_key()).first, "");
}

/* The entry that is dropped is the last one that is. */
static void test_a_rotation_at_the_very_beginning_has_its_change_before_it(void **state)
{
    struct world *w = *state;
    uint64_t first = 0;
    publish(w);
    const uint64_t size = verify(w, NULL).verified.published;
    lengthen(w, (unsigned)(SP_TILE_WIDTH - size - 2)); /* then the reload, and the key */
    publish(w);
    rotate(w);
    lengthen(w, 6000);
    publish(w);
    struct fake_file *way = fake_disk_find(&w->fake, SP_DISK_LOG, "keys/2");
    assert_non_null(way);
    assert_non_null(memmem(way->bytes.ptr, way->bytes.len, "\nindex 255\n", 11));
    assert_int_equal(sp_audit_retire(w->room, 0, SP_TILE_WIDTH, w->now, &first), SP_OK);
    assert_int_equal(first, SP_TILE_WIDTH);
    publish(w);
    drop_before(w, first);
    assert_string_equal(verify(w, fake_key()).first, "");
    assert_string_equal(verify(w, NULL).first, "");
}

static void test_no_byte_of_the_file_can_be_another(void **state)
{
    struct world *w = *state;
    struct sp_way way;
    const char *flaw = "";
    publish(w);
    rotate(w);
    struct fake_file *file = fake_disk_find(&w->fake, SP_DISK_LOG, "keys/2");
    assert_non_null(file);
    assert_int_equal(sp_way_read(sp_buf_slice(&file->bytes), &way, &flaw), SP_OK);
    assert_null(flaw);
    assert_null(sp_way_check(&w->fake.disk, 2));
    for (size_t at = 0; at < file->bytes.len; at++) {
        file->bytes.ptr[at] ^= (uint8_t)(1U << (at % 8));
        assert_int_equal(sp_way_read(sp_buf_slice(&file->bytes), &way, &flaw), SP_ERR_INVALID);
        assert_non_null(flaw);
        file->bytes.ptr[at] ^= (uint8_t)(1U << (at % 8));
    }
    for (size_t len = 0; len < file->bytes.len; len++) {
        assert_int_equal(sp_way_read(sp_slice_make(file->bytes.ptr, len), &way, &flaw),
                         SP_ERR_INVALID);
    }
    assert_int_equal(sp_buf_put_byte(&file->bytes, '\n'), SP_OK);
    assert_int_equal(sp_way_read(sp_buf_slice(&file->bytes), &way, &flaw), SP_ERR_INVALID);
}

static void test_names_are_exact(void **state)
{
    static const char *const others[] = {"keys/1",  "keys/0", "keys/02",   "keys/1001", "keys/+2",
                                         "keys/2x", "keys/",  "keys/2/..", "key/2",     "keys"};
    unsigned number = 0;
    char path[SP_WAY_PATH_BYTES];
    (void)state;
    for (unsigned i = SP_WAY_FIRST; i <= SP_WAY_LAST; i++) {
        sp_way_path(i, path);
        assert_true(sp_way_number(sp_slice_of(path), &number));
        assert_int_equal(number, i);
    }
    for (size_t i = 0; i < SP_COUNT(others); i++) {
        assert_false(sp_way_number(sp_slice_of(others[i]), &number));
    }
}

static void test_half_a_file_is_written_over(void **state)
{
    struct world *w = *state;
    publish(w);
    const struct sp_disk_name name = {.place = SP_DISK_LOG, .path = "keys/2"};
    assert_int_equal(sp_disk_put_file(&w->fake.disk, name, sp_slice_of("short")), SP_OK);
    rotate(w);
    assert_null(sp_way_check(&w->fake.disk, 2));
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"rotation\""), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_dropped_change_still_leads_from_the_old_key),
        TEST(test_a_rotation_at_the_very_beginning_has_its_change_before_it),
        TEST(test_no_byte_of_the_file_can_be_another),
        cmocka_unit_test(test_names_are_exact),
        TEST(test_half_a_file_is_written_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
