#include "session/guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "sandbox/profile.h"
#include "sandbox/seccomp.h"
#include "session/fds.h"

#define TRY_MS 50
#define TRIES  200U /* the kernel takes its time over the last processes of a busy group */

/* Nothing of the pool's, its standard error least of all: whoever reads there waits for its end. */
static enum sp_err keep_descriptors(const struct sp_cgroup *groups, int end)
{
    int kept[SP_CGROUP_PARTS_MAX + 1];
    size_t count = 0;
    SP_AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < 3; fd++) {
        if (null < 0 || dup2(null, fd) != fd) {
            return SP_ERR_SYSTEM;
        }
    }
    for (unsigned i = 0; i < groups->count; i++) {
        kept[count++] = groups->dirs[i];
    }
    kept[count++] = end;
    null = -1; /* closed with all others */
    return sp_fds_keep(kept, count);
}

/* As root: to write where its sessions' owner may, and where nobody may, as in the top of a hierarchy. */
static enum sp_err confine(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0, 0, 0}, {0, 0, 0}};
    unsigned rows = 0;
    if (geteuid() == 0) {
        sets[0].effective = sets[0].permitted = 1U << CAP_DAC_OVERRIDE;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_capset, &head, sets) != 0) {
        return SP_ERR_SYSTEM;
    }
    return sp_seccomp_enter(&sp_profile_guardian, &rows);
}

static SP_NORETURN void guard(const struct sp_cgroup *groups, pid_t maker, int end)
{
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = TRY_MS * 1000000L};
    uint8_t byte = 0;
    ssize_t got = -1;
    (void)setsid();
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    if (keep_descriptors(groups, end) != SP_OK || confine() != SP_OK) {
        _exit(1);
    }
    do {
        got = read(end, &byte, sizeof byte);
    } while (got > 0 || (got < 0 && errno == EINTR));
    for (unsigned i = 0; i < TRIES; i++) {
        sp_cgroup_empty(groups);
        if (sp_cgroup_end(groups, maker)) {
            break;
        }
        (void)nanosleep(&pause, NULL);
    }
    _exit(0);
}

/* By way of a child that ends at once: it is nobody's child then, and nobody waits for it. */
static enum sp_err fork_away(const struct sp_cgroup *groups, const int *pair)
{
    pid_t maker = getpid();
    int status = 0;
    pid_t between = fork();
    if (between == 0) {
        pid_t pid = fork();
        if (pid == 0) {
            guard(groups, maker, pair[0]);
        }
        _exit(pid < 0 ? 1 : 0);
    }
    while (between > 0 && waitpid(between, &status, 0) < 0) {
        if (errno != EINTR) {
            return SP_ERR_SYSTEM;
        }
    }
    return between > 0 && status == 0 ? SP_OK : SP_ERR_SYSTEM;
}

enum sp_err sp_guardian_start(const struct sp_cgroup *groups, int *out_alive)
{
    int pair[2] = {-1, -1};
    enum sp_err err = SP_OK;
    if (pipe2(pair, O_CLOEXEC) != 0) {
        return SP_ERR_SYSTEM;
    }
    err = fork_away(groups, pair);
    sp_close(pair[0]);
    if (err != SP_OK) {
        sp_close(pair[1]);
        return err;
    }
    *out_alive = pair[1];
    return SP_OK;
}
