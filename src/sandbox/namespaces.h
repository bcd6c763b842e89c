/*
 * namespaces - fresh views of users, mounts, processes, network, IPC, host name and control groups.
 *
 * Runs in: the program sallyport-session, before any code of a tenant.   Allocates: never.
 * No privilege is needed: the first step makes a user namespace of one's own.
 */
#ifndef SP_SANDBOX_NAMESPACES_H
#define SP_SANDBOX_NAMESPACES_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* clone3 without glibc's fork handlers: `flags` are CLONE_NEW*. `*out_pid` is 0 in the child. */
enum sp_err sp_ns_fork(uint64_t flags, pid_t *out_pid) SP_MUST_CHECK SP_NONNULL(2);

/* Leaves the calling process's namespaces for new ones (CLONE_NEW*). */
enum sp_err sp_ns_leave(int flags) SP_MUST_CHECK;

/*
 * Enters the namespaces (CLONE_NEW*) of a process by its pidfd, or the one of a namespace's own descriptor. A pid
 * namespace is that of children made afterwards.
 */
enum sp_err sp_ns_enter(int fd, int flags) SP_MUST_CHECK;

/* Keeps the right to enter namespaces beyond the next exec: CAP_SYS_ADMIN in the present user namespace. */
enum sp_err sp_ns_keep_admin(void) SP_MUST_CHECK;

/*
 * Maps one user and one group of the parent namespace into the one just entered. `proc` is an O_PATH descriptor of a
 * /proc directory of the calling process. The outer ids must be asked for before entering: afterwards they read as nobody.
 */
enum sp_err sp_ns_map_self(int proc_self, uid_t outer_uid, gid_t outer_gid, uid_t inner)
    SP_MUST_CHECK;

/* Brings the loopback interface of the present network namespace up. */
enum sp_err sp_ns_loopback_up(void) SP_MUST_CHECK;

/* Gives all capabilities away for good, also those that a later exec could bring. */
enum sp_err sp_ns_drop_capabilities(void) SP_MUST_CHECK;

/* Capabilities (bits) of ours that the next program keeps although it is not root's: inheritable and ambient. */
enum sp_err sp_ns_keep_over_exec(uint64_t capabilities) SP_MUST_CHECK;

/* SIGKILL for this process when its parent dies; SP_ERR_CLOSED when the parent is not `parent` any more. */
enum sp_err sp_ns_die_with(pid_t parent) SP_MUST_CHECK;

#endif
