#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/scope.h"
#include "identity/issuer.h"
#include "vector.h"

/* The times and names of vectors.h. */
#define NOW    UINT64_C(1795258800000000)
#define ISSUER "https://issuer.test"
#define ENTRA  "6babcaad-604b-40ac-a9d7-9fd97c0b779f"

static const struct sp_slice ours[] = {{(const uint8_t *)"other", 5},
                                       {(const uint8_t *)"sallyport", 9}};
static const struct sp_slice entra_audiences[] = {
    {(const uint8_t *)SP_ISSUER_AUDIENCE, sizeof(SP_ISSUER_AUDIENCE) - 1},
    {(const uint8_t *)SP_ISSUER_AUDIENCE_OLD, sizeof(SP_ISSUER_AUDIENCE_OLD) - 1}};
static const struct sp_slice entra_directories[] = {{(const uint8_t *)"another", 7},
                                                    {(const uint8_t *)ENTRA, sizeof(ENTRA) - 1}};

static void add_rule(struct sp_issuers *issuers, size_t issuer, const char *condition,
                     size_t tenant, unsigned scopes)
{
    const struct sp_slice one = sp_slice_of(condition);
    const struct sp_issuer_rule rule = {
        .conditions = {&one, one.len == 0 ? 0 : 1}, .tenant = tenant, .scopes = scopes};
    assert_int_equal(sp_issuers_add_rule(issuers, issuer, &rule), SP_OK);
}

/* Issuer 0 is a plain one, with rules for two tenants; issuer 1 is Entra. */
static int make_issuers(void **state)
{
    struct sp_issuers *issuers = NULL;
    const struct sp_issuer_spec plain = {.name = SP_SLICE_LITERAL("corp"),
                                         .issuer = SP_SLICE_LITERAL(ISSUER),
                                         .audiences = {ours, SP_COUNT(ours)},
                                         .principal = SP_SLICE_LITERAL("sub"),
                                         .leeway_s = 60};
    const struct sp_issuer_spec entra = {
        .name = SP_SLICE_LITERAL("entra"),
        .directories = {entra_directories, SP_COUNT(entra_directories)},
        .audiences = {entra_audiences, SP_COUNT(entra_audiences)},
        .principal = SP_SLICE_LITERAL("oid"),
        .leeway_s = 60};
    assert_int_equal(sp_issuers_new(&issuers), SP_OK);
    assert_int_equal(sp_issuers_add(issuers, &plain), SP_OK);
    assert_int_equal(sp_issuers_add(issuers, &entra), SP_OK);
    add_rule(issuers, 0, "groups=ops", 7, SP_SCOPE_EXECUTE | SP_SCOPE_ADMIN);
    add_rule(issuers, 0, "scope=run", 8, SP_SCOPE_EXECUTE);
    add_rule(issuers, 1, "roles=Sessions.Run", 9, SP_SCOPES_USUAL);
    assert_int_equal(sp_issuers_set_keys(issuers, 0, vector_jwks()), SP_OK);
    assert_int_equal(sp_issuers_set_keys(issuers, 1, vector_jwks()), SP_OK);
    *state = issuers;
    return 0;
}

static int end_issuers(void **state)
{
    sp_issuers_free(*state);
    return 0;
}
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_issuers, end_issuers)

static enum sp_err verify(struct sp_issuers *issuers, const char *token, struct sp_identity *out)
{
    const char *why = NULL;
    *out = (struct sp_identity){.tenant = 99};
    enum sp_err err = sp_issuers_verify(issuers, vector_token(token), NOW, out, &why);
    assert_non_null(why);
    assert_int_equal(err == SP_OK, out->tenant != 99);
    return err;
}

static const struct {
    const char *token;
    enum sp_err want;
} answers[] = {
    {"good", SP_OK},
    {"RS256 r1", SP_OK},
    {"PS256 r1", SP_OK},
    {"ES256 e1", SP_OK},
    {"ES384 e3", SP_OK},
    {"EdDSA d4", SP_OK},
    {"other tenant", SP_OK},
    {"exp past", SP_ERR_TOKEN_EXPIRED},
    {"exp just past", SP_OK},
    {"exp a fraction", SP_OK},
    {"nbf just future", SP_OK},
    {"nbf future", SP_ERR_TOKEN_EARLY},
    {"iat future", SP_ERR_TOKEN_EARLY},
    {"nbf none", SP_OK},
    {"aud several", SP_OK},
    {"aud other", SP_ERR_TOKEN_AUDIENCE},
    {"aud others", SP_ERR_TOKEN_AUDIENCE},
    {"aud empty", SP_ERR_TOKEN_AUDIENCE},
    {"aud none", SP_ERR_TOKEN_AUDIENCE},
    {"aud odd", SP_ERR_TOKEN_AUDIENCE},
    {"sub long", SP_OK},
    {"sub odd", SP_OK},
    {"no kid e1", SP_OK}, /* one key fits, so nothing is guessed */
    {"header unknown", SP_OK},
    {"typ at+jwt", SP_OK},
    {"typ application", SP_OK},
    {"entra v1", SP_OK},
    {"entra v2", SP_OK},
    {"entra retired", SP_OK},
    {"entra slash", SP_ERR_TOKEN_AUDIENCE},
    {"entra other aud", SP_ERR_TOKEN_AUDIENCE},
};

/* Every vector: those of the table have their answer, and all others are unknown tokens. */
static void test_each_token_has_its_answer(void **state)
{
    size_t known = 0;
    for (size_t i = 0; vector_token_name(i) != NULL; i++) {
        enum sp_err want = SP_ERR_TOKEN_UNKNOWN;
        for (size_t k = 0; k < SP_COUNT(answers); k++) {
            if (strcmp(answers[k].token, vector_token_name(i)) == 0) {
                want = answers[k].want;
                known++;
            }
        }
        struct sp_identity who;
        print_message("%s\n", vector_token_name(i));
        assert_int_equal(verify(*state, vector_token_name(i), &who), want);
    }
    assert_int_equal(known, SP_COUNT(answers));
}

static void test_the_first_rule_that_holds_decides(void **state)
{
    struct sp_identity who;
    assert_int_equal(verify(*state, "good", &who), SP_OK);
    assert_int_equal(who.tenant, 7);
    assert_int_equal(who.scopes, SP_SCOPE_EXECUTE | SP_SCOPE_ADMIN);
    assert_string_equal(who.name, "corp:alice");
    assert_int_equal(who.until_us, NOW + UINT64_C(3660000000));
    assert_int_equal(who.from_us, NOW - UINT64_C(120000000));
    assert_int_equal(verify(*state, "other tenant", &who), SP_OK);
    assert_int_equal(who.tenant, 8);
    assert_int_equal(verify(*state, "entra v1", &who), SP_OK);
    assert_int_equal(who.tenant, 9);
    assert_int_equal(who.issuer, 1);
    assert_string_equal(who.name, "entra:690222be-ff1a-4d56-abd1-7e4f7d38e474");
}

static void test_names_for_the_log_are_short_and_printable(void **state)
{
    struct sp_identity who;
    assert_int_equal(verify(*state, "sub long", &who), SP_OK);
    assert_int_equal(strlen(who.name), SP_IDENTITY_NAME_MAX);
    assert_non_null(strchr(who.name, '~'));
    assert_int_equal(verify(*state, "sub odd", &who), SP_OK);
    assert_memory_equal(who.name, "corp:a?b~", 9);
}

static void test_keys_are_replaced_whole_or_not_at_all(void **state)
{
    struct sp_issuers *issuers = *state;
    struct sp_identity who;
    const uint64_t before = sp_issuers_generation(issuers, 0);
    assert_int_equal(sp_issuers_set_keys(issuers, 0, SP_SLICE_LITERAL("{\"keys\":[]}")),
                     SP_ERR_NOT_FOUND);
    assert_int_equal(sp_issuers_set_keys(issuers, 0, SP_SLICE_LITERAL("<html>")), SP_ERR_JSON);
    assert_int_equal(sp_issuers_set_keys(issuers, 0, vector_jwks()), SP_OK);
    assert_int_equal(sp_issuers_generation(issuers, 0), before);
    assert_int_equal(verify(issuers, "good", &who), SP_OK);
    SP_AUTO_BUF struct sp_buf set;
    sp_buf_init(&set, 8192);
    assert_int_equal(sp_buf_put_text(&set, "{\"keys\":["), SP_OK);
    assert_int_equal(sp_buf_put(&set, vector_key("e1")), SP_OK);
    assert_int_equal(sp_buf_put_text(&set, "]}"), SP_OK);
    assert_int_equal(sp_issuers_set_keys(issuers, 0, sp_buf_slice(&set)), SP_OK);
    assert_true(sp_issuers_generation(issuers, 0) > before);
    assert_int_equal(verify(issuers, "good", &who), SP_ERR_TOKEN_UNKNOWN);
    assert_int_equal(verify(issuers, "ES256 e1", &who), SP_OK);
    assert_int_equal(verify(issuers, "entra v2", &who), SP_OK); /* another issuer's are its own */
    assert_int_equal(sp_issuers_set_keys(issuers, 2, vector_jwks()), SP_ERR_NOT_FOUND);
}

/* Issuers whose keys are fetched from `url`. */
static struct sp_issuers *make_fetching(const char *name, const char *url)
{
    struct sp_issuers *issuers = NULL;
    const struct sp_issuer_spec spec = {.name = sp_slice_of(name),
                                        .issuer = SP_SLICE_LITERAL(ISSUER),
                                        .audiences = {ours, SP_COUNT(ours)},
                                        .principal = SP_SLICE_LITERAL("sub"),
                                        .url = sp_slice_of(url)};
    assert_int_equal(sp_issuers_new(&issuers), SP_OK);
    assert_int_equal(sp_issuers_add(issuers, &spec), SP_OK);
    add_rule(issuers, 0, "", 7, SP_SCOPE_EXECUTE);
    return issuers;
}

#define URL "https://i.example/keys"

static void test_a_key_that_is_not_there_is_wanted(void **state)
{
    struct sp_issuers *issuers = make_fetching("corp", URL);
    struct sp_identity who;
    struct sp_slice name = {NULL, 0};
    assert_false(sp_issuers_wanted(issuers, 5000000, &name));
    assert_int_equal(verify(issuers, "good", &who), SP_ERR_TOKEN_UNKNOWN);
    assert_true(sp_issuers_wanted(issuers, 5000000, &name));
    assert_true(sp_slice_is(name, "corp"));
    assert_false(sp_issuers_wanted(issuers, 5000001, &name));
    assert_int_equal(verify(issuers, "good", &who), SP_ERR_TOKEN_UNKNOWN);
    assert_false(sp_issuers_wanted(issuers, 5000000 + SP_ISSUER_WANTED_US - 1,
                                   &name)); /* told a moment ago */
    assert_int_equal(verify(issuers, "good", &who), SP_ERR_TOKEN_UNKNOWN);
    assert_true(sp_issuers_wanted(issuers, 5000000 + SP_ISSUER_WANTED_US, &name));
    assert_int_equal(sp_issuers_set_keys(issuers, 0, vector_jwks()), SP_OK);
    assert_int_equal(verify(issuers, "good", &who), SP_OK);
    assert_int_equal(verify(issuers, "signature changed", &who),
                     SP_ERR_TOKEN_UNKNOWN); /* its key is there */
    assert_false(sp_issuers_wanted(issuers, 50000000, &name));
    sp_issuers_free(issuers);
    /* Nobody fetches what comes from a file. */
    assert_int_equal(verify(*state, "kid other", &who), SP_ERR_TOKEN_UNKNOWN);
    assert_false(sp_issuers_wanted(*state, 50000000, &name));
}

static void test_keys_are_those_of_a_name_and_a_place(void **state)
{
    struct sp_issuers *old = make_fetching("corp", URL);
    struct sp_identity who;
    (void)state;
    assert_int_equal(sp_issuers_set_keys_of(old, SP_SLICE_LITERAL("other"), SP_SLICE_LITERAL(URL),
                                            vector_jwks()),
                     SP_ERR_NOT_FOUND);
    assert_int_equal(
        sp_issuers_set_keys_of(old, SP_SLICE_LITERAL("corp"), SP_SLICE_LITERAL(""), vector_jwks()),
        SP_ERR_NOT_FOUND);
    assert_int_equal(
        sp_issuers_set_keys_of(old, SP_SLICE_LITERAL("corp"), SP_SLICE_LITERAL(URL), vector_jwks()),
        SP_OK);
    struct sp_issuers *moved = make_fetching("corp", URL "?v=2");
    sp_issuers_take_keys(moved, old);
    assert_int_equal(verify(moved, "good", &who),
                     SP_ERR_TOKEN_UNKNOWN); /* another place, another's keys */
    assert_int_equal(verify(old, "good", &who), SP_OK);
    struct sp_issuers *same = make_fetching("corp", URL);
    sp_issuers_take_keys(same, old);
    assert_int_equal(verify(same, "good", &who), SP_OK);
    sp_issuers_free(same);
    sp_issuers_free(moved);
    sp_issuers_free(old);
}

/* Entra's sets say whose each key is. */
static void test_a_key_of_another_directory_signs_nothing(void **state)
{
    struct sp_issuers *issuers = *state;
    struct sp_identity who;
    static const struct {
        const char *owner;
        enum sp_err v1, v2;
    } rows[] = {
        {"https://login.microsoftonline.com/{tenantid}/v2.0", SP_ERR_TOKEN_UNKNOWN, SP_OK},
        {"https://login.microsoftonline.com/" ENTRA "/v2.0", SP_ERR_TOKEN_UNKNOWN, SP_OK},
        {"https://sts.windows.net/{tenantid}/", SP_OK, SP_ERR_TOKEN_UNKNOWN},
        {"https://login.microsoftonline.com/11111111/v2.0", SP_ERR_TOKEN_UNKNOWN,
         SP_ERR_TOKEN_UNKNOWN},
    };
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        SP_AUTO_BUF struct sp_buf set;
        sp_buf_init(&set, 8192);
        assert_int_equal(sp_buf_putf(&set, "{\"keys\":[{\"issuer\":\"%s\",", rows[i].owner), SP_OK);
        const struct sp_slice key = vector_key("r1");
        assert_int_equal(sp_buf_put(&set, sp_slice_sub(key, 1, key.len)), SP_OK);
        assert_int_equal(sp_buf_put_text(&set, "]}"), SP_OK);
        assert_int_equal(sp_issuers_set_keys(issuers, 1, sp_buf_slice(&set)), SP_OK);
        assert_int_equal(verify(issuers, "entra v1", &who), rows[i].v1);
        assert_int_equal(verify(issuers, "entra v2", &who), rows[i].v2);
    }
}

static void test_what_cannot_be_is_refused(void **state)
{
    struct sp_issuers *issuers = *state;
    struct sp_issuer_spec spec = {.name = SP_SLICE_LITERAL("x"),
                                  .issuer = SP_SLICE_LITERAL("i"),
                                  .audiences = {ours, 1},
                                  .principal = SP_SLICE_LITERAL("sub")};
    spec.name = SP_SLICE_LITERAL("Corp");
    assert_int_equal(sp_issuers_add(issuers, &spec), SP_ERR_INVALID);
    spec.name = SP_SLICE_LITERAL("a-name-that-is-too-long");
    assert_int_equal(sp_issuers_add(issuers, &spec), SP_ERR_INVALID);
    spec.name = SP_SLICE_LITERAL("x");
    spec.audiences.count = 0;
    assert_int_equal(sp_issuers_add(issuers, &spec), SP_ERR_INVALID);
    spec.audiences.count = 1;
    spec.directories = (struct sp_slices){entra_directories, 1}; /* both kinds at once */
    assert_int_equal(sp_issuers_add(issuers, &spec), SP_ERR_INVALID);
    const struct sp_slice odd = SP_SLICE_LITERAL("groups");
    struct sp_issuer_rule rule = {.conditions = {&odd, 1}, .scopes = 1};
    assert_int_equal(sp_issuers_add_rule(issuers, 0, &rule), SP_ERR_INVALID);
    rule.conditions.count = 0;
    assert_int_equal(sp_issuers_add_rule(issuers, 2, &rule), SP_ERR_INVALID);
    rule.scopes = 0;
    assert_int_equal(sp_issuers_add_rule(issuers, 0, &rule), SP_ERR_INVALID);
    assert_int_equal(sp_issuers_count(issuers), 2);
}

static void test_the_shape_is_three_parts(void **state)
{
    (void)state;
    assert_true(sp_issuers_is_token(SP_SLICE_LITERAL("a.b.c")));
    assert_true(sp_issuers_is_token(SP_SLICE_LITERAL("a..")));
    assert_false(sp_issuers_is_token(SP_SLICE_LITERAL("a.b")));
    assert_false(sp_issuers_is_token(SP_SLICE_LITERAL(".b.c")));
    assert_false(sp_issuers_is_token(SP_SLICE_LITERAL("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_token_has_its_answer),
        TEST(test_the_first_rule_that_holds_decides),
        TEST(test_names_for_the_log_are_short_and_printable),
        TEST(test_keys_are_replaced_whole_or_not_at_all),
        TEST(test_a_key_of_another_directory_signs_nothing),
        TEST(test_a_key_that_is_not_there_is_wanted),
        TEST(test_keys_are_those_of_a_name_and_a_place),
        TEST(test_what_cannot_be_is_refused),
        TEST(test_the_shape_is_three_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
