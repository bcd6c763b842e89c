#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/scope.h"
#include "base/buf.h"
#include "identity/authority.h"
#include "vector.h"

#define NOW UINT64_C(1795258800000000)

struct world {
    struct sp_authority *authority;
    struct sp_buf token; /* of acme */
    struct sp_buf bearer;
    struct sp_buf signed_bearer;
    uint64_t now;
    struct sp_principal who;
};

static int make_world(void **state)
{
    static struct world w;
    const struct sp_tenant acme = {.name = SP_SLICE_LITERAL("acme"),
                                   .policy_name = SP_SLICE_LITERAL("strict")};
    const struct sp_tenant beta = {.name = SP_SLICE_LITERAL("beta"),
                                   .policy_name = SP_SLICE_LITERAL("strict")};
    const struct sp_tenant both = {.name = SP_SLICE_LITERAL("both"),
                                   .policy_name = SP_SLICE_LITERAL("strict"),
                                   .needs_certificate = true};
    struct sp_token token;
    uint8_t digest[SP_TOKEN_DIGEST_BYTES];
    sp_buf_init(&w.token, 256);
    sp_buf_init(&w.bearer, 256);
    assert_int_equal(sp_authority_new(&w.authority), SP_OK);
    struct sp_directory *d = sp_authority_directory(w.authority);
    w.now = NOW;
    assert_int_equal(sp_directory_add_tenant(d, &acme), SP_OK);
    assert_int_equal(sp_directory_add_tenant(d, &beta), SP_OK);
    assert_int_equal(sp_directory_add_tenant(d, &both), SP_OK);
    assert_int_equal(sp_token_make(SP_SLICE_LITERAL("t1"), &w.token), SP_OK);
    assert_int_equal(sp_token_parse(sp_buf_slice(&w.token), &token), SP_OK);
    assert_int_equal(sp_token_digest(&token, digest), SP_OK);
    assert_int_equal(
        sp_directory_add_token(d, SP_SLICE_LITERAL("t1"), SP_SLICE_LITERAL("acme"), digest, 0),
        SP_OK);
    assert_int_equal(sp_buf_put_text(&w.bearer, "Bearer "), SP_OK);
    assert_int_equal(sp_buf_put(&w.bearer, sp_buf_slice(&w.token)), SP_OK);
    sp_buf_init(&w.signed_bearer, 4096);
    assert_int_equal(sp_buf_put_text(&w.signed_bearer, "Bearer "), SP_OK);
    assert_int_equal(sp_buf_put(&w.signed_bearer, vector_token("good")), SP_OK);
    *state = &w;
    return 0;
}

/* The issuer of the vectors, whose tokens are beta's. */
static void add_issuer(struct world *w, size_t tenant)
{
    struct sp_issuers *issuers = sp_authority_issuers(w->authority);
    const struct sp_slice audience = SP_SLICE_LITERAL("sallyport");
    const struct sp_issuer_spec spec = {.name = SP_SLICE_LITERAL("corp"),
                                        .issuer = SP_SLICE_LITERAL("https://issuer.test"),
                                        .audiences = {&audience, 1},
                                        .principal = SP_SLICE_LITERAL("sub")};
    const struct sp_issuer_rule rule = {.tenant = tenant, .scopes = SP_SCOPE_FILES};
    assert_int_equal(sp_issuers_add(issuers, &spec), SP_OK);
    assert_int_equal(sp_issuers_add_rule(issuers, 0, &rule), SP_OK);
    assert_int_equal(sp_issuers_set_keys(issuers, 0, vector_jwks()), SP_OK);
}

static int end_world(void **state)
{
    struct world *w = *state;
    sp_authority_free(w->authority);
    sp_buf_wipe(&w->token);
    sp_buf_wipe(&w->bearer);
    sp_buf_wipe(&w->signed_bearer);
    return 0;
}
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

static enum sp_err ask(struct world *w, struct sp_credentials credentials)
{
    w->who = (struct sp_principal){.tenant = NULL};
    enum sp_err err = sp_authority_check(w->authority, &credentials, w->now, &w->who);
    assert_int_equal(err == SP_OK, w->who.tenant != NULL);
    return err;
}

static void test_a_token_is_taken_from_either_field_but_not_from_both(void **state)
{
    struct world *w = *state;
    const struct sp_slice token = sp_buf_slice(&w->token);
    const struct sp_slice bearer = sp_buf_slice(&w->bearer);
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = bearer}), SP_OK);
    assert_int_equal(ask(w, (struct sp_credentials){.api_key = token}), SP_OK);
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = bearer, .api_key = token}),
                     SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = token}), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(ask(w, (struct sp_credentials){.api_key = bearer}), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = SP_SLICE_LITERAL("")}),
                     SP_ERR_TOKEN_MISSING);
    assert_int_equal(
        ask(w, (struct sp_credentials){.authorization = SP_SLICE_LITERAL("Basic YTpi")}),
        SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = SP_SLICE_LITERAL("Bearer")}),
                     SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = SP_SLICE_LITERAL("bearer x")}),
                     SP_ERR_TOKEN_UNKNOWN);
}

static void test_a_token_that_nobody_knows_yet_is_news(void **state)
{
    struct world *w = *state;
    SP_AUTO_BUF struct sp_buf fresh = {.max = 512};
    assert_int_equal(sp_token_make(SP_SLICE_LITERAL("issued-now"), &fresh), SP_OK);
    const struct sp_credentials news = {.api_key = sp_buf_slice(&fresh)};
    const struct sp_credentials known = {.authorization = sp_buf_slice(&w->bearer)};
    const struct sp_credentials nothing = {.authorization = {NULL, 0}};
    assert_true(sp_authority_is_news(w->authority, &news));
    assert_false(sp_authority_is_news(w->authority, &known));
    assert_false(sp_authority_is_news(w->authority, &nothing));
    fresh.ptr[fresh.len - 1] ^= 1U; /* the check is wrong: nobody issued that */
    assert_false(sp_authority_is_news(w->authority, &news));
}

static void test_the_shape_of_a_token_decides_who_checks_it(void **state)
{
    struct world *w = *state;
    const struct sp_slice bearer = sp_buf_slice(&w->signed_bearer);
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = bearer}),
                     SP_ERR_TOKEN_UNKNOWN);
    add_issuer(w, 1);
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = bearer}), SP_OK);
    assert_true(sp_slice_is(w->who.tenant->name, "beta"));
    assert_true(sp_slice_is(w->who.id, "corp:alice"));
    assert_int_equal(w->who.scopes, SP_SCOPE_FILES);
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = sp_buf_slice(&w->bearer)}),
                     SP_OK);
    assert_true(sp_slice_is(w->who.tenant->name, "acme"));
    assert_int_equal(ask(w, (struct sp_credentials){.api_key = vector_token("good")}),
                     SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(
        ask(w, (struct sp_credentials){.authorization = SP_SLICE_LITERAL("Bearer a.b.c")}),
        SP_ERR_TOKEN_UNKNOWN);
}

static void test_a_signature_is_checked_once(void **state)
{
    struct world *w = *state;
    const struct sp_credentials slowed = {.authorization = sp_buf_slice(&w->signed_bearer),
                                          .is_slowed = true};
    const struct sp_credentials plain = {.authorization = sp_buf_slice(&w->signed_bearer)};
    add_issuer(w, 1);
    assert_int_equal(ask(w, slowed), SP_ERR_BUSY);
    assert_int_equal(ask(w, plain), SP_OK);
    assert_int_equal(ask(w, slowed), SP_OK); /* remembered */
    w->now = NOW + UINT64_C(3600) * 1000000;
    assert_int_equal(ask(w, slowed), SP_ERR_BUSY); /* it has expired meanwhile */
    assert_int_equal(ask(w, plain), SP_ERR_TOKEN_EXPIRED);
    assert_string_equal(sp_authority_why(w->authority), "it has expired");
    w->now = NOW;
    assert_int_equal(ask(w, plain), SP_OK);
    assert_int_equal(sp_issuers_set_keys(sp_authority_issuers(w->authority), 0,
                                         SP_SLICE_LITERAL("{\"keys\":[]}")),
                     SP_ERR_NOT_FOUND);
    assert_int_equal(ask(w, slowed), SP_OK);
    /* A gateway token costs little, so its owner is not slowed with his neighbours. */
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = sp_buf_slice(&w->bearer),
                                                    .is_slowed = true}),
                     SP_OK);
}

static void test_a_certificate_stands_for_its_tenant(void **state)
{
    struct world *w = *state;
    static const char subject[] = "CN=robot";
    const struct sp_slice digest = SP_SLICE_LITERAL("0123456789abcdef0123456789abcdef");
    const struct sp_credentials alone = {.certificate = digest, .subject = sp_slice_of(subject)};
    assert_int_equal(ask(w, alone), SP_ERR_TOKEN_MISSING);
    assert_int_equal(sp_certificates_add(sp_authority_certificates(w->authority),
                                         SP_SLICE_LITERAL("subject:CN=robot"), 1),
                     SP_OK);
    assert_int_equal(ask(w, alone), SP_OK);
    assert_true(sp_slice_is(w->who.tenant->name, "beta"));
    assert_true(sp_slice_is(w->who.id, "cert:30313233343536373839616263646566"));
    assert_int_equal(w->who.scopes, SP_SCOPES_USUAL);
    struct sp_credentials both = alone;
    both.authorization = sp_buf_slice(&w->bearer); /* of acme */
    assert_int_equal(ask(w, both), SP_ERR_TOKEN_UNKNOWN);
    both.subject = SP_SLICE_LITERAL("CN=nobody");
    assert_int_equal(ask(w, both), SP_OK);
    assert_true(sp_slice_is(w->who.tenant->name, "acme"));
    both = alone;
    both.authorization = SP_SLICE_LITERAL("Bearer wrong");
    assert_int_equal(ask(w, both),
                     SP_ERR_TOKEN_UNKNOWN); /* a wrong token is not mended by a certificate */
}

static void test_a_tenant_may_want_certificate_and_token(void **state)
{
    struct world *w = *state;
    const struct sp_slice digest = SP_SLICE_LITERAL("0123456789abcdef0123456789abcdef");
    add_issuer(w, 2);
    assert_int_equal(sp_certificates_add(sp_authority_certificates(w->authority),
                                         SP_SLICE_LITERAL("subject:CN=both"), 2),
                     SP_OK);
    struct sp_credentials c = {.certificate = digest, .subject = SP_SLICE_LITERAL("CN=both")};
    assert_int_equal(ask(w, c), SP_ERR_TOKEN_MISSING);
    c.authorization = sp_buf_slice(&w->signed_bearer);
    assert_int_equal(ask(w, c), SP_OK);
    assert_true(sp_slice_is(w->who.id, "corp:alice"));
    c.certificate = sp_slice_of("");
    assert_int_equal(ask(w, c), SP_ERR_TOKEN_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_token_is_taken_from_either_field_but_not_from_both),
        TEST(test_a_token_that_nobody_knows_yet_is_news),
        TEST(test_the_shape_of_a_token_decides_who_checks_it),
        TEST(test_a_signature_is_checked_once),
        TEST(test_a_certificate_stands_for_its_tenant),
        TEST(test_a_tenant_may_want_certificate_and_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
