/* bearer: the fixed source publishes what it was given, and tells of a refusal once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "token/bearer.h"

struct heard {
    unsigned published;
    enum sp_err err;
    char bearer[64];
    unsigned refused;
};

static void publish(void *ctx, enum sp_err err, struct sp_slice bearer, uint64_t expires_us)
{
    struct heard *heard = ctx;
    (void)expires_us;
    heard->published++;
    heard->err = err;
    heard->bearer[sp_slice_copy(bearer, heard->bearer, sizeof(heard->bearer) - 1)] = '\0';
}

static void refused(void *ctx, const char *fingerprint)
{
    struct heard *heard = ctx;
    assert_int_equal(sp_slice_of(fingerprint).len, 8);
    heard->refused++;
}

static void open_token(struct sp_bearer *token, struct heard *heard, unsigned source)
{
    struct sp_bearer_ops ops = {.publish = publish, .refused = refused, .ctx = heard};
    *heard = (struct heard){0};
    assert_int_equal(sp_bearer_init(token, source, &ops), SP_OK);
}

static void test_bearer_publishes_its_bearer_to_every_new_wire(void **state)
{
    (void)state;
    struct sp_bearer token;
    struct heard heard;
    open_token(&token, &heard, SP_BEARER_SOURCE_ENVIRONMENT);
    assert_int_equal(sp_bearer_set(&token, sp_slice_of(" eyJ0.eyJ1-_~+/=\n")), SP_OK);
    sp_bearer_wired(&token);
    sp_bearer_wired(&token);
    assert_int_equal(heard.published, 2);
    assert_int_equal(heard.err, SP_OK);
    assert_string_equal(heard.bearer, "eyJ0.eyJ1-_~+/=");
    sp_bearer_done(&token);
}

static void test_bearer_refuses_what_would_break_out_of_a_header(void **state)
{
    (void)state;
    static const char *const cases[] = {"", " \n", "a b", "a\r\nX: y", "a\"b", "caf\xC3\xA9"};
    struct sp_bearer token;
    struct heard heard;
    open_token(&token, &heard, SP_BEARER_SOURCE_ENVIRONMENT);
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        assert_int_equal(sp_bearer_set(&token, sp_slice_of(cases[i])), SP_ERR_INVALID);
    }
    sp_bearer_wired(&token);
    assert_int_equal(heard.err, SP_ERR_POOL_CREDENTIAL);
    assert_string_equal(heard.bearer, "");
    sp_bearer_done(&token);
}

static void test_bearer_tells_of_a_refusal_once_and_only_of_its_own(void **state)
{
    (void)state;
    struct sp_bearer token;
    struct heard heard;
    uint8_t digest[SP_SHA256_BYTES];
    uint8_t other[SP_SHA256_BYTES] = {1};
    open_token(&token, &heard, SP_BEARER_SOURCE_ENVIRONMENT);
    assert_int_equal(sp_bearer_set(&token, sp_slice_of("first")), SP_OK);
    assert_int_equal(sp_sha256(sp_slice_of("first"), digest), SP_OK);
    assert_false(sp_bearer_refused(&token, other));
    assert_int_equal(heard.refused, 0);
    assert_true(sp_bearer_refused(&token, digest));
    assert_true(sp_bearer_refused(&token, digest));
    assert_int_equal(heard.refused, 1);
    assert_int_equal(sp_bearer_set(&token, sp_slice_of("second")), SP_OK);
    assert_false(sp_bearer_refused(&token, digest));
    assert_int_equal(heard.refused, 1);
    sp_bearer_done(&token);
}

static void test_bearer_refuses_a_source_that_does_not_exist(void **state)
{
    (void)state;
    struct sp_bearer token;
    struct sp_bearer_ops ops = {.publish = publish, .refused = refused, .ctx = NULL};
    assert_int_equal(sp_bearer_init(&token, SP_BEARER_SOURCE_COUNT, &ops), SP_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bearer_publishes_its_bearer_to_every_new_wire),
        cmocka_unit_test(test_bearer_refuses_what_would_break_out_of_a_header),
        cmocka_unit_test(test_bearer_tells_of_a_refusal_once_and_only_of_its_own),
        cmocka_unit_test(test_bearer_refuses_a_source_that_does_not_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
