/*
 * provider - what to ask an identity provider, and what its answer means. No connection is made here.
 *
 * Runs in: token.   Input: settings (trusted), answers (hostile).   Allocates: through the caller's buffers.
 * Sources: managed identities of Container Apps and App Service (IDENTITY_ENDPOINT) and of virtual machines (IMDS);
 * the client credentials grant of Entra (RFC 6749, section 4.4) with a secret, with an assertion signed by a
 * certificate (RFC 7523), or with the token of a projected file (workload identity).
 */
#ifndef SP_TOKEN_PROVIDER_H
#define SP_TOKEN_PROVIDER_H

#include "base/buf.h"
#include "codec/url.h"

/* In the order of the words of `credential` in the configuration. */
enum sp_provider_source {
    SP_PROVIDER_ENVIRONMENT, /* given at start, never asked for */
    SP_PROVIDER_MANAGED_IDENTITY,
    SP_PROVIDER_WORKLOAD_IDENTITY,
    SP_PROVIDER_CLIENT_SECRET,
    SP_PROVIDER_CLIENT_CERTIFICATE,
    SP_PROVIDER_AZURE_CLI,
    SP_PROVIDER_COUNT
};

#define SP_PROVIDER_REQUEST_BYTES_MAX ((size_t)64 * 1024)
#define SP_PROVIDER_ANSWER_BYTES_MAX  ((size_t)256 * 1024)
/* No token lives longer, whatever an answer says. */
#define SP_PROVIDER_LIFE_S_MAX        ((uint64_t)7 * 24 * 3600)

/* Everything is borrowed. Empty: not configured. */
struct sp_provider {
    enum sp_provider_source source;
    struct sp_slice endpoint; /* of the provider: an absolute URL */
    bool is_imds;             /* a metadata service: another version and header */
    struct sp_slice audience; /* without a slash at its end */
    struct sp_slice tenant_id;
    struct sp_slice client_id; /* of a managed identity: which of several */
};

/*
 * Appends the request, head and body. `proof` is the secret of the source: the identity header, the client's secret or
 * the assertion. SP_ERR_INVALID when it cannot stand where it belongs; SP_ERR_TOO_BIG.
 */
enum sp_err sp_provider_request(const struct sp_provider *provider, struct sp_slice proof,
                                struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 3);

/* The URL that tokens are asked from: the endpoint, or the token endpoint of the tenant beneath it. Appended. */
enum sp_err sp_provider_url(const struct sp_provider *provider, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

struct sp_provider_token {
    struct sp_slice value; /* lent by the buffer that was given */
    uint64_t lives_s;
    uint64_t refresh_s; /* 0: not said */
};

/*
 * Reads a good answer (status 200). The token is appended to `out_value`. SP_ERR_JSON, SP_ERR_INVALID for another
 * shape or a token that could not stand in a header, SP_ERR_RANGE for one that has expired.
 */
enum sp_err sp_provider_answer(struct sp_slice body, uint64_t wall_s, struct sp_buf *out_value,
                               struct sp_provider_token *out) SP_MUST_CHECK SP_NONNULL(3, 4);

/* Appends what an error answer says that is fit for a log: `error` and the numbers of `error_codes`, no description. */
enum sp_err sp_provider_error(struct sp_slice body, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2);

/* Points in time as providers write them: seconds, RFC 3339, or "06/20/2019 02:57:58 +00:00". */
enum sp_err sp_provider_time(struct sp_slice text, uint64_t *out_wall_s)
    SP_MUST_CHECK SP_NONNULL(2);

/* What may stand in a bearer header (RFC 6750, section 2.1). */
bool sp_provider_is_token(struct sp_slice text);

#endif
