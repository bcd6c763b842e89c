#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "python/source.h"

static void test_source_decodes_as_cpython(void **state)
{
    static const struct {
        const char *file;
        const char *want; /* NULL: refused with the error below */
        enum sp_err err;
    } rows[] = {
        {"x = 1\n", "x = 1\n", SP_OK},
        {"\xef\xbb\xbfx", "x", SP_OK},
        {"\xef\xbb\xbf# coding: utf-8\n", "# coding: utf-8\n", SP_OK},
        {"# -*- coding: latin-1 -*-\n'\xe9'", "# -*- coding: latin-1 -*-\n'\xc3\xa9'", SP_OK},
        {"#!/usr/bin/python\n# vim: set fileencoding=ISO_8859-1 :\n\xe9",
         "#!/usr/bin/python\n# vim: set fileencoding=ISO_8859-1 :\n\xc3\xa9", SP_OK},
        {"\n# coding: ascii\nx", "\n# coding: ascii\nx", SP_OK},
        {"x = 1\n# coding: utf-7\n", "x = 1\n# coding: utf-7\n", SP_OK},
        {"\n\n# coding: utf-7\n", "\n\n# coding: utf-7\n", SP_OK},
        {"# coding: utf-8-unix\n", "# coding: utf-8-unix\n", SP_OK},
        {"# coding: Latin_1-dos\n\xe9", "# coding: Latin_1-dos\n\xc3\xa9", SP_OK},
        {"# coding: iso-8859-15\n", NULL, SP_ERR_UNSUPPORTED},
        {"# coding: utf8-unix\n", NULL, SP_ERR_UNSUPPORTED},
        {"# coding: utf-7\n", NULL, SP_ERR_UNSUPPORTED},
        {"#\n#coding=unicode_escape\n", NULL, SP_ERR_UNSUPPORTED},
        {"\r# coding: utf-16\r", NULL, SP_ERR_UNSUPPORTED},
        {"\xef\xbb\xbf# coding: latin-1\n", NULL, SP_ERR_UNSUPPORTED},
        {"# coding: ascii\n\xe9", NULL, SP_ERR_UTF8},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        SP_AUTO_BUF struct sp_buf out;
        struct sp_where where = {0};
        sp_buf_init(&out, 4096);
        enum sp_err err = sp_python_source(sp_slice_of(rows[i].file), &out, &where);
        if (err != rows[i].err) {
            print_error("%s\n", rows[i].file);
        }
        assert_int_equal(err, rows[i].err);
        if (rows[i].want != NULL) {
            assert_true(sp_slice_is(sp_buf_slice(&out), rows[i].want));
        } else {
            assert_true(where.text[0] != '\0');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_source_decodes_as_cpython)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
