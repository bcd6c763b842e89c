#include "os/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXIT_NO_EXEC 127

/* From here to exec only calls that are safe after a fork. */
static void restore_signals(void)
{
    sigset_t none;
    for (int signo = 1; signo < NSIG; signo++) {
        (void)signal(signo, SIG_DFL);
    }
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static int arrange_descriptors(const struct sp_spawn *spawn)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0) {
        return 1;
    }
    if (spawn->output_fd > 0 && dup2(spawn->output_fd, STDOUT_FILENO) < 0) {
        return 1;
    }
    const int errors = spawn->error_fd == SP_SPAWN_NO_ERRORS ? null : spawn->error_fd;
    if (errors >= 0 && dup2(errors, STDERR_FILENO) < 0) {
        return 1;
    }
    if (spawn->directory_fd >= 0 ? fchdir(spawn->directory_fd) != 0 : chdir("/") != 0) {
        return 1;
    }
    if (spawn->control_fd < 0) {
        return syscall(SYS_close_range, SP_SPAWN_CONTROL_FD, ~0U, 0) != 0;
    }
    /* dup2 onto itself would keep the close-on-exec bit. */
    if (spawn->control_fd == SP_SPAWN_CONTROL_FD
            ? fcntl(SP_SPAWN_CONTROL_FD, F_SETFD, 0) != 0
            : dup2(spawn->control_fd, SP_SPAWN_CONTROL_FD) < 0) {
        return 1;
    }
    return syscall(SYS_close_range, SP_SPAWN_CONTROL_FD + 1, ~0U, 0) != 0;
}

static void become(const struct sp_spawn *spawn, pid_t parent)
{
    static char *const no_environment[] = {NULL};
    restore_signals();
    (void)setsid();
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent ||
        arrange_descriptors(spawn) != 0) {
        _exit(EXIT_NO_EXEC);
    }
    /* execve takes plain pointers but does not write. */
    (void)execve(spawn->program != NULL ? spawn->program : "/proc/self/exe",
                 (char *const *)(uintptr_t)spawn->argv,
                 spawn->environment != NULL ? (char *const *)(uintptr_t)spawn->environment
                                            : no_environment);
    _exit(EXIT_NO_EXEC);
}

enum sp_err sp_spawn_program(const struct sp_spawn *spawn, pid_t *out_pid)
{
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) {
        return SP_ERR_SYSTEM;
    }
    if (pid == 0) {
        become(spawn, parent);
    }
    *out_pid = pid;
    return SP_OK;
}
