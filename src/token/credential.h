/*
 * credential - keeps a good bearer at hand: asks the identity provider ahead of time, one question at a time, and goes
 * on with the old bearer while that fails.
 *
 * Runs in: token.   Input: answers of the provider (hostile), refusals by relay.   Allocates: secrets, one request.
 * Pure: the process asks and tells the time. The secret that proves who we are never leaves this object but inside of
 * a request to the provider.
 */
#ifndef SP_TOKEN_CREDENTIAL_H
#define SP_TOKEN_CREDENTIAL_H

#include "base/secret.h"
#include "crypto/signer.h"
#include "token/bearer.h"
#include "token/provider.h"
#include "token/renew.h"

struct sp_credential_ops {
    struct sp_bearer_ops bearer;
    /* Send this request to the provider, and tell what became of it by answered or failed, later. Borrowed. */
    void (*ask)(void *ctx, struct sp_slice request);
    /* The proof of a source whose proof changes (a projected file), read anew; appended. */
    enum sp_err (*read_proof)(void *ctx, struct sp_buf *out);
    /* One line for the operator, without a secret. */
    void (*note)(void *ctx, bool is_good, const char *text);
    void *ctx;
};

struct sp_credential {
    struct sp_provider provider;
    struct sp_credential_ops ops;
    struct sp_bearer bearer;
    struct sp_renew renew;
    struct sp_secret proof; /* identity header or client secret */
    struct sp_signer *signer;
    bool has_proof;
    bool is_published; /* relay has the bearer of the moment, or knows that there is none */
};

struct sp_credential_now {
    uint64_t mono_ms;
    uint64_t wall_s;
    uint32_t jitter; /* any number, other for each gateway */
};

/* `provider` and what it points to are borrowed for the life. */
enum sp_err sp_credential_init(struct sp_credential *c, const struct sp_provider *provider,
                               const struct sp_credential_ops *ops)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);
void sp_credential_done(struct sp_credential *c) SP_NONNULL(1);

/* What proves who we are: identity header, client secret, or certificate and key. SP_ERR_CONFIG with a fixed text. */
enum sp_err sp_credential_prove(struct sp_credential *c, struct sp_slice proof,
                                const char **out_why) SP_MUST_CHECK SP_NONNULL(1, 3);

/* A wire to relay stands: it hears of the bearer of the moment. */
void sp_credential_wired(struct sp_credential *c) SP_NONNULL(1);

/* Asks when it is time and takes back a bearer that is over. Call again at sp_credential_next_ms at the latest. */
void sp_credential_turn(struct sp_credential *c, const struct sp_credential_now *now)
    SP_NONNULL(1, 2);
uint64_t sp_credential_next_ms(const struct sp_credential *c, uint64_t now_ms) SP_NONNULL(1);

/* What became of the question. */
void sp_credential_answered(struct sp_credential *c, unsigned status, uint64_t retry_after_ms,
                            struct sp_slice body, const struct sp_credential_now *now)
    SP_NONNULL(1, 5);
void sp_credential_failed(struct sp_credential *c, const char *why,
                          const struct sp_credential_now *now) SP_NONNULL(1, 2, 3);

/*
 * The pool refused the bearer of this digest: it is dropped, once in a while, and another one asked for. Either way relay
 * hears which bearer there is: when the question is answered, or at once when none is asked.
 */
void sp_credential_refused(struct sp_credential *c, const uint8_t digest[SP_SHA256_BYTES],
                           const struct sp_credential_now *now) SP_NONNULL(1, 2, 3);

#endif
