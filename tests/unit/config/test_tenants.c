/* Many tenants and organisations: read one by one, found by name, told apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/buf.h"
#include "config/tenants.h"

#define MANY 5000U

static struct sp_buf text;

static int begin(void **state)
{
    (void)state;
    sp_buf_init(&text, SP_CONFIG_FILE_MAX);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sp_buf_done(&text);
    return 0;
}

static void put_tenants(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        assert_int_equal(sp_buf_putf(&text,
                                     "[[tenant]]\nname = \"t%u\"\norganisation = "
                                     "\"o%u\"\n[tenant.quota]\nsessions = %u\n",
                                     i, i % 7, i % 100 + 1),
                         SP_OK);
    }
}

static void put_organisations(void)
{
    for (unsigned i = 0; i < 7; i++) {
        assert_int_equal(sp_buf_putf(&text, "[[organisation]]\nname = \"o%u\"\n", i), SP_OK);
    }
}

static void test_each_of_many_is_found_with_what_it_set(void **state)
{
    (void)state;
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    put_tenants(0, MANY);
    put_organisations();
    assert_int_equal(sp_config_parse(sp_buf_slice(&text), NULL, &config, NULL), SP_OK);
    assert_int_equal(config->tenant_count, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "t%u", i);
        const struct sp_config_tenant *tenant = sp_config_tenant(config, name);
        assert_ptr_equal(tenant, &config->tenants[i]);
        assert_int_equal(tenant->quota_sessions, i % 100 + 1);
        assert_string_equal(tenant->policy, "data-science");
        assert_int_equal(tenant->places[SP_CONFIG_AT_name].line, i * 5 + 2);
        assert_int_equal(tenant->places[SP_CONFIG_AT_policy].line, 0);
    }
    assert_null(sp_config_tenant(config, "t5000"));
    assert_null(sp_config_tenant(config, ""));
    assert_string_equal(sp_config_organisation(config, "o6")->name, "o6");
    assert_null(sp_config_organisation(config, "o7"));
}

static void expect_refusal(unsigned line, const char *reason)
{
    struct sp_config *config = NULL;
    struct sp_where where = {0};
    assert_int_equal(sp_config_parse(sp_buf_slice(&text), NULL, &config, &where), SP_ERR_CONFIG);
    assert_null(config);
    assert_string_equal(where.text, reason);
    assert_int_equal(where.line, line);
}

static void test_of_two_with_one_name_the_later_is_named(void **state)
{
    (void)state;
    put_tenants(0, MANY);
    put_tenants(17, 18);
    put_tenants(3, 4);
    put_organisations();
    expect_refusal(MANY * 5 + 2, "two tenants have this name");
}

static void test_an_organisation_is_there_once(void **state)
{
    (void)state;
    put_organisations();
    assert_int_equal(sp_buf_put_text(&text, "[[organisation]]\nname = \"o3\"\n"), SP_OK);
    expect_refusal(16, "two organisations have this name");
}

static void test_a_tenant_of_no_organisation_is_refused(void **state)
{
    (void)state;
    put_tenants(0, 8);
    expect_refusal(3, "there is no [[organisation]] with this name");
}

static void test_a_mistake_in_a_late_tenant_has_its_place(void **state)
{
    (void)state;
    put_tenants(0, MANY);
    assert_int_equal(sp_buf_put_text(&text, "[[tenant]]\nname = \"x\"\npolice = \"strict\"\n"),
                     SP_OK);
    expect_refusal(MANY * 5 + 3, "unknown key 'police' in [tenant]; did you mean 'policy'?");
}

static void test_an_array_in_brackets_is_read_as_well(void **state)
{
    (void)state;
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    assert_int_equal(
        sp_buf_put_text(&text, "tenant = [{name = \"a\"}, {name = \"b\", policy = \"strict\"}]\n"),
        SP_OK);
    assert_int_equal(sp_config_parse(sp_buf_slice(&text), NULL, &config, NULL), SP_OK);
    assert_int_equal(config->tenant_count, 2);
    assert_string_equal(sp_config_tenant(config, "b")->policy, "strict");
}

static void test_the_last_tenant_may_be_added_to_behind_other_tables(void **state)
{
    (void)state;
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    assert_int_equal(
        sp_buf_put_text(
            &text, "[[tenant]]\nname = \"a\"\n[[tenant]]\nname = \"b\"\n[pool]\nmax_sessions = 7\n"
                   "[tenant.quota]\nsessions = 9\n"),
        SP_OK);
    assert_int_equal(sp_config_parse(sp_buf_slice(&text), NULL, &config, NULL), SP_OK);
    assert_int_equal(config->tenants[0].quota_sessions, 0);
    assert_int_equal(config->tenants[1].quota_sessions, 9);
    assert_int_equal(config->pool_max_sessions, 7);
}

static void test_forgotten_tenants_leave_the_rest(void **state)
{
    (void)state;
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    put_tenants(0, 3);
    put_organisations();
    assert_int_equal(sp_config_parse(sp_buf_slice(&text), NULL, &config, NULL), SP_OK);
    sp_config_forget_tenants(config);
    assert_null(sp_config_tenant(config, "t0"));
    assert_null(sp_config_organisation(config, "o0"));
    assert_string_equal(config->server_listen, "127.0.0.1:8080");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_of_many_is_found_with_what_it_set, begin, end),
        cmocka_unit_test_setup_teardown(test_of_two_with_one_name_the_later_is_named, begin, end),
        cmocka_unit_test_setup_teardown(test_an_organisation_is_there_once, begin, end),
        cmocka_unit_test_setup_teardown(test_a_tenant_of_no_organisation_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_a_mistake_in_a_late_tenant_has_its_place, begin, end),
        cmocka_unit_test_setup_teardown(test_an_array_in_brackets_is_read_as_well, begin, end),
        cmocka_unit_test_setup_teardown(test_the_last_tenant_may_be_added_to_behind_other_tables,
                                        begin, end),
        cmocka_unit_test_setup_teardown(test_forgotten_tenants_leave_the_rest, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
