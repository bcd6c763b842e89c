#include "os/root.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"

/* Asks the kernel itself, by a child: root is refused a user namespace in a chroot, and hardly anywhere else. */
static bool may_make_user_namespace(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        _exit(unshare(CLONE_NEWUSER) == 0 ? 0 : 1);
    }
    return pid < 0 || waitpid(pid, &status, 0) != pid || status == 0;
}

/* Joining a mount namespace, also one's own, puts the root directory at that namespace's root. */
static enum sp_err leave(void)
{
    SP_AUTO_CLOSE int self = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    return self >= 0 && setns(self, CLONE_NEWNS) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

/* Makes the tree behind the descriptor a mount of its own and the root of this namespace. */
static enum sp_err pivot(int tree)
{
    char link[64];
    char path[PATH_MAX];
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", tree);
    ssize_t len = readlink(link, path, sizeof(path) - 1);
    if (len <= 0 || (size_t)len >= sizeof(path) - 1) {
        return SP_ERR_SYSTEM;
    }
    path[len] = '\0';
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(path, path, NULL, MS_BIND | MS_REC, NULL) != 0 || chdir(path) != 0 ||
        syscall(SYS_pivot_root, ".", ".") != 0) {
        return SP_ERR_SYSTEM;
    }
    return umount2(".", MNT_DETACH) == 0 && chdir("/") == 0 ? SP_OK : SP_ERR_SYSTEM;
}

enum sp_err sp_root_settle(bool *out_is_moved)
{
    char here[PATH_MAX];
    *out_is_moved = false;
    if (geteuid() != 0 || may_make_user_namespace()) {
        return SP_OK;
    }
    if (unshare(CLONE_NEWNS) != 0 || getcwd(here, sizeof(here)) == NULL) {
        return SP_ERR_SYSTEM;
    }
    /* Opened within the new namespace: a descriptor of the old one names a mount that this one does not have. */
    SP_AUTO_CLOSE int tree = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (tree < 0) {
        return SP_ERR_SYSTEM;
    }
    enum sp_err err = leave();
    if (err == SP_OK) {
        err = pivot(tree);
    }
    if (err != SP_OK) {
        (void)(fchdir(tree) != 0 || chroot(".") != 0 || chdir(here) != 0);
        return err;
    }
    *out_is_moved = true;
    return chdir(here) == 0 ? SP_OK : SP_ERR_SYSTEM;
}
