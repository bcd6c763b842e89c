/*
 * bearer - the bearer for the pool: where it comes from, who gets it, what happens when it is refused.
 *
 * Runs in: token.   Input: the credential (trusted), refusals by relay (which may be taken over).   Allocates: the secret.
 * Pure: no descriptor, no clock. Sources that ask an identity provider get their own state beside the fixed one; to the
 * process they look the same: they publish a bearer, and hear that one was refused.
 */
#ifndef SP_TOKEN_BEARER_H
#define SP_TOKEN_BEARER_H

#include "base/secret.h"
#include "crypto/hash.h"

/* Where the bearer comes from, in the order of the words of `credential` in the configuration. */
enum sp_bearer_source {
    SP_BEARER_SOURCE_ENVIRONMENT, /* given at start, never renewed */
    SP_BEARER_SOURCE_COUNT
};

/* The longest bearer; Entra's are one to several KiB. */
#define SP_BEARER_BYTES_MAX ((size_t)16 * 1024)

/* What the process does for the room. */
struct sp_bearer_ops {
    /* Tell relay: this bearer, or why there is none (then it is empty). Expiry on the wall clock, 0: not known. */
    void (*publish)(void *ctx, enum sp_err err, struct sp_slice bearer, uint64_t expires_us);
    /* Tell the operator, once each: the pool refuses the bearer of this short fingerprint. */
    void (*refused)(void *ctx, const char *fingerprint);
    void *ctx;
};

struct sp_bearer {
    enum sp_bearer_source source;
    struct sp_bearer_ops ops;
    struct sp_secret bearer;
    uint8_t digest[SP_SHA256_BYTES]; /* of the bearer */
    uint64_t expires_us;             /* on the wall clock; 0: not known */
    bool has_bearer;
    bool was_refused; /* told already */
};

/* SP_ERR_INVALID for a source that does not exist. */
enum sp_err sp_bearer_init(struct sp_bearer *token, unsigned source,
                           const struct sp_bearer_ops *ops) SP_MUST_CHECK SP_NONNULL(1, 3);
void sp_bearer_done(struct sp_bearer *token) SP_NONNULL(1);

/* The fixed credential; blanks and line ends around it are dropped. SP_ERR_INVALID unless the rest is a token68. */
enum sp_err sp_bearer_set(struct sp_bearer *token, struct sp_slice credential)
    SP_MUST_CHECK SP_NONNULL(1);

/* There is none any more; the next wire, or sp_bearer_wired, tells relay so. */
void sp_bearer_forget(struct sp_bearer *token) SP_NONNULL(1);

/* A wire to relay stands. */
void sp_bearer_wired(struct sp_bearer *token) SP_NONNULL(1);

/* relay says: the pool answered 401 to the bearer of this digest. Whether it is the one of now. */
bool sp_bearer_refused(struct sp_bearer *token, const uint8_t digest[SP_SHA256_BYTES])
    SP_NONNULL(1, 2);

#endif
