#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/scope.h"
#include "base/buf.h"
#include "identity/directory.h"

struct world {
    struct sp_directory *directory;
    struct sp_buf good;    /* of acme, never expires */
    struct sp_buf expires; /* of acme, until 1000 */
    struct sp_buf foreign; /* well-formed, never added */
    struct sp_buf stolen;  /* the id of `good` with another secret */
};

static void add(struct sp_directory *d, const char *id, const char *tenant, uint64_t expires_us,
                struct sp_buf *out)
{
    struct sp_token token;
    uint8_t digest[SP_TOKEN_DIGEST_BYTES];
    assert_int_equal(sp_token_make(sp_slice_of(id), out), SP_OK);
    assert_int_equal(sp_token_parse(sp_buf_slice(out), &token), SP_OK);
    assert_int_equal(sp_token_digest(&token, digest), SP_OK);
    assert_int_equal(sp_directory_add_token(d, token.id, sp_slice_of(tenant), digest, expires_us),
                     SP_OK);
}

static int make_world(void **state)
{
    static struct world w;
    struct sp_tenant acme = {.name = sp_slice_of("acme"), .policy_name = sp_slice_of("strict")};
    struct sp_tenant local = {.name = sp_slice_of("local"), .policy_name = sp_slice_of("strict")};
    sp_buf_init(&w.good, 256);
    sp_buf_init(&w.expires, 256);
    sp_buf_init(&w.foreign, 256);
    sp_buf_init(&w.stolen, 256);
    assert_int_equal(sp_directory_new(&w.directory), SP_OK);
    assert_int_equal(sp_directory_add_tenant(w.directory, &local), SP_OK);
    assert_int_equal(sp_directory_add_tenant(w.directory, &acme), SP_OK);
    add(w.directory, "good", "acme", 0, &w.good);
    add(w.directory, "expires", "acme", 1000, &w.expires);
    assert_int_equal(sp_token_make(sp_slice_of("foreign"), &w.foreign), SP_OK);
    assert_int_equal(sp_token_make(sp_slice_of("good"), &w.stolen), SP_OK);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    sp_directory_free(w->directory);
    sp_buf_wipe(&w->good);
    sp_buf_wipe(&w->expires);
    sp_buf_wipe(&w->foreign);
    sp_buf_wipe(&w->stolen);
    return 0;
}

static enum sp_err ask(struct world *w, const struct sp_buf *token, uint64_t now)
{
    struct sp_principal principal = {.tenant = NULL};
    enum sp_err err = sp_directory_authenticate(w->directory, sp_buf_slice(token), now, &principal);
    assert_int_equal(err == SP_OK, principal.tenant != NULL);
    return err;
}

static void test_a_good_token_names_its_tenant(void **state)
{
    struct world *w = *state;
    struct sp_principal who;
    assert_int_equal(sp_directory_authenticate(w->directory, sp_buf_slice(&w->good), 5, &who),
                     SP_OK);
    assert_true(sp_slice_is(who.tenant->name, "acme"));
    assert_true(sp_slice_is(who.id, "good"));
    assert_int_equal(who.tenant_index, 1);
    assert_int_equal(who.scopes, SP_SCOPES_ALL);
}

static void test_each_kind_of_token_has_its_answer(void **state)
{
    struct world *w = *state;
    struct sp_buf nothing;
    sp_buf_init(&nothing, 8);
    assert_int_equal(ask(w, &w->good, 5), SP_OK);
    assert_int_equal(ask(w, &nothing, 5), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(ask(w, &w->foreign, 5), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(ask(w, &w->stolen, 5), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(ask(w, &w->expires, 999), SP_OK);
    assert_int_equal(ask(w, &w->expires, 1000), SP_ERR_TOKEN_EXPIRED);
}

static struct sp_token_row row_of(const char *id, const char *tenant, const struct sp_buf *token)
{
    struct sp_token_row row = {
        .id = sp_slice_of(id), .tenant = sp_slice_of(tenant), .scopes = SP_SCOPE_FILES};
    struct sp_token parsed;
    assert_int_equal(sp_token_parse(sp_buf_slice(token), &parsed), SP_OK);
    assert_int_equal(sp_token_digest(&parsed, row.digest), SP_OK);
    return row;
}

static void test_a_row_is_put_in_the_place_of_the_one_before(void **state)
{
    struct world *w = *state;
    struct sp_principal who;
    struct sp_token_row row = row_of("foreign", "local", &w->foreign);
    assert_int_equal(ask(w, &w->foreign, 5), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(sp_directory_put_token(w->directory, &row), SP_OK);
    assert_int_equal(sp_directory_authenticate(w->directory, sp_buf_slice(&w->foreign), 5, &who),
                     SP_OK);
    assert_int_equal(who.scopes, SP_SCOPE_FILES);
    assert_int_equal(sp_directory_tokens(w->directory), 3);
    row.is_revoked = true;
    assert_int_equal(sp_directory_put_token(w->directory, &row), SP_OK);
    assert_int_equal(ask(w, &w->foreign, 5), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(sp_directory_tokens(w->directory), 3);
    row = row_of("good", "local", &w->stolen);
    assert_int_equal(sp_directory_put_token(w->directory, &row), SP_OK);
    assert_int_equal(ask(w, &w->good, 5), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(ask(w, &w->stolen, 5), SP_OK);
    row.tenant = sp_slice_of("nobody");
    assert_int_equal(sp_directory_put_token(w->directory, &row), SP_ERR_NOT_FOUND);
    row.id = sp_slice_of("Bad");
    assert_int_equal(sp_directory_put_token(w->directory, &row), SP_ERR_INVALID);
}

static void test_only_a_right_token_counts_as_a_use(void **state)
{
    struct world *w = *state;
    struct sp_token_use *use = sp_directory_token_use_of(w->directory, SP_SLICE_LITERAL("good"));
    assert_non_null(use);
    assert_int_equal(ask(w, &w->stolen, 7), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(use->used_us, 0);
    assert_int_equal(ask(w, &w->good, 8), SP_OK);
    assert_int_equal(use->used_us, 8);
    assert_true(use->is_unwritten);
    assert_null(sp_directory_token_use_of(w->directory, SP_SLICE_LITERAL("x")));
    assert_null(sp_directory_token_use(w->directory, 2));
    assert_ptr_equal(sp_directory_token_use(w->directory, 0), use);
}

static void test_rows_that_cannot_be_are_refused(void **state)
{
    struct world *w = *state;
    struct sp_tenant again = {.name = sp_slice_of("acme")};
    struct sp_tenant unnamed = {.name = {NULL, 0}};
    const uint8_t digest[SP_TOKEN_DIGEST_BYTES] = {0};
    struct sp_slice acme = sp_slice_of("acme");
    assert_int_equal(sp_directory_add_tenant(w->directory, &again), SP_ERR_DUPLICATE);
    assert_int_equal(sp_directory_add_tenant(w->directory, &unnamed), SP_ERR_INVALID);
    assert_int_equal(sp_directory_add_token(w->directory, sp_slice_of("good"), acme, digest, 0),
                     SP_ERR_DUPLICATE);
    assert_int_equal(
        sp_directory_add_token(w->directory, sp_slice_of("n"), sp_slice_of("x"), digest, 0),
        SP_ERR_NOT_FOUND);
    assert_int_equal(sp_directory_add_token(w->directory, sp_slice_of("N"), acme, digest, 0),
                     SP_ERR_INVALID);
}

/* A row whose digest is all zeros, and an id that is not there: neither lets anybody in. */
static void test_a_thousand_tenants_are_told_apart(void **state)
{
    (void)state;
    struct sp_directory *d = NULL;
    assert_int_equal(sp_directory_new(&d), SP_OK);
    for (uint64_t i = 0; i < 1000; i++) {
        struct sp_buf name;
        sp_buf_init(&name, 32);
        assert_int_equal(sp_buf_putf(&name, "tenant-%u", (unsigned)i), SP_OK);
        struct sp_tenant tenant = {.name = sp_buf_slice(&name), .policy_epoch = i};
        assert_int_equal(sp_directory_add_tenant(d, &tenant), SP_OK);
        sp_buf_done(&name);
    }
    struct sp_buf token;
    struct sp_principal who;
    size_t at = 0;
    sp_buf_init(&token, 256);
    add(d, "t", "tenant-777", 0, &token);
    assert_int_equal(sp_directory_authenticate(d, sp_buf_slice(&token), 1, &who), SP_OK);
    assert_int_equal(who.tenant->policy_epoch, 777);
    assert_ptr_equal(sp_directory_tenant(d, 777), who.tenant);
    assert_null(sp_directory_tenant(d, 1000));
    assert_int_equal(sp_directory_find(d, SP_SLICE_LITERAL("tenant-777"), &at), SP_OK);
    assert_int_equal(at, 777);
    assert_int_equal(sp_directory_find(d, SP_SLICE_LITERAL("tenant-1000"), &at), SP_ERR_NOT_FOUND);
    sp_buf_done(&token);
    sp_directory_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_good_token_names_its_tenant, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_each_kind_of_token_has_its_answer, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_a_row_is_put_in_the_place_of_the_one_before,
                                        make_world, end_world),
        cmocka_unit_test_setup_teardown(test_only_a_right_token_counts_as_a_use, make_world,
                                        end_world),
        cmocka_unit_test_setup_teardown(test_rows_that_cannot_be_are_refused, make_world,
                                        end_world),
        cmocka_unit_test(test_a_thousand_tenants_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
