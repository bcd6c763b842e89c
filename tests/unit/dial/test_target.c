/* target: only what was configured can be named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dial/target.h"

static enum sp_err add(struct sp_dial_targets *targets, struct sp_slice host, uint16_t port)
{
    const struct sp_dial_place place = {.host = host, .port = port, .asker = SP_ROLE_RELAY};
    return sp_dial_targets_add(targets, &place);
}

static void test_target_is_found_by_its_number_only(void **state)
{
    (void)state;
    struct sp_dial_targets targets = {0};
    const struct sp_dial_target *found = NULL;
    assert_int_equal(add(&targets, sp_slice_of("pool.example"), 443), SP_OK);
    assert_int_equal(add(&targets, sp_slice_of("/run/pool.sock"), 0), SP_OK);
    assert_int_equal(sp_dial_targets_get(&targets, SP_ROLE_RELAY, 1, &found), SP_OK);
    assert_string_equal(found->host, "/run/pool.sock");
    found = NULL;
    assert_int_equal(sp_dial_targets_get(&targets, SP_ROLE_RELAY, 2, &found), SP_ERR_RANGE);
    assert_null(found);
    sp_dial_targets_done(&targets);
    assert_int_equal(targets.count, 0);
}

static void test_target_refuses_names_that_cannot_be_one(void **state)
{
    (void)state;
    struct sp_dial_targets targets = {0};
    char overlong[300];
    for (size_t i = 0; i < sizeof(overlong); i++) {
        overlong[i] = 'a';
    }
    assert_int_equal(add(&targets, sp_slice_of(""), 443), SP_ERR_INVALID);
    assert_int_equal(add(&targets, sp_slice_make("a\0b", 3), 443), SP_ERR_INVALID);
    assert_int_equal(add(&targets, sp_slice_make(overlong, 254), 443), SP_ERR_INVALID);
    assert_int_equal(add(&targets, sp_slice_make(overlong, 253), 443), SP_OK);
    assert_int_equal(add(&targets, sp_slice_make(overlong, 108), 0), SP_ERR_INVALID);
    assert_int_equal(add(&targets, sp_slice_make(overlong, 107), 0), SP_OK);
    while (targets.count < SP_DIAL_TARGETS_MAX) {
        assert_int_equal(add(&targets, sp_slice_of("a"), 1), SP_OK);
    }
    assert_int_equal(add(&targets, sp_slice_of("a"), 1), SP_ERR_FULL);
    sp_dial_targets_done(&targets);
}

/* A relay that is taken over would else ask the metadata service for tokens, and a ship would send the pool code. */
static void test_target_is_one_askers(void **state)
{
    (void)state;
    struct sp_dial_targets targets = {0};
    const struct sp_dial_target *found = NULL;
    const struct sp_dial_place places[] = {
        {.host = SP_SLICE_LITERAL("/run/pool.sock"), .asker = SP_ROLE_RELAY},
        {.host = SP_SLICE_LITERAL("169.254.169.254"), .port = 80, .asker = SP_ROLE_TOKEN},
        {.host = SP_SLICE_LITERAL("collector"), .port = 514, .asker = SP_ROLE_SHIP},
    };
    for (size_t i = 0; i < SP_COUNT(places); i++) {
        assert_int_equal(sp_dial_targets_add(&targets, &places[i]), SP_OK);
    }
    for (unsigned i = 0; i < SP_COUNT(places); i++) {
        for (size_t k = 0; k < SP_COUNT(places); k++) {
            found = NULL;
            assert_int_equal(sp_dial_targets_get(&targets, places[k].asker, i, &found),
                             i == k ? SP_OK : SP_ERR_RANGE);
            assert_true((found != NULL) == (i == k));
        }
    }
    sp_dial_targets_done(&targets);
}

static void test_target_refuses_a_kind_that_is_none(void **state)
{
    (void)state;
    struct sp_dial_targets targets = {0};
    struct sp_dial_place place = {
        .host = SP_SLICE_LITERAL("collector"), .port = 514, .kind = SP_DIAL_KINDS};
    assert_int_equal(sp_dial_targets_add(&targets, &place), SP_ERR_INVALID);
    place.kind = SP_DIAL_KINDS - 1;
    assert_int_equal(sp_dial_targets_add(&targets, &place), SP_OK);
    sp_dial_targets_done(&targets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_target_is_found_by_its_number_only),
        cmocka_unit_test(test_target_is_one_askers),
        cmocka_unit_test(test_target_refuses_names_that_cannot_be_one),
        cmocka_unit_test(test_target_refuses_a_kind_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
