/* hint: the option or the action that a mistyped word stands for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "command/hint.h"

static const char help[] = "usage: sallyport files put    --session ID FILE...\n"
                           "       sallyport files get|list [-o WHERE]\n"
                           "       sallyport audit verify\n"
                           "Moves files. See also --a-word-that-is-longer-than-any-option-may-be.\n"
                           "  -s, --session ID   the session\n"
                           "  -f, --force        replaces a file (--path DIR is below)";

static void test_hint_knows_what_was_meant(void **state)
{
    static const struct {
        const char *word;
        const char *want;
    } cases[] = {
        {"--sesion", "--session"},
        {"--sessions", "--session"},
        {"--forse", "--force"},
        {"--pth", "--path"},
        {"--endpoint", ""},
        {"--", ""},
        {"pt", "put"},
        {"lst", "list"},
        {"gett", "get"},
        {"verify", ""},
        {"session", ""},
        {"-s", ""},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        char got[SP_HINT_BYTES_MAX];
        sp_hint_find("files", help, cases[i].word, got);
        print_message("%s\n", cases[i].word);
        assert_string_equal(got, cases[i].want);
    }
}

static void test_hint_of_another_command_is_none(void **state)
{
    char got[SP_HINT_BYTES_MAX];
    (void)state;
    sp_hint_find("audit", help, "verfy", got);
    assert_string_equal(got, "verify");
    sp_hint_find("token", help, "verfy", got);
    assert_string_equal(got, "");
    sp_hint_find("a-command-with-a-name-over-its-limit", help, "verfy", got);
    assert_string_equal(got, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hint_knows_what_was_meant),
        cmocka_unit_test(test_hint_of_another_command_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
