#include "sandbox/privilege.h"

#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "inside.h"

/* Each answers 0, or the number of the first expectation that failed. */
static int become_other(const void *what)
{
    (void)what;
    if (sp_privilege_become(TEST_UID, TEST_UID) != SP_OK) {
        return 1;
    }
    if (getuid() != TEST_UID || geteuid() != TEST_UID || getgid() != TEST_UID ||
        getgroups(0, NULL) != 0) {
        return 2;
    }
    return setuid(0) != 0 && setgid(0) != 0 && !sp_privilege_is_root() ? 0 : 3;
}

static int stay(const void *what)
{
    const uid_t before = geteuid();
    (void)what;
    return sp_privilege_become(0, 0) == SP_OK && geteuid() == before ? 0 : 1;
}

static int drop(const void *what)
{
    (void)what;
    if (sp_privilege_drop_capabilities() != SP_OK || sp_privilege_has_capabilities()) {
        return 1;
    }
    return setgroups(0, NULL) != 0 ? 0 : 2;
}

static int seal(const void *what)
{
    int signo = 0;
    (void)what;
    if (sp_privilege_has_no_new_privs() || sp_privilege_seal() != SP_OK ||
        !sp_privilege_has_no_new_privs()) {
        return 1;
    }
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return 2;
    }
    return prctl(PR_GET_PDEATHSIG, &signo, 0, 0, 0) == 0 && signo == 9 ? 0 : 3;
}

static void test_root_becomes_another_user_for_good(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(in_child(become_other, NULL), 0);
}

static void test_without_a_user_nothing_changes(void **state)
{
    (void)state;
    assert_int_equal(in_child(stay, NULL), 0);
}

static void test_capabilities_are_gone_even_for_root(void **state)
{
    (void)state;
    assert_int_equal(in_child(drop, NULL), 0);
}

static void test_sealed_process_gains_nothing_and_shows_nothing(void **state)
{
    (void)state;
    assert_int_equal(in_child(seal, NULL), 0);
}

static void test_no_filter_is_not_taken_for_one(void **state)
{
    (void)state;
    assert_false(sp_privilege_has_seccomp());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_root_becomes_another_user_for_good),
        cmocka_unit_test(test_without_a_user_nothing_changes),
        cmocka_unit_test(test_capabilities_are_gone_even_for_root),
        cmocka_unit_test(test_sealed_process_gains_nothing_and_shows_nothing),
        cmocka_unit_test(test_no_filter_is_not_taken_for_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
