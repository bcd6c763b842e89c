#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "admit/known.h"
#include "base/reader.h"

static struct sp_known *known;

static int start(void **state)
{
    (void)state;
    assert_int_equal(sp_known_new(&known), SP_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sp_known_free(known);
    return 0;
}

static void add(size_t tenant, const char *session, const char *module)
{
    sp_known_add(known, tenant, sp_slice_of(session), sp_slice_of(module));
}

/* How many there are, and whether `module` is one. */
static size_t count_of(const char *session, const char *module, bool *out_has)
{
    SP_AUTO_BUF struct sp_buf buf;
    struct sp_reader r;
    size_t count = 0;
    sp_buf_init(&buf, 8192);
    assert_int_equal(sp_known_put(known, sp_slice_of(session), 4096, &buf), SP_OK);
    sp_reader_init(&r, sp_buf_slice(&buf));
    *out_has = false;
    while (sp_reader_left(&r) > 0) {
        struct sp_slice name = {NULL, 0};
        assert_int_equal(sp_reader_block(&r, 64, &name), SP_OK);
        *out_has = *out_has || sp_slice_is(name, module);
        count++;
    }
    return count;
}

static void test_a_session_knows_its_own_modules_only(void **state)
{
    bool has = false;
    (void)state;
    add(0, "one", "helpers");
    add(0, "one", "helpers");
    add(0, "one", "more");
    add(1, "two", "others");
    assert_int_equal(count_of("one", "helpers", &has), 2);
    assert_true(has);
    assert_int_equal(count_of("one", "others", &has), 2);
    assert_false(has);
    assert_int_equal(count_of("three", "helpers", &has), 0);
}

static void test_what_is_deleted_is_forgotten(void **state)
{
    bool has = true;
    (void)state;
    add(0, "one", "helpers");
    add(0, "one", "more");
    sp_known_forget(known, SP_SLICE_LITERAL("one"), SP_SLICE_LITERAL("helpers"));
    assert_int_equal(count_of("one", "helpers", &has), 1);
    assert_false(has);
    sp_known_forget(known, SP_SLICE_LITERAL("one"), sp_slice_make(NULL, 0));
    assert_int_equal(count_of("one", "more", &has), 0);
}

static void test_names_that_are_too_long_are_not_kept(void **state)
{
    char name[SP_KNOWN_NAME_MAX + 2];
    bool has = false;
    (void)state;
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    add(0, "one", name);
    assert_int_equal(count_of("one", name, &has), 0);
    name[SP_KNOWN_NAME_MAX] = '\0';
    add(0, "one", name);
    assert_int_equal(count_of("one", name, &has), 1);
    assert_true(has);
}

static void test_a_session_keeps_its_newest(void **state)
{
    char name[16];
    bool has = true;
    (void)state;
    for (unsigned i = 0; i < SP_KNOWN_SESSION_MAX + 1; i++) {
        (void)snprintf(name, sizeof(name), "m%u", i);
        add(0, "one", name);
    }
    assert_int_equal(count_of("one", "m0", &has), SP_KNOWN_SESSION_MAX);
    assert_false(has);
    (void)count_of("one", name, &has);
    assert_true(has);
}

static void test_a_tenant_that_keeps_much_loses_its_own(void **state)
{
    char session[16];
    bool has = false;
    (void)state;
    add(1, "other", "helpers");
    for (unsigned i = 0; i < SP_KNOWN_MAX + 10; i++) {
        (void)snprintf(session, sizeof(session), "s%u", i);
        add(0, session, "helpers");
    }
    assert_int_equal(count_of("other", "helpers", &has), 1);
    assert_true(has);
    assert_int_equal(count_of("s0", "helpers", &has), 0);
    assert_int_equal(count_of(session, "helpers", &has), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_session_knows_its_own_modules_only, start, end),
        cmocka_unit_test_setup_teardown(test_what_is_deleted_is_forgotten, start, end),
        cmocka_unit_test_setup_teardown(test_names_that_are_too_long_are_not_kept, start, end),
        cmocka_unit_test_setup_teardown(test_a_session_keeps_its_newest, start, end),
        cmocka_unit_test_setup_teardown(test_a_tenant_that_keeps_much_loses_its_own, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
