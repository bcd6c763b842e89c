#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "identity/certificate.h"

#define HEX_UPPER "sha256:000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"

static void test_only_these_forms_are_taken(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum sp_err want;
    } rows[] = {
        {HEX_UPPER, SP_OK},
        {"subject:CN=robot,O=Acme", SP_OK},
        {"subject:CN=\xc3\xbc", SP_OK},
        {"subject:", SP_ERR_INVALID},
        {"subject:CN=\xff", SP_ERR_INVALID},
        {"sha256:00", SP_ERR_INVALID},
        {"sha256:000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1G", SP_ERR_INVALID},
        {"SHA256:000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", SP_ERR_INVALID},
        {"CN=robot", SP_ERR_INVALID},
        {"dns:robot.example", SP_OK},
        {"uri:spiffe://acme.example/robot", SP_OK},
        {"email:robot@acme.example", SP_OK},
        {"dns:", SP_ERR_INVALID},
        {"uri:a b", SP_ERR_INVALID},
        {"email:a\nb", SP_ERR_INVALID},
        {"ip:192.0.2.1", SP_ERR_INVALID},
        {"", SP_ERR_INVALID},
    };
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        assert_int_equal(sp_certificate_check(sp_slice_of(rows[i].text)), rows[i].want);
    }
}

static void test_the_digest_is_asked_before_the_subject(void **state)
{
    (void)state;
    struct sp_certificates *c = NULL;
    uint8_t digest[SP_CERTIFICATE_BYTES];
    size_t tenant = 99;
    const struct sp_slice subject = SP_SLICE_LITERAL("CN=robot");
    for (size_t i = 0; i < sizeof(digest); i++) {
        digest[i] = (uint8_t)i;
    }
    const struct sp_slice whole = sp_slice_make(digest, sizeof(digest));
    assert_int_equal(sp_certificates_new(&c), SP_OK);
    assert_int_equal(sp_certificates_find(c, whole, subject, &tenant), SP_ERR_NOT_FOUND);
    assert_int_equal(sp_certificates_add(c, SP_SLICE_LITERAL("subject:CN=robot"), 4), SP_OK);
    assert_int_equal(sp_certificates_find(c, whole, subject, &tenant), SP_OK);
    assert_int_equal(tenant, 4);
    assert_int_equal(sp_certificates_add(c, SP_SLICE_LITERAL(HEX_UPPER), 5), SP_OK);
    assert_int_equal(sp_certificates_find(c, whole, subject, &tenant), SP_OK);
    assert_int_equal(tenant, 5);
    digest[0] = 1;
    assert_int_equal(sp_certificates_find(c, whole, subject, &tenant), SP_OK);
    assert_int_equal(tenant, 4);
    assert_int_equal(sp_certificates_find(c, whole, SP_SLICE_LITERAL("CN=robots"), &tenant),
                     SP_ERR_NOT_FOUND);
    assert_int_equal(sp_certificates_find(c, whole, SP_SLICE_LITERAL(""), &tenant),
                     SP_ERR_NOT_FOUND);
    /* A subject without a digest is not from a certificate. */
    assert_int_equal(sp_certificates_find(c, SP_SLICE_LITERAL(""), subject, &tenant),
                     SP_ERR_NOT_FOUND);
    assert_int_equal(sp_certificates_add(c, SP_SLICE_LITERAL("CN=x"), 5), SP_ERR_INVALID);
    sp_certificates_free(c);
}

static void test_alternative_names_are_asked_last_and_must_agree(void **state)
{
    (void)state;
    struct sp_certificates *c = NULL;
    size_t tenant = 99;
    const uint8_t digest[SP_CERTIFICATE_BYTES] = {9};
    const struct sp_slice whole = sp_slice_make(digest, sizeof(digest));
    static const struct {
        const char *names;
        size_t tenant; /* 99: nobody's */
    } rows[] = {
        {"CN=x\ndns:robot.example", 1},
        {"\ndns:other.example\nuri:spiffe://acme/robot", 1},
        {"\nemail:r@beta.example", 2},
        {"\ndns:robot.example\nuri:spiffe://acme/robot", 1},
        {"\ndns:robot.example\nemail:r@beta.example", 99}, /* of two tenants */
        {"CN=robot\nemail:r@beta.example", 3},             /* the subject goes before */
        {"dns:robot.example", 99},                         /* a subject that looks like a name */
        {"CN=x\nsubject:CN=robot", 99},                    /* no alternative name */
        {"CN=x\ndns:robot.example.org", 99},
        {"", 99},
    };
    assert_int_equal(sp_certificates_new(&c), SP_OK);
    assert_int_equal(sp_certificates_add(c, SP_SLICE_LITERAL("dns:Robot.Example"), 1), SP_OK);
    assert_int_equal(sp_certificates_add(c, SP_SLICE_LITERAL("uri:spiffe://acme/robot"), 1), SP_OK);
    assert_int_equal(sp_certificates_add(c, SP_SLICE_LITERAL("email:r@beta.example"), 2), SP_OK);
    assert_int_equal(sp_certificates_add(c, SP_SLICE_LITERAL("subject:CN=robot"), 3), SP_OK);
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        tenant = 99;
        enum sp_err err = sp_certificates_find(c, whole, sp_slice_of(rows[i].names), &tenant);
        assert_int_equal(err, rows[i].tenant == 99 ? SP_ERR_NOT_FOUND : SP_OK);
        assert_int_equal(tenant, rows[i].tenant);
    }
    sp_certificates_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_these_forms_are_taken),
        cmocka_unit_test(test_the_digest_is_asked_before_the_subject),
        cmocka_unit_test(test_alternative_names_are_asked_last_and_must_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
