#include "session/egress.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/own.h"
#include "sandbox/namespaces.h"
#include "sandbox/network_session.h"

/* <sys/mount.h> and <linux/mount.h> cannot be included together with this glibc. */
int mount(const char *source, const char *target, const char *type, unsigned long flags,
          const void *data);
#define REMOUNT_PRIVATE (1UL << 18 | 1UL << 14) /* MS_PRIVATE | MS_REC */

#define TUN             "/dev/net/tun"
#define TUN_MAJOR       10
#define TUN_MINOR       200
#define NETNS_FD        3

static enum sp_err done(int result)
{
    return result == 0 ? SP_OK : SP_ERR_UNSUPPORTED;
}

/* Everybody may open tun on most systems, and it gives nothing; where only root may, our own copy of the node is open. */
static enum sp_err open_tun_to_all(void)
{
    struct stat about;
    if (stat(TUN, &about) == 0 && (about.st_mode & 0006) == 0006) {
        return SP_OK;
    }
    SP_TRY(sp_ns_leave(CLONE_NEWNS));
    SP_TRY(done(mount(NULL, "/", NULL, REMOUNT_PRIVATE, NULL)));
    if (mkdir("/dev/net", 0755) != 0 && access("/dev/net", F_OK) != 0) {
        return SP_ERR_UNSUPPORTED;
    }
    SP_TRY(done(mount("tmpfs", "/dev/net", "tmpfs", 0, "mode=0755,size=4096,nr_inodes=4")));
    SP_TRY(done(mknod(TUN, S_IFCHR | 0666, makedev(TUN_MAJOR, TUN_MINOR))));
    return done(chmod(TUN, 0666));
}

enum sp_err sp_egress_prepare(void)
{
    SP_AUTO_CLOSE int tun = -1;
    if (access(SP_EGRESS_PROGRAM, X_OK) != 0) {
        return SP_ERR_UNSUPPORTED;
    }
    if (geteuid() == 0) {
        SP_TRY(open_tun_to_all());
    }
    tun = open(TUN, O_RDWR | O_CLOEXEC);
    return tun < 0 ? SP_ERR_UNSUPPORTED : SP_OK;
}

/* Only the namespace's descriptor and the standard ones go on; pasta enters it and lets its capabilities go. */
static SP_NORETURN void be_pasta(int netns)
{
    static const char *const arguments[] = {
        "pasta",
        "--foreground",
        "--quiet",
        "--ipv4-only",
        "--config-net",
        "--no-map-gw",
        "-t",
        "none",
        "-u",
        "none",
        "-T",
        "none",
        "-U",
        "none",
        "-I",
        SP_NETWORK_INTERFACE,
        "-a",
        SP_NETWORK_ADDRESS,
        "-n",
        SP_NETWORK_MASK,
        "-g",
        SP_NETWORK_GATEWAY,
        "--dns-forward",
        SP_NETWORK_RESOLVER,
        "--netns",
        "/proc/self/fd/3",
        NULL,
    };
    static char *const environment[] = {NULL};
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(netns, NETNS_FD) != NETNS_FD || fcntl(NETNS_FD, F_SETFD, 0) != 0 ||
        sp_ns_keep_over_exec(1ULL << CAP_SYS_ADMIN | 1ULL << CAP_NET_ADMIN) != SP_OK) {
        _exit(71);
    }
    /* execve takes plain pointers but does not write. */
    (void)execve(SP_EGRESS_PROGRAM, (char *const *)(uintptr_t)arguments, environment);
    _exit(72);
}

enum sp_err sp_egress_start(int netns, pid_t *out_pid)
{
    pid_t pid = fork();
    if (pid < 0) {
        return SP_ERR_SYSTEM;
    }
    if (pid == 0) {
        be_pasta(netns);
    }
    *out_pid = pid;
    return SP_OK;
}
