#include "sandbox/profile_session.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/seccomp.h"

static const struct sp_call_group groups[] = {
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

/* Set in the types of every special file but a FIFO: character and block devices, directories, links, sockets. */
#define SPECIAL_FILES (S_IFCHR | S_IFBLK)

/* Calls on which an argument decides; what fits no row answers ENOSYS. */
static const struct sp_rule rules[] = {
    SP_ALLOW_IF("clone", 0, SP_CHECK_CLEAR, SP_NEW_NAMESPACES,
                "threads and processes, never a namespace"),
    SP_ANSWER_IF("clone", 0, SP_CHECK_SET, CLONE_NEWUSER, EPERM,
                 "a user namespace gives capabilities"),
    SP_ALLOW_IF("socket", 0, SP_CHECK_IS, AF_UNIX, "local sockets"),
    SP_ALLOW_IF("socket", 0, SP_CHECK_IS, AF_INET, "the loopback interface"),
    SP_ALLOW_IF("socket", 0, SP_CHECK_IS, AF_INET6, "the loopback interface"),
    SP_ALLOW_IF("socket", 0, SP_CHECK_IS, AF_NETLINK, "getaddrinfo lists the interfaces"),
    SP_ANSWER_IF("socket", 0, SP_CHECK_IS, AF_PACKET, EPERM, "raw packets"),
    SP_ALLOW_IF("mknod", 1, SP_CHECK_CLEAR, SPECIAL_FILES,
                "os.mkfifo, and an empty file; no device"),
    SP_ALLOW_IF("mknodat", 2, SP_CHECK_CLEAR, SPECIAL_FILES,
                "os.mkfifo, and an empty file; no device"),
    SP_ALLOW_IF("personality", 0, SP_CHECK_IS, 0xFFFFFFFF, "asking for the personality"),
    SP_ALLOW_IF("personality", 0, SP_CHECK_IS, 0, "keeping the usual personality"),
    SP_ALLOW_IF("ioctl", 1, SP_CHECK_NOT, TIOCSTI, "commands to the few devices there are"),
    SP_ANSWER_IF("ioctl", 1, SP_CHECK_IS, TIOCSTI, EPERM,
                 "input for a terminal that somebody reads"),
};

enum sp_err sp_session_filter_build(struct sp_buf *out)
{
    const struct sp_calls calls = {.groups = groups,
                                   .group_count = SP_COUNT(groups),
                                   .rules = rules,
                                   .rule_count = SP_COUNT(rules)};
    return sp_seccomp_export(&calls, ENOSYS, out);
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
