#include "sandbox/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "inside.h"
#include "sandbox/profile.h"

static int report_is_complete(const void *what)
{
    const struct sp_confine_options options = {
        .profile = &sp_profile_admit, .uid = TEST_UID, .gid = TEST_UID, .dir_fd = -1};
    struct sp_confinement report;
    (void)what;
    if (sp_confine(&options, &report) != SP_OK) {
        return 1;
    }
    const struct sp_slice text = sp_slice_of(report.text);
    return sp_slice_starts(text, "uid=") && sp_slice_ends(text, "limits=yes") && report.rows > 30
               ? 0
               : 2;
}

static void test_report_says_what_is_in_force(void **state)
{
    (void)state;
    assert_int_equal(in_child(report_is_complete, NULL), 0);
}

/* As root without a user to become a layer is missing. */
static int root_without_user(const void *what)
{
    const unsigned *given_up = what;
    const struct sp_confine_options options = {
        .profile = &sp_profile_admit, .dir_fd = -1, .given_up = *given_up};
    struct sp_confinement report;
    return sp_confine(&options, &report) == SP_OK ? 0 : 1;
}

static void test_missing_layer_stops_the_start_unless_given_up(void **state)
{
    const unsigned nothing = 0;
    const unsigned another = SP_LAYER_LANDLOCK;
    const unsigned user = SP_LAYER_USER;
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(WEXITSTATUS(in_child(root_without_user, &nothing)), 1);
    assert_int_equal(WEXITSTATUS(in_child(root_without_user, &another)), 1);
    assert_int_equal(WEXITSTATUS(in_child(root_without_user, &user)), 0);
}

static int without_profile(const void *what)
{
    const struct sp_confine_options options = {
        .profile = NULL, .uid = TEST_UID, .gid = TEST_UID, .dir_fd = -1};
    struct sp_confinement report;
    (void)what;
    return sp_confine(&options, &report) == SP_ERR_UNSUPPORTED ? 0 : 1;
}

static void test_role_without_a_profile_does_not_start(void **state)
{
    (void)state;
    assert_int_equal(in_child(without_profile, NULL), 0);
}

static void test_layers_have_names(void **state)
{
    unsigned layer = 0;
    (void)state;
    assert_int_equal(sp_layer_from_name(SP_SLICE_LITERAL("landlock"), &layer), SP_OK);
    assert_int_equal(layer, SP_LAYER_LANDLOCK);
    assert_int_equal(sp_layer_from_name(SP_SLICE_LITERAL("uid"), &layer), SP_OK);
    assert_int_equal(layer, SP_LAYER_USER);
    assert_int_equal(sp_layer_from_name(SP_SLICE_LITERAL("Landlock"), &layer), SP_ERR_INVALID);
    assert_int_equal(sp_layer_from_name(SP_SLICE_LITERAL(""), &layer), SP_ERR_INVALID);
    assert_int_equal(layer, SP_LAYER_USER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report_says_what_is_in_force),
        cmocka_unit_test(test_missing_layer_stops_the_start_unless_given_up),
        cmocka_unit_test(test_role_without_a_profile_does_not_start),
        cmocka_unit_test(test_layers_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
