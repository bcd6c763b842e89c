#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"

/* Newer than the kernel headers of Debian 12. */
#define ACCESS_TRUNCATE  (1ULL << 14)
#define ACCESS_IOCTL_DEV (1ULL << 15)
#define NET_BIND_TCP     (1ULL << 0)
#define NET_CONNECT_TCP  (1ULL << 1)
#define RULE_NET_PORT    ((enum landlock_rule_type)2)
#define SCOPE_ABSTRACT   (1ULL << 0)
#define SCOPE_SIGNAL     (1ULL << 1)

/* The first thirteen access rights are those of version 1; REFER, TRUNCATE and IOCTL_DEV came with later ones. */
#define ACCESS_FIRST     ((1ULL << 13) - 1)

struct ruleset {
    uint64_t handled_fs;
    uint64_t handled_net;
    uint64_t scoped;
};

/* What each version of the kernel's interface added, and how long its struct is. */
static const struct {
    uint64_t fs;
    uint64_t net;
    uint64_t scoped;
    size_t size;
} versions[] = {
    {ACCESS_FIRST, 0, 0, sizeof(uint64_t)},
    {LANDLOCK_ACCESS_FS_REFER, 0, 0, sizeof(uint64_t)},
    {ACCESS_TRUNCATE, 0, 0, sizeof(uint64_t)},
    {0, NET_BIND_TCP | NET_CONNECT_TCP, 0, 2 * sizeof(uint64_t)},
    {ACCESS_IOCTL_DEV, 0, 0, 2 * sizeof(uint64_t)},
    {0, 0, SCOPE_ABSTRACT | SCOPE_SIGNAL, 3 * sizeof(uint64_t)},
};

int sp_landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi < 0 ? 0 : (int)abi;
}

/* What a rule of a port says to the kernel. */
struct port_rule {
    uint64_t allowed_access;
    uint64_t port;
};

static int new_ruleset(const struct sp_profile *profile, const struct sp_landlock_given *given,
                       int abi, struct ruleset *out)
{
    size_t size = 0;
    *out = (struct ruleset){0};
    for (size_t i = 0; i < SP_COUNT(versions) && i < (size_t)abi; i++) {
        out->handled_fs |= versions[i].fs;
        out->handled_net |= versions[i].net;
        out->scoped |= versions[i].scoped;
        size = versions[i].size;
    }
    if (profile->may_connect && given->ports == NULL) {
        out->handled_net &= ~NET_CONNECT_TCP;
    }
    return (int)syscall(SYS_landlock_create_ruleset, out, size, 0);
}

static enum sp_err add_rule(int ruleset, int fd, uint64_t access)
{
    const struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0
               ? SP_OK
               : SP_ERR_SYSTEM;
}

static enum sp_err add_ports(int ruleset, const struct ruleset *set,
                             const struct sp_landlock_given *given)
{
    const bool can = (set->handled_net & NET_CONNECT_TCP) != 0 && given->ports != NULL;
    for (size_t i = 0; can && i < given->port_count; i++) {
        const struct port_rule rule = {.allowed_access = NET_CONNECT_TCP, .port = given->ports[i]};
        if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) != 0) {
            return SP_ERR_SYSTEM;
        }
    }
    return SP_OK;
}

/* A path that is not there needs no rule: it cannot be made either. */
static enum sp_err add_paths(int ruleset, const char *const *paths)
{
    for (; *paths != NULL; paths++) {
        SP_AUTO_CLOSE int fd = open(*paths, O_PATH | O_CLOEXEC);
        if (fd >= 0) {
            uint64_t access = LANDLOCK_ACCESS_FS_READ_FILE;
            SP_AUTO_CLOSE int dir = open(*paths, O_PATH | O_CLOEXEC | O_DIRECTORY);
            if (dir >= 0) {
                access |= LANDLOCK_ACCESS_FS_READ_DIR;
            }
            SP_TRY(add_rule(ruleset, fd, access));
        }
    }
    return SP_OK;
}

/* Neither TRUNCATE nor REMOVE_FILE nor REFER: what is written stays, under its name. */
static enum sp_err add_log(int ruleset, int dir_fd, int own_fd)
{
    const uint64_t access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                            LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                            LANDLOCK_ACCESS_FS_MAKE_DIR;
    SP_TRY(add_rule(ruleset, dir_fd, access));
    return own_fd > 0 ? add_rule(ruleset, own_fd, access) : SP_OK;
}

/* A program that is not ours, and its session: it may read what its user may, and write where it must. */
static enum sp_err add_program(int ruleset, int dir_fd)
{
    const uint64_t reading =
        LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE;
    const int abi = sp_landlock_abi();
    const uint64_t later =
        (abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) | (abi >= 3 ? ACCESS_TRUNCATE : 0);
    const uint64_t writing = reading | later | LANDLOCK_ACCESS_FS_WRITE_FILE |
                             LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |
                             LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR;
    SP_AUTO_CLOSE int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    SP_AUTO_CLOSE int devices = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
    SP_AUTO_CLOSE int scratch = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 || devices < 0 || scratch < 0 || dir_fd < 0) {
        return SP_ERR_SYSTEM;
    }
    SP_TRY(add_rule(ruleset, root, reading));
    SP_TRY(add_rule(ruleset, devices,
                    reading | LANDLOCK_ACCESS_FS_WRITE_FILE | (abi >= 3 ? ACCESS_TRUNCATE : 0)));
    SP_TRY(add_rule(ruleset, scratch, writing));
    return add_rule(ruleset, dir_fd, writing);
}

static enum sp_err add_rules(int ruleset, const struct sp_profile *profile,
                             const struct sp_landlock_given *given)
{
    const int dir_fd = given->dir_fd;
    switch (profile->files) {
    case SP_FILES_LOG:
        return add_log(ruleset, dir_fd, given->own_fd);
    case SP_FILES_GIVEN:
        return dir_fd < 0 ? SP_OK
                          : add_rule(ruleset, dir_fd,
                                     LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
    case SP_FILES_READ:
        return add_paths(ruleset, profile->paths);
    case SP_FILES_PROGRAM:
        return add_program(ruleset, dir_fd);
    case SP_FILES_NONE:
        break;
    }
    return SP_OK;
}

/* A wall that was never tried may not be there. Whoever may read everything tries to write. */
static enum sp_err try_wall(bool may_read)
{
    SP_AUTO_CLOSE int fd = may_read ? open("/var/tmp", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600)
                                    : open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 && errno == EACCES ? SP_OK : SP_ERR_UNSUPPORTED;
}

enum sp_err sp_landlock_enter(const struct sp_profile *profile,
                              const struct sp_landlock_given *given, int *out_abi)
{
    struct ruleset set;
    const int abi = sp_landlock_abi();
    if (abi < 1) {
        return SP_ERR_UNSUPPORTED;
    }
    SP_AUTO_CLOSE int ruleset = new_ruleset(profile, given, abi, &set);
    if (ruleset < 0) {
        return SP_ERR_UNSUPPORTED;
    }
    SP_TRY(add_rules(ruleset, profile, given));
    if (profile->may_connect) {
        SP_TRY(add_ports(ruleset, &set, given));
    }
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
        return SP_ERR_UNSUPPORTED;
    }
    SP_TRY(try_wall(profile->files == SP_FILES_PROGRAM));
    *out_abi = abi;
    return SP_OK;
}
