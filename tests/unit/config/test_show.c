/* Showing the configuration: it reads back as itself, and says what nobody set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/ships.h"

static void show(const char *in, struct sp_buf *out)
{
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    struct sp_where where = {0};
    assert_int_equal(sp_config_parse(sp_slice_of(in), NULL, &config, &where), SP_OK);
    assert_int_equal(sp_config_show(config, out), SP_OK);
    assert_int_equal(sp_buf_put_byte(out, '\0'), SP_OK);
}

static bool has_line(const struct sp_buf *text, const char *line)
{
    struct sp_slice rest = sp_slice_make(text->ptr, text->len - 1);
    while (rest.len > 0) {
        size_t end = sp_slice_find(rest, 0, '\n');
        if (sp_slice_is(sp_slice_sub(rest, 0, end), line)) {
            return true;
        }
        rest = sp_slice_sub(rest, end + 1, rest.len);
    }
    return false;
}

static void test_defaults_are_marked_and_others_are_not(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 65536);
    show("[pool]\nmax_sessions = 7\n[[tenant]]\nname = \"acme\"", &out);
    assert_true(has_line(&out, "max_sessions = 7"));
    assert_true(has_line(&out, "ready_sessions = 5  # default"));
    assert_true(has_line(&out, "cooldown_period = \"5m\"  # default"));
    assert_true(has_line(&out, "[[tenant]]"));
    assert_true(has_line(&out, "name = \"acme\""));
    assert_true(has_line(&out, "[tenant.quota]"));
    assert_false(has_line(&out, "[azure_code_interpreter]"));
}

static void test_what_is_shown_reads_back_as_the_same(void **state)
{
    (void)state;
    static const char *const inputs[] = {
        "",
        "[server]\nstate = \"/a \\\"b\\\\\"\nlisten = \"0.0.0.0:0\"\nplaintext = true",
        "[azure_code_interpreter]\npool_endpoint = \"https://a.example/\"\nconnect_timeout = 1234",
        ("[[azure_code_interpreter.pool]]\nendpoint = "
         "\"https://a/\"\n[[azure_code_interpreter.pool]]\nendpoint = "
         "\"https://b/\"\nname = \"b\"\nweight = 3"),
        "[[tenant]]\nname = \"a\"\n[tenant.quota]\nsessions = 3\n[[tenant]]\nname = \"b\"",
        "[pool.session]\ncpus = 0.25\npreload = [\"a\", \"b\"]",
    };
    for (size_t i = 0; i < SP_COUNT(inputs); i++) {
        SP_AUTO_BUF struct sp_buf first;
        SP_AUTO_BUF struct sp_buf second;
        SP_AUTO_BUF struct sp_buf third;
        sp_buf_init(&first, 65536);
        sp_buf_init(&second, 65536);
        sp_buf_init(&third, 65536);
        show(inputs[i], &first);
        show((const char *)first.ptr, &second); /* nothing is a default any more */
        show((const char *)second.ptr, &third);
        assert_string_equal((const char *)second.ptr, (const char *)third.ptr);
    }
}

static void test_the_table_of_keys_has_every_row(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 65536);
    assert_int_equal(sp_config_keys(&out), SP_OK);
    size_t lines = 0;
    for (size_t i = 0; i < out.len; i++) {
        lines += out.ptr[i] == '\n' ? 1 : 0;
    }
    assert_int_equal(lines, 2 + (size_t)SP_CONFIG_COUNT + (size_t)SP_CONFIG_TENANT_COUNT +
                                (size_t)SP_CONFIG_ORGANISATION_COUNT +
                                (size_t)SP_CONFIG_ISSUER_COUNT + (size_t)SP_CONFIG_RULE_COUNT +
                                (size_t)SP_CONFIG_SHIP_COUNT + SP_CONFIG_POOL_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_are_marked_and_others_are_not),
        cmocka_unit_test(test_what_is_shown_reads_back_as_the_same),
        cmocka_unit_test(test_the_table_of_keys_has_every_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
