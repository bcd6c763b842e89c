/* sallyport config check | show | keys: what the configuration says, and whether it is right. */
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "command/config_say.h"
#include "command/hint.h"
#include "config/config.h"

#define OUTPUT_BYTES_MAX ((size_t)1024 * 1024)

static const char help[] =
    "usage: sallyport config check [-c FILE] [--running OLD]\n"
    "       sallyport config show [-c FILE]\n"
    "       sallyport config keys\n"
    "\n"
    "check   reads the configuration and says where its first mistake is\n"
    "show    prints the configuration in force as TOML, and marks what nobody set\n"
    "keys    prints every key with default, bounds and meaning, as a Markdown table\n"
    "\n"
    "  -c, --config FILE   the file; without it the defaults are read\n"
    "      --running OLD   the file that the service started with: check also names\n"
    "                      the keys that SIGHUP leaves to a restart\n"
    "  -h, --help          this text\n"
    "\n"
    "Exit status: 0 the configuration is right, 2 it or the command line is not.\n";

struct options {
    const char *action;
    const char *path;
    const char *running;
    bool wants_help;
};

static int usage(const char *what, const char *detail)
{
    (void)fprintf(stderr, "sallyport config: %s%s%s\nTry 'sallyport config --help'.\n", what,
                  *detail == '\0' ? "" : " ", detail);
    return SP_EXIT_USAGE;
}

/* The value of `-c FILE`, `--config FILE` or `--config=FILE`; NULL when the argument is another one. */
static const char *path_of(int argc, char **argv, int *at, const char *name, const char *letter)
{
    size_t len = strlen(name);
    if (strncmp(argv[*at], name, len) == 0 && argv[*at][len] == '=') {
        return argv[*at] + len + 1;
    }
    if (strcmp(argv[*at], name) != 0 && (letter == NULL || strcmp(argv[*at], letter) != 0)) {
        return NULL;
    }
    (*at)++;
    return *at < argc ? argv[*at] : "";
}

static int parse(int argc, char **argv, struct options *out)
{
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        const char *path = path_of(argc, argv, &i, "--config", "-c");
        const char *running = path == NULL ? path_of(argc, argv, &i, "--running", NULL) : NULL;
        if ((path != NULL && *path == '\0') || (running != NULL && *running == '\0')) {
            return usage("a file must follow", argument);
        }
        if (path != NULL) {
            out->path = path;
        } else if (running != NULL) {
            out->running = running;
        } else if (strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0) {
            out->wants_help = true;
        } else if (*argument == '-' || out->action != NULL) {
            return sp_hint("config", help, "cannot make sense of", argument);
        } else {
            out->action = argument;
        }
    }
    return SP_EXIT_DONE;
}

static int print(enum sp_err err, const struct sp_buf *text)
{
    if (err != SP_OK) {
        (void)fprintf(stderr, "sallyport config: %s\n", sp_err_text(err));
        return SP_EXIT_USAGE;
    }
    bool is_written = (text->len == 0 || fwrite(text->ptr, 1, text->len, stdout) == text->len) &&
                      fflush(stdout) == 0;
    return is_written ? SP_EXIT_DONE : SP_EXIT_USAGE;
}

/* Which of the keys that differ a running service takes over only when it starts again. */
static enum sp_err compare(const struct options *options, struct sp_config *config,
                           struct sp_buf *out)
{
    SP_AUTO_CONFIG struct sp_config *running = NULL;
    SP_AUTO_BUF struct sp_buf kept;
    struct sp_where where = {0};
    sp_buf_init(&kept, OUTPUT_BYTES_MAX);
    enum sp_err err = sp_config_load(options->running, NULL, &running, &where);
    if (err != SP_OK) {
        sp_config_complain(options->running, &where);
        return err;
    }
    SP_TRY(sp_config_merge(config, running, &kept));
    return kept.len == 0 ? sp_buf_put_text(out, "a reload takes everything over\n")
                         : sp_buf_putf(out, "a reload leaves these to a restart: %.*s\n",
                                       (int)kept.len, (const char *)kept.ptr);
}

static enum sp_err print_piece(void *ctx, struct sp_slice piece)
{
    (void)ctx;
    return fwrite(piece.ptr, 1, piece.len, stdout) == piece.len ? SP_OK : SP_ERR_SYSTEM;
}

static int with_file(const struct options *options)
{
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    SP_AUTO_BUF struct sp_buf text;
    struct sp_where where = {0};
    sp_buf_init(&text, OUTPUT_BYTES_MAX);
    enum sp_err err = sp_config_load(options->path, NULL, &config, &where);
    if (err == SP_ERR_CONFIG) {
        sp_config_complain(options->path, &where);
        return SP_EXIT_USAGE;
    }
    if (err == SP_OK) {
        sp_config_warn(options->path, config);
        if (!sp_config_files_stand(options->path, config)) {
            return SP_EXIT_USAGE;
        }
    }
    if (err == SP_OK) {
        err = strcmp(options->action, "show") == 0
                  ? sp_config_show_pieces(config, print_piece, NULL)
                  : sp_buf_put_text(&text, "ok\n");
    }
    if (err == SP_OK && options->running != NULL) {
        err = compare(options, config, &text);
    }
    return print(err, &text);
}

int sp_command_config(int argc, char **argv)
{
    struct options options = {0};
    int status = parse(argc, argv, &options);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    if (options.wants_help) {
        (void)fputs(help, stdout);
        return SP_EXIT_DONE;
    }
    if (options.action == NULL) {
        return usage("say check, show or keys", "");
    }
    if (strcmp(options.action, "keys") == 0) {
        SP_AUTO_BUF struct sp_buf text;
        sp_buf_init(&text, OUTPUT_BYTES_MAX);
        return print(sp_config_keys(&text), &text);
    }
    if (strcmp(options.action, "show") != 0 && strcmp(options.action, "check") != 0) {
        return sp_hint("config", help, "there is no action", options.action);
    }
    return with_file(&options);
}
