#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/judge.h"

#define CODE_BYTES_MAX ((size_t)64 * 1024)

static struct sp_table table;
static struct sp_judge *judge;
static struct sp_judgement judgement;

static int make(void **state)
{
    struct sp_where where = {0};
    (void)state;
    return sp_table_builtin(&table, &where) == SP_OK &&
                   sp_judge_new(&table, CODE_BYTES_MAX, &judge) == SP_OK
               ? 0
               : 1;
}

static int end(void **state)
{
    (void)state;
    sp_judge_free(judge);
    sp_table_done(&table);
    return 0;
}

static void run(const char *policy_text, struct sp_slice code)
{
    struct sp_policy policy;
    struct sp_where where = {0};
    assert_int_equal(
        sp_policy_load(sp_slice_of(policy_text), sp_policy_source, NULL, &policy, &where), SP_OK);
    sp_judge_run(judge, &policy, code, &judgement);
    sp_policy_done(&policy);
}

struct row {
    const char *policy;
    const char *code;
    const char *rule; /* of the first finding, NULL for none */
    enum sp_action action;
    unsigned line;
    unsigned column;
    unsigned end_column;
};

static void expect(const struct row *row)
{
    run(row->policy, sp_slice_of(row->code));
    enum sp_verdict want =
        row->rule != NULL && row->action == SP_ACTION_DENY ? SP_VERDICT_DENY : SP_VERDICT_ALLOW;
    if (judgement.verdict != want || (judgement.count > 0) != (row->rule != NULL)) {
        print_error("%s: %s\n", row->code,
                    judgement.count > 0 ? judgement.findings[0].message : "no finding");
    }
    assert_int_equal(judgement.verdict, want);
    assert_int_equal(judgement.count > 0, row->rule != NULL);
    if (row->rule != NULL) {
        const struct sp_policy_finding *finding = &judgement.findings[0];
        assert_string_equal(finding->rule, row->rule);
        assert_int_equal(finding->action, row->action);
        assert_int_equal(finding->place.line, row->line);
        assert_int_equal(finding->place.column, row->column);
        assert_int_equal(finding->place.end_column, row->end_column);
    }
}

static void test_judge_finds_rule_and_place(void **state)
{
    static const struct row rows[] = {
        {"extends = \"data-science\"", "import numpy", NULL, SP_ACTION_DENY, 0, 0, 0},
        {"extends = \"data-science\"", "import subprocess", "process", SP_ACTION_DENY, 1, 8, 18},
        {"extends = \"data-science\"", "x = 1\nfrom os import (path,\n  system)", "process",
         SP_ACTION_DENY, 3, 3, 9},
        {"extends = \"data-science\"", "import os\n\n'\xc3\xa4'; os.system('x')", "process",
         SP_ACTION_DENY, 3, 6, 15},
        {"extends = \"data-science\"\n[capabilities]\nintrospection = \"allow\"",
         "def eval(x):\n    return x\ndel globals()['eval']\neval(x)\n", "dynamic-code",
         SP_ACTION_DENY, 4, 1, 5},
        {"extends = \"data-science\"", "x = (1", "syntax", SP_ACTION_DENY, 1, 5, 5},
        {"extends = \"data-science\"", "import nonesuch.x", "unknown-module", SP_ACTION_DENY, 1, 8,
         18},
        {"extends = \"data-science\"",
         "from os import system as t\nfrom timeit import timeit as t\nt('x')", "process",
         SP_ACTION_DENY, 1, 16, 22},
        {"extends = \"data-science\"",
         "import timeit\ntimeit.timeit('1', \xEF\xBD\x93"
         "etup='import os; os.system(1)')",
         "process", SP_ACTION_DENY, 2, 26, 51},
        {"extends = \"data-science\"", "import timeit\ntimeit.timeit('1', setup='x = 1')", NULL,
         SP_ACTION_DENY, 0, 0, 0},
        {"extends = \"data-science\"", "import sys as s", "dynamic-code", SP_ACTION_DENY, 1, 8, 11},
        {"extends = \"data-science\"", "import sys as _sys", NULL, SP_ACTION_DENY, 0, 0, 0},
        {"extends = \"data-science\"", "pip install x", "shell-escape", SP_ACTION_DENY, 1, 1, 4},
        {"extends = \"data-science\"", "ls -la", "shell-escape", SP_ACTION_DENY, 1, 1, 3},
        {"extends = \"data-science\"", "config = 1", NULL, SP_ACTION_DENY, 0, 0, 0},
        {"extends = \"data-science\"", "load(x)", NULL, SP_ACTION_DENY, 0, 0, 0},
        {"extends = \"data-science\"", "df.query(f'a > {b}')", "computed-expression",
         SP_ACTION_WARN, 1, 1, 9},
        {"extends = \"record-only\"", "import subprocess", "process", SP_ACTION_SHADOW, 1, 8, 18},
        {"extends = \"record-only\"", "x = (1", "syntax", SP_ACTION_SHADOW, 1, 5, 5},
        {"extends = \"strict\"", "import os", "module", SP_ACTION_DENY, 1, 8, 10},
        {"extends = \"strict\"", "!ls", "syntax", SP_ACTION_DENY, 1, 1, 1},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        expect(&rows[i]);
    }
}

static void test_judge_lets_lists_decide_before_capabilities(void **state)
{
    static const struct row rows[] = {
        {"extends = \"data-science\"\n[modules]\nallow = [\"subprocess\"]", "import subprocess",
         NULL, SP_ACTION_DENY, 0, 0, 0},
        {"extends = \"data-science\"\n[modules]\nallow = [\"inhouse\"]", "import inhouse.a", NULL,
         SP_ACTION_DENY, 0, 0, 0},
        {"extends = \"data-science\"\n[modules]\nallow = [\"os\"]", "import os\nos.system('x')",
         "process", SP_ACTION_DENY, 2, 1, 10},
        {"extends = \"data-science\"\n[names]\nallow = [\"os.getenv\"]",
         "import os\nos.getenv('x')", NULL, SP_ACTION_DENY, 0, 0, 0},
        {"extends = \"data-science\"\n[modules]\ndeny = [\"numpy.linalg\"]",
         "import numpy as np\nnp.linalg.inv(x)", "module", SP_ACTION_DENY, 2, 1, 14},
        {"extends = \"data-science\"\n[names]\nwarn = [\"numpy.save\"]",
         "import numpy as np\nnp.save('x', y)", "name", SP_ACTION_WARN, 2, 1, 8},
        {"extends = \"data-science\"\n[attributes]\ndeny = [\"to_csv\"]", "df.to_csv('x')",
         "attribute", SP_ACTION_DENY, 1, 1, 10},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        expect(&rows[i]);
    }
}

static void test_judge_keeps_limits(void **state)
{
    static const struct row rows[] = {
        {"[limits]\ncode_bytes = 3", "abc", NULL, SP_ACTION_DENY, 0, 0, 0},
        {"[limits]\ncode_bytes = 3", "abcd", "limit", SP_ACTION_DENY, 1, 1, 1},
        {"[limits]\nlines = 2", "a\nb\n", NULL, SP_ACTION_DENY, 0, 0, 0},
        {"[limits]\nlines = 2", "a\nb\nc", "limit", SP_ACTION_DENY, 1, 1, 1},
        {"[limits]\ndepth = 2", "([a])", NULL, SP_ACTION_DENY, 0, 0, 0},
        {"[limits]\ndepth = 2", "([(a)])", "limit", SP_ACTION_DENY, 1, 1, 1},
        {"[limits]\nliteral_bytes = 6", "x = 'abcd'", NULL, SP_ACTION_DENY, 0, 0, 0},
        {"[limits]\nliteral_bytes = 6", "x = 'abcde'", "limit", SP_ACTION_DENY, 1, 5, 12},
        {"[limits]\nliteral_bytes = 6", "x = 12345678", "limit", SP_ACTION_DENY, 1, 5, 13},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        expect(&rows[i]);
    }
}

static void test_judge_matches_constants_with_patterns(void **state)
{
    static const char policy[] =
        "extends = \"data-science\"\n[strings]\nwarn = [\"/opt/*\", \"*secret?\"]";
    static const struct row rows[] = {
        {policy, "f('/opt/x')", "string", SP_ACTION_WARN, 1, 3, 11},
        {policy, "f(r'/opt/x')", "string", SP_ACTION_WARN, 1, 3, 12},
        {policy, "f('\\x2fopt/x')", "string", SP_ACTION_WARN, 1, 3, 14},
        {policy, "f('/op' 't/x')", "string", SP_ACTION_WARN, 1, 3, 14},
        {policy, "f('my secret1')", "string", SP_ACTION_WARN, 1, 3, 15},
        {policy, "f('my secret')", NULL, SP_ACTION_WARN, 0, 0, 0},
        {policy, "f('x/opt/x') # '/opt/x'", NULL, SP_ACTION_WARN, 0, 0, 0},
        {"extends = \"data-science\"", "open('/etc/passwd')", "string", SP_ACTION_DENY, 1, 6, 19},
        {"extends = \"data-science\"", "open('/etc/hosts')", NULL, SP_ACTION_DENY, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        expect(&rows[i]);
    }
}

static void test_judge_reads_the_arguments_of_calls(void **state)
{
    static const struct row rows[] = {
        {"extends = \"data-science\"", "import numpy as np\nnp.load('x', mmap_mode='r')", NULL,
         SP_ACTION_DENY, 0, 0, 0},
        {"extends = \"data-science\"", "import numpy as np\nnp.load('x', **k)", "deserialize",
         SP_ACTION_DENY, 2, 1, 8},
        {"extends = \"data-science\"", "import numpy as np\nnp.load(f(**k))", NULL, SP_ACTION_DENY,
         0, 0, 0},
        {"extends = \"data-science\"", "f(allow_pickle=True)", "deserialize", SP_ACTION_DENY, 1, 3,
         15},
        {"extends = \"data-science\"", "f(allow_pickle=False)", NULL, SP_ACTION_DENY, 0, 0, 0},
        {"extends = \"data-science\"", "import pandas as pd\npd.read_csv('https://x/y')", "network",
         SP_ACTION_DENY, 2, 13, 26},
        {"extends = \"data-science\"", "import pandas as pd\npd.read_csv('file:///x')", NULL,
         SP_ACTION_DENY, 0, 0, 0},
        {"extends = \"data-science\"", "import matplotlib\nmatplotlib.use('module://evil')",
         "unknown-module", SP_ACTION_DENY, 2, 16, 31},
        {"extends = \"data-science\"", "import matplotlib\nmatplotlib.use('agg')", NULL,
         SP_ACTION_DENY, 0, 0, 0},
        {"extends = \"data-science\"", "help()", "dynamic-code", SP_ACTION_DENY, 1, 1, 5},
        {"extends = \"data-science\"", "help(print)", NULL, SP_ACTION_DENY, 0, 0, 0},
        {"extends = \"data-science\"", "from sympy import solve\nsolve('eval(1)')", "dynamic-code",
         SP_ACTION_DENY, 2, 7, 16},
        {"extends = \"data-science\"", "from sympy import solve\nsolve('x**2 - exec')", NULL,
         SP_ACTION_DENY, 0, 0, 0},
        {"extends = \"data-science\"", "'{0.__class__.__name__}'.format(x)", NULL, SP_ACTION_DENY,
         0, 0, 0},
        {"extends = \"data-science\"", "'{0.__class__}'.format(x)", "introspection", SP_ACTION_DENY,
         1, 1, 16},
        {"extends = \"data-science\"", "('{0.' + a + '}').format(x)", "dynamic-code",
         SP_ACTION_DENY, 1, 2, 7},
        {"extends = \"data-science\"", "import http.cookiejar as c\nc.urllib.parse.quote(x)", NULL,
         SP_ACTION_DENY, 0, 0, 0},
        {"extends = \"data-science\"", "import http.cookiejar as c\nc.urllib.request.urlopen(x)",
         "network", SP_ACTION_DENY, 2, 1, 25},
        {"extends = \"data-science\"", "trace.plot()", NULL, SP_ACTION_DENY, 0, 0, 0},
        {"extends = \"data-science\"", "import trace", "dynamic-code", SP_ACTION_DENY, 1, 8, 13},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        expect(&rows[i]);
    }
}

/* A text that is made of constants is judged as what it says; one that is not, as computed. */
static void test_judge_reads_texts_that_are_put_together(void **state)
{
    static const char policy[] = "extends = \"data-science\"";
    static const struct row rows[] = {
        {policy, "__import__('tekcos'[::-1])", "network", SP_ACTION_DENY, 1, 12, 26},
        {policy, "__import__('htam'[::-1])", NULL, SP_ACTION_DENY, 0, 0, 0},
        {policy, "__import__(x[::-1])", "dynamic-code", SP_ACTION_DENY, 1, 1, 11},
        {policy, "m = __import__(''.join(['o', 's']))\nm.system('id')", "process", SP_ACTION_DENY,
         2, 1, 9},
        {policy, "os = __import__(''.join(['o', 's']))\nos.getcwd()", NULL, SP_ACTION_DENY, 0, 0,
         0},
        {policy, "import os\ngetattr(os, '%stem' % 'sys')", "process", SP_ACTION_DENY, 2, 13, 28},
        {policy, "import os\ngetattr(os, '%sth' % 'pa')", NULL, SP_ACTION_DENY, 0, 0, 0},
        {policy, "getattr(x, '__{}__'.format('class'))", "introspection", SP_ACTION_DENY, 1, 12,
         36},
        {policy, "getattr(df, '{}'.format('mean'))()", NULL, SP_ACTION_DENY, 0, 0, 0},
        {policy, "getattr(df, 'mean')()", NULL, SP_ACTION_DENY, 0, 0, 0},
        {policy, "getattr(df, chr(109) + 'ean')()", "dynamic-code", SP_ACTION_DENY, 1, 1, 8},
        {policy, "import importlib\nimportlib.import_module('SOCKET'.lower())", "network",
         SP_ACTION_DENY, 2, 25, 41},
        {policy, "import importlib\nimportlib.import_module('MATH'.lower())", NULL, SP_ACTION_DENY,
         0, 0, 0},
        {policy, "from sympy import sympify\nsympify(')1(lave'[::-1])", "dynamic-code",
         SP_ACTION_DENY, 2, 9, 24},
        {policy, "from sympy import sympify\nsympify('2**x'[::-1])", NULL, SP_ACTION_DENY, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        expect(&rows[i]);
    }
}

static void test_judge_says_what_is_allowed_instead(void **state)
{
    (void)state;
    run("extends = \"data-science\"", SP_SLICE_LITERAL("import yaml\nyaml.load(x)"));
    assert_true(
        sp_slice_ends(sp_slice_of(judgement.findings[0].message), "instead: yaml.safe_load"));
}

static void test_judge_knows_modules_of_uploads(void **state)
{
    static const struct row known = {
        "extends = \"data-science\"", "import helpers.a", NULL, SP_ACTION_DENY, 0, 0, 0};
    static const struct row unknown = {
        "extends = \"data-science\"", "import helper", "unknown-module", SP_ACTION_DENY, 1, 8, 14};
    static const struct row relative = {"extends = \"data-science\"",
                                        "from . import a",
                                        "unknown-module",
                                        SP_ACTION_DENY,
                                        1,
                                        15,
                                        16};
    (void)state;
    sp_judge_know_uploaded(judge, SP_SLICE_LITERAL("\0\0\0\7helpers"));
    expect(&known);
    expect(&unknown);
    expect(&relative);
    sp_judge_know_uploaded(judge, sp_slice_make(NULL, 0));
    run("extends = \"data-science\"", SP_SLICE_LITERAL("import helpers"));
    assert_int_equal(judgement.verdict, SP_VERDICT_DENY);
}

static void test_judge_bounds_the_seconds_that_are_asked_for(void **state)
{
    struct sp_policy policy;
    (void)state;
    assert_int_equal(sp_policy_load(SP_SLICE_LITERAL("[limits]\ntimeout_seconds = 60"), NULL, NULL,
                                    &policy, NULL),
                     SP_OK);
    judgement = (struct sp_judgement){.verdict = SP_VERDICT_ALLOW};
    sp_judge_timeout(&policy, 60, &judgement);
    assert_int_equal(judgement.verdict, SP_VERDICT_ALLOW);
    sp_judge_timeout(&policy, 61, &judgement);
    assert_int_equal(judgement.verdict, SP_VERDICT_DENY);
    assert_string_equal(judgement.findings[0].rule, "limit");
    sp_policy_done(&policy);
}

static void test_judge_refuses_bytes_that_are_no_text(void **state)
{
    (void)state;
    run("extends = \"data-science\"", SP_SLICE_LITERAL("x = '\0'"));
    assert_int_equal(judgement.verdict, SP_VERDICT_DENY);
    assert_string_equal(judgement.findings[0].rule, "syntax");
    run("extends = \"data-science\"", SP_SLICE_LITERAL("x = '\xff'"));
    assert_int_equal(judgement.verdict, SP_VERDICT_DENY);
    assert_null(sp_judge_facts(judge));
}

static void test_judge_keeps_a_denial_among_many_findings(void **state)
{
    SP_AUTO_BUF struct sp_buf code;
    (void)state;
    sp_buf_init(&code, CODE_BYTES_MAX);
    for (unsigned i = 0; i < 2 * SP_FINDINGS_MAX; i++) {
        assert_int_equal(sp_buf_put_text(&code, "df.query(x)\n"), SP_OK);
    }
    assert_int_equal(sp_buf_put_text(&code, "import socket\n"), SP_OK);
    run("extends = \"data-science\"", sp_buf_slice(&code));
    assert_int_equal(judgement.verdict, SP_VERDICT_DENY);
    assert_int_equal(judgement.count, SP_FINDINGS_MAX);
    assert_int_equal(judgement.total, 2 * SP_FINDINGS_MAX + 1);
    assert_string_equal(judgement.findings[SP_FINDINGS_MAX - 1].rule, "network");
}

static void put_often(struct sp_buf *code, unsigned count, const char *text)
{
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(sp_buf_put_text(code, text), SP_OK);
    }
}

/* A long call is read to its end; many that stand in one another are not, and then the worst is taken for granted. */
static void test_judge_reads_long_arguments_but_not_again_and_again(void **state)
{
    static const struct {
        const char *end;
        unsigned calls;
        bool is_allowed;
    } rows[] = {
        {"sep=',')", 1, true},
        {"names='https://h/a')", 1, false},
        {"sep=',')", 2, true},
        {"sep=',')", 60, false},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        SP_AUTO_BUF struct sp_buf code = {.max = CODE_BYTES_MAX};
        put_often(&code, 1, "import pandas as pd\nhome = 'https://h/'\n");
        put_often(&code, rows[i].calls, "pd.read_csv(");
        put_often(&code, 1, "'/mnt/data/a.csv', dtype={");
        put_often(&code, 2000, "'column': str, ");
        put_often(&code, 1, "}, ");
        put_often(&code, 1, rows[i].end);
        put_often(&code, rows[i].calls - 1, ")");
        run("extends = \"data-science\"", sp_buf_slice(&code));
        assert_int_equal(judgement.verdict,
                         rows[i].is_allowed ? SP_VERDICT_ALLOW : SP_VERDICT_DENY);
        assert_true(rows[i].is_allowed || strcmp(judgement.findings[0].rule, "network") == 0);
    }
}

static void test_judge_judges_under_every_family(void **state)
{
    static const struct row rows[] = {
        {"extends = \"data-science\"\npython = \"3.12\"", "f'{a['b']}'", NULL, SP_ACTION_DENY, 0, 0,
         0},
        {"extends = \"data-science\"\npython = \"any\"", "f'{a['b']}'", "syntax", SP_ACTION_DENY, 1,
         6, 6},
        {"extends = \"data-science\"\npython = \"any\"", "f'{a[0]}'", NULL, SP_ACTION_DENY, 0, 0,
         0},
        {"extends = \"data-science\"\npython = \"3.14\"", "t'{exec}'", "dynamic-code",
         SP_ACTION_DENY, 1, 4, 8},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        expect(&rows[i]);
    }
}

static void test_judge_names_the_test_that_fails(void **state)
{
    struct sp_policy policy;
    struct sp_where where = {0};
    (void)state;
    assert_int_equal(
        sp_policy_load(SP_SLICE_LITERAL("extends = \"data-science\"\n\n[[test]]\ncode = \"x\"\n"
                                        "expect = \"allow\"\n\n[[test]]\ncode = \"import socket\"\n"
                                        "expect = \"deny\"\nrule = \"process\"\n"),
                       sp_policy_source, NULL, &policy, &where),
        SP_OK);
    assert_int_equal(sp_judge_test(judge, &policy, &where), SP_ERR_CONFIG);
    assert_int_equal(where.line, 7);
    sp_policy_done(&policy);
}

/* Shapes that fill one list or another: each takes a whole submission of the longest length. */
static void test_judge_stays_below_a_mebibyte(void **state)
{
    static const char *const shapes[][2] = {
        {"", "a;"},
        {"", "a=b;"},
        {"", "a=b=c=d=e;"},
        {"a", "()"},
        {"", "a();"},
        {"a", "('')"},
        {"a", ".a"},
        {"f(", "a=1,"},
        {"import a", ",a"},
        {"from m import a", ",a"},
        {"import b\n", "a=getattr(b,'c')\n"},
        {"import m0 as b,m1 as b,m2 as b,m3 as b,m4 as b,m5 as b,m6 as b,m7 as b\n", "a=b;"},
        {"", "%a\n"},
        {"", "eval('a.b=a.c;')\n"},
        {"", "'\\x5f';"},
        {"x=", "f'{a}'"},
    };
    static uint8_t code[CODE_BYTES_MAX];
    (void)state;
    for (size_t i = 0; i < SP_COUNT(shapes); i++) {
        struct sp_slice head = sp_slice_of(shapes[i][0]);
        struct sp_slice piece = sp_slice_of(shapes[i][1]);
        size_t len = sp_slice_copy(head, code, sizeof(code));
        while (piece.len <= sizeof(code) - len) {
            len += sp_slice_copy(piece, code + len, piece.len);
        }
        run("extends = \"data-science\"\npython = \"any\"\n", sp_slice_make(code, len));
        if (sp_judge_memory(judge) >= (size_t)1024 * 1024) {
            print_error("%s: %zu bytes\n", shapes[i][1], sp_judge_memory(judge));
        }
        assert_true(sp_judge_memory(judge) < (size_t)1024 * 1024);
    }
    /* What was counted is what they were made for. */
    assert_true(sp_judge_memory(judge) > (size_t)512 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge_finds_rule_and_place),
        cmocka_unit_test(test_judge_lets_lists_decide_before_capabilities),
        cmocka_unit_test(test_judge_keeps_limits),
        cmocka_unit_test(test_judge_matches_constants_with_patterns),
        cmocka_unit_test(test_judge_reads_the_arguments_of_calls),
        cmocka_unit_test(test_judge_reads_texts_that_are_put_together),
        cmocka_unit_test(test_judge_says_what_is_allowed_instead),
        cmocka_unit_test(test_judge_knows_modules_of_uploads),
        cmocka_unit_test(test_judge_bounds_the_seconds_that_are_asked_for),
        cmocka_unit_test(test_judge_refuses_bytes_that_are_no_text),
        cmocka_unit_test(test_judge_keeps_a_denial_among_many_findings),
        cmocka_unit_test(test_judge_reads_long_arguments_but_not_again_and_again),
        cmocka_unit_test(test_judge_judges_under_every_family),
        cmocka_unit_test(test_judge_names_the_test_that_fails),
        cmocka_unit_test(test_judge_stays_below_a_mebibyte),
    };
    return cmocka_run_group_tests(tests, make, end);
}
