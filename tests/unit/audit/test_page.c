#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/page.h"
#include "log_world.h"

#define REFUSAL "\"kind\":\"refusal\",\"tenant\":"

struct world {
    struct log_world log;
    struct sp_page_reader reader;
    struct sp_buf out;
    enum sp_page_kind kind;
    struct sp_where where;
    struct sp_page_wait wait;
};

/* Entries 0 to 6: of acme, of beta, an intent and its outcome of each, and one of nobody. */
static int make_world(void **state)
{
    static const char *const lines[] = {
        "{\"exchange\":\"0000000000000001\",\"index\":0," REFUSAL "\"acme\"}",
        "{\"exchange\":\"0000000000000002\",\"index\":1," REFUSAL "\"beta\"}",
        "{\"exchange\":\"0000000000000003\",\"index\":2,\"kind\":\"intent\",\"modules\":[\"math\"],"
        "\"tenant\":\"acme\"}",
        "{\"exchange\":\"0000000000000004\",\"index\":3,\"kind\":\"intent\",\"modules\":[],"
        "\"tenant\":\"beta\"}",
        "{\"exchange\":\"0000000000000003\",\"index\":4,\"intent\":2,\"kind\":\"outcome\"}",
        "{\"exchange\":\"0000000000000004\",\"index\":5,\"intent\":3,\"kind\":\"outcome\"}",
        "{\"index\":6,\"kind\":\"start\"}",
        /* outcomes that point at another's intent, at no intent, and beyond the end */
        "{\"exchange\":\"0000000000000009\",\"index\":7,\"intent\":2,\"kind\":\"outcome\"}",
        "{\"exchange\":\"0000000000000001\",\"index\":8,\"intent\":0,\"kind\":\"outcome\"}",
        "{\"exchange\":\"0000000000000001\",\"index\":9,\"intent\":99,\"kind\":\"outcome\"}",
    };
    static struct world w;
    w = (struct world){.kind = SP_PAGE_JSON};
    log_world_make(&w.log);
    for (size_t i = 0; i < SP_COUNT(lines); i++) {
        log_world_put(&w.log, lines[i], UINT64_MAX);
    }
    log_world_publish(&w.log);
    assert_int_equal(sp_archive_open(&w.log.fake.disk, &w.reader.archive), SP_OK);
    assert_int_equal(sp_archive_open(&w.log.fake.disk, &w.reader.intents), SP_OK);
    sp_buf_init(&w.out, SP_PAGE_TILE_MAX);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    sp_buf_done(&w->out);
    sp_archive_free(w->reader.archive);
    sp_archive_free(w->reader.intents);
    log_world_done(&w->log);
    return 0;
}

static enum sp_err page(struct world *w, const char *tenant, const char *what, const char *query)
{
    const struct sp_page_ask ask = {.tenant = sp_slice_of(tenant),
                                    .is_all = strcmp(tenant, "*") == 0,
                                    .what = sp_slice_of(what),
                                    .query = sp_slice_of(query)};
    sp_buf_clear(&w->out);
    return sp_page_make(&w->reader, &ask, &w->out, &w->kind, &w->where, &w->wait);
}

/* The numbers of the entries on a page, as text. */
static const char *numbers(struct world *w, const char *tenant, const char *query)
{
    static char text[128];
    size_t len = 0;
    text[0] = '\0';
    assert_int_equal(page(w, tenant, "entries", query), SP_OK);
    assert_int_equal(sp_buf_put_byte(&w->out, 0), SP_OK);
    for (const char *at = strstr((const char *)w->out.ptr, "\"index\":"); at != NULL;
         at = strstr(at + 1, "\"index\":")) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%lu", len == 0 ? "" : " ",
                                strtoul(at + 8, NULL, 10));
    }
    return text;
}

static bool has(const struct world *w, const char *text)
{
    return memmem(w->out.ptr, w->out.len, text, strlen(text)) != NULL;
}

static void test_a_tenant_sees_its_own_and_the_outcomes_of_its_intents(void **state)
{
    assert_string_equal(numbers(*state, "acme", ""), "0 2 4");
    assert_string_equal(numbers(*state, "beta", ""), "1 3 5");
    assert_string_equal(numbers(*state, "acm", ""), "");
    assert_string_equal(numbers(*state, "", ""), "");
    assert_string_equal(numbers(*state, "*", ""), "0 1 2 3 4 5 6 7 8 9");
    for (unsigned i = 0; i < 12; i++) {
        char entry[32];
        char proof[32];
        const bool is_own = i == 0 || i == 2 || i == 4;
        (void)snprintf(entry, sizeof(entry), "entries/%u", i);
        (void)snprintf(proof, sizeof(proof), "proof/%u", i);
        assert_int_equal(page(*state, "acme", entry, ""), is_own ? SP_OK : SP_ERR_NOT_FOUND);
        assert_int_equal(page(*state, "acme", proof, ""), is_own ? SP_OK : SP_ERR_NOT_FOUND);
        assert_int_equal(page(*state, "*", entry, ""), i < 10 ? SP_OK : SP_ERR_NOT_FOUND);
    }
}

static void test_another_tenants_entry_looks_like_none(void **state)
{
    struct world *w = *state;
    assert_int_equal(page(w, "acme", "entries/1", ""), SP_ERR_NOT_FOUND);
    assert_string_equal(w->where.text, "there is no such entry, or it is not of this tenant");
    assert_int_equal(w->out.len, 0);
    assert_int_equal(page(w, "acme", "entries/10", ""), SP_ERR_NOT_FOUND);
    assert_string_equal(w->where.text,
                        "the published log has 10 entries; a new one is there within a second");
}

static void test_filters_limit_what_is_seen_and_never_widen_it(void **state)
{
    assert_string_equal(numbers(*state, "acme", "kind=intent"), "2 4"); /* with its outcome */
    assert_string_equal(numbers(*state, "acme", "module=math"), "2 4");
    assert_string_equal(numbers(*state, "acme", "tenant=beta"), "");
    assert_string_equal(numbers(*state, "*", "tenant=beta"), "1 3 5");
    assert_string_equal(numbers(*state, "acme", "exchange=0000000000000003&api-version=x"), "2 4");
}

static void test_an_outcome_is_found_by_an_intent_of_an_earlier_page(void **state)
{
    assert_string_equal(numbers(*state, "acme", "module=math"), "2 4");
    assert_string_equal(numbers(*state, "acme", "module=math&from=3"), "4");
    assert_string_equal(numbers(*state, "acme", "module=numpy&from=3"), "");
    assert_string_equal(numbers(*state, "beta", "module=math&from=3"), "");
    assert_string_equal(numbers(*state, "*", "tenant=beta&kind=intent&from=4"), "5");
    assert_string_equal(numbers(*state, "*", "kind=refusal&from=1"), "1");
}

static void test_pages_say_where_to_go_on(void **state)
{
    struct world *w = *state;
    assert_string_equal(numbers(w, "acme", "limit=1"), "0");
    assert_true(has(w, "],\"next\":1,\"size\":10}"));
    assert_string_equal(numbers(w, "acme", "limit=1&from=1"), "2");
    assert_true(has(w, "],\"next\":3,\"size\":10}"));
    assert_string_equal(numbers(w, "acme", "from=4"), "4");
    assert_true(has(w, "],\"next\":10,\"size\":10}"));
    assert_string_equal(numbers(w, "acme", "from=18446744073709551615"), "");
}

static void test_a_log_without_its_hashes_says_so(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < FAKE_FILES_MAX; i++) {
        struct fake_file *file = &w->log.fake.files[i];
        file->is_there = file->is_there && strncmp(file->path, "tile/0/", 7) != 0;
    }
    assert_int_equal(page(w, "acme", "proof/2", ""), SP_ERR_UNAVAILABLE);
    assert_int_equal(w->out.len, 0);
    assert_string_not_equal(w->where.text, "");
}

static void test_what_is_worth_waiting_for(void **state)
{
    static const char *const reads[] = {
        "{\"index\":10,\"kind\":\"read\",\"query\":\"from=9&wait=45\",\"tenant\":\"acme\"}",
        "{\"index\":11,\"kind\":\"read\",\"query\":\"from=9\",\"tenant\":\"beta\"}",
    };
    static const struct {
        const char *tenant;
        const char *query;
        unsigned wait_s;
        bool has_news;
    } cases[] = {
        {"acme", "wait=45", 45, true},
        {"acme", "from=9&wait=7", 7, false}, /* a reading that waited itself is none */
        {"acme", "from=8&wait=7&kind=read", 7, false},
        {"acme", "from=11&wait=7", 7, false}, /* another tenant's */
        {"beta", "from=10&wait=7", 7, true},
        {"*", "from=10&wait=7", 7, true},
        {"*", "from=12&wait=7", 7, false},
        {"*", "from=10&limit=1&wait=7", 7, true}, /* there is more behind this page */
        {"acme", "from=11", 0, false},
        {"acme", "from=11&wait=0", 0, false},
    };
    struct world *w = *state;
    for (size_t i = 0; i < SP_COUNT(reads); i++) {
        log_world_put(&w->log, reads[i], UINT64_MAX);
    }
    log_world_publish(&w->log);
    assert_int_equal(sp_archive_refresh(w->reader.archive), SP_OK);
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        assert_int_equal(page(w, cases[i].tenant, "entries", cases[i].query), SP_OK);
        assert_int_equal(w->wait.wait_s, cases[i].wait_s);
        assert_int_equal(w->wait.has_news, cases[i].has_news);
    }
    const struct sp_page_ask again = {.is_all = true,
                                      .what = SP_SLICE_LITERAL("entries"),
                                      .query = SP_SLICE_LITERAL("wait=7"),
                                      .seen = 11};
    sp_buf_clear(&w->out);
    assert_int_equal(sp_page_make(&w->reader, &again, &w->out, &w->kind, &w->where, &w->wait),
                     SP_OK);
    assert_true(has(w, "\"index\":11") && !has(w, "\"index\":9"));
    assert_int_equal(page(w, "acme", "entries", "wait=46"), SP_ERR_REQUEST);
    assert_int_equal(page(w, "acme", "entries", "wait=soon"), SP_ERR_REQUEST);
    assert_int_equal(page(w, "acme", "entries", "wait=1&wait=2"), SP_ERR_REQUEST);
}

static void test_what_makes_no_sense_is_refused(void **state)
{
    static const struct {
        const char *what;
        const char *query;
        enum sp_err want;
    } cases[] = {
        {"entries", "limit=0", SP_ERR_REQUEST},
        {"entries", "limit=1001", SP_ERR_REQUEST},
        {"entries", "limit=", SP_OK},
        {"entries", "from=-1", SP_ERR_REQUEST},
        {"entries", "tenat=acme", SP_ERR_REQUEST},
        {"entries", "kind=a&kind=a", SP_ERR_REQUEST},
        {"entries", "kind=%zz", SP_ERR_REQUEST},
        {"entries", "verdict=maybe", SP_ERR_REQUEST},
        {"entries", "verdict=denied", SP_OK},
        {"entries", "since=soon", SP_ERR_REQUEST},
        {"entries/x", "", SP_ERR_REQUEST},
        {"proof/", "", SP_ERR_REQUEST},
        {"nothing", "", SP_ERR_NOT_FOUND},
        {"tile/0/001", "", SP_ERR_NOT_FOUND},
        {"tile/../audit/key", "", SP_ERR_NOT_FOUND},
        {"tile/9/000", "", SP_ERR_NOT_FOUND},
    };
    struct world *w = *state;
    for (size_t i = 0; i < SP_COUNT(cases); i++) {
        print_message("%s?%s\n", cases[i].what, cases[i].query);
        assert_int_equal(page(w, "acme", cases[i].what, cases[i].query), cases[i].want);
        assert_true(cases[i].want == SP_OK || (w->where.text[0] != '\0' && w->out.len == 0));
    }
}

static void test_checkpoint_and_hashes_are_for_all_and_bundles_for_who_sees_all(void **state)
{
    struct world *w = *state;
    assert_int_equal(page(w, "acme", "checkpoint", ""), SP_OK);
    assert_int_equal(w->kind, SP_PAGE_TEXT);
    assert_true(has(w, "\n10\n"));
    assert_int_equal(page(w, "acme", "proof/2", ""), SP_OK);
    assert_int_equal(w->kind, SP_PAGE_TEXT);
    assert_int_equal(page(w, "acme", "tile/0/000.p/10", ""), SP_OK);
    assert_int_equal(w->kind, SP_PAGE_BYTES);
    assert_int_equal(w->out.len, 10 * SP_SHA256_BYTES);
    assert_int_equal(page(w, "acme", "tile/entries/000.p/10", ""), SP_ERR_NOT_FOUND);
    assert_int_equal(page(w, "*", "tile/entries/000.p/10", ""), SP_OK);
    assert_true(has(w, "\"beta\""));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)
    const struct CMUnitTest tests[] = {
        TEST(test_a_tenant_sees_its_own_and_the_outcomes_of_its_intents),
        TEST(test_another_tenants_entry_looks_like_none),
        TEST(test_filters_limit_what_is_seen_and_never_widen_it),
        TEST(test_an_outcome_is_found_by_an_intent_of_an_earlier_page),
        TEST(test_pages_say_where_to_go_on),
        TEST(test_a_log_without_its_hashes_says_so),
        TEST(test_what_is_worth_waiting_for),
        TEST(test_what_makes_no_sense_is_refused),
        TEST(test_checkpoint_and_hashes_are_for_all_and_bundles_for_who_sees_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
