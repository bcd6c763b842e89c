#include "session/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/num.h"
#include "base/own.h"

#define OUR_NAME      "sallyport-"
#define NAME_BYTES    32
#define EVENTS_BYTES  512
#define CPU_PERIOD_US 100000U
#define LEAF_NAME     "gateway"
#define HOUSE_NAME    "house"
#define PROCS_BYTES   8192
#define MOVES         8U /* looks at who is left in a group that is to be empty */
#define SPARE_TASKS   4U /* init, and helpers of the kernel's own counting */

static const struct {
    const char *name;
    unsigned bit;
} controllers[] = {{"memory", SP_CGROUP_MEMORY}, {"pids", SP_CGROUP_PIDS}, {"cpu", SP_CGROUP_CPU}};

/* ---- files of the kernel ---- */

static enum sp_err write_text(int dir, const char *name, const char *text)
{
    struct sp_slice bytes = sp_slice_of(text);
    SP_AUTO_CLOSE int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, bytes.ptr, bytes.len) == (ssize_t)bytes.len ? SP_OK : SP_ERR_SYSTEM;
}

static enum sp_err write_number(int dir, const char *name, uint64_t number)
{
    char text[NAME_BYTES];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return write_text(dir, name, text);
}

/* ---- where we are ---- */

static bool has_word(struct sp_slice list, const char *word)
{
    while (list.len > 0) {
        size_t end = sp_slice_find(list, 0, ',');
        if (sp_slice_is(sp_slice_sub(list, 0, end), word)) {
            return true;
        }
        list = sp_slice_sub(list, end + 1, list.len);
    }
    return false;
}

/* The path of the line "N:...,controller,...:/path" of /proc/self/cgroup; an empty controller is version 2's line. */
static bool find_path(struct sp_slice self, const char *controller, struct sp_slice *out)
{
    while (self.len > 0) {
        size_t end = sp_slice_find(self, 0, '\n');
        struct sp_slice line = sp_slice_sub(self, 0, end);
        size_t first = sp_slice_find(line, 0, ':');
        size_t second = sp_slice_find(line, first + 1, ':');
        struct sp_slice list = sp_slice_sub(line, first + 1, second - first - 1);
        self = sp_slice_sub(self, end + 1, self.len);
        if (second < line.len &&
            (controller[0] == '\0' ? list.len == 0 : has_word(list, controller))) {
            *out = sp_slice_sub(line, second + 1, line.len);
            return out->len > 0;
        }
    }
    return false;
}

static int open_directory(const char *top, const char *hierarchy, struct sp_slice path)
{
    char name[PATH_MAX];
    int len = snprintf(name, sizeof name, "%s%s%s%.*s", top, hierarchy[0] != '\0' ? "/" : "",
                       hierarchy, (int)sp_size_min(path.len, PATH_MAX / 2), (const char *)path.ptr);
    return len > 0 && (size_t)len < sizeof name ? open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                                                : -1;
}

/* ---- groups of those that are gone ---- */

static void end_directory(DIR **dir)
{
    if (*dir != NULL) {
        (void)closedir(*dir);
    }
}

static void remove_groups_below(int base, const char *name)
{
    SP_CLEANUP(end_directory) DIR *dir = NULL;
    int fd = openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        sp_close(fd);
        return;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
            (void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
        }
    }
}

static void remove_group(int base, const char *name)
{
    remove_groups_below(base, name);
    (void)unlinkat(base, name, AT_REMOVEDIR);
}

static bool is_stale(const char *name)
{
    struct sp_slice text = sp_slice_of(name);
    uint64_t pid = 0;
    if (!sp_slice_starts(text, OUR_NAME) ||
        sp_parse_u64(sp_slice_sub(text, sizeof OUR_NAME - 1, text.len), INT_MAX, &pid) != SP_OK) {
        return false;
    }
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static void sweep(int base)
{
    SP_CLEANUP(end_directory) DIR *dir = NULL;
    int fd = openat(base, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        sp_close(fd);
        return;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (is_stale(entry->d_name)) {
            remove_group(base, entry->d_name);
        }
    }
}

/* ---- our own group ---- */

/* The owner makes groups below it; a file that this version of the kernel does not have needs no owner. */
static enum sp_err give_to(int dir, uid_t owner)
{
    static const char *const files[] = {"cgroup.procs", "tasks", "cgroup.threads",
                                        "cgroup.subtree_control"};
    if (geteuid() != 0) {
        return SP_OK;
    }
    for (size_t i = 0; i < SP_COUNT(files); i++) {
        if (fchownat(dir, files[i], owner, owner, 0) != 0 && errno != ENOENT) {
            return SP_ERR_SYSTEM;
        }
    }
    return fchown(dir, owner, owner) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

static enum sp_err make_own(int base, uid_t owner, int *out)
{
    char name[NAME_BYTES];
    SP_AUTO_CLOSE int dir = -1;
    sweep(base);
    (void)snprintf(name, sizeof name, OUR_NAME "%d", (int)getpid());
    if (mkdirat(base, name, 0755) != 0 && errno != EEXIST) {
        return SP_ERR_UNSUPPORTED;
    }
    dir = openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || give_to(dir, owner) != SP_OK) {
        (void)unlinkat(base, name, AT_REMOVEDIR);
        return SP_ERR_UNSUPPORTED;
    }
    *out = sp_take_fd(&dir);
    return SP_OK;
}

/*
 * Version 2 lets a group pass controllers on only when it has no process itself, or is the root. Those of threads could be
 * passed on all the same, but then no group below could take a process; so memory comes first, and without it nothing.
 */
static unsigned pass_on(int dir)
{
    unsigned has = 0;
    for (size_t i = 0; i < SP_COUNT(controllers); i++) {
        char text[NAME_BYTES];
        (void)snprintf(text, sizeof text, "+%s", controllers[i].name);
        if (write_text(dir, "cgroup.subtree_control", text) == SP_OK) {
            has |= controllers[i].bit;
        } else if (controllers[i].bit == SP_CGROUP_MEMORY) {
            return 0;
        }
    }
    return has;
}

/* Each process of `own` goes into a group of its own below. The kernel's file gives one a line, and those that come meanwhile. */
static bool move_down(int own)
{
    char text[PROCS_BYTES];
    SP_AUTO_CLOSE int leaf = -1;
    for (unsigned turn = 0; turn < MOVES; turn++) {
        SP_AUTO_CLOSE int procs = openat(own, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        ssize_t got = procs < 0 ? -1 : read(procs, text, sizeof text);
        struct sp_slice rest = sp_slice_make(text, got > 0 ? (size_t)got : 0);
        if (got <= 0 || (mkdirat(own, LEAF_NAME, 0755) != 0 && errno != EEXIST)) {
            return got == 0;
        }
        sp_close(sp_take_fd(&leaf));
        leaf = openat(own, LEAF_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (size_t end = 0; rest.len > 0; rest = sp_slice_sub(rest, end + 1, rest.len)) {
            uint64_t pid = 0;
            end = sp_slice_find(rest, 0, '\n');
            if (sp_parse_u64(sp_slice_sub(rest, 0, end), INT_MAX, &pid) == SP_OK) {
                (void)!write_number(leaf, "cgroup.procs", pid); /* it may have ended */
            }
        }
    }
    return false;
}

static enum sp_err make_v2(int base, uid_t owner, struct sp_cgroup *out)
{
    SP_AUTO_CLOSE int dir = -1;
    unsigned has = base < 0 ? 0 : pass_on(base);
    if ((has & SP_CGROUP_MEMORY) == 0 || make_own(base, owner, &dir) != SP_OK) {
        return SP_ERR_UNSUPPORTED;
    }
    has &= pass_on(dir);
    if ((has & SP_CGROUP_MEMORY) == 0) {
        return SP_ERR_UNSUPPORTED;
    }
    *out = (struct sp_cgroup){
        .dirs = {sp_take_fd(&dir), -1, -1}, .has = {has, 0, 0}, .count = 1, .is_v2 = true};
    return SP_OK;
}

/*
 * Our own group, or the one above it: systemd's DelegateSubgroup puts the service into one of its own. With Delegate alone
 * the service is in the group that was given to its user, who then has to move it down. Root has other ways than that.
 */
static enum sp_err open_v2(const char *top, struct sp_slice path, uid_t owner,
                           struct sp_cgroup *out)
{
    struct stat about = {.st_uid = 0};
    SP_AUTO_CLOSE int own = open_directory(top, "", path);
    SP_AUTO_CLOSE int above = own < 0 ? -1 : openat(own, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (make_v2(own, owner, out) == SP_OK || make_v2(above, owner, out) == SP_OK) {
        return SP_OK;
    }
    if (own < 0 || geteuid() == 0 || fstat(own, &about) != 0 || about.st_uid != geteuid()) {
        return SP_ERR_UNSUPPORTED;
    }
    return move_down(own) ? make_v2(own, owner, out) : SP_ERR_UNSUPPORTED;
}

static enum sp_err open_v1(const char *top, struct sp_slice self, uid_t owner,
                           struct sp_cgroup *out)
{
    *out = (struct sp_cgroup){.dirs = {-1, -1, -1}};
    for (size_t i = 0; i < SP_COUNT(controllers); i++) {
        struct sp_slice path = {NULL, 0};
        SP_AUTO_CLOSE int base = -1;
        if (find_path(self, controllers[i].name, &path)) {
            base = open_directory(top, controllers[i].name, path);
        }
        if (base >= 0 && make_own(base, owner, &out->dirs[out->count]) == SP_OK) {
            out->has[out->count++] = controllers[i].bit;
        } else if (i == 0) {
            return SP_ERR_UNSUPPORTED;
        }
    }
    return SP_OK;
}

enum sp_err sp_cgroup_open(const char *top, struct sp_slice self, uid_t owner,
                           struct sp_cgroup *out)
{
    struct sp_slice path = {NULL, 0};
    if (find_path(self, controllers[0].name, &path)) {
        return open_v1(top, self, owner, out);
    }
    return find_path(self, "", &path) ? open_v2(top, path, owner, out) : SP_ERR_UNSUPPORTED;
}

enum sp_err sp_cgroup_join(const struct sp_cgroup *cgroup)
{
    SP_AUTO_CLOSE int dir = -1;
    if (!cgroup->is_v2) {
        return SP_OK;
    }
    if (mkdirat(cgroup->dirs[0], HOUSE_NAME, 0755) != 0 && errno != EEXIST) {
        return SP_ERR_SYSTEM;
    }
    dir = openat(cgroup->dirs[0], HOUSE_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir < 0 ? SP_ERR_SYSTEM : write_text(dir, "cgroup.procs", "0");
}

/* ---- sessions ---- */

static void name_of(unsigned number, char out[NAME_BYTES])
{
    (void)snprintf(out, NAME_BYTES, "s-%u", number);
}

/* Memory is what processes have and what lies in the session's own file systems. */
static enum sp_err bound_memory(int dir, bool is_v2, const struct sp_session_limits *limits)
{
    uint64_t bytes = limits->memory_bytes + limits->data_bytes;
    SP_TRY(write_number(dir, is_v2 ? "memory.max" : "memory.limit_in_bytes", bytes));
    /* Where there is no accounting of swap, there is no file for it. */
    (void)!write_number(dir, is_v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes",
                        is_v2 ? 0 : bytes);
    return SP_OK;
}

static enum sp_err bound_cpu(int dir, bool is_v2, uint32_t cpus_milli)
{
    uint64_t quota = (uint64_t)cpus_milli * CPU_PERIOD_US / 1000;
    char text[NAME_BYTES + NAME_BYTES];
    if (cpus_milli == 0) {
        return SP_OK;
    }
    if (!is_v2) {
        SP_TRY(write_number(dir, "cpu.cfs_period_us", CPU_PERIOD_US));
        return write_number(dir, "cpu.cfs_quota_us", quota);
    }
    (void)snprintf(text, sizeof text, "%llu %u", (unsigned long long)quota, CPU_PERIOD_US);
    return write_text(dir, "cpu.max", text);
}

static enum sp_err bound(int dir, bool is_v2, unsigned has, const struct sp_session_limits *limits)
{
    if ((has & SP_CGROUP_MEMORY) != 0) {
        SP_TRY(bound_memory(dir, is_v2, limits));
    }
    if ((has & SP_CGROUP_PIDS) != 0) {
        SP_TRY(write_number(dir, "pids.max", limits->processes + SPARE_TASKS));
    }
    return (has & SP_CGROUP_CPU) != 0 ? bound_cpu(dir, is_v2, limits->cpus_milli) : SP_OK;
}

static enum sp_err make_one(const struct sp_cgroup *cgroup, unsigned part, const char *name,
                            const struct sp_session_limits *limits, int *out)
{
    SP_AUTO_CLOSE int dir = -1;
    if (mkdirat(cgroup->dirs[part], name, 0755) != 0) {
        return SP_ERR_SYSTEM;
    }
    dir = openat(cgroup->dirs[part], name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return SP_ERR_SYSTEM;
    }
    SP_TRY(bound(dir, cgroup->is_v2, cgroup->has[part], limits));
    *out = openat(dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    return *out < 0 ? SP_ERR_SYSTEM : SP_OK;
}

enum sp_err sp_cgroup_make(const struct sp_cgroup *cgroup, unsigned number,
                           const struct sp_session_limits *limits, int fds[SP_CGROUP_PARTS_MAX],
                           unsigned *out_count)
{
    char name[NAME_BYTES];
    name_of(number, name);
    for (unsigned i = 0; i < cgroup->count; i++) {
        enum sp_err err = make_one(cgroup, i, name, limits, &fds[i]);
        if (err != SP_OK) {
            while (i > 0) {
                sp_close(fds[--i]);
            }
            (void)sp_cgroup_remove(cgroup, number);
            return err;
        }
    }
    *out_count = cgroup->count;
    return SP_OK;
}

bool sp_cgroup_remove(const struct sp_cgroup *cgroup, unsigned number)
{
    char name[NAME_BYTES];
    bool is_gone = true;
    name_of(number, name);
    for (unsigned i = 0; i < cgroup->count; i++) {
        is_gone =
            (unlinkat(cgroup->dirs[i], name, AT_REMOVEDIR) == 0 || errno == ENOENT) && is_gone;
    }
    return is_gone;
}

void sp_cgroup_empty(const struct sp_cgroup *cgroup)
{
    for (unsigned i = 0; i < cgroup->count; i++) {
        remove_groups_below(cgroup->dirs[i], ".");
    }
}

bool sp_cgroup_end(const struct sp_cgroup *cgroup, pid_t maker)
{
    char name[NAME_BYTES];
    bool is_gone = true;
    (void)snprintf(name, sizeof name, OUR_NAME "%d", (int)maker);
    for (unsigned i = 0; i < cgroup->count; i++) {
        /* Whose link count is 0 was removed, and has no way up any more. */
        struct stat about;
        SP_AUTO_CLOSE int base = -1;
        if (fstat(cgroup->dirs[i], &about) == 0 && about.st_nlink == 0) {
            continue;
        }
        base = openat(cgroup->dirs[i], "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        is_gone =
            (base < 0 || unlinkat(base, name, AT_REMOVEDIR) == 0 || errno == ENOENT) && is_gone;
    }
    return is_gone;
}

/* The number behind "oom_kill " in the kernel's text; version 1 has the same line in memory.oom_control. */
static bool has_kill(struct sp_slice text)
{
    while (text.len > 0) {
        size_t end = sp_slice_find(text, 0, '\n');
        struct sp_slice line = sp_slice_sub(text, 0, end);
        uint64_t count = 0;
        if (sp_slice_starts(line, "oom_kill ") &&
            sp_parse_u64(sp_slice_sub(line, sizeof "oom_kill " - 1, line.len), UINT64_MAX,
                         &count) == SP_OK) {
            return count > 0;
        }
        text = sp_slice_sub(text, end + 1, text.len);
    }
    return false;
}

bool sp_cgroup_was_memory(const struct sp_cgroup *cgroup, unsigned number)
{
    char name[NAME_BYTES];
    char path[2 * NAME_BYTES];
    char text[EVENTS_BYTES];
    name_of(number, name);
    (void)snprintf(path, sizeof path, "%s/%s", name,
                   cgroup->is_v2 ? "memory.events" : "memory.oom_control");
    SP_AUTO_CLOSE int fd =
        cgroup->count == 0 ? -1 : openat(cgroup->dirs[0], path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text);
    return got > 0 && has_kill(sp_slice_make(text, (size_t)got));
}
