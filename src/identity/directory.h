/*
 * directory - the tenants and the digests of their tokens, and whose a token is.
 *
 * Runs in: admit.   Input: hostile (tokens).   Allocates: in proportion to tenants and tokens.
 * A wrong token costs the same as a right one: whatever was sent, one digest is computed and one compared in constant
 * time.
 */
#ifndef SP_IDENTITY_DIRECTORY_H
#define SP_IDENTITY_DIRECTORY_H

#include "base/err.h"
#include "base/slice.h"
#include "identity/token.h"
#include "identity/veil.h"

#define SP_TENANT_NAME_MAX     ((size_t)64)
#define SP_DIRECTORY_ROWS_MAX  ((size_t)1 << 20) /* tenants, and tokens */
#define SP_POLICY_DIGEST_BYTES ((size_t)32)

struct sp_tenant {
    struct sp_slice name;
    struct sp_slice policy_name;
    uint8_t policy[SP_POLICY_DIGEST_BYTES];
    uint64_t policy_epoch;
    bool is_denial_result;  /* a denied run is answered as a result */
    bool needs_certificate; /* and a token: neither alone is enough */
    uint8_t identity_key
        [SP_VEIL_KEY_BYTES]; /* hides its names in the log; zeros where they are not hidden */
};

/* Who asks: the tenant, its place in the order of adding, a name for the log, and what it may do (api/scope.h). Lent. */
struct sp_principal {
    const struct sp_tenant *tenant;
    size_t tenant_index;
    struct sp_slice id;
    unsigned scopes;
};

/* A token as the store has it. Times are wall times; `expires_us` of 0 is never. */
struct sp_token_row {
    struct sp_slice id;
    struct sp_slice tenant;
    uint8_t digest[SP_TOKEN_DIGEST_BYTES];
    unsigned scopes;
    uint64_t expires_us;
    bool is_revoked;
};

#define SP_DIRECTORY_NO_TOKEN UINT32_MAX

struct sp_directory;
enum sp_err sp_directory_new(struct sp_directory **out) SP_MUST_CHECK SP_NONNULL(1);
void sp_directory_free(struct sp_directory *directory);

/* Copies a row. SP_ERR_DUPLICATE for a name that is there, SP_ERR_INVALID for an impossible one, SP_ERR_FULL. */
enum sp_err sp_directory_add_tenant(struct sp_directory *directory, const struct sp_tenant *tenant)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* A token that may do everything. SP_ERR_NOT_FOUND when there is no such tenant, SP_ERR_DUPLICATE for a known id. */
enum sp_err sp_directory_add_token(struct sp_directory *directory, struct sp_slice id,
                                   struct sp_slice tenant,
                                   const uint8_t digest[SP_TOKEN_DIGEST_BYTES], uint64_t expires_us)
    SP_MUST_CHECK SP_NONNULL(1, 4);

/* Adds a token, or puts another in the place of the one with this id: what was revoked stays, and opens nothing. */
enum sp_err sp_directory_put_token(struct sp_directory *d, const struct sp_token_row *from)
    SP_MUST_CHECK SP_NONNULL(1, 2);

size_t sp_directory_tenants(const struct sp_directory *directory) SP_NONNULL(1);
const struct sp_tenant *sp_directory_tenant(const struct sp_directory *directory, size_t index)
    SP_NONNULL(1);

/* The place of a tenant by its name; SP_ERR_NOT_FOUND. */
enum sp_err sp_directory_find(const struct sp_directory *directory, struct sp_slice name,
                              size_t *out) SP_MUST_CHECK SP_NONNULL(1, 3);

/* Whether this is a token, by its check, of an id that is not here: it may have been issued this moment. */
bool sp_directory_is_news(const struct sp_directory *directory, struct sp_slice token)
    SP_MUST_CHECK SP_NONNULL(1);

/* Whose token this is. SP_ERR_TOKEN_UNKNOWN, also for one that was revoked; SP_ERR_TOKEN_EXPIRED. */
enum sp_err sp_directory_authenticate(struct sp_directory *directory, struct sp_slice token,
                                      uint64_t wall_us, struct sp_principal *out)
    SP_MUST_CHECK SP_NONNULL(1, 4);

/* When a token was last used, 0 for never; and who remembers that, where (identity/used.h). */
struct sp_token_use {
    struct sp_slice id;
    uint64_t used_us;
    uint32_t line;     /* in the file, SP_DIRECTORY_NO_TOKEN when it has none yet */
    bool is_unwritten; /* used since it was written down */
};
size_t sp_directory_tokens(const struct sp_directory *directory) SP_NONNULL(1);
struct sp_token_use *sp_directory_token_use(struct sp_directory *directory, size_t index)
    SP_NONNULL(1);
struct sp_token_use *sp_directory_token_use_of(struct sp_directory *directory, struct sp_slice id)
    SP_NONNULL(1);

#endif
