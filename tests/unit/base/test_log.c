#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"

static struct sp_buf lines;
static unsigned count;

static void keep(void *ctx, enum sp_log_level level, struct sp_slice line)
{
    assert_ptr_equal(ctx, &lines);
    count++;
    sp_buf_clear(&lines);
    assert_int_equal(sp_buf_putf(&lines, "%s ", sp_log_level_name(level)), SP_OK);
    assert_int_equal(sp_buf_put(&lines, line), SP_OK);
}

static int start(void **state)
{
    (void)state;
    count = 0;
    sp_buf_init(&lines, 4096);
    sp_log_to(keep, &lines, SP_LOG_INFO);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    sp_log_to(NULL, NULL, SP_LOG_INFO);
    sp_buf_done(&lines);
    return 0;
}

static void test_line_is_event_and_text(void **state)
{
    (void)state;
    sp_log(SP_LOG_WARN, "relay.retry", "session=%u try=%d", 4U, 2);
    assert_int_equal(count, 1);
    assert_true(sp_slice_is(sp_buf_slice(&lines), "warn relay.retry session=4 try=2"));
}

static void test_less_important_lines_are_left_out(void **state)
{
    (void)state;
    sp_log(SP_LOG_DEBUG, "a.b", "x=%d", 1);
    assert_int_equal(count, 0);
    sp_log(SP_LOG_INFO, "a.b", "x=%d", 1);
    assert_int_equal(count, 1);
}

static void test_quoted_bytes_cannot_forge_a_line(void **state)
{
    (void)state;
    sp_log(SP_LOG_INFO, "door.refused", "target=%s", "/\nerror audit.lost x=1\x1B[2J\xFF");
    assert_true(
        sp_slice_is(sp_buf_slice(&lines), "info door.refused target=/?error audit.lost x=1?[2J?"));
}

static void test_long_line_is_cut(void **state)
{
    (void)state;
    sp_log(SP_LOG_INFO, "long.line", "%02000d", 1);
    assert_int_equal(lines.len, strlen("info ") + SP_LOG_LINE_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_line_is_event_and_text, start, stop),
        cmocka_unit_test_setup_teardown(test_less_important_lines_are_left_out, start, stop),
        cmocka_unit_test_setup_teardown(test_quoted_bytes_cannot_forge_a_line, start, stop),
        cmocka_unit_test_setup_teardown(test_long_line_is_cut, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
