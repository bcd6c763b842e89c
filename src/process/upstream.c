#include "process/upstream.h"

#include <stdlib.h>

#define IMDS_HOST      "http://169.254.169.254"
#define IMDS_PATH      "/metadata/identity/oauth2/token"
#define AUTHORITY_HOST "https://login.microsoftonline.com/"

/* What the configuration says, else the environment; NULL when neither does. */
static const char *value_of(const char *configured, const char *variable)
{
    const char *value = configured[0] != '\0' ? configured : getenv(variable);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static enum sp_err need(const char *value, const char *why, const char **out_why)
{
    *out_why = why;
    return value != NULL ? SP_OK : SP_ERR_CONFIG;
}

static enum sp_err managed_identity(const struct sp_config *config, struct sp_upstream *out)
{
    const char *endpoint = value_of(config->azure_identity_endpoint, "IDENTITY_ENDPOINT");
    out->is_imds = endpoint == NULL;
    if (endpoint != NULL) {
        return sp_buf_put_text(&out->endpoint, endpoint);
    }
    const char *host = value_of("", "AZURE_POD_IDENTITY_AUTHORITY_HOST");
    SP_TRY(sp_buf_put_text(&out->endpoint, host != NULL ? host : IMDS_HOST));
    while (out->endpoint.len > 0 && out->endpoint.ptr[out->endpoint.len - 1] == '/') {
        sp_buf_truncate(&out->endpoint, out->endpoint.len - 1);
    }
    return sp_buf_put_text(&out->endpoint, IMDS_PATH);
}

static enum sp_err client(const struct sp_config *config, struct sp_upstream *out, const char **out_why)
{
    const char *host = value_of(config->azure_authority_host, "AZURE_AUTHORITY_HOST");
    SP_TRY(sp_buf_put_text(&out->endpoint, host != NULL ? host : AUTHORITY_HOST));
    SP_TRY(need(out->tenant_id, "set azure_code_interpreter.tenant_id, or AZURE_TENANT_ID", out_why));
    SP_TRY(need(out->client_id, "set azure_code_interpreter.client_id, or AZURE_CLIENT_ID", out_why));
    if (config->azure_credential == SP_CONFIG_CREDENTIAL_WORKLOAD_IDENTITY) {
        out->token_file = value_of(config->azure_federated_token_file, "AZURE_FEDERATED_TOKEN_FILE");
        return need(out->token_file, "set azure_code_interpreter.federated_token_file, or AZURE_FEDERATED_TOKEN_FILE", out_why);
    }
    if (config->azure_credential == SP_CONFIG_CREDENTIAL_CLIENT_CERTIFICATE) {
        out->certificate = value_of(config->azure_client_certificate, "AZURE_CLIENT_CERTIFICATE_PATH");
        return need(out->certificate, "set azure_code_interpreter.client_certificate, or AZURE_CLIENT_CERTIFICATE_PATH", out_why);
    }
    return SP_OK;
}

/* A secret goes over plain HTTP to this machine or a link-local address only: that is where such services are. */
static bool is_near(struct sp_slice host)
{
    return sp_url_host_is_loopback(host) || sp_slice_starts(host, "169.254.");
}

static enum sp_err check_endpoint(const struct sp_upstream *out, const char **out_why)
{
    struct sp_url url;
    *out_why = "the address of the identity provider is no absolute URL";
    if (sp_url_parse(sp_buf_slice(&out->endpoint), &url) != SP_OK || url.has_query) {
        return SP_ERR_CONFIG;
    }
    *out_why = "the identity provider must be https (http only for this machine and link-local addresses)";
    return url.is_https || is_near(url.host) ? SP_OK : SP_ERR_CONFIG;
}

enum sp_err sp_upstream_of(const struct sp_config *config, struct sp_upstream *out, const char **out_why)
{
    *out = (struct sp_upstream){.audience = config->azure_audience,
                                .tenant_id = value_of(config->azure_tenant_id, "AZURE_TENANT_ID"),
                                .client_id = value_of(config->azure_client_id, "AZURE_CLIENT_ID")};
    *out_why = "";
    sp_buf_init(&out->endpoint, SP_UPSTREAM_TEXT_MAX);
    if (!config->has_azure || config->azure_credential == SP_CONFIG_CREDENTIAL_ENVIRONMENT) {
        return SP_OK;
    }
    *out_why = "the address of the identity provider is too long";
    if (config->azure_credential == SP_CONFIG_CREDENTIAL_MANAGED_IDENTITY) {
        SP_TRY(managed_identity(config, out));
    } else {
        SP_TRY(client(config, out, out_why));
    }
    return check_endpoint(out, out_why);
}

void sp_upstream_done(struct sp_upstream *upstream)
{
    sp_buf_done(&upstream->endpoint);
}

const char *sp_upstream_secret_variable(const struct sp_config *config, bool *out_must)
{
    *out_must = true;
    switch ((enum sp_config_credential)config->azure_credential) {
    case SP_CONFIG_CREDENTIAL_ENVIRONMENT:
        return config->azure_token_env_var;
    case SP_CONFIG_CREDENTIAL_CLIENT_SECRET:
        return "AZURE_CLIENT_SECRET";
    case SP_CONFIG_CREDENTIAL_MANAGED_IDENTITY:
        *out_must = value_of(config->azure_identity_endpoint, "IDENTITY_ENDPOINT") != NULL; /* IMDS asks for none */
        return "IDENTITY_HEADER";
    case SP_CONFIG_CREDENTIAL_WORKLOAD_IDENTITY:
    case SP_CONFIG_CREDENTIAL_CLIENT_CERTIFICATE:
    case SP_CONFIG_CREDENTIAL_AZURE_CLI:
        break;
    }
    return NULL;
}
