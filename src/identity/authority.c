#include "identity/authority.h"

#include <stdlib.h>

#include "api/scope.h"
#include "codec/hex.h"
#include "codec/http_field.h"
#include "identity/jws.h"
#include "identity/seen.h"

/* "cert:" and the first half of the digest: enough to tell certificates apart in the log. */
#define CERTIFICATE_NAME_BYTES ((size_t)16)

struct sp_authority {
    struct sp_directory *directory;
    struct sp_issuers *issuers;
    struct sp_certificates *certificates;
    struct sp_seen *seen;
    const char *why;
    char certificate_name[sizeof("cert:") + 2 * CERTIFICATE_NAME_BYTES];
};

static enum sp_err make_parts(struct sp_authority *authority)
{
    SP_TRY(sp_directory_new(&authority->directory));
    SP_TRY(sp_issuers_new(&authority->issuers));
    SP_TRY(sp_certificates_new(&authority->certificates));
    return sp_seen_new(&authority->seen);
}

enum sp_err sp_authority_new(struct sp_authority **out)
{
    struct sp_authority *authority = calloc(1, sizeof(*authority));
    if (authority == NULL) {
        return SP_ERR_NOMEM;
    }
    authority->why = "";
    enum sp_err err = make_parts(authority);
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
        sp_issuers_free(authority->issuers);
        sp_certificates_free(authority->certificates);
        sp_seen_free(authority->seen);
        free(authority);
    }
}

struct sp_directory *sp_authority_directory(struct sp_authority *authority)
{
    return authority->directory;
}

struct sp_issuers *sp_authority_issuers(struct sp_authority *authority)
{
    return authority->issuers;
}

struct sp_certificates *sp_authority_certificates(struct sp_authority *authority)
{
    return authority->certificates;
}

const char *sp_authority_why(const struct sp_authority *authority)
{
    return authority->why;
}

/* --- tokens --- */

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

bool sp_authority_is_news(const struct sp_authority *authority,
                          const struct sp_credentials *credentials)
{
    struct sp_slice token = {NULL, 0};
    return token_of(credentials, &token) == SP_OK &&
           sp_directory_is_news(authority->directory, token);
}

static void stand_for(const struct sp_authority *authority, const struct sp_identity *identity,
                      struct sp_principal *out)
{
    *out =
        (struct sp_principal){.tenant = sp_directory_tenant(authority->directory, identity->tenant),
                              .tenant_index = identity->tenant,
                              .id = sp_slice_of(identity->name),
                              .scopes = identity->scopes};
}

/* A token of an issuer: its signature is checked once. */
static enum sp_err check_signed(struct sp_authority *authority, struct sp_slice token,
                                bool is_slowed, uint64_t wall_us, struct sp_principal *out)
{
    uint8_t digest[SP_SHA256_BYTES];
    struct sp_identity fresh;
    if (token.len > SP_JWS_BYTES_MAX) {
        authority->why = "it is too long";
        return SP_ERR_TOKEN_UNKNOWN;
    }
    SP_TRY(sp_sha256(token, digest));
    const struct sp_identity *known =
        sp_seen_find(authority->seen, digest, authority->issuers, wall_us);
    if (known == NULL) {
        if (is_slowed) {
            return SP_ERR_BUSY;
        }
        SP_TRY(sp_issuers_verify(authority->issuers, token, wall_us, &fresh, &authority->why));
        known = sp_seen_keep(authority->seen, digest, authority->issuers, &fresh);
    }
    stand_for(authority, known, out);
    return out->tenant == NULL ? SP_ERR_TOKEN_UNKNOWN : SP_OK;
}

/* The shape decides: no gateway token has a dot. A key of the other field is a gateway token only. */
static enum sp_err check_token(struct sp_authority *authority,
                               const struct sp_credentials *credentials, struct sp_slice token,
                               uint64_t wall_us, struct sp_principal *out)
{
    const bool is_signed = credentials->api_key.len == 0 &&
                           sp_issuers_count(authority->issuers) > 0 && sp_issuers_is_token(token) &&
                           !sp_slice_starts(token, SP_TOKEN_PREFIX);
    if (is_signed) {
        return check_signed(authority, token, credentials->is_slowed, wall_us, out);
    }
    authority->why = "no gateway token is like it";
    return sp_directory_authenticate(authority->directory, token, wall_us, out);
}

/* --- certificates --- */

static void stand_for_certificate(struct sp_authority *authority, struct sp_slice digest,
                                  size_t tenant, struct sp_principal *out)
{
    static const char before[] = "cert:";
    (void)sp_slice_copy(sp_slice_of(before), authority->certificate_name,
                        sizeof(authority->certificate_name));
    sp_hex_write(sp_slice_sub(digest, 0, CERTIFICATE_NAME_BYTES),
                 authority->certificate_name + sizeof(before) - 1);
    *out = (struct sp_principal){.tenant = sp_directory_tenant(authority->directory, tenant),
                                 .tenant_index = tenant,
                                 .id = sp_slice_of(authority->certificate_name),
                                 .scopes = SP_SCOPES_USUAL};
}

/* No token: a certificate alone may be enough. */
static enum sp_err check_alone(struct sp_authority *authority,
                               const struct sp_credentials *credentials, size_t tenant,
                               struct sp_principal *out)
{
    const struct sp_tenant *owner = sp_directory_tenant(authority->directory, tenant);
    if (owner == NULL || owner->needs_certificate) {
        authority->why = "the tenant of the certificate needs a token too";
        return SP_ERR_TOKEN_MISSING;
    }
    stand_for_certificate(authority, credentials->certificate, tenant, out);
    return SP_OK;
}

/* A certificate beside a token must be of the same tenant; one that is nobody's says nothing. */
static enum sp_err check_both(struct sp_authority *authority, const struct sp_principal *who,
                              bool has_tenant, size_t tenant)
{
    if (has_tenant && tenant != who->tenant_index) {
        authority->why = "token and certificate are of different tenants";
        return SP_ERR_TOKEN_UNKNOWN;
    }
    if (!has_tenant && who->tenant->needs_certificate) {
        authority->why = "the tenant of the token needs a certificate too";
        return SP_ERR_TOKEN_UNKNOWN;
    }
    return SP_OK;
}

enum sp_err sp_authority_check(struct sp_authority *authority,
                               const struct sp_credentials *credentials, uint64_t wall_us,
                               struct sp_principal *out)
{
    struct sp_slice token = {NULL, 0};
    struct sp_principal who = {.tenant = NULL};
    size_t tenant = 0;
    const bool has_tenant = credentials->certificate.len > 0 &&
                            sp_certificates_find(authority->certificates, credentials->certificate,
                                                 credentials->subject, &tenant) == SP_OK;
    authority->why = "the fields hold no token, or more than one";
    enum sp_err err = token_of(credentials, &token);
    if (err == SP_ERR_TOKEN_MISSING && has_tenant) {
        return check_alone(authority, credentials, tenant, out);
    }
    SP_TRY(err);
    SP_TRY(check_token(authority, credentials, token, wall_us, &who));
    SP_TRY(check_both(authority, &who, has_tenant, tenant));
    *out = who;
    return SP_OK;
}
