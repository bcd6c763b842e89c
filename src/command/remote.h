/*
 * remote - which gateway a client command talks to, and with which token.
 *
 * Runs in: client commands.   Input: the command line, the environment, a configuration.   Allocates: through buffers.
 * In order: the option, the variable, `[azure_code_interpreter]` of the given configuration (then it is the pool itself
 * that is talked to), the gateway of that configuration on this machine, the gateway that `./dev run` starts.
 */
#ifndef SP_COMMAND_REMOTE_H
#define SP_COMMAND_REMOTE_H

#include "api/upstream.h"
#include "base/buf.h"

struct sp_remote_options {
    const char *config;
    const char *endpoint;
    const char *token_file;
    const char *ca_file;
};

/* The lines of --help for these options. */
#define SP_REMOTE_HELP                                                                             \
    "      --endpoint URL      the gateway; also SALLYPORT_ENDPOINT\n"                             \
    "                          (default http://127.0.0.1:8080)\n"                                  \
    "      --token-file FILE   holds the token; SALLYPORT_TOKEN holds one itself\n"                \
    "                          (default: local.token in this user's state)\n"                      \
    "      --ca-file FILE      certificates to believe instead of the system's\n"                  \
    "  -c, --config FILE       takes all this from a configuration: its pool, if\n"                \
    "                          it has [azure_code_interpreter], else its gateway\n"

struct sp_remote {
    struct sp_buf origin; /* scheme://host:port */
    struct sp_buf path;   /* of the endpoint */
    struct sp_buf token;
    struct sp_buf ca_file; /* ends with NUL; empty: the system's */
    struct sp_buf version; /* api-version; empty: the newest */
    bool is_pool;          /* a session pool itself, not a gateway */
};

/* Where the value of this argument belongs, NULL when it is none of these options. */
const char **sp_remote_option(struct sp_remote_options *options, const char *argument)
    SP_NONNULL(1, 2);

/* Finds all of it out; an exit status, with the reason on standard error. `command` is the command's name. */
int sp_remote_open(const char *command, const struct sp_remote_options *options,
                   struct sp_remote *out) SP_NONNULL(1, 2, 3);
void sp_remote_init(struct sp_remote *remote) SP_NONNULL(1);
void sp_remote_done(struct sp_remote *remote) SP_NONNULL(1);
#define SP_AUTO_REMOTE SP_CLEANUP(sp_remote_done)

/* How to speak to it; borrows from `remote`. */
enum sp_err sp_remote_upstream(const struct sp_remote *remote, struct sp_upstream *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Appends origin, path, `tail` ("/files") and the query of api-version and identifier. */
enum sp_err sp_remote_url(const struct sp_remote *remote, const char *tail, struct sp_slice session,
                          struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 2, 4);

/* NULL or the path of the authorities. */
const char *sp_remote_ca_file(const struct sp_remote *remote) SP_NONNULL(1);

#endif
