/*
 * walls_session - what bounds a session besides namespaces and the filter: Landlock over its files, and rlimits.
 *
 * Runs in: the program sallyport-session, before any code of a tenant.   Allocates: never.
 */
#ifndef SP_SANDBOX_WALLS_SESSION_H
#define SP_SANDBOX_WALLS_SESSION_H

#include <stdint.h>

#include "base/err.h"

/* What one session may use. Memory is counted a process. */
struct sp_session_limits {
    uint64_t memory_bytes;
    uint64_t data_bytes; /* of /mnt/data, and of /tmp */
    uint32_t files;      /* inodes of /mnt/data, and of /tmp */
    uint32_t processes;
    uint32_t cpus_milli; /* 0: no limit; only control groups know it */
};

#define SP_SESSION_DESCRIPTORS_MAX 1024U

/* The Landlock ABI of this kernel, 0 when there is none. */
int sp_session_landlock_abi(void);

/*
 * Rules that leave the session's files: the system read-only, /mnt/data, /tmp and /dev/shm for writing, a few devices;
 * signals and abstract sockets are bounded where the kernel can. Made where those files are, as a descriptor that any
 * process may take upon itself. SP_ERR_UNSUPPORTED without Landlock.
 */
enum sp_err sp_session_rules_new(int *out_rules) SP_MUST_CHECK SP_NONNULL(1);

/* Restricts this process and its children by those rules for good. no_new_privs must be set. */
enum sp_err sp_session_rules_enter(int rules) SP_MUST_CHECK;

/* Soft and hard limits alike; RLIMIT_NPROC counts within the present user namespace. */
enum sp_err sp_session_rlimits(const struct sp_session_limits *limits) SP_MUST_CHECK SP_NONNULL(1);

#endif
