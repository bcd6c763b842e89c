#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/schema.h"

static void test_members_stand_in_the_order_of_the_alphabet(void **state)
{
    (void)state;
    for (size_t i = 0; i < sp_schema_kind_count; i++) {
        const struct sp_schema_member *member = sp_schema_kinds[i].members;
        for (; member->name != NULL && member[1].name != NULL; member++) {
            assert_true(strcmp(member->name, member[1].name) < 0);
        }
        assert_ptr_equal(sp_schema_find(sp_slice_of(sp_schema_kinds[i].name)), &sp_schema_kinds[i]);
    }
    assert_null(sp_schema_find(sp_slice_of("Start")));
}

static const char *type_name(enum sp_schema_type type)
{
    static const char *const names[] = {"text",  "number", "digest",  "exchange", "time",
                                        "state", "texts",  "digests", "findings"};
    return names[type];
}

/* The part of the page from a heading on, up to the next one. */
static char *section_of(const char *page, const char *kind)
{
    char heading[64];
    (void)snprintf(heading, sizeof(heading), "`%s`", kind);
    for (const char *at = strstr(page, "\n### "); at != NULL; at = strstr(at + 1, "\n### ")) {
        size_t line = strcspn(at + 1, "\n") + 1;
        const char *next = strstr(at + 1, "\n### ");
        if (memmem(at, line, heading, strlen(heading)) != NULL) {
            return strndup(at, next == NULL ? strlen(at) : (size_t)(next - at));
        }
    }
    return NULL;
}

static void check_section(const char *page, const struct sp_schema_kind *kind)
{
    char *section = section_of(page, kind->name);
    char *common = strndup(page, (size_t)(strstr(page, "\n### ") - page));
    char *intent = section_of(page, "intent");
    bool is_denial = strcmp(kind->name, "denial") == 0;
    print_message("%s\n", kind->name);
    assert_non_null(section);
    for (const struct sp_schema_member *member = kind->members; member->name != NULL; member++) {
        char row[96];
        (void)snprintf(row, sizeof(row), "| `%s` | %s |", member->name, type_name(member->type));
        bool is_there = strstr(section, row) != NULL || strstr(common, row) != NULL ||
                        (is_denial && strstr(intent, row) != NULL);
        if (!is_there) {
            print_error("docs/log-format.md lacks: %s\n", row);
        }
        assert_true(is_there);
    }
    free(section);
    free(common);
    free(intent);
}

static void test_the_page_for_readers_is_true(void **state)
{
    static char page[64 * 1024];
    (void)state;
    FILE *file = fopen(SP_SOURCE_DIR "/docs/log-format.md", "re");
    assert_non_null(file);
    assert_true(fread(page, 1, sizeof(page) - 1, file) > 0);
    (void)fclose(file);
    for (size_t i = 0; i < sp_schema_kind_count; i++) {
        check_section(page, &sp_schema_kinds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_stand_in_the_order_of_the_alphabet),
        cmocka_unit_test(test_the_page_for_readers_is_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
