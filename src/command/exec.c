/* sallyport exec: runs a file in a session, or asks at a prompt, through the gateway. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/request.h"
#include "base/num.h"
#include "base/own.h"
#include "codec/hex.h"
#include "command/command.h"
#include "command/exec_run.h"
#include "command/hint.h"
#include "command/prompt.h"
#include "crypto/random.h"
#include "os/files.h"

#define READ_BYTES    ((size_t)64 * 1024)
#define SESSION_BYTES ((size_t)16)

static const char help[] =
    "usage: sallyport exec [--session ID] [--timeout SECONDS] [FILE|-]\n"
    "\n"
    "Runs Python in a session, through the gateway: its output comes to standard\n"
    "output and error, the value of its last expression is printed, and its pictures\n"
    "are saved as figure-1.png and so on (never over a file). On a terminal and\n"
    "without a file it asks for Python line by line, with a history.\n"
    "\n"
    "  -s, --session ID        the session, 4 to 128 characters; it keeps its state\n"
    "                          (default: a new one, which ends with the command)\n"
    "  -t, --timeout SECONDS   the longest a run may take, 1 to 220 (default 60)\n" SP_REMOTE_HELP
    "  -h, --help              this text\n"
    "\n"
    "Exit status: 0 the run succeeded, 1 it failed or was denied, 2 the command line\n"
    "or the token is wrong, 3 the gateway cannot be reached.\n";

struct options {
    struct sp_remote_options remote;
    const char *session;
    const char *timeout;
    const char *file;
    bool wants_help;
};

static int usage(const char *what, const char *detail)
{
    (void)fprintf(stderr, "sallyport exec: %s%s%s\nTry 'sallyport exec --help'.\n", what,
                  *detail == '\0' ? "" : " ", detail);
    return SP_EXIT_USAGE;
}

static const char **option_of(struct options *options, const char *argument)
{
    if (strcmp(argument, "-s") == 0 || strcmp(argument, "--session") == 0) {
        return &options->session;
    }
    if (strcmp(argument, "-t") == 0 || strcmp(argument, "--timeout") == 0) {
        return &options->timeout;
    }
    return sp_remote_option(&options->remote, argument);
}

static int parse(int argc, char **argv, struct options *out)
{
    for (int i = 1; i < argc; i++) {
        const char **slot = option_of(out, argv[i]);
        if (slot != NULL) {
            if (i + 1 == argc) {
                return usage("a value must follow", argv[i]);
            }
            *slot = argv[++i];
        } else if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
            out->wants_help = true;
        } else if ((argv[i][0] == '-' && argv[i][1] != '\0') || out->file != NULL) {
            return sp_hint("exec", help, "cannot make sense of", argv[i]);
        } else {
            out->file = argv[i];
        }
    }
    return SP_EXIT_DONE;
}

static enum sp_err read_stdin(struct sp_buf *out)
{
    for (;;) {
        uint8_t *to = NULL;
        size_t room = sp_size_min(READ_BYTES, out->max - out->len);
        if (room == 0) {
            return SP_ERR_TOO_BIG;
        }
        SP_TRY(sp_buf_reserve(out, room, &to));
        ssize_t got = read(STDIN_FILENO, to, room);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got == 0 ? SP_OK : SP_ERR_SYSTEM;
        }
        sp_buf_commit(out, (size_t)got);
    }
}

static bool is_stdin(const struct options *options)
{
    return strcmp(options->file, "-") == 0;
}

static int read_code(const char *file, struct sp_buf *out)
{
    const bool is_piped = strcmp(file, "-") == 0;
    enum sp_err err = is_piped ? read_stdin(out) : sp_file_read(file, out);
    if (err == SP_OK) {
        return SP_EXIT_DONE;
    }
    (void)fprintf(stderr, "sallyport exec: cannot read %s: %s\n", is_piped ? "<stdin>" : file,
                  err == SP_ERR_SYSTEM || err == SP_ERR_NOT_FOUND ? strerror(errno)
                                                                  : sp_err_text(err));
    return SP_EXIT_USAGE;
}

static enum sp_err put_session(const char *given, struct sp_buf *out)
{
    uint8_t random[SESSION_BYTES];
    if (given != NULL) {
        SP_TRY(sp_identifier_check(sp_slice_of(given)));
        return sp_buf_put_text(out, given);
    }
    SP_TRY(sp_random_fill(random, sizeof(random)));
    SP_TRY(sp_buf_put_text(out, "exec-"));
    return sp_hex_encode(sp_slice_make(random, sizeof(random)), out);
}

static int read_limits(const struct options *options, struct sp_exec_run *run,
                       struct sp_buf *session)
{
    uint64_t seconds = SP_REQUEST_TIMEOUT_S_DEFAULT;
    if (options->timeout != NULL &&
        (sp_parse_u64(sp_slice_of(options->timeout), SP_REQUEST_TIMEOUT_S_MAX, &seconds) != SP_OK ||
         seconds == 0)) {
        return usage("--timeout must be from 1 to 220, not", options->timeout);
    }
    if (put_session(options->session, session) != SP_OK) {
        return usage("--session must be 4 to 128 ASCII characters without spaces and backslashes",
                     "");
    }
    run->timeout_s = (uint32_t)seconds;
    run->session = sp_buf_slice(session);
    return SP_EXIT_DONE;
}

/* A session that was made for this command alone is not left to its cooldown. */
static int go(const struct options *options, struct sp_exec_run *run, struct sp_buf *code)
{
    int status = SP_EXIT_DONE;
    if (options->file == NULL) {
        status = sp_prompt(run);
    } else {
        status = is_stdin(options) ? read_code(options->file, code) : SP_EXIT_DONE;
        if (status != SP_EXIT_DONE) {
            return status;
        }
        run->name = is_stdin(options) ? "<stdin>" : options->file;
        run->code = sp_buf_slice(code);
        status = sp_exec_run(run);
    }
    if (options->session == NULL && status != SP_EXIT_UNREACHABLE) {
        sp_exec_forget(run->remote, run->session);
    }
    return status;
}

int sp_command_exec(int argc, char **argv)
{
    struct options options = {.session = NULL};
    SP_AUTO_REMOTE struct sp_remote remote;
    SP_AUTO_BUF struct sp_buf code;
    SP_AUTO_BUF struct sp_buf session;
    struct sp_exec_run run = {.remote = &remote};
    sp_remote_init(&remote);
    sp_buf_init(&code, SP_EXEC_CODE_BYTES_MAX);
    sp_buf_init(&session, SP_IDENTIFIER_BYTES_MAX);
    int status = parse(argc, argv, &options);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    if (options.wants_help) {
        (void)fputs(help, stdout);
        return SP_EXIT_DONE;
    }
    if (options.file == NULL && (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0)) {
        return usage("name a file, or - for standard input", "");
    }
    status = read_limits(&options, &run, &session);
    /* A file that is not there is said before a gateway that is not. */
    if (status == SP_EXIT_DONE && options.file != NULL && !is_stdin(&options)) {
        status = read_code(options.file, &code);
    }
    if (status == SP_EXIT_DONE) {
        status = sp_remote_open("exec", &options.remote, &remote);
    }
    return status == SP_EXIT_DONE ? go(&options, &run, &code) : status;
}
