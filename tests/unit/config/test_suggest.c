/* "did you mean": near words are offered, far ones are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/row.h"

struct suggest_case {
    const char *word;
    const char *best; /* NULL: none */
};

static const struct suggest_case suggest_cases[] = {
    {"listen", "listen"},          {"lisen", "listen"},
    {"listne", "listen"},          {"Listen", "listen"},
    {"state_", "state"},           {"stat", "state"},
    {"connection", "connections"}, {"x", NULL},
    {"completely_other", NULL},    {"", NULL},
};

static void test_the_nearest_word_is_offered_when_it_is_near(void **state)
{
    (void)state;
    static const char *const words[] = {"listen", "state", "connections",
                                        "connections_per_address"};
    for (size_t i = 0; i < SP_COUNT(suggest_cases); i++) {
        print_message("  '%s'\n", suggest_cases[i].word);
        struct sp_config_suggestion s;
        sp_config_suggest_init(&s, sp_slice_of(suggest_cases[i].word));
        for (size_t k = 0; k < SP_COUNT(words); k++) {
            sp_config_suggest_offer(&s, words[k]);
        }
        if (suggest_cases[i].best == NULL) {
            assert_null(s.best);
        } else {
            assert_string_equal(s.best, suggest_cases[i].best);
        }
    }
}

static void test_a_very_long_word_is_left_alone(void **state)
{
    (void)state;
    uint8_t word[200] = {0};
    struct sp_config_suggestion s;
    sp_config_suggest_init(&s, sp_slice_make(word, sizeof(word)));
    sp_config_suggest_offer(&s, "listen");
    assert_null(s.best);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_nearest_word_is_offered_when_it_is_near),
        cmocka_unit_test(test_a_very_long_word_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
