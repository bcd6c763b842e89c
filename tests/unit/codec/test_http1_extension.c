/* Chunk extensions: each form that RFC 9112 allows beside a neighbour that it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/slice.h"
#include "codec/http1_extension.h"

/* `taken` bytes are taken; when that is not all of it, the next is refused. */
static const struct extension_case {
    const char *name;
    const char *in;
    size_t taken;
    bool is_over; /* all was taken, and it ended the line */
} cases[] = {
    {"a name", ";a\r", 3, true},
    {"no name", ";\r", 1, false},
    {"a name and a value", ";a=b\r", 5, true},
    {"no value", ";a=\r", 3, false},
    {"two values", ";a=b=c\r", 4, false},
    {"a quoted value", ";a=\"b c;=\"\r", 11, true},
    {"a quoted name", ";\"a\"\r", 1, false},
    {"an empty quoted value", ";a=\"\"\r", 6, true},
    {"a quote that is not closed", ";a=\"b\r", 5, false},
    {"bytes behind a quoted value", ";a=\"b\"c\r", 6, false},
    {"an escaped quote", ";a=\"\\\"\"\r", 8, true},
    {"an escaped backslash, then the end", ";a=\"\\\\\"\r", 8, true},
    {"an escaped CR", ";a=\"\\\r", 5, false},
    {"an escaped LF", ";a=\"\\\n", 5, false},
    {"a tab between quotes", ";a=\"\t\"\r", 7, true},
    {"a high byte between quotes", ";a=\"\xFF\"\r", 7, true},
    {"a high byte in a token", ";a=\xFF\r", 3, false},
    {"a control byte between quotes", ";a=\"\x01\"\r", 4, false},
    {"DEL between quotes", ";a=\"\x7F\"\r", 4, false},
    {"LF between quotes", ";a=\"\n\"\r", 4, false},
    {"LF behind a name", ";a\n", 2, false},
    {"LF behind a value", ";a=b\n", 4, false},
    {"LF behind a quoted value", ";a=\"b\"\n", 6, false},
    {"LF behind the semicolon", ";\n", 1, false},
    {"two extensions", ";a;b=c\r", 7, true},
    {"two semicolons", ";a;;b\r", 3, false},
    {"an extension behind a quoted value", ";a=\"b\";c\r", 9, true},
    {"blanks wherever they may stand", " \t; a\t=\t\"b\" ; c = d\r", 20, true},
    {"blanks and nothing behind them", "  \r", 2, false},
    {"a blank at the end of the line, behind a name", ";a \r", 3, false},
    {"a blank at the end of the line, behind a value", ";a=b \r", 5, false},
    {"a blank at the end of the line, behind quotes", ";a=\"b\" \r", 7, false},
    {"two names with a blank between", ";a b\r", 3, false},
    {"two values with a blank between", ";a=b c\r", 5, false},
    {"a sign behind a value and a blank", ";a=b =c\r", 5, false},
    {"a name that is not a token", ";a(b\r", 2, false},
    {"a value that is not a token", ";a=b,\r", 4, false},
    {"no semicolon", "a\r", 0, false},
    {"anything behind the CR", ";a\r\r", 3, false},
};

static void test_the_grammar_is_kept_to_the_letter(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        const struct sp_slice in = sp_slice_of(cases[i].in);
        enum sp_http1_extension at = SP_HTTP1_EXTENSION_GAP;
        size_t taken = 0;
        print_message("  %s\n", cases[i].name);
        while (taken < in.len) {
            const enum sp_http1_extension before = at;
            const enum sp_err err = sp_http1_extension_step(&at, in.ptr[taken]);
            if (err != SP_OK) {
                assert_int_equal(err, SP_ERR_INVALID);
                assert_int_equal(at, before);
                break;
            }
            taken++;
        }
        assert_int_equal(taken, cases[i].taken);
        assert_int_equal(taken == in.len && at == SP_HTTP1_EXTENSION_OVER, cases[i].is_over);
    }
}

static void test_nothing_but_a_visible_byte_a_blank_or_a_high_byte_gets_between_quotes(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        const bool may = byte == '\t' || (byte >= 0x20 && byte != 0x7F);
        for (int escaped = 0; escaped < 2; escaped++) {
            enum sp_http1_extension at =
                escaped == 1 ? SP_HTTP1_EXTENSION_ESCAPED : SP_HTTP1_EXTENSION_QUOTED;
            assert_int_equal(sp_http1_extension_step(&at, (uint8_t)byte),
                             may ? SP_OK : SP_ERR_INVALID);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_grammar_is_kept_to_the_letter),
        cmocka_unit_test(
            test_nothing_but_a_visible_byte_a_blank_or_a_high_byte_gets_between_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
