/* named: an identifier in the body is brought into the target, and nothing else changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/named.h"
#include "api/route.h"

#define V       "api-version=2024-02-02-preview"
#define EXECUTE "/p/python/execute?" V

static const struct named_case {
    const char *name;
    const char *target;
    const char *body;
    const char *want; /* "": as it was */
} cases[] = {
    {"in properties", EXECUTE, "{\"properties\":{\"identifier\":\"mine\",\"pythonCode\":\"1\"}}",
     EXECUTE "&identifier=mine"},
    {"beside the code", "/executions?" V, "{\"identifier\":\"mine\",\"code\":\"1\"}",
     "/executions?" V "&identifier=mine"},
    {"with signs that need an escape", EXECUTE, "{\"properties\":{\"identifier\":\"a b&c/d\"}}",
     EXECUTE "&identifier=a%20b%26c%2Fd"},
    {"no query", "/python/execute", "{\"identifier\":\"mine\"}", "/python/execute?identifier=mine"},
    {"the same in both places of the body", EXECUTE,
     "{\"identifier\":\"mine\",\"properties\":{\"identifier\":\"mine\"}}",
     EXECUTE "&identifier=mine&identifier=mine"},
    {"another in both places of the body, and no query", "/code/execute",
     "{\"identifier\":\"mine\",\"properties\":{\"identifier\":\"yours\"}}",
     "/code/execute?identifier=mine&identifier=yours"},
    {"another than in the target", EXECUTE "&identifier=yours", "{\"identifier\":\"mine\"}",
     EXECUTE "&identifier=yours&identifier=mine"},
    {"the same as in the target", EXECUTE "&identifier=mine", "{\"identifier\":\"mine\"}", ""},
    {"the same in another spelling", EXECUTE "&Identifier=%6Dine", "{\"identifier\":\"mine\"}", ""},
    {"no identifier", EXECUTE, "{\"properties\":{\"pythonCode\":\"identifier\"}}", ""},
    {"an empty one", EXECUTE, "{\"identifier\":\"\"}", ""},
    {"one that is no text", EXECUTE, "{\"identifier\":7}", ""},
    {"one in a list", EXECUTE, "[{\"identifier\":\"mine\"}]", ""},
    {"one that is deeper", EXECUTE, "{\"properties\":{\"a\":{\"identifier\":\"mine\"}}}", ""},
    {"one that is given twice", EXECUTE, "{\"identifier\":\"mine\",\"identifier\":\"mine\"}", ""},
    {"no JSON", EXECUTE, "\"identifier\" is mine", ""},
    {"no body", EXECUTE, "", ""},
    {"a target that is none", "execute", "{\"identifier\":\"mine\"}", ""},
    {"another operation", "/.management/stopSession", "{\"identifier\":\"mine\"}", ""},
    {"an upload", "/files/upload?" V, "{\"identifier\":\"mine\"}", ""},
};

static void test_the_target_says_whom_the_body_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        SP_AUTO_BUF struct sp_buf out;
        sp_buf_init(&out, 4096);
        print_message("  %s\n", cases[i].name);
        assert_int_equal(sp_named_target(SP_SLICE_LITERAL("POST"), sp_slice_of(cases[i].target),
                                         sp_slice_of(cases[i].body), &out),
                         SP_OK);
        assert_true(sp_slice_is(sp_buf_slice(&out), cases[i].want));
    }
}

static void test_another_method_is_left_alone(void **state)
{
    SP_AUTO_BUF struct sp_buf out;
    (void)state;
    sp_buf_init(&out, 4096);
    assert_int_equal(sp_named_target(SP_SLICE_LITERAL("POST"), SP_SLICE_LITERAL(EXECUTE),
                                     (struct sp_slice){NULL, 0}, &out),
                     SP_OK); /* no body at all */
    assert_int_equal(out.len, 0);
    assert_int_equal(sp_named_target(SP_SLICE_LITERAL("PUT"), SP_SLICE_LITERAL(EXECUTE),
                                     SP_SLICE_LITERAL("{\"identifier\":\"mine\"}"), &out),
                     SP_OK);
    assert_int_equal(out.len, 0);
}

static void test_what_comes_out_is_read_as_any_other_target(void **state)
{
    static const struct {
        const char *query;
        const char *body;
        enum sp_err want;
    } reads[] = {
        {"", "{\"identifier\":\"mine\"}", SP_OK},
        {"", "{\"identifier\":\"a b c d\"}", SP_ERR_IDENTIFIER},
        {"", "{\"identifier\":\"abc\"}", SP_ERR_IDENTIFIER},
        {"&identifier=yours", "{\"identifier\":\"mine\"}", SP_ERR_IDENTIFIER},
        {"&identifier=", "{\"identifier\":\"mine\"}", SP_ERR_IDENTIFIER},
        {"", "{\"identifier\":\"mine\",\"properties\":{\"identifier\":\"your\"}}",
         SP_ERR_IDENTIFIER},
    };
    (void)state;
    for (size_t i = 0; i < SP_COUNT(reads); i++) {
        SP_AUTO_BUF struct sp_buf target;
        SP_AUTO_BUF struct sp_buf out;
        SP_AUTO_BUF struct sp_buf scratch;
        struct sp_route route = {.operation = SP_OPERATION_NONE};
        sp_buf_init(&target, 4096);
        sp_buf_init(&out, 4096);
        sp_buf_init(&scratch, SP_ROUTE_SCRATCH_BYTES_MAX);
        assert_int_equal(sp_buf_putf(&target, "%s%s", EXECUTE, reads[i].query), SP_OK);
        assert_int_equal(sp_named_target(SP_SLICE_LITERAL("POST"), sp_buf_slice(&target),
                                         sp_slice_of(reads[i].body), &out),
                         SP_OK);
        assert_int_equal(
            sp_route_find(SP_SLICE_LITERAL("POST"), sp_buf_slice(&out), &scratch, &route, NULL),
            reads[i].want);
        assert_true(reads[i].want != SP_OK || sp_slice_is(route.identifier, "mine"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_target_says_whom_the_body_names),
        cmocka_unit_test(test_another_method_is_left_alone),
        cmocka_unit_test(test_what_comes_out_is_read_as_any_other_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
