#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "process/veils.h"

struct world {
    struct sp_directory *directory;
    struct sp_veils veils;
};

static void make(struct world *w, bool is_on)
{
    const struct sp_tenant acme = {
        .name = sp_slice_of("acme"), .policy_name = sp_slice_of("p"), .identity_key = {1}};
    const struct sp_tenant beta = {
        .name = sp_slice_of("beta"), .policy_name = sp_slice_of("p"), .identity_key = {2}};
    *w = (struct world){.veils = {.is_on = is_on, .nobody = {9}}};
    assert_int_equal(sp_directory_new(&w->directory), SP_OK);
    assert_int_equal(sp_directory_add_tenant(w->directory, &acme), SP_OK);
    assert_int_equal(sp_directory_add_tenant(w->directory, &beta), SP_OK);
}

static struct sp_msg_who who_of(const char *tenant)
{
    return (struct sp_msg_who){.tenant = sp_slice_of(tenant),
                               .principal = sp_slice_of("t1"),
                               .source = sp_slice_of("192.0.2.1"),
                               .session = sp_slice_of("5e55")};
}

static bool is_form(struct sp_slice text)
{
    return text.len == SP_VEIL_CHARS && sp_slice_starts(text, "keyed:");
}

static void test_names_stay_where_nothing_is_hidden(void **state)
{
    struct world w;
    struct sp_msg_who who = who_of("acme");
    (void)state;
    make(&w, false);
    assert_int_equal(sp_veils_who(&w.veils, w.directory, &who), SP_OK);
    assert_true(sp_slice_is(who.tenant, "acme"));
    assert_true(sp_slice_is(who.source, "192.0.2.1"));
    assert_true(sp_slice_is(who.session_in_log, "5e55"));
    sp_directory_free(w.directory);
}

static void test_every_name_is_hidden_but_the_one_that_the_pool_needs(void **state)
{
    struct world w;
    struct sp_msg_who who = who_of("acme");
    struct sp_msg_refusal refusal = {.tenant = sp_slice_of("acme"),
                                     .principal = sp_slice_of("t1"),
                                     .source = sp_slice_of("192.0.2.1"),
                                     .session = sp_slice_of("5e55")};
    struct sp_msg_read_ask ask = {.tenant = sp_slice_of("acme"),
                                  .principal = sp_slice_of("t1"),
                                  .source = sp_slice_of("192.0.2.1")};
    struct sp_msg_token_event event = {.tenant = sp_slice_of("acme"), .id = sp_slice_of("t1")};
    char tenant[SP_VEIL_CHARS + 1];
    char principal[SP_VEIL_CHARS + 1];
    (void)state;
    make(&w, true);
    assert_int_equal(sp_veils_who(&w.veils, w.directory, &who), SP_OK);
    assert_true(is_form(who.tenant) && is_form(who.principal) && is_form(who.source) &&
                is_form(who.session_in_log));
    assert_true(sp_slice_is(who.session, "5e55"));
    sp_slice_to_text(who.tenant, tenant, sizeof(tenant));
    sp_slice_to_text(who.principal, principal, sizeof(principal));
    assert_int_equal(sp_veils_refusal(&w.veils, w.directory, &refusal), SP_OK);
    assert_true(sp_slice_is(refusal.tenant, tenant) && sp_slice_is(refusal.principal, principal));
    assert_true(is_form(refusal.source) && is_form(refusal.session_in_log));
    assert_int_equal(sp_veils_read_ask(&w.veils, w.directory, &ask), SP_OK);
    assert_true(sp_slice_is(ask.tenant, tenant) && is_form(ask.source));
    assert_int_equal(sp_veils_token_event(&w.veils, w.directory, &event), SP_OK);
    assert_true(sp_slice_is(event.tenant, tenant) &&
                sp_slice_is(event.id, principal)); /* found by one search */
    sp_directory_free(w.directory);
}

static void test_tenants_do_not_share_a_form_and_strangers_are_hidden_too(void **state)
{
    struct world w;
    struct sp_msg_who acme = who_of("acme");
    struct sp_msg_who beta = who_of("beta");
    struct sp_msg_who gone = who_of("gone");
    struct sp_msg_strangers strangers = {.source = sp_slice_of("192.0.2.1")};
    char source[SP_VEIL_CHARS + 1];
    (void)state;
    make(&w, true);
    assert_int_equal(sp_veils_who(&w.veils, w.directory, &acme), SP_OK);
    sp_slice_to_text(acme.source, source, sizeof(source));
    assert_int_equal(sp_veils_who(&w.veils, w.directory, &beta), SP_OK);
    assert_true(is_form(beta.source));
    assert_false(sp_slice_is(beta.source, source));
    assert_int_equal(sp_veils_strangers(&w.veils, w.directory, &strangers), SP_OK);
    assert_true(is_form(strangers.source));
    assert_false(sp_slice_is(strangers.source, source));
    assert_int_equal(sp_veils_who(&w.veils, w.directory, &gone),
                     SP_OK); /* a tenant that is no more */
    assert_true(is_form(gone.tenant));
    sp_directory_free(w.directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_stay_where_nothing_is_hidden),
        cmocka_unit_test(test_every_name_is_hidden_but_the_one_that_the_pool_needs),
        cmocka_unit_test(test_tenants_do_not_share_a_form_and_strangers_are_hidden_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
