/* sallyport check: judges Python files by a policy, without running them. */
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "command/check_inner.h"
#include "command/command.h"
#include "command/hint.h"
#include "policy/upload.h"
#include "python/source.h"

#define FILE_BYTES_MAX   SP_UPLOAD_BYTES_MAX
#define OUTPUT_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define JUDGE_BYTES      ((size_t)1024 * 1024)

#define PROGRESS_FILES   50U

static const char help[] =
    "usage: sallyport check [--policy NAME|FILE] [--format text|json|sarif] PATH...|-\n"
    "       sallyport check --explain RULE\n"
    "\n"
    "Judges Python, and files that would be uploaded, as the gateway would, without\n"
    "running anything. Code is judged like a submission; notebooks, pickles,\n"
    "archives, pictures and tables like uploads. In a folder every .py and .ipynb\n"
    "file is read; - is the standard input, read as a cell.\n"
    "\n"
    "  -p, --policy NAME|FILE   data-science (the default), strict, record-only, or a\n"
    "                           TOML file\n"
    "  -f, --format FORMAT      text, json (an array with an object a file) or sarif\n"
    "  -u, --upload             take every path for an upload, and every file of a\n"
    "                           folder\n"
    "      --explain RULE       say what a rule is about\n"
    "  -h, --help               this text\n"
    "\n"
    "Exit status: 0 all allowed, 1 something is denied, 2 usage or policy error.\n";

struct check {
    const char *policy_name;
    const char *explain;
    enum check_format format;
    bool wants_help;
    bool all_uploads;
    bool has_progress;
    bool has_color;
    bool is_first;
    bool has_denied;
    bool has_failed;
    unsigned files;
    struct sp_table table;
    struct sp_policy policy;
    struct sp_judge *judge;
    struct sp_upload *upload; /* made with the judge */
    size_t judge_bytes;
    struct sp_judgement *judgement;
    struct sp_buf out;
};

/* ---- the command line ---- */

static int usage(const char *what, const char *detail)
{
    (void)fprintf(stderr, "sallyport check: %s %s\nTry 'sallyport check --help'.\n", what, detail);
    return SP_EXIT_USAGE;
}

static int set_format(struct check *c, const char *name)
{
    static const char *const names[] = {"text", "json", "sarif"};
    for (unsigned i = 0; i < SP_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            c->format = (enum check_format)i;
            return SP_EXIT_DONE;
        }
    }
    return usage("there is no format", name);
}

/* The value of an option given as `--name value` or `--name=value`, NULL when the argument is another one. */
static const char *value_of(int argc, char **argv, int *at, const char *name, const char *letter)
{
    size_t len = strlen(name);
    const char *argument = argv[*at];
    if (strncmp(argument, name, len) == 0 && argument[len] == '=') {
        return argument + len + 1;
    }
    if (strcmp(argument, name) != 0 && (letter == NULL || strcmp(argument, letter) != 0)) {
        return NULL;
    }
    (*at)++;
    return *at < argc ? argv[*at] : "";
}

static int parse_option(struct check *c, int argc, char **argv, int *at)
{
    const char *argument = argv[*at];
    const char *format = value_of(argc, argv, at, "--format", "-f");
    if (format != NULL) {
        return set_format(c, format);
    }
    const char *policy = value_of(argc, argv, at, "--policy", "-p");
    if (policy != NULL) {
        c->policy_name = policy;
        return *policy == '\0' ? usage("a name must follow", argument) : SP_EXIT_DONE;
    }
    const char *explain = value_of(argc, argv, at, "--explain", NULL);
    if (explain != NULL) {
        c->explain = explain;
        return *explain == '\0' ? usage("a rule must follow", argument) : SP_EXIT_DONE;
    }
    if (strcmp(argument, "-u") == 0 || strcmp(argument, "--upload") == 0) {
        c->all_uploads = true;
        return SP_EXIT_DONE;
    }
    if (strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0) {
        c->wants_help = true;
        return SP_EXIT_DONE;
    }
    return sp_hint("check", help, "cannot make sense of", argument);
}

/* Options are taken out; paths move to the front of argv, and their number is `*out_paths`. */
static int parse(struct check *c, int argc, char **argv, int *out_paths)
{
    bool has_options = true;
    for (int i = 1; i < argc; i++) {
        bool is_path = !has_options || argv[i][0] != '-' || argv[i][1] == '\0';
        if (is_path) {
            argv[*out_paths] = argv[i];
            (*out_paths)++;
        } else if (strcmp(argv[i], "--") == 0) {
            has_options = false;
        } else {
            int status = parse_option(c, argc, argv, &i);
            if (status != SP_EXIT_DONE) {
                return status;
            }
        }
    }
    return SP_EXIT_DONE;
}

/* ---- one file ---- */

static enum sp_err read_all(int fd, struct sp_buf *out)
{
    for (;;) {
        uint8_t *room = NULL;
        SP_TRY(sp_buf_reserve(out, (size_t)64 * 1024, &room));
        ssize_t got = read(fd, room, (size_t)64 * 1024);
        if (got < 0) {
            return SP_ERR_SYSTEM;
        }
        if (got == 0) {
            return SP_OK;
        }
        sp_buf_commit(out, (size_t)got);
    }
}

static enum sp_err read_path(const char *path, struct sp_buf *out)
{
    if (strcmp(path, "-") == 0) {
        return read_all(STDIN_FILENO, out);
    }
    SP_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return fd < 0 ? SP_ERR_NOT_FOUND : read_all(fd, out);
}

static enum sp_err judge_for(struct check *c, size_t len)
{
    if (c->judge != NULL && len <= c->judge_bytes) {
        return SP_OK;
    }
    sp_upload_free(c->upload);
    c->upload = NULL;
    sp_judge_free(c->judge);
    c->judge = NULL;
    c->judge_bytes = len < JUDGE_BYTES ? JUDGE_BYTES : len;
    SP_TRY(sp_judge_new(&c->table, c->judge_bytes, &c->judge));
    return sp_upload_new(c->judge, &c->upload);
}

static void deny_encoding(struct sp_judgement *judgement, const char *reason)
{
    *judgement = (struct sp_judgement){.verdict = SP_VERDICT_DENY, .count = 1, .total = 1};
    struct sp_policy_finding *finding = &judgement->findings[0];
    finding->place = (struct sp_place){1, 1, 1, 1};
    (void)snprintf(finding->rule, sizeof(finding->rule), "encoding");
    (void)snprintf(finding->message, sizeof(finding->message), "%s", reason);
}

static enum sp_err report(struct check *c, const struct check_result *result)
{
    switch (c->format) {
    case CHECK_TEXT:
        return check_text_file(&c->out, result, c->has_color);
    case CHECK_JSON:
        SP_TRY(sp_buf_put_text(&c->out, c->is_first ? "[" : ",\n "));
        c->is_first = false;
        return check_json_file(&c->out, result);
    case CHECK_SARIF:
        return check_sarif_file(&c->out, result, &c->is_first);
    }
    return SP_ERR_INVALID;
}

/* Writes what has gathered, so that long work shows as it goes. */
static enum sp_err flush(struct check *c)
{
    bool is_written =
        fwrite(c->out.ptr, 1, c->out.len, stdout) == c->out.len && fflush(stdout) == 0;
    sp_buf_clear(&c->out);
    return is_written ? SP_OK : SP_ERR_SYSTEM;
}

/* Texts of data are no code that somebody wants judged, whatever a lexer would make of them. */
static bool is_data_name(struct sp_slice name)
{
    static const char *const endings[] = {".csv", ".tsv",  ".json", ".jsonl", ".ndjson", ".geojson",
                                          ".xml", ".html", ".htm",  ".md",    ".rst",    ".yaml",
                                          ".yml", ".toml", ".ini",  ".log",   ".svg",    ".tex",
                                          ".css", ".js",   ".sh",   ".pkl",   ".pickle", ".joblib"};
    for (size_t i = 0; i < SP_COUNT(endings); i++) {
        if (sp_slice_ends(name, endings[i])) {
            return true;
        }
    }
    return false;
}

/* A file is code when its name or its bytes do not say that it is something else. */
static bool is_upload(const struct check *c, const char *path, struct sp_slice bytes)
{
    const char *format = NULL;
    struct sp_slice name = sp_kind_base_name(sp_slice_of(path));
    enum sp_kind named = sp_kind_of_name(name);
    if (strcmp(path, "-") == 0) {
        return false;
    }
    if (c->all_uploads || (named != SP_KIND_UNKNOWN && named != SP_KIND_PYTHON) ||
        is_data_name(name)) {
        return true;
    }
    enum sp_kind kind = sp_kind_of_bytes(bytes, &format);
    bool is_text = kind == SP_KIND_TEXT || kind == SP_KIND_PYTHON || kind == SP_KIND_EMPTY ||
                   kind == SP_KIND_JSON || kind == SP_KIND_SCRIPT;
    /* What is called .py is read as Python, and refused as such if it is none. */
    return named != SP_KIND_PYTHON && !is_text;
}

static enum sp_err judge_text(struct check *c, struct sp_slice bytes, struct sp_buf *code,
                              struct check_result *result)
{
    struct sp_where where = {0};
    /* A file is what Python itself would run; only text from a pipe may be a cell. */
    struct sp_policy policy = c->policy;
    policy.is_cell = policy.is_cell && !sp_slice_ends(sp_slice_of(result->path), ".py");
    enum sp_err err = sp_python_source(bytes, code, &where);
    if (err == SP_ERR_UNSUPPORTED || err == SP_ERR_UTF8) {
        deny_encoding(c->judgement, where.text);
    } else {
        SP_TRY(err);
        SP_TRY(judge_for(c, code->len));
        sp_judge_run(c->judge, &policy, sp_buf_slice(code), c->judgement);
        result->facts = sp_judge_facts(c->judge);
    }
    result->code = sp_buf_slice(code);
    return SP_OK;
}

static enum sp_err check_file(struct check *c, const char *path)
{
    SP_AUTO_BUF struct sp_buf file;
    SP_AUTO_BUF struct sp_buf code;
    struct sp_upload_facts facts = {.module_count = 0};
    sp_buf_init(&file, FILE_BYTES_MAX);
    sp_buf_init(&code, 2 * FILE_BYTES_MAX);
    SP_TRY(read_path(path, &file));
    struct check_result result = {
        .path = path, .policy = c->policy.name, .judgement = c->judgement};
    if (is_upload(c, path, sp_buf_slice(&file))) {
        sp_upload_run(c->upload, &c->policy, sp_kind_base_name(sp_slice_of(path)),
                      sp_buf_slice(&file), c->judgement, &facts);
        result.modules = facts.modules;
    } else {
        SP_TRY(judge_text(c, sp_buf_slice(&file), &code, &result));
    }
    c->files++;
    c->has_denied = c->has_denied || c->judgement->verdict != SP_VERDICT_ALLOW;
    SP_TRY(report(c, &result));
    return flush(c);
}

/* On a terminal, and when there is much to do, how far it has come. */
static void show_progress(const struct check *c)
{
    if (c->has_progress && c->files % PROGRESS_FILES == 0) {
        (void)fprintf(stderr, "\r%u files ", c->files);
    }
}

static void check_one(struct check *c, const char *path)
{
    enum sp_err err = check_file(c, path);
    if (err != SP_OK) {
        c->has_failed = true;
        (void)fprintf(stderr, "sallyport check: %s: %s\n", path,
                      err == SP_ERR_NOT_FOUND ? "the file cannot be opened" : sp_err_text(err));
    }
    show_progress(c);
}

/* ---- folders ---- */

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void check_path(struct check *c, char *path)
{
    char *const roots[] = {path, NULL};
    FTS *walk = strcmp(path, "-") == 0
                    ? NULL
                    : fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    if (walk == NULL) {
        check_one(c, path);
        return;
    }
    for (const FTSENT *entry = fts_read(walk); entry != NULL; entry = fts_read(walk)) {
        bool is_given = entry->fts_level == FTS_ROOTLEVEL && entry->fts_info != FTS_D &&
                        entry->fts_info != FTS_DP;
        struct sp_slice name = sp_slice_of(entry->fts_name);
        bool is_wanted =
            entry->fts_info == FTS_F &&
            (c->all_uploads || sp_slice_ends(name, ".py") || sp_slice_ends(name, ".ipynb"));
        if (is_given || is_wanted) {
            check_one(c, entry->fts_path);
        }
    }
    (void)fts_close(walk);
}

/* ---- the whole ---- */

static int prepare(struct check *c)
{
    struct sp_where where = {0};
    c->judgement = calloc(1, sizeof(*c->judgement));
    if (c->judgement == NULL || sp_table_builtin(&c->table, &where) != SP_OK) {
        return usage("the table of capabilities cannot be read:", where.text);
    }
    enum sp_err err = sp_policy_open(sp_slice_of(c->policy_name), &c->policy, &where);
    if (err == SP_OK) {
        err = judge_for(c, JUDGE_BYTES);
    }
    if (err == SP_OK) {
        err = sp_judge_test(c->judge, &c->policy, &where);
    }
    if (err == SP_OK) {
        return SP_EXIT_DONE;
    }
    if (where.line > 0) {
        (void)fprintf(stderr, "%s:%u:%u: %s\n", c->policy_name, where.line, where.column,
                      where.text);
    } else {
        (void)fprintf(stderr, "sallyport check: %s: %s\n", c->policy_name,
                      where.text[0] != '\0' ? where.text : sp_err_text(err));
    }
    return SP_EXIT_USAGE;
}

static enum sp_err check_all(struct check *c, char **paths, int count)
{
    if (c->format == CHECK_SARIF) {
        SP_TRY(check_sarif_start(&c->out));
    }
    for (int i = 0; i < count; i++) {
        check_path(c, paths[i]);
    }
    if (c->format == CHECK_SARIF) {
        SP_TRY(check_sarif_end(&c->out));
    } else if (c->format == CHECK_JSON) {
        SP_TRY(sp_buf_put_text(&c->out, c->is_first ? "[]\n" : "]\n"));
    }
    return flush(c);
}

static void done(struct check *c)
{
    sp_upload_free(c->upload);
    sp_judge_free(c->judge);
    sp_policy_done(&c->policy);
    sp_table_done(&c->table);
    free(c->judgement);
    sp_buf_done(&c->out);
}

static int explain(struct check *c)
{
    if (check_explain(&c->out, sp_slice_of(c->explain)) != SP_OK) {
        const char *text = NULL;
        (void)fprintf(stderr, "sallyport check: there is no rule '%s'; the rules are:\n",
                      c->explain);
        for (size_t i = 0; check_rule(i, &text) != NULL; i++) {
            (void)fprintf(stderr, "  %s\n", check_rule(i, &text));
        }
        return SP_EXIT_USAGE;
    }
    return flush(c) == SP_OK ? SP_EXIT_DONE : SP_EXIT_USAGE;
}

static int run(struct check *c, char **paths, int count)
{
    int status = prepare(c);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    enum sp_err err = check_all(c, paths, count);
    if (c->has_progress && c->files >= PROGRESS_FILES) {
        (void)fprintf(stderr, "\r%u files\n", c->files);
    }
    if (err != SP_OK || c->has_failed) {
        return SP_EXIT_USAGE;
    }
    return c->has_denied ? SP_EXIT_DENIED : SP_EXIT_DONE;
}

int sp_command_check(int argc, char **argv)
{
    struct check c = {
        .policy_name = "data-science", .is_first = true, .has_color = isatty(STDOUT_FILENO) == 1};
    /* Where the findings themselves go to the terminal they are progress enough. */
    c.has_progress = isatty(STDERR_FILENO) == 1 && !c.has_color;
    int paths = 0;
    sp_buf_init(&c.out, OUTPUT_BYTES_MAX);
    int status = parse(&c, argc, argv, &paths);
    if (status == SP_EXIT_DONE && c.wants_help) {
        (void)fputs(help, stdout);
    } else if (status == SP_EXIT_DONE && c.explain != NULL) {
        status = explain(&c);
    } else if (status == SP_EXIT_DONE && paths == 0) {
        status = usage("a file, a folder or - must be given", "");
    } else if (status == SP_EXIT_DONE) {
        status = run(&c, argv, paths);
    }
    done(&c);
    return status;
}
