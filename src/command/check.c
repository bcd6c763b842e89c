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
#include "python/source.h"

#define FILE_BYTES_MAX   ((size_t)16 * 1024 * 1024)
#define OUTPUT_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define JUDGE_BYTES      ((size_t)1024 * 1024)

static const char help[] =
    "usage: sallyport check [--policy NAME|FILE] [--format text|json|sarif] PATH...|-\n"
    "       sallyport check --explain RULE\n"
    "\n"
    "Judges Python files as the gateway would, without running them. In a folder every .py file is "
    "read;\n"
    "- is the standard input.\n"
    "\n"
    "  -p, --policy NAME|FILE   data-science (the default), strict, record-only, or a TOML file\n"
    "  -f, --format FORMAT      text, json (an array with an object a file) or sarif\n"
    "      --explain RULE       says what a rule is about\n"
    "  -h, --help               this text\n"
    "\n"
    "Exit status: 0 all allowed, 1 something is denied, 2 usage or policy error.\n";

struct check {
    const char *policy_name;
    const char *explain;
    enum check_format format;
    bool wants_help;
    bool has_color;
    bool is_first;
    bool has_denied;
    bool has_failed;
    unsigned files;
    struct sp_table table;
    struct sp_policy policy;
    struct sp_judge *judge;
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
    if (strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0) {
        c->wants_help = true;
        return SP_EXIT_DONE;
    }
    return usage("cannot make sense of", argument);
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
        SP_TRY(sp_buf_reserve(out, 64 * 1024, &room));
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
    sp_judge_free(c->judge);
    c->judge = NULL;
    c->judge_bytes = len < JUDGE_BYTES ? JUDGE_BYTES : len;
    return sp_judge_new(&c->table, c->judge_bytes, &c->judge);
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

static enum sp_err check_file(struct check *c, const char *path)
{
    SP_AUTO_BUF struct sp_buf file;
    SP_AUTO_BUF struct sp_buf code;
    struct sp_where where = {0};
    sp_buf_init(&file, FILE_BYTES_MAX);
    sp_buf_init(&code, 2 * FILE_BYTES_MAX);
    SP_TRY(read_path(path, &file));
    struct check_result result = {
        .path = path, .policy = c->policy.name, .judgement = c->judgement};
    /* A file is what Python itself would run; only text from a pipe may be a cell. */
    struct sp_policy policy = c->policy;
    policy.is_cell = policy.is_cell && !sp_slice_ends(sp_slice_of(path), ".py");
    enum sp_err err = sp_python_source(sp_buf_slice(&file), &code, &where);
    if (err == SP_ERR_UNSUPPORTED || err == SP_ERR_UTF8) {
        deny_encoding(c->judgement, where.text);
    } else {
        SP_TRY(err);
        SP_TRY(judge_for(c, code.len));
        sp_judge_run(c->judge, &policy, sp_buf_slice(&code), c->judgement);
        result.facts = sp_judge_facts(c->judge);
    }
    result.code = sp_buf_slice(&code);
    c->files++;
    c->has_denied = c->has_denied || c->judgement->verdict != SP_VERDICT_ALLOW;
    SP_TRY(report(c, &result));
    return flush(c);
}

static void check_one(struct check *c, const char *path)
{
    enum sp_err err = check_file(c, path);
    if (err != SP_OK) {
        c->has_failed = true;
        (void)fprintf(stderr, "sallyport check: %s: %s\n", path,
                      err == SP_ERR_NOT_FOUND ? "the file cannot be opened" : sp_err_text(err));
    }
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
        bool is_python =
            entry->fts_info == FTS_F && sp_slice_ends(sp_slice_of(entry->fts_name), ".py");
        if (is_given || is_python) {
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
    if (err != SP_OK || c->has_failed) {
        return SP_EXIT_USAGE;
    }
    return c->has_denied ? SP_EXIT_DENIED : SP_EXIT_DONE;
}

int sp_command_check(int argc, char **argv)
{
    struct check c = {
        .policy_name = "data-science", .is_first = true, .has_color = isatty(STDOUT_FILENO) == 1};
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
