#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "identity/claims.h"

static struct sp_json *parse(const char *text)
{
    struct sp_json *doc = NULL;
    assert_int_equal(sp_claims_parse(sp_slice_of(text), &doc), SP_OK);
    return doc;
}

static void test_only_one_object_is_a_set_of_claims(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "[]",
                                        "1",
                                        "\"a\"",
                                        "null",
                                        "{",
                                        "{}x",
                                        "{\"a\":1,\"a\":2}",
                                        "{\"a\":\"\\u0000\"}",
                                        "{\"a\":\"\xff\"}",
                                        "{'a':1}",
                                        "{\"a\":1e999}"};
    for (size_t i = 0; i < SP_COUNT(wrong); i++) {
        struct sp_json *doc = NULL;
        assert_int_equal(sp_claims_parse(sp_slice_of(wrong[i]), &doc), SP_ERR_INVALID);
        assert_null(doc);
    }
    sp_json_free(parse("{}"));
}

static void test_texts_and_times_have_their_types(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum sp_err text, time;
        uint64_t us;
    } rows[] = {
        {"{\"a\":\"x\"}", SP_OK, SP_ERR_INVALID, 0},
        {"{\"a\":\"\"}", SP_ERR_INVALID, SP_ERR_INVALID, 0},
        {"{\"b\":1}", SP_ERR_NOT_FOUND, SP_ERR_NOT_FOUND, 0},
        {"{\"a\":null}", SP_ERR_INVALID, SP_ERR_INVALID, 0},
        {"{\"a\":12}", SP_ERR_INVALID, SP_OK, 12000000},
        {"{\"a\":0}", SP_ERR_INVALID, SP_OK, 0},
        {"{\"a\":1.5}", SP_ERR_INVALID, SP_OK, 1500000},
        {"{\"a\":1e3}", SP_ERR_INVALID, SP_OK, 1000000000},
        {"{\"a\":-1}", SP_ERR_INVALID, SP_ERR_INVALID, 0},
        {"{\"a\":1e300}", SP_ERR_INVALID, SP_ERR_INVALID, 0},
        {"{\"a\":253402300799}", SP_ERR_INVALID, SP_OK, UINT64_C(253402300799000000)},
        {"{\"a\":253402300800}", SP_ERR_INVALID, SP_ERR_INVALID, 0},
        {"{\"a\":\"12\"}", SP_OK, SP_ERR_INVALID, 0},
        {"{\"a\":[12]}", SP_ERR_INVALID, SP_ERR_INVALID, 0},
    };
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        SP_AUTO_JSON struct sp_json *doc = parse(rows[i].json);
        struct sp_slice text = {NULL, 0};
        uint64_t us = 0;
        assert_int_equal(sp_claim_text(doc, "a", &text), rows[i].text);
        assert_int_equal(sp_claim_time(doc, "a", &us), rows[i].time);
        assert_int_equal(us, rows[i].us);
    }
}

static void test_an_audience_is_a_text_or_a_list_of_texts(void **state)
{
    (void)state;
    const struct sp_slice ours[] = {SP_SLICE_LITERAL("me"), SP_SLICE_LITERAL("also me")};
    static const struct {
        const char *json;
        bool want;
    } rows[] = {
        {"{\"aud\":\"me\"}", true},
        {"{\"aud\":\"also me\"}", true},
        {"{\"aud\":\"Me\"}", false},
        {"{\"aud\":\"me \"}", false},
        {"{\"aud\":[\"you\",\"me\"]}", true},
        {"{\"aud\":[\"you\"]}", false},
        {"{\"aud\":[]}", false},
        {"{\"aud\":[\"me\",1]}", false},
        {"{\"aud\":{\"me\":1}}", false},
        {"{}", false},
        {"{\"aud\":null}", false},
        {"{\"aud\":[[\"me\"]]}", false},
    };
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        SP_AUTO_JSON struct sp_json *doc = parse(rows[i].json);
        assert_int_equal(sp_claim_is_for(doc, ours, SP_COUNT(ours)), rows[i].want);
    }
}

static void test_conditions_hold_for_texts_lists_words_and_plain_values(void **state)
{
    (void)state;
    SP_AUTO_JSON struct sp_json *doc =
        parse("{\"team\":\"red\",\"groups\":[\"dev\",\"ops\",3],\"scp\":\"run "
              "read\",\"name\":\"run read\",\"ok\":true,"
              "\"no\":false,\"level\":3,\"zero\":null,\"deep\":{\"a\":\"b\"},\"eq\":\"a=b\"}");
    static const struct {
        const char *condition;
        bool want;
    } rows[] = {
        {"team=red", true},      {"team=re", false},   {"team=Red", false},
        {"Team=red", false},     {"groups=ops", true}, {"groups=3", true},
        {"groups=op", false},    {"scp=run", true},    {"scp=read", true},
        {"scp=run read", false}, {"scp=ru", false},    {"name=run", false},
        {"name=run read", true}, {"ok=true", true},    {"ok=1", false},
        {"no=false", true},      {"no=true", false},   {"level=3", true},
        {"level=3.0", false},    {"zero=null", false}, {"deep=b", false},
        {"missing=x", false},    {"eq=a=b", true},     {"team", false},
        {"=red", false},         {"team=", false},
    };
    for (size_t i = 0; i < SP_COUNT(rows); i++) {
        print_message("%s\n", rows[i].condition);
        assert_int_equal(sp_claim_holds(doc, sp_slice_of(rows[i].condition)), rows[i].want);
    }
    assert_int_equal(sp_claim_condition_check(SP_SLICE_LITERAL("a=b")), SP_OK);
    assert_int_equal(sp_claim_condition_check(SP_SLICE_LITERAL("a=b\0c")), SP_ERR_INVALID);
    assert_int_equal(sp_claim_condition_check(SP_SLICE_LITERAL("")), SP_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_one_object_is_a_set_of_claims),
        cmocka_unit_test(test_texts_and_times_have_their_types),
        cmocka_unit_test(test_an_audience_is_a_text_or_a_list_of_texts),
        cmocka_unit_test(test_conditions_hold_for_texts_lists_words_and_plain_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
