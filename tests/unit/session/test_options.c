#include "session/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/session_frame.h"

static enum sp_err read_one(const char *name, const char *value, struct sp_session_options *out)
{
    char *argv[] = {(char *)(uintptr_t) "sallyport-session", (char *)(uintptr_t)name,
                    (char *)(uintptr_t)value, NULL};
    return sp_session_options_read(value == NULL ? 2 : 3, argv, out);
}

static void test_defaults_are_those_of_the_configuration(void **state)
{
    struct sp_session_options options;
    char *argv[] = {(char *)(uintptr_t) "sallyport-session", NULL};
    (void)state;
    assert_int_equal(sp_session_options_read(1, argv, &options), SP_OK);
    assert_true(options.limits.memory_bytes == (uint64_t)1024 * 1024 * 1024);
    assert_int_equal(options.limits.processes, 64);
    assert_true(options.given_up == 0);
}

static void test_options_and_their_refused_neighbours(void **state)
{
    static const struct {
        const char *name;
        const char *value;
        enum sp_err want;
    } cases[] = {
        {"--memory", "1048576", SP_OK},        {"--memory", "1 MiB", SP_ERR_CONFIG},
        {"--memory", NULL, SP_ERR_CONFIG},     {"--processes", "4", SP_OK},
        {"--processes", "3", SP_ERR_CONFIG},   {"--uid", "1", SP_OK},
        {"--uid", "0", SP_ERR_CONFIG},         {"--sessions", "4096", SP_OK},
        {"--sessions", "4097", SP_ERR_CONFIG}, {"--give-up", "landlock", SP_OK},
        {"--give-up", "walls", SP_ERR_CONFIG}, {"--give-up", "", SP_OK},
        {"--template-life", "1", SP_OK},       {"--template-life", "0", SP_ERR_CONFIG},
        {"--template-forks", "1", SP_OK},      {"--template-forks", "0", SP_ERR_CONFIG},
        {"--templates", "64", SP_OK},          {"--templates", "65", SP_ERR_CONFIG},
        {"--as", "template", SP_OK},           {"--as", "house", SP_ERR_CONFIG},
        {"--preload", "numpy", SP_OK},         {"--anything", "1", SP_ERR_CONFIG},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_session_options options = {.sessions_max = 77};
        enum sp_err err = read_one(cases[i].name, cases[i].value, &options);
        if (err != cases[i].want) {
            fail_msg("%s %s: %s", cases[i].name, cases[i].value, sp_err_name(err));
        }
        assert_true(err == SP_OK || options.sessions_max == 77);
    }
}

static void test_words_of_the_configuration_mean_walls(void **state)
{
    struct sp_session_options options;
    (void)state;
    assert_int_equal(read_one("--give-up", "landlock,uid,seccomp", &options), SP_OK);
    assert_true(options.given_up == (SP_WALL_BIT(SP_WALL_LANDLOCK) | SP_WALL_BIT(SP_WALL_SCOPE) |
                                     SP_WALL_BIT(SP_WALL_SECCOMP)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_are_those_of_the_configuration),
        cmocka_unit_test(test_options_and_their_refused_neighbours),
        cmocka_unit_test(test_words_of_the_configuration_mean_walls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
