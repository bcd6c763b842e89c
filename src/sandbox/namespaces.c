#include "sandbox/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"

/* <sched.h> declares it only beside macros that <linux/sched.h> defines too. */
int unshare(int flags);
int setns(int fd, int flags);

enum sp_err sp_ns_fork(uint64_t flags, pid_t *out_pid)
{
    struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
    long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0) {
        return SP_ERR_SYSTEM;
    }
    *out_pid = (pid_t)pid;
    return SP_OK;
}

enum sp_err sp_ns_leave(int flags)
{
    return unshare(flags) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

enum sp_err sp_ns_enter(int fd, int flags)
{
    return setns(fd, flags) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

enum sp_err sp_ns_keep_admin(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct caps[2] = {{0, 0, 0}, {0, 0, 0}};
    if (syscall(SYS_capget, &header, caps) != 0) {
        return SP_ERR_SYSTEM;
    }
    caps[CAP_TO_INDEX(CAP_SYS_ADMIN)].inheritable |= CAP_TO_MASK(CAP_SYS_ADMIN);
    if (syscall(SYS_capset, &header, caps) != 0) {
        return SP_ERR_SYSTEM;
    }
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0) == 0 ? SP_OK
                                                                                 : SP_ERR_SYSTEM;
}

static enum sp_err write_file(int dir, const char *name, const char *text)
{
    SP_AUTO_CLOSE int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
    size_t len = strlen(text);
    if (fd < 0) {
        return SP_ERR_SYSTEM;
    }
    return write(fd, text, len) == (ssize_t)len ? SP_OK : SP_ERR_SYSTEM;
}

enum sp_err sp_ns_map_self(int proc_self, uid_t outer_uid, gid_t outer_gid, uid_t inner)
{
    char uids[64];
    char gids[64];
    (void)snprintf(uids, sizeof uids, "%u %u 1\n", inner, outer_uid);
    (void)snprintf(gids, sizeof gids, "%u %u 1\n", inner, outer_gid);
    SP_TRY(write_file(proc_self, "setgroups", "deny"));
    SP_TRY(write_file(proc_self, "uid_map", uids));
    return write_file(proc_self, "gid_map", gids);
}

enum sp_err sp_ns_loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    SP_AUTO_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return SP_ERR_SYSTEM;
    }
    request.ifr_flags = IFF_UP;
    return ioctl(fd, SIOCSIFFLAGS, &request) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

enum sp_err sp_ns_drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    /* A kernel newer than this header may know more; the loop ends at the first number it does not know. */
    for (unsigned long cap = 0; cap < 64; cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) {
            if (errno == EINVAL && cap > 0) {
                break;
            }
            return SP_ERR_SYSTEM;
        }
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
        return SP_ERR_SYSTEM;
    }
    return syscall(SYS_capset, &header, none) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

enum sp_err sp_ns_keep_over_exec(uint64_t capabilities)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct sets[2] = {{0, 0, 0}, {0, 0, 0}};
    if (syscall(SYS_capget, &header, sets) != 0) {
        return SP_ERR_SYSTEM;
    }
    sets[0].inheritable = (uint32_t)capabilities;
    sets[1].inheritable = (uint32_t)(capabilities >> 32);
    if (syscall(SYS_capset, &header, sets) != 0) {
        return SP_ERR_SYSTEM;
    }
    for (unsigned long cap = 0; cap < 64; cap++) {
        if ((capabilities >> cap & 1U) != 0 &&
            prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) != 0) {
            return SP_ERR_SYSTEM;
        }
    }
    return SP_OK;
}

enum sp_err sp_ns_die_with(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
        return SP_ERR_SYSTEM;
    }
    /* It may have died between our birth and the line above. */
    return getppid() == parent ? SP_OK : SP_ERR_CLOSED;
}
