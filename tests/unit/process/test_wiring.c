#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/house.h"
#include "process/profiles.h"

static void test_exactly_the_pairs_of_the_design_may_talk(void **state)
{
    static const struct {
        enum sp_role a;
        enum sp_role b;
    } may[] = {
        {SP_ROLE_DOOR, SP_ROLE_FRONT},    {SP_ROLE_FRONT, SP_ROLE_ADMIT},
        {SP_ROLE_FRONT, SP_ROLE_INSPECT}, {SP_ROLE_ADMIT, SP_ROLE_AUDIT},
        {SP_ROLE_INSPECT, SP_ROLE_AUDIT}, {SP_ROLE_AUDIT, SP_ROLE_RELAY},
        {SP_ROLE_AUDIT, SP_ROLE_FRONT},   {SP_ROLE_RELAY, SP_ROLE_DIAL},
        {SP_ROLE_TOKEN, SP_ROLE_DIAL},    {SP_ROLE_TOKEN, SP_ROLE_RELAY},
        {SP_ROLE_TOKEN, SP_ROLE_ADMIT},   {SP_ROLE_POOL, SP_ROLE_NURSERY},
        {SP_ROLE_DOOR, SP_ROLE_AUDIT},    {SP_ROLE_AUDIT, SP_ROLE_READER},
        {SP_ROLE_READER, SP_ROLE_FRONT},  {SP_ROLE_SHIP, SP_ROLE_AUDIT},
        {SP_ROLE_SHIP, SP_ROLE_DIAL},     {SP_ROLE_TOKEN, SP_ROLE_CLI},
    };
    (void)state;
    for (unsigned a = 0; a < SP_ROLE_COUNT; a++) {
        for (unsigned b = 0; b < SP_ROLE_COUNT; b++) {
            bool want = false;
            for (size_t i = 0; i < SP_COUNT(may); i++) {
                want = want || (may[i].a == a && may[i].b == b) || (may[i].a == b && may[i].b == a);
            }
            if (sp_wiring_may((enum sp_role)a, (enum sp_role)b) != want) {
                fail_msg("%s and %s", sp_role_name((enum sp_role)a), sp_role_name((enum sp_role)b));
            }
        }
    }
}

static void test_every_role_has_a_profile_but_the_supervisor(void **state)
{
    (void)state;
    for (unsigned role = 0; role < SP_ROLE_COUNT; role++) {
        assert_int_equal(sp_profile_of((enum sp_role)role) != NULL, role != SP_ROLE_SUPERVISOR);
    }
}

static void test_lines_of_roles_cannot_fake_others(void **state)
{
    int ends[2];
    char got[512] = "";
    (void)state;
    const int saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    sp_operator_line(SP_LOG_WARN, "front", 42,
                     SP_SLICE_LITERAL("x\n2026 error audit[1] y\033[2J\xff"));
    (void)dup2(saved, STDERR_FILENO);
    const ssize_t len = read(ends[0], got, sizeof(got) - 1);
    assert_true(len > 0);
    const struct sp_slice line = sp_slice_make(got, (size_t)len);
    assert_int_equal(sp_slice_find(line, 0, '\n'), line.len - 1);
    assert_true(sp_slice_ends(line, "warn  front[42] x\\x0a2026 error audit[1] y\\x1b[2J\\xff\n"));
    close(ends[0]);
    close(ends[1]);
    close(saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exactly_the_pairs_of_the_design_may_talk),
        cmocka_unit_test(test_every_role_has_a_profile_but_the_supervisor),
        cmocka_unit_test(test_lines_of_roles_cannot_fake_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
