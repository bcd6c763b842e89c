#include <stdio.h>

#include "base/attr.h"
#include "base/slice.h"
#include "command/command.h"

struct row {
    const char *name;
    const char *help;
    int (*run)(int argc, char **argv);
};

static const struct row rows[] = {
#ifdef SP_HAS_COMMAND_serve
    {"serve", "run the gateway", sp_command_serve},
#endif
#ifdef SP_HAS_COMMAND_check
    {"check", "judge Python files by a policy, without running them", sp_command_check},
#endif
#ifdef SP_HAS_COMMAND_policy
    {"policy", "list, show, test and compare policies", sp_command_policy},
#endif
#ifdef SP_HAS_COMMAND_token
    {"token", "issue, list and revoke the tokens of tenants", sp_command_token},
#endif
#ifdef SP_HAS_COMMAND_exec
    {"exec", "run a file in a session, through the gateway", sp_command_exec},
#endif
#ifdef SP_HAS_COMMAND_files
    {"files", "put, get, list and delete files of a session", sp_command_files},
#endif
#ifdef SP_HAS_COMMAND_audit
    {"audit", "verify the log", sp_command_audit},
#endif
#ifdef SP_HAS_COMMAND_config
    {"config", "check a configuration, or show the one in force", sp_command_config},
#endif
#ifdef SP_HAS_COMMAND_version
    {"version", "print the version", sp_command_version},
#endif
};

static void print_help(FILE *to)
{
    (void)fprintf(
        to,
        "Sallyport: a gateway for untrusted Python.\n\nusage: sallyport COMMAND [ARGUMENTS]\n\n");
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        (void)fprintf(to, "  %-9s %s\n", rows[i].name, rows[i].help);
    }
    (void)fprintf(to, "\nsallyport COMMAND --help says more.\n"
                      "exit status: 0 done or allowed, 1 denied or failed, 2 usage or "
                      "configuration,\n3 unreachable\n");
}

/* How many letters have to change, with a row of the usual table at a time; names are short. */
static size_t distance(struct sp_slice a, struct sp_slice b)
{
    enum { LONGEST = 32 };
    size_t row[LONGEST + 1];
    if (a.len > LONGEST || b.len > LONGEST) {
        return LONGEST;
    }
    for (size_t k = 0; k <= b.len; k++) {
        row[k] = k;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t k = 1; k <= b.len; k++) {
            const size_t above = row[k];
            size_t best = corner + (a.ptr[i - 1] != b.ptr[k - 1]);
            best = above + 1 < best ? above + 1 : best;
            best = row[k - 1] + 1 < best ? row[k - 1] + 1 : best;
            row[k] = best;
            corner = above;
        }
    }
    return row[b.len];
}

static const char *nearest(const char *word)
{
    const char *best = NULL;
    size_t least = 3; /* two letters off is a typing mistake, three is another word */
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        const size_t off = distance(sp_slice_of(word), sp_slice_of(rows[i].name));
        if (off < least) {
            least = off;
            best = rows[i].name;
        }
    }
    return best;
}

static int refuse(const char *word)
{
    const char *suggestion = nearest(word);
    if (suggestion != NULL) {
        (void)fprintf(stderr, "sallyport: there is no command '%s'; did you mean '%s'?\n", word,
                      suggestion);
    } else {
        (void)fprintf(stderr, "sallyport: there is no command '%s'; sallyport --help lists them\n",
                      word);
    }
    return SP_EXIT_USAGE;
}

int sp_command_main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return SP_EXIT_USAGE;
    }
    const struct sp_slice word = sp_slice_of(argv[1]);
    if (sp_slice_is(word, "--help") || sp_slice_is(word, "-h") || sp_slice_is(word, "help")) {
        print_help(stdout);
        return SP_EXIT_DONE;
    }
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        if (sp_slice_is(word, rows[i].name) ||
            (sp_slice_is(word, "--version") && sp_slice_is(sp_slice_of("version"), rows[i].name))) {
            return rows[i].run(argc - 1, argv + 1);
        }
    }
    return refuse(argv[1]);
}
