#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/scan.h"
#include "fake_disk.h"

#define AT "\"time\":\"2026-11-21T11:00:00.000000Z\""
#define STOP(index) "{\"index\":" index ",\"kind\":\"stop\"," AT "}\n"

static const struct {
    const char *name;
    const char *text;
    uint64_t next;
    uint64_t damaged;
    size_t left; /* bytes behind the last good line */
} cases[] = {
    {"nothing", "", 0, 0, 0},
    {"two lines", STOP("0") STOP("1"), 2, 0, 0},
    {"half a line behind", STOP("0") "{\"index\":1", 1, 0, 10},
    {"a bad whole line behind", STOP("0") "zzz\n", 1, 0, 4},
    {"zeros behind", STOP("0") "???????\n??", 1, 0, 10},
    {"a bad line between", STOP("0") "zzz\n" STOP("1"), 2, 1, 0},
    {"a blank line between", STOP("0") "     \n" STOP("1"), 2, 0, 0},
    {"an empty line between", STOP("0") "\n" STOP("1"), 2, 0, 0},
    {"a gap in the numbers", STOP("0") STOP("5"), 6, 1, 0},
    {"a number again", STOP("0") STOP("0"), 1, 0, sizeof(STOP("0")) - 1},
    {"only rubbish", "rubbish", 0, 0, 7},
};

static void test_the_end_of_the_good_lines_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct fake_disk fake;
        struct sp_open_set *open = NULL;
        struct sp_scan scan = {.next = 0};
        int fd = -1;
        print_message("%s\n", cases[i].name);
        fake_disk_init(&fake);
        assert_int_equal(sp_open_set_new(&open), SP_OK);
        assert_int_equal(fake.disk.open(&fake, "entries-00000000000000000000.jsonl", true, &fd), SP_OK);
        struct sp_buf *bytes = &fake_disk_last(&fake)->bytes;
        assert_int_equal(sp_buf_put_text(bytes, cases[i].text), SP_OK);
        assert_int_equal(sp_scan_segment(&fake.disk, fd, bytes->len, open, &scan), SP_OK);
        assert_int_equal(scan.next, cases[i].next);
        assert_int_equal(scan.damaged_lines, cases[i].damaged);
        assert_int_equal(bytes->len - scan.good_end, cases[i].left);
        sp_open_set_free(open);
        fake_disk_done(&fake);
    }
}

/* A blank line can be as long as a whole batch, and a bad one as long as anybody likes. */
static void test_lines_longer_than_a_piece_are_passed_over(void **state)
{
    struct fake_disk fake;
    struct sp_open_set *open = NULL;
    int fd = -1;
    (void)state;
    fake_disk_init(&fake);
    assert_int_equal(sp_open_set_new(&open), SP_OK);
    assert_int_equal(fake.disk.open(&fake, "entries-00000000000000000000.jsonl", true, &fd), SP_OK);
    struct sp_buf *bytes = &fake_disk_last(&fake)->bytes;
    for (int is_bad = 0; is_bad < 2; is_bad++) {
        struct sp_scan scan = {.next = 0};
        sp_buf_clear(bytes);
        assert_int_equal(sp_buf_put_text(bytes, STOP("0")), SP_OK);
        for (size_t i = 0; i < 700 * 1024; i++) {
            assert_int_equal(sp_buf_put_byte(bytes, is_bad == 1 ? 'z' : ' '), SP_OK);
        }
        assert_int_equal(sp_buf_put_text(bytes, "\n" STOP("1")), SP_OK);
        assert_int_equal(sp_scan_segment(&fake.disk, fd, bytes->len, open, &scan), SP_OK);
        assert_int_equal(scan.next, 2);
        assert_int_equal(scan.good_end, bytes->len);
        assert_int_equal(scan.damaged_lines > 0, is_bad);
    }
    sp_open_set_free(open);
    fake_disk_done(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_end_of_the_good_lines_is_found),
        cmocka_unit_test(test_lines_longer_than_a_piece_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
