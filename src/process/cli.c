/*
 * cli - the process that asks the Azure CLI for a token of the session pool; started for `credential = "azure-cli"` only.
 *
 * Hears: token (CLI_ASK).   Reads hostile: what the program prints.   Files: whatever the program needs, by its own user.
 * token can execute nothing and this process holds nothing: the program runs beneath the walls of this process, which are
 * as tight as a Python program that goes to the network allows. Taken over, the program can spend the session of whoever
 * logged in, with or without us.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "os/spawn.h"
#include "process/role.h"
#include "process/settings.h"

#define ANSWER_BYTES_MAX SP_MSG_FIELD_MAX
#define TIMEOUT_MS       20000U /* a cold start of the program takes seconds */
#define REAP_MS          20U
#define TEXT_BYTES_MAX   ((size_t)16 * 1024)
#define ARGUMENTS_MAX    10U

struct cli_state {
    struct sp_self *self;
    struct sp_buf program; /* these end with NUL */
    struct sp_buf home;
    struct sp_buf path;
    struct sp_buf config_dir;
    struct sp_buf audience;
    struct sp_buf tenant_id;
    uint32_t number; /* of the question that is answered by the next end */
    pid_t pid;       /* -1: the program is not running */
    int output;      /* the end of its output that we read; -1: it was read to its end */
    const char *why; /* it is given up, and why; NULL: not yet */
    int session;     /* the directory that the program may write to: what Landlock is told of */
    struct sp_buf answer;
    struct sp_watch *watch;
    struct sp_timer *timeout;
    struct sp_timer *reap;
};

/* --- telling --- */

static void tell(struct cli_state *state, enum sp_err err, const char *detail)
{
    struct sp_channel *token = sp_self_wire(state->self, SP_ROLE_TOKEN, 0);
    const struct sp_msg_cli_told msg = {
        .number = state->number,
        .err = err,
        .detail = sp_slice_of(detail),
        .answer = err == SP_OK ? sp_buf_slice(&state->answer) : sp_slice_make(NULL, 0),
    };
    if (token != NULL && sp_msg_cli_told_send(token, &msg) != SP_OK) {
        sp_log(SP_LOG_ERROR, "cli.untold", "error=%s", sp_err_name(err));
    }
    sp_buf_wipe(&state->answer);
    sp_buf_init(&state->answer, ANSWER_BYTES_MAX);
}

static void close_output(struct cli_state *state)
{
    sp_watch_free(state->watch);
    state->watch = NULL;
    sp_close(sp_take_fd(&state->output));
}

/* All that it started goes with it: the program has a session of its own. */
static void give_up(struct cli_state *state, const char *why)
{
    state->why = state->why == NULL ? why : state->why;
    close_output(state);
    (void)kill(-state->pid, SIGKILL);
    if (sp_timer_set(state->reap, REAP_MS) != SP_OK) {
        sp_self_finish(state->self, SP_ERR_NOMEM);
    }
}

static void finish(struct cli_state *state, int status)
{
    const bool is_good = state->why == NULL && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    const char *why = state->why;
    if (why == NULL && WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        why = "the Azure CLI cannot be executed";
    } else if (why == NULL && !is_good) {
        why =
            "the Azure CLI failed: run 'az login', or see what 'az account get-access-token' says";
    }
    (void)kill(-state->pid, SIGKILL); /* what it left behind */
    state->pid = -1;
    state->why = NULL;
    sp_timer_stop(state->timeout);
    tell(state, is_good ? SP_OK : SP_ERR_UNAVAILABLE, is_good ? "" : why);
}

static void on_reap(void *ctx)
{
    struct cli_state *state = ctx;
    int status = 0;
    const pid_t ended = waitpid(state->pid, &status, WNOHANG);
    if (ended == 0) {
        if (sp_timer_set(state->reap, REAP_MS) != SP_OK) {
            sp_self_finish(state->self, SP_ERR_NOMEM);
        }
        return;
    }
    finish(state, ended == state->pid ? status : -1);
}

static void on_timeout(void *ctx)
{
    give_up(ctx, "the Azure CLI did not answer in time");
}

static void on_output(void *ctx, int fd, unsigned what)
{
    struct cli_state *state = ctx;
    uint8_t *room = NULL;
    (void)what;
    if (sp_buf_reserve(&state->answer, 1, &room) != SP_OK) {
        give_up(state, "the Azure CLI says too much");
        return;
    }
    const size_t left = state->answer.max - state->answer.len;
    const size_t free_room = state->answer.room - state->answer.len - 1;
    const ssize_t got = read(fd, room, free_room < left ? free_room : left);
    if (got > 0) {
        sp_buf_commit(&state->answer, (size_t)got);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_output(state);
        if (sp_timer_set(state->reap, 0) != SP_OK) {
            sp_self_finish(state->self, SP_ERR_NOMEM);
        }
    }
}

/* --- starting --- */

static const char *text_of(const struct sp_buf *text)
{
    return (const char *)text->ptr;
}

static enum sp_err start_program(struct cli_state *state, int output)
{
    const char *argv[ARGUMENTS_MAX] = {
        text_of(&state->program), "account", "get-access-token", "--output", "json", "--resource",
        text_of(&state->audience)};
    if (state->tenant_id.len > 1) {
        argv[7] = "--tenant";
        argv[8] = text_of(&state->tenant_id);
    }
    const char *const environment[] = {text_of(&state->home), text_of(&state->path),
                                       text_of(&state->config_dir), "TZ=UTC", NULL};
    const struct sp_spawn how = {.program = text_of(&state->program),
                                 .argv = argv,
                                 .environment = environment,
                                 .control_fd = -1,
                                 .output_fd = output,
                                 .directory_fd = -1,
                                 .error_fd =
                                     SP_SPAWN_NO_ERRORS}; /* its words are not ours to vouch for */
    return sp_spawn_program(&how, &state->pid);
}

static enum sp_err begin(struct cli_state *state)
{
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return SP_ERR_SYSTEM;
    }
    state->output = ends[0];
    SP_AUTO_CLOSE int theirs = ends[1];
    if (fcntl(theirs, F_SETFL, 0) != 0) {
        return SP_ERR_SYSTEM;
    }
    SP_TRY(sp_watch_new(sp_self_loop(state->self), state->output, SP_WATCH_READ, on_output, state,
                        &state->watch));
    SP_TRY(start_program(state, theirs));
    return sp_timer_set(state->timeout, TIMEOUT_MS);
}

/* If token is hostile: the program is started, one at a time, with arguments that it does not choose. */
static enum sp_err on_ask(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct cli_state *state = ctx;
    struct sp_msg_cli_ask msg;
    (void)from;
    SP_TRY(sp_msg_cli_ask_read(message, &msg));
    state->number = msg.number;
    if (state->pid >= 0) {
        return SP_OK; /* the end of the one that runs is the answer */
    }
    if (begin(state) != SP_OK) {
        close_output(state);
        if (state->pid >= 0) {
            give_up(state, "the Azure CLI cannot be started");
        } else {
            tell(state, SP_ERR_SYSTEM, "the Azure CLI cannot be started");
        }
    }
    return SP_OK;
}

/* --- life --- */

static enum sp_err keep(struct sp_buf *out, const char *name, struct sp_slice value)
{
    sp_buf_init(out, TEXT_BYTES_MAX);
    SP_TRY(sp_buf_put_text(out, name));
    SP_TRY(sp_buf_put(out, value));
    return sp_buf_put_byte(out, '\0');
}

static enum sp_err cli_init(struct sp_self *self, void **out_state)
{
    struct sp_settings_cli settings;
    struct cli_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SP_ERR_NOMEM;
    }
    *out_state = state;
    state->self = self;
    state->pid = -1;
    state->output = -1;
    state->session = sp_self_take_gift(self, SP_GIFT_STATE, 0);
    sp_buf_init(&state->answer, ANSWER_BYTES_MAX);
    SP_TRY(sp_settings_cli_read(sp_self_settings(self), &settings));
    SP_TRY(keep(&state->program, "", settings.program));
    SP_TRY(keep(&state->home, "HOME=", settings.home));
    SP_TRY(keep(&state->path, "PATH=", settings.path));
    SP_TRY(keep(&state->config_dir, "AZURE_CONFIG_DIR=", settings.config_dir));
    SP_TRY(keep(&state->audience, "", settings.audience));
    SP_TRY(keep(&state->tenant_id, "", settings.tenant_id));
    SP_TRY(sp_timer_new(sp_self_loop(self), on_timeout, state, &state->timeout));
    return sp_timer_new(sp_self_loop(self), on_reap, state, &state->reap);
}

static void cli_stop(void *ctx, unsigned grace_ms)
{
    struct cli_state *state = ctx;
    (void)grace_ms;
    if (state->pid >= 0) {
        (void)kill(-state->pid, SIGKILL);
    }
    sp_self_finish(state->self, SP_OK);
}

static const struct sp_handler cli_handlers[] = {
    {SP_ROLE_TOKEN, SP_MSG_CLI_ASK, on_ask},
};

const struct sp_role_spec sp_cli_role = {
    .role = SP_ROLE_CLI,
    .init = cli_init,
    .stop = cli_stop,
    .handlers = cli_handlers,
    .handler_count = SP_COUNT(cli_handlers),
};
