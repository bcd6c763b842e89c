/* Rules between the values of a configuration. */
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "codec/http_field.h"
#include "codec/url.h"
#include "config/row.h"
#include "crypto/seal.h"
#include "sandbox/confine.h"
#include "wire/session_frame.h"

#define KEEP_BYTES_MIN ((uint64_t)1024 * 1024)
#define SECONDS_A_DAY  ((uint64_t)24 * 60 * 60)

static enum sp_err refuse(struct sp_where *where, struct sp_config_place place, const char *reason)
{
    bool has_line = place.line != 0 && place.line != SP_CONFIG_LINE_OVERRIDE;
    sp_where_set(where, has_line ? place.line : 0, has_line ? place.column : 0, "%s", reason);
    return SP_ERR_CONFIG;
}

static bool is_address_byte(uint8_t byte)
{
    return sp_text_is_hex(byte) || byte == '.' || byte == ':';
}

enum sp_err sp_config_address(struct sp_slice text, struct sp_slice *out_host, uint16_t *out_port)
{
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':') {
        colon--;
    }
    if (colon < 2) {
        return SP_ERR_INVALID;
    }
    struct sp_slice host = sp_slice_sub(text, 0, colon - 1);
    bool has_brackets = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    host = has_brackets ? sp_slice_sub(host, 1, host.len - 2) : host;
    struct sp_text t;
    struct sp_slice run;
    uint64_t port = 0;
    sp_text_init(&t, host);
    SP_TRY(sp_text_run(&t, is_address_byte, 45, &run));
    bool is_ip6 = sp_slice_find(host, 0, ':') < host.len;
    if (!sp_text_at_end(&t) || is_ip6 != has_brackets) {
        return SP_ERR_INVALID;
    }
    SP_TRY(sp_parse_u64(sp_slice_sub(text, colon, text.len), UINT16_MAX, &port));
    *out_host = host;
    *out_port = (uint16_t)port;
    return SP_OK;
}

static enum sp_err check_tls(const struct sp_config *c, struct sp_where *where)
{
    const bool has_tls = *c->tls_certificate != '\0';
    if (has_tls != (*c->tls_key != '\0')) {
        return refuse(where,
                      c->places[has_tls ? SP_CONFIG_AT_tls_certificate : SP_CONFIG_AT_tls_key],
                      "[server.tls] needs both 'certificate' and 'key'");
    }
    if (!has_tls && *c->tls_client_ca != '\0') {
        return refuse(where, c->places[SP_CONFIG_AT_tls_client_ca],
                      "'client_ca' needs 'certificate' and 'key' beside it");
    }
    if (*c->tls_client_ca == '\0' && *c->tls_client_crl != '\0') {
        return refuse(where, c->places[SP_CONFIG_AT_tls_client_crl],
                      "'client_crl' needs 'client_ca' beside it");
    }
    if (*c->tls_client_ca == '\0' &&
        c->tls_client_certificates == SP_CONFIG_CERTIFICATES_REQUIRED) {
        return refuse(where, c->places[SP_CONFIG_AT_tls_client_certificates],
                      "client certificates need 'client_ca', the authorities that issue them");
    }
    if (has_tls && c->server_plaintext) {
        return refuse(where, c->places[SP_CONFIG_AT_server_plaintext],
                      "'plaintext = true' and [server.tls] contradict each other");
    }
    return SP_OK;
}

static enum sp_err check_server(const struct sp_config *c, struct sp_where *where)
{
    struct sp_slice host;
    uint16_t port = 0;
    if (sp_config_address(sp_slice_of(c->server_listen), &host, &port) != SP_OK) {
        return refuse(where, c->places[SP_CONFIG_AT_server_listen],
                      "'listen' must be an address and a port, like 127.0.0.1:8080 or [::1]:8080");
    }
    SP_TRY(check_tls(c, where));
    if (!sp_url_host_is_loopback(host) && !c->server_plaintext && *c->tls_certificate == '\0') {
        return refuse(
            where, c->places[SP_CONFIG_AT_server_listen],
            "an address that is not loopback needs TLS, or 'plaintext = true' in [server]");
    }
    if (c->limits_bytes_in_flight < c->limits_body_bytes) {
        return refuse(where, c->places[SP_CONFIG_AT_limits_bytes_in_flight],
                      "'bytes_in_flight' must have room for one body");
    }
    return SP_OK;
}

static bool is_name_byte(uint8_t byte)
{
    return sp_text_is_alnum(byte) || byte == '_' || byte == '-' || byte == '.';
}

static bool all_are(const char *text, sp_text_class *is)
{
    for (; *text != '\0'; text++) {
        if (!is((uint8_t)*text)) {
            return false;
        }
    }
    return true;
}

static bool is_variable_byte(uint8_t byte)
{
    return sp_text_is_alnum(byte) || byte == '_';
}

static enum sp_err check_azure(const struct sp_config *c, struct sp_where *where)
{
    if (!c->has_azure) {
        return SP_OK;
    }
    SP_TRY(sp_config_check_pools(c, where));
    if (!all_are(c->azure_token_env_var, is_variable_byte) ||
        sp_text_is_digit((uint8_t)*c->azure_token_env_var)) {
        return refuse(where, c->places[SP_CONFIG_AT_azure_token_env_var],
                      "'token_env_var' is not the name of an environment variable");
    }
    if (*c->azure_cli_program != '\0' && *c->azure_cli_program != '/') {
        return refuse(where, c->places[SP_CONFIG_AT_azure_cli_program],
                      "'cli_program' must be an absolute path");
    }
    if (c->azure_audience[0] != '\0' && c->azure_audience[strlen(c->azure_audience) - 1] == '/') {
        return refuse(where, c->places[SP_CONFIG_AT_azure_audience],
                      "'audience' must not end with a slash");
    }
    if (!all_are(c->azure_api_version, is_name_byte)) {
        return refuse(where, c->places[SP_CONFIG_AT_azure_api_version],
                      "'api_version' holds a foreign character");
    }
    return SP_OK;
}

static enum sp_err check_pool(const struct sp_config *c, struct sp_where *where)
{
    if (c->pool_ready_sessions > c->pool_max_sessions) {
        /* A small pool with the default of ready sessions is no mistake: the pool itself keeps no more than it may. */
        if (c->places[SP_CONFIG_AT_pool_ready_sessions].line != 0) {
            return refuse(where, c->places[SP_CONFIG_AT_pool_ready_sessions],
                          "'ready_sessions' must not be over 'max_sessions'");
        }
    }
    if (c->session_cpus < 0.01) {
        return refuse(where, c->places[SP_CONFIG_AT_session_cpus], "'cpus' must be at least 0.01");
    }
    return SP_OK;
}

/* The layers of a role, the walls of a session, and two words for several walls together. */
static bool is_layer(struct sp_slice name)
{
#define AS_LAYER_NAME(layer, bit, name) name,
#define AS_WALL_NAME(wall, name, text)  name,
    static const char *const names[] = {
        SP_LAYER_LIST(AS_LAYER_NAME) SP_WALL_LIST(AS_WALL_NAME) "namespaces", "cgroup"};
#undef AS_LAYER_NAME
#undef AS_WALL_NAME
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        if (sp_slice_is(name, names[i])) {
            return true;
        }
    }
    return false;
}

static enum sp_err check_layers(const struct sp_config *c, struct sp_where *where)
{
    for (size_t i = 0; i < c->sandbox_give_up.count; i++) {
        if (!is_layer(sp_slice_of(c->sandbox_give_up.items[i]))) {
            return refuse(where, c->places[SP_CONFIG_AT_sandbox_give_up],
                          "'give_up' names layers: uid, capabilities, no-new-privs, landlock, "
                          "seccomp, limits, namespaces, "
                          "cgroup, or one wall of a session");
        }
    }
    return SP_OK;
}

static bool is_name(const char *text)
{
    return all_are(text, is_name_byte) && sp_text_is_alnum((uint8_t)*text);
}

static enum sp_err check_tenant(const struct sp_config *c, size_t index, struct sp_where *where)
{
    const struct sp_config_tenant *t = &c->tenants[index];
    if (!is_name(t->name)) {
        return refuse(where, t->places[SP_CONFIG_AT_name],
                      "a tenant's name starts with a letter or digit and has only letters, digits, "
                      "'.', '-' and '_'");
    }
    if (!is_name(t->policy)) {
        return refuse(where, t->places[SP_CONFIG_AT_policy], "this is not the name of a policy");
    }
    return SP_OK;
}

static enum sp_err check_organisation(const struct sp_config *c, size_t index,
                                      struct sp_where *where)
{
    const struct sp_config_organisation *o = &c->organisations[index];
    const struct sp_config_place place = o->places[SP_CONFIG_ORGANISATION_AT_name];
    if (!is_name(o->name)) {
        return refuse(where, place,
                      "an organisation's name starts with a letter or digit and has only letters, "
                      "digits, '.', '-' and '_'");
    }
    return SP_OK;
}

static enum sp_err check_different(const struct sp_config *c, struct sp_where *where)
{
    const size_t tenant = sp_config_first_repeated(c->tenants_by_name, c->tenant_count);
    const size_t organisation =
        sp_config_first_repeated(c->organisations_by_name, c->organisation_count);
    if (tenant < c->tenant_count) {
        return refuse(where, c->tenants[tenant].places[SP_CONFIG_AT_name],
                      "two tenants have this name");
    }
    if (organisation < c->organisation_count) {
        return refuse(where, c->organisations[organisation].places[SP_CONFIG_ORGANISATION_AT_name],
                      "two organisations have this name");
    }
    return SP_OK;
}

static enum sp_err check_audit(const struct sp_config *c, struct sp_where *where)
{
    uint8_t ignored[SP_SEAL_KEY_BYTES];
    if (*c->audit_code_key != '\0' &&
        sp_seal_key_read(SP_SEAL_PUBLIC, sp_slice_of(c->audit_code_key), ignored) != SP_OK) {
        return refuse(where, c->places[SP_CONFIG_AT_audit_code_key],
                      "'code_key' is not the public key that 'sallyport audit keygen' prints: it "
                      "begins with auditor-");
    }
    if (c->audit_keep_s != 0 && c->audit_keep_s < SECONDS_A_DAY) {
        return refuse(where, c->places[SP_CONFIG_AT_audit_keep_s],
                      "'keep' must be a day at least, or 0 for ever");
    }
    if (c->audit_keep_bytes != 0 && c->audit_keep_bytes < KEEP_BYTES_MIN) {
        return refuse(where, c->places[SP_CONFIG_AT_audit_keep_bytes],
                      "'keep_bytes' must be a MiB at least, or 0 for any number");
    }
    if (c->audit_code == SP_CONFIG_AUDIT_FULL && *c->audit_code_key == '\0') {
        return refuse(where, c->places[SP_CONFIG_AT_audit_code],
                      "keeping the code needs 'code_key', an auditor's public key: 'sallyport "
                      "audit keygen' makes one");
    }
    return SP_OK;
}

enum sp_err sp_config_check(const struct sp_config *config, struct sp_where *where)
{
    SP_TRY(check_server(config, where));
    SP_TRY(check_azure(config, where));
    SP_TRY(check_pool(config, where));
    SP_TRY(check_layers(config, where));
    SP_TRY(check_audit(config, where));
    SP_TRY(sp_config_check_ships(config, where));
    for (size_t i = 0; i < config->tenant_count; i++) {
        SP_TRY(check_tenant(config, i, where));
    }
    SP_TRY(sp_config_check_issuers(config, where));
    for (size_t i = 0; i < config->organisation_count; i++) {
        SP_TRY(check_organisation(config, i, where));
    }
    SP_TRY(check_different(config, where));
    return sp_config_check_quotas(config, where);
}
