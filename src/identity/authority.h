/*
 * authority - who a request comes from: gateway tokens, tokens of issuers, client certificates.
 *
 * Runs in: admit.   Input: hostile (header values).   Allocates: in proportion to tenants and tokens.
 * One credential decides. Two at once could be two callers: they are refused, except for a certificate and a token of the
 * same tenant.
 */
#ifndef SP_IDENTITY_AUTHORITY_H
#define SP_IDENTITY_AUTHORITY_H

#include "identity/certificate.h"
#include "identity/directory.h"
#include "identity/issuer.h"

/* What came with a request. Empty: not sent. */
struct sp_credentials {
    struct sp_slice authorization; /* the values of the fields, as they came */
    struct sp_slice api_key;
    struct sp_slice
        certificate; /* the digest of the client's, which door verified; and its subject */
    struct sp_slice subject;
    bool is_slowed; /* no signature is checked for this source now */
};

struct sp_authority;

/* Empty: what it knows goes into its parts. */
enum sp_err sp_authority_new(struct sp_authority **out) SP_MUST_CHECK SP_NONNULL(1);
void sp_authority_free(struct sp_authority *authority);

/* Its parts, to be filled before it is asked; its own. */
struct sp_directory *sp_authority_directory(struct sp_authority *authority) SP_NONNULL(1);
struct sp_issuers *sp_authority_issuers(struct sp_authority *authority) SP_NONNULL(1);
struct sp_certificates *sp_authority_certificates(struct sp_authority *authority) SP_NONNULL(1);

/*
 * SP_ERR_TOKEN_MISSING, SP_ERR_TOKEN_UNKNOWN (also for two credentials at once), SP_ERR_TOKEN_EXPIRED,
 * SP_ERR_TOKEN_EARLY, SP_ERR_TOKEN_AUDIENCE; SP_ERR_BUSY for a signature that would have to be checked for a slowed source. What `out` lends
 * is good until the next call.
 */
enum sp_err sp_authority_check(struct sp_authority *authority,
                               const struct sp_credentials *credentials, uint64_t wall_us,
                               struct sp_principal *out) SP_MUST_CHECK SP_NONNULL(1, 2, 4);

/* Whether a gateway token came of which the directory knows nothing yet (directory.h). */
bool sp_authority_is_news(const struct sp_authority *authority,
                          const struct sp_credentials *credentials) SP_MUST_CHECK SP_NONNULL(1, 2);

/* Why the last check refused, in words for the operator; never what was sent. */
const char *sp_authority_why(const struct sp_authority *authority) SP_NONNULL(1);

#endif
