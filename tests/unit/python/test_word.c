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

static unsigned find(struct sp_slice name)
{
    return sp_word_find(name.ptr, name.len, sp_word_head(name.ptr, name.len));
}

static void test_every_word_is_found_and_no_other(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SP_COUNT(words); i++) {
        struct sp_slice word = sp_slice_of(words[i]);
        assert_int_equal(find(word), i + 1);
        assert_int_equal(find(sp_slice_sub(word, 0, word.len - 1)), SP_WORD_PLAIN);
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
        assert_int_equal(find(name), SP_WORD_PLAIN);
    }
}

static void test_bytes_behind_a_name_have_no_say(void **state)
{
    static const uint8_t text[] = "continue";
    static const uint8_t longer[] = "continued";
    static const uint8_t inside[] = "if((((((";
    (void)state;
    assert_int_equal(sp_word_find(text, 8, sp_load_u64(text)), SP_WORD_CONTINUE);
    assert_int_equal(sp_word_find(longer, 9, sp_load_u64(longer)), SP_WORD_PLAIN);
    assert_int_equal(sp_word_find(inside, 2, sp_load_u64(inside)), SP_WORD_IF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_word_is_found_and_no_other),
        cmocka_unit_test(test_a_change_of_one_letter_makes_a_name),
        cmocka_unit_test(test_bytes_behind_a_name_have_no_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
