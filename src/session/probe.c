#include "session/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"
#include "base/slice.h"
#include "sandbox/network_session.h"
#include "wire/session_frame.h"

static const struct {
    enum sp_wall layer;
    const char *path;
} namespaces[] = {
    {SP_WALL_USER, "/proc/self/ns/user"},     {SP_WALL_MOUNT, "/proc/self/ns/mnt"},
    {SP_WALL_PID, "/proc/self/ns/pid"},       {SP_WALL_NET, "/proc/self/ns/net"},
    {SP_WALL_IPC, "/proc/self/ns/ipc"},       {SP_WALL_UTS, "/proc/self/ns/uts"},
    {SP_WALL_CGROUP, "/proc/self/ns/cgroup"},
};

static ino_t remembered[SP_COUNT(namespaces)];

static ino_t inode_of(const char *path)
{
    struct stat about = {.st_ino = 0};
    return stat(path, &about) == 0 ? about.st_ino : 0;
}

void sp_probe_remember(void)
{
    for (size_t i = 0; i < SP_COUNT(namespaces); i++) {
        remembered[i] = inode_of(namespaces[i].path);
    }
}

static uint64_t look_at_namespaces(void)
{
    uint64_t layers = 0;
    for (size_t i = 0; i < SP_COUNT(namespaces); i++) {
        ino_t now = inode_of(namespaces[i].path);
        /* 0 is "cannot be seen", which proves nothing. */
        if (now != 0 && remembered[i] != 0 && now != remembered[i]) {
            layers |= SP_WALL_BIT(namespaces[i].layer);
        }
    }
    return layers;
}

static bool proc_is_bare(void)
{
    return access("/proc/self/stat", R_OK) == 0 && access("/proc/meminfo", F_OK) != 0 &&
           access("/proc/sys", F_OK) != 0 && access("/proc/kallsyms", F_OK) != 0;
}

static bool cannot_create(const char *path)
{
    SP_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return fd < 0 && (errno == EROFS || errno == EACCES || errno == EPERM);
}

static bool root_is_read_only(void)
{
    return cannot_create("/probe") && cannot_create("/usr/probe") && cannot_create("/etc/probe") &&
           cannot_create("/dev/probe");
}

/* Five capability sets, each a line "CapXxx:\t0000000000000000". */
static bool has_no_capability(void)
{
    char text[4096];
    unsigned empty = 0;
    SP_AUTO_CLOSE int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text);
    struct sp_slice rest = sp_slice_make(text, got < 0 ? 0 : (size_t)got);
    while (rest.len > 0) {
        size_t end = sp_slice_find(rest, 0, '\n');
        struct sp_slice line = sp_slice_sub(rest, 0, end);
        if (sp_slice_starts(line, "Cap") && sp_slice_ends(line, "\t0000000000000000")) {
            empty++;
        }
        rest = sp_slice_sub(rest, end + 1, rest.len);
    }
    return empty == 5;
}

/* Allowed by mode and mount, so only Landlock can say no. */
static bool landlock_holds(void)
{
    SP_AUTO_CLOSE int fd = open("/proc/self/comm", O_WRONLY | O_CLOEXEC);
    return fd < 0 && errno == EACCES;
}

/* Process 1 runs as the same user outside our Landlock domain. */
static bool scope_holds(void)
{
    return kill(1, 0) != 0 && errno == EPERM;
}

static bool filter_holds(void)
{
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2 && syscall(SYS_bpf, 0, 0, 0) != 0 &&
           errno == EPERM && syscall(SYS_ptrace, 0, 0, 0, 0) != 0 && errno == EPERM;
}

static bool rlimits_hold(const struct sp_session_limits *limits)
{
    struct rlimit processes = {0};
    struct rlimit memory = {0};
    if (getrlimit(RLIMIT_NPROC, &processes) != 0 || getrlimit(RLIMIT_DATA, &memory) != 0) {
        return false;
    }
#ifndef SP_SANITIZED
    if (memory.rlim_max > limits->memory_bytes) {
        return false;
    }
#endif
    return processes.rlim_max <= limits->processes;
}

uint64_t sp_probe_look(const struct sp_session_limits *limits, bool has_memory)
{
    const struct {
        enum sp_wall layer;
        bool holds;
    } seen[] = {
        {SP_WALL_PROC, proc_is_bare()},
        {SP_WALL_READ_ONLY, root_is_read_only()},
        {SP_WALL_CAPS, has_no_capability()},
        {SP_WALL_NO_NEW_PRIVS, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1},
        {SP_WALL_LANDLOCK, landlock_holds()},
        {SP_WALL_SCOPE, scope_holds()},
        {SP_WALL_SECCOMP, filter_holds()},
        {SP_WALL_RLIMITS, rlimits_hold(limits)},
        {SP_WALL_MEMORY, has_memory},
        {SP_WALL_OFFLINE, sp_network_is_none()},
    };
    uint64_t layers = look_at_namespaces();
    for (size_t i = 0; i < SP_COUNT(seen); i++) {
        if (seen[i].holds) {
            layers |= SP_WALL_BIT(seen[i].layer);
        }
    }
    return layers;
}
