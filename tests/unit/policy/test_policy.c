#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/policy.h"

/* "parent" allows processes and lists a module; "loop" extends itself. */
static enum sp_err source(void *ctx, struct sp_slice name, struct sp_buf *out)
{
    (void)ctx;
    if (sp_slice_is(name, "parent")) {
        return sp_buf_put_text(
            out, "name = \"parent\"\n[capabilities]\nprocess = \"allow\"\nnetwork = \"warn\"\n"
                 "[modules]\nallow = [\"m\"]\ndeny = [\"n\"]\n"
                 "[[test]]\ncode = \"x\"\nexpect = \"deny\"\n");
    }
    return sp_slice_is(name, "loop") ? sp_buf_put_text(out, "extends = \"loop\"\n")
                                     : SP_ERR_NOT_FOUND;
}

static enum sp_err load(const char *text, struct sp_policy *out, struct sp_where *where)
{
    *where = (struct sp_where){0};
    return sp_policy_load(sp_slice_of(text), source, NULL, out, where);
}

static void test_policy_that_says_nothing_denies(void **state)
{
    struct sp_policy policy;
    struct sp_where where;
    (void)state;
    assert_int_equal(load("", &policy, &where), SP_OK);
    for (unsigned i = 0; i < SP_CAPABILITY_COUNT; i++) {
        assert_int_equal(policy.capability[i], SP_RULE_DENY);
    }
    assert_int_equal(policy.unknown_module, SP_RULE_DENY);
    assert_int_equal(policy.syntax, SP_RULE_DENY);
    sp_policy_done(&policy);
}

static void test_policy_lays_itself_over_what_it_extends(void **state)
{
    struct sp_policy policy;
    struct sp_where where;
    uint32_t rule = 0;
    (void)state;
    assert_int_equal(
        load(
            "extends = \"parent\"\n[capabilities]\nnetwork = \"deny\"\n[modules]\nwarn = [\"m\"]\n",
            &policy, &where),
        SP_OK);
    assert_string_equal(policy.name, "");
    assert_int_equal(policy.capability[SP_CAPABILITY_PROCESS], SP_RULE_ALLOW);
    assert_int_equal(policy.capability[SP_CAPABILITY_NETWORK], SP_RULE_DENY);
    assert_true(sp_map_get(&policy.modules, SP_SLICE_LITERAL("m"), &rule));
    assert_int_equal(rule, SP_RULE_WARN);
    assert_true(sp_map_get(&policy.modules, SP_SLICE_LITERAL("n"), &rule));
    assert_int_equal(rule, SP_RULE_DENY);
    assert_int_equal(policy.test_count, 0);
    sp_policy_done(&policy);
}

static void test_policy_denies_at_run_time_what_it_or_its_parents_say(void **state)
{
    static const struct {
        const char *text;
        unsigned denied;
        bool own_code;
    } rows[] = {
        {"name = \"x\"\n", 0, false},
        {"[runtime]\ndeny = [\"network\", \"native\"]\n",
         SP_CAPABILITY_BIT(SP_CAPABILITY_NETWORK) | SP_CAPABILITY_BIT(SP_CAPABILITY_NATIVE), false},
        {"[runtime]\ndeny = [\"network\"]\nallow = [\"network\"]\nown_code = true\n", 0, true},
        {"extends = \"data-science\"\n[runtime]\nallow = [\"network\"]\n",
         SP_CAPABILITY_BIT(SP_CAPABILITY_PROCESS), false},
        {"extends = \"record-only\"\n[runtime]\nown_code = false\n", 0, false},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct sp_policy policy;
        struct sp_where where;
        assert_int_equal(
            sp_policy_load(sp_slice_of(rows[i].text), sp_policy_source, NULL, &policy, &where),
            SP_OK);
        assert_int_equal(policy.runtime_denied, rows[i].denied);
        assert_int_equal(policy.runtime_own_code, rows[i].own_code);
        sp_policy_done(&policy);
    }
}

static void test_policy_refuses_mistakes_with_their_place(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
    } rows[] = {
        {"name = \"\"\n", 1},
        {"\nnmae = \"x\"\n", 2},
        {"[capabilities]\nflight = \"deny\"\n", 2},
        {"[capabilities]\nprocess = \"maybe\"\n", 2},
        {"[limits]\nlines = 0\n", 2},
        {"[limits]\nwords = 1\n", 2},
        {"[modules]\nallow = [1]\n", 2},
        {"[modules]\nonly = 1\n", 2},
        {"[modules]\nmaybe = [\"x\"]\n", 2},
        {"[runtime]\ndeny = [\"flight\"]\n", 2},
        {"[runtime]\nallow = \"network\"\n", 2},
        {"[runtime]\nown_code = \"yes\"\n", 2},
        {"[runtime]\ncode = true\n", 2},
        {"python = \"2.7\"\n", 1},
        {"mode = \"cells\"\n", 1},
        {"syntax = true\n", 1},
        {"extends = \"nobody\"\n", 1},
        {"extends = \"loop\"\n", 1},
        {"[[test]]\ncode = \"x\"\n", 1},
        {"[[test]]\nexpect = \"deny\"\n", 1},
        {"[[test]]\ncode = \"x\"\nexpect = \"perhaps\"\n", 3},
        {"x = \n", 1},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct sp_policy policy;
        struct sp_where where;
        if (load(rows[i].text, &policy, &where) != SP_ERR_CONFIG || where.line != rows[i].line) {
            print_error("%s at %u: %s\n", rows[i].text, where.line, where.text);
            fail();
        }
        assert_true(where.text[0] != '\0');
    }
}

static void test_policy_prints_what_loads_to_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; sp_policy_builtin(i) != NULL; i++) {
        SP_AUTO_BUF struct sp_buf first;
        SP_AUTO_BUF struct sp_buf second;
        struct sp_policy policy;
        struct sp_policy again;
        struct sp_where where = {0};
        sp_buf_init(&first, SP_POLICY_TEXT_BYTES_MAX);
        sp_buf_init(&second, SP_POLICY_TEXT_BYTES_MAX);
        assert_int_equal(sp_policy_open(sp_slice_of(sp_policy_builtin(i)), &policy, &where), SP_OK);
        assert_int_equal(sp_policy_print(&policy, &first), SP_OK);
        assert_int_equal(sp_policy_load(sp_buf_slice(&first), NULL, NULL, &again, &where), SP_OK);
        assert_int_equal(sp_policy_print(&again, &second), SP_OK);
        assert_true(sp_slice_equal(sp_buf_slice(&first), sp_buf_slice(&second)));
        assert_string_equal(again.name, sp_policy_builtin(i));
        sp_policy_done(&policy);
        sp_policy_done(&again);
    }
}

static void test_policy_is_found_by_name_or_path(void **state)
{
    struct sp_policy policy;
    struct sp_where where = {0};
    (void)state;
    assert_int_equal(
        sp_policy_open(SP_SLICE_LITERAL(SP_SOURCE_DIR "/policy/strict.toml"), &policy, &where),
        SP_OK);
    assert_true(policy.only_listed);
    sp_policy_done(&policy);
    assert_int_equal(sp_policy_open(SP_SLICE_LITERAL("capabilities"), &policy, &where),
                     SP_ERR_NOT_FOUND);
    assert_int_equal(sp_policy_open(SP_SLICE_LITERAL("strikt"), &policy, &where), SP_ERR_NOT_FOUND);
    assert_int_equal(sp_policy_open(SP_SLICE_LITERAL("./none.toml"), &policy, &where),
                     SP_ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy_that_says_nothing_denies),
        cmocka_unit_test(test_policy_lays_itself_over_what_it_extends),
        cmocka_unit_test(test_policy_denies_at_run_time_what_it_or_its_parents_say),
        cmocka_unit_test(test_policy_refuses_mistakes_with_their_place),
        cmocka_unit_test(test_policy_prints_what_loads_to_the_same),
        cmocka_unit_test(test_policy_is_found_by_name_or_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
