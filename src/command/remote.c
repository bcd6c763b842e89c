#include "command/remote.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "codec/url.h"
#include "command/command.h"
#include "command/config_say.h"
#include "config/config.h"
#include "os/files.h"

#define DEFAULT_ENDPOINT "http://127.0.0.1:8080"
#define LOCAL_TOKEN      "local.token"
#define NEWEST_VERSION   "2025-10-02-preview"
#define TEXT_BYTES_MAX   ((size_t)8192)
#define TOKEN_BYTES_MAX  ((size_t)16 * 1024)

const char **sp_remote_option(struct sp_remote_options *options, const char *argument)
{
    const struct {
        const char *name;
        const char **slot;
    } known[] = {
        {"--endpoint", &options->endpoint}, {"--token-file", &options->token_file},
        {"--ca-file", &options->ca_file},   {"-c", &options->config},
        {"--config", &options->config},
    };
    for (size_t i = 0; i < SP_COUNT(known); i++) {
        if (strcmp(argument, known[i].name) == 0) {
            return known[i].slot;
        }
    }
    return NULL;
}

void sp_remote_init(struct sp_remote *remote)
{
    sp_buf_init(&remote->origin, TEXT_BYTES_MAX);
    sp_buf_init(&remote->path, TEXT_BYTES_MAX);
    sp_buf_init(&remote->token, TOKEN_BYTES_MAX);
    sp_buf_init(&remote->ca_file, SP_FILE_PATH_MAX);
    sp_buf_init(&remote->version, TEXT_BYTES_MAX);
    remote->is_pool = false;
}

void sp_remote_done(struct sp_remote *remote)
{
    sp_buf_done(&remote->origin);
    sp_buf_done(&remote->path);
    sp_buf_wipe(&remote->token);
    sp_buf_done(&remote->ca_file);
    sp_buf_done(&remote->version);
}

static int complain(const char *command, const char *what, const char *which)
{
    (void)fprintf(stderr, "sallyport %s: %s%s%s\nTry 'sallyport %s --help'.\n", command, what,
                  *which == '\0' ? "" : " ", which, command);
    return SP_EXIT_USAGE;
}

/* --- the endpoint --- */

static enum sp_err put_endpoint(const char *endpoint, struct sp_remote *out)
{
    struct sp_url url;
    struct sp_slice whole = sp_slice_of(endpoint);
    SP_TRY(sp_url_parse(whole, &url));
    if (url.has_query) {
        return SP_ERR_INVALID;
    }
    struct sp_slice path = url.path;
    SP_TRY(sp_buf_put(&out->origin, sp_slice_sub(whole, 0, whole.len - path.len)));
    while (path.len > 0 && path.ptr[path.len - 1] == '/') {
        path.len--;
    }
    return sp_buf_put(&out->path, path);
}

/* The gateway of a configuration, as a client on this machine reaches it. */
static enum sp_err put_listener(const struct sp_config *config, struct sp_remote *out)
{
    SP_TRY(
        sp_buf_put_text(&out->origin, config->tls_certificate[0] != '\0' ? "https://" : "http://"));
    return sp_buf_put_text(&out->origin, config->server_listen);
}

static int find_endpoint(const char *command, const struct sp_remote_options *options,
                         const struct sp_config *config, struct sp_remote *out)
{
    const char *endpoint =
        options->endpoint != NULL ? options->endpoint : getenv("SALLYPORT_ENDPOINT");
    enum sp_err err = SP_OK;
    if (endpoint == NULL && config != NULL && config->has_azure) {
        endpoint = config->pools[0].endpoint; /* of several, the first; --endpoint names another */
        out->is_pool = true;
        err = sp_buf_put_text(&out->version, config->azure_api_version);
    }
    if (endpoint == NULL && config != NULL) {
        return put_listener(config, out) == SP_OK
                   ? SP_EXIT_DONE
                   : complain(command, "the configuration's 'listen' is too long", "");
    }
    endpoint = endpoint != NULL ? endpoint : DEFAULT_ENDPOINT;
    if (err == SP_OK) {
        err = put_endpoint(endpoint, out);
    }
    return err == SP_OK ? SP_EXIT_DONE
                        : complain(command, "this is no URL of a gateway:", endpoint);
}

/* --- the token --- */

static void trim(struct sp_buf *token)
{
    while (token->len > 0 && token->ptr[token->len - 1] <= ' ') {
        token->len--;
    }
}

static int read_token_file(const char *command, const char *path, struct sp_buf *out)
{
    if (sp_file_read(path, out) != SP_OK) {
        (void)fprintf(
            stderr,
            "sallyport %s: cannot read the token in %s: %s\n"
            "Start a gateway with 'sallyport serve', or give --token-file or SALLYPORT_TOKEN.\n",
            command, path, strerror(errno));
        return SP_EXIT_USAGE;
    }
    trim(out);
    return SP_EXIT_DONE;
}

/* STATE/local.token, where a gateway leaves its first tenant's. */
static int read_local_token(const char *command, const struct sp_config *given, struct sp_buf *out)
{
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    SP_AUTO_BUF struct sp_buf path;
    sp_buf_init(&path, SP_FILE_PATH_MAX);
    enum sp_err err = given != NULL ? SP_OK : sp_config_load(NULL, NULL, &config, NULL);
    if (err == SP_OK) {
        err = sp_buf_putf(&path, "%s/" LOCAL_TOKEN,
                          given != NULL ? given->state_dir : config->state_dir);
    }
    if (err == SP_OK) {
        err = sp_buf_put_byte(&path, '\0');
    }
    if (err != SP_OK) {
        return complain(command, "there is no default state directory; give --token-file", "");
    }
    return read_token_file(command, (const char *)path.ptr, out);
}

static int find_token(const char *command, const struct sp_remote_options *options,
                      const struct sp_config *config, struct sp_remote *out)
{
    const char *variable = out->is_pool ? config->azure_token_env_var : "SALLYPORT_TOKEN";
    const char *given = getenv(variable);
    if (options->token_file != NULL) {
        return read_token_file(command, options->token_file, &out->token);
    }
    if (given != NULL) {
        enum sp_err err = sp_buf_put_text(&out->token, given);
        trim(&out->token);
        return err == SP_OK ? SP_EXIT_DONE
                            : complain(command, "the token is too long in", variable);
    }
    if (out->is_pool) {
        return complain(command, "the pool's token is expected in the environment variable",
                        variable);
    }
    return read_local_token(command, config, &out->token);
}

/* --- all of it --- */

static enum sp_err put_ca_file(const struct sp_remote_options *options,
                               const struct sp_config *config, struct sp_remote *out)
{
    const char *path = options->ca_file;
    if (path == NULL && out->is_pool && config->azure_ca_file[0] != '\0') {
        path = config->azure_ca_file;
    }
    if (path == NULL) {
        return SP_OK;
    }
    SP_TRY(sp_buf_put_text(&out->ca_file, path));
    return sp_buf_put_byte(&out->ca_file, '\0');
}

int sp_remote_open(const char *command, const struct sp_remote_options *options,
                   struct sp_remote *out)
{
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    struct sp_where where = {.line = 0};
    if (options->config != NULL &&
        sp_config_load(options->config, NULL, &config, &where) != SP_OK) {
        sp_config_complain(options->config, &where);
        return SP_EXIT_USAGE;
    }
    int status = find_endpoint(command, options, config, out);
    if (status == SP_EXIT_DONE) {
        status = find_token(command, options, config, out);
    }
    if (status == SP_EXIT_DONE && put_ca_file(options, config, out) != SP_OK) {
        return complain(command, "the path of the authorities is too long", "");
    }
    return status;
}

enum sp_err sp_remote_upstream(const struct sp_remote *remote, struct sp_upstream *out)
{
    return sp_upstream_init(out, sp_buf_slice(&remote->path), sp_buf_slice(&remote->version),
                            !remote->is_pool);
}

enum sp_err sp_remote_url(const struct sp_remote *remote, const char *tail, struct sp_slice session,
                          struct sp_buf *out)
{
    SP_TRY(sp_buf_put(out, sp_buf_slice(&remote->origin)));
    SP_TRY(sp_buf_put(out, sp_buf_slice(&remote->path)));
    SP_TRY(sp_buf_put_text(out, tail));
    SP_TRY(sp_buf_put_text(out, "?api-version=" NEWEST_VERSION "&identifier="));
    return sp_url_encode(session, out);
}

const char *sp_remote_ca_file(const struct sp_remote *remote)
{
    return remote->ca_file.len == 0 ? NULL : (const char *)remote->ca_file.ptr;
}
