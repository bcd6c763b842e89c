#include "sandbox/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/attr.h"

const struct sp_rule sp_common_rules[] = {
    SP_ALLOW("brk", "the allocator grows and shrinks"),
    SP_ALLOW_IF("mmap", 2, SP_CHECK_CLEAR, PROT_EXEC,
                "the allocator, and sealed bodies; never executable"),
    SP_ALLOW_IF("mprotect", 2, SP_CHECK_CLEAR, PROT_EXEC,
                "the allocator's arenas; never executable"),
    SP_ALLOW("munmap", "the allocator shrinks"),
    SP_ALLOW("mremap", "the allocator grows a large block; keeps its protection"),
    SP_ALLOW("madvise", "the allocator gives pages back"),
    SP_ALLOW("epoll_wait", "the event loop sleeps"),
    SP_ALLOW("epoll_pwait", "the event loop sleeps, by its other name"),
    SP_ALLOW("epoll_ctl", "the event loop changes what it waits for"),
    SP_ALLOW("recvmmsg", "messages from peers and the supervisor"),
    SP_ALLOW("sendmsg", "messages to peers and the supervisor"),
    SP_ALLOW("close", "wires, bodies and connections end"),
    SP_ALLOW("dup", "a queued message keeps descriptors of its own"),
    SP_ALLOW_IF("fcntl", 1, SP_CHECK_IS, F_GETFL, "libraries look whether a descriptor blocks"),
    SP_ALLOW_IF("fcntl", 1, SP_CHECK_IS, F_SETFL, "descriptors are made non-blocking"),
    SP_ALLOW_IF("fcntl", 1, SP_CHECK_IS, F_GETFD,
                "libraries look whether a descriptor is inherited"),
    SP_ALLOW_IF("fcntl", 1, SP_CHECK_IS, F_SETFD, "descriptors are kept from being inherited"),
    SP_ALLOW_IF("fcntl", 1, SP_CHECK_IS, F_DUPFD_CLOEXEC, "a second descriptor of the same thing"),
    SP_ALLOW_IF("fcntl", 1, SP_CHECK_IS, F_GET_SEALS, "the seals of a received body are looked at"),
    SP_ALLOW_IF(
        "newfstatat", 3, SP_CHECK_IS, AT_EMPTY_PATH,
        "the size of a received body; whether a path is beside it no filter can see, and no "
        "more than names and sizes would be told"),
    SP_ALLOW("fstat", "the size of a received body, by its other name"),
    SP_ALLOW_IF("write", 0, SP_CHECK_IS, 2, "last words on standard error"),
    SP_ALLOW("clock_gettime", "the time, where the kernel has no page for it"),
    SP_ALLOW("gettimeofday", "the time, where the kernel has no page for it"),
    SP_ALLOW("getrandom", "the allocator's and the libraries' randomness"),
    SP_ALLOW("futex", "locks inside libraries"),
    SP_ALLOW("getpid", "OpenSSL looks whether it was forked"),
    SP_ALLOW("gettid", "abort names the thread"),
    SP_ALLOW_IF("tgkill", 0, SP_CHECK_SELF, 0, "abort; no process but this one"),
    SP_ALLOW("rt_sigaction", "abort gives its signal the default action back"),
    SP_ALLOW("rt_sigprocmask", "abort lets its signal through"),
    SP_ALLOW("rt_sigreturn", "a signal handler of the event loop returns"),
    SP_ALLOW("restart_syscall", "the kernel goes on after a stop"),
    SP_ALLOW("exit", "orderly end"),
    SP_ALLOW("exit_group", "orderly end"),
    SP_ALLOW_IF("prctl", 0, SP_CHECK_IS, PR_GET_SECCOMP,
                "the check that this very filter is in force"),
    SP_ANSWER("ioctl", ENOTTY, "the C library asks whether it writes to a terminal; it does not"),
    SP_ANSWER("sysinfo", ENOSYS, "sorting asks how much memory there is, and lives without"),
};
const size_t sp_common_rule_count = SP_COUNT(sp_common_rules);
