/* sallyport exec: runs a file in a session, through the gateway. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/order.h"
#include "api/request.h"
#include "api/upstream.h"
#include "base/num.h"
#include "base/own.h"
#include "codec/hex.h"
#include "codec/url.h"
#include "command/command.h"
#include "command/exec_show.h"
#include "config/config.h"
#include "crypto/random.h"
#include "relay/client.h"

#define DEFAULT_ENDPOINT  "http://127.0.0.1:8080"
#define LOCAL_TOKEN       "local.token"
#define CODE_BYTES_MAX    ((size_t)16 * 1024 * 1024)
#define REQUEST_BYTES_MAX ((size_t)128 * 1024 * 1024)
#define TOKEN_BYTES_MAX   ((size_t)16 * 1024)
#define PATH_BYTES_MAX    ((size_t)4096)
#define READ_BYTES        ((size_t)64 * 1024)
#define SESSION_BYTES     ((size_t)16)
#define CONNECT_MS        5000U
#define MARGIN_MS         60000U

static const char help[] =
    "usage: sallyport exec [--session ID] [--timeout SECONDS] FILE|-\n"
    "\n"
    "Runs Python in a session, through the gateway: its output comes to standard output and error, "
    "the value of its\n"
    "last expression is printed, and its pictures are saved as figure-1.png and so on (never over "
    "a file).\n"
    "\n"
    "  -s, --session ID        the session, 4 to 128 characters; its state is kept between runs\n"
    "                          (default: a new one each time)\n"
    "  -t, --timeout SECONDS   the longest the run may take, 1 to 220 (default 60)\n"
    "      --endpoint URL      the gateway; also SALLYPORT_ENDPOINT (default "
    "http://127.0.0.1:8080)\n"
    "      --token-file FILE   holds the token; SALLYPORT_TOKEN holds one itself\n"
    "                          (default: local.token in the state directory of this user)\n"
    "      --ca-file FILE      certificates to believe instead of the system's\n"
    "  -h, --help              this text\n"
    "\n"
    "Exit status: 0 the run succeeded, 1 it failed or was denied, 2 the command line or the token "
    "is wrong,\n"
    "3 the gateway cannot be reached.\n";

struct options {
    const char *session;
    const char *timeout;
    const char *endpoint;
    const char *token_file;
    const char *ca_file;
    const char *file;
    bool wants_help;
};

/* All that a run needs, ready to send. */
struct run {
    const char *name; /* of the code, for people */
    const char *ca_file;
    uint32_t timeout_s;
    struct sp_buf code;
    struct sp_buf session;
    struct sp_buf token;
    struct sp_buf url;
    struct sp_buf body;
};

static int usage(const char *what, const char *detail)
{
    (void)fprintf(stderr, "sallyport exec: %s%s%s\nTry 'sallyport exec --help'.\n", what,
                  *detail == '\0' ? "" : " ", detail);
    return SP_EXIT_USAGE;
}

static const char **option_of(struct options *options, const char *argument)
{
    const struct {
        const char *name;
        const char **slot;
    } known[] = {
        {"-s", &options->session},          {"--session", &options->session},
        {"-t", &options->timeout},          {"--timeout", &options->timeout},
        {"--endpoint", &options->endpoint}, {"--token-file", &options->token_file},
        {"--ca-file", &options->ca_file},
    };
    for (size_t i = 0; i < SP_COUNT(known); i++) {
        if (strcmp(argument, known[i].name) == 0) {
            return known[i].slot;
        }
    }
    return NULL;
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
            return usage("cannot make sense of", argv[i]);
        } else {
            out->file = argv[i];
        }
    }
    return SP_EXIT_DONE;
}

static enum sp_err read_all(int fd, struct sp_buf *out)
{
    for (;;) {
        uint8_t *to = NULL;
        size_t room = sp_size_min(READ_BYTES, out->max - out->len);
        if (room == 0) {
            return SP_ERR_TOO_BIG;
        }
        SP_TRY(sp_buf_reserve(out, room, &to));
        ssize_t got = read(fd, to, room);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got == 0 ? SP_OK : SP_ERR_SYSTEM;
        }
        sp_buf_commit(out, (size_t)got);
    }
}

static enum sp_err read_file(const char *path, struct sp_buf *out)
{
    SP_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? SP_ERR_SYSTEM : read_all(fd, out);
}

static int read_code(const struct options *options, struct run *run)
{
    bool is_stdin = strcmp(options->file, "-") == 0;
    run->name = is_stdin ? "<stdin>" : options->file;
    enum sp_err err =
        is_stdin ? read_all(STDIN_FILENO, &run->code) : read_file(options->file, &run->code);
    if (err == SP_OK) {
        return SP_EXIT_DONE;
    }
    (void)fprintf(stderr, "sallyport exec: cannot read %s: %s\n", run->name,
                  err == SP_ERR_SYSTEM ? strerror(errno) : sp_err_text(err));
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

static int read_limits(const struct options *options, struct run *run)
{
    uint64_t seconds = SP_REQUEST_TIMEOUT_S_DEFAULT;
    if (options->timeout != NULL &&
        (sp_parse_u64(sp_slice_of(options->timeout), SP_REQUEST_TIMEOUT_S_MAX, &seconds) != SP_OK ||
         seconds == 0)) {
        return usage("--timeout must be from 1 to 220, not", options->timeout);
    }
    run->timeout_s = (uint32_t)seconds;
    if (put_session(options->session, &run->session) != SP_OK) {
        return usage("--session must be 4 to 128 ASCII characters without spaces and backslashes",
                     "");
    }
    return SP_EXIT_DONE;
}

/* STATE/local.token, where a gateway that was started without a configuration leaves it. */
static enum sp_err put_default_token_path(struct sp_buf *out)
{
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    SP_TRY(sp_config_load(NULL, NULL, &config, NULL));
    SP_TRY(sp_buf_put_text(out, config->state_dir));
    SP_TRY(sp_buf_put_text(out, "/" LOCAL_TOKEN));
    return sp_buf_put_byte(out, '\0');
}

static void trim_token(struct sp_buf *token)
{
    while (token->len > 0 && token->ptr[token->len - 1] <= ' ') {
        token->len--;
    }
}

static int read_token(const struct options *options, struct run *run)
{
    SP_AUTO_BUF struct sp_buf path;
    const char *given = getenv("SALLYPORT_TOKEN");
    sp_buf_init(&path, PATH_BYTES_MAX);
    if (options->token_file == NULL && given != NULL) {
        return sp_buf_put_text(&run->token, given) == SP_OK
                   ? SP_EXIT_DONE
                   : usage("SALLYPORT_TOKEN is too long", "");
    }
    if (options->token_file == NULL && put_default_token_path(&path) != SP_OK) {
        return usage("there is no default state directory; give --token-file", "");
    }
    const char *name = options->token_file != NULL ? options->token_file : (const char *)path.ptr;
    if (read_file(name, &run->token) != SP_OK) {
        (void)fprintf(
            stderr,
            "sallyport exec: cannot read the token in %s: %s\n"
            "Start a gateway with 'sallyport serve', or give --token-file or SALLYPORT_TOKEN.\n",
            name, strerror(errno));
        return SP_EXIT_USAGE;
    }
    trim_token(&run->token);
    return SP_EXIT_DONE;
}

static enum sp_err build(const char *endpoint, struct run *run)
{
    struct sp_url url;
    struct sp_upstream upstream;
    struct sp_order order = {.operation = SP_OPERATION_EXECUTE,
                             .timeout_s = run->timeout_s,
                             .code = sp_buf_slice(&run->code)};
    struct sp_slice whole = sp_slice_of(endpoint);
    SP_TRY(sp_url_parse(whole, &url));
    if (url.has_query) {
        return SP_ERR_INVALID;
    }
    SP_TRY(sp_upstream_init(&upstream, url.path, (struct sp_slice){NULL, 0}, true));
    SP_TRY(sp_buf_put(&run->url, sp_slice_sub(whole, 0, whole.len - url.path.len)));
    SP_TRY(sp_upstream_target(&upstream, order.operation, sp_buf_slice(&run->session), &run->url));
    return sp_upstream_body(&upstream, &order, &run->body);
}

static int prepare(const struct options *options, struct run *run)
{
    const char *endpoint =
        options->endpoint != NULL ? options->endpoint : getenv("SALLYPORT_ENDPOINT");
    endpoint = endpoint != NULL ? endpoint : DEFAULT_ENDPOINT;
    run->ca_file = options->ca_file;
    int status = read_limits(options, run);
    if (status == SP_EXIT_DONE) {
        status = read_token(options, run);
    }
    if (status == SP_EXIT_DONE) {
        status = read_code(options, run);
    }
    if (status != SP_EXIT_DONE) {
        return status;
    }
    enum sp_err err = build(endpoint, run);
    if (err == SP_ERR_UTF8) {
        return usage("the code is not UTF-8:", run->name);
    }
    return err == SP_OK ? SP_EXIT_DONE : usage("this is no URL of a gateway:", endpoint);
}

static int send_run(const struct run *run)
{
    SP_AUTO_CLIENT_ANSWER struct sp_client_answer answer = {0};
    SP_AUTO_UPSTREAM_ANSWER struct sp_upstream_answer read = {.end = SP_UPSTREAM_UNKNOWN};
    struct sp_where where = {0};
    struct sp_upstream upstream;
    struct sp_client_request request = {
        .url = sp_buf_slice(&run->url),
        .bearer = sp_buf_slice(&run->token),
        .body = sp_buf_slice(&run->body),
        .connect_ms = CONNECT_MS,
        .timeout_ms = run->timeout_s * 1000U + MARGIN_MS,
        .ca_file = run->ca_file,
    };
    if (sp_client_post(&request, &answer, &where) != SP_OK) {
        (void)fprintf(stderr, "sallyport exec: no answer from the gateway: %s\n", where.text);
        return SP_EXIT_UNREACHABLE;
    }
    struct sp_slice body = sp_buf_slice(&answer.body);
    if (answer.status < 200 || answer.status > 299) {
        return sp_exec_show_problem(answer.status, body, run->name, sp_buf_slice(&run->code));
    }
    enum sp_err err =
        sp_upstream_init(&upstream, (struct sp_slice){NULL, 0}, (struct sp_slice){NULL, 0}, true);
    if (err == SP_OK) {
        err = sp_upstream_read(&upstream, answer.status, body, &read);
    }
    if (err != SP_OK || read.end != SP_UPSTREAM_DONE) {
        (void)fprintf(stderr, "sallyport exec: the answer is not one of a gateway: %s\n",
                      read.reason.text);
        return SP_EXIT_DENIED;
    }
    return sp_exec_show_result(&read.result);
}

static void run_done(struct run *run)
{
    sp_buf_done(&run->code);
    sp_buf_done(&run->session);
    sp_buf_wipe(&run->token);
    sp_buf_done(&run->url);
    sp_buf_done(&run->body);
}

int sp_command_exec(int argc, char **argv)
{
    struct options options = {0};
    SP_CLEANUP(run_done) struct run run = {0};
    sp_buf_init(&run.code, CODE_BYTES_MAX);
    sp_buf_init(&run.session, SP_IDENTIFIER_BYTES_MAX);
    sp_buf_init(&run.token, TOKEN_BYTES_MAX);
    sp_buf_init(&run.url, SP_UPSTREAM_TARGET_BYTES_MAX);
    sp_buf_init(&run.body, REQUEST_BYTES_MAX);
    int status = parse(argc, argv, &options);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    if (options.wants_help) {
        (void)fputs(help, stdout);
        return SP_EXIT_DONE;
    }
    if (options.file == NULL) {
        return usage("name a file, or - for standard input", "");
    }
    status = prepare(&options, &run);
    return status == SP_EXIT_DONE ? send_run(&run) : status;
}
