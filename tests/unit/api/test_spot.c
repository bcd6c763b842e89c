/* spot: the many spellings of one name, and what would lead out of /mnt/data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/spot.h"

static const struct {
    const char *path;
    const char *name;
    const char *directory; /* NULL: refused */
    const char *want;
} cases[] = {
    {"", "a.txt", "", "a.txt"},
    {"", "/mnt/data/a.txt", "", "a.txt"},
    {"", "mnt/data/a.txt", "", "a.txt"},
    {"/", "a.txt", "", "a.txt"},
    {"/mnt/data", "a.txt", "", "a.txt"},
    {"/mnt/data/", "/mnt/data/a.txt", "", "a.txt"},
    {"/mnt/data/x/y", "a.txt", "x/y", "a.txt"},
    {"x", "y/a.txt", "x/y", "a.txt"},
    {"/x//y/", "a.txt", "x/y", "a.txt"},
    {"", "//a.txt", "", "a.txt"},
    {"", "mnt/other/a.txt", "mnt/other", "a.txt"},
    {"", "caf\xC3\xA9 - @$&=;,#%^().txt", "", "caf\xC3\xA9 - @$&=;,#%^().txt"},
    {"", "...", "", "..."},
    {"", ".hidden", "", ".hidden"},
    {"", "", NULL, NULL},
    {"a", "", NULL, NULL},
    {"", "/", NULL, NULL},
    {"", "/mnt/data", NULL, NULL},
    {"", "/mnt/data/", NULL, NULL},
    {"", "a/", NULL, NULL},
    {"", "..", NULL, NULL},
    {"", "../a", NULL, NULL},
    {"", "a/../b", NULL, NULL},
    {"", "./a", NULL, NULL},
    {"..", "a", NULL, NULL},
    {"/mnt/data/../../etc", "passwd", NULL, NULL},
    {"", "a\nb", NULL, NULL},
    {"", "a\x7F", NULL, NULL},
    {"", "a\\b", NULL, NULL},
    {"", "a\xFF", NULL, NULL},
    {"1/2/3/4/5/6/7/8", "9/10/11/12/13/14/15/16", "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15", "16"},
    {"1/2/3/4/5/6/7/8", "9/10/11/12/13/14/15/16/17", NULL, NULL},
};

static void test_names_of_files(void **state)
{
    SP_AUTO_BUF struct sp_buf scratch;
    (void)state;
    sp_buf_init(&scratch, SP_SPOT_BYTES_MAX);
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_spot place = {.name = SP_SLICE_LITERAL("untouched")};
        struct sp_where where = {0};
        print_message("'%s' + '%s'\n", cases[i].path, cases[i].name);
        enum sp_err err = sp_spot_of_file(sp_slice_of(cases[i].path), sp_slice_of(cases[i].name),
                                          &scratch, &place, &where);
        assert_int_equal(err, cases[i].directory != NULL ? SP_OK : SP_ERR_FILE_NAME);
        if (err != SP_OK) {
            assert_true(where.text[0] != '\0' && sp_slice_is(place.name, "untouched"));
            continue;
        }
        assert_true(sp_slice_is(place.directory, cases[i].directory));
        assert_true(sp_slice_is(place.name, cases[i].want));
        assert_true(sp_spot_is_clean(&place));
    }
}

static void test_directories(void **state)
{
    SP_AUTO_BUF struct sp_buf scratch;
    struct sp_spot place = {.name = {NULL, 0}};
    (void)state;
    sp_buf_init(&scratch, SP_SPOT_BYTES_MAX);
    assert_int_equal(sp_spot_of_directory(sp_slice_of("/mnt/data"), &scratch, &place, NULL), SP_OK);
    assert_true(place.directory.len == 0 && place.name.len == 0);
    assert_int_equal(sp_spot_of_directory(sp_slice_of("/a//b/"), &scratch, &place, NULL), SP_OK);
    assert_true(sp_slice_is(place.directory, "a/b"));
    assert_int_equal(sp_spot_of_directory(sp_slice_of("a/../b"), &scratch, &place, NULL),
                     SP_ERR_FILE_NAME);
}

static void test_length_of_parts_and_of_all(void **state)
{
    static char text[SP_SPOT_BYTES_MAX + 2];
    SP_AUTO_BUF struct sp_buf scratch;
    struct sp_spot place = {.name = {NULL, 0}};
    (void)state;
    sp_buf_init(&scratch, SP_SPOT_BYTES_MAX);
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = i % 256 == 255 ? '/' : 'a';
    }
    struct sp_slice none = {NULL, 0};
    assert_int_equal(sp_spot_of_file(none, sp_slice_make(text, 255), &scratch, &place, NULL),
                     SP_OK);
    text[255] = 'a';
    assert_int_equal(sp_spot_of_file(none, sp_slice_make(text, 256), &scratch, &place, NULL),
                     SP_ERR_FILE_NAME);
    text[255] = '/';
    assert_int_equal(
        sp_spot_of_file(none, sp_slice_make(text, SP_SPOT_BYTES_MAX - 1), &scratch, &place, NULL),
        SP_OK);
    assert_int_equal(
        sp_spot_of_file(none, sp_slice_make(text, SP_SPOT_BYTES_MAX + 1), &scratch, &place, NULL),
        SP_ERR_FILE_NAME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_files),
        cmocka_unit_test(test_directories),
        cmocka_unit_test(test_length_of_parts_and_of_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
