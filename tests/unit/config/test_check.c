/* Rules between the values of a configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"

struct check_case {
    const char *name;
    const char *in;
    const char *text; /* NULL: it is right */
};

static const struct check_case check_cases[] = {
    {"loopback", "[server]\nlisten = \"127.0.0.2:1\"", NULL},
    {"loopback of IPv6", "[server]\nlisten = \"[::1]:1\"", NULL},
    {"port of zero", "[server]\nlisten = \"127.0.0.1:0\"", NULL},
    {"all addresses, said to be plain", "[server]\nlisten = \"0.0.0.0:1\"\nplaintext = true", NULL},
    {"all addresses", "[server]\nlisten = \"0.0.0.0:1\"",
     "an address that is not loopback needs TLS, or 'plaintext = true' in [server]"},
    {"all addresses of IPv6", "[server]\nlisten = \"[::]:1\"",
     "an address that is not loopback needs TLS, or 'plaintext = true' in [server]"},
    {"a name", "[server]\nlisten = \"example.org:1\"",
     "'listen' must be an address and a port, like 127.0.0.1:8080 or [::1]:8080"},
    {"no port", "[server]\nlisten = \"127.0.0.1\"",
     "'listen' must be an address and a port, like 127.0.0.1:8080 or [::1]:8080"},
    {"IPv6 without brackets", "[server]\nlisten = \"::1:80\"",
     "'listen' must be an address and a port, like 127.0.0.1:8080 or [::1]:8080"},
    {"port too high", "[server]\nlisten = \"127.0.0.1:65536\"",
     "'listen' must be an address and a port, like 127.0.0.1:8080 or [::1]:8080"},
    {"TLS", "[server.tls]\nkey = \"k.pem\"\ncertificate = \"c.pem\"", NULL},
    {"TLS for all addresses",
     "[server]\nlisten = \"0.0.0.0:1\"\n[server.tls]\nkey = \"k.pem\"\ncertificate = \"c.pem\"",
     NULL},
    {"TLS with clients' certificates",
     "[server.tls]\nkey = \"k\"\ncertificate = \"c\"\nclient_ca = \"a\"\nclient_crl = "
     "\"r\"\nclient_certificates = \"required\"",
     NULL},
    {"a key alone", "[server.tls]\nkey = \"k.pem\"",
     "[server.tls] needs both 'certificate' and 'key'"},
    {"a certificate alone", "[server.tls]\ncertificate = \"c.pem\"",
     "[server.tls] needs both 'certificate' and 'key'"},
    {"authorities without a certificate", "[server.tls]\nclient_ca = \"a.pem\"",
     "'client_ca' needs 'certificate' and 'key' beside it"},
    {"a list without authorities",
     "[server.tls]\nkey = \"k\"\ncertificate = \"c\"\nclient_crl = \"r\"",
     "'client_crl' needs 'client_ca' beside it"},
    {"required from nobody",
     "[server.tls]\nkey = \"k\"\ncertificate = \"c\"\nclient_certificates = \"required\"",
     "client certificates need 'client_ca', the authorities that issue them"},
    {"plain TLS", "[server]\nplaintext = true\n[server.tls]\nkey = \"k\"\ncertificate = \"c\"",
     "'plaintext = true' and [server.tls] contradict each other"},
    {"less in flight than one body",
     "[server.limits]\nbody = \"8 MiB\"\nbytes_in_flight = \"4 MiB\"",
     "'bytes_in_flight' must have room for one body"},
    {"azure", "[azure_code_interpreter]\npool_endpoint = \"https://a.example/x/\"", NULL},
    {"azure on this machine", "[azure_code_interpreter]\npool_endpoint = \"http://127.0.0.1:9/\"",
     NULL},
    {"azure without endpoint", "[azure_code_interpreter]",
     "[azure_code_interpreter] needs a 'pool_endpoint', or [[azure_code_interpreter.pool]] for "
     "several"},
    {"azure in the clear", "[azure_code_interpreter]\npool_endpoint = \"http://a.example/\"",
     "'pool_endpoint' must be https (http only for this machine)"},
    {"azure with a query", "[azure_code_interpreter]\npool_endpoint = \"https://a.example/?a=b\"",
     "'pool_endpoint' must have no query"},
    {"azure from the manual",
     "[azure_code_interpreter]\npool_endpoint = \"https://<REGION>.dynamicsessions.io/\"",
     "'pool_endpoint' is not an absolute URL with a host"},
    {"variable with a dash",
     "[azure_code_interpreter]\npool_endpoint = \"https://a/\"\ntoken_env_var = \"A-B\"",
     "'token_env_var' is not the name of an environment variable"},
    {"variable that starts with a digit",
     "[azure_code_interpreter]\npool_endpoint = \"https://a/\"\ntoken_env_var = \"1A\"",
     "'token_env_var' is not the name of an environment variable"},
    {"managed identity",
     "[azure_code_interpreter]\npool_endpoint = \"https://a/\"\ncredential = \"managed-identity\"",
     NULL},
    {"audience with a slash",
     "[azure_code_interpreter]\npool_endpoint = \"https://a/\"\naudience = \"https://d/\"",
     "'audience' must not end with a slash"},
    {"the Azure CLI",
     "[azure_code_interpreter]\npool_endpoint = \"https://a/\"\ncredential = \"azure-cli\"", NULL},
    {"a program by no path",
     "[azure_code_interpreter]\npool_endpoint = \"https://a/\"\ncredential = "
     "\"azure-cli\"\ncli_program = \"az\"",
     "'cli_program' must be an absolute path"},
    {"version with a blank",
     "[azure_code_interpreter]\npool_endpoint = \"https://a/\"\napi_version = \"a&b\"",
     "'api_version' holds a foreign character"},
    {"small pool", "[pool]\nmax_sessions = 2", NULL},
    {"more ready than allowed", "[pool]\nmax_sessions = 2\nready_sessions = 3",
     "'ready_sessions' must not be over 'max_sessions'"},
    {"no processor", "[pool.session]\ncpus = 0", "'cpus' must be at least 0.01"},
    {"layers", "[sandbox]\ngive_up = [\"landlock\", \"cgroup\", \"limits\", \"memory-cgroup\"]",
     NULL},
    {"no such layer", "[sandbox]\ngive_up = [\"firewall\"]",
     "'give_up' names layers: uid, capabilities, no-new-privs, landlock, seccomp, limits, "
     "namespaces, cgroup, or one wall "
     "of a session"},
    {"tenant", "[[tenant]]\nname = \"a.b-c_9\"", NULL},
    {"tenant with a slash", "[[tenant]]\nname = \"a/b\"",
     "a tenant's name starts with a letter or digit and has only letters, digits, '.', '-' and "
     "'_'"},
    {"tenant that starts with a dot", "[[tenant]]\nname = \".a\"",
     "a tenant's name starts with a letter or digit and has only letters, digits, '.', '-' and "
     "'_'"},
    {"policy as a path", "[[tenant]]\nname = \"a\"\npolicy = \"../x\"",
     "this is not the name of a policy"},
    {"code is kept for nobody", "[audit]\ncode = \"full\"",
     "keeping the code needs 'code_key', an auditor's public key: 'sallyport audit keygen' makes "
     "one"},
    {"entries are kept for an hour", "[audit]\nkeep = \"60m\"",
     "'keep' must be a day at least, or 0 for ever"},
    {"too few bytes", "[audit]\nkeep_bytes = \"1023 KiB\"",
     "'keep_bytes' must be a MiB at least, or 0 for any number"},
    {"a mistyped auditor", "[audit]\ncode_key = \"auditor-00\"",
     "'code_key' is not the public key that 'sallyport audit keygen' prints: it begins with "
     "auditor-"},
    {"network", "[pool]\nnetwork_status = \"EgressEnabled\"", NULL},
    {"template of a tenant", "[pool]\ntemplate = \"tenant\"", NULL},
    {"two tenants of one name", "[[tenant]]\nname = \"a\"\n[[tenant]]\nname = \"a\"",
     "two tenants have this name"},
    {"a tenant of an organisation",
     "[[tenant]]\nname = \"a\"\norganisation = \"o\"\n[[organisation]]\nname = \"o\"", NULL},
    {"a tenant of none",
     "[[tenant]]\nname = \"a\"\norganisation = \"p\"\n[[organisation]]\nname = \"o\"",
     "there is no [[organisation]] with this name"},
    {"an organisation without a name", "[[organisation]]\n[organisation.quota]\nsessions = 1",
     "each [[organisation]] needs a 'name'"},
    {"an organisation's name", "[[organisation]]\nname = \"a b\"",
     "an organisation's name starts with a letter or digit and has only letters, digits, '.', '-' "
     "and '_'"},
    {"two organisations of one name",
     "[[organisation]]\nname = \"o\"\n[[organisation]]\nname = \"o\"",
     "two organisations have this name"},
    {"less time a day than the longest run",
     "[[tenant]]\nname = \"a\"\n[tenant.quota]\nrun_seconds_per_day = 1", NULL},
};

static void test_values_must_fit_each_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(check_cases); i++) {
        const struct check_case *c = &check_cases[i];
        print_message("  %s\n", c->name);
        SP_AUTO_CONFIG struct sp_config *config = NULL;
        struct sp_where where = {0};
        enum sp_err err = sp_config_parse(sp_slice_of(c->in), NULL, &config, &where);
        assert_string_equal(where.text, c->text == NULL ? "" : c->text);
        assert_int_equal(err, c->text == NULL ? SP_OK : SP_ERR_CONFIG);
        assert_true(c->text == NULL || where.line > 0);
    }
}

static void test_a_quota_that_lets_no_usual_run_in_is_warned_of(void **state)
{
    (void)state;
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 4096);
    struct sp_slice in = sp_slice_of(
        "[[tenant]]\nname = \"a\"\n[tenant.quota]\nrun_seconds_per_day = 60\n"
        "[tenant.token_quota]\nrun_seconds_per_day = 59\n"
        "[[organisation]]\nname = \"o\"\n[organisation.quota]\nrun_seconds_per_day = 0\n");
    assert_int_equal(sp_config_parse(in, NULL, &config, NULL), SP_OK);
    assert_int_equal(sp_config_warnings(config, &out), SP_OK);
    assert_true(sp_slice_is(
        sp_buf_slice(&out),
        "6:23: 'run_seconds_per_day' is less than the 60 seconds that a run asks for whose body "
        "has no timeoutInSeconds: it is never let in\n"));
}

static void test_a_quota_that_lets_no_large_body_in_is_warned_of(void **state)
{
    (void)state;
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    SP_AUTO_BUF struct sp_buf out;
    sp_buf_init(&out, 4096);
    struct sp_slice in = sp_slice_of(
        "[[tenant]]\nname = \"a\"\n[tenant.quota]\nsessions = 1\nrun_seconds_per_day = 900\n"
        "code_bytes_per_day = \"1 MiB\"\n[tenant.token_quota]\ncode_bytes_per_day = \"5 MiB\"\n"
        "[[organisation]]\nname = \"o\"\n[organisation.quota]\ncode_bytes_per_day = 1\n");
    assert_int_equal(sp_config_parse(in, NULL, &config, NULL), SP_OK);
    assert_int_equal(sp_config_warnings(config, &out), SP_OK);
    assert_true(sp_slice_is(
        sp_buf_slice(&out),
        "6:22: 'code_bytes_per_day' is less than one body may have: larger ones are never let in\n"
        "12:22: 'code_bytes_per_day' is less than one body may have: larger ones are never let "
        "in\n"));
}

static void test_an_address_is_taken_apart(void **state)
{
    (void)state;
    struct sp_slice host;
    uint16_t port = 0;
    assert_int_equal(sp_config_address(sp_slice_of("[::1]:65535"), &host, &port), SP_OK);
    assert_true(sp_slice_is(host, "::1"));
    assert_int_equal(port, 65535);
    assert_int_equal(sp_config_address(sp_slice_of("10.0.0.1:80"), &host, &port), SP_OK);
    assert_true(sp_slice_is(host, "10.0.0.1"));
    static const char *const bad[] = {
        "", ":", ":80", "[]:80", "[10.0.0.1]:80", "1.2.3.4:", "1.2.3.4:+1", "1.2.3.4:8 "};
    for (size_t i = 0; i < SP_COUNT(bad); i++) {
        assert_true(sp_config_address(sp_slice_of(bad[i]), &host, &port) != SP_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_must_fit_each_other),
        cmocka_unit_test(test_a_quota_that_lets_no_usual_run_in_is_warned_of),
        cmocka_unit_test(test_a_quota_that_lets_no_large_body_in_is_warned_of),
        cmocka_unit_test(test_an_address_is_taken_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
