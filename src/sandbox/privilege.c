#include "sandbox/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum sp_err sp_privilege_become(uint32_t uid, uint32_t gid)
{
    if (geteuid() != 0 || uid == 0) {
        return SP_OK;
    }
    if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) {
        return SP_ERR_SYSTEM;
    }
    uid_t real = 0;
    uid_t effective = 0;
    uid_t saved = 0;
    if (getresuid(&real, &effective, &saved) != 0 || real != uid || effective != uid ||
        saved != uid) {
        return SP_ERR_SYSTEM;
    }
    return setuid(0) == 0 ? SP_ERR_SYSTEM : SP_OK; /* the way back must be closed */
}

enum sp_err sp_privilege_drop_capabilities(void)
{
    /* Without CAP_SETPCAP the bounding set stays, but no_new_privs leaves nothing that could draw from it. */
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
        (void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
    }
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    (void)prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    const struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    return syscall(SYS_capset, &head, none) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

/* A change of user clears the death signal and the dump bit, so both come after it. */
enum sp_err sp_privilege_seal(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
        return SP_ERR_SYSTEM;
    }
    return SP_OK;
}

bool sp_privilege_is_root(void)
{
    return geteuid() == 0 || getuid() == 0;
}

bool sp_privilege_has_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct have[2] = {{0, 0, 0}, {0, 0, 0}};
    if (syscall(SYS_capget, &head, have) != 0) {
        return true; /* what cannot be looked at is taken for there */
    }
    uint32_t any = 0;
    for (size_t i = 0; i < 2; i++) {
        any |= have[i].effective | have[i].permitted | have[i].inheritable;
    }
    return any != 0;
}

bool sp_privilege_has_no_new_privs(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

bool sp_privilege_has_seccomp(void)
{
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER;
}
