#include "sandbox/profile_session.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"
#include "os/memfd.h"

#define NAMES_MAX 48

/* A group of calls with one reason. Names that this libseccomp or this machine does not know are passed over. */
struct group {
    const char *why;
    int refused_with; /* 0: allowed */
    const char *names[NAMES_MAX];
};

static const struct group groups[] = {
    {"files by descriptor",
     0,
     {"read",           "write",    "readv",           "writev",      "pread64",
      "pwrite64",       "preadv",   "pwritev",         "preadv2",     "pwritev2",
      "lseek",          "_llseek",  "close",           "close_range", "dup",
      "dup2",           "dup3",     "fcntl",           "flock",       "fsync",
      "fdatasync",      "syncfs",   "ftruncate",       "fallocate",   "fadvise64",
      "readahead",      "sendfile", "copy_file_range", "splice",      "tee",
      "sync_file_range"}},
    {"files by name; mounts, Landlock and modes bound which",
     0,
     {"open",      "openat",     "openat2",   "creat",      "access",    "faccessat", "faccessat2",
      "stat",      "lstat",      "fstat",     "newfstatat", "statx",     "statfs",    "fstatfs",
      "readlink",  "readlinkat", "getcwd",    "chdir",      "fchdir",    "getdents",  "getdents64",
      "mkdir",     "mkdirat",    "rmdir",     "unlink",     "unlinkat",  "rename",    "renameat",
      "renameat2", "link",       "linkat",    "symlink",    "symlinkat", "truncate",  "chmod",
      "fchmod",    "fchmodat",   "fchmodat2", "umask",      "utime",     "utimes",    "utimensat",
      "futimesat"}},
    {"owners change to oneself only, without capabilities",
     0,
     {"chown", "fchown", "lchown", "fchownat"}},
    {"extended attributes are read by shutil",
     0,
     {"getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr"}},
    {"extended attributes would be memory that no size limit counts",
     ENOTSUP,
     {"setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"}},
    {"memory; rlimits bound how much",
     0,
     {"brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "mincore", "msync", "mlock",
      "mlock2", "munlock", "mlockall", "munlockall", "membarrier", "pkey_alloc", "pkey_free",
      "pkey_mprotect", "get_mempolicy"}},
    {"placing memory is the machine's business; BLAS goes on without",
     EPERM,
     {"mbind", "set_mempolicy", "set_mempolicy_home_node", "migrate_pages", "move_pages"}},
    {"processes of its own; RLIMIT_NPROC bounds how many",
     0,
     {"fork",
      "vfork",
      "execve",
      "execveat",
      "exit",
      "exit_group",
      "wait4",
      "waitid",
      "waitpid",
      "getpid",
      "getppid",
      "gettid",
      "getpgid",
      "getpgrp",
      "getsid",
      "setpgid",
      "setsid",
      "kill",
      "tkill",
      "tgkill",
      "pidfd_open",
      "pidfd_send_signal",
      "set_tid_address",
      "set_robust_list",
      "get_robust_list",
      "rseq",
      "prctl",
      "arch_prctl",
      "getpriority",
      "setpriority",
      "ioprio_get",
      "ioprio_set"}},
    {"clone3 hides its flags from a filter; glibc falls back to clone", ENOSYS, {"clone3"}},
    {"who one is; there is one user and nothing to gain",
     0,
     {"getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups", "setuid",
      "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid",
      "setgroups", "capget", "capset"}},
    {"signals of its own",
     0,
     {"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend",
      "rt_sigtimedwait", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "sigaltstack", "pause",
      "restart_syscall", "signalfd", "signalfd4"}},
    {"scheduling of its own threads",
     0,
     {"futex", "futex_waitv", "sched_yield", "sched_getaffinity", "sched_setaffinity",
      "sched_getparam", "sched_setparam", "sched_getscheduler", "sched_setscheduler",
      "sched_getattr", "sched_setattr", "sched_get_priority_max", "sched_get_priority_min",
      "sched_rr_get_interval", "getcpu"}},
    {"time",
     0,
     {"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
      "times", "alarm", "getitimer", "setitimer", "timer_create", "timer_delete",
      "timer_getoverrun", "timer_gettime", "timer_settime", "timerfd_create", "timerfd_gettime",
      "timerfd_settime"}},
    {"waiting",
     0,
     {"poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl",
      "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "pipe", "pipe2",
      "inotify_init", "inotify_init1", "inotify_add_watch", "inotify_rm_watch"}},
    {"sockets inside an empty network",
     0,
     {"socketpair", "bind", "listen", "accept", "accept4", "connect", "shutdown", "getsockname",
      "getpeername", "getsockopt", "setsockopt", "sendto", "sendmsg", "sendmmsg", "recvfrom",
      "recvmsg", "recvmmsg"}},
    {"limits and facts",
     0,
     {"getrlimit", "setrlimit", "prlimit64", "getrusage", "sysinfo", "uname", "getrandom"}},
    {"sync would stall the whole machine's disks", EPERM, {"sync"}},
    {"memory that no rlimit counts",
     ENOSYS,
     {"memfd_create", "memfd_secret", "shmget", "msgget", "semget", "mq_open"}},
    {"reading or steering other processes",
     EPERM,
     {"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd"}},
    {"mounts and roots are fixed",
     EPERM,
     {"mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen",
      "fsconfig", "fsmount", "fspick", "mount_setattr", "name_to_handle_at", "open_by_handle_at",
      "quotactl", "quotactl_fd"}},
    {"namespaces are fixed", EPERM, {"unshare", "setns", "sethostname", "setdomainname"}},
    {"parts of the kernel with a long list of holes",
     EPERM,
     {"bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
      "io_uring_register", "add_key", "keyctl", "request_key", "fanotify_init", "fanotify_mark",
      "modify_ldt", "seccomp", "lookup_dcookie", "vhangup"}},
    {"the machine itself",
     EPERM,
     {"reboot", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module",
      "swapon", "swapoff", "acct", "settimeofday", "clock_settime", "adjtimex", "clock_adjtime",
      "iopl", "ioperm", "syslog", "nfsservctl"}},
};

/* Rows on which an argument decides: what does not match answers ENOSYS. */
struct narrow {
    const char *why;
    const char *name;
    unsigned arg;
    enum scmp_compare how;
    uint64_t first;
    uint64_t second;
    int refused_with; /* 0: allowed when it matches */
};

#define NEW_NAMESPACES                                                                             \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET)

static const struct narrow narrows[] = {
    {"threads and processes, never a namespace", "clone", 0, SCMP_CMP_MASKED_EQ, NEW_NAMESPACES, 0,
     0},
    {"a user namespace gives capabilities", "clone", 0, SCMP_CMP_MASKED_EQ, CLONE_NEWUSER,
     CLONE_NEWUSER, EPERM},
    {"local sockets", "socket", 0, SCMP_CMP_EQ, AF_UNIX, 0, 0},
    {"the loopback interface", "socket", 0, SCMP_CMP_EQ, AF_INET, 0, 0},
    {"the loopback interface", "socket", 0, SCMP_CMP_EQ, AF_INET6, 0, 0},
    {"getaddrinfo lists the interfaces", "socket", 0, SCMP_CMP_EQ, AF_NETLINK, 0, 0},
    {"raw packets", "socket", 0, SCMP_CMP_EQ, AF_PACKET, 0, EPERM},
    {"os.mkfifo", "mknod", 1, SCMP_CMP_MASKED_EQ, S_IFMT, S_IFIFO, 0},
    {"os.mkfifo", "mknodat", 2, SCMP_CMP_MASKED_EQ, S_IFMT, S_IFIFO, 0},
    {"an empty file by mknod", "mknod", 1, SCMP_CMP_MASKED_EQ, S_IFMT, S_IFREG, 0},
    {"an empty file by mknod", "mknodat", 2, SCMP_CMP_MASKED_EQ, S_IFMT, S_IFREG, 0},
    {"a character device", "mknodat", 2, SCMP_CMP_MASKED_EQ, S_IFMT, S_IFCHR, EPERM},
    {"a block device", "mknodat", 2, SCMP_CMP_MASKED_EQ, S_IFMT, S_IFBLK, EPERM},
    {"asking for the personality", "personality", 0, SCMP_CMP_EQ, 0xFFFFFFFF, 0, 0},
    {"keeping the usual personality", "personality", 0, SCMP_CMP_EQ, 0, 0, 0},
    {"commands to the few devices there are", "ioctl", 1, SCMP_CMP_NE, TIOCSTI, 0, 0},
    {"input for a terminal that somebody reads", "ioctl", 1, SCMP_CMP_EQ, TIOCSTI, 0, EPERM},
};

static void release(scmp_filter_ctx *ctx)
{
    if (*ctx != NULL) {
        seccomp_release(*ctx);
    }
}

static uint32_t action_of(int refused_with)
{
    return refused_with == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO((uint16_t)refused_with);
}

static enum sp_err add_group(scmp_filter_ctx ctx, const struct group *group)
{
    uint32_t action = action_of(group->refused_with);
    /* ENOSYS is the answer to everything unlisted already; libseccomp refuses a row that changes nothing. */
    if (action == SCMP_ACT_ERRNO(ENOSYS)) {
        return SP_OK;
    }
    for (size_t i = 0; i < NAMES_MAX && group->names[i] != NULL; i++) {
        int number = seccomp_syscall_resolve_name(group->names[i]);
        /* Negative numbers are calls of other machines. */
        if (number >= 0 && seccomp_rule_add(ctx, action, number, 0) != 0) {
            return SP_ERR_SYSTEM;
        }
    }
    return SP_OK;
}

static enum sp_err add_narrow(scmp_filter_ctx ctx, const struct narrow *row)
{
    int number = seccomp_syscall_resolve_name(row->name);
    struct scmp_arg_cmp match = {row->arg, row->how, row->first, row->second};
    if (number < 0) {
        return SP_OK;
    }
    return seccomp_rule_add_array(ctx, action_of(row->refused_with), number, 1, &match) == 0
               ? SP_OK
               : SP_ERR_SYSTEM;
}

static enum sp_err fill(scmp_filter_ctx ctx)
{
    /* Calls of another architecture's table are unknown calls, not a reason to kill. */
    if (seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)) != 0) {
        return SP_ERR_SYSTEM;
    }
    /* A binary tree: the filter runs at every call of the session. */
    (void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    for (size_t i = 0; i < SP_COUNT(groups); i++) {
        SP_TRY(add_group(ctx, &groups[i]));
    }
    for (size_t i = 0; i < SP_COUNT(narrows); i++) {
        SP_TRY(add_narrow(ctx, &narrows[i]));
    }
    return SP_OK;
}

enum sp_err sp_session_filter_build(struct sp_buf *out)
{
    SP_CLEANUP(release) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    SP_AUTO_CLOSE int fd = -1;
    uint8_t *space = NULL;
    ssize_t got = 0;
    if (ctx == NULL) {
        return SP_ERR_NOMEM;
    }
    SP_TRY(fill(ctx));
    SP_TRY(sp_memfd_new("session-filter", &fd));
    if (seccomp_export_bpf(ctx, fd) != 0) {
        return SP_ERR_SYSTEM;
    }
    SP_TRY(sp_buf_reserve(out, SP_FILTER_BYTES_MAX, &space));
    got = pread(fd, space, SP_FILTER_BYTES_MAX, 0);
    if (got <= 0 || (size_t)got % sizeof(struct sock_filter) != 0 ||
        (size_t)got == SP_FILTER_BYTES_MAX) {
        return SP_ERR_SYSTEM;
    }
    sp_buf_commit(out, (size_t)got);
    return SP_OK;
}

enum sp_err sp_session_filter_load(struct sp_slice filter)
{
    /* The kernel reads through this pointer; it is a buffer of malloc's, aligned for anything. */
    struct sock_fprog program = {
        .len = (unsigned short)(filter.len / sizeof(struct sock_filter)),
        .filter = (struct sock_filter *)(uintptr_t)filter.ptr,
    };
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? SP_OK : SP_ERR_SYSTEM;
}
