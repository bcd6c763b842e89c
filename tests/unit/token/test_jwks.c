/* jwks: the request, and which answers take the place of the keys that are there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "token/jwks.h"

static void test_requests(void **state)
{
    (void)state;
    const struct {
        const char *url;
        enum sp_err err;
        const char *request;
    } cases[] = {
        {"https://i.example/a/keys?x=1&y", SP_OK,
         "GET /a/keys?x=1&y HTTP/1.1\r\nHost: i.example\r\nAccept: application/json\r\nConnection: "
         "close\r\n\r\n"},
        {"http://[::1]:8000", SP_OK,
         "GET / HTTP/1.1\r\nHost: [::1]:8000\r\nAccept: application/json\r\nConnection: "
         "close\r\n\r\n"},
        {"https://i.example/a b", SP_ERR_INVALID, NULL},
        {"https://i.example/a\r\nX: y", SP_ERR_INVALID, NULL},
        {"ftp://i.example/", SP_ERR_INVALID, NULL},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, 1024);
        assert_int_equal(sp_jwks_request(sp_slice_of(cases[i].url), &out), cases[i].err);
        if (cases[i].err == SP_OK) {
            assert_true(sp_slice_is(sp_buf_slice(&out), cases[i].request));
        }
    }
}

static void test_only_a_new_set_of_keys_is_news(void **state)
{
    (void)state;
    const struct {
        unsigned status;
        const char *body;
        bool is_news;
        bool is_failure;
    } steps[] = {
        {503, "", false, true},
        {200, "<html>", false, true},
        {200, "{\"keys\":[]}", false, true},
        {200, "{\"keys\":{}}", false, true},
        {200, "{\"keys\":[{}]}", true, false},
        {200, "{\"keys\":[{}]}", false, false},
        {404, "{\"keys\":[{},{}]}", false, true},
        {200, "{\"keys\":[{},{}]}", true, false},
    };
    struct sp_jwks_source source;
    sp_jwks_init(&source);
    for (size_t i = 0; i < SP_COUNT(steps); i++) {
        sp_renew_asked(&source.renew);
        assert_true(sp_jwks_answered(&source, steps[i].status, 0, sp_slice_of(steps[i].body), 1000,
                                     0) == steps[i].is_news);
        assert_true((source.renew.failures > 0) == steps[i].is_failure);
    }
    assert_true(sp_slice_is(sp_buf_slice(&source.document), "{\"keys\":[{},{}]}"));
    assert_false(sp_renew_is_due(&source.renew, 1000 + SP_JWKS_LIFE_MS - 1));
    assert_true(sp_renew_is_due(&source.renew, 1000 + SP_JWKS_LIFE_MS));
    sp_jwks_source_done(&source);
}

static void answer(struct sp_jwks_source *source, uint64_t now_ms)
{
    sp_renew_asked(&source->renew);
    (void)sp_jwks_answered(source, 200, 0, SP_SLICE_LITERAL("{\"keys\":[{}]}"), now_ms, 0);
}

/* A key that is missing is asked for at once, then once a minute however many want it, and never past failures. */
static void test_a_wanted_key_is_asked_for_soon_and_seldom(void **state)
{
    struct sp_jwks_source source;
    (void)state;
    sp_jwks_init(&source);
    answer(&source, 1000);
    assert_false(sp_renew_is_due(&source.renew, 2000));
    sp_jwks_wanted(&source, 2000);
    assert_true(sp_renew_is_due(&source.renew, 2000));
    sp_renew_asked(&source.renew);
    sp_jwks_wanted(&source, 2001); /* it is on its way */
    (void)sp_jwks_answered(&source, 200, 0, SP_SLICE_LITERAL("{\"keys\":[{}]}"), 2100, 0);
    for (uint64_t now = 2200; now < 2000 + SP_JWKS_WANTED_MS; now += 100) {
        sp_jwks_wanted(&source, now);
        assert_false(sp_renew_is_due(&source.renew, now));
    }
    assert_true(sp_renew_is_due(&source.renew, 2000 + SP_JWKS_WANTED_MS));
    sp_renew_asked(&source.renew);
    (void)sp_jwks_answered(&source, 503, 0, SP_SLICE_LITERAL(""), 70000, 0);
    const uint64_t ask_ms = source.renew.ask_ms;
    sp_jwks_wanted(&source, 500000);
    assert_int_equal(source.renew.ask_ms, ask_ms);
    sp_jwks_source_done(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_a_wanted_key_is_asked_for_soon_and_seldom),
        cmocka_unit_test(test_only_a_new_set_of_keys_is_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
