/*
 * sallyport-session - the template process of the embedded pool, and everything that it forks.
 *
 * The nursery starts it with an empty environment and the wire to the pool at descriptor 3. It becomes the keeper, which
 * waits for the house: process 1 of a new pid namespace. The house executes templates and makes rooms, and a fork of a
 * template in a room is a session. Each dies with the one before it, so whatever ends, nothing is left over.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "sandbox/namespaces.h"
#include "session/egress.h"
#include "session/house.h"
#include "session/options.h"
#include "session/outside.h"
#include "session/template.h"

#define EXIT_USAGE          2
#define INTERPRETER_PID_MAX 8

/* Python and the libraries see these variables and no others. */
static const struct {
    const char *name;
    const char *value;
} environment[] = {
    {"PATH", "/usr/local/bin:/usr/bin:/bin"},
    {"HOME", "/tmp/home"},
    {"USER", "session"},
    {"LOGNAME", "session"},
    {"LANG", "C.UTF-8"},
    {"TMPDIR", "/tmp"},
    {"IPYTHONDIR", "/tmp/home/.ipython"},
    {"MPLCONFIGDIR", "/tmp/matplotlib"},
    {"MPLBACKEND", "Agg"},
    {"TERM", "dumb"},
    /* A thread of BLAS in the template would make the first product in a session wait for ever. */
    {"OPENBLAS_NUM_THREADS", "1"},
    {"OMP_NUM_THREADS", "1"},
    {"MKL_NUM_THREADS", "1"},
};

static SP_NORETURN void fail(const char *step)
{
    sp_log(SP_LOG_ERROR, "session.start.failed", "step=\"%s\" errno=%d", step, errno);
    exit(EXIT_FAILURE);
}

/* A starter that ignored SIGINT would leave every session without interrupts. */
static void reset_signals(void)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    for (int signo = 1; signo < NSIG; signo++) {
        (void)signal(signo, SIG_DFL);
    }
}

static void set_environment(void)
{
    if (clearenv() != 0) {
        fail("environment");
    }
    for (size_t i = 0; i < SP_COUNT(environment); i++) {
        if (setenv(environment[i].name, environment[i].value, 1) != 0) {
            fail("environment");
        }
    }
}

/* Root gives itself up first; from here on root and an ordinary user go the same way. */
static void leave_root(uid_t uid)
{
    if (geteuid() != 0) {
        return;
    }
    if (setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0 ||
        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) {
        fail("leave root");
    }
}

/* One user namespace for all: whoever stays outside has to have power over the networks inside. */
static void enter_namespaces(struct sp_session_options *options)
{
    uid_t uid = getuid();
    gid_t gid = getgid();
    SP_AUTO_CLOSE int proc_self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (proc_self < 0 || sp_ns_leave(CLONE_NEWUSER) != SP_OK) {
        fail("new user namespace");
    }
    if (sp_ns_map_self(proc_self, uid, gid, SP_SESSION_INNER_UID) != SP_OK) {
        fail("map the user");
    }
    if (sp_outside_start(options, &options->outside_link) != SP_OK) {
        fail("the process outside");
    }
    if (sp_ns_leave(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET |
                    CLONE_NEWCGROUP) != SP_OK) {
        fail("new namespaces");
    }
}

/* While root may still be there. Control groups are a gain where they can be had; a network that was asked for is a must. */
static void prepare_outside(const struct sp_session_options *options)
{
    bool has_groups = false;
    if (sp_outside_prepare(options, &has_groups) != SP_OK) {
        sp_log(SP_LOG_ERROR, "session.egress.failed",
               "network_status is EgressEnabled, which takes " SP_EGRESS_PROGRAM
               " (package passt) and a /dev/net/tun that may be opened");
        exit(EXIT_FAILURE);
    }
    sp_log(SP_LOG_INFO, "session.limits", "memory=%s egress=%s", has_groups ? "session" : "process",
           options->has_egress ? "enabled" : "disabled");
}

static int wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return EXIT_FAILURE;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

/*
 * Libraries notice a fork by its process id. If the template had the number that an interpreter has in its own
 * namespace (3), OpenSSL would hand the same random bytes to all sessions; so the low numbers are used up.
 */
static void skip_numbers(void)
{
    for (pid_t pid = 0; pid < INTERPRETER_PID_MAX;) {
        pid = fork();
        if (pid == 0) {
            _exit(0);
        }
        if (pid < 0 || waitpid(pid, NULL, 0) != pid) {
            fail("fork");
        }
    }
}

/* Process 1: when it ends, the kernel ends everything in its namespace. */
static SP_NORETURN void be_house(const struct sp_session_options *options, char **argv)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
        fail("parent");
    }
    skip_numbers();
    _exit(sp_house_run(options, argv));
}

int main(int argc, char **argv)
{
    struct sp_session_options options;
    pid_t parent = getppid();
    pid_t pid = -1;
    if (sp_session_options_read(argc, argv, &options) != SP_OK) {
        (void)fputs("usage: sallyport-session [--memory BYTES] [--data BYTES] [--processes N] "
                    "[--sessions N] [--uid N]\n"
                    "                         [--cpus-milli N] [--egress yes|no]\n"
                    "                         [--preload a,b] [--give-up layer,layer]\n"
                    "                         [--template-life SECONDS] [--template-forks N] "
                    "[--templates N]   (wire at descriptor 3)\n",
                    stderr);
        return EXIT_USAGE;
    }
    if (syscall(SYS_close_range, (unsigned)SP_SESSION_CONTROL_FD + 1, ~0U, 0U) != 0) {
        fail("descriptors");
    }
    reset_signals();
    set_environment();
    if (options.is_template) {
        /* Neither the interpreter's end nor exit handlers of preloaded packages: its memory goes with the process. */
        _exit(sp_template_run(&options));
    }
    prepare_outside(&options);
    leave_root(options.uid);
    if (sp_ns_die_with(parent) != SP_OK) {
        fail("parent");
    }
    enter_namespaces(&options);
    pid = fork();
    if (pid < 0) {
        fail("fork");
    }
    if (pid == 0) {
        be_house(&options, argv);
    }
    sp_close(SP_SESSION_CONTROL_FD);
    sp_close(options.outside_link);
    int status = wait_for(pid);
    /* The process outside tidies up when the house is gone; it would die with us. */
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
    }
    return status;
}
