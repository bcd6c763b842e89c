#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "identity/session.h"

static const uint8_t key[SP_SESSION_KEY_BYTES] = {1, 2, 3};
static const uint8_t other_key[SP_SESSION_KEY_BYTES] = {1, 2, 4};

static void name_under(const uint8_t *with, const char *tenant, uint64_t epoch, const char *id,
                       char out[65])
{
    struct sp_session_namer *namer = NULL;
    assert_int_equal(sp_session_namer_new(sp_slice_make(with, SP_SESSION_KEY_BYTES), &namer),
                     SP_OK);
    assert_int_equal(sp_session_name(namer, sp_slice_of(tenant), epoch, sp_slice_of(id), out),
                     SP_OK);
    sp_session_namer_free(namer);
}

/* hmac.new(bytes([1,2,3]) + bytes(29), ...) over 00000004 "acme" 0000000000000001 00000004 "test". */
static void test_the_name_is_the_hmac_of_the_prefixed_parts(void **state)
{
    (void)state;
    char got[65];
    name_under(key, "acme", 1, "test", got);
    assert_string_equal(got, "1f339fc3cbae287a9fad742c963aa56c56c38330082275c11476549da747966a");
}

static const struct {
    const char *name;
    const uint8_t *with;
    const char *tenant;
    uint64_t epoch;
    const char *id;
} others[] = {
    {"another tenant", key, "acmf", 1, "test"},     {"another epoch", key, "acme", 2, "test"},
    {"another identifier", key, "acme", 1, "tesu"}, {"letter case counts", key, "acme", 1, "Test"},
    {"a moved border", key, "acmet", 1, "est"},     {"another key", other_key, "acme", 1, "test"},
};

static void test_each_part_makes_another_name(void **state)
{
    (void)state;
    char base[65];
    name_under(key, "acme", 1, "test", base);
    for (size_t i = 0; i < SP_COUNT(others); i++) {
        char got[65];
        print_message("%s\n", others[i].name);
        name_under(others[i].with, others[i].tenant, others[i].epoch, others[i].id, got);
        assert_string_not_equal(got, base);
    }
}

static uint64_t template_key(const uint8_t *with, const char *tenant)
{
    struct sp_session_namer *namer = NULL;
    uint64_t found = 0;
    assert_int_equal(sp_session_namer_new(sp_slice_make(with, SP_SESSION_KEY_BYTES), &namer),
                     SP_OK);
    assert_int_equal(sp_session_template_key(namer, sp_slice_of(tenant), &found), SP_OK);
    sp_session_namer_free(namer);
    return found;
}

static void test_a_tenant_has_a_template_key_of_its_own(void **state)
{
    (void)state;
    assert_true(template_key(key, "acme") == template_key(key, "acme"));
    assert_true(template_key(key, "acme") != template_key(key, "acmf"));
    assert_true(template_key(key, "acme") != template_key(other_key, "acme"));
    assert_true(template_key(key, "acme") <= INT64_MAX);
}

static void test_a_key_of_another_length_is_refused(void **state)
{
    (void)state;
    struct sp_session_namer *namer = NULL;
    assert_int_equal(sp_session_namer_new(sp_slice_make(key, SP_SESSION_KEY_BYTES - 1), &namer),
                     SP_ERR_INVALID);
    assert_null(namer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_name_is_the_hmac_of_the_prefixed_parts),
        cmocka_unit_test(test_each_part_makes_another_name),
        cmocka_unit_test(test_a_tenant_has_a_template_key_of_its_own),
        cmocka_unit_test(test_a_key_of_another_length_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
