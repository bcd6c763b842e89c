#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "policy/upload.h"

static struct sp_table table;
static struct sp_policy policy;
static struct sp_judge *judge;
static struct sp_upload *upload;
static struct sp_judgement judgement;

static int start(void **state)
{
    struct sp_where where = {0};
    (void)state;
    assert_int_equal(sp_table_builtin(&table, &where), SP_OK);
    assert_int_equal(sp_policy_open(SP_SLICE_LITERAL("data-science"), &policy, &where), SP_OK);
    assert_int_equal(sp_judge_new(&table, 1024 * 1024, &judge), SP_OK);
    assert_int_equal(sp_upload_new(judge, &upload), SP_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sp_upload_free(upload);
    sp_judge_free(judge);
    sp_policy_done(&policy);
    sp_table_done(&table);
    return 0;
}

static struct sp_upload_facts run(const char *name, struct sp_slice bytes)
{
    struct sp_upload_facts facts;
    sp_upload_run(upload, &policy, sp_slice_of(name), bytes, &judgement, &facts);
    return facts;
}

static const char *first_rule(void)
{
    return judgement.count > 0 ? judgement.findings[0].rule : "";
}

static bool has_rule(const char *rule)
{
    for (unsigned i = 0; i < judgement.count; i++) {
        if (sp_slice_is(sp_slice_of(judgement.findings[i].rule), rule)) {
            return true;
        }
    }
    return rule[0] == '\0' && judgement.count == 0;
}

#define FILE_ROW(name, bytes, verdict, rule, kind)                                                 \
    {                                                                                              \
        name, {(const uint8_t *)(bytes), sizeof(bytes) - 1}, verdict, rule, kind                   \
    }

/* An empty zip archive behind what the row says. */
#define EMPTY_ZIP "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static const struct {
    const char *name;
    struct sp_slice bytes;
    enum sp_verdict verdict;
    const char *rule;
    enum sp_kind kind;
} rows[] = {
    FILE_ROW("data.csv", "a,b\n1,2\n", SP_VERDICT_ALLOW, "", SP_KIND_TEXT),
    FILE_ROW("empty.py", "", SP_VERDICT_ALLOW, "", SP_KIND_EMPTY),
    FILE_ROW("a.py", "import numpy as np\n", SP_VERDICT_ALLOW, "", SP_KIND_TEXT),
    FILE_ROW("a.py", "import subprocess\n", SP_VERDICT_DENY, "process", SP_KIND_TEXT),
    FILE_ROW("a.txt", "#!/usr/bin/python3\nimport subprocess\n", SP_VERDICT_DENY, "process",
             SP_KIND_PYTHON),
    FILE_ROW("a.py", "# coding: utf-7\nx = 1\n", SP_VERDICT_DENY, "encoding", SP_KIND_TEXT),
    FILE_ROW("a.py", "# coding: latin-1\nx = '\xE9'\n", SP_VERDICT_ALLOW, "", SP_KIND_TEXT),
    FILE_ROW("a.py", "\0\0\0", SP_VERDICT_DENY, "syntax", SP_KIND_UNKNOWN),
    FILE_ROW("a.py", "import os as o\n", SP_VERDICT_DENY, "dynamic-code", SP_KIND_TEXT),
    FILE_ROW("a.py", "import os\nfrom os import path as p\n", SP_VERDICT_ALLOW, "", SP_KIND_TEXT),
    FILE_ROW("a.ipynb", "{\"cells\": 1, \"nbformat\": 4,}", SP_VERDICT_DENY, "opaque",
             SP_KIND_NOTEBOOK),
    FILE_ROW("a.ipynb", "[]", SP_VERDICT_DENY, "opaque", SP_KIND_JSON),
    FILE_ROW(
        "a.json",
        "{\"nbformat\": 4, \"cells\": [{\"cell_type\": \"code\", \"source\": \"%%bash\\nid\"}]}",
        SP_VERDICT_DENY, "shell-escape", SP_KIND_NOTEBOOK),
    FILE_ROW("a.ipynb",
             "{\"nbformat\": 4, \"cells\": [{\"cell_type\": \"cod\", \"source\": \"!id\"}]}",
             SP_VERDICT_DENY, "shell-escape", SP_KIND_NOTEBOOK),
    FILE_ROW("a.dat", "\x80\2cos\nsystem\nX\2\0\0\0id\x85R.", SP_VERDICT_DENY, "process",
             SP_KIND_PICKLE),
    FILE_ROW("a.dat", "cos\nsystem\n(S'id'\ntR.\xFF\xFF", SP_VERDICT_DENY, "process",
             SP_KIND_PICKLE),
    FILE_ROW("a.pkl", "cos\nsystem\n(S'id'\ntR", SP_VERDICT_DENY, "process", SP_KIND_PICKLE),
    FILE_ROW("a.pkl", "a,b\n1,2\n", SP_VERDICT_ALLOW, "", SP_KIND_TEXT),
    FILE_ROW("a.pkl", "\x80\4ccollections\nOrderedDict\n)R.", SP_VERDICT_ALLOW, "file-type",
             SP_KIND_PICKLE),
    FILE_ROW("a.pkl", "\x80\4csklearn.svm._classes\nSVC\n)\x81.", SP_VERDICT_ALLOW, "file-type",
             SP_KIND_PICKLE),
    FILE_ROW("a.pkl", "\x80\4csklearn.svm\nos.system\n)\x81.", SP_VERDICT_DENY, "process",
             SP_KIND_PICKLE),
    FILE_ROW("a.pkl", "\x80\4cbuiltins\neval\n)\x81.", SP_VERDICT_DENY, "dynamic-code",
             SP_KIND_PICKLE),
    FILE_ROW("a.pkl", "\x80\2\x82\1.", SP_VERDICT_DENY, "deserialize", SP_KIND_PICKLE),
    FILE_ROW("a.npy", "\x93NUMPY\1\0\x10\0{'descr': '<f8'}", SP_VERDICT_ALLOW, "", SP_KIND_NUMPY),
    FILE_ROW("a.npy", "\x93NUMPY\1\0\x0F\0{'descr': '|O'}cos\nsystem\n(S'id'\ntR.", SP_VERDICT_DENY,
             "process", SP_KIND_NUMPY),
    FILE_ROW("a.zip", EMPTY_ZIP, SP_VERDICT_ALLOW, "", SP_KIND_ZIP),
    FILE_ROW("a.csv", "\x89PNG\r\n\x1A\n" EMPTY_ZIP, SP_VERDICT_DENY, "polyglot", SP_KIND_IMAGE),
    FILE_ROW("a.zip", "PK\3\4", SP_VERDICT_DENY, "opaque", SP_KIND_ZIP),
    FILE_ROW("a.gz", "\x1F\x8B\x08\0", SP_VERDICT_DENY, "opaque", SP_KIND_GZIP),
    FILE_ROW("a.csv.bz2", "BZh91AY", SP_VERDICT_DENY, "file-type", SP_KIND_COMPRESSED),
    FILE_ROW("/etc/cron.d/x", "a", SP_VERDICT_DENY, "file-name", SP_KIND_TEXT),
    FILE_ROW("a/../../b", "a", SP_VERDICT_DENY, "file-name", SP_KIND_TEXT),
    FILE_ROW("a\nb", "a", SP_VERDICT_DENY, "file-name", SP_KIND_TEXT),
    FILE_ROW("", "a", SP_VERDICT_DENY, "file-name", SP_KIND_TEXT),
    FILE_ROW("a..b/c", "a", SP_VERDICT_ALLOW, "", SP_KIND_TEXT),
};

static void test_files_are_judged_by_what_they_are(void **state)
{
    unsigned failed = 0;
    (void)state;
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        struct sp_upload_facts facts = run(rows[i].name, rows[i].bytes);
        if (judgement.verdict != rows[i].verdict || !has_rule(rows[i].rule) ||
            facts.kind != rows[i].kind) {
            print_error("row %zu, %s: %s by %s (%s), a %s\n", i, rows[i].name,
                        judgement.verdict == SP_VERDICT_ALLOW ? "allowed" : "denied", first_rule(),
                        judgement.count > 0 ? judgement.findings[0].message : "",
                        sp_kind_name(facts.kind));
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

static void test_places_of_notebooks_are_those_of_the_cell(void **state)
{
    static const char notebook[] =
        "{\"nbformat\": 4, \"cells\": [{\"cell_type\": \"code\", \"source\": \"import glob as "
        "o\\nx "
        "= 1\"},"
        "{\"cell_type\": \"code\", \"source\": [\"y = 2\\n\", \"o.os.system('id')\"]}]}";
    (void)state;
    (void)run("a.ipynb", sp_slice_of(notebook));
    assert_int_equal(judgement.verdict, SP_VERDICT_DENY);
    assert_string_equal(first_rule(), "process");
    assert_int_equal(judgement.findings[0].place.line, 2);
    assert_int_equal(judgement.findings[0].place.column, 1);
    assert_true(sp_slice_starts(sp_slice_of(judgement.findings[0].message), "cell 2: "));
}

static void test_modules_of_code_are_told(void **state)
{
    (void)state;
    struct sp_upload_facts facts = run("a.py", SP_SLICE_LITERAL("import math, json\n"));
    assert_true(facts.is_code);
    assert_int_equal(facts.module_count, 2);
    assert_true(sp_slice_equal(facts.modules, SP_SLICE_LITERAL("\0\0\0\4math\0\0\0\4json")));
    facts = run("a.csv", SP_SLICE_LITERAL("import math, json\n"));
    assert_false(facts.is_code);
    assert_int_equal(facts.module_count, 0);
}

static void test_size_is_bounded_by_the_policy(void **state)
{
    uint64_t most = policy.limits.upload_bytes;
    (void)state;
    policy.limits.upload_bytes = 3;
    (void)run("a.txt", SP_SLICE_LITERAL("abc"));
    assert_int_equal(judgement.verdict, SP_VERDICT_ALLOW);
    (void)run("a.txt", SP_SLICE_LITERAL("abcd"));
    assert_int_equal(judgement.verdict, SP_VERDICT_DENY);
    assert_string_equal(first_rule(), "limit");
    policy.limits.upload_bytes = most;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_are_judged_by_what_they_are),
        cmocka_unit_test(test_places_of_notebooks_are_those_of_the_cell),
        cmocka_unit_test(test_modules_of_code_are_told),
        cmocka_unit_test(test_size_is_bounded_by_the_policy),
    };
    return cmocka_run_group_tests(tests, start, end);
}
