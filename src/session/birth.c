#include "session/birth.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "sandbox/namespaces.h"
#include "sandbox/profile_session.h"
#include "session/approved.h"
#include "session/cell.h"
#include "session/fds.h"
#include "session/link.h"
#include "session/probe.h"
#include "session/python.h"
#include "session/room.h"
#include "session/share.h"
#include "session/streams.h"
#include "session/witness.h"

/* Beyond what close() in a loop up to the limit reaches. */
#define INTERPRETER_FD ((int)SP_SESSION_DESCRIPTORS_MAX + 100)
#define STREAMS_FD     (INTERPRETER_FD - SP_STREAMS_KEPT)

#define NAMESPACES                                                                                 \
    (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

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

/* All at once: no namespace of the room is entered without the user namespace that owns none of them. */
static enum sp_err enter_room(const int *room, uint32_t group)
{
    SP_TRY(sp_ns_enter(room[SP_ROOM_PROCESS], NAMESPACES));
    /* Our control group is none of the room's: seen from a namespace of our own, it is all that there is. */
    SP_TRY(group != 0 ? sp_ns_leave(CLONE_NEWCGROUP) : SP_OK);
    SP_TRY(sp_ns_drop_capabilities());
    SP_TRY(done(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)));
    /* Changing users made us undumpable, and /proc/self unreadable to ourselves. */
    SP_TRY(done(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)));
    return done(chdir("/mnt/data"));
}

static int open_null(void)
{
    SP_AUTO_CLOSE int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return null < 0 ? -1 : dup2(null, STDIN_FILENO);
}

/* Descriptors 0, 1, 2 and a few high ones are all that an interpreter has, and for a moment Landlock's rules. */
static enum sp_err place_descriptors(const int *room)
{
    int kept[] = {INTERPRETER_FD, STREAMS_FD, STREAMS_FD + 1, room[SP_ROOM_RULES]};
    SP_TRY(done(open_null()));
    SP_TRY(done(dup2(room[SP_ROOM_OUT], STDOUT_FILENO)));
    SP_TRY(done(dup2(room[SP_ROOM_ERR], STDERR_FILENO)));
    SP_TRY(sp_streams_keep(STREAMS_FD));
    SP_TRY(done(dup3(room[SP_ROOM_LINK], INTERPRETER_FD, O_CLOEXEC)));
    return sp_fds_keep(kept, SP_COUNT(kept));
}

/* No rules: this kernel has no Landlock, which the look from inside has to notice. */
static enum sp_err confine(const struct sp_birth *birth, int rules)
{
    SP_TRY(sp_session_rlimits(&birth->options->limits));
    if (rules >= 0) {
        SP_TRY(sp_session_rules_enter(rules));
        sp_close(rules);
    }
    return sp_session_filter_load(birth->filter);
}

static void allow_signals(void)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* When memory is used up, tenants' processes go before the template. Best effort: not every kernel lets us. */
static void go_first(void)
{
    SP_AUTO_CLOSE int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    (void)!write(fd, "1000", 4);
}

static SP_NORETURN void tell_walls(const struct sp_birth *birth)
{
    const struct sp_frame hello = {.type = SP_FRAME_HELLO,
                                   .number = SP_FRAME_VERSION,
                                   .layers =
                                       sp_probe_look(&birth->options->limits, birth->group != 0)};
    const struct timespec a_while = {.tv_sec = 0, .tv_nsec = 1000000};
    struct sp_buf scratch;
    /* The room is killed as soon as this is told, and the process between is not to be killed with it. */
    while (getppid() != 1) {
        (void)nanosleep(&a_while, NULL);
    }
    sp_buf_init(&scratch, SP_FRAME_BYTES_MAX);
    _exit(sp_link_send(INTERPRETER_FD, &hello, -1, &scratch) == SP_OK ? 0 : 71);
}

static SP_NORETURN void be_interpreter(const struct sp_birth *birth, const int *room, bool is_probe)
{
    void *witness = NULL;
    const void *approved = NULL;
    if (setsid() < 0 || enter_room(room, birth->group) != SP_OK ||
        sp_share_map(room[SP_ROOM_WITNESS], sizeof(struct sp_witness_page), &witness) != SP_OK ||
        sp_share_view(room[SP_ROOM_APPROVED], sizeof(struct sp_approved), &approved) != SP_OK) {
        die("interpreter: room");
    }
    if (place_descriptors(room) != SP_OK) {
        die("interpreter: descriptors");
    }
    allow_signals();
    go_first();
    if (confine(birth, room[SP_ROOM_RULES]) != SP_OK) {
        die("interpreter: walls");
    }
    if (is_probe) {
        tell_walls(birth);
    }
    if (sp_python_awake() != SP_OK) {
        _exit(71);
    }
    sp_cell_serve(INTERPRETER_FD, birth->group, witness, approved);
}

/*
 * Without the C library's fork: it takes locks, which are the template's own in the process between, and that can be killed
 * with its room at any moment. The number of the only thread is put right as the C library would.
 */
static pid_t fork_bare(uint64_t thread_number)
{
    struct clone_args args = {.flags = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID,
                              .child_tid = thread_number,
                              .exit_signal = SIGCHLD};
    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

/*
 * The process between: it lives in the room's pid namespace, and when it has ended, its child belongs to process 1
 * there. It runs on the template's memory, so it costs no copy of it, and must not return.
 */
static SP_NORETURN void be_between(const struct sp_birth *birth, const int *room, bool is_probe,
                                   uint64_t thread_number)
{
    pid_t pid = fork_bare(thread_number);
    if (pid == 0) {
        be_interpreter(birth, room, is_probe);
    }
    _exit(pid < 0 ? 1 : 0);
}

enum sp_err sp_birth_into(const struct sp_birth *birth, const int *room, bool is_probe)
{
    int status = 0;
    pid_t between = -1;
    uint64_t thread_number = 0;
    enum sp_err err = SP_OK;
    SP_TRY(done(prctl(PR_GET_TID_ADDRESS, &thread_number, 0, 0, 0)));
    SP_TRY(sp_ns_enter(room[SP_ROOM_PROCESS], CLONE_NEWPID));
    between = vfork();
    if (between == 0) {
        be_between(birth, room, is_probe, thread_number);
    }
    err = sp_ns_enter(birth->processes, CLONE_NEWPID);
    if (between < 0 || waitpid(between, &status, 0) != between || status != 0) {
        return SP_ERR_SYSTEM;
    }
    return err;
}
