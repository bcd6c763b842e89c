#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/nearest.h"
#include "base/own.h"
#include "base/slice.h"
#include "command/command.h"

struct row {
    const char *name;
    const char *help;
    int (*run)(int argc, char **argv);
    bool splits; /* takes `--name=value` as two words; the others read it by themselves */
};

static const struct row rows[] = {
#ifdef SP_HAS_COMMAND_serve
    {"serve", "run the gateway", sp_command_serve, false},
#endif
#ifdef SP_HAS_COMMAND_check
    {"check", "judge Python files by a policy, without running them", sp_command_check, false},
#endif
#ifdef SP_HAS_COMMAND_policy
    {"policy", "list, show, test and compare policies", sp_command_policy, false},
#endif
#ifdef SP_HAS_COMMAND_token
    {"token", "issue, list and revoke the tokens of tenants", sp_command_token, false},
#endif
#ifdef SP_HAS_COMMAND_exec
    {"exec", "run a file in a session, through the gateway", sp_command_exec, true},
#endif
#ifdef SP_HAS_COMMAND_files
    {"files", "put, get, list and delete files of a session", sp_command_files, true},
#endif
#ifdef SP_HAS_COMMAND_audit
    {"audit", "verify, search, prove and export the log", sp_command_audit, true},
#endif
#ifdef SP_HAS_COMMAND_config
    {"config", "check a configuration, or show the one in force", sp_command_config, false},
#endif
#ifdef SP_HAS_COMMAND_version
    {"version", "print the version", sp_command_version, false},
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

static int refuse(const char *word)
{
    struct sp_nearest nearest = sp_nearest_start(sp_slice_of(word));
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        sp_nearest_offer(&nearest, rows[i].name);
    }
    if (nearest.best != NULL) {
        (void)fprintf(stderr, "sallyport: there is no command '%s'; did you mean '%s'?\n", word,
                      nearest.best);
    } else {
        (void)fprintf(stderr, "sallyport: there is no command '%s'; sallyport --help lists them\n",
                      word);
    }
    return SP_EXIT_USAGE;
}

/* An option's name and value in one word, cut into two where they lie. */
static int run_split(const struct row *row, int argc, char **argv)
{
    int count = 0;
    SP_AUTO_FREE char **words = calloc((size_t)argc * 2 + 1, sizeof(*words));
    if (words == NULL) {
        return SP_EXIT_DENIED;
    }
    for (int i = 0; i < argc; i++) {
        char *cut = argv[i][0] == '-' && argv[i][1] == '-' ? strchr(argv[i], '=') : NULL;
        words[count++] = argv[i];
        if (cut != NULL) {
            *cut = '\0';
            words[count++] = cut + 1;
        }
    }
    return row->run(count, words);
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
            return rows[i].splits ? run_split(&rows[i], argc - 1, argv + 1)
                                  : rows[i].run(argc - 1, argv + 1);
        }
    }
    return refuse(argv[1]);
}
