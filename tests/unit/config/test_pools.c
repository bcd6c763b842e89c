/* pools: the session pools of a configuration, one or several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "answers.h"
#include "config/config.h"

#define POOL "[[azure_code_interpreter.pool]]\n"

static const struct answer cases[] = {
    {"several pools",
     POOL "endpoint = \"https://a.example/x\"\nweight = 3\n" POOL
          "endpoint = \"https://b.example/x\"\n",
     NULL},
    {"several pools of one host",
     POOL "endpoint = \"https://a/x\"\nname = \"x\"\n" POOL "endpoint = \"https://a/y\"", NULL},
    {"two pools that cannot be told apart",
     POOL "endpoint = \"https://a/x\"\n" POOL "endpoint = \"https://a/y\"",
     "two pools have this name, or this host and no name: give each a 'name'"},
    {"a pool without an endpoint", POOL "name = \"a\"",
     "'endpoint' is not an absolute URL with a host"},
    {"a pool in the clear", POOL "endpoint = \"http://a.example/\"",
     "'endpoint' must be https (http only for this machine)"},
    {"a pool of a foreign name", POOL "endpoint = \"https://a/\"\nname = \"a b\"",
     "a pool's name has only letters, digits, '.', '-' and '_'"},
    {"a pool of no weight", POOL "endpoint = \"https://a/\"\nweight = 0",
     "'weight' in [azure_code_interpreter.pool] must be from 1 to 1000"},
    {"one pool and several",
     "[azure_code_interpreter]\npool_endpoint = \"https://a/\"\n" POOL "endpoint = \"https://b/\"",
     "'pool_endpoint' and [[azure_code_interpreter.pool]] exclude each other"},
    {"no list of pools", "[azure_code_interpreter]\npool = [1]",
     "it is written as [[azure_code_interpreter.pool]], at most 15"},
    {"a foreign key of a pool", POOL "endpoint = \"https://a/\"\nweigth = 1",
     "unknown key 'weigth' in [azure_code_interpreter.pool]; did you mean 'weight'?"},
};

static void test_each_list_has_its_answer(void **state)
{
    (void)state;
    expect_answers(cases, SP_COUNT(cases));
}

static void test_one_endpoint_is_a_list_of_one(void **state)
{
    (void)state;
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    struct sp_where where;
    const struct sp_slice in =
        SP_SLICE_LITERAL("[azure_code_interpreter]\npool_endpoint = \"https://r.example/p\"\n");
    assert_int_equal(sp_config_parse(in, NULL, &config, &where), SP_OK);
    assert_false(config->has_pool_list);
    assert_int_equal(config->pool_count, 1);
    assert_string_equal(config->pools[0].endpoint, "https://r.example/p");
    assert_int_equal(config->pools[0].weight, 1);
    assert_true(sp_slice_is(sp_config_pool_name(&config->pools[0]), "r.example"));
}

static void test_what_is_shown_is_read_back(void **state)
{
    (void)state;
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    SP_AUTO_CONFIG struct sp_config *again = NULL;
    SP_AUTO_BUF struct sp_buf shown;
    struct sp_where where;
    const struct sp_slice in =
        SP_SLICE_LITERAL(POOL "endpoint = \"https://a/\"\n" POOL
                              "endpoint = \"https://b/\"\nname = \"x\"\nweight = 7\n");
    sp_buf_init(&shown, 65536);
    assert_int_equal(sp_config_parse(in, NULL, &config, &where), SP_OK);
    assert_int_equal(sp_config_show(config, &shown), SP_OK);
    assert_int_equal(sp_config_parse(sp_buf_slice(&shown), NULL, &again, &where), SP_OK);
    assert_int_equal(again->pool_count, 2);
    assert_string_equal(again->pools[1].name, "x");
    assert_int_equal(again->pools[1].weight, 7);
    assert_true(sp_slice_is(sp_config_pool_name(&again->pools[0]), "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_list_has_its_answer),
        cmocka_unit_test(test_one_endpoint_is_a_list_of_one),
        cmocka_unit_test(test_what_is_shown_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
