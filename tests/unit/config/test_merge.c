#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"

static struct sp_config *config_of(const char *text)
{
    struct sp_config *config = NULL;
    assert_int_equal(sp_config_parse(sp_slice_of(text), NULL, &config, NULL), SP_OK);
    return config;
}

static void test_tenants_and_policies_are_taken_over_and_the_rest_is_named(void **state)
{
    (void)state;
    SP_AUTO_CONFIG struct sp_config *running =
        config_of("[pool]\nmax_sessions = 7\n[[tenant]]\nname = \"a\"\n");
    SP_AUTO_CONFIG struct sp_config *fresh =
        config_of("[server]\nlisten = \"127.0.0.1:9\"\npolicies = "
                  "\"/p\"\n[server.limits]\nhead_timeout = \"3s\"\n"
                  "[pool.session]\npreload = []\ncpus = 2.5\n[[tenant]]\nname = "
                  "\"b\"\n[[tenant]]\nname = \"c\"\n");
    SP_AUTO_BUF struct sp_buf kept;
    sp_buf_init(&kept, 4096);
    assert_int_equal(sp_config_merge(fresh, running, &kept), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&kept),
                            "server.listen, server.limits.head_timeout, pool.max_sessions, "
                            "pool.session.cpus, pool.session.preload"));
    assert_string_equal(fresh->server_listen, "127.0.0.1:8080");
    assert_string_equal(fresh->server_policies, "/p");
    assert_int_equal(fresh->limits_head_ms, 10000);
    assert_int_equal(fresh->pool_max_sessions, 7);
    assert_int_equal(fresh->session_preload.count, 3);
    assert_int_equal(fresh->tenant_count, 2);
}

static void test_another_pool_needs_a_restart(void **state)
{
    (void)state;
    SP_AUTO_CONFIG struct sp_config *running = config_of("");
    SP_AUTO_CONFIG struct sp_config *fresh =
        config_of("[azure_code_interpreter]\npool_endpoint = \"https://a/\"\n");
    SP_AUTO_BUF struct sp_buf kept;
    sp_buf_init(&kept, 4096);
    assert_int_equal(sp_config_merge(fresh, running, &kept), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&kept),
                            "azure_code_interpreter.pool_endpoint, azure_code_interpreter"));
    assert_false(fresh->has_azure);
}

static void test_pools_of_a_list_need_a_restart(void **state)
{
    (void)state;
    static const char *const list = "[[azure_code_interpreter.pool]]\nendpoint = \"https://a/\"\n"
                                    "[[azure_code_interpreter.pool]]\nendpoint = \"https://b/\"\n";
    static const char *const heavier =
        "[[azure_code_interpreter.pool]]\nendpoint = \"https://a/\"\n"
        "[[azure_code_interpreter.pool]]\nendpoint = \"https://b/\"\nweight = 2\n";
    SP_AUTO_CONFIG struct sp_config *running = config_of(list);
    SP_AUTO_CONFIG struct sp_config *same = config_of(list);
    SP_AUTO_CONFIG struct sp_config *fresh = config_of(heavier);
    SP_AUTO_BUF struct sp_buf kept;
    sp_buf_init(&kept, 4096);
    assert_int_equal(sp_config_merge(same, running, &kept), SP_OK);
    assert_int_equal(kept.len, 0);
    assert_int_equal(sp_config_merge(fresh, running, &kept), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&kept), "azure_code_interpreter.pool"));
    assert_int_equal(fresh->pool_count, 2);
    assert_int_equal(fresh->pools[1].weight, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tenants_and_policies_are_taken_over_and_the_rest_is_named),
        cmocka_unit_test(test_another_pool_needs_a_restart),
        cmocka_unit_test(test_pools_of_a_list_need_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
