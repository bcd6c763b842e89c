#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "audit/search.h"
#include "base/num.h"

#define HEX64 "aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffff0000000011111111"

static const char intent[] =
    "{\"capabilities\":[\"network\"],\"code_sha256\":\"" HEX64
    "\",\"exchange\":\"0001000000010000\",\"findings\":[{\"action\":\"warn\","
    "\"rule\":\"no-sockets\"}],\"index\":7,\"kind\":\"intent\",\"modules\":[\"os.path\",\"socket\"]"
    ",\"principal\":\"ci\",\"session\":\"s1\","
    "\"tenant\":\"acme\",\"time\":\"2026-03-01T10:00:00.000000Z\",\"v\":1}";
static const char outcome[] = "{\"error\":\"Ok\",\"index\":9,\"intent\":7,\"kind\":\"outcome\","
                              "\"time\":\"2026-03-01T10:00:01.000000Z\",\"v\":1}";
static const char foreign[] = "{\"error\":\"Ok\",\"index\":10,\"intent\":8,\"kind\":\"outcome\","
                              "\"time\":\"2026-03-01T10:00:01.000000Z\",\"v\":1}";

static bool matches(const struct sp_search *search, const char *line, struct sp_search_open *open)
{
    struct sp_entry entry;
    struct sp_where where;
    assert_int_equal(sp_entry_read(sp_slice_of(line), &entry, &where), SP_OK);
    return sp_search_matches(search, &entry, open);
}

static void test_each_filter_takes_its_entries_and_no_others(void **state)
{
    (void)state;
    const struct {
        struct sp_search good;
        struct sp_search bad;
    } cases[] = {
        {{.kind = SP_SLICE_LITERAL("intent")}, {.kind = SP_SLICE_LITERAL("denial")}},
        {{.tenant = SP_SLICE_LITERAL("acme")}, {.tenant = SP_SLICE_LITERAL("acm")}},
        {{.principal = SP_SLICE_LITERAL("ci")}, {.principal = SP_SLICE_LITERAL("cd")}},
        {{.session = SP_SLICE_LITERAL("s1")}, {.session = SP_SLICE_LITERAL("s2")}},
        {{.exchange = SP_SLICE_LITERAL("0001000000010000")},
         {.exchange = SP_SLICE_LITERAL("0001000000010001")}},
        {{.verdict = SP_SLICE_LITERAL("allowed")}, {.verdict = SP_SLICE_LITERAL("denied")}},
        {{.verdict = SP_SLICE_LITERAL("allow")}, {.verdict = SP_SLICE_LITERAL("deny")}},
        {{.rule = SP_SLICE_LITERAL("no-sockets")}, {.rule = SP_SLICE_LITERAL("no-socket")}},
        {{.capability = SP_SLICE_LITERAL("network")}, {.capability = SP_SLICE_LITERAL("process")}},
        {{.module = SP_SLICE_LITERAL("os")}, {.module = SP_SLICE_LITERAL("so")}},
        {{.module = SP_SLICE_LITERAL("os.path")}, {.module = SP_SLICE_LITERAL("os.pat")}},
        {{.digest = SP_SLICE_LITERAL("aaaaaaaab")}, {.digest = SP_SLICE_LITERAL("aaaaaaaac")}},
        {{.since = SP_SLICE_LITERAL("2026-03-01T10:00:00.000000Z")},
         {.since = SP_SLICE_LITERAL("2026-03-01T10:00:00.000001Z")}},
        {{.until = SP_SLICE_LITERAL("2026-03-01T10:00:00.000001Z")},
         {.until = SP_SLICE_LITERAL("2026-03-01T10:00:00.000000Z")}},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        struct sp_search_open open = {.intents = NULL};
        const char *why = NULL;
        assert_int_equal(sp_search_check(&cases[i].good, &why), SP_OK);
        assert_false(sp_search_is_empty(&cases[i].good));
        assert_true(matches(&cases[i].good, intent, &open));
        assert_false(matches(&cases[i].bad, intent, &open));
        sp_search_open_done(&open);
    }
}

static void test_an_outcome_goes_with_its_intent(void **state)
{
    (void)state;
    const struct sp_search search = {.tenant = SP_SLICE_LITERAL("acme")};
    struct sp_search_open open = {.intents = NULL};
    assert_false(matches(&search, outcome, &open)); /* its intent was not seen */
    assert_true(matches(&search, intent, &open));
    assert_false(matches(&search, foreign, &open));
    assert_true(matches(&search, outcome, &open));
    assert_false(matches(&search, outcome, &open));
    sp_search_open_done(&open);
}

static void test_many_intents_are_open_at_once(void **state)
{
    (void)state;
    const struct sp_search search = {.kind = SP_SLICE_LITERAL("intent")};
    struct sp_search_open open = {.intents = NULL};
    char line[128];
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(line, sizeof(line), "{\"index\":%u,\"kind\":\"intent\"}", i);
        assert_true(matches(&search, line, &open));
    }
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(line, sizeof(line), "{\"index\":2000,\"intent\":%u,\"kind\":\"outcome\"}",
                       999 - i);
        assert_true(matches(&search, line, &open));
    }
    sp_search_open_done(&open);
}

static void test_words_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    const struct {
        struct sp_search search;
        const char *why;
    } cases[] = {
        {{.verdict = SP_SLICE_LITERAL("maybe")}, "a verdict is allowed, denied or refused"},
        {{.digest = SP_SLICE_LITERAL("abcdef0")},
         "a digest is given by at least 8 of its hexadecimal digits, in lower case"},
        {{.digest = SP_SLICE_LITERAL("ABCDEF01")},
         "a digest is given by at least 8 of its hexadecimal digits, in lower case"},
        {{.since = SP_SLICE_LITERAL("yesterday")},
         "a time is written as 2026-01-31T10:00:00.000000Z"},
    };
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        const char *why = NULL;
        assert_int_equal(sp_search_check(&cases[i].search, &why), SP_ERR_INVALID);
        assert_string_equal(why, cases[i].why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_filter_takes_its_entries_and_no_others),
        cmocka_unit_test(test_an_outcome_goes_with_its_intent),
        cmocka_unit_test(test_many_intents_are_open_at_once),
        cmocka_unit_test(test_words_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
