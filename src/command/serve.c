#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/num.h"
#include "base/own.h"
#include "base/secret.h"
#include "command/command.h"
#include "command/config_say.h"
#include "command/hint.h"
#include "config/config.h"
#include "os/memfd.h"
#include "os/root.h"
#include "process/supervisor.h"
#include "process/upstream.h"

/*
 * The upstream credential is moved out of the environment: into a sealed descriptor, and this program starts anew without
 * the variable, so that neither /proc/PID/environ nor a dump of memory has it. The new one finds the descriptor here.
 */
#define SECRET_ARGUMENT "--upstream-secret-fd="

static const char usage[] =
    "usage: sallyport serve [-c FILE] [--listen ADDR:PORT] [--state DIR]\n"
    "\n"
    "Runs the gateway until SIGTERM or SIGINT; a second signal ends it at once.\n"
    "SIGHUP reads tenants, organisations, policies and keys again: all of them, or\n"
    "none and it says why.\n"
    "\n"
    "  -c, --config FILE    configuration (TOML); without it all has its default\n"
    "  --listen ADDR:PORT   where to listen (default 127.0.0.1:8080)\n"
    "  --state DIR          what must last: the log, keys, the local token (default\n"
    "                       /var/lib/sallyport for root, else under XDG_STATE_HOME)\n";

struct arguments {
    const char *config;
    struct sp_config_overrides overrides;
    int secret_fd;
};

/* The value of `--name VALUE` or `--name=VALUE`; NULL when this argument is not that option. */
static const char *take_value(const char *name, int argc, char **argv, int *at)
{
    const struct sp_slice argument = sp_slice_of(argv[*at]);
    const size_t len = sp_slice_of(name).len;
    if (sp_slice_is(argument, name) && *at + 1 < argc) {
        *at += 1;
        return argv[*at];
    }
    if (sp_slice_starts(argument, name) && argument.len > len && argument.ptr[len] == '=') {
        return argv[*at] + len + 1;
    }
    return NULL;
}

static enum sp_err read_secret_fd(const char *argument, struct arguments *out)
{
    uint64_t number = 0;
    const size_t skip = sizeof(SECRET_ARGUMENT) - 1;
    SP_TRY(sp_parse_u64(sp_slice_of(argument + skip), INT32_MAX, &number));
    out->secret_fd = (int)number;
    return fcntl(out->secret_fd, F_SETFD, FD_CLOEXEC) == 0 ? SP_OK : SP_ERR_INVALID;
}

static enum sp_err read_arguments(int argc, char **argv, struct arguments *out)
{
    for (int i = 1; i < argc; i++) {
        const char *value = NULL;
        if ((value = take_value("-c", argc, argv, &i)) != NULL ||
            (value = take_value("--config", argc, argv, &i)) != NULL) {
            out->config = value;
        } else if ((value = take_value("--listen", argc, argv, &i)) != NULL) {
            out->overrides.listen = value;
        } else if ((value = take_value("--state", argc, argv, &i)) != NULL) {
            out->overrides.state = value;
        } else if (sp_slice_starts(sp_slice_of(argv[i]), SECRET_ARGUMENT)) {
            SP_TRY(read_secret_fd(argv[i], out));
        } else {
            (void)sp_hint("serve", usage, "cannot make sense of", argv[i]);
            return SP_ERR_INVALID;
        }
    }
    return SP_OK;
}

static enum sp_err seal_secret(const char *secret, int *out_fd)
{
    SP_AUTO_CLOSE int fd = -1;
    SP_TRY(sp_memfd_new("sallyport-secret", &fd));
    SP_TRY(sp_memfd_write(fd, sp_slice_of(secret)));
    SP_TRY(sp_memfd_seal(fd));
    /* It has to survive the exec; the new program sets the bit again at once. */
    if (fcntl(fd, F_SETFD, 0) != 0) {
        return SP_ERR_SYSTEM;
    }
    *out_fd = sp_take_fd(&fd);
    return SP_OK;
}

static int exec_again(int argc, char **argv, int fd)
{
    char secret[64];
    char **again = calloc((size_t)argc + 3, sizeof(*again));
    char name[] = "sallyport";
    if (again == NULL) {
        return SP_EXIT_DENIED;
    }
    (void)snprintf(secret, sizeof(secret), SECRET_ARGUMENT "%d", fd);
    again[0] = name;
    for (int i = 0; i < argc; i++) {
        again[i + 1] = argv[i];
    }
    again[argc + 1] = secret;
    (void)execv("/proc/self/exe", again);
    free(again);
    (void)fprintf(stderr,
                  "sallyport serve: cannot start anew without the secret in the environment\n");
    return SP_EXIT_DENIED;
}

/* Returns only when there is nothing to hide, or on failure: `*out_status` is below 0 when serving may go on. */
static void hide_secret(const struct sp_config *config, int argc, char **argv, int *out_status)
{
    int fd = -1;
    *out_status = -1;
    bool must = false;
    const char *variable = config->has_azure ? sp_upstream_secret_variable(config, &must) : NULL;
    char *secret = variable == NULL ? NULL : getenv(variable);
    if (must && variable != NULL && (secret == NULL || secret[0] == '\0')) {
        (void)fprintf(
            stderr,
            "sallyport serve: %s is not set; azure_code_interpreter takes its secret from there\n",
            variable);
        *out_status = SP_EXIT_USAGE;
        return;
    }
    if (secret == NULL) {
        return;
    }
    enum sp_err err = seal_secret(secret, &fd);
    sp_wipe(secret, sp_slice_of(secret).len);
    (void)unsetenv(variable);
    *out_status = err == SP_OK ? exec_again(argc, argv, fd) : SP_EXIT_DENIED;
}

/*
 * The embedded pool can make no session in a chroot. The program starts anew from the moved tree, so that its own path
 * (sallyport-session stands beside it) is one of that tree. Where this fails, relaying works all the same.
 */
static void leave_chroot(int argc, char **argv)
{
    char self[PATH_MAX];
    char name[] = "sallyport";
    bool is_moved = false;
    const ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (len <= 0 || (size_t)len >= sizeof(self) - 1 || sp_root_settle(&is_moved) != SP_OK ||
        !is_moved) {
        return;
    }
    self[len] = '\0';
    char **again = calloc((size_t)argc + 2, sizeof(*again));
    if (again == NULL) {
        return;
    }
    again[0] = name;
    for (int i = 0; i < argc; i++) {
        again[i + 1] = argv[i];
    }
    (void)execv(self, again);
    free(again);
    (void)fprintf(stderr, "sallyport serve: cannot start anew outside of the chroot\n");
}

/* What is missing is said before anything is started. */
static bool upstream_stands(const struct sp_config *config)
{
    SP_CLEANUP(sp_upstream_done) struct sp_upstream upstream;
    const char *why = "";
    if (sp_upstream_of(config, &upstream, &why) == SP_OK) {
        return true;
    }
    (void)fprintf(stderr, "sallyport serve: %s\n", why);
    return false;
}

static int serve(struct sp_config *config, const struct arguments *arguments)
{
    const struct sp_supervisor_options options = {.config = config,
                                                  .config_path = arguments->config,
                                                  .overrides = &arguments->overrides,
                                                  .secret_fd = arguments->secret_fd,
                                                  .version = SP_VERSION};
    return sp_supervisor_run(&options);
}

/* No dump of memory holds a secret: neither of this process, nor of a role that is not confined yet. */
static bool dump_nothing(void)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    if (setrlimit(RLIMIT_CORE, &none) == 0) {
        return true;
    }
    (void)fprintf(stderr, "sallyport serve: dumps of memory cannot be turned off\n");
    return false;
}

int sp_command_serve(int argc, char **argv)
{
    struct arguments arguments = {.config = NULL, .secret_fd = -1};
    struct sp_where where = {.line = 0};
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    int status = -1;
    if (argc > 1 &&
        (sp_slice_is(sp_slice_of(argv[1]), "--help") || sp_slice_is(sp_slice_of(argv[1]), "-h"))) {
        (void)fputs(usage, stdout);
        return SP_EXIT_DONE;
    }
    if (read_arguments(argc, argv, &arguments) != SP_OK) {
        return SP_EXIT_USAGE;
    }
    if (!dump_nothing()) {
        return SP_EXIT_DENIED;
    }
    leave_chroot(argc, argv);
    if (sp_config_load(arguments.config, &arguments.overrides, &config, &where) != SP_OK) {
        sp_config_complain(arguments.config, &where);
        return SP_EXIT_USAGE;
    }
    if (!sp_config_files_stand(arguments.config, config)) {
        return SP_EXIT_USAGE;
    }
    if (!upstream_stands(config)) {
        return SP_EXIT_USAGE;
    }
    if (arguments.secret_fd < 0) {
        hide_secret(config, argc, argv, &status);
        if (status >= 0) {
            return status;
        }
    }
    sp_config_warn(arguments.config, config);
    return serve(config, &arguments);
}
