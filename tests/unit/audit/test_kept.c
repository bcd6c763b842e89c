#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "audit/kept.h"

#define HEX        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define NOTE(size) "o\n" size "\n" HEX "A=\n\n\xe2\x80\x94 o " HEX HEX "AAAAAAA=\n"
#define LINE(size)                                                                                 \
    "{\"checkpoint\":\"o\\n" size "\\n" HEX "A=\\n\\n\xe2\x80\x94 o " HEX HEX                      \
    "AAAAAAA=\\n\",\"kind\":\"checkpoint\",\"size\":" size "}"
#define ENTRY "{\"index\":1,\"kind\":\"denial\"}\n"

static void test_a_note_or_the_last_checkpoint_of_a_stream(void **state)
{
    static const struct {
        const char *name;
        const char *in;
        const char *want; /* NULL: there is none */
    } cases[] = {
        {"a note", NOTE("7"), NOTE("7")},
        {"behind a key", "o+71d8c614+AXzC\n\n" NOTE("7"), NOTE("7")},
        {"behind keys", "o+71d8c614+AXzC\no+82e9d725+AXzD\n\n" NOTE("7"), NOTE("7")},
        {"a key without a note", "o+71d8c614+AXzC\n\n", NULL},
        {"a key alone", "o+71d8c614+AXzC\n", NULL},
        {"one line", LINE("7"), NOTE("7")},
        {"a stream", LINE("7") "\n" ENTRY LINE("8") "\n" ENTRY, NOTE("8")},
        {"as a collector keeps it", "Jan 31 gate sallyport - checkpoint - " LINE("9") "\n",
         NOTE("9")},
        {"a cut end", LINE("7") "\n{\"checkpoint\":\"o\\n8", NOTE("7")},
        {"one that is none is passed over", LINE("7") "\n{\"checkpoint\":\"x\"}\n", NOTE("7")},
        {"words of an entry", "{\"detail\":\"{\\\"checkpoint\\\":\\\"\",\"index\":1}\n", NULL},
        {"entries alone", ENTRY ENTRY, NULL},
        {"nothing", "", NULL},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, 4096);
        print_message("%s\n", cases[i].name);
        assert_int_equal(sp_kept_checkpoint(sp_slice_of(cases[i].in), &out),
                         cases[i].want == NULL ? SP_ERR_NOT_FOUND : SP_OK);
        assert_true(sp_slice_is(sp_buf_slice(&out), cases[i].want == NULL ? "" : cases[i].want));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_note_or_the_last_checkpoint_of_a_stream)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
