/*
 * issuers - the configured issuers and client certificates on their way from the configuration to admit's authority.
 *
 * Runs in: supervisor (writes, watches the files of keys), admit (reads).   Input: trusted.   Allocates: in proportion.
 */
#ifndef SP_PROCESS_ISSUERS_H
#define SP_PROCESS_ISSUERS_H

#include "config/config.h"
#include "identity/authority.h"
#include "process/settings.h"

/* Appends the issuers with their rules and the keys that their files have now; a file that cannot be read gives none. */
enum sp_err sp_issuers_settings(const struct sp_config *config, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Where Entra publishes the keys of all its tenants. */
#define SP_ISSUER_ENTRA_JWKS_URI "https://login.microsoftonline.com/common/discovery/v2.0/keys"

/* Where an issuer's keys are fetched, NULL when they come from a file; how many issuers have such a place. */
const char *sp_issuer_jwks_uri(const struct sp_config_issuer *issuer) SP_NONNULL(1);
size_t sp_issuers_fetched(const struct sp_config *config) SP_NONNULL(1);

/* The certificates of one tenant. */
enum sp_err sp_certificates_settings(const struct sp_config_tenant *tenant, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* The other ends: the tenants of the authority's directory must be there. Keys that cannot be used are logged. */
enum sp_err sp_issuers_settle(struct sp_slice settings, struct sp_authority *authority)
    SP_MUST_CHECK SP_NONNULL(2);
enum sp_err sp_certificates_settle(struct sp_slice settings, size_t tenant,
                                   struct sp_authority *authority) SP_MUST_CHECK SP_NONNULL(3);

/* What a file of keys was like when it was last looked at. */
struct sp_keys_watch {
    uint64_t inode;
    uint64_t size;
    uint64_t changed_ns; /* of its content or its place */
    bool is_missing;
    bool is_known;
};

struct sp_house;

/* Looks at every file of keys and gives admit those that changed; about every second. */
void sp_keys_look(struct sp_house *house) SP_NONNULL(1);

#endif
