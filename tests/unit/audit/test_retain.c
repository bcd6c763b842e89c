/* retain: audit records what is dropped, and gives up nothing that is needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/archive.h"
#include "audit/tile.h"
#include "audit/verify_log.h"
#include "room_world.h"

static struct fake_file *bundle(struct world *w, uint64_t number)
{
    char path[SP_TILE_PATH_BYTES];
    sp_tile_path((struct sp_tile){SP_TILE_ENTRIES, number, SP_TILE_WIDTH}, path);
    return fake_disk_find(&w->fake, SP_DISK_LOG, path);
}

static void test_a_short_log_can_spare_nothing(void **state)
{
    struct world *w = *state;
    uint64_t first = 77;
    lengthen(w, 600);
    publish(w);
    assert_int_equal(sp_audit_retire(w->room, 0, 512, w->now, &first), SP_OK);
    assert_int_equal(first, 0); /* the journals still need it all */
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"retention\""), 0);
}

static void test_what_is_dropped_is_recorded_and_the_rest_stays_whole(void **state)
{
    struct world *w = *state;
    struct sp_archive_proof proof;
    uint64_t first = 0;
    lengthen(w, 6000); /* three journals of one block a commit */
    publish(w);
    assert_int_equal(sp_audit_retire(w->room, 0, 700, w->now, &first), SP_OK);
    assert_int_equal(first, 512); /* whole bundles */
    assert_int_equal(fake_disk_lines(&w->fake, "{\"first\":512,"), 1);
    assert_int_equal(sp_audit_retire(w->room, 512, 700, w->now, &first), SP_OK);
    assert_int_equal(first, 512);
    assert_int_equal(fake_disk_lines(&w->fake, "\"kind\":\"retention\""),
                     1); /* nothing more to record */
    publish(w);
    assert_string_equal(verify(w, fake_key()).first, "");
    drop_before(w, 256);
    assert_string_equal(verify(w, fake_key()).first, ""); /* half done, as a crash leaves it */
    drop_before(w, 512);
    struct report report = verify(w, fake_key());
    assert_string_equal(report.first, "");
    assert_int_equal(report.verified.first, 512);
    /* every later proof */
    SP_AUTO_ARCHIVE struct sp_archive *archive = NULL;
    assert_int_equal(sp_archive_open(&w->fake.disk, &archive), SP_OK);
    assert_int_equal(sp_archive_prove(archive, 512, sp_archive_size(archive), &proof), SP_OK);
    assert_int_equal(sp_archive_prove(archive, 3, sp_archive_size(archive), &proof), SP_OK);
    assert_int_equal(sp_archive_prove_growth(archive, 300, sp_archive_size(archive), &proof),
                     SP_OK);
    /* one more than was recorded */
    drop_before(w, 768);
    assert_string_equal(
        verify(w, fake_key()).first,
        ": entries before 768 are gone, and the log says that of those before 512 only");
}

static void test_a_start_goes_on_from_a_log_without_its_beginning(void **state)
{
    struct world *w = *state;
    uint64_t first = 0;
    lengthen(w, 6000);
    publish(w);
    assert_int_equal(sp_audit_retire(w->room, 0, UINT64_MAX, w->now, &first), SP_OK);
    assert_true(first > 1024);
    publish(w);
    drop_before(w, first);
    assert_null(bundle(w, 0));
    sp_audit_room_free(w->room);
    open_room(w);
    assert_string_equal(sp_audit_trouble(w->room), "");
    sp_audit_stop(w->room, w->now);
    struct report report = verify(w, fake_key());
    assert_string_equal(report.first, "");
    assert_int_equal(report.verified.first, first);
}

static void test_an_open_intent_is_never_dropped(void **state)
{
    struct world *w = *state;
    uint64_t first = 0;
    lengthen(w, 1000);
    run(w, X);
    lengthen(w, 6000);
    publish(w);
    assert_int_equal(sp_audit_retire(w->room, 0, UINT64_MAX, w->now, &first), SP_OK);
    assert_int_equal(first, 768);
}

static void test_a_log_that_takes_nothing_records_nothing(void **state)
{
    struct world *w = *state;
    uint64_t first = 5;
    lengthen(w, 6000);
    publish(w);
    w->fake.is_failing_sync = true;
    assert_int_equal(sp_audit_retire(w->room, 256, 1024, w->now, &first), SP_ERR_LOG_UNAVAILABLE);
    assert_int_equal(first, 256);
    w->fake.is_failing_sync = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_short_log_can_spare_nothing),
        TEST(test_what_is_dropped_is_recorded_and_the_rest_stays_whole),
        TEST(test_a_start_goes_on_from_a_log_without_its_beginning),
        TEST(test_an_open_intent_is_never_dropped),
        TEST(test_a_log_that_takes_nothing_records_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
