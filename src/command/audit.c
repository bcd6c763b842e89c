/* sallyport audit verify: reads a log without a server and says whether it is whole. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/disk.h"
#include "audit/verify.h"
#include "base/own.h"
#include "command/command.h"
#include "config/config.h"

#define PIECE_BYTES  ((size_t)1024 * 1024)
#define PROBLEMS_MAX 20U /* that are shown; the rest is counted */
#define PATH_MAX_LEN ((size_t)4096)

static const char help[] =
    "usage: sallyport audit verify [-c FILE] [DIR]\n"
    "\n"
    "verify  reads the audit log in DIR (default: the directory 'log' of the state that the configuration names) and\n"
    "        checks that every entry has its canonical form and its schema, that numbers have no gap, that times do\n"
    "        not go back, and that each outcome belongs to one intent. It needs no server and changes nothing.\n"
    "\n"
    "  -c, --config FILE   the configuration that names the state directory\n"
    "  -h, --help          this text\n"
    "\n"
    "Exit status: 0 the log is whole, 1 it is not, 2 it cannot be read, or the command line is wrong.\n";

struct options {
    const char *config;
    const char *directory;
    bool wants_help;
};

/* What is shown while it runs. */
struct show {
    bool is_terminal;
    uint64_t problems;
    uint64_t bytes_done;
    uint64_t bytes_all;
    unsigned percent;
};

static int usage(const char *what, const char *detail)
{
    (void)fprintf(stderr, "sallyport audit: %s%s%s\nTry 'sallyport audit --help'.\n", what, *detail == '\0' ? "" : " ",
                  detail);
    return SP_EXIT_USAGE;
}

static int parse(int argc, char **argv, struct options *out)
{
    bool has_action = false;
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0) {
            out->wants_help = true;
        } else if (strcmp(argument, "-c") == 0 || strcmp(argument, "--config") == 0) {
            if (i + 1 == argc) {
                return usage("a file must follow", argument);
            }
            out->config = argv[++i];
        } else if (*argument == '-' || (has_action && out->directory != NULL)) {
            return usage("cannot make sense of", argument);
        } else if (!has_action) {
            has_action = true;
            if (strcmp(argument, "verify") != 0) {
                return usage("there is no action", argument);
            }
        } else {
            out->directory = argument;
        }
    }
    return has_action || out->wants_help ? SP_EXIT_DONE : usage("an action must follow: verify", "");
}

static void on_problem(void *ctx, const struct sp_verify_problem *problem)
{
    struct show *show = ctx;
    show->problems++;
    if (show->problems <= PROBLEMS_MAX) {
        (void)printf("%.*s:%llu: %s\n", (int)problem->file.len, (const char *)problem->file.ptr,
                     (unsigned long long)problem->line, problem->text);
    }
}

static void show_progress(struct show *show, uint64_t more)
{
    show->bytes_done += more;
    unsigned percent = show->bytes_all == 0 ? 100 : (unsigned)(show->bytes_done * 100 / show->bytes_all);
    if (show->is_terminal && percent != show->percent) {
        (void)fprintf(stderr, "\r%3u %%", percent);
        show->percent = percent;
    }
}

static void hide_progress(const struct show *show)
{
    if (show->is_terminal) {
        (void)fprintf(stderr, "\r     \r");
    }
}

static enum sp_err read_file(int dir, const char *name, struct sp_verify *verify, struct show *show, uint8_t *piece)
{
    SP_AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return SP_ERR_SYSTEM;
    }
    sp_verify_file(verify, sp_slice_of(name));
    for (;;) {
        ssize_t got = read(fd, piece, PIECE_BYTES);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got == 0 ? SP_OK : SP_ERR_SYSTEM;
        }
        SP_TRY(sp_verify_bytes(verify, sp_slice_make(piece, (size_t)got)));
        show_progress(show, (uint64_t)got);
    }
}

static int is_segment(const struct dirent *entry)
{
    uint64_t ignored = 0;
    return sp_segment_first(sp_slice_of(entry->d_name), &ignored) == SP_OK ? 1 : 0;
}

static void add_sizes(int dir, struct dirent **names, int count, struct show *show)
{
    for (int i = 0; i < count; i++) {
        struct stat st;
        if (fstatat(dir, names[i]->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            show->bytes_all += (uint64_t)st.st_size;
        }
    }
}

static enum sp_err read_files(int dir, struct dirent **names, int count, struct sp_verify *verify, struct show *show)
{
    SP_AUTO_FREE uint8_t *piece = malloc(PIECE_BYTES);
    if (piece == NULL) {
        return SP_ERR_NOMEM;
    }
    for (int i = 0; i < count; i++) {
        enum sp_err err = read_file(dir, names[i]->d_name, verify, show, piece);
        if (err != SP_OK) {
            (void)fprintf(stderr, "sallyport audit: cannot read %s: %s\n", names[i]->d_name, sp_err_text(err));
            return err;
        }
        sp_verify_file_end(verify, i + 1 == count);
    }
    return SP_OK;
}

static int conclude(const struct sp_verify *verify, const struct show *show, int files)
{
    const struct sp_verify_totals totals = sp_verify_totals(verify);
    if (show->problems > PROBLEMS_MAX) {
        (void)printf("... and %llu more\n", (unsigned long long)(show->problems - PROBLEMS_MAX));
    }
    (void)printf("%s: %llu entries in %d file%s, %llu intents, %llu outcomes, %llu open\n",
                 show->problems == 0 ? "the log is whole" : "the log is NOT whole", (unsigned long long)totals.entries,
                 files, files == 1 ? "" : "s", (unsigned long long)totals.intents, (unsigned long long)totals.outcomes,
                 (unsigned long long)totals.open);
    return show->problems == 0 ? SP_EXIT_DONE : SP_EXIT_DENIED;
}

static int verify_directory(const char *path)
{
    struct sp_verify *verify = NULL;
    struct dirent **names = NULL;
    struct show show = {.is_terminal = isatty(STDERR_FILENO) == 1, .percent = 101};
    SP_AUTO_CLOSE int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int count = dir < 0 ? -1 : scandirat(dir, ".", &names, is_segment, alphasort);
    if (count < 0) {
        (void)fprintf(stderr, "sallyport audit: cannot read %s: %s\n", path, strerror(errno));
        return SP_EXIT_USAGE;
    }
    int status = SP_EXIT_USAGE;
    if (count == 0) {
        (void)fprintf(stderr, "sallyport audit: there is no log in %s\n", path);
    } else if (sp_verify_new(on_problem, &show, &verify) == SP_OK) {
        add_sizes(dir, names, count, &show);
        enum sp_err err = read_files(dir, names, count, verify, &show);
        hide_progress(&show);
        status = err == SP_OK ? conclude(verify, &show, count) : SP_EXIT_USAGE;
    }
    sp_verify_free(verify);
    for (int i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
    return status;
}

/* The log of the state that a configuration names. */
static int verify_configured(const char *config_path)
{
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    struct sp_where where = {.line = 0};
    char path[PATH_MAX_LEN];
    if (sp_config_load(config_path, NULL, &config, &where) != SP_OK) {
        (void)fprintf(stderr, "sallyport audit: %s:%u:%u: %s\n", config_path == NULL ? "" : config_path, where.line,
                      where.column, where.text);
        return SP_EXIT_USAGE;
    }
    int len = snprintf(path, sizeof(path), "%s/log", config->state_dir);
    if (len < 0 || (size_t)len >= sizeof(path)) {
        return usage("the state directory's name is too long", "");
    }
    return verify_directory(path);
}

int sp_command_audit(int argc, char **argv)
{
    struct options options = {.directory = NULL};
    int status = parse(argc, argv, &options);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    if (options.wants_help) {
        (void)fputs(help, stdout);
        return SP_EXIT_DONE;
    }
    return options.directory != NULL ? verify_directory(options.directory) : verify_configured(options.config);
}
