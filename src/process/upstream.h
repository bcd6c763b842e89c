/*
 * upstream - where the bearer for the pool comes from: the configuration, and the variables that Azure's own clients read.
 *
 * Runs in: supervisor, `serve` before it.   Input: trusted.   Allocates: through its buffers.
 * Secrets are not among this: those of the environment move into a sealed descriptor before the supervisor starts.
 */
#ifndef SP_PROCESS_UPSTREAM_H
#define SP_PROCESS_UPSTREAM_H

#include "base/buf.h"
#include "codec/url.h"
#include "config/config.h"

#define SP_UPSTREAM_TEXT_MAX ((size_t)4096)

struct sp_upstream {
    struct sp_buf endpoint; /* of the identity provider; empty: the bearer itself is given */
    bool is_imds;
    const char *audience;
    const char *tenant_id;
    const char *client_id;
    const char *certificate;   /* path of certificate and key; NULL */
    const char *token_file;    /* path of the projected token; NULL */
    struct sp_buf cli_program; /* path of the Azure CLI, with a NUL; empty: another source */
    struct sp_buf cli_config;  /* its directory, with a NUL */
};

/* SP_ERR_CONFIG: `*out_why` says which key or variable is missing or wrong. Free with sp_upstream_done in any case. */
enum sp_err sp_upstream_of(const struct sp_config *config, struct sp_upstream *out,
                           const char **out_why) SP_MUST_CHECK SP_NONNULL(1, 2, 3);
void sp_upstream_done(struct sp_upstream *upstream) SP_NONNULL(1);

/* The variable that holds the secret, NULL when there is none; whether it must be set. */
const char *sp_upstream_secret_variable(const struct sp_config *config, bool *out_must)
    SP_NONNULL(1, 2);

#endif
