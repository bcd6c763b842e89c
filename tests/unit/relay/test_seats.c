/* seats: where sessions stay, which may move, and what is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/seats.h"

static struct sp_seats *seats;

static int set_up(void **state)
{
    (void)state;
    return sp_seats_new(&seats) == SP_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sp_seats_free(seats);
    return 0;
}

static void test_a_session_that_a_pool_knows_stays(void **state)
{
    (void)state;
    assert_null(sp_seats_find(seats, 7, 1));
    struct sp_seat *seat = sp_seats_begin(seats, 7, 2, 1);
    assert_non_null(seat);
    seat->is_taken = true;
    assert_false(sp_seat_may_move(seat, 1));
    sp_seats_end(seat, 2);
    assert_ptr_equal(sp_seats_find(seats, 7, 3), seat);
    assert_int_equal(seat->pool, 2);
    assert_null(sp_seats_find(seats, 8, 3));
}

static void test_a_session_that_came_nowhere_is_forgotten(void **state)
{
    (void)state;
    struct sp_seat *seat = sp_seats_begin(seats, 7, 2, 1);
    assert_ptr_equal(sp_seats_begin(seats, 7, 2, 1), seat);
    assert_false(sp_seat_may_move(seat, 1)); /* the other one may be on its way there */
    sp_seats_end(seat, 2);
    assert_true(sp_seat_may_move(seat, 1));
    assert_non_null(sp_seats_find(seats, 7, 2));
    sp_seats_end(seat, 3);
    assert_null(sp_seats_find(seats, 7, 3));
}

static void test_a_session_is_forgotten_with_time_but_not_under_way(void **state)
{
    (void)state;
    struct sp_seat *seat = sp_seats_begin(seats, 7, 2, 1);
    seat->is_taken = true;
    assert_non_null(sp_seats_find(seats, 7, 2 + 2 * SP_SEATS_KEEP_US));
    sp_seats_end(seat, 10);
    assert_non_null(sp_seats_find(seats, 7, 10 + SP_SEATS_KEEP_US));
    assert_null(sp_seats_find(seats, 7, 11 + SP_SEATS_KEEP_US));
    seat = sp_seats_begin(seats, 7, 2, 11 + SP_SEATS_KEEP_US);
    assert_false(seat->is_taken); /* new again, also at the same pool */
}

/* Keys that fall into one set differ by the number of sets. */
#define NTH(n) (1 + (uint64_t)(n) * (SP_SEATS_MAX / SP_SEATS_WAYS))

static void test_the_one_used_longest_ago_makes_room(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SP_SEATS_WAYS; i++) {
        struct sp_seat *seat = sp_seats_begin(seats, NTH(i), 1, 100 + (i == 3 ? 0 : i));
        seat->is_taken = true;
        sp_seats_end(seat, 100 + (i == 3 ? 0 : i + 1));
    }
    assert_non_null(sp_seats_begin(seats, NTH(50), 1, 200));
    assert_null(sp_seats_find(seats, NTH(3), 200));
    assert_non_null(sp_seats_find(seats, NTH(2), 200));
}

static void test_no_room_among_requests_under_way(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SP_SEATS_WAYS; i++) {
        assert_non_null(sp_seats_begin(seats, NTH(i), 1, 100));
    }
    assert_null(sp_seats_begin(seats, NTH(50), 1, 200));
    assert_non_null(sp_seats_begin(seats, NTH(4), 1, 200));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_session_that_a_pool_knows_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_session_that_came_nowhere_is_forgotten, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_session_is_forgotten_with_time_but_not_under_way,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_one_used_longest_ago_makes_room, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_no_room_among_requests_under_way, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
