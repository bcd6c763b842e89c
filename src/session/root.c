#include "session/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"
#include "session/root_copy.h"

/* <sys/mount.h> and <linux/mount.h> cannot be included together with this glibc. */
int mount(const char *source, const char *target, const char *type, unsigned long flags,
          const void *data);
int umount2(const char *target, int flags);

#define BUILD_AT                                                                                   \
    "/tmp" /* any directory will do: the tmpfs over it is seen by this mount namespace alone */
#define DETACH    2
#define TMP_BYTES "67108864"

static enum sp_err done(int result)
{
    return result == 0 ? SP_OK : SP_ERR_SYSTEM;
}

static enum sp_err make_directories(void)
{
    static const char *const names[] = {"usr",      "etc",  "dev", "dev/shm", "proc", "tmp", "mnt",
                                        "mnt/data", "home", "var", "run",     "root", "opt"};
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        if (mkdir(names[i], 0755) != 0) {
            return SP_ERR_SYSTEM;
        }
    }
    return SP_OK;
}

static enum sp_err set_attributes(const char *path, bool recursive, uint64_t attributes)
{
    struct mount_attr attr = {.attr_set = attributes};
    return done((int)syscall(SYS_mount_setattr, AT_FDCWD, path, recursive ? AT_RECURSIVE : 0, &attr,
                             sizeof attr));
}

static enum sp_err bind_system(const char *from, const char *to)
{
    SP_TRY(done(mount(from, to, NULL, MS_BIND | MS_REC, NULL)));
    return set_attributes(to, true, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

/* Debian's /bin and the like are links into /usr; an older layout is bound as it is. */
static enum sp_err link_or_bind(const char *host, const char *name)
{
    char target[256];
    ssize_t len = readlink(host, target, sizeof target - 1);
    if (len > 0) {
        target[len] = '\0';
        return done(symlink(target, name));
    }
    if (access(host, F_OK) != 0) {
        return SP_OK;
    }
    SP_TRY(done(mkdir(name, 0755)));
    return bind_system(host, name);
}

static enum sp_err bind_systems(void)
{
    SP_TRY(bind_system("/usr", "usr"));
    SP_TRY(link_or_bind("/bin", "bin"));
    SP_TRY(link_or_bind("/sbin", "sbin"));
    SP_TRY(link_or_bind("/lib", "lib"));
    SP_TRY(link_or_bind("/lib32", "lib32"));
    return link_or_bind("/lib64", "lib64");
}

static enum sp_err make_devices(void)
{
    static const struct {
        const char *host;
        const char *name;
    } devices[] = {
        {"/dev/null", "dev/null"},     {"/dev/zero", "dev/zero"},       {"/dev/full", "dev/full"},
        {"/dev/random", "dev/random"}, {"/dev/urandom", "dev/urandom"},
    };
    for (size_t i = 0; i < SP_COUNT(devices); i++) {
        SP_AUTO_CLOSE int fd = open(devices[i].name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0 || mount(devices[i].host, devices[i].name, NULL, MS_BIND, NULL) != 0) {
            return SP_ERR_SYSTEM;
        }
    }
    SP_TRY(done(symlink("/proc/self/fd", "dev/fd")));
    SP_TRY(done(symlink("/proc/self/fd/0", "dev/stdin")));
    SP_TRY(done(symlink("/proc/self/fd/1", "dev/stdout")));
    return done(symlink("/proc/self/fd/2", "dev/stderr"));
}

/* subset=pid leaves nothing of the host in it; a kernel without that option must not be replaced by a full /proc. */
static enum sp_err mount_proc(const char *at)
{
    return done(mount("proc", at, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "subset=pid"));
}

static enum sp_err mount_scratch(const char *at, const char *options)
{
    return done(mount("tmpfs", at, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options));
}

static enum sp_err pivot(void)
{
    SP_TRY(done((int)syscall(SYS_pivot_root, ".", ".")));
    SP_TRY(done(umount2(".", DETACH)));
    SP_TRY(done(chdir("/")));
    return set_attributes("/", false, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

static enum sp_err enter_tmpfs(void)
{
    SP_TRY(done(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)));
    SP_TRY(done(
        mount("tmpfs", BUILD_AT, "tmpfs", MS_NOSUID, "mode=0755,size=16777216,nr_inodes=16384")));
    return done(chdir(BUILD_AT));
}

static enum sp_err mount_template_proc(void)
{
    return mount_proc("proc");
}

static enum sp_err mount_template_tmp(void)
{
    SP_TRY(mount_scratch("tmp", "mode=1777,nr_inodes=4096,size=" TMP_BYTES));
    return SP_OK;
}

static enum sp_err set_host_name(void)
{
    return done(sethostname("session", sizeof "session" - 1));
}

static bool is_online; /* steps take no arguments */

static enum sp_err copy_etc(void)
{
    return sp_root_copy_etc(is_online);
}

enum sp_err sp_root_build(bool has_egress, const char **out_at)
{
    static const struct {
        const char *name;
        enum sp_err (*step)(void);
    } steps[] = {
        {"enter a tmpfs", enter_tmpfs},     {"make directories", make_directories},
        {"bind the system", bind_systems},  {"copy /etc", copy_etc},
        {"make devices", make_devices},     {"mount /proc", mount_template_proc},
        {"mount /tmp", mount_template_tmp}, {"name the host", set_host_name},
        {"pivot into it", pivot},           {"make the home directory", sp_root_home},
    };
    is_online = has_egress;
    for (size_t i = 0; i < SP_COUNT(steps); i++) {
        enum sp_err err = steps[i].step();
        if (err != SP_OK) {
            *out_at = steps[i].name;
            return err;
        }
    }
    return SP_OK;
}

enum sp_err sp_root_home(void)
{
    static const char *const names[] = {"/tmp/home", "/tmp/home/.config", "/tmp/home/.ipython",
                                        "/tmp/matplotlib"};
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        if (mkdir(names[i], 0700) != 0 && errno != EEXIST) {
            return SP_ERR_SYSTEM;
        }
    }
    return SP_OK;
}

enum sp_err sp_root_renew(const struct sp_session_limits *limits)
{
    char options[96];
    unsigned long long bytes = limits->data_bytes;
    (void)snprintf(options, sizeof options, "mode=0755,size=%llu,nr_inodes=%u", bytes,
                   limits->files);
    SP_TRY(mount_scratch("/mnt/data", options));
    (void)snprintf(options, sizeof options, "mode=1777,size=%llu,nr_inodes=%u", bytes,
                   limits->files);
    SP_TRY(mount_scratch("/tmp", options));
    SP_TRY(mount_scratch("/dev/shm", "mode=1777,nr_inodes=1024,size=" TMP_BYTES));
    SP_TRY(mount_proc("/proc"));
    return sp_root_home();
}
