#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/table.h"

static void test_table_finds_the_longest_part_that_it_knows(void **state)
{
    static const char text[] =
        "[process]\nmodules = [\"p\"]\nnames = [\"o.s\"]\n"
        "[harmless]\nnames = [\"p.ok\"]\n[network]\nnames = [\"o.s\"]\n"
        "[reexports]\n_o = \"o\"\n[aliases]\nq = \"p\"\n[guarded]\nmodules = [\"o\"]\n";
    static const struct {
        const char *path;
        uint32_t bits;
        size_t len;
    } rows[] = {
        {"p", SP_CAPABILITY_BIT(SP_CAPABILITY_PROCESS), 1},
        {"p.x.y", SP_CAPABILITY_BIT(SP_CAPABILITY_PROCESS), 1},
        {"p.ok.z", 0, 4},
        {"o", 0, 0},
        {"o.s.x",
         SP_CAPABILITY_BIT(SP_CAPABILITY_PROCESS) | SP_CAPABILITY_BIT(SP_CAPABILITY_NETWORK), 3},
        {"o.sx", 0, 0},
        {"pp", 0, 0},
        {"", 0, 0},
    };
    struct sp_table table;
    struct sp_where where = {0};
    (void)state;
    assert_int_equal(sp_table_load(sp_slice_of(text), &table, &where), SP_OK);
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        size_t len = 9;
        assert_int_equal(sp_table_path(&table, sp_slice_of(rows[i].path), &len), rows[i].bits);
        assert_int_equal(len, rows[i].len);
    }
    assert_true(sp_slice_is(sp_table_reexport(&table, SP_SLICE_LITERAL("_o")), "o"));
    assert_int_equal(sp_table_reexport(&table, SP_SLICE_LITERAL("o")).len, 0);
    assert_true(sp_slice_is(sp_table_alias(&table, SP_SLICE_LITERAL("q")), "p"));
    sp_table_done(&table);
}

static void test_table_refuses_what_is_no_table(void **state)
{
    static const char *const texts[] = {"[process", "[process]\nmodules = [1]\n",
                                        "[aliases]\nx = 1\n"};
    (void)state;
    for (size_t i = 0; i < SP_COUNT(texts); i++) {
        struct sp_table table;
        struct sp_where where = {0};
        assert_int_equal(sp_table_load(sp_slice_of(texts[i]), &table, &where), SP_ERR_CONFIG);
        assert_true(where.line > 0);
    }
}

static void test_table_of_the_program_knows_the_image(void **state)
{
    struct sp_table table;
    struct sp_where where = {0};
    size_t len = 0;
    (void)state;
    assert_int_equal(sp_table_builtin(&table, &where), SP_OK);
    assert_true(sp_map_has(&table.image, SP_SLICE_LITERAL("numpy")));
    assert_true(sp_map_has(&table.image, SP_SLICE_LITERAL("json")));
    assert_false(sp_map_has(&table.image, SP_SLICE_LITERAL("no_such_module")));
    assert_true(sp_table_path(&table, SP_SLICE_LITERAL("os.execve"), &len) != 0);
    assert_int_equal(sp_table_path(&table, SP_SLICE_LITERAL("os.path.join"), &len), 0);
    sp_table_done(&table);
}

static void test_table_follows_very_paths_and_says_what_to_use(void **state)
{
    struct sp_table table;
    (void)state;
    assert_int_equal(
        sp_table_load(SP_SLICE_LITERAL("[exact]\n\"a.b\" = \"c.d\"\n[instead]\n\"e.f\" = \"g\"\n"),
                      &table, NULL),
        SP_OK);
    assert_true(sp_slice_is(sp_table_exact(&table, SP_SLICE_LITERAL("a.b")), "c.d"));
    assert_int_equal(sp_table_exact(&table, SP_SLICE_LITERAL("x.b")).len, 0);
    assert_true(sp_slice_is(sp_table_instead(&table, SP_SLICE_LITERAL("e.f.h")), "g"));
    assert_true(sp_slice_is(sp_table_instead(&table, SP_SLICE_LITERAL("e.f(key)")), "g"));
    assert_int_equal(sp_table_instead(&table, SP_SLICE_LITERAL("e.fh")).len, 0);
    sp_table_done(&table);
}

static void test_table_tells_templates_from_other_code(void **state)
{
    struct sp_table table;
    struct sp_where where = {0};
    (void)state;
    assert_int_equal(
        sp_table_load(SP_SLICE_LITERAL("[dynamic-code]\ntemplates = [\"a.T\"]\n"), &table, NULL),
        SP_OK);
    assert_true(sp_map_has(&table.templates, SP_SLICE_LITERAL("a.T")));
    assert_false(sp_map_has(&table.evaluates, SP_SLICE_LITERAL("a.T")));
    sp_table_done(&table);
    assert_int_equal(
        sp_table_load(SP_SLICE_LITERAL("[dynamic-code]\ntemplates = [1]\n"), &table, &where),
        SP_ERR_CONFIG);
}

static void test_capabilities_have_names_both_ways(void **state)
{
    enum sp_capability back = SP_CAPABILITY_PROCESS;
    (void)state;
    for (unsigned i = 0; i < SP_CAPABILITY_COUNT; i++) {
        const char *name = sp_capability_name((enum sp_capability)i);
        assert_int_equal(sp_capability_from_name(sp_slice_of(name), &back), SP_OK);
        assert_int_equal(back, i);
    }
    assert_int_equal(sp_capability_from_name(SP_SLICE_LITERAL("flight"), &back), SP_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_finds_the_longest_part_that_it_knows),
        cmocka_unit_test(test_table_refuses_what_is_no_table),
        cmocka_unit_test(test_table_of_the_program_knows_the_image),
        cmocka_unit_test(test_table_follows_very_paths_and_says_what_to_use),
        cmocka_unit_test(test_table_tells_templates_from_other_code),
        cmocka_unit_test(test_capabilities_have_names_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
