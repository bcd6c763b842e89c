#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "identity/authority.h"

#define NOW UINT64_C(1795258800000000)

struct world {
    struct sp_authority *authority;
    struct sp_buf token; /* of acme */
    struct sp_buf bearer;
};

static int make_world(void **state)
{
    static struct world w;
    const struct sp_tenant acme = {.name = SP_SLICE_LITERAL("acme"), .policy_name = SP_SLICE_LITERAL("strict")};
    struct sp_token token;
    uint8_t digest[SP_TOKEN_DIGEST_BYTES];
    sp_buf_init(&w.token, 256);
    sp_buf_init(&w.bearer, 256);
    assert_int_equal(sp_authority_new(&w.authority), SP_OK);
    struct sp_directory *d = sp_authority_directory(w.authority);
    assert_int_equal(sp_directory_add_tenant(d, &acme), SP_OK);
    assert_int_equal(sp_token_make(SP_SLICE_LITERAL("t1"), &w.token), SP_OK);
    assert_int_equal(sp_token_parse(sp_buf_slice(&w.token), &token), SP_OK);
    assert_int_equal(sp_token_digest(&token, digest), SP_OK);
    assert_int_equal(sp_directory_add_token(d, SP_SLICE_LITERAL("t1"), SP_SLICE_LITERAL("acme"), digest, 0), SP_OK);
    assert_int_equal(sp_buf_put_text(&w.bearer, "Bearer "), SP_OK);
    assert_int_equal(sp_buf_put(&w.bearer, sp_buf_slice(&w.token)), SP_OK);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    sp_authority_free(w->authority);
    sp_buf_wipe(&w->token);
    sp_buf_wipe(&w->bearer);
    return 0;
}
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

static enum sp_err ask(struct world *w, struct sp_credentials credentials)
{
    struct sp_principal who = {.tenant = NULL};
    enum sp_err err = sp_authority_check(w->authority, &credentials, NOW, &who);
    assert_int_equal(err == SP_OK, who.tenant != NULL);
    return err;
}

static void test_a_token_is_taken_from_either_field_but_not_from_both(void **state)
{
    struct world *w = *state;
    const struct sp_slice token = sp_buf_slice(&w->token);
    const struct sp_slice bearer = sp_buf_slice(&w->bearer);
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = bearer}), SP_OK);
    assert_int_equal(ask(w, (struct sp_credentials){.api_key = token}), SP_OK);
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = bearer, .api_key = token}), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = token}), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(ask(w, (struct sp_credentials){.api_key = bearer}), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = SP_SLICE_LITERAL("")}), SP_ERR_TOKEN_MISSING);
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = SP_SLICE_LITERAL("Basic YTpi")}), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = SP_SLICE_LITERAL("Bearer")}), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(ask(w, (struct sp_credentials){.authorization = SP_SLICE_LITERAL("bearer x")}), SP_ERR_TOKEN_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_token_is_taken_from_either_field_but_not_from_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
