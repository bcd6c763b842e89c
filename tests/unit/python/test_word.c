#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"
#include "python/word.h"

static const char *const words[] = {
#define AS_TEXT(name, text, first, last) text,
    SP_WORDS(AS_TEXT)
#undef AS_TEXT
};

static void test_every_word_is_found_and_no_other(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SP_COUNT(words); i++) {
        struct sp_slice word = sp_slice_of(words[i]);
        assert_int_equal(sp_word_find(word.ptr, word.len), i + 1);
        assert_int_equal(sp_word_find(word.ptr, word.len - 1), SP_WORD_PLAIN);
    }
}

static void test_a_change_of_one_letter_makes_a_name(void **state)
{
    static const char *const names[] = {"match",  "case",   "type", "_",      "print", "iff",
                                        "Import", "imporT", "fro_", "lambdb", "nont",  "Yield",
                                        "x",      "ab",     "exec", "true",   "none",  "continuf"};
    (void)state;
    for (unsigned i = 0; i < SP_COUNT(names); i++) {
        struct sp_slice name = sp_slice_of(names[i]);
        assert_int_equal(sp_word_find(name.ptr, name.len), SP_WORD_PLAIN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_word_is_found_and_no_other),
        cmocka_unit_test(test_a_change_of_one_letter_makes_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
