#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "identity/jws.h"
#include "vector.h"

/* What becomes of a token under one key, without any look at its claims. */
static enum sp_err check(const char *token, const char *key)
{
    SP_AUTO_JWS struct sp_jws jws = {.header = NULL};
    SP_AUTO_BUF struct sp_buf payload;
    struct sp_jwk jwk;
    sp_buf_init(&payload, SP_JWS_BYTES_MAX);
    SP_TRY(sp_jws_parse(vector_token(token), &jws));
    SP_TRY(sp_jws_payload(&jws, &payload));
    assert_int_equal(sp_jwk_parse(vector_key(key), &jwk), SP_OK);
    enum sp_err err = sp_jws_verify(&jws, &jwk);
    sp_jwk_done(&jwk);
    return err;
}

static void test_each_token_has_its_answer(void **state)
{
    (void)state;
    static const struct {
        const char *token, *key;
        enum sp_err want;
    } rows[] = {
        {"good", "d1", SP_OK},
        {"RS256 r1", "r1", SP_OK},
        {"PS256 r1", "r1", SP_OK},
        {"ES256 e1", "e1", SP_OK},
        {"ES384 e3", "e3", SP_OK},
        {"EdDSA d4", "d4", SP_OK},
        {"payload of bytes", "d1", SP_OK},
        {"payload empty", "d1", SP_OK},
        {"no kid", "d1", SP_OK},
        {"kid other", "d1", SP_OK}, /* whose key it is was the caller's choice */
        {"header unknown", "d1", SP_OK},
        {"typ other", "d1", SP_OK},
        {"good", "d4", SP_ERR_INVALID},
        {"good", "e1", SP_ERR_INVALID},
        {"RS256 r1", "e1", SP_ERR_INVALID},
        {"ES256 e1", "e3", SP_ERR_INVALID},
        {"alg none", "d1", SP_ERR_UNSUPPORTED},
        {"alg none, empty", "d1", SP_ERR_INVALID},
        {"alg missing", "d1", SP_ERR_INVALID},
        {"alg number", "d1", SP_ERR_INVALID},
        {"alg lower", "d1", SP_ERR_UNSUPPORTED},
        {"alg of another key", "e1", SP_ERR_INVALID},
        {"alg other padding", "r1", SP_ERR_INVALID},
        {"key confusion", "r1", SP_ERR_UNSUPPORTED},
        {"kid number", "d1", SP_ERR_INVALID},
        {"header crit", "d1", SP_ERR_INVALID},
        {"header b64", "d1", SP_ERR_INVALID},
        {"header jwk", "d1", SP_ERR_INVALID},
        {"header jku", "d1", SP_ERR_INVALID},
        {"header x5u", "d1", SP_ERR_INVALID},
        {"header x5c", "d1", SP_ERR_INVALID},
        {"header twice", "d1", SP_ERR_INVALID},
        {"header no object", "d1", SP_ERR_INVALID},
        {"header trailing", "d1", SP_ERR_INVALID},
        {"padded", "d1", SP_ERR_INVALID},
        {"standard alphabet", "d1", SP_ERR_INVALID},
        {"stray bits", "d1", SP_ERR_INVALID},
        {"blank", "d1", SP_ERR_INVALID},
        {"payload changed", "d1", SP_ERR_INVALID},
        {"signature changed", "d1", SP_ERR_INVALID},
        {"signature short", "d1", SP_ERR_INVALID},
        {"no signature", "d1", SP_ERR_INVALID},
        {"no header", "d1", SP_ERR_INVALID},
        {"two parts", "d1", SP_ERR_INVALID},
        {"four parts", "d1", SP_ERR_INVALID},
    };
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        print_message("%s by %s\n", rows[i].token, rows[i].key);
        assert_int_equal(check(rows[i].token, rows[i].key), rows[i].want);
    }
}

static void test_a_token_is_taken_apart(void **state)
{
    (void)state;
    struct sp_jws jws;
    SP_AUTO_BUF struct sp_buf payload;
    sp_buf_init(&payload, SP_JWS_BYTES_MAX);
    assert_int_equal(sp_jws_parse(vector_token("payload of bytes"), &jws), SP_OK);
    assert_int_equal(jws.alg, SP_JOSE_EDDSA);
    assert_true(jws.has_kid && sp_slice_is(jws.kid, "d1") && sp_slice_is(jws.typ, "JWT"));
    assert_int_equal(sp_jws_payload(&jws, &payload), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&payload), "foo"));
    assert_int_equal(jws.signature.len, 64);
    sp_jws_done(&jws);
}

static void test_a_token_over_the_limit_is_not_looked_at(void **state)
{
    (void)state;
    struct sp_jws jws;
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, SP_JWS_BYTES_MAX + 1);
    while (text.len < SP_JWS_BYTES_MAX) {
        assert_int_equal(sp_buf_put_byte(&text, 'A'), SP_OK);
    }
    assert_int_equal(sp_jws_parse(sp_buf_slice(&text), &jws), SP_ERR_INVALID);
    assert_int_equal(sp_buf_put_byte(&text, 'A'), SP_OK);
    assert_int_equal(sp_jws_parse(sp_buf_slice(&text), &jws), SP_ERR_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_token_has_its_answer),
        cmocka_unit_test(test_a_token_is_taken_apart),
        cmocka_unit_test(test_a_token_over_the_limit_is_not_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
