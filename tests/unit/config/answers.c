#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "answers.h"
#include "config/config.h"

void expect_answers(const struct answer *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        SP_AUTO_CONFIG struct sp_config *config = NULL;
        struct sp_where where = {.text = ""};
        enum sp_err err = sp_config_parse(sp_slice_of(cases[i].in), NULL, &config, &where);
        print_message("%s: %s\n", cases[i].name, where.text);
        assert_int_equal(err, cases[i].text == NULL ? SP_OK : SP_ERR_CONFIG);
        if (cases[i].text != NULL) {
            assert_true(sp_slice_starts(sp_slice_of(where.text), cases[i].text));
            assert_true(where.line > 0);
        }
    }
}
