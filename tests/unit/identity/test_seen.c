#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "identity/seen.h"
#include "vector.h"

struct world {
    struct sp_seen *seen;
    struct sp_issuers *issuers;
};

static int make_world(void **state)
{
    static struct world w;
    const struct sp_slice audience = SP_SLICE_LITERAL("a");
    const struct sp_issuer_spec spec = {.name = SP_SLICE_LITERAL("x"),
                                        .issuer = SP_SLICE_LITERAL("i"),
                                        .audiences = {&audience, 1},
                                        .principal = SP_SLICE_LITERAL("sub")};
    assert_int_equal(sp_seen_new(&w.seen), SP_OK);
    assert_int_equal(sp_issuers_new(&w.issuers), SP_OK);
    assert_int_equal(sp_issuers_add(w.issuers, &spec), SP_OK);
    *state = &w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    sp_seen_free(w->seen);
    sp_issuers_free(w->issuers);
    return 0;
}
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, end_world)

/* Digests of one set that differ in their last bytes. */
static void digest_of(unsigned number, uint8_t out[SP_SHA256_BYTES])
{
    for (size_t i = 0; i < SP_SHA256_BYTES; i++) {
        out[i] = 0;
    }
    out[30] = (uint8_t)(number >> 8);
    out[31] = (uint8_t)number;
}

static void keep(struct world *w, unsigned number)
{
    uint8_t digest[SP_SHA256_BYTES];
    const struct sp_identity identity = {.tenant = number, .from_us = 10, .until_us = 20};
    digest_of(number, digest);
    assert_int_equal(sp_seen_keep(w->seen, digest, w->issuers, &identity)->tenant, number);
}

static bool has(struct world *w, unsigned number, uint64_t now)
{
    uint8_t digest[SP_SHA256_BYTES];
    digest_of(number, digest);
    const struct sp_identity *identity = sp_seen_find(w->seen, digest, w->issuers, now);
    assert_true(identity == NULL || identity->tenant == number);
    return identity != NULL;
}

static void test_a_token_is_remembered_while_it_is_good(void **state)
{
    struct world *w = *state;
    assert_false(has(w, 1, 15));
    keep(w, 1);
    assert_true(has(w, 1, 10));
    assert_true(has(w, 1, 19));
    assert_false(has(w, 2, 15));
    assert_false(has(w, 1, 20));
    assert_false(has(w, 1, 19)); /* a clock that is set back revives nothing */
    keep(w, 1);
    assert_false(has(w, 1, 9));
}

static void test_other_keys_forget_all(void **state)
{
    struct world *w = *state;
    keep(w, 1);
    assert_true(has(w, 1, 15));
    assert_int_equal(sp_issuers_set_keys(w->issuers, 0, vector_jwks()), SP_OK);
    assert_false(has(w, 1, 15));
    keep(w, 1);
    assert_true(has(w, 1, 15));
}

static void test_the_table_is_bounded_and_drops_what_is_not_asked_for(void **state)
{
    struct world *w = *state;
    for (unsigned i = 0; i < SP_SEEN_WAYS; i++) {
        keep(w, i);
    }
    assert_true(has(w, 0, 15));
    keep(w, 100); /* in the place of number 1 */
    assert_true(has(w, 0, 15));
    assert_false(has(w, 1, 15));
    assert_true(has(w, 100, 15));
    keep(w, 100); /* what is there is not kept twice */
    for (unsigned i = 2; i < SP_SEEN_WAYS; i++) {
        assert_true(has(w, i, 15));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_token_is_remembered_while_it_is_good),
        TEST(test_other_keys_forget_all),
        TEST(test_the_table_is_bounded_and_drops_what_is_not_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
