/* The value of one key: kinds, bounds, and what is said about a wrong one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"

struct row_case {
    const char *in;
    const char *text; /* NULL: it is right */
};

static const struct row_case row_cases[] = {
    {"[server]\nlisten = 8080", "'listen' in [server] must be a string"},
    {"[server]\nlisten = \"\"", "'listen' in [server] must be longer"},
    {"[server]\nstate = \"a\\tb\"", "'state' in [server] must be without control characters"},
    {"[server]\nstate = \"a\\u0000b\"", "'state' in [server] must be without control characters"},
    {"[server]\nplaintext = \"yes\"", "'plaintext' in [server] must be true or false"},
    {"[server]\nplaintext = 1", "'plaintext' in [server] must be true or false"},
    {"[server]\nlog_level = \"debug\"", NULL},
    {"[server]\nlog_level = \"Debug\"",
     "'log_level' in [server] must be one of error|warn|info|debug"},
    {"[server]\nlog_level = \"\"", "'log_level' in [server] must be one of error|warn|info|debug"},
    {"[server]\nlog_level = 1", "'log_level' in [server] must be one of error|warn|info|debug"},
    {"[pool]\nmax_sessions = 1", NULL},
    {"[pool]\nmax_sessions = 4000", NULL},
    {"[pool]\nmax_sessions = 0", "'max_sessions' in [pool] must be from 1 to 4000"},
    {"[pool]\nmax_sessions = 4001", "'max_sessions' in [pool] must be from 1 to 4000"},
    {"[pool]\nready_sessions = -1", "'ready_sessions' in [pool] must be from 0 to 1000"},
    {"[pool]\nmax_sessions = \"5\"", "'max_sessions' in [pool] must be an integer"},
    {"[pool]\nmax_sessions = 5.0", "'max_sessions' in [pool] must be an integer"},
    {"[pool]\ncooldown_period = \"5m\"", NULL},
    {"[pool]\ncooldown_period = \"5 minutes\"",
     "'cooldown_period' in [pool] must be a time like \"30s\""},
    {"[pool]\ncooldown_period = \"2d\"", "'cooldown_period' in [pool] must be from 1 to 86400"},
    {"[pool.session]\nmemory = \"2 GiB\"", NULL},
    {"[pool.session]\nmemory = \"2 GB\"",
     "'memory' in [pool.session] must be a size like \"512 MiB\""},
    {"[pool.session]\nmemory = 1024",
     "'memory' in [pool.session] must be from 67108864 to 1099511627776"},
    {"[pool.session]\nmemory = true",
     "'memory' in [pool.session] must be an integer, or a string like \"5m\" or \"1 GiB\""},
    {"[pool.session]\ncpus = 0.5", NULL},
    {"[pool.session]\ncpus = nan", "'cpus' in [pool.session] must be within its bounds"},
    {"[pool.session]\ncpus = inf", "'cpus' in [pool.session] must be within its bounds"},
    {"[pool.session]\ncpus = -1", "'cpus' in [pool.session] must be within its bounds"},
    {"[pool.session]\ncpus = \"1\"", "'cpus' in [pool.session] must be a number"},
    {"[pool.session]\npreload = \"numpy\"",
     "'preload' in [pool.session] must be an array of strings, and not too many"},
    {"[pool.session]\npreload = [1]", "'preload' in [pool.session] must be a string"},
    {"[pool.session]\npreload = [\"\"]", "'preload' in [pool.session] must be longer"},
    {"[server.limits]\nhead_timeout = \"50ms\"",
     "'head_timeout' in [server.limits] must be from 100 to 600000"},
    {"[server.limits]\nhead_timeout = \"150ms\"", NULL},
};

static void test_a_value_has_its_kind_and_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(row_cases); i++) {
        const struct row_case *c = &row_cases[i];
        print_message("  %s\n", c->in);
        SP_AUTO_CONFIG struct sp_config *config = NULL;
        struct sp_where where = {0};
        enum sp_err err = sp_config_parse(sp_slice_of(c->in), NULL, &config, &where);
        assert_string_equal(where.text, c->text == NULL ? "" : c->text);
        assert_int_equal(err, c->text == NULL ? SP_OK : SP_ERR_CONFIG);
        assert_int_equal(where.line, c->text == NULL ? 0 : 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_value_has_its_kind_and_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
