#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ship/syslog.h"

static struct sp_syslog message(const char *host, const char *kind)
{
    return (struct sp_syslog){.severity = SP_SYSLOG_INFO,
                              .time = sp_slice_of("2026-01-31T10:00:00.000000Z"),
                              .host = sp_slice_of(host),
                              .kind = sp_slice_of(kind),
                              .json = sp_slice_of("{\"index\":7}")};
}

static void test_each_framing(void **state)
{
    static const struct {
        enum sp_framing framing;
        const char *want;
    } cases[] = {
        {SP_FRAMING_LINES, "{\"index\":7}\n"},
        {SP_FRAMING_DATAGRAMS,
         "<110>1 2026-01-31T10:00:00.000000Z gate sallyport - intent - {\"index\":7}"},
        {SP_FRAMING_COUNTED,
         "72 <110>1 2026-01-31T10:00:00.000000Z gate sallyport - intent - {\"index\":7}"},
    };
    const struct sp_syslog intent = message("gate", "intent");
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, 1024);
        assert_int_equal(sp_syslog_put(&intent, cases[i].framing, &out), SP_OK);
        assert_true(sp_slice_is(sp_buf_slice(&out), cases[i].want));
    }
}

static void test_what_is_no_name_is_left_out(void **state)
{
    struct sp_syslog odd = message("a b\nc\xff", "");
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, 1024);
    odd.severity = SP_SYSLOG_WARNING;
    assert_int_equal(sp_syslog_put(&odd, SP_FRAMING_DATAGRAMS, &out), SP_OK);
    assert_true(
        sp_slice_is(sp_buf_slice(&out),
                    "<108>1 2026-01-31T10:00:00.000000Z abc sallyport - - - {\"index\":7}"));
}

static void test_nothing_is_left_of_one_that_does_not_fit(void **state)
{
    const struct sp_syslog intent = message("gate", "intent");
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, 40);
    assert_int_equal(sp_buf_put_text(&out, "before"), SP_OK);
    assert_int_equal(sp_syslog_put(&intent, SP_FRAMING_COUNTED, &out), SP_ERR_TOO_BIG);
    assert_true(sp_slice_is(sp_buf_slice(&out), "before"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_framing),
        cmocka_unit_test(test_what_is_no_name_is_left_out),
        cmocka_unit_test(test_nothing_is_left_of_one_that_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
