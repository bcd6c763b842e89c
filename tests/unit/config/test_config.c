/* Reading config.toml: defaults, places, and unknown names with what was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"

static void test_no_file_gives_a_loopback_gateway_with_one_tenant(void **state)
{
    (void)state;
    SP_AUTO_CONFIG struct sp_config *c = NULL;
    assert_int_equal(sp_config_load(NULL, NULL, &c, NULL), SP_OK);
    assert_string_equal(c->server_listen, "127.0.0.1:8080");
    assert_false(c->server_plaintext);
    assert_false(c->has_azure);
    assert_int_equal(c->pool_max_sessions, 100);
    assert_int_equal(c->pool_ready_sessions, 5);
    assert_int_equal(c->pool_cooldown_s, 300);
    assert_int_equal(c->pool_network_status, SP_CONFIG_EGRESS_DISABLED);
    assert_int_equal(c->session_memory_bytes, 1024 * 1024 * 1024);
    assert_int_equal(c->session_processes, 64);
    assert_int_equal(c->session_preload.count, 3);
    assert_string_equal(c->session_preload.items[2], "matplotlib");
    assert_int_equal(c->tenant_count, 1);
    assert_string_equal(c->tenants[0].name, "local");
    assert_string_equal(c->tenants[0].policy, "data-science");
    assert_int_equal(c->tenants[0].quota_requests_per_minute, 0);
}

static const char whole[] =
    "[server]\n"
    "listen = \"[::1]:9000\"\n"
    "state = \"/srv/sallyport\"\n"
    "[server.limits]\n"
    "body = \"1 MiB\"\n"
    "idle_timeout = 2500\n"
    "[azure_code_interpreter]\n"
    "pool_endpoint = \"https://r.dynamicsessions.io/subscriptions/s/sessionPools/p\"\n"
    "[pool.session]\n"
    "cpus = 2\n"
    "preload = []\n"
    "[audit]\n"
    "code = \"digest\"\n"
    "[[tenant]]\n"
    "name = \"acme\"\n"
    "denial = \"error\"\n"
    "[tenant.quota]\n"
    "requests_per_minute = 600\n"
    "code_bytes_per_day = \"64 MiB\"\n"
    "run_seconds_per_day = \"10h\"\n"
    "[[tenant]]\n"
    "name = \"other\"\n"
    "policy = \"strict\"\n";

static void test_a_file_sets_what_it_names_and_knows_where(void **state)
{
    (void)state;
    SP_AUTO_CONFIG struct sp_config *c = NULL;
    struct sp_where where = {0};
    assert_int_equal(sp_config_parse(sp_slice_of(whole), NULL, &c, &where), SP_OK);
    assert_string_equal(c->server_listen, "[::1]:9000");
    assert_string_equal(c->state_dir, "/srv/sallyport");
    assert_int_equal(c->limits_body_bytes, 1024 * 1024);
    assert_int_equal(c->limits_idle_ms, 2500);
    assert_true(c->has_azure);
    assert_true(c->session_cpus > 1.9 && c->session_cpus < 2.1);
    assert_int_equal(c->session_preload.count, 0);
    assert_int_equal(c->audit_code, SP_CONFIG_AUDIT_DIGEST);
    assert_int_equal(c->tenant_count, 2);
    assert_int_equal(c->tenants[0].denial, SP_CONFIG_DENIAL_ERROR);
    assert_int_equal(c->tenants[0].quota_requests_per_minute, 600);
    assert_int_equal(c->tenants[0].quota_code_bytes_per_day, 64 * 1024 * 1024);
    assert_int_equal(c->tenants[0].quota_run_seconds_per_day, 36000);
    assert_string_equal(c->tenants[1].policy, "strict");
    assert_int_equal(c->tenants[1].quota_requests_per_minute, 0);
    assert_int_equal(c->places[SP_CONFIG_AT_limits_body_bytes].line, 5);
    assert_int_equal(c->places[SP_CONFIG_AT_limits_body_bytes].column, 8);
    assert_int_equal(c->places[SP_CONFIG_AT_limits_queue].line, 0);
}

static void test_the_command_line_stands_above_the_file(void **state)
{
    (void)state;
    const struct sp_config_overrides overrides = {.listen = "127.0.0.1:1", .state = "/tmp/s"};
    SP_AUTO_CONFIG struct sp_config *c = NULL;
    assert_int_equal(sp_config_parse(sp_slice_of(whole), &overrides, &c, NULL), SP_OK);
    assert_string_equal(c->server_listen, "127.0.0.1:1");
    assert_string_equal(c->state_dir, "/tmp/s");
    const struct sp_config_overrides open = {.listen = "0.0.0.0:1"};
    struct sp_config *none = NULL;
    struct sp_where where = {9, 9, ""};
    assert_int_equal(sp_config_parse(sp_slice_of(whole), &open, &none, &where), SP_ERR_CONFIG);
    assert_int_equal(where.line, 0);
}

struct unknown_case {
    const char *in;
    unsigned line;
    unsigned column;
    const char *text;
};

static const struct unknown_case unknown_cases[] = {
    {"[llm]\nmodel = 1", 1, 2, "unknown table 'llm'"},
    {"[sever]", 1, 2, "unknown table 'sever'; did you mean 'server'?"},
    {"[[tenants]]", 1, 3, "unknown key 'tenants'; did you mean 'tenant'?"},
    {"[server]\n lisen = 1", 2, 2, "unknown key 'lisen' in [server]; did you mean 'listen'?"},
    {"[server.limit]", 1, 9, "unknown table 'limit' in [server]; did you mean 'limits'?"},
    {"[server]\nlimits = 1", 2, 1, "'server.limits' is a table: write [server.limits]"},
    {"server.limits.bodi = 1", 1, 15,
     "unknown key 'bodi' in [server.limits]; did you mean 'body'?"},
    {"zzzzzzzz = 1", 1, 1, "unknown key 'zzzzzzzz'"},
    {"[[tenant]]\nname = \"a\"\npolcy = 1", 3, 1,
     "unknown key 'polcy' in [tenant]; did you mean 'policy'?"},
    {"[[tenant]]\nname = \"a\"\n[tenant.quotas]", 3, 9,
     "unknown table 'quotas' in [tenant]; did you mean 'quota'?"},
    {"[[tenant]]\npolicy = \"a\"", 1, 3, "each [[tenant]] needs a 'name'"},
    {"tenant = [1]", 1, 11, "each [[tenant]] needs a 'name'"},
    {"tenant = []", 1, 1, "tenants are written as [[tenant]], at most 131072"},
    {"[tenant]\nname = \"a\"", 1, 2, "tenants are written as [[tenant]], at most 131072"},
    {"[server.listen]", 1, 9, "'listen' in [server] must be a string"},
    {"[pool]\nmax_sessions = 1\nmax_sessions = 2", 3, 1,
     "'max_sessions' is already defined in line 2"},
    {"[pool", 1, 6, "] must end the header"},
};

static void test_unknown_names_are_told_with_place_and_suggestion(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(unknown_cases); i++) {
        const struct unknown_case *u = &unknown_cases[i];
        print_message("  %s\n", u->text);
        struct sp_config *none = NULL;
        struct sp_where where = {0};
        assert_int_equal(sp_config_parse(sp_slice_of(u->in), NULL, &none, &where), SP_ERR_CONFIG);
        assert_null(none);
        assert_string_equal(where.text, u->text);
        assert_int_equal(where.line, u->line);
        assert_int_equal(where.column, u->column);
    }
}

static void test_a_file_that_is_not_there_is_told(void **state)
{
    (void)state;
    struct sp_config *none = NULL;
    struct sp_where where = {0};
    assert_int_equal(sp_config_load("/nonexistent/config.toml", NULL, &none, &where),
                     SP_ERR_CONFIG);
    assert_string_equal(where.text, "cannot read it: No such file or directory");
    assert_int_equal(where.line, 0);
}

static void test_a_file_is_read_whole(void **state)
{
    (void)state;
    char path[] = "/tmp/test_config_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, whole, sizeof(whole) - 1), (ssize_t)(sizeof(whole) - 1));
    assert_int_equal(close(fd), 0);
    SP_AUTO_CONFIG struct sp_config *c = NULL;
    assert_int_equal(sp_config_load(path, NULL, &c, NULL), SP_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(c->tenant_count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_file_gives_a_loopback_gateway_with_one_tenant),
        cmocka_unit_test(test_a_file_sets_what_it_names_and_knows_where),
        cmocka_unit_test(test_the_command_line_stands_above_the_file),
        cmocka_unit_test(test_unknown_names_are_told_with_place_and_suggestion),
        cmocka_unit_test(test_a_file_that_is_not_there_is_told),
        cmocka_unit_test(test_a_file_is_read_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
