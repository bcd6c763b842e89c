#include "sandbox/walls_session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"

/* Newer than the headers of Debian 12. */
#define ACCESS_TRUNCATE  (1ULL << 14)
#define ACCESS_IOCTL_DEV (1ULL << 15)
#define SCOPE_ABSTRACT   (1ULL << 0)
#define SCOPE_SIGNAL     (1ULL << 1)

#define ABI_REFER        2
#define ABI_TRUNCATE     3
#define ABI_IOCTL_DEV    5
#define ABI_SCOPE        6

struct ruleset {
    uint64_t handled_fs;
    uint64_t handled_net;
    uint64_t scoped;
};

#define READS                                                                                      \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define DEVICE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_IOCTL_DEV)
#define WRITES                                                                                     \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                               \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |  \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM |   \
     LANDLOCK_ACCESS_FS_REFER | ACCESS_TRUNCATE)
#define DEVICES_MADE (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)

/* Everything that is not listed here is denied. */
static const struct {
    const char *path;
    const char *why;
    uint64_t access;
} rules[] = {
    {"/", "listing the root", LANDLOCK_ACCESS_FS_READ_DIR},
    {"/usr", "programs, libraries, Python's modules", READS},
    {"/etc", "the few files of it that the root holds", READS},
    {"/proc", "its own processes", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR},
    {"/dev/null", "as usual", DEVICE},
    {"/dev/zero", "as usual", DEVICE},
    {"/dev/full", "as usual", DEVICE},
    {"/dev/random", "as usual", DEVICE},
    {"/dev/urandom", "as usual", DEVICE},
    {"/dev/shm", "POSIX semaphores of multiprocessing", READS | WRITES},
    {"/mnt/data", "the session's files", READS | WRITES},
    {"/tmp", "scratch files, the home directory", READS | WRITES},
};

int sp_session_landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi < 0 ? 0 : (int)abi;
}

static struct ruleset ruleset_for(int abi, size_t *out_size)
{
    struct ruleset set = {.handled_fs = READS | WRITES | ACCESS_IOCTL_DEV | DEVICES_MADE,
                          .handled_net = 0,
                          .scoped = 0};
    if (abi < ABI_REFER) {
        set.handled_fs &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
    }
    if (abi < ABI_TRUNCATE) {
        set.handled_fs &= ~(uint64_t)ACCESS_TRUNCATE;
    }
    if (abi < ABI_IOCTL_DEV) {
        set.handled_fs &= ~(uint64_t)ACCESS_IOCTL_DEV;
    }
    if (abi >= ABI_SCOPE) {
        set.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
    }
    /* Older kernels refuse a struct with members that they do not know. */
    *out_size = abi >= ABI_SCOPE ? sizeof set : sizeof set.handled_fs;
    return set;
}

static enum sp_err add_rule(int ruleset_fd, const char *path, uint64_t access)
{
    SP_AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
    if (fd < 0) {
        /* A path that the root does not have needs no permission. */
        return errno == ENOENT ? SP_OK : SP_ERR_SYSTEM;
    }
    return syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0
               ? SP_OK
               : SP_ERR_SYSTEM;
}

enum sp_err sp_session_rules_new(int *out_rules)
{
    int abi = sp_session_landlock_abi();
    size_t size = 0;
    struct ruleset set = ruleset_for(abi, &size);
    SP_AUTO_CLOSE int fd = -1;
    if (abi == 0) {
        return SP_ERR_UNSUPPORTED;
    }
    fd = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
    if (fd < 0) {
        return SP_ERR_SYSTEM;
    }
    for (size_t i = 0; i < SP_COUNT(rules); i++) {
        SP_TRY(add_rule(fd, rules[i].path, rules[i].access & set.handled_fs));
    }
    *out_rules = sp_take_fd(&fd);
    return SP_OK;
}

enum sp_err sp_session_rules_enter(int ruleset)
{
    return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

static enum sp_err limit(__rlimit_resource_t what, uint64_t value)
{
    struct rlimit now = {0};
    struct rlimit wanted = {.rlim_cur = value, .rlim_max = value};
    if (getrlimit(what, &now) != 0) {
        return SP_ERR_SYSTEM;
    }
    /* A hard limit that is lower already stays: raising it needs a privilege that we do not have. */
    if (now.rlim_max < value) {
        wanted = (struct rlimit){.rlim_cur = now.rlim_max, .rlim_max = now.rlim_max};
    }
    return setrlimit(what, &wanted) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

enum sp_err sp_session_rlimits(const struct sp_session_limits *limits)
{
    SP_TRY(limit(RLIMIT_CORE, 0));
    SP_TRY(limit(RLIMIT_MSGQUEUE, 0));
    SP_TRY(limit(RLIMIT_MEMLOCK, (uint64_t)64 * 1024));
    SP_TRY(limit(RLIMIT_SIGPENDING, 256));
    SP_TRY(limit(RLIMIT_NPROC, limits->processes));
    SP_TRY(limit(RLIMIT_FSIZE, limits->data_bytes));
    SP_TRY(limit(RLIMIT_NOFILE, SP_SESSION_DESCRIPTORS_MAX));
#ifndef SP_SANITIZED
    /* A sanitizer has terabytes mapped, so that nothing more could be. */
    SP_TRY(limit(RLIMIT_DATA, limits->memory_bytes));
    /* Twice the memory and some more: libraries and stacks are mapped, not used. */
    SP_TRY(limit(RLIMIT_AS,
                 limits->memory_bytes + limits->memory_bytes + (uint64_t)1024 * 1024 * 1024));
#endif
    return SP_OK;
}
