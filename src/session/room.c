#include "session/room.h"

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
#include "sandbox/network_session.h"
#include "sandbox/profile_session.h"
#include "session/approved.h"
#include "session/egress.h"
#include "session/fds.h"
#include "session/init.h"
#include "session/link.h"
#include "session/options.h"
#include "session/outside.h"
#include "session/root.h"
#include "session/share.h"
#include "session/witness.h"

#define NAMESPACES                                                                                 \
    (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

/* The descriptors of process 1. */
struct ends {
    int control;
    int link;
    int reads[2];
    int witness; /* these two belong to the room */
    int approved;
};

static enum sp_err done(int result)
{
    return result < 0 ? SP_ERR_SYSTEM : SP_OK;
}

/* Says which step failed; standard error goes to the operator. */
static SP_NORETURN void die(const char *step)
{
    perror(step);
    _exit(71);
}

/* ---- process 1 ---- */

/* The new mount namespace gets its own files; then the user namespace that owns none of all this. */
static enum sp_err enter_walls(const struct sp_room_plan *plan, int *out_data, int *out_rules)
{
    uid_t uid = getuid();
    gid_t gid = getgid();
    SP_AUTO_CLOSE int data = -1;
    SP_AUTO_CLOSE int proc_self = -1;
    SP_TRY(sp_root_renew(&plan->limits));
    SP_TRY(sp_ns_loopback_up());
    SP_TRY(done(chdir("/mnt/data")));
    data = open("/mnt/data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    SP_TRY(done(data));
    proc_self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
    SP_TRY(done(proc_self));
    enum sp_err err = sp_session_rules_new(out_rules);
    if (err != SP_OK && err != SP_ERR_UNSUPPORTED) {
        return err;
    }
    SP_TRY(sp_ns_leave(CLONE_NEWUSER));
    SP_TRY(sp_ns_map_self(proc_self, uid, gid, SP_SESSION_INNER_UID));
    SP_TRY(sp_ns_drop_capabilities());
    *out_data = sp_take_fd(&data);
    return done(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static enum sp_err watch_children(int *out_fd)
{
    sigset_t child;
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    SP_TRY(done(sigprocmask(SIG_SETMASK, &child, NULL)));
    *out_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    return done(*out_fd);
}

/* The template looks at this process to find its namespaces: that needs it to be dumpable until the interpreter is in. */
static enum sp_err announce(int control, int rules)
{
    const struct sp_frame made = {.type = SP_FRAME_ROOM};
    SP_AUTO_BUF struct sp_buf scratch;
    sp_buf_init(&scratch, SP_FRAME_BYTES_MAX);
    SP_TRY(done(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)));
    return sp_link_send(control, &made, rules, &scratch);
}

/* What the interpreter sees as well; of the approved digests only this process has pages to write to. */
static enum sp_err map_shared(const struct ends *ends, struct sp_init *init)
{
    void *witness = NULL;
    void *approved = NULL;
    SP_TRY(sp_share_map(ends->witness, sizeof(struct sp_witness_page), &witness));
    SP_TRY(sp_share_map(ends->approved, sizeof(struct sp_approved), &approved));
    SP_TRY(sp_share_close_writing(ends->approved));
    sp_close(ends->witness);
    sp_close(ends->approved);
    init->witness = witness;
    init->approved = approved;
    return SP_OK;
}

/* What is waited for here, nobody waits for later: rooms are made ahead. */
static enum sp_err get_network(const struct sp_room_plan *plan, int *out_lease)
{
    SP_TRY(sp_outside_enter(plan->outside_link, plan->has_egress, out_lease));
    sp_close(plan->outside_link);
    return plan->has_egress ? sp_network_wait(SP_EGRESS_WAIT_MS) : SP_OK;
}

static SP_NORETURN void be_room(const struct sp_room_plan *plan, const struct ends *ends)
{
    struct sp_init init = {
        .control = ends->control,
        .interpreter = ends->link,
        .streams = {ends->reads[0], ends->reads[1]},
    };
    int kept[] = {ends->control, ends->link,     ends->reads[0],    ends->reads[1],
                  ends->witness, ends->approved, plan->outside_link};
    int rules = -1;
    if (sp_fds_keep(kept, SP_COUNT(kept)) != SP_OK || watch_children(&init.children) != SP_OK) {
        die("session: descriptors");
    }
    if (map_shared(ends, &init) != SP_OK) {
        die("session: shared pages");
    }
    if (get_network(plan, &init.lease) != SP_OK) {
        die("session: network");
    }
    if (enter_walls(plan, &init.data, &rules) != SP_OK) {
        die("session: walls");
    }
    if (sp_session_filter_load(plan->filter) != SP_OK || announce(ends->control, rules) != SP_OK) {
        die("session: filter");
    }
    sp_close(rules);
    sp_init_serve(&init);
    _exit(0);
}

/* ---- its maker ---- */

static enum sp_err open_ends(struct sp_room *room, struct ends *ends)
{
    int pipes[2][2] = {{-1, -1}, {-1, -1}};
    SP_TRY(sp_share_new("witness", sizeof(struct sp_witness_page), &room->inner[SP_ROOM_WITNESS]));
    SP_TRY(sp_share_new("approved", sizeof(struct sp_approved), &room->inner[SP_ROOM_APPROVED]));
    ends->witness = room->inner[SP_ROOM_WITNESS];
    ends->approved = room->inner[SP_ROOM_APPROVED];
    SP_TRY(sp_link_pair(false, &room->control, &ends->control));
    SP_TRY(sp_link_pair(true, &ends->link, &room->inner[SP_ROOM_LINK]));
    for (size_t i = 0; i < 2; i++) {
        SP_TRY(done(pipe2(pipes[i], O_CLOEXEC)));
        ends->reads[i] = pipes[i][0];
        room->inner[SP_ROOM_OUT + i] = pipes[i][1];
        /* Only this end: the tenant's writes must wait, not fail. */
        SP_TRY(done(fcntl(ends->reads[i], F_SETFL, O_NONBLOCK)));
    }
    return SP_OK;
}

static void close_ends(struct ends *ends)
{
    sp_close(ends->control);
    sp_close(ends->link);
    sp_close(ends->reads[0]);
    sp_close(ends->reads[1]);
}

static enum sp_err start(const struct sp_room_plan *plan, const struct ends *ends,
                         struct sp_room *room)
{
    SP_TRY(sp_ns_fork(NAMESPACES, &room->pid));
    if (room->pid == 0) {
        be_room(plan, ends);
    }
    /* Not reaped yet, so the number still means this process. */
    room->inner[SP_ROOM_PROCESS] = (int)syscall(SYS_pidfd_open, room->pid, 0U);
    if (room->inner[SP_ROOM_PROCESS] < 0) {
        (void)kill(room->pid, SIGKILL);
        return SP_ERR_SYSTEM;
    }
    return SP_OK;
}

enum sp_err sp_room_make(const struct sp_room_plan *plan, struct sp_room *out)
{
    struct sp_room room = {.pid = -1, .control = -1, .inner = {-1, -1, -1, -1, -1, -1, -1}};
    struct ends ends = {.control = -1, .link = -1, .reads = {-1, -1}};
    enum sp_err err = open_ends(&room, &ends);
    if (err == SP_OK) {
        err = start(plan, &ends, &room);
    }
    close_ends(&ends);
    if (err != SP_OK) {
        sp_room_close(&room);
        return err;
    }
    *out = room;
    return SP_OK;
}

void sp_room_close(struct sp_room *room)
{
    sp_close(sp_take_fd(&room->control));
    for (size_t i = 0; i < SP_ROOM_FD_COUNT; i++) {
        sp_close(sp_take_fd(&room->inner[i]));
    }
}
