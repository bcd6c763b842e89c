#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "identity/jwk.h"
#include "vector.h"

/* A key of the vectors with one piece of its text replaced. */
static enum sp_err read_changed(const char *key, const char *from, const char *to,
                                struct sp_jwk *out)
{
    SP_AUTO_BUF struct sp_buf text;
    const struct sp_slice whole = vector_key(key);
    const char *at =
        *from == '\0' ? (const char *)whole.ptr : strstr((const char *)whole.ptr, from);
    assert_non_null(at);
    const size_t before = (size_t)(at - (const char *)whole.ptr);
    sp_buf_init(&text, 16384);
    assert_int_equal(sp_buf_put(&text, sp_slice_sub(whole, 0, before)), SP_OK);
    assert_int_equal(sp_buf_put_text(&text, to), SP_OK);
    assert_int_equal(sp_buf_put(&text, sp_slice_sub(whole, before + strlen(from), whole.len)),
                     SP_OK);
    return sp_jwk_parse(sp_buf_slice(&text), out);
}

static void test_each_kind_of_key_is_for_its_algorithms(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned algs;
    } rows[] = {
        {"r1", 1U << SP_JOSE_RS256 | 1U << SP_JOSE_PS256},
        {"e1", 1U << SP_JOSE_ES256},
        {"e3", 1U << SP_JOSE_ES384},
        {"d1", 1U << SP_JOSE_EDDSA},
        {"d4", 1U << SP_JOSE_EDDSA},
    };
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct sp_jwk jwk;
        assert_int_equal(sp_jwk_parse(vector_key(rows[i].name), &jwk), SP_OK);
        assert_int_equal(jwk.algs, rows[i].algs);
        assert_true(jwk.has_kid);
        assert_string_equal(jwk.kid, rows[i].name);
        assert_null(jwk.issuer);
        sp_jwk_done(&jwk);
    }
}

static void test_what_a_key_says_of_itself_binds(void **state)
{
    (void)state;
    static const struct {
        const char *name, *key, *from, *to;
        enum sp_err want;
        unsigned algs;
    } rows[] = {
        {"alg narrows", "r1", "{", "{\"alg\":\"PS256\",", SP_OK, 1U << SP_JOSE_PS256},
        {"alg of another kind", "r1", "{", "{\"alg\":\"ES256\",", SP_ERR_INVALID, 0},
        {"alg not ours", "r1", "{", "{\"alg\":\"RS512\",", SP_ERR_UNSUPPORTED, 0},
        {"alg symmetric", "r1", "{", "{\"alg\":\"HS256\",", SP_ERR_UNSUPPORTED, 0},
        {"alg of another curve", "e3", "{", "{\"alg\":\"ES256\",", SP_ERR_INVALID, 0},
        {"alg no text", "r1", "{", "{\"alg\":5,", SP_ERR_INVALID, 0},
        {"for encryption", "r1", "\"use\": \"sig\"", "\"use\": \"enc\"", SP_ERR_UNSUPPORTED, 0},
        {"use no text", "r1", "\"use\": \"sig\"", "\"use\": [\"sig\"]", SP_ERR_INVALID, 0},
        {"ops without verify", "d1", "{", "{\"key_ops\":[\"sign\"],", SP_ERR_UNSUPPORTED, 0},
        {"ops empty", "d1", "{", "{\"key_ops\":[],", SP_ERR_UNSUPPORTED, 0},
        {"ops with verify", "d1", "{", "{\"key_ops\":[\"sign\",\"verify\"],", SP_OK,
         1U << SP_JOSE_EDDSA},
        {"ops no list", "d1", "{", "{\"key_ops\":\"verify\",", SP_ERR_INVALID, 0},
        {"a name twice", "d1", "{", "{\"kty\":\"OKP\",", SP_ERR_DUPLICATE, 0},
        {"kid no text", "d1", "\"kid\": \"d1\"", "\"kid\": 1", SP_ERR_INVALID, 0},
        {"kid missing", "d1", "\"kid\"", "\"other\"", SP_OK, 1U << SP_JOSE_EDDSA},
        {"unknown members", "d1", "{", "{\"x5t\":\"a\",\"d\":\"abcd\",\"more\":{\"a\":[1]},", SP_OK,
         1U << SP_JOSE_EDDSA},
        {"symmetric", "d1", "\"OKP\"", "\"oct\"", SP_ERR_UNSUPPORTED, 0},
        {"kty in another case", "d1", "\"OKP\"", "\"okp\"", SP_ERR_UNSUPPORTED, 0},
        {"kty missing", "d1", "\"kty\"", "\"ktx\"", SP_ERR_INVALID, 0},
        {"curve of another type", "e1", "\"EC\"", "\"OKP\"", SP_ERR_UNSUPPORTED, 0},
        {"curve not ours", "e1", "P-256", "P-521", SP_ERR_UNSUPPORTED, 0},
        {"curve of another length", "e1", "P-256", "P-384", SP_ERR_INVALID, 0},
        {"point without y", "e1", "\"y\"", "\"z\"", SP_ERR_INVALID, 0},
        {"coordinate padded", "e1", "\"x\": \"", "\"x\": \"AA", SP_ERR_INVALID, 0},
        {"key without n", "r1", "\"n\"", "\"N\"", SP_ERR_INVALID, 0},
        {"exponent 1", "r1", "AQAB", "AQ", SP_ERR_INVALID, 0},
        {"exponent even", "r1", "AQAB", "AQAA", SP_ERR_INVALID, 0},
        {"exponent with a zero in front", "r1", "AQAB", "AAEAAQ", SP_ERR_INVALID, 0},
        {"exponent of five bytes", "r1", "AQAB", "AQAAAAE", SP_ERR_RANGE, 0},
        {"exponent padded", "r1", "AQAB", "AQAB====", SP_ERR_INVALID, 0},
        {"exponent 3", "r1", "AQAB", "Aw", SP_OK, 1U << SP_JOSE_RS256 | 1U << SP_JOSE_PS256},
        {"modulus with a zero in front", "r1", "\"n\": \"", "\"n\": \"AAAA", SP_ERR_INVALID, 0},
        {"trailing bytes", "d1", "", "x", SP_ERR_JSON, 0},
    };
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct sp_jwk jwk = {.key = NULL};
        print_message("%s\n", rows[i].name);
        assert_int_equal(read_changed(rows[i].key, rows[i].from, rows[i].to, &jwk), rows[i].want);
        assert_int_equal(jwk.algs, rows[i].algs);
        assert_int_equal(jwk.key != NULL, rows[i].want == SP_OK);
        sp_jwk_done(&jwk);
    }
}

static void test_a_set_passes_over_what_it_cannot_use(void **state)
{
    (void)state;
    struct sp_jwks jwks = {.keys = NULL};
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, 65536);
    assert_int_equal(sp_buf_put_text(&text, "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"},{},7,"),
                     SP_OK);
    assert_int_equal(sp_buf_put(&text, vector_key("d1")), SP_OK);
    assert_int_equal(sp_buf_put_text(&text, "]}"), SP_OK);
    assert_int_equal(sp_jwks_parse(sp_buf_slice(&text), &jwks), SP_OK);
    assert_int_equal(jwks.count, 1);
    assert_int_equal(jwks.skipped, 3);
    sp_jwks_done(&jwks);
    static const struct {
        const char *text;
        enum sp_err want;
    } wrong[] = {
        {"{\"keys\":[]}", SP_ERR_NOT_FOUND},
        {"{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", SP_ERR_NOT_FOUND},
        {"{\"keys\":{}}", SP_ERR_INVALID},
        {"{}", SP_ERR_INVALID},
        {"[]", SP_ERR_INVALID},
        {"{\"keys\":[],\"keys\":[]}", SP_ERR_DUPLICATE},
        {"<html>", SP_ERR_JSON},
        {"", SP_ERR_JSON},
    };
    for (size_t i = 0; i < SP_COUNT(wrong); i++) {
        assert_int_equal(sp_jwks_parse(sp_slice_of(wrong[i].text), &jwks), wrong[i].want);
        assert_null(jwks.keys);
    }
}

static const char *kid_at(const struct sp_jwks *jwks, enum sp_jose alg, const char *kid, size_t *at)
{
    const struct sp_jwk *jwk = sp_jwks_next(jwks, alg, kid != NULL, sp_slice_of(kid), at);
    return jwk == NULL ? NULL : jwk->kid;
}

static void test_a_key_is_chosen_by_id_and_algorithm(void **state)
{
    (void)state;
    struct sp_jwks jwks;
    size_t at = 0;
    assert_int_equal(sp_jwks_parse(vector_jwks(), &jwks), SP_OK);
    assert_string_equal(kid_at(&jwks, SP_JOSE_EDDSA, "d4", &at), "d4");
    assert_null(kid_at(&jwks, SP_JOSE_EDDSA, "d4", &at));
    at = 0;
    assert_null(kid_at(&jwks, SP_JOSE_ES256, "d4", &at));
    at = 0;
    assert_null(kid_at(&jwks, SP_JOSE_EDDSA, "d", &at));
    at = 0;
    assert_null(kid_at(&jwks, SP_JOSE_EDDSA, NULL, &at)); /* d1 or d4: nothing is guessed */
    at = 0;
    assert_string_equal(kid_at(&jwks, SP_JOSE_ES384, NULL, &at), "e3");
    assert_null(kid_at(&jwks, SP_JOSE_ES384, NULL, &at));
    sp_jwks_done(&jwks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_of_key_is_for_its_algorithms),
        cmocka_unit_test(test_what_a_key_says_of_itself_binds),
        cmocka_unit_test(test_a_set_passes_over_what_it_cannot_use),
        cmocka_unit_test(test_a_key_is_chosen_by_id_and_algorithm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
