#include "process/authorities.h"

#include "crypto/tls.h"
#include "os/files.h"

#define FILE_BYTES_MAX ((size_t)2 * 1024 * 1024)

static enum sp_err check(const char *key, const char *path, struct sp_config_place place,
                         struct sp_where *out_where)
{
    SP_AUTO_BUF struct sp_buf pem;
    struct sp_tls_context *context = NULL;
    const char *why = "";
    sp_buf_init(&pem, FILE_BYTES_MAX);
    if (path[0] == '\0') {
        return SP_OK;
    }
    enum sp_err err = sp_file_read(path, &pem);
    if (err != SP_OK) {
        why = "it cannot be read";
    } else if (pem.len == 0) {
        why = "it is empty";
        err = SP_ERR_INVALID;
    } else {
        err = sp_tls_client_new(sp_buf_slice(&pem), &why, &context);
        sp_tls_context_free(context);
    }
    if (err == SP_OK || err == SP_ERR_NOMEM) {
        return err;
    }
    sp_where_set(out_where, place.line, place.column, "'%s' names %s: %s", key, path, why);
    return SP_ERR_CONFIG;
}

enum sp_err sp_authorities_stand(const struct sp_config *config, struct sp_where *out_where)
{
    for (size_t i = 0; i < config->issuer_count; i++) {
        const struct sp_config_issuer *issuer = &config->issuers[i];
        SP_TRY(check("jwks_ca_file", issuer->jwks_ca_file,
                     issuer->places[SP_CONFIG_ISSUER_AT_jwks_ca_file], out_where));
    }
    if (!config->has_azure) {
        return SP_OK;
    }
    SP_TRY(check("authority_ca_file", config->azure_authority_ca_file,
                 config->places[SP_CONFIG_AT_azure_authority_ca_file], out_where));
    return check("ca_file", config->azure_ca_file, config->places[SP_CONFIG_AT_azure_ca_file],
                 out_where);
}
