/* children: what a role may say of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/log.h"
#include "process/house.h"

static void count_line(void *ctx, enum sp_log_level level, struct sp_slice line)
{
    unsigned *count = ctx;
    (void)level;
    *count += sp_slice_starts(line, "role.blamed ") ? 1 : 0;
}

static int make_house(void **state)
{
    struct sp_house *house = calloc(1, sizeof(*house));
    assert_non_null(house);
    house->child_count = 1;
    house->children[0] = (struct sp_child){
        .house = house,
        .who = {.role = SP_ROLE_RELAY, .index = 0},
        .state = SP_CHILD_UP,
        .pid = -1, /* nobody is killed here */
        .control = (struct sp_channel *)house,
    };
    *state = house;
    return 0;
}

static int end_house(void **state)
{
    free(*state);
    sp_log_to(NULL, NULL, SP_LOG_INFO);
    return 0;
}

static const struct sp_peer relay = {.role = SP_ROLE_RELAY, .index = 0};
static const struct sp_peer audit = {.role = SP_ROLE_AUDIT, .index = 0};
static const struct sp_peer front = {.role = SP_ROLE_FRONT, .index = 0};

/* A role that is taken over could else fill the disk with lines, none of which counts among its own. */
static void test_who_is_blamed_again_and_again_is_told_of_once(void **state)
{
    struct sp_house *house = *state;
    unsigned lines = 0;
    sp_log_to(count_line, &lines, SP_LOG_INFO);
    for (unsigned i = 0; i < 1000; i++) {
        sp_child_blame(house, audit, relay, SP_ERR_WIRE);
    }
    assert_int_equal(lines, 1);
}

static void test_only_a_neighbour_is_heard(void **state)
{
    struct sp_house *house = *state;
    unsigned lines = 0;
    sp_log_to(count_line, &lines, SP_LOG_INFO);
    sp_child_blame(house, front, relay, SP_ERR_WIRE); /* they have no wire */
    sp_child_blame(house, audit, front, SP_ERR_WIRE); /* there is none */
    assert_int_equal(lines, 0);
    assert_false(house->children[0].is_blamed);
    sp_child_blame(house, audit, relay, SP_ERR_WIRE);
    assert_int_equal(lines, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_is_blamed_again_and_again_is_told_of_once,
                                        make_house, end_house),
        cmocka_unit_test_setup_teardown(test_only_a_neighbour_is_heard, make_house, end_house),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
