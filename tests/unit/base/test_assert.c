#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"

static void be_silent(void *ctx, enum sp_log_level level, struct sp_slice line)
{
    (void)ctx;
    (void)level;
    (void)line;
}

/* Ends how the child ended: by which signal, or 0 for an orderly end. */
static int signal_of_assertion(int value)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        sp_log_to(be_silent, NULL, SP_LOG_ERROR);
        SP_ASSERT(value == 1);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_true_condition_goes_on(void **state)
{
    (void)state;
    assert_int_equal(signal_of_assertion(1), 0);
}

static void test_false_condition_aborts_the_process(void **state)
{
    (void)state;
    assert_int_equal(signal_of_assertion(2), SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_true_condition_goes_on),
        cmocka_unit_test(test_false_condition_aborts_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
