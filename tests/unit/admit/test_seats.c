#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admit/seats.h"

static struct sp_directory *directory_of(const char *const *names, size_t count)
{
    struct sp_directory *directory = NULL;
    assert_int_equal(sp_directory_new(&directory), SP_OK);
    for (size_t i = 0; i < count; i++) {
        const struct sp_tenant tenant = {
            .name = sp_slice_of(names[i]), .policy_name = sp_slice_of("p"), .policy_epoch = count};
        assert_int_equal(sp_directory_add_tenant(directory, &tenant), SP_OK);
    }
    return directory;
}

static void test_seats_stay_where_they_are_when_tenants_come_and_go(void **state)
{
    static const char *const first[] = {"a", "b", "c"};
    static const char *const second[] = {"d", "c"};
    static const struct sp_admit_share first_shares[] = {{.node = 5}, {.node = 9}, {.node = 1}};
    static const struct sp_admit_share second_shares[] = {{.node = 20}, {.node = 1}};
    struct sp_seats seats = {.count = 0};
    (void)state;
    struct sp_directory *one = directory_of(first, 3);
    struct sp_directory *two = directory_of(second, 2);
    assert_int_equal(sp_seats_set(&seats, one, first_shares), SP_OK);
    assert_int_equal(seats.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(sp_seats_of(&seats, i), i);
    }
    sp_directory_free(one); /* the seats have texts of their own */
    assert_int_equal(sp_seats_set(&seats, two, second_shares), SP_OK);
    assert_int_equal(seats.count, 4);
    assert_true(sp_slice_is(seats.all[0].tenant.name, "a") && !seats.all[0].is_there);
    assert_true(sp_slice_is(seats.all[1].tenant.name, "b") && !seats.all[1].is_there);
    assert_true(sp_slice_is(seats.all[2].tenant.name, "c") && seats.all[2].is_there);
    assert_int_equal(seats.all[2].tenant.policy_epoch, 2);
    assert_int_equal(sp_seats_of(&seats, 0), 3);
    assert_int_equal(sp_seats_of(&seats, 1), 2);
    /* and back: whoever returns has the old seat */
    one = directory_of(first, 3);
    assert_int_equal(sp_seats_set(&seats, one, first_shares), SP_OK);
    assert_int_equal(seats.count, 4);
    assert_true(seats.all[0].is_there && !seats.all[3].is_there);
    sp_directory_free(one);
    sp_directory_free(two);
    sp_seats_done(&seats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seats_stay_where_they_are_when_tenants_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
