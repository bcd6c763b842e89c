/* sallyport policy list | show | test | diff: the rules themselves, before anybody is judged by them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command/command.h"
#include "command/hint.h"
#include "command/policy_inner.h"

static const char help[] =
    "usage: sallyport policy list\n"
    "       sallyport policy show NAME|FILE\n"
    "       sallyport policy test [NAME|FILE...]\n"
    "       sallyport policy diff A B\n"
    "\n"
    "list    the policies that are part of the program, each with its digest\n"
    "show    everything that a policy means, without extends, and its digest\n"
    "test    runs the [[test]] examples; without a name those of every policy of list\n"
    "diff    what B allows less and more than A, and the examples of both that\n"
    "        end differently\n"
    "\n"
    "  -h, --help   this text\n"
    "\n"
    "Exit status: 0 done, or no difference; 1 a test fails, or there is a difference;\n"
    "2 usage or policy error.\n";

static int usage(const char *what, const char *detail)
{
    (void)fprintf(stderr, "sallyport policy: %s%s%s\nTry 'sallyport policy --help'.\n", what,
                  *detail == '\0' ? "" : " ", detail);
    return SP_EXIT_USAGE;
}

static int list(struct policy_desk *desk)
{
    for (size_t i = 0; sp_policy_builtin(i) != NULL; i++) {
        int status = policy_list_one(desk, sp_policy_builtin(i));
        if (status != SP_EXIT_DONE) {
            return status;
        }
    }
    return SP_EXIT_DONE;
}

static int test(struct policy_desk *desk, char **names, int count)
{
    int worst = SP_EXIT_DONE;
    for (int i = 0; i < count; i++) {
        int status = policy_test_one(desk, names[i]);
        worst = status > worst ? status : worst;
    }
    for (size_t i = 0; count == 0 && sp_policy_builtin(i) != NULL; i++) {
        int status = policy_test_one(desk, sp_policy_builtin(i));
        worst = status > worst ? status : worst;
    }
    return worst;
}

static int run(struct policy_desk *desk, const char *action, char **names, int count)
{
    if (strcmp(action, "list") == 0) {
        return count == 0 ? list(desk) : usage("list takes no name:", names[0]);
    }
    if (strcmp(action, "show") == 0) {
        return count == 1 ? policy_show(desk, names[0])
                          : usage("show takes the name or the file of one policy", "");
    }
    if (strcmp(action, "test") == 0) {
        return test(desk, names, count);
    }
    if (strcmp(action, "diff") == 0) {
        return count == 2 ? policy_diff(desk, names[0], names[1])
                          : usage("diff takes two policies", "");
    }
    return sp_hint("policy", help, "there is no action", action);
}

int sp_command_policy(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
            (void)fputs(help, stdout);
            return SP_EXIT_DONE;
        }
        if (argv[i][0] == '-') {
            return sp_hint("policy", help, "cannot make sense of", argv[i]);
        }
    }
    if (argc < 2) {
        return usage("say list, show, test or diff", "");
    }
    struct policy_desk desk;
    int status = policy_desk_init(&desk, isatty(STDOUT_FILENO) == 1);
    if (status == SP_EXIT_DONE) {
        status = run(&desk, argv[1], argv + 2, argc - 2);
    }
    policy_desk_done(&desk);
    return status;
}
