#include "process/upstream.h"

#include <stdlib.h>
#include <unistd.h>

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

static enum sp_err client(const struct sp_config *config, struct sp_upstream *out,
                          const char **out_why)
{
    const char *host = value_of(config->azure_authority_host, "AZURE_AUTHORITY_HOST");
    SP_TRY(sp_buf_put_text(&out->endpoint, host != NULL ? host : AUTHORITY_HOST));
    SP_TRY(
        need(out->tenant_id, "set azure_code_interpreter.tenant_id, or AZURE_TENANT_ID", out_why));
    SP_TRY(
        need(out->client_id, "set azure_code_interpreter.client_id, or AZURE_CLIENT_ID", out_why));
    if (config->azure_credential == SP_CONFIG_CREDENTIAL_WORKLOAD_IDENTITY) {
        out->token_file =
            value_of(config->azure_federated_token_file, "AZURE_FEDERATED_TOKEN_FILE");
        return need(
            out->token_file,
            "set azure_code_interpreter.federated_token_file, or AZURE_FEDERATED_TOKEN_FILE",
            out_why);
    }
    if (config->azure_credential == SP_CONFIG_CREDENTIAL_CLIENT_CERTIFICATE) {
        out->certificate =
            value_of(config->azure_client_certificate, "AZURE_CLIENT_CERTIFICATE_PATH");
        return need(
            out->certificate,
            "set azure_code_interpreter.client_certificate, or AZURE_CLIENT_CERTIFICATE_PATH",
            out_why);
    }
    return SP_OK;
}

/* `az` in the first directory of PATH that has it. */
static enum sp_err find_program(struct sp_buf *out)
{
    const char *path = getenv("PATH");
    struct sp_slice rest = sp_slice_of(path == NULL ? "" : path);
    while (rest.len > 0) {
        const size_t end = sp_slice_find(rest, 0, ':');
        sp_buf_clear(out);
        SP_TRY(sp_buf_put(out, sp_slice_sub(rest, 0, end)));
        SP_TRY(sp_buf_put_text(out, "/az"));
        SP_TRY(sp_buf_put_byte(out, '\0'));
        if (out->ptr[0] == '/' && access((const char *)out->ptr, X_OK) == 0) {
            return SP_OK;
        }
        rest = sp_slice_sub(rest, end + 1, rest.len);
    }
    return SP_ERR_CONFIG;
}

static enum sp_err put_path(struct sp_buf *out, const char *folder, const char *name)
{
    SP_TRY(sp_buf_put_text(out, folder));
    SP_TRY(sp_buf_put_text(out, name));
    return sp_buf_put_byte(out, '\0');
}

static enum sp_err azure_cli(const struct sp_config *config, struct sp_upstream *out,
                             const char **out_why)
{
    const char *configured = value_of(config->azure_cli_config_dir, "AZURE_CONFIG_DIR");
    const char *home = value_of("", "HOME");
    *out_why = "there is no 'az' on the PATH: install the Azure CLI, or set "
               "azure_code_interpreter.cli_program";
    if (config->azure_cli_program[0] != '\0') {
        SP_TRY(put_path(&out->cli_program, config->azure_cli_program, ""));
    } else {
        SP_TRY(find_program(&out->cli_program));
    }
    SP_TRY(need(configured != NULL ? configured : home,
                "set azure_code_interpreter.cli_config_dir, AZURE_CONFIG_DIR or HOME: the Azure "
                "CLI keeps its session there",
                out_why));
    *out_why = "the path of the Azure CLI's directory is too long";
    return configured != NULL ? put_path(&out->cli_config, configured, "")
                              : put_path(&out->cli_config, home, "/.azure");
}

/* A secret goes over plain HTTP to this machine or a link-local address only: that is where such services are. */
static bool is_near(struct sp_slice host)
{
    return sp_url_host_is_loopback(host) || sp_url_host_is_link_local(host);
}

static enum sp_err check_endpoint(const struct sp_upstream *out, const char **out_why)
{
    struct sp_url url;
    *out_why = "the address of the identity provider is no absolute URL";
    if (sp_url_parse(sp_buf_slice(&out->endpoint), &url) != SP_OK || url.has_query) {
        return SP_ERR_CONFIG;
    }
    *out_why =
        "the identity provider must be https (http only for this machine and link-local addresses)";
    return url.is_https || is_near(url.host) ? SP_OK : SP_ERR_CONFIG;
}

enum sp_err sp_upstream_of(const struct sp_config *config, struct sp_upstream *out,
                           const char **out_why)
{
    *out = (struct sp_upstream){.audience = config->azure_audience,
                                .tenant_id = value_of(config->azure_tenant_id, "AZURE_TENANT_ID"),
                                .client_id = value_of(config->azure_client_id, "AZURE_CLIENT_ID")};
    *out_why = "";
    sp_buf_init(&out->endpoint, SP_UPSTREAM_TEXT_MAX);
    sp_buf_init(&out->cli_program, SP_UPSTREAM_TEXT_MAX);
    sp_buf_init(&out->cli_config, SP_UPSTREAM_TEXT_MAX);
    if (!config->has_azure || config->azure_credential == SP_CONFIG_CREDENTIAL_ENVIRONMENT) {
        return SP_OK;
    }
    if (config->azure_credential == SP_CONFIG_CREDENTIAL_AZURE_CLI) {
        return azure_cli(config, out, out_why);
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
    sp_buf_done(&upstream->cli_program);
    sp_buf_done(&upstream->cli_config);
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
        *out_must = value_of(config->azure_identity_endpoint, "IDENTITY_ENDPOINT") !=
                    NULL; /* IMDS asks for none */
        return "IDENTITY_HEADER";
    case SP_CONFIG_CREDENTIAL_WORKLOAD_IDENTITY:
    case SP_CONFIG_CREDENTIAL_CLIENT_CERTIFICATE:
    case SP_CONFIG_CREDENTIAL_AZURE_CLI:
        break;
    }
    return NULL;
}
