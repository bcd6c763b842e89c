/* sallyport files: what lies in a session's /mnt/data, put there, fetched, listed, deleted. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/request.h"
#include "base/num.h"
#include "base/own.h"
#include "codec/json.h"
#include "codec/url.h"
#include "command/bar.h"
#include "command/command.h"
#include "command/exec_show.h"
#include "command/hint.h"
#include "command/remote.h"
#include "relay/client.h"

#define URL_BYTES_MAX   ((size_t)32 * 1024)
#define PLACE_BYTES_MAX ((size_t)4096)
#define CONNECT_MS      5000U
#define SMALL_MS        60000U
#define ENTRIES_MAX     100000U

static const char help[] =
    "usage: sallyport files put    --session ID [--path DIR] FILE...\n"
    "       sallyport files get    --session ID [--path DIR] [-o FILE|DIR|-] NAME...\n"
    "       sallyport files list   --session ID [--path DIR]\n"
    "       sallyport files delete --session ID [--path DIR] NAME...\n"
    "\n"
    "Moves files to and from a session's /mnt/data. A file of the same name in the\n"
    "session is replaced; one that is here is not, unless --force is given.\n"
    "\n"
    "  -s, --session ID        the session, 4 to 128 characters\n"
    "      --path DIR          a directory below /mnt/data (default: that itself)\n"
    "  -o, --output WHERE      get: a file, a directory, or - for standard output\n"
    "  -f, --force             get: replaces a file that is here\n" SP_REMOTE_HELP
    "  -h, --help              this text\n"
    "\n"
    "Exit status: 0 done, 1 refused or not there, 2 the command line or the token is\n"
    "wrong, 3 the gateway cannot be reached.\n";

struct options {
    struct sp_remote_options remote;
    const char *action;
    const char *session;
    const char *path;
    const char *output;
    char **names;
    int name_count;
    bool is_forced;
    bool wants_help;
};

typedef int action_fn(const struct options *options, const struct sp_remote *remote,
                      const char *name);

static int usage(const char *what, const char *detail)
{
    (void)fprintf(stderr, "sallyport files: %s%s%s\nTry 'sallyport files --help'.\n", what,
                  *detail == '\0' ? "" : " ", detail);
    return SP_EXIT_USAGE;
}

static int failed(const char *what, const char *which, const char *why)
{
    (void)fprintf(stderr, "sallyport files: %s %s: %s\n", what, which, why);
    return SP_EXIT_DENIED;
}

static const char **option_of(struct options *options, const char *argument)
{
    const struct {
        const char *name;
        const char **slot;
    } known[] = {
        {"-s", &options->session}, {"--session", &options->session}, {"--path", &options->path},
        {"-o", &options->output},  {"--output", &options->output},
    };
    for (size_t i = 0; i < SP_COUNT(known); i++) {
        if (strcmp(argument, known[i].name) == 0) {
            return known[i].slot;
        }
    }
    return sp_remote_option(&options->remote, argument);
}

static int parse_one(struct options *out, char *argument)
{
    if (strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0) {
        out->wants_help = true;
    } else if (strcmp(argument, "-f") == 0 || strcmp(argument, "--force") == 0) {
        out->is_forced = true;
    } else if (argument[0] == '-' && argument[1] != '\0') {
        return sp_hint("files", help, "cannot make sense of", argument);
    } else if (out->action == NULL) {
        out->action = argument;
    } else {
        out->names[out->name_count++] = argument; /* over what was read already */
    }
    return SP_EXIT_DONE;
}

static int parse(int argc, char **argv, struct options *out)
{
    out->names = argv;
    for (int i = 1; i < argc; i++) {
        const char **slot = option_of(out, argv[i]);
        if (slot != NULL) {
            if (i + 1 == argc) {
                return usage("a value must follow", argv[i]);
            }
            *slot = argv[++i];
            continue;
        }
        int status = parse_one(out, argv[i]);
        if (status != SP_EXIT_DONE) {
            return status;
        }
    }
    return SP_EXIT_DONE;
}

/* --- requests --- */

static enum sp_err put_url(const struct options *options, const struct sp_remote *remote,
                           const char *name, const char *tail, struct sp_buf *out)
{
    SP_AUTO_BUF struct sp_buf path;
    sp_buf_init(&path, URL_BYTES_MAX);
    SP_TRY(sp_buf_put_text(&path, "/files"));
    if (name != NULL) {
        SP_TRY(sp_buf_put_byte(&path, '/'));
        SP_TRY(sp_url_encode(sp_slice_of(name), &path));
    }
    SP_TRY(sp_buf_put_text(&path, tail));
    SP_TRY(sp_buf_put_byte(&path, '\0'));
    SP_TRY(sp_remote_url(remote, (const char *)path.ptr, sp_slice_of(options->session), out));
    if (options->path == NULL) {
        return SP_OK;
    }
    SP_TRY(sp_buf_put_text(out, "&path="));
    return sp_url_encode(sp_slice_of(options->path), out);
}

static struct sp_client_request request_of(const char *method, const struct sp_remote *remote,
                                           const struct sp_buf *url)
{
    return (struct sp_client_request){.method = method,
                                      .url = sp_buf_slice(url),
                                      .bearer = sp_buf_slice(&remote->token),
                                      .save_fd = -1,
                                      .connect_ms = CONNECT_MS,
                                      .timeout_ms = SMALL_MS,
                                      .ca_file = sp_remote_ca_file(remote)};
}

/* Sends it and says what went wrong; the exit status. */
static int ask(const struct sp_client_request *request, struct sp_client_answer *answer)
{
    struct sp_where where = {0};
    enum sp_err err = sp_client_send(request, answer, &where);
    if (err != SP_OK) {
        (void)fprintf(stderr, "sallyport files: %s: %s\n",
                      err == SP_ERR_SYSTEM ? "cannot write" : "no answer from the gateway",
                      where.text);
        return err == SP_ERR_SYSTEM ? SP_EXIT_DENIED : SP_EXIT_UNREACHABLE;
    }
    if (answer->status < 200 || answer->status > 299) {
        return sp_exec_show_problem("files", answer->status, sp_buf_slice(&answer->body), "files",
                                    (struct sp_slice){NULL, 0});
    }
    return SP_EXIT_DONE;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static int put_file(const struct options *options, const struct sp_remote *remote, const char *name)
{
    SP_AUTO_CLIENT_ANSWER struct sp_client_answer answer = {0};
    SP_AUTO_BUF struct sp_buf url;
    SP_AUTO_CLOSE int fd = open(name, O_RDONLY | O_CLOEXEC);
    struct stat meta = {0};
    struct sp_bar bar;
    sp_buf_init(&url, URL_BYTES_MAX);
    if (fd < 0 || fstat(fd, &meta) != 0) {
        return failed("cannot read", name, strerror(errno));
    }
    if (!S_ISREG(meta.st_mode)) {
        return failed("cannot send", name, "it is no regular file");
    }
    if (put_url(options, remote, NULL, "", &url) != SP_OK) {
        return usage("the name is too long:", name);
    }
    const struct sp_client_upload upload = {
        .name = last_part(name), .fd = fd, .bytes = (uint64_t)meta.st_size};
    struct sp_client_request request = request_of("POST", remote, &url);
    sp_bar_begin(&bar, upload.name);
    request.upload = &upload;
    request.timeout_ms = 0;
    request.progress = sp_bar_draw;
    request.progress_ctx = &bar;
    int status = ask(&request, &answer);
    sp_bar_end(&bar);
    return status;
}

/* --- get --- */

/* Where a fetched file goes: into --output, or under its own name. */
static enum sp_err place_of(const struct options *options, const char *name, struct sp_buf *out)
{
    struct stat meta = {0};
    const char *output = options->output;
    if (output == NULL) {
        SP_TRY(sp_buf_put_text(out, last_part(name)));
    } else {
        SP_TRY(sp_buf_put_text(out, output));
        if (stat(output, &meta) == 0 && S_ISDIR(meta.st_mode)) {
            SP_TRY(sp_buf_put_byte(out, '/'));
            SP_TRY(sp_buf_put_text(out, last_part(name)));
        }
    }
    return sp_buf_put_byte(out, '\0');
}

static int fetch(const struct options *options, const struct sp_remote *remote, const char *name,
                 int fd)
{
    SP_AUTO_CLIENT_ANSWER struct sp_client_answer answer = {0};
    SP_AUTO_BUF struct sp_buf url;
    struct sp_bar bar;
    sp_buf_init(&url, URL_BYTES_MAX);
    if (put_url(options, remote, name, "/content", &url) != SP_OK) {
        return usage("the name is too long:", name);
    }
    struct sp_client_request request = request_of("GET", remote, &url);
    sp_bar_begin(&bar, last_part(name));
    request.save_fd = fd;
    request.timeout_ms = 0;
    request.progress = sp_bar_draw;
    request.progress_ctx = &bar;
    int status = ask(&request, &answer);
    sp_bar_end(&bar);
    return status;
}

/* A file that did not arrive whole is not left behind. */
static int get_file(const struct options *options, const struct sp_remote *remote, const char *name)
{
    SP_AUTO_BUF struct sp_buf path;
    sp_buf_init(&path, PLACE_BYTES_MAX);
    if (options->output != NULL && strcmp(options->output, "-") == 0) {
        return fetch(options, remote, name, STDOUT_FILENO);
    }
    if (place_of(options, name, &path) != SP_OK) {
        return usage("the name is too long:", name);
    }
    const char *place = (const char *)path.ptr;
    SP_AUTO_CLOSE int fd =
        open(place, O_WRONLY | O_CREAT | O_CLOEXEC | (options->is_forced ? O_TRUNC : O_EXCL), 0644);
    if (fd < 0) {
        return failed("cannot write", place,
                      errno == EEXIST ? "it is there already (--force replaces it)"
                                      : strerror(errno));
    }
    int status = fetch(options, remote, name, fd);
    if (status != SP_EXIT_DONE) {
        (void)unlink(place);
        return status;
    }
    (void)fprintf(stderr, "saved %s\n", place);
    return SP_EXIT_DONE;
}

/* --- list and delete --- */

static struct sp_slice text_of(const struct sp_json_value *object, const char *key)
{
    struct sp_slice text = {NULL, 0};
    return sp_json_string(sp_json_get(object, key), &text) == SP_OK ? text
                                                                    : (struct sp_slice){NULL, 0};
}

/* Text of a server for a terminal: nothing in it may move the cursor. */
static void put_safely(struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        (void)fputc(text.ptr[i] < ' ' || text.ptr[i] == 0x7F ? '?' : text.ptr[i], stdout);
    }
}

static void print_entry(const struct sp_json *doc, const struct sp_json_value *entry)
{
    SP_AUTO_BUF struct sp_buf size;
    int64_t bytes = 0;
    const struct sp_slice type = text_of(entry, "type");
    const bool is_directory = sp_slice_is_nocase(type, "directory");
    sp_buf_init(&size, 32);
    if (!is_directory && sp_json_integer(doc, sp_json_get(entry, "sizeInBytes"), &bytes) == SP_OK &&
        bytes >= 0) {
        if (sp_bar_size((uint64_t)bytes, &size) != SP_OK) {
            return;
        }
    }
    (void)printf("%10.*s  ", (int)size.len, (const char *)size.ptr);
    put_safely(sp_slice_sub(text_of(entry, "lastModifiedAt"), 0, 19));
    (void)fputs("  ", stdout);
    put_safely(text_of(entry, "name"));
    (void)fputs(is_directory ? "/\n" : "\n", stdout);
}

static int list_files(const struct options *options, const struct sp_remote *remote,
                      const char *name)
{
    SP_AUTO_CLIENT_ANSWER struct sp_client_answer answer = {0};
    SP_AUTO_BUF struct sp_buf url;
    SP_AUTO_JSON struct sp_json *doc = NULL;
    unsigned count = 0;
    (void)name;
    sp_buf_init(&url, URL_BYTES_MAX);
    if (put_url(options, remote, NULL, "", &url) != SP_OK) {
        return usage("the path is too long:", options->path);
    }
    const struct sp_client_request request = request_of("GET", remote, &url);
    int status = ask(&request, &answer);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    const struct sp_json_limits limits = {answer.body.len, SP_JSON_DEPTH, SP_JSON_NUL_REFUSED};
    if (sp_json_parse(sp_buf_slice(&answer.body), &limits, &doc, NULL) != SP_OK) {
        return failed("cannot list", "the files", "the answer is not one of a gateway");
    }
    const struct sp_json_value *at = sp_json_first(sp_json_get(sp_json_root(doc), "value"));
    for (; at != NULL && count < ENTRIES_MAX; at = sp_json_next(at), count++) {
        print_entry(doc, at);
    }
    return fflush(stdout) == 0 ? SP_EXIT_DONE : SP_EXIT_DENIED;
}

static int delete_file(const struct options *options, const struct sp_remote *remote,
                       const char *name)
{
    SP_AUTO_CLIENT_ANSWER struct sp_client_answer answer = {0};
    SP_AUTO_BUF struct sp_buf url;
    sp_buf_init(&url, URL_BYTES_MAX);
    if (put_url(options, remote, name, "", &url) != SP_OK) {
        return usage("the name is too long:", name);
    }
    const struct sp_client_request request = request_of("DELETE", remote, &url);
    return ask(&request, &answer);
}

/* --- the whole --- */

static const struct {
    const char *name;
    action_fn *run;
    bool has_names;
} actions[] = {
    {"put", put_file, true},
    {"get", get_file, true},
    {"list", list_files, false},
    {"delete", delete_file, true},
};

/* All names are tried; the worst status counts. */
static int run_all(const struct options *options, const struct sp_remote *remote, action_fn *run)
{
    int worst = SP_EXIT_DONE;
    for (int i = 0; i < options->name_count && worst < SP_EXIT_USAGE; i++) {
        const int status = run(options, remote, options->names[i]);
        worst = status > worst ? status : worst;
    }
    return worst;
}

static int go(const struct options *options, size_t action)
{
    SP_AUTO_REMOTE struct sp_remote remote;
    sp_remote_init(&remote);
    if (options->session == NULL || sp_identifier_check(sp_slice_of(options->session)) != SP_OK) {
        return usage("--session must name a session: 4 to 128 ASCII characters without spaces and "
                     "backslashes",
                     "");
    }
    if (actions[action].has_names != (options->name_count > 0)) {
        return usage(actions[action].has_names ? "name at least one file for"
                                               : "no names belong to",
                     options->action);
    }
    int status = sp_remote_open("files", &options->remote, &remote);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    return actions[action].has_names ? run_all(options, &remote, actions[action].run)
                                     : actions[action].run(options, &remote, NULL);
}

int sp_command_files(int argc, char **argv)
{
    struct options options = {.action = NULL};
    int status = parse(argc, argv, &options);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    if (options.wants_help) {
        (void)fputs(help, stdout);
        return SP_EXIT_DONE;
    }
    for (size_t i = 0; options.action != NULL && i < SP_COUNT(actions); i++) {
        if (strcmp(options.action, actions[i].name) == 0) {
            return go(&options, i);
        }
    }
    return usage("say put, get, list or delete", "");
}
