#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/record.h"

#define AT "\"time\":\"2026-11-21T11:00:00.000000Z\""

static const struct {
    const char *name;
    const char *line;
    enum sp_err want;
    bool is_intent;
    bool is_outcome;
} cases[] = {
    {"an intent", "{\"exchange\":\"00010000000000ff\",\"index\":7,\"kind\":\"intent\"," AT "}",
     SP_OK, true, false},
    {"an outcome", "{\"exchange\":\"00010000000000ff\",\"index\":7,\"kind\":\"outcome\"," AT "}",
     SP_OK, false, true},
    {"another kind", "{\"index\":7,\"kind\":\"stop\"," AT "}", SP_OK, false, false},
    {"a text that looks like members",
     "{\"detail\":\"\\\"kind\\\":\\\"intent\\\"\",\"index\":7,\"kind\":\"stop\"," AT "}", SP_OK,
     false, false},
    {"a text that ends like a member",
     "{\"detail\":\",\\\"index\\\":\",\"index\":7,\"kind\":\"stop\"," AT "}", SP_OK, false, false},
    {"an intent without exchange", "{\"index\":7,\"kind\":\"intent\"," AT "}", SP_ERR_CORRUPT,
     false, false},
    {"an exchange that is no number", "{\"exchange\":\"x\",\"index\":7,\"kind\":\"intent\"," AT "}",
     SP_ERR_CORRUPT, false, false},
    {"no index", "{\"kind\":\"stop\"," AT "}", SP_ERR_CORRUPT, false, false},
    {"an index of text", "{\"index\":\"7\",\"kind\":\"stop\"," AT "}", SP_ERR_CORRUPT, false,
     false},
    {"no time", "{\"index\":7,\"kind\":\"stop\"}", SP_ERR_CORRUPT, false, false},
    {"a time that is none", "{\"index\":7,\"kind\":\"stop\",\"time\":\"noon\"}", SP_ERR_CORRUPT,
     false, false},
    {"no end", "{\"index\":7,\"kind\":\"stop\"," AT, SP_ERR_CORRUPT, false, false},
    {"nothing", "", SP_ERR_CORRUPT, false, false},
};

static void test_a_look_tells_what_a_start_needs(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_record_glance glance = {.index = 99};
        print_message("%s\n", cases[i].name);
        assert_int_equal(sp_record_look(sp_slice_of(cases[i].line), &glance), cases[i].want);
        assert_int_equal(glance.index, cases[i].want == SP_OK ? 7 : 99);
        assert_int_equal(glance.is_intent, cases[i].is_intent);
        assert_int_equal(glance.is_outcome, cases[i].is_outcome);
        assert_int_equal(glance.exchange, cases[i].is_intent || cases[i].is_outcome
                                              ? UINT64_C(0x00010000000000ff)
                                              : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_look_tells_what_a_start_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
