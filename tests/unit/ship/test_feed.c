#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "audit/tile.h"
#include "ship/feed.h"

#define HEX "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* A log of so many entries, of which the first bundles are gone and one entry is no entry. */
static struct {
    uint64_t size;
    uint64_t gone; /* bundles */
    uint64_t bad;
    struct sp_buf file;
} log_on_disk;

static void put_bundle(struct sp_tile tile)
{
    for (unsigned i = 0; i < tile.width; i++) {
        char line[160];
        const uint64_t index = tile.number * SP_TILE_WIDTH + i;
        const int len = snprintf(
            line, sizeof(line),
            index == log_on_disk.bad
                ? "no entry %llu"
                : "{\"index\":%llu,\"kind\":\"denial\",\"time\":\"2026-01-31T10:00:00.000000Z\"}",
            (unsigned long long)index);
        assert_int_equal(sp_buf_put_byte(&log_on_disk.file, 0), SP_OK);
        assert_int_equal(sp_buf_put_byte(&log_on_disk.file, (uint8_t)len), SP_OK);
        assert_int_equal(sp_buf_put(&log_on_disk.file, sp_slice_make(line, (size_t)len)), SP_OK);
    }
}

/* One file is open at a time, and made when it is looked for. */
static enum sp_err on_find(void *ctx, struct sp_disk_name name, struct sp_disk_stat *out)
{
    struct sp_tile tile = {.level = 0};
    (void)ctx;
    sp_buf_clear(&log_on_disk.file);
    if (name.place != SP_DISK_LOG || log_on_disk.size == 0) {
        return SP_ERR_NOT_FOUND;
    }
    if (strcmp(name.path, "checkpoint") == 0) {
        assert_int_equal(sp_buf_putf(&log_on_disk.file,
                                     "o\n%llu\n" HEX "A=\n\n\xe2\x80\x94 o " HEX HEX "AAAAAAA=\n",
                                     (unsigned long long)log_on_disk.size),
                         SP_OK);
    } else if (sp_tile_from_path(sp_slice_of(name.path), &tile) != SP_OK ||
               tile.number < log_on_disk.gone ||
               tile.number * SP_TILE_WIDTH + tile.width > log_on_disk.size) {
        return SP_ERR_NOT_FOUND;
    } else {
        put_bundle(tile);
    }
    *out = (struct sp_disk_stat){.size = log_on_disk.file.len};
    return SP_OK;
}

static enum sp_err on_open(void *ctx, struct sp_disk_name name, enum sp_disk_how how, int *out_fd)
{
    struct sp_disk_stat ignored;
    assert_int_equal(how, SP_DISK_READ);
    *out_fd = 3;
    return on_find(ctx, name, &ignored);
}

static enum sp_err on_read(void *ctx, int fd, uint64_t at, uint8_t *out, size_t len,
                           size_t *out_len)
{
    (void)ctx;
    assert_int_equal(fd, 3);
    *out_len =
        sp_slice_copy(sp_slice_sub(sp_buf_slice(&log_on_disk.file), (size_t)at, len), out, len);
    return SP_OK;
}

static void on_close(void *ctx, int fd)
{
    (void)ctx;
    assert_int_equal(fd, 3);
}

static const struct sp_disk disk = {
    .open = on_open, .close = on_close, .find = on_find, .read = on_read};

static void make(struct sp_feed *feed, uint64_t size, uint64_t next)
{
    const struct sp_feed_how how = {
        .disk = &disk, .framing = SP_FRAMING_LINES, .version = sp_slice_of("1")};
    sp_buf_init(&log_on_disk.file, (size_t)1024 * 1024);
    log_on_disk.size = size;
    log_on_disk.gone = 0;
    log_on_disk.bad = UINT64_MAX;
    sp_feed_init(feed, &how, next);
}

static void end(struct sp_feed *feed)
{
    sp_feed_done(feed);
    sp_buf_done(&log_on_disk.file);
}

/* What is shipped until the end, shortly: entries as their first and last number, checkpoints, gaps. */
static const char *all(struct sp_feed *feed)
{
    static char text[512];
    size_t len = 0;
    uint64_t first = UINT64_MAX;
    uint64_t last = 0;
    enum sp_err err = sp_feed_look(feed);
    assert_true(err == SP_OK || err == SP_ERR_NOT_FOUND);
    text[0] = '\0';
    for (err = SP_OK; err == SP_OK;) {
        SP_AUTO_BUF struct sp_buf out;
        unsigned long long a = 0;
        unsigned long long b = 0;
        sp_buf_init(&out, 4096);
        err = sp_feed_put(feed, 1, &out);
        assert_int_equal(sp_buf_put_byte(&out, 0), SP_OK);
        const char *line = (const char *)out.ptr;
        const bool is_entry = err == SP_OK && sscanf(line, "{\"index\":%llu", &a) == 1;
        if (is_entry) {
            assert_true(first == UINT64_MAX || a == last + 1);
            first = first == UINT64_MAX ? a : first;
            last = a;
            continue;
        }
        if (first != UINT64_MAX) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%llu-%llu ",
                                    (unsigned long long)first, (unsigned long long)last);
            first = UINT64_MAX;
        }
        if (err == SP_OK &&
            sscanf(line, "{\"count\":%llu,\"first\":%llu,\"kind\":\"gap\"", &a, &b) == 2) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, "gap(%llu,%llu) ", b, a);
        } else if (err == SP_OK) {
            assert_non_null(strstr(line, "{\"checkpoint\":\"o\\n"));
            assert_int_equal(sscanf(strstr(line, "\"size\":"), "\"size\":%llu}", &a), 1);
            len += (size_t)snprintf(text + len, sizeof(text) - len, "checkpoint(%llu) ", a);
        }
    }
    assert_int_equal(err, SP_ERR_NOT_FOUND);
    assert_true(sp_feed_is_at_end(feed));
    return text;
}

static void test_entries_come_in_order_and_each_checkpoint_behind_them(void **state)
{
    struct sp_feed feed;
    (void)state;
    make(&feed, 3, 0);
    assert_string_equal(all(&feed), "0-2 checkpoint(3) ");
    assert_string_equal(all(&feed), "");
    log_on_disk.size = 700;
    assert_string_equal(all(&feed), "3-699 checkpoint(700) ");
    end(&feed);
}

static void test_a_log_that_is_not_there_yet_is_waited_for(void **state)
{
    struct sp_feed feed;
    (void)state;
    make(&feed, 0, 0);
    assert_string_equal(all(&feed), "");
    log_on_disk.size = 1;
    assert_string_equal(all(&feed), "0-0 checkpoint(1) ");
    end(&feed);
}

static void test_it_goes_on_where_it_stood_and_goes_back(void **state)
{
    struct sp_feed feed;
    (void)state;
    make(&feed, 10, 8);
    assert_string_equal(all(&feed), "8-9 checkpoint(10) ");
    sp_feed_rewind(&feed, 9);
    assert_false(sp_feed_is_at_end(&feed));
    assert_string_equal(all(&feed), "9-9 checkpoint(10) ");
    sp_feed_rewind(&feed, 20); /* not forwards */
    assert_string_equal(all(&feed), "");
    end(&feed);
}

static void test_what_was_dropped_is_a_gap_told_once(void **state)
{
    struct sp_feed feed;
    struct sp_feed_gap gap;
    (void)state;
    make(&feed, 600, 100);
    log_on_disk.gone = 2;
    assert_string_equal(all(&feed), "gap(100,412) 512-599 checkpoint(600) ");
    assert_true(sp_feed_take_gap(&feed, &gap));
    assert_int_equal(gap.first, 100);
    assert_int_equal(gap.count, 412);
    assert_false(sp_feed_take_gap(&feed, &gap));
    /* The stream has it again when it is repeated, the log has not. */
    sp_feed_rewind(&feed, 100);
    assert_string_equal(all(&feed), "gap(100,412) 512-599 checkpoint(600) ");
    assert_false(sp_feed_take_gap(&feed, &gap));
    end(&feed);
}

static void test_an_entry_that_cannot_be_read_is_a_gap_of_one(void **state)
{
    struct sp_feed feed;
    struct sp_feed_gap gap;
    (void)state;
    make(&feed, 5, 0);
    log_on_disk.bad = 4;
    assert_string_equal(all(&feed), "0-3 gap(4,1) checkpoint(5) ");
    assert_true(sp_feed_take_gap(&feed, &gap));
    assert_int_equal(gap.count, 1);
    end(&feed);
}

static void test_one_that_the_collector_cannot_take_is_a_gap(void **state)
{
    struct sp_feed feed;
    struct sp_feed_gap gap;
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, 4096);
    make(&feed, 3, 1);
    assert_int_equal(sp_feed_look(&feed), SP_OK);
    assert_int_equal(sp_feed_put(&feed, 1, &out), SP_OK);
    sp_feed_refused(&feed, "too long");
    assert_string_equal(all(&feed), "gap(1,1) 2-2 checkpoint(3) ");
    assert_true(sp_feed_take_gap(&feed, &gap));
    assert_string_equal(gap.reason, "too long");
    end(&feed);
}

static void test_past_the_bound_the_oldest_are_passed_over(void **state)
{
    struct sp_feed feed;
    struct sp_feed_gap gap;
    (void)state;
    make(&feed, 300, 0);
    feed.how.behind_max = 20;
    assert_string_equal(all(&feed), "gap(0,280) 280-299 checkpoint(300) ");
    log_on_disk.size = 320;
    assert_string_equal(all(&feed), "300-319 checkpoint(320) ");
    assert_true(sp_feed_take_gap(&feed, &gap));
    assert_int_equal(gap.count, 280);
    end(&feed);
}

static void test_entries_can_be_events(void **state)
{
    struct sp_feed feed;
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, SP_FEED_MESSAGE_MAX);
    make(&feed, 1, 0);
    feed.how.is_ocsf = true;
    feed.how.framing = SP_FRAMING_COUNTED;
    assert_int_equal(sp_feed_look(&feed), SP_OK);
    assert_int_equal(sp_feed_put(&feed, 1, &out), SP_OK);
    assert_non_null(memmem(out.ptr, out.len,
                           "<108>1 2026-01-31T10:00:00.000000Z - sallyport - denial - {", 59));
    assert_non_null(memmem(out.ptr, out.len, "\"class_uid\":6003", 16));
    end(&feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_come_in_order_and_each_checkpoint_behind_them),
        cmocka_unit_test(test_a_log_that_is_not_there_yet_is_waited_for),
        cmocka_unit_test(test_it_goes_on_where_it_stood_and_goes_back),
        cmocka_unit_test(test_what_was_dropped_is_a_gap_told_once),
        cmocka_unit_test(test_an_entry_that_cannot_be_read_is_a_gap_of_one),
        cmocka_unit_test(test_one_that_the_collector_cannot_take_is_a_gap),
        cmocka_unit_test(test_past_the_bound_the_oldest_are_passed_over),
        cmocka_unit_test(test_entries_can_be_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
