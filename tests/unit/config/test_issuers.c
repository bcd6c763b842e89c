#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "answers.h"
#include "base/buf.h"
#include "config/config.h"

#define TENANT "[[tenant]]\nname = 'acme'\n"
#define RULE   "[[issuer.rule]]\ntenant = 'acme'\n"
#define PLAIN                                                                                      \
    "[[issuer]]\nname = 'corp'\nissuer = 'https://i'\naudiences = ['a']\njwks_file = '/k'\n"
#define TLS    "[server.tls]\nkey = 'k'\ncertificate = 'c'\nclient_ca = 'a'\n"
#define DIGEST "sha256:000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"

static const struct answer cases[] = {
    {"plain", TENANT PLAIN RULE, NULL},
    {"all that a rule may have",
     TENANT PLAIN RULE "match = ['a=b', 'c=d=e']\nscopes = ['audit:read']\n", NULL},
    {"Entra", TENANT "[[issuer]]\nname = 'e'\nentra_directories = ['t']\njwks_file = '/k'\n" RULE,
     NULL},
    {"two",
     TENANT PLAIN RULE "[[issuer]]\nname = 'e'\nentra_directories = ['t']\njwks_file = '/k'\n" RULE,
     NULL},
    {"no name", TENANT "[[issuer]]\nissuer = 'i'\naudiences = ['a']\njwks_file = '/k'\n" RULE,
     "each [[issuer]] needs a 'name' of a-z, 0-9 and '-', which is not 'cert'"},
    {"a name in capitals", TENANT "[[issuer]]\nname = 'Corp'\n",
     "each [[issuer]] needs a 'name' of a-z, 0-9 and '-', which is not 'cert'"},
    {"the name of certificates", TENANT "[[issuer]]\nname = 'cert'\n",
     "each [[issuer]] needs a 'name' of a-z, 0-9 and '-', which is not 'cert'"},
    {"neither kind", TENANT "[[issuer]]\nname = 'x'\n",
     "an issuer has either 'issuer' or 'entra_directories'"},
    {"both kinds", TENANT "[[issuer]]\nname = 'x'\nissuer = 'i'\nentra_directories = ['t']\n",
     "an issuer has either 'issuer' or 'entra_directories'"},
    {"no audience", TENANT "[[issuer]]\nname = 'x'\nissuer = 'i'\njwks_file = '/k'\n" RULE,
     "an issuer needs 'audiences': a token for somebody else must not open this gateway"},
    {"no keys", TENANT "[[issuer]]\nname = 'x'\nissuer = 'i'\naudiences = ['a']\n" RULE,
     "an issuer needs a 'jwks_file' or a 'jwks_uri'"},
    {"no rule", TENANT PLAIN, "an issuer needs at least one [[issuer.rule]], which names a tenant"},
    {"a rule without a tenant", TENANT PLAIN "[[issuer.rule]]\nmatch = ['a=b']\n",
     "each [[issuer.rule]] needs a 'tenant' that is there"},
    {"a rule of nobody", TENANT PLAIN "[[issuer.rule]]\ntenant = 'beta'\n",
     "each [[issuer.rule]] needs a 'tenant' that is there"},
    {"a condition that is none", TENANT PLAIN RULE "match = ['a']\n",
     "a condition is written 'claim=value'"},
    {"a condition without a value", TENANT PLAIN RULE "match = ['a=']\n",
     "a condition is written 'claim=value'"},
    {"an unknown scope", TENANT PLAIN RULE "scopes = ['run']\n",
     "scopes are execute, files, sessions, audit:read and admin"},
    {"two of one name", TENANT PLAIN RULE PLAIN RULE, "two issuers have this name"},
    {"two of one issuer",
     TENANT PLAIN RULE
     "[[issuer]]\nname = 'x'\nissuer = 'https://i'\naudiences = ['a']\njwks_file = '/k'\n" RULE,
     "two issuers have this 'issuer': put their rules and audiences into one"},
    {"not an array", TENANT "[issuer]\nname = 'x'\n", "it is written as [[issuer]], at most 64"},
    {"rules that are no array", TENANT PLAIN "rule = 1\n",
     "it is written as [[issuer.rule]], at most 4096"},
    {"an unknown key", TENANT PLAIN "jwks = '/k'\n" RULE, "unknown key 'jwks' in [issuer]"},
    {"certificates", TLS TENANT "certificates = ['" DIGEST "', 'subject:CN=a']\n", NULL},
    {"certificate and token",
     TLS TENANT "certificates = ['subject:CN=a']\ncertificate_use = 'with-token'\n", NULL},
    {"certificates without TLS", TENANT "certificates = ['subject:CN=a']\n",
     "client certificates need 'client_ca' in [server.tls], which says whose are believed"},
    {"no certificate", TENANT "certificate_use = 'with-token'\n",
     "'with-token' needs 'certificates'"},
    {"a certificate of no form", TLS TENANT "certificates = ['CN=a']\n",
     "a certificate is 'sha256:' and 64 hexadecimal digits, 'subject:' and its subject, or one of "
     "its alternative "
     "names: 'dns:', 'uri:' or 'email:'"},
    {"a digest that is cut", TLS TENANT "certificates = ['sha256:00']\n",
     "a certificate is 'sha256:' and 64 hexadecimal digits, 'subject:' and its subject, or one of "
     "its alternative "
     "names: 'dns:', 'uri:' or 'email:'"},
    {"one certificate of two",
     TLS TENANT
     "certificates = ['subject:CN=a']\n[[tenant]]\nname = 'b'\ncertificates = ['subject:CN=a']\n",
     "two tenants have this certificate"},
};

static void test_each_configuration_has_its_answer(void **state)
{
    (void)state;
    expect_answers(cases, SP_COUNT(cases));
}

static void test_what_is_shown_is_read_back(void **state)
{
    (void)state;
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    SP_AUTO_CONFIG struct sp_config *again = NULL;
    SP_AUTO_BUF struct sp_buf shown;
    struct sp_where where;
    sp_buf_init(&shown, 65536);
    assert_int_equal(sp_config_parse(SP_SLICE_LITERAL(TENANT PLAIN RULE "match = ['x=y']\n" RULE),
                                     NULL, &config, &where),
                     SP_OK);
    assert_int_equal(config->issuer_count, 1);
    assert_int_equal(config->issuers[0].rule_count, 2);
    assert_int_equal(config->issuers[0].leeway_s, 60);
    assert_int_equal(sp_config_show(config, &shown), SP_OK);
    assert_int_equal(sp_config_parse(sp_buf_slice(&shown), NULL, &again, &where), SP_OK);
    assert_int_equal(again->issuers[0].rule_count, 2);
    assert_string_equal(again->issuers[0].rules[0].match.items[0], "x=y");
    assert_int_equal(again->issuers[0].rules[1].scopes.count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_configuration_has_its_answer),
        cmocka_unit_test(test_what_is_shown_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
