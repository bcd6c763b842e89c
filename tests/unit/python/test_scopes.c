#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/num.h"
#include "python/scopes.h"

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

/* Whether v, in the last call of it, is the program's own. */
static bool is_own(struct sp_slice source)
{
    size_t count = 0;
    uint32_t use = SP_FACTS_NONE;
    assert_int_equal(sp_facts_scan(facts, source, SP_PYTHON_311, SP_PYTHON_CELL), SP_OK);
    const struct sp_call *calls = sp_facts_calls(facts, &count);
    const struct sp_ref *refs = sp_facts_refs(facts, &count);
    (void)sp_facts_calls(facts, &count);
    for (size_t i = 0; i < count; i++) {
        bool is_v = calls[i].callee != SP_FACTS_NONE &&
                    refs[calls[i].callee].root == SP_ROOT_NAME &&
                    sp_slice_is(sp_facts_segment(facts, &refs[calls[i].callee], 0), "v");
        use = is_v ? calls[i].callee : use;
    }
    assert_int_not_equal(use, SP_FACTS_NONE);
    return sp_scopes_is_own(facts, &refs[use]);
}

/* Each accepted source beside one that differs in what decides. */
static const struct {
    const char *own;
    const char *foreign;
} cases[] = {
    {"def f(v): return v(1)\n", "def f(w): return v(1)\n"},
    {"def f(a, *v):\n    return v(1)\n", "def f(a, b=2*v):\n    return v(1)\n"},
    {"def f(a, b=(lambda x, y: 0), v=0):\n    v(1)\n", "def f(a, b=(lambda x, v: 0)):\n    v(1)\n"},
    {"def f(v):\n    def g():\n        return v(1)\n",
     "def f(v):\n    pass\ndef g():\n    return v(1)\n"},
    {"def f():\n    v(1)\n    v = 2\n", "def f():\n    v(1)\n    u = 2\n"},
    {"def f():\n    a, v = x\n    v(1)\n", "def f():\n    a = x, v\n    v(1)\n"},
    {"def f():\n    x = v, y = z\n    v(1)\n", "def f():\n    x = v, lambda b=1: b\n    v(1)\n"},
    {"def f():\n    v = 1\n    v(1)\n", "def f():\n    global v\n    v = 1\n    v(1)\n"},
    {"def f():\n    v = 1\n    def g():\n        nonlocal v\n        v(1)\n",
     "def f(): global v; v = v(1)\n"},
    {"def f():\n    for a, v in x:\n        v(1)\n",
     "def f():\n    for a in x, v in y:\n        v(1)\n"},
    {"def f():\n    with x as v:\n        v(1)\n", "def f():\n    with v as x:\n        v(1)\n"},
    {"def f():\n    try: pass\n    except E as v: v(1)\n",
     "def f():\n    try: pass\n    except v: v(1)\n"},
    {"def f():\n    from a import b as v\n    v(1)\n",
     "def f():\n    from a import v as b\n    v(1)\n"},
    {"def f():\n    def v(): pass\n    v(1)\n", "def f():\n    def w(v): pass\n    v(1)\n"},
    {"def f(v):\n    class A:\n        x = 1\n        def g(self): v(1)\n",
     "def f(v):\n    class A:\n        v = 1\n        v(1)\n"},
    {"f(lambda v: v(1))\n", "f(lambda v: 0, v(1))\n"},
    {"f(lambda *a, v=1: v(1))\n", "f(lambda a=2*v: v(1))\n"},
    {"f(lambda v: [v(1) for a in b])\n", "[lambda v: 0 for a in b if v(1)]\n"},
    {"[v(1) for v in x]\n", "[v for v in v(1)]\n"},
    {"[a for v in x if v(1)]\n", "[v(1) for a in x if 2*v in y]\n"},
    {"f(v(1) for a in x for v in a)\n", "f(v for v in x), v(1)\n"},
    {"v = 1\nv(1)\n", "v(1)\nv = 1\n"},
    {"v = 1\ndef f():\n    v(1)\n", "def f():\n    v(1)\nv = 1\n"},
    {"v = 1\nv(1)\n", "v = v(1)\n"},
    {"if x:\n    v = 1\n    v(1)\n", "if x:\n    v = 1\nv(1)\n"},
    {"v = 1\nif x: v(1)\n", "if x: v = 1\nv(1)\n"},
    {"v = 1\nv(1)\n", "if x: y; v = 1\nv(1)\n"},
    {"v = 1\nv(1)\n", "v = 1\ndel v\nv(1)\n"},
    {"v = 1\nv(1)\n", "v = 1\ndef f(): global v; del v\nf()\nv(1)\n"},
    {"v = 1\ndel w\nv(1)\n", "v = 1\nif x: del v\nv(1)\n"},
    {"v = 1\nv(1)\n", "v = 1\nimport __main__\nv(1)\n"},
    {"v = 1\nv(1)\n", "v = 1\nexec(x)\nv(1)\n"},
    {"v = 1\nv(1)\n", "v = 1\ntry: x\nexcept E as v: pass\nv(1)\n"},
    {"v = 1\n%time x\nv(1)\n", "v = 1\n%reset -f\nv(1)\n"},
    {"v = 1\nv: int\nv(1)\n", "v: int\nv(1)\n"},
    {"import a.b as v\nv(1)\n", "import v.b as a\nv(1)\n"},
    {"for v in x:\n    v(1)\n", "for v in x:\n    pass\nv(1)\n"},
    {"with x as v:\n    v(1)\n", "with x as v:\n    pass\nv(1)\n"},
    {"def v(): pass\nv(1)\n", "@x\ndef v():\n    v(1)\n"},
    {"class v: pass\nv(1)\n", "class v:\n    v(1)\n"},
    {"v = 1\nx = 1\nv(1)\n", "v = 1\nx\xc2\xaa = 1\nv(1)\n"},
};

static void test_a_name_is_own_where_its_scope_binds_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        print_message("%s", cases[i].own);
        assert_true(is_own(sp_slice_of(cases[i].own)));
    }
}

static void test_a_name_that_may_be_another_is_not_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        print_message("%s", cases[i].foreign);
        assert_false(is_own(sp_slice_of(cases[i].foreign)));
    }
}

static void test_scopes_are_walked_over_so_many_bytes_only(void **state)
{
    SP_AUTO_BUF struct sp_buf source;
    (void)state;
    sp_buf_init(&source, SOURCE_BYTES_MAX);
    for (size_t i = 0; i < 2500; i++) {
        assert_int_equal(sp_buf_put_text(&source, "def f(a): return a(1)\n"), SP_OK);
    }
    assert_int_equal(sp_buf_put_text(&source, "def f(v): return v(1)\n"), SP_OK);
    assert_true(is_own(sp_buf_slice(&source)));
    size_t count = 0;
    const struct sp_ref *refs = sp_facts_refs(facts, &count);
    unsigned walks = 0;
    while (sp_scopes_is_own(facts, &refs[count - 1])) {
        walks++;
        assert_true(walks < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_is_own_where_its_scope_binds_it),
        cmocka_unit_test(test_a_name_that_may_be_another_is_not_own),
        cmocka_unit_test(test_scopes_are_walked_over_so_many_bytes_only),
    };
    return cmocka_run_group_tests(tests, start, end);
}
