/*
 * cgroup - control groups for sessions, of version 1 or 2, where the machine lets us write them.
 *
 * Runs in: sallyport-session: at its start (root, or an ordinary user with a group of its own), then in the process that
 * stays outside.   Input: the kernel's files.   Allocates: never.
 * Each template has a group `sallyport-PID`, its sessions have groups below it. Groups of templates that are gone are
 * removed by the next one that starts.
 */
#ifndef SP_SESSION_CGROUP_H
#define SP_SESSION_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/slice.h"
#include "sandbox/walls_session.h"

#define SP_CGROUP_PARTS_MAX 3U /* hierarchies: memory, pids, cpu; one for version 2 */

/* Our own group in each hierarchy; the bits say which controllers it has. */
struct sp_cgroup {
    int dirs[SP_CGROUP_PARTS_MAX];
    unsigned has[SP_CGROUP_PARTS_MAX];
    unsigned count;
    bool is_v2;
};

#define SP_CGROUP_MEMORY 1U
#define SP_CGROUP_PIDS   2U
#define SP_CGROUP_CPU    4U

/*
 * Makes our group and gives it to `owner`. `top` is where the hierarchies are mounted, `self` the text of
 * /proc/self/cgroup. SP_ERR_UNSUPPORTED when memory cannot be bounded that way.
 */
enum sp_err sp_cgroup_open(const char *top, struct sp_slice self, uid_t owner,
                           struct sp_cgroup *out) SP_MUST_CHECK SP_NONNULL(1, 4);

/*
 * Version 2: this process, and so its children, go into a group below ours. Who moves has to own all up to the group that is
 * above both places, and above that one everything belongs to somebody else. Version 1 needs no such thing.
 */
enum sp_err sp_cgroup_join(const struct sp_cgroup *cgroup) SP_MUST_CHECK SP_NONNULL(1);

/* A group for one session; `fds` get its cgroup.procs files, to which the session writes. */
enum sp_err sp_cgroup_make(const struct sp_cgroup *cgroup, unsigned number,
                           const struct sp_session_limits *limits, int fds[SP_CGROUP_PARTS_MAX],
                           unsigned *out_count) SP_MUST_CHECK SP_NONNULL(1, 3, 5);

/* False while it has processes. */
bool sp_cgroup_remove(const struct sp_cgroup *cgroup, unsigned number) SP_NONNULL(1);

/* When the process that made our group is gone: removes the groups below ours that are empty; then ours. False: it is not. */
void sp_cgroup_empty(const struct sp_cgroup *cgroup) SP_NONNULL(1);
bool sp_cgroup_end(const struct sp_cgroup *cgroup, pid_t maker) SP_NONNULL(1);

/* Whether the kernel ended a process of this group because its memory was used up. */
bool sp_cgroup_was_memory(const struct sp_cgroup *cgroup, unsigned number) SP_NONNULL(1);

#endif
