/* provider: the exact bytes of each question, and what answers mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "token/provider.h"

#define AUDIENCE "https://dynamicsessions.io"

static struct sp_provider provider(enum sp_provider_source source, const char *endpoint,
                                   bool is_imds, const char *client)
{
    return (struct sp_provider){.source = source,
                                .endpoint = sp_slice_of(endpoint),
                                .is_imds = is_imds,
                                .audience = sp_slice_of(AUDIENCE),
                                .tenant_id = sp_slice_of("the tenant"),
                                .client_id = sp_slice_of(client)};
}

static void test_each_source_asks_as_its_service_wants(void **state)
{
    (void)state;
    const struct {
        struct sp_provider provider;
        const char *proof;
        const char *request;
    } cases[] = {
        {provider(SP_PROVIDER_MANAGED_IDENTITY, "http://localhost:42356/msi/token", false, ""),
         "the-header",
         "GET /msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fdynamicsessions.io "
         "HTTP/1.1\r\nHost: localhost:42356\r\n"
         "X-IDENTITY-HEADER: the-header\r\nAccept: application/json\r\nConnection: close\r\n\r\n"},
        {provider(SP_PROVIDER_MANAGED_IDENTITY,
                  "http://169.254.169.254/metadata/identity/oauth2/token", true, "abc"),
         "",
         "GET "
         "/metadata/identity/oauth2/"
         "token?api-version=2018-02-01&resource=https%3A%2F%2Fdynamicsessions.io&client_id=abc "
         "HTTP/1.1\r\nHost: 169.254.169.254\r\nMetadata: true\r\nAccept: "
         "application/json\r\nConnection: close\r\n\r\n"},
        {provider(SP_PROVIDER_CLIENT_SECRET, "https://login.example/", false, "cli"), "s&c=ret",
         "POST /the%20tenant/oauth2/v2.0/token HTTP/1.1\r\nHost: login.example\r\n"
         "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 119\r\nAccept: "
         "application/json\r\n"
         "Connection: "
         "close\r\n\r\ngrant_type=client_credentials&client_id=cli&scope=https%3A%2F%"
         "2Fdynamicsessions.io%2F.default"
         "&client_secret=s%26c%3Dret"},
        {provider(SP_PROVIDER_WORKLOAD_IDENTITY, "https://[::1]:444", false, "cli"), "a.b.c",
         "POST /the%20tenant/oauth2/v2.0/token HTTP/1.1\r\nHost: [::1]:444\r\n"
         "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 203\r\nAccept: "
         "application/json\r\n"
         "Connection: "
         "close\r\n\r\ngrant_type=client_credentials&client_id=cli&scope=https%3A%2F%"
         "2Fdynamicsessions.io%2F.default"
         "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&"
         "client_assertion=a.b.c"},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, SP_PROVIDER_REQUEST_BYTES_MAX);
        assert_int_equal(sp_provider_request(&cases[i].provider, sp_slice_of(cases[i].proof), &out),
                         SP_OK);
        assert_int_equal(sp_buf_put_byte(&out, '\0'), SP_OK);
        assert_string_equal((const char *)out.ptr, cases[i].request);
    }
}

static void test_a_header_that_would_break_its_line_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"", "a b", "a\r\nX: y", "caf\xC3\xA9"};
    const struct sp_provider p =
        provider(SP_PROVIDER_MANAGED_IDENTITY, "http://localhost/x", false, "");
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, SP_PROVIDER_REQUEST_BYTES_MAX);
        assert_int_equal(sp_provider_request(&p, sp_slice_of(cases[i]), &out), SP_ERR_INVALID);
    }
}

static void test_answers(void **state)
{
    (void)state;
    const struct {
        const char *body;
        enum sp_err err;
        uint64_t lives_s;
        uint64_t refresh_s;
    } cases[] = {
        {"{\"access_token\":\"a.b-c\",\"expires_in\":3599,\"token_type\":\"Bearer\"}", SP_OK, 3599,
         0},
        {"{\"access_token\":\"a\",\"expires_in\":\"86399\",\"refresh_in\":\"43199\"}", SP_OK, 86399,
         43199},
        {"{\"access_token\":\"a\",\"expires_on\":\"1700003600\"}", SP_OK, 3600, 0},
        {"{\"access_token\":\"a\",\"expires_on\":1700003600}", SP_OK, 3600, 0},
        {"{\"accessToken\":\"a\",\"expires_on\":1700003600,\"expiresOn\":\"2020-01-01 00:00:00\"}",
         SP_OK, 3600, 0},
        {"{\"accessToken\":\"a\",\"expiresOn\":\"2023-11-14 23:13:20.123456\"}", SP_OK, 3600, 0},
        {"{\"accessToken\":\"a\",\"expiresOn\":\"2023-11-14 22:13:19.999999\"}", SP_ERR_RANGE, 0,
         0},
        {"{\"accessToken\":\"a\",\"expiresOn\":\"2023-11-14\"}", SP_ERR_INVALID, 0, 0},
        {"{\"access_token\":\"a\",\"expires_on\":\"2023-11-14 23:13:20\"}", SP_ERR_SHORT, 0, 0},
        {"{\"access_token\":\"a\",\"expires_on\":\"11/14/2023 23:13:20 +00:00\"}", SP_OK, 3600, 0},
        {"{\"access_token\":\"a\",\"expires_on\":\"2023-11-14T23:13:20Z\"}", SP_OK, 3600, 0},
        {"{\"access_token\":\"a\",\"expires_in\":99999999999}", SP_OK, 7 * 24 * 3600, 0},
        {"{\"access_token\":\"a\",\"expires_on\":\"1700000000\"}", SP_ERR_RANGE, 0, 0},
        {"{\"access_token\":\"a\",\"expires_in\":0}", SP_ERR_RANGE, 0, 0},
        {"{\"access_token\":\"a\",\"expires_in\":-5}", SP_ERR_INVALID, 0, 0},
        {"{\"access_token\":\"a\",\"expires_in\":true}", SP_ERR_INVALID, 0, 0},
        {"{\"access_token\":\"a\"}", SP_ERR_INVALID, 0, 0},
        {"{\"access_token\":\"a b\",\"expires_in\":1}", SP_ERR_INVALID, 0, 0},
        {"{\"access_token\":\"a\\r\\nX: y\",\"expires_in\":1}", SP_ERR_INVALID, 0, 0},
        {"{\"access_token\":\"\",\"expires_in\":1}", SP_ERR_INVALID, 0, 0},
        {"{\"access_token\":7,\"expires_in\":1}", SP_ERR_INVALID, 0, 0},
        {"[]", SP_ERR_INVALID, 0, 0},
        {"{\"access_token\":\"a\",\"access_token\":\"b\",\"expires_in\":1}", SP_ERR_JSON, 0, 0},
        {"<html>", SP_ERR_JSON, 0, 0},
        {"", SP_ERR_JSON, 0, 0},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf value;
        struct sp_provider_token token;
        sp_buf_init(&value, 64);
        assert_int_equal(sp_provider_answer(sp_slice_of(cases[i].body), 1700000000, &value, &token),
                         cases[i].err);
        if (cases[i].err == SP_OK) {
            assert_int_equal(token.lives_s, cases[i].lives_s);
            assert_int_equal(token.refresh_s, cases[i].refresh_s);
            assert_true(token.value.len > 0);
        }
    }
}

static void test_points_in_time(void **state)
{
    (void)state;
    const struct {
        const char *text;
        enum sp_err err;
        uint64_t wall_s;
    } cases[] = {
        {"0", SP_OK, 0},
        {"06/20/2019 02:57:58 +00:00", SP_OK, 1560999478},
        {"2019-06-20T02:57:58Z", SP_OK, 1560999478},
        {"2019-06-20T04:57:58.1234567+02:00", SP_OK, 1560999478},
        {"2019-06-19T21:57:58-05:00", SP_OK, 1560999478},
        {"2024-02-29T00:00:00Z", SP_OK, 1709164800},
        {"13/20/2019 02:57:58 +00:00", SP_ERR_RANGE, 0},
        {"1969-06-20T02:57:58Z", SP_ERR_RANGE, 0},
        {"2019-06-20T25:57:58Z", SP_ERR_RANGE, 0},
        {"2019-06-20T02:57:58Zx", SP_ERR_TRAILING, 0},
        {"2019-06-20", SP_ERR_SHORT, 0},
        {"1e9", SP_ERR_INVALID, 0},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        uint64_t wall_s = 0;
        assert_int_equal(sp_provider_time(sp_slice_of(cases[i].text), &wall_s), cases[i].err);
        assert_int_equal(cases[i].err == SP_OK ? wall_s : 0, cases[i].wall_s);
    }
}

static void test_error_answers_give_words_but_no_description(void **state)
{
    (void)state;
    const struct {
        const char *body;
        const char *said;
    } cases[] = {
        {"{\"error\":\"invalid_client\",\"error_description\":\"secret s3cr3t is "
         "wrong\",\"error_codes\":[7000215]}",
         " error=invalid_client code=7000215"},
        {"{\"error\":\"a\\nforged line\"}", " error=unreadable"},
        {"{\"error\":{\"code\":1}}", ""},
        {"not json", ""},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, 512);
        assert_int_equal(sp_provider_error(sp_slice_of(cases[i].body), &out), SP_OK);
        assert_true(sp_slice_is(sp_buf_slice(&out), cases[i].said));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_source_asks_as_its_service_wants),
        cmocka_unit_test(test_a_header_that_would_break_its_line_is_refused),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_points_in_time),
        cmocka_unit_test(test_error_answers_give_words_but_no_description),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
