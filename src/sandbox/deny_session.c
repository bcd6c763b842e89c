#include "sandbox/deny_session.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define NUMBER offsetof(struct seccomp_data, nr)

/* The low half of the first argument; both are little-endian machines that Debian calls amd64 and arm64. */
#define FIRST  offsetof(struct seccomp_data, args)

#define LOAD(offset)                                                                               \
    {                                                                                              \
        BPF_LD | BPF_W | BPF_ABS, 0, 0, (offset)                                                   \
    }
#define IS(value, yes, no)                                                                         \
    {                                                                                              \
        BPF_JMP | BPF_JEQ | BPF_K, (yes), (no), (value)                                            \
    }
#define HAS(bits, yes, no)                                                                         \
    {                                                                                              \
        BPF_JMP | BPF_JSET | BPF_K, (yes), (no), (bits)                                            \
    }
#define PASS                                                                                       \
    {                                                                                              \
        BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW                                                   \
    }
#define REFUSE                                                                                     \
    {                                                                                              \
        BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM                                           \
    }

/*
 * Numbers of another machine's table never get here: the session's own filter, which also runs, refuses them. Threads
 * are no processes. clone3 is left to that filter, whose ENOSYS makes the C library take clone.
 */
static struct sock_filter no_processes[] = {
    LOAD(NUMBER),
#ifdef SYS_fork
    IS(SYS_fork, 6, 0),
    IS(SYS_vfork, 5, 0),
#else
    IS(SYS_execve, 6, 0),
    IS(SYS_execve, 5, 0),
#endif
    IS(SYS_execve, 4, 0),
    IS(SYS_execveat, 3, 0),
    IS(SYS_clone, 0, 3),
    LOAD(FIRST),
    HAS(CLONE_THREAD, 1, 0),
    REFUSE,
    PASS,
};

static struct sock_filter no_network[] = {
    LOAD(NUMBER), IS(SYS_socket, 0, 2), LOAD(FIRST), IS(AF_UNIX, 0, 1), PASS, REFUSE,
};

static enum sp_err load(struct sock_filter *rows, unsigned short count)
{
    const struct sock_fprog program = {.len = count, .filter = rows};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

enum sp_err sp_session_deny(bool processes, bool network)
{
    if (processes) {
        SP_TRY(load(no_processes, SP_COUNT(no_processes)));
    }
    return network ? load(no_network, SP_COUNT(no_network)) : SP_OK;
}
