/*
 * directory - the tenants and the digests of their tokens, and who a request comes from.
 *
 * Runs in: admit.   Input: hostile (header values).   Allocates: in proportion to tenants and tokens.
 * A wrong token costs the same as a right one: whatever was sent, one digest is computed and one compared in constant
 * time.
 */
#ifndef SP_IDENTITY_DIRECTORY_H
#define SP_IDENTITY_DIRECTORY_H

#include "base/err.h"
#include "base/slice.h"
#include "identity/token.h"

#define SP_TENANT_NAME_MAX   ((size_t)64)
#define SP_DIRECTORY_ROWS_MAX ((size_t)1 << 20) /* tenants, and tokens */
#define SP_POLICY_DIGEST_BYTES ((size_t)32)

/* Rates and counts of 0 mean no limit. */
struct sp_tenant {
    struct sp_slice name;
    struct sp_slice policy_name;
    uint8_t policy[SP_POLICY_DIGEST_BYTES];
    uint64_t policy_epoch;
    uint32_t requests_per_minute;
    uint32_t concurrent_runs;
    uint32_t sessions;
};

/* Who asks: the tenant, its place in the order of adding, and the id of the token. Lent by the directory. */
struct sp_principal {
    const struct sp_tenant *tenant;
    size_t tenant_index;
    struct sp_slice id;
};

struct sp_directory;
enum sp_err sp_directory_new(struct sp_directory **out) SP_MUST_CHECK SP_NONNULL(1);
void sp_directory_free(struct sp_directory *directory);

/* Copies a row. SP_ERR_DUPLICATE for a name that is there, SP_ERR_INVALID for an impossible one, SP_ERR_FULL. */
enum sp_err sp_directory_add_tenant(struct sp_directory *directory, const struct sp_tenant *tenant) SP_MUST_CHECK
    SP_NONNULL(1, 2);

/* SP_ERR_NOT_FOUND when there is no such tenant. `expires_us` is wall time, 0 is never. */
enum sp_err sp_directory_add_token(struct sp_directory *directory, struct sp_slice id, struct sp_slice tenant,
                                   const uint8_t digest[SP_TOKEN_DIGEST_BYTES], uint64_t expires_us) SP_MUST_CHECK
    SP_NONNULL(1, 4);

size_t sp_directory_tenants(const struct sp_directory *directory) SP_NONNULL(1);
const struct sp_tenant *sp_directory_tenant(const struct sp_directory *directory, size_t index) SP_NONNULL(1);

/*
 * Who a request comes from, by the values of `Authorization` and `x-ms-apikey` as they came (empty: not sent).
 * SP_ERR_TOKEN_MISSING, SP_ERR_TOKEN_UNKNOWN (also for two credentials at once), SP_ERR_TOKEN_EXPIRED.
 */
enum sp_err sp_directory_authenticate(const struct sp_directory *directory, struct sp_slice authorization,
                                      struct sp_slice api_key, uint64_t wall_us, struct sp_principal *out) SP_MUST_CHECK
    SP_NONNULL(1, 5);

#endif
