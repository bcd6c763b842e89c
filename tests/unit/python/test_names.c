#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/num.h"
#include "python/names.h"

#define SOURCE_BYTES_MAX ((size_t)64 * 1024)

static struct sp_facts *facts;

static int start(void **state)
{
    (void)state;
    assert_int_equal(sp_facts_new(SOURCE_BYTES_MAX, &facts), SP_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sp_facts_free(facts);
    return 0;
}

/* What is known of the name that is the second argument of the last call which has one. */
static bool values_of(struct sp_slice source, struct sp_name_values *out)
{
    size_t count = 0;
    uint32_t use = SP_FACTS_NONE;
    assert_int_equal(sp_facts_scan(facts, source, SP_PYTHON_311, SP_PYTHON_TEXT), SP_OK);
    const struct sp_call *calls = sp_facts_calls(facts, &count);
    for (size_t i = 0; i < count; i++) {
        use = calls[i].arg1_ref != SP_FACTS_NONE ? calls[i].arg1_ref : use;
    }
    assert_int_not_equal(use, SP_FACTS_NONE);
    return sp_names_values(facts, &sp_facts_refs(facts, &count)[use], out);
}

static void test_a_name_holds_what_it_is_bound_to_once(void **state)
{
    static const struct {
        const char *name;
        const char *source;
        const char *values[3];
    } cases[] = {
        {"an assignment", "m = 'a'\ng(x, m)\n", {"a"}},
        {"one that is worked out", "m = 'a' + 'b'\ng(x, m)\n", {"ab"}},
        {"a loop", "for m in ('a', 'b'):\n    g(x, m)\n", {"a", "b"}},
        {"behind a loop", "for m in ['a']:\n    pass\ng(x, m)\n", {"a"}},
        {"a comprehension", "[g(x, m) for m in ('a', 'b') if x]\n", {"a", "b"}},
        {"a local name", "def f():\n    m = 'a'\n    return g(x, m)\n", {"a"}},
        {"a local name of a branch", "def f():\n    if x:\n        m = 'a'\n    g(x, m)\n", {"a"}},
        {"the same block", "if x:\n    m = 'a'\n    g(x, m)\n", {"a"}},
        {"a later function", "m = 'a'\ndef f():\n    g(x, m)\n", {"a"}},
        {"an attribute of that name", "m = 'a'\nx.m = 1\ng(x, m)\n", {"a"}},
        {"a keyword argument", "m = 'a'\nf(m=1)\ng(x, m)\n", {"a"}},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_name_values values;
        print_message("%s\n", cases[i].name);
        assert_true(values_of(sp_slice_of(cases[i].source), &values));
        for (unsigned v = 0; v < 3; v++) {
            uint8_t text[SP_FACTS_CONST_BYTES_MAX];
            size_t len = 0;
            assert_int_equal(v < values.count, cases[i].values[v] != NULL);
            if (v < values.count) {
                assert_int_equal(sp_facts_decode(facts, &values.value[v], text, &len), SP_OK);
                assert_true(sp_slice_is(sp_slice_make(text, len), cases[i].values[v]));
            }
        }
    }
}

/* Whether the second argument of the last call that has one surely is a function. */
static bool is_function(struct sp_slice source)
{
    size_t count = 0;
    uint32_t use = SP_FACTS_NONE;
    assert_int_equal(sp_facts_scan(facts, source, SP_PYTHON_311, SP_PYTHON_TEXT), SP_OK);
    const struct sp_call *calls = sp_facts_calls(facts, &count);
    for (size_t i = 0; i < count; i++) {
        use = calls[i].arg1_ref != SP_FACTS_NONE ? calls[i].arg1_ref : use;
    }
    assert_int_not_equal(use, SP_FACTS_NONE);
    return sp_names_is_function(facts, &sp_facts_refs(facts, &count)[use]);
}

static void test_a_name_of_functions_alone_is_one(void **state)
{
    static const struct {
        const char *source;
        bool want;
    } cases[] = {
        {"def m(): pass\ng(x, m)\n", true},
        {"async def m(): pass\ng(x, m)\n", true},
        {"m = lambda: 1\ng(x, m)\n", true},
        {"m = lambda: 1\ng(x, m)\ndef m(): pass\n", true},
        {"def f():\n    def m(): pass\n    g(x, m)\n", true},
        {"g(x, lambda: 1, m)\ndef m(): pass\ng((lambda: 1), m)\n", true},
        {"m = 'a'\ng(x, m)\n", false},
        {"m = y\ng(x, m)\n", false},
        {"m = (lambda: 'a')()\ng(x, m)\n", false},
        {"m = n = lambda: 1\ng(x, m)\n", false},
        {"n = m = lambda: 1\ng(x, m)\n", false},
        {"def m(): pass\nm = y\ng(x, m)\n", false},
        {"def m(): pass\nm += y\ng(x, m)\n", false},
        {"def m(): pass\n(m := y)\ng(x, m)\n", false},
        {"def m(): pass\ndel m\ng(x, m)\n", false},
        {"def m(): pass\nfor m in y: pass\ng(x, m)\n", false},
        {"def m(): pass\nclass m: pass\ng(x, m)\n", false},
        {"def m(): pass\nimport m\ng(x, m)\n", false},
        {"def m(): pass\nfrom z import *\ng(x, m)\n", false},
        {"def m(): pass\ndef f(m): g(x, m)\n", false},
        {"def m(): pass\ndef f():\n    g(x, m)\n", false},
        {"def m(): pass\nf = lambda: g(x, m)\n", false},
        {"def m(): pass\nf = lambda: (lambda: 1, g(x, m))\n", false},
        {"def m(): pass\ndef f():\n    def m(): pass\ng(x, m)\n", false},
        {"@y\ndef m(): pass\ng(x, m)\n", false},
        {"@y(\n1)\n@z\ndef m(): pass\ng(x, m)\n", false},
        {"class A:\n    def m(): pass\ng(x, m)\n", false},
        {"if y:\n    def m(): pass\ng(x, m)\n", false},
        {"g(x, m)\ndef m(): pass\n", false},
        {"g(x, m)\n", false},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        print_message("%s\n", cases[i].source);
        assert_int_equal(is_function(sp_slice_of(cases[i].source)), cases[i].want);
    }
}

static void test_a_name_with_any_other_binding_is_not_known(void **state)
{
    static const char *const cases[] = {
        "m = 'a'\nm = y\ng(x, m)\n",
        "m = 'a'\nm += y\ng(x, m)\n",
        "m = 'a'\n(z, m) = y\ng(x, m)\n",
        "m = 'a'\ndel m\ng(x, m)\n",
        "m = 'a'\ndef f():\n    global m\n    m = y\ng(x, m)\n",
        "m = 'a'\n(m := y)\ng(x, m)\n",
        "m = 'a'\nfrom z import *\ng(x, m)\n",
        "m = 'a'\nimport m\ng(x, m)\n",
        "m = 'a'\ndef f(m):\n    g(x, m)\n",
        "m = 'a'\nf = lambda m: g(x, m)\n",
        "m = 'a'\nimport __main__\ng(x, m)\n",
        "if x:\n    m = 'a'\ng(x, m)\n",
        "if x: m = 'a'\ng(x, m)\n",
        "g(x, m)\nm = 'a'\n",
        "def f():\n    m = 'a'\ng(x, m)\n",
        "class A:\n    m = 'a'\n    def f(self):\n        g(x, m)\n",
        "for m in y:\n    g(x, m)\n",
        "for m in ('a', y):\n    g(x, m)\n",
        "for m in ('a', 'b')[y]:\n    g(x, m)\n",
        "[m for m in ('a', 'b')]\ng(x, m)\n",
        "m = y\ng(x, m)\n",
        "m: str = y\ng(x, m)\n",
        "m = b'a'\ng(x, m)\n",
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_name_values values;
        print_message("%s\n", cases[i]);
        assert_false(values_of(sp_slice_of(cases[i]), &values));
        assert_int_equal(values.count, 0);
    }
}

static void test_names_are_followed_over_so_many_bytes_only(void **state)
{
    SP_AUTO_BUF struct sp_buf source;
    struct sp_name_values values;
    size_t count = 0;
    (void)state;
    sp_buf_init(&source, SOURCE_BYTES_MAX);
    assert_int_equal(sp_buf_put_text(&source, "m = 'a'\ng(x, m)\n#"), SP_OK);
    while (source.len < SOURCE_BYTES_MAX - 1) {
        assert_int_equal(sp_buf_put_text(&source, "#"), SP_OK);
    }
    assert_true(values_of(sp_buf_slice(&source), &values));
    unsigned more = 0;
    const struct sp_call *calls = sp_facts_calls(facts, &count);
    const struct sp_ref *refs = sp_facts_refs(facts, &count);
    while (more < 100 && sp_names_values(facts, &refs[calls[0].arg1_ref], &values)) {
        more++;
    }
    assert_in_range(more, 1, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_holds_what_it_is_bound_to_once),
        cmocka_unit_test(test_a_name_of_functions_alone_is_one),
        cmocka_unit_test(test_a_name_with_any_other_binding_is_not_known),
        cmocka_unit_test(test_names_are_followed_over_so_many_bytes_only),
    };
    return cmocka_run_group_tests(tests, start, end);
}
