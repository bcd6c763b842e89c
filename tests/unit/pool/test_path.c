#include "pool/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TEN "0123456789"

static void test_paths_become_one_form(void **state)
{
    static const struct {
        const char *path;
        enum sp_pool_path_kind kind;
        enum sp_err want;
        const char *made;
    } cases[] = {
        {"a.txt", SP_POOL_PATH_NEW_FILE, SP_OK, "a.txt"},
        {"/mnt/data/a.txt", SP_POOL_PATH_NEW_FILE, SP_OK, "a.txt"},
        {"/mnt/data", SP_POOL_PATH_ANY, SP_OK, ""},
        {"/mnt/datax", SP_POOL_PATH_ANY, SP_OK, "mnt/datax"},
        {"/", SP_POOL_PATH_ANY, SP_OK, ""},
        {"", SP_POOL_PATH_ANY, SP_OK, ""},
        {"//a//b/", SP_POOL_PATH_ANY, SP_OK, "a/b"},
        {"a b-c_d@$&=;,#%^()", SP_POOL_PATH_NEW_FILE, SP_OK, "a b-c_d@$&=;,#%^()"},
        {"\xc3\xa9t\xc3\xa9.csv", SP_POOL_PATH_NEW_FILE, SP_OK, "\xc3\xa9t\xc3\xa9.csv"},
        {"a.b/c.txt", SP_POOL_PATH_ANY, SP_OK, "a.b/c.txt"},
        {"a.b/c.txt", SP_POOL_PATH_NEW_FILE, SP_ERR_FILE_NAME, ""},
        {"a.b", SP_POOL_PATH_NEW_DIRECTORY, SP_ERR_FILE_NAME, ""},
        {"a*b", SP_POOL_PATH_NEW_FILE, SP_ERR_FILE_NAME, ""},
        {"a*b", SP_POOL_PATH_ANY, SP_OK, "a*b"},
        {"..", SP_POOL_PATH_ANY, SP_ERR_FILE_NAME, ""},
        {"a/../b", SP_POOL_PATH_ANY, SP_ERR_FILE_NAME, ""},
        {".", SP_POOL_PATH_ANY, SP_ERR_FILE_NAME, ""},
        {"...", SP_POOL_PATH_ANY, SP_OK, "..."},
        {"a\nb", SP_POOL_PATH_ANY, SP_ERR_FILE_NAME, ""},
        {"a\x7f", SP_POOL_PATH_ANY, SP_ERR_FILE_NAME, ""},
        {"\xc2\x80", SP_POOL_PATH_ANY, SP_ERR_FILE_NAME, ""},
        {"\xff", SP_POOL_PATH_ANY, SP_ERR_FILE_NAME, ""},
        {TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
             TEN "x",
         SP_POOL_PATH_ANY, SP_ERR_FILE_NAME, ""},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, SP_FILE_PATH_MAX);
        enum sp_err err = sp_pool_path_add(sp_slice_of(cases[i].path), cases[i].kind, &out);
        if (err != cases[i].want ||
            (err == SP_OK && !sp_slice_is(sp_buf_slice(&out), cases[i].made))) {
            fail_msg("%s: %s, %.*s", cases[i].path, sp_err_name(err), (int)out.len,
                     (const char *)out.ptr);
        }
    }
}

static void test_name_is_added_behind_a_directory(void **state)
{
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, 7);
    assert_int_equal(sp_pool_path_add(sp_slice_of("a"), SP_POOL_PATH_NEW_DIRECTORY, &out), SP_OK);
    assert_int_equal(sp_pool_path_add(sp_slice_of("b.txt"), SP_POOL_PATH_NEW_FILE, &out), SP_OK);
    assert_true(sp_slice_is(sp_buf_slice(&out), "a/b.txt"));
    assert_int_equal(sp_pool_path_add(sp_slice_of("c"), SP_POOL_PATH_ANY, &out), SP_ERR_FILE_NAME);
}

static void test_type_follows_the_end_of_the_name(void **state)
{
    (void)state;
    assert_string_equal(sp_pool_path_type(sp_slice_of("a.CSV")), "text/csv");
    assert_string_equal(sp_pool_path_type(sp_slice_of("a.png")), "image/png");
    assert_string_equal(sp_pool_path_type(sp_slice_of(".png")), "application/octet-stream");
    assert_string_equal(sp_pool_path_type(sp_slice_of("png")), "application/octet-stream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_become_one_form),
        cmocka_unit_test(test_name_is_added_behind_a_directory),
        cmocka_unit_test(test_type_follows_the_end_of_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
