#include "session/birth.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"
#include "sandbox/namespaces.h"
#include "sandbox/profile_session.h"
#include "session/approved.h"
#include "session/cell.h"
#include "session/init.h"
#include "session/link.h"
#include "session/pages.h"
#include "session/probe.h"
#include "session/python.h"
#include "session/root.h"
#include "session/witness.h"

/* Where descriptors live: init's low, the interpreter's one beyond what close() in a loop up to the limit reaches. */
#define INIT_FD_FIRST  10
#define INTERPRETER_FD ((int)SP_SESSION_DESCRIPTORS_MAX + 100)

/* Everything that is open while a session is being made. */
struct parts {
    int control;
    int init_link;
    int interpreter_link;
    int reads[2];
    int writes[2];
    int children;
    int data;
    struct sp_witness_page *witness;
    struct sp_approved *approved;
};

static enum sp_err done(int result)
{
    return result < 0 ? SP_ERR_SYSTEM : SP_OK;
}

/* Says which step failed; the template's standard error goes to the operator. */
static SP_NORETURN void die(const char *step)
{
    perror(step);
    _exit(71);
}

static enum sp_err open_parts(int control, struct parts *p)
{
    sigset_t child;
    int out[2] = {-1, -1};
    int err[2] = {-1, -1};
    p->control = control;
    SP_TRY(sp_witness_new(&p->witness));
    SP_TRY(sp_approved_new(&p->approved));
    SP_TRY(sp_link_pair(true, &p->init_link, &p->interpreter_link));
    SP_TRY(done(pipe2(out, O_CLOEXEC)));
    SP_TRY(done(pipe2(err, O_CLOEXEC)));
    p->reads[0] = out[0];
    p->reads[1] = err[0];
    p->writes[0] = out[1];
    p->writes[1] = err[1];
    /* Only init's ends: the tenant's writes must wait, not fail. */
    SP_TRY(done(fcntl(out[0], F_SETFL, O_NONBLOCK)));
    SP_TRY(done(fcntl(err[0], F_SETFL, O_NONBLOCK)));
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    SP_TRY(done(sigprocmask(SIG_BLOCK, &child, NULL)));
    p->children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    return done(p->children);
}

/* The new mount namespace gets its own files; then the user namespace that owns none of all this. */
static enum sp_err enter_walls(const struct sp_birth *birth, struct parts *p)
{
    uid_t uid = getuid();
    gid_t gid = getgid();
    SP_AUTO_CLOSE int proc_self = -1;
    SP_TRY(sp_root_renew(&birth->options->limits));
    SP_TRY(sp_ns_loopback_up());
    SP_TRY(done(chdir("/mnt/data")));
    p->data = open("/mnt/data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SP_TRY(done(p->data));
    proc_self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
    SP_TRY(done(proc_self));
    SP_TRY(sp_ns_leave(CLONE_NEWUSER));
    SP_TRY(sp_ns_map_self(proc_self, uid, gid, SP_SESSION_INNER_UID));
    SP_TRY(sp_ns_drop_capabilities());
    return done(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

/* Descriptors 0, 1, 2 and one high one are all that an interpreter has. */
static enum sp_err place_interpreter_fds(const struct parts *p)
{
    SP_AUTO_CLOSE int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    SP_TRY(done(null));
    SP_TRY(done(dup2(null, STDIN_FILENO)));
    SP_TRY(done(dup2(p->writes[0], STDOUT_FILENO)));
    SP_TRY(done(dup2(p->writes[1], STDERR_FILENO)));
    SP_TRY(done(dup3(p->interpreter_link, INTERPRETER_FD, O_CLOEXEC)));
    SP_TRY(done((int)syscall(SYS_close_range, 3U, (unsigned)INTERPRETER_FD - 1, 0U)));
    SP_TRY(done((int)syscall(SYS_close_range, (unsigned)INTERPRETER_FD + 1, ~0U, 0U)));
    return SP_OK;
}

static enum sp_err confine_interpreter(const struct sp_birth *birth)
{
    bool scoped = false;
    enum sp_err err = sp_session_landlock(&scoped);
    if (err != SP_OK && err != SP_ERR_UNSUPPORTED) {
        return err;
    }
    SP_TRY(sp_session_rlimits(&birth->options->limits));
    return sp_session_filter_load(birth->filter);
}

static void allow_signals(void)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static SP_NORETURN void be_interpreter(const struct sp_birth *birth, const struct parts *p)
{
    if (setsid() < 0 || place_interpreter_fds(p) != SP_OK) {
        die("interpreter: descriptors");
    }
    /* Changing users made us undumpable, and /proc/self unreadable to ourselves. */
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0 || sp_ns_die_with(1) != SP_OK) {
        die("interpreter: parent");
    }
    allow_signals();
    if (confine_interpreter(birth) != SP_OK) {
        die("interpreter: walls");
    }
    if (birth->is_probe) {
        struct sp_buf scratch;
        struct sp_frame hello = {.type = SP_FRAME_HELLO, .number = SP_FRAME_VERSION};
        sp_buf_init(&scratch, SP_FRAME_BYTES_MAX);
        hello.layers = sp_probe_look(&birth->options->limits);
        _exit(sp_link_send(INTERPRETER_FD, &hello, -1, &scratch) == SP_OK ? 0 : 71);
    }
    if (sp_python_awake() != SP_OK) {
        _exit(71);
    }
    if (sp_approved_seal(p->approved) != SP_OK) {
        die("interpreter: approved code");
    }
    sp_cell_serve(INTERPRETER_FD, p->witness, p->approved);
}

static SP_NORETURN void be_init(const struct sp_birth *birth, struct parts *p, pid_t interpreter)
{
    const struct sp_init init = {
        .control = p->control,
        .interpreter = p->init_link,
        .streams = {p->reads[0], p->reads[1]},
        .children = p->children,
        .data = p->data,
        .witness = p->witness,
        .approved = p->approved,
        .interpreter_pid = interpreter,
        .is_probe = birth->is_probe,
    };
    sp_close(p->interpreter_link);
    sp_close(p->writes[0]);
    sp_close(p->writes[1]);
#ifndef SP_SANITIZED
    (void)sp_pages_forget_python();
#endif
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || sp_session_filter_load(birth->filter) != SP_OK) {
        die("init: walls");
    }
    sp_init_serve(&init);
    _exit(0);
}

/* Everything but the control descriptor and the three standard ones belongs to the template or to other sessions. */
static int keep_only(int control)
{
    int kept = dup3(control, INIT_FD_FIRST, O_CLOEXEC);
    if (kept < 0 || syscall(SYS_close_range, 3U, (unsigned)INIT_FD_FIRST - 1, 0U) != 0 ||
        syscall(SYS_close_range, (unsigned)INIT_FD_FIRST + 1, ~0U, 0U) != 0) {
        die("session: descriptors");
    }
    return kept;
}

static SP_NORETURN void be_session(const struct sp_birth *birth, int control)
{
    struct parts parts = {.data = -1};
    pid_t interpreter = -1;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
        open_parts(keep_only(control), &parts) != SP_OK) {
        die("session: descriptors");
    }
    if (enter_walls(birth, &parts) != SP_OK) {
        die("session: walls");
    }
    /* Set again: changing credentials cleared it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
        die("session: parent");
    }
    sp_python_before_fork();
    interpreter = fork();
    if (interpreter < 0) {
        die("session: fork");
    }
    if (interpreter == 0) {
        be_interpreter(birth, &parts);
    }
    be_init(birth, &parts, interpreter);
}

enum sp_err sp_birth_make(const struct sp_birth *birth, int control, pid_t *out_pid)
{
    pid_t pid = -1;
    SP_TRY(sp_ns_fork(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                          CLONE_NEWCGROUP,
                      &pid));
    if (pid == 0) {
        be_session(birth, control);
    }
    *out_pid = pid;
    return SP_OK;
}
