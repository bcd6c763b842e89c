#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "room_world.h"

static void test_strangers_and_roles_are_recorded(void **state)
{
    struct world *w = *state;
    struct sp_msg_strangers strangers = {
        .from_us = NOON, .to_us = NOON, .err = SP_ERR_TOKEN_UNKNOWN, .count = 3, .sources = 1};
    struct sp_msg_role_up up = {
        .role = SP_ROLE_FRONT, .incarnation = 2, .report = sp_slice_of("seccomp")};
    assert_int_equal(sp_audit_strangers(w->room, &strangers, w->now), SP_OK);
    assert_int_equal(sp_audit_role_up(w->room, &up, w->now), SP_OK);
    commit(w);
    assert_int_equal(fake_disk_lines(&w->fake, "{\"count\":3,\"error\":\"TokenUnknown\","), 1);
    assert_int_equal(
        fake_disk_lines(&w->fake, "\"kind\":\"restart\",\"number\":0,\"role\":\"front\""), 1);
    nothing_more(w);
}

static void test_a_change_of_a_token_is_told_back_when_it_is_durable(void **state)
{
    struct world *w = *state;
    struct sp_msg_token_event event = {.change = 7,
                                       .id = sp_slice_of("t7"),
                                       .tenant = sp_slice_of("acme"),
                                       .scopes = sp_slice_of("execute files"),
                                       .at_us = NOON};
    assert_int_equal(sp_audit_token_event(w->room, &event, w->now), SP_OK);
    event.change = 8;
    event.is_revoked = 1;
    event.expires_us = NOON;
    assert_int_equal(sp_audit_token_event(w->room, &event, w->now), SP_OK);
    nothing_more(w);
    commit(w);
    assert_int_equal(next(w, SENT_TOKEN_TOLD)->entry, 8);
    assert_int_equal(fake_disk_lines(&w->fake, "\"event\":\"issued\",\"expires\":\"never\","), 1);
    assert_int_equal(
        fake_disk_lines(&w->fake,
                        "\"event\":\"revoked\",\"expires\":\"2026-11-21T11:00:00.000000Z\","),
        1);
    event.change = 0;
    assert_int_equal(sp_audit_token_event(w->room, &event, w->now), SP_ERR_WIRE);
    commit(w);
    nothing_more(w);
}

static void test_a_change_of_a_token_that_is_not_durable_is_not_told_back(void **state)
{
    struct world *w = *state;
    const struct sp_msg_token_event event = {.change = 7, .id = sp_slice_of("t7"), .at_us = NOON};
    assert_int_equal(sp_audit_token_event(w->room, &event, w->now), SP_OK);
    w->fake.is_failing_sync = true;
    commit(w);
    nothing_more(w);
}

static void test_counts_of_door_and_ship_are_recorded_within_a_bound(void **state)
{
    struct world *w = *state;
    struct sp_msg_malformed bad = {.from_us = NOON,
                                   .to_us = NOON,
                                   .err = SP_ERR_HTTP,
                                   .rule = sp_slice_of("two lengths"),
                                   .count = 9};
    struct sp_msg_gap gap = {.to = sp_slice_of("udp://[::1]:514"),
                             .first = 4,
                             .count = 2,
                             .reason = sp_slice_of("dropped")};
    assert_int_equal(sp_audit_malformed(w->room, &bad, w->now), SP_OK);
    assert_int_equal(sp_audit_gap(w->room, &gap, w->now), SP_OK);
    commit(w);
    assert_int_equal(fake_disk_lines(&w->fake, "{\"count\":9,\"error\":\"BadRequest\","), 1);
    assert_int_equal(
        fake_disk_lines(
            &w->fake,
            "{\"count\":2,\"first\":4,\"index\":2,\"kind\":\"gap\",\"reason\":\"dropped\","),
        1);
    bad.err = SP_OK;
    gap.count = 0;
    assert_int_equal(sp_audit_malformed(w->room, &bad, w->now), SP_ERR_WIRE);
    assert_int_equal(sp_audit_gap(w->room, &gap, w->now), SP_ERR_WIRE);
    bad.err = SP_ERR_HTTP;
    for (unsigned i = 2; i < SP_AUDIT_COUNTS_MAX; i++) {
        assert_int_equal(sp_audit_malformed(w->room, &bad, w->now), SP_OK);
    }
    assert_int_equal(sp_audit_malformed(w->room, &bad, w->now), SP_ERR_WIRE);
    w->now.mono_us += SECOND;
    assert_int_equal(sp_audit_malformed(w->room, &bad, w->now), SP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_strangers_and_roles_are_recorded),
        TEST(test_a_change_of_a_token_is_told_back_when_it_is_durable),
        TEST(test_a_change_of_a_token_that_is_not_durable_is_not_told_back),
        TEST(test_counts_of_door_and_ship_are_recorded_within_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
