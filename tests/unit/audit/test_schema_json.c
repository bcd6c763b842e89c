#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "audit/schema_json.h"
#include "codec/json.h"

#define PAGE_MAX ((size_t)256 * 1024)

/* To write the file anew: SP_WRITE_SCHEMA=1 build/.../audit_test_schema_json. */
static void test_the_file_for_programs_is_what_the_table_says(void **state)
{
    static char page[PAGE_MAX];
    SP_AUTO_BUF struct sp_buf want;
    (void)state;
    sp_buf_init(&want, PAGE_MAX);
    assert_int_equal(sp_schema_json(&want), SP_OK);
    if (getenv("SP_WRITE_SCHEMA") != NULL) {
        FILE *out = fopen(SP_SOURCE_DIR "/docs/log-entry.schema.json", "we");
        assert_non_null(out);
        assert_int_equal(fwrite(want.ptr, 1, want.len, out), want.len);
        assert_int_equal(fclose(out), 0);
    }
    FILE *file = fopen(SP_SOURCE_DIR "/docs/log-entry.schema.json", "re");
    assert_non_null(file);
    const size_t len = fread(page, 1, sizeof(page), file);
    (void)fclose(file);
    assert_int_equal(len, want.len);
    assert_memory_equal(page, want.ptr, len);
}

static void test_it_is_json_with_every_kind(void **state)
{
    static const struct sp_json_limits limits = {
        .bytes_max = PAGE_MAX, .depth_max = 12, .nul = SP_JSON_NUL_REFUSED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    SP_AUTO_BUF struct sp_buf text;
    (void)state;
    sp_buf_init(&text, PAGE_MAX);
    assert_int_equal(sp_schema_json(&text), SP_OK);
    assert_int_equal(sp_json_parse(sp_slice_make(text.ptr, text.len - 1), &limits, &doc, NULL),
                     SP_OK);
    assert_true(sp_json_count(sp_json_get(sp_json_root(doc), "oneOf")) >= 13);
}

/* Two people who add a member each must not meet in one line. */
static void test_every_member_has_a_line(void **state)
{
    SP_AUTO_BUF struct sp_buf text;
    size_t longest = 0;
    (void)state;
    sp_buf_init(&text, PAGE_MAX);
    assert_int_equal(sp_schema_json(&text), SP_OK);
    for (size_t at = 0, end; at < text.len; at = end + 1) {
        end = sp_slice_find(sp_buf_slice(&text), at, '\n');
        longest = end - at > longest ? end - at : longest;
    }
    assert_in_range(longest, 80, 600); /* findings, with their own members, are the longest */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_file_for_programs_is_what_the_table_says),
        cmocka_unit_test(test_it_is_json_with_every_kind),
        cmocka_unit_test(test_every_member_has_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
