#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/ships.h"

static void test_where_to(void **state)
{
    static const struct {
        const char *to;
        enum sp_err want;
        enum sp_collector_kind kind;
        const char *place; /* path or host; what is wrong */
        uint16_t port;
    } cases[] = {
        {"file:/var/log/x", SP_OK, SP_COLLECTOR_FILE, "/var/log/x", 0},
        {"file:x", SP_ERR_INVALID, SP_COLLECTOR_FILE, "absolute", 0},
        {"file:", SP_ERR_INVALID, SP_COLLECTOR_FILE, "absolute", 0},
        {"unix:/dev/log", SP_OK, SP_COLLECTOR_UNIX, "/dev/log", 0},
        {"udp://[::1]", SP_OK, SP_COLLECTOR_UDP, "::1", 514},
        {"udp://a.example:1", SP_OK, SP_COLLECTOR_UDP, "a.example", 1},
        {"udp://a.example:0", SP_ERR_INVALID, SP_COLLECTOR_UDP, "needs a port", 0},
        {"udp://a.example:65535", SP_OK, SP_COLLECTOR_UDP, "a.example", 65535},
        {"udp://a.example:65536", SP_ERR_INVALID, SP_COLLECTOR_UDP, "no port", 0},
        {"tcp://127.0.0.1:601", SP_OK, SP_COLLECTOR_TCP, "127.0.0.1", 601},
        {"tcp://127.0.0.1", SP_ERR_INVALID, SP_COLLECTOR_TCP, "needs a port", 0},
        {"tls://a.example", SP_OK, SP_COLLECTOR_TLS, "a.example", 6514},
        {"tls://a.example/x", SP_ERR_INVALID, SP_COLLECTOR_TLS, "host", 0},
        {"tls://user@a.example", SP_ERR_INVALID, SP_COLLECTOR_TLS, "host", 0},
        {"tls://[::1", SP_ERR_INVALID, SP_COLLECTOR_TLS, "host", 0},
        {"tls://[::1]x", SP_ERR_INVALID, SP_COLLECTOR_TLS, "no port", 0},
        {"tls://[]:1", SP_ERR_INVALID, SP_COLLECTOR_TLS, "host", 0},
        {"tls://::1", SP_ERR_INVALID, SP_COLLECTOR_TLS, "host", 0},
        {"https://a.example", SP_ERR_INVALID, SP_COLLECTOR_TLS, "begins with", 0},
        {"", SP_ERR_INVALID, SP_COLLECTOR_TLS, "begins with", 0},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_collector got = {.port = 7};
        const char *why = NULL;
        print_message("%s\n", cases[i].to);
        assert_int_equal(sp_collector_parse(sp_slice_of(cases[i].to), &got, &why), cases[i].want);
        if (cases[i].want != SP_OK) {
            assert_non_null(strstr(why, cases[i].place));
            assert_int_equal(got.port, 7);
            continue;
        }
        assert_int_equal(got.kind, cases[i].kind);
        assert_int_equal(got.port, cases[i].port);
        assert_true(sp_slice_is(cases[i].place[0] == '/' ? got.path : got.host, cases[i].place));
    }
}

static void test_a_path_of_a_socket_has_its_length(void **state)
{
    char to[160] = "unix:/";
    struct sp_collector got;
    const char *why = "";
    (void)state;
    (void)memset(to + 6, 'x', 106);
    assert_int_equal(sp_collector_parse(sp_slice_of(to), &got, &why), SP_OK);
    to[112] = 'x';
    assert_int_equal(sp_collector_parse(sp_slice_of(to), &got, &why), SP_ERR_INVALID);
}

static enum sp_err parse(const char *text, struct sp_config **out, struct sp_where *where)
{
    return sp_config_parse(sp_slice_of(text), NULL, out, where);
}

static void test_collectors_are_read_with_their_defaults(void **state)
{
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    struct sp_where where = {.line = 0};
    (void)state;
    assert_int_equal(
        parse("[audit]\norigin = 'a.example/log'\n[[audit.ship]]\nto = 'tls://x'\nca_file = '/ca'\n"
              "format = 'ocsf'\nbehind = 9\n[[audit.ship]]\nto = 'udp://y'\n",
              &config, &where),
        SP_OK);
    assert_int_equal(config->ship_count, 2);
    assert_string_equal(config->ships[0].ca_file, "/ca");
    assert_int_equal(config->ships[0].format, SP_CONFIG_SHIP_OCSF);
    assert_int_equal(config->ships[0].behind, 9);
    assert_int_equal(config->ships[1].format, SP_CONFIG_SHIP_JSON);
    assert_int_equal(config->ships[1].behind, 0);
}

static void test_what_does_not_fit_is_refused_at_its_place(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *word;
    } cases[] = {
        {"[[audit.ship]]\n", 1, "is missing"},
        {"[[audit.ship]]\nto = 'x'\n", 2, "begins with"},
        {"[[audit.ship]]\nto = 'udp://x'\nca_file = '/x'\n", 3, "tls:// only"},
        {"[[audit.ship]]\nto = 'udp://x'\n[[audit.ship]]\nto = 'udp://x'\n", 4, "twice"},
        {"[audit.ship]\nto = 'udp://x'\n", 1, "[[audit.ship]]"},
        {"[audit]\nship = 'udp://x'\n", 2, "[[audit.ship]]"},
        {"[audit]\nship = []\n", 2, "[[audit.ship]]"},
        {"[[audit.ship]]\nto = 'udp://x'\nwhere = 1\n", 3, "unknown"},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_config *config = NULL;
        struct sp_where where = {.line = 0};
        print_message("%s\n", cases[i].text);
        assert_int_equal(parse(cases[i].text, &config, &where), SP_ERR_CONFIG);
        assert_int_equal(where.line, cases[i].line);
        assert_non_null(strstr(where.text, cases[i].word));
        assert_null(config);
    }
}

static void test_collectors_need_a_restart(void **state)
{
    SP_AUTO_CONFIG struct sp_config *running = NULL;
    SP_AUTO_CONFIG struct sp_config *fresh = NULL;
    SP_AUTO_BUF struct sp_buf kept;
    struct sp_where where = {.line = 0};
    (void)state;
    sp_buf_init(&kept, 4096);
    assert_int_equal(parse("[[audit.ship]]\nto = 'udp://x'\n", &running, &where), SP_OK);
    assert_int_equal(parse("[[audit.ship]]\nto = 'udp://y'\n", &fresh, &where), SP_OK);
    assert_int_equal(sp_config_merge(fresh, running, &kept), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&kept), "audit.ship"));
    assert_string_equal(fresh->ships[0].to, "udp://x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_to),
        cmocka_unit_test(test_a_path_of_a_socket_has_its_length),
        cmocka_unit_test(test_collectors_are_read_with_their_defaults),
        cmocka_unit_test(test_what_does_not_fit_is_refused_at_its_place),
        cmocka_unit_test(test_collectors_need_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
