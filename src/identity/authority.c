#include "identity/authority.h"

#include <stdlib.h>

#include "codec/http_field.h"

struct sp_authority {
    struct sp_directory *directory;
};

enum sp_err sp_authority_new(struct sp_authority **out)
{
    struct sp_authority *authority = calloc(1, sizeof(*authority));
    if (authority == NULL) {
        return SP_ERR_NOMEM;
    }
    enum sp_err err = sp_directory_new(&authority->directory);
    if (err != SP_OK) {
        sp_authority_free(authority);
        return err;
    }
    *out = authority;
    return SP_OK;
}

void sp_authority_free(struct sp_authority *authority)
{
    if (authority != NULL) {
        sp_directory_free(authority->directory);
        free(authority);
    }
}

struct sp_directory *sp_authority_directory(struct sp_authority *authority)
{
    return authority->directory;
}

/* What was sent, of either kind. */
static enum sp_err token_of(const struct sp_credentials *credentials, struct sp_slice *out)
{
    if (credentials->api_key.len == 0) {
        return sp_http_bearer(credentials->authorization, out);
    }
    if (credentials->authorization.len != 0) {
        return SP_ERR_TOKEN_UNKNOWN;
    }
    *out = sp_slice_trim(credentials->api_key);
    return SP_OK;
}

enum sp_err sp_authority_check(struct sp_authority *authority, const struct sp_credentials *credentials, uint64_t wall_us,
                               struct sp_principal *out)
{
    struct sp_slice token = {NULL, 0};
    SP_TRY(token_of(credentials, &token));
    return sp_directory_authenticate(authority->directory, token, wall_us, out);
}
