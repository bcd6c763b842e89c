/*
 * inside - lets a child process try something behind a wall, for the tests of the sandbox.
 */
#ifndef SP_TEST_INSIDE_H
#define SP_TEST_INSIDE_H

#include "sandbox/confine.h"

/* A user that the tests become when they run as root. */
#define TEST_UID 64999U

/* Runs in the child; its value is the exit status. */
typedef int attempt_fn(const void *what);

/* The wait status of a child that runs `attempt`. It cannot run for longer than ten seconds. */
int in_child(attempt_fn *attempt, const void *what);

/* The same behind everything that a profile says; exit status 99 when it could not be confined. */
int inside(const struct sp_profile *profile, int dir_fd, attempt_fn *attempt, const void *what);

/* A fresh directory that the test's user owns. */
int make_dir(void);

/* Every role's profile. */
extern const struct sp_profile *const all_profiles[];
extern const size_t all_profile_count;

#endif
