/*
 * jwks - the keys of an issuer, asked for over the network, kept while that fails, and asked for again.
 *
 * Runs in: token.   Input: hostile (the document).   Allocates: the latest good document.
 * Pure: the process asks and tells the time. A document is handed on as it came; admit alone reads it, and refuses one
 * without a usable key.
 */
#ifndef SP_TOKEN_JWKS_H
#define SP_TOKEN_JWKS_H

#include "base/buf.h"
#include "token/renew.h"

#define SP_JWKS_BYTES_MAX ((size_t)256 * 1024)
/* How often keys are asked for: those who rotate them announce new ones long before they sign with them. */
#define SP_JWKS_LIFE_MS   ((uint64_t)15 * 60 * 1000)

/* When somebody comes with a key that is not among them they are asked for at once, but so often at most. */
#define SP_JWKS_WANTED_MS ((uint64_t)60 * 1000)

struct sp_jwks_source {
    struct sp_renew renew;
    uint64_t wanted_ms;     /* the time of the latest early question */
    bool was_wanted;        /* there was one */
    struct sp_buf document; /* empty: none came yet */
};

void sp_jwks_init(struct sp_jwks_source *source) SP_NONNULL(1);
void sp_jwks_source_done(struct sp_jwks_source *source) SP_NONNULL(1);

/* Appends the request for a URL. SP_ERR_INVALID for one that cannot be asked. */
enum sp_err sp_jwks_request(struct sp_slice text, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2);

/* A key is wanted that is not among them: they are due sooner, unless asking fails just now. */
void sp_jwks_wanted(struct sp_jwks_source *source, uint64_t now_ms) SP_NONNULL(1);

/* An answer, status 200 or not. True when there is a document that nobody was told of yet. */
bool sp_jwks_answered(struct sp_jwks_source *source, unsigned status, uint64_t retry_after_ms,
                      struct sp_slice body, uint64_t now_ms, uint32_t jitter) SP_NONNULL(1);

#endif
