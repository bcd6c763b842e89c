/* Grammars of field values: taken, refused, and what they hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/http_field.h"

static void test_tokens_are_made_of_token_bytes(void **state)
{
    (void)state;
    assert_true(sp_http_is_token(sp_slice_of("Content-Type")));
    assert_true(sp_http_is_token(sp_slice_of("!#$%&'*+-.^_`|~09azAZ")));
    static const char *const bad[] = {"",    "a b", "a:",       "a(",   "\"a\"", "a/b",
                                      "a,b", "a;b", "\xC3\xA9", "\x7F", "a\t"};
    for (size_t i = 0; i < SP_COUNT(bad); i++) {
        assert_false(sp_http_is_token(sp_slice_of(bad[i])));
    }
    assert_true(sp_http_is_field_value(sp_slice_of("a\tb \xFF")));
    assert_true(sp_http_is_field_value(sp_slice_of("")));
    assert_false(sp_http_is_field_value(sp_slice_of(" a")));
    assert_false(sp_http_is_field_value(sp_slice_of("a\r\nb")));
}

struct bearer_case {
    const char *value;
    enum sp_err want;
    const char *token;
};

static const struct bearer_case bearer_cases[] = {
    {"Bearer abc", SP_OK, "abc"},
    {"bearer abc==", SP_OK, "abc=="},
    {"BEARER   a-._~+/b", SP_OK, "a-._~+/b"},
    {"", SP_ERR_TOKEN_MISSING, NULL},
    {"Bearer", SP_ERR_TOKEN_UNKNOWN, NULL},
    {"Bearer ", SP_ERR_TOKEN_UNKNOWN, NULL},
    {"Bearer\tabc", SP_ERR_TOKEN_UNKNOWN, NULL},
    {"Bearer a b", SP_ERR_TOKEN_UNKNOWN, NULL},
    {"Bearer a,b", SP_ERR_TOKEN_UNKNOWN, NULL},
    {"Bearer =", SP_ERR_TOKEN_UNKNOWN, NULL},
    {"Bearer a=b", SP_ERR_TOKEN_UNKNOWN, NULL},
    {"Basic abc", SP_ERR_TOKEN_UNKNOWN, NULL},
    {"abc", SP_ERR_TOKEN_UNKNOWN, NULL},
};

static void test_each_byte_of_a_token_is_one_of_its_alphabet(void **state)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t text[] = {'B', 'e', 'a', 'r', 'e', 'r', ' ', 'a', (uint8_t)byte, 'b'};
        struct sp_slice token = {NULL, 0};
        bool is_one =
            sp_slice_find(SP_SLICE_LITERAL(alphabet), 0, (uint8_t)byte) < sizeof(alphabet) - 1;
        assert_int_equal(sp_http_bearer(sp_slice_make(text, sizeof(text)), &token),
                         is_one ? SP_OK : SP_ERR_TOKEN_UNKNOWN);
    }
}

static void test_a_bearer_is_a_scheme_and_a_token68(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(bearer_cases); i++) {
        const struct bearer_case *c = &bearer_cases[i];
        print_message("  '%s'\n", c->value);
        struct sp_slice token = {NULL, 0};
        assert_int_equal(sp_http_bearer(sp_slice_of(c->value), &token), c->want);
        assert_true(sp_slice_is(token, c->token == NULL ? "" : c->token));
    }
}

struct type_case {
    const char *value;
    enum sp_err want;
    const char *type;
    const char *params; /* name=value; after unquoting */
};

static const struct type_case type_cases[] = {
    {"application/json", SP_OK, "application/json", ""},
    {"application/json; charset=utf-8", SP_OK, "application/json", "charset=utf-8;"},
    {"a/b;c=d;e=\"f g\"", SP_OK, "a/b", "c=d;e=f g;"},
    {"a/b ; c=\"x\\\"y\\\\\" ", SP_OK, "a/b", "c=x\"y\\;"},
    {"a/b;;  ;c=d;", SP_OK, "a/b", "c=d;"},
    {"a/b;c=\"\"", SP_OK, "a/b", "c=;"},
    {"a/b;c==(d/e:f?)= ;g=h", SP_OK, "a/b", "c==(d/e:f?)=;g=h;"},
    {"a/b;c=d,e", SP_ERR_INVALID, "a/b", NULL},
    {"a/b;c=d\"e", SP_ERR_INVALID, "a/b", NULL},
    {"a/b;c=d\\e", SP_ERR_INVALID, "a/b", NULL},
    {"a", SP_ERR_INVALID, NULL, NULL},
    {"a/", SP_ERR_INVALID, NULL, NULL},
    {"/b", SP_ERR_INVALID, NULL, NULL},
    {"a/b/c", SP_ERR_INVALID, NULL, NULL},
    {"a /b", SP_ERR_INVALID, NULL, NULL},
    {"", SP_ERR_INVALID, NULL, NULL},
    {"a/b;c", SP_ERR_INVALID, "a/b", NULL},
    {"a/b;c=", SP_ERR_INVALID, "a/b", NULL},
    {"a/b;c =d", SP_ERR_INVALID, "a/b", NULL},
    {"a/b;c= d", SP_ERR_INVALID, "a/b", NULL},
    {"a/b;=d", SP_ERR_INVALID, "a/b", NULL},
    {"a/b;c=\"d", SP_ERR_INVALID, "a/b", NULL},
    {"a/b;c=\"d\\", SP_ERR_INVALID, "a/b", NULL},
    {"a/b;c=d e=f", SP_ERR_INVALID, "a/b", NULL},
    {"a/b;c=\"d\"e", SP_ERR_INVALID, "a/b", NULL},
};

static enum sp_err read_params(struct sp_slice value, struct sp_slice *type, struct sp_buf *out)
{
    struct sp_http_params params;
    struct sp_http_param param;
    bool has_more = true;
    SP_TRY(sp_http_media_type(value, type, &params));
    for (;;) {
        SP_TRY(sp_http_params_next(&params, &param, &has_more));
        if (!has_more) {
            return SP_OK;
        }
        SP_TRY(sp_buf_put(out, param.name));
        SP_TRY(sp_buf_put_byte(out, '='));
        SP_TRY(sp_http_param_unquote(&param, out));
        SP_TRY(sp_buf_put_byte(out, ';'));
    }
}

static void test_a_media_type_has_parameters(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(type_cases); i++) {
        const struct type_case *c = &type_cases[i];
        print_message("  '%s'\n", c->value);
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, 256);
        struct sp_slice type = {NULL, 0};
        assert_int_equal(read_params(sp_slice_of(c->value), &type, &out), c->want);
        assert_true(sp_slice_is(type, c->type == NULL ? "" : c->type));
        assert_true(c->want != SP_OK || sp_slice_is(sp_buf_slice(&out), c->params));
    }
}

static void test_a_disposition_is_one_token(void **state)
{
    (void)state;
    struct sp_http_params params;
    struct sp_slice type;
    assert_int_equal(sp_http_disposition(sp_slice_of("form-data; name=\"a\""), &type, &params),
                     SP_OK);
    assert_true(sp_slice_is(type, "form-data"));
    assert_int_equal(sp_http_disposition(sp_slice_of("form/data"), &type, &params), SP_ERR_INVALID);
}

static void test_a_list_is_searched_without_case(void **state)
{
    (void)state;
    assert_true(sp_http_list_has(sp_slice_of("keep-alive, Close"), "close"));
    assert_true(sp_http_list_has(sp_slice_of(",, close ,"), "close"));
    assert_false(sp_http_list_has(sp_slice_of("closed"), "close"));
    assert_false(sp_http_list_has(sp_slice_of(""), "close"));
}

#define TRACE "-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void test_a_traceparent_is_whole_or_nothing(void **state)
{
    static const char *const good[] = {"00" TRACE, "01" TRACE, "fe" TRACE "-", "cc" TRACE "-more"};
    static const char *const bad[] = {
        "",
        "00",
        "00-",
        "00" TRACE "-",
        "00" TRACE "0",
        "cc" TRACE "0",
        "cc" TRACE ".more",
        "ff" TRACE,
        "0" TRACE,
        "000" TRACE,
        "0x" TRACE,
        "FE" TRACE,
        "0 " TRACE,
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-.1",
        "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319-cb7ad6b7169203331-01",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(good); i++) {
        assert_true(sp_slice_is(sp_http_traceparent(sp_slice_of(good[i])), TRACE));
    }
    for (size_t i = 0; i < SP_COUNT(bad); i++) {
        print_message("  '%s'\n", bad[i]);
        assert_int_equal(sp_http_traceparent(sp_slice_of(bad[i])).len, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_traceparent_is_whole_or_nothing),
        cmocka_unit_test(test_tokens_are_made_of_token_bytes),
        cmocka_unit_test(test_each_byte_of_a_token_is_one_of_its_alphabet),
        cmocka_unit_test(test_a_bearer_is_a_scheme_and_a_token68),
        cmocka_unit_test(test_a_media_type_has_parameters),
        cmocka_unit_test(test_a_disposition_is_one_token),
        cmocka_unit_test(test_a_list_is_searched_without_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
