/* Targets, queries, escapes and the URLs of the configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/url.h"

static void test_a_target_splits_at_its_first_question_mark(void **state)
{
    (void)state;
    struct sp_slice path;
    struct sp_slice query;
    assert_int_equal(sp_url_split(sp_slice_of("/a/b?c=d?e"), &path, &query), SP_OK);
    assert_true(sp_slice_is(path, "/a/b") && sp_slice_is(query, "c=d?e"));
    assert_int_equal(sp_url_split(sp_slice_of("/"), &path, &query), SP_OK);
    assert_true(sp_slice_is(path, "/") && query.len == 0);
    static const char *const bad[] = {"",     "a",         "*",    "http://a/", "/a b",
                                      "/a#b", "/\xC3\xA9", "/a\n", "/\x7F"};
    for (size_t i = 0; i < SP_COUNT(bad); i++) {
        assert_int_equal(sp_url_split(sp_slice_of(bad[i]), &path, &query), SP_ERR_INVALID);
    }
}

static void test_a_query_gives_its_pairs_raw(void **state)
{
    (void)state;
    struct sp_url_query q;
    struct sp_slice name;
    struct sp_slice value;
    sp_url_query_init(&q, sp_slice_of("&a=b&&c&d=e=f&=g&identifier=x:y/z&"));
    static const char *const want[][2] = {
        {"a", "b"}, {"c", ""}, {"d", "e=f"}, {"", "g"}, {"identifier", "x:y/z"}};
    for (size_t i = 0; i < SP_COUNT(want); i++) {
        assert_true(sp_url_query_next(&q, &name, &value));
        assert_true(sp_slice_is(name, want[i][0]) && sp_slice_is(value, want[i][1]));
    }
    assert_false(sp_url_query_next(&q, &name, &value));
}

struct decode_case {
    const char *text;
    enum sp_plus plus;
    enum sp_err want;
    const char *out;
};

static const struct decode_case decode_cases[] = {
    {"", SP_PLUS_IS_PLUS, SP_OK, ""},
    {"abc", SP_PLUS_IS_PLUS, SP_OK, "abc"},
    {"a%20b%2fC%2F", SP_PLUS_IS_PLUS, SP_OK, "a b/C/"},
    {"%C3%A9", SP_PLUS_IS_PLUS, SP_OK, "\xC3\xA9"},
    {"a+b", SP_PLUS_IS_PLUS, SP_OK, "a+b"},
    {"a+b%2B", SP_PLUS_IS_SPACE, SP_OK, "a b+"},
    {"%2500", SP_PLUS_IS_PLUS, SP_OK, "%00"},
    {"%", SP_PLUS_IS_PLUS, SP_ERR_INVALID, ""},
    {"%4", SP_PLUS_IS_PLUS, SP_ERR_INVALID, ""},
    {"%4g", SP_PLUS_IS_PLUS, SP_ERR_INVALID, ""},
    {"%+1", SP_PLUS_IS_PLUS, SP_ERR_INVALID, ""},
    {"%u0041", SP_PLUS_IS_PLUS, SP_ERR_INVALID, ""},
    {"a%00", SP_PLUS_IS_PLUS, SP_ERR_NUL, ""},
};

static void test_escapes_decode_once_and_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(decode_cases); i++) {
        const struct decode_case *c = &decode_cases[i];
        print_message("  '%s'\n", c->text);
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, 64);
        assert_int_equal(sp_url_decode(sp_slice_of(c->text), c->plus, &out), c->want);
        assert_true(sp_slice_is(sp_buf_slice(&out), c->out));
    }
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 64);
    assert_int_equal(sp_url_decode(SP_SLICE_LITERAL("a\0"), SP_PLUS_IS_PLUS, &out), SP_ERR_NUL);
}

static void test_what_is_encoded_decodes_to_itself(void **state)
{
    (void)state;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 64);
    assert_int_equal(sp_url_encode(sp_slice_of("aZ9-._~ /+%\xFF"), &out), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&out), "aZ9-._~%20%2F%2B%25%FF"));
}

struct url_case {
    const char *text;
    enum sp_err want;
    const char *host;
    unsigned port;
    const char *path;
    bool is_https;
    bool has_query;
};

static const struct url_case url_cases[] = {
    {"https://a.example", SP_OK, "a.example", 443, "", true, false},
    {"https://a.example/", SP_OK, "a.example", 443, "/", true, false},
    {"http://127.0.0.1:8080/x/y", SP_OK, "127.0.0.1", 8080, "/x/y", false, false},
    {"HTTPS://[::1]:1/?q", SP_OK, "::1", 1, "/", true, true},
    {"https://a?", SP_OK, "a", 443, "", true, true},
    {"https://[2001:db8::192.0.2.1]/", SP_OK, "2001:db8::192.0.2.1", 443, "/", true, false},
    {"https://1a.2b./", SP_OK, "1a.2b.", 443, "/", true, false},
    {"https://0x.a/", SP_OK, "0x.a", 443, "/", true, false},
    {"https://[:]/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://[0::0::0]/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://[1:2:3:4:5:6:7:8:9]/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://[::1.]/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://[::1%25eth0]/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://256.0.0.1/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://1.2.3.4.5/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://127.1/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://2130706433/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://0x7f000001/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://a.0x/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://a.1/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://127.0.0.1./", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"ftp://a", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https:/a", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https:///a", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://u@a/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://a:0/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://a:65536/", SP_ERR_RANGE, NULL, 0, NULL, false, false},
    {"https://a:/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://a:1:2/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://[::1/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://[::1]x/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://a b/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://<REGION>.example/", SP_ERR_INVALID, NULL, 0, NULL, false, false},
    {"https://a/#f", SP_ERR_INVALID, NULL, 0, NULL, false, false},
};

static void test_a_url_is_absolute_and_has_a_host(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(url_cases); i++) {
        const struct url_case *c = &url_cases[i];
        print_message("  '%s'\n", c->text);
        struct sp_url url = {0};
        assert_int_equal(sp_url_parse(sp_slice_of(c->text), &url), c->want);
        if (c->want == SP_OK) {
            assert_true(sp_slice_is(url.host, c->host));
            assert_int_equal(url.port, c->port);
            assert_true(sp_slice_is(url.path, c->path));
            assert_true(url.is_https == c->is_https && url.has_query == c->has_query);
        }
    }
}

static void test_only_this_machine_is_loopback(void **state)
{
    (void)state;
    static const char *const yes[] = {"localhost", "LOCALHOST", "127.0.0.1", "127.255.0.3", "::1"};
    static const char *const no[] = {"",   "127.0.0.1.example", "127.0.0", "127.0.0.256", "0.0.0.0",
                                     "::", "localhost.example", "10.0.0.1"};
    for (size_t i = 0; i < SP_COUNT(yes); i++) {
        assert_true(sp_url_host_is_loopback(sp_slice_of(yes[i])));
    }
    for (size_t i = 0; i < SP_COUNT(no); i++) {
        assert_false(sp_url_host_is_loopback(sp_slice_of(no[i])));
    }
}

static void test_a_name_is_no_link_local_address(void **state)
{
    static const char *const yes[] = {"169.254.169.254", "169.254.0.1"};
    static const char *const no[] = {"169.254.example.com", "169.254.1",     "169.254.1.1.1",
                                     "169.254.1.256",       "169.254.1.1.",  "169.2541.1",
                                     "169.253.1.1",         "169.254.169.a", ""};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(yes); i++) {
        assert_true(sp_url_host_is_link_local(sp_slice_of(yes[i])));
    }
    for (size_t i = 0; i < SP_COUNT(no); i++) {
        assert_false(sp_url_host_is_link_local(sp_slice_of(no[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_target_splits_at_its_first_question_mark),
        cmocka_unit_test(test_a_query_gives_its_pairs_raw),
        cmocka_unit_test(test_escapes_decode_once_and_strictly),
        cmocka_unit_test(test_what_is_encoded_decodes_to_itself),
        cmocka_unit_test(test_a_url_is_absolute_and_has_a_host),
        cmocka_unit_test(test_only_this_machine_is_loopback),
        cmocka_unit_test(test_a_name_is_no_link_local_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
