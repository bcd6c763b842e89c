#include "session/outside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "sandbox/namespaces.h"
#include "sandbox/network_session.h"
#include "session/cgroup.h"
#include "session/egress.h"
#include "session/guardian.h"
#include "session/link.h"

#define CGROUP_TOP  "/sys/fs/cgroup"
#define FDS_MAX     4U /* beside one message */
#define ANSWER_S    2
#define SWEEP_MS    50 /* between tries to remove groups whose processes are dying */
#define SWEEPS      20
#define GROUPS_MAX  ((size_t)2 * SP_SESSION_MAX)
#define SELF_BYTES  4096
#define DESCRIPTORS 16384U

/* session and template introduce a wire of theirs; on it, a template asks for groups, an init what became of one. */
enum { NOTE_SESSION = 1, NOTE_TEMPLATE, NOTE_GROUP, NOTE_MEMORY };

/* One session, or one template. */
struct row {
    int lease; /* negative: this row is free */
    bool is_template;
    pid_t network;
    uint32_t nest; /* the group that a template is in, or about to enter */
};

static struct {
    struct sp_cgroup groups;
    bool has_groups;
    int alive; /* never read or closed: that somebody holds it keeps the guardian waiting */
    const struct sp_session_options *options;
    int link;
    int children;
    uint32_t next_group;
    struct row rows[SP_SESSION_MAX];
    uint32_t given[GROUPS_MAX]; /* groups that are there, to be removed when they are empty */
    size_t given_count;
    unsigned sweeps; /* tries that are left after somebody ended */
    struct pollfd watched[SP_SESSION_MAX + 2];
    struct row *watched_row[SP_SESSION_MAX + 2];
} outside;

/* ---- messages: a kind, a number, and descriptors ---- */

struct note {
    uint32_t kind;
    uint32_t number;
};

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

static enum sp_err send_note(int to, struct note note, const int *fds, unsigned count)
{
    struct iovec part = {.iov_base = &note, .iov_len = sizeof note};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    union control control = {.bytes = {0}};
    if (count > 0) {
        struct cmsghdr *head = NULL;
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(count * sizeof(int));
        for (unsigned i = 0; i < count; i++) {
            ((int *)(void *)CMSG_DATA(head))[i] = fds[i];
        }
    }
    return sendmsg(to, &message, MSG_NOSIGNAL) == (ssize_t)sizeof note ? SP_OK : SP_ERR_CLOSED;
}

/* SP_ERR_CLOSED at the end of the other side; what came with something that is no note is the caller's to close, too. */
static enum sp_err receive_note(int from, struct note *note, int fds[FDS_MAX], unsigned *count)
{
    struct iovec part = {.iov_base = note, .iov_len = sizeof *note};
    union control control = {.bytes = {0}};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    *count = 0;
    const ssize_t got = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    if (got < 0) {
        return SP_ERR_CLOSED;
    }
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head != NULL;
         head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
            *count = (unsigned)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
            for (unsigned i = 0; i < *count; i++) {
                fds[i] = ((const int *)(const void *)CMSG_DATA(head))[i];
            }
        }
    }
    return got == (ssize_t)sizeof *note ? SP_OK : SP_ERR_CLOSED;
}

/* ---- the process outside ---- */

static struct row *free_row(void)
{
    for (size_t i = 0; i < SP_SESSION_MAX; i++) {
        if (outside.rows[i].lease < 0) {
            return &outside.rows[i];
        }
    }
    return NULL;
}

static void close_all(const int *fds, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        sp_close(fds[i]);
    }
}

/* Without a group the sessions go on: rlimits bound them as they do where there are no groups at all. */
static void give_group(struct row *row)
{
    struct note answer = {.kind = NOTE_GROUP, .number = 0};
    int fds[SP_CGROUP_PARTS_MAX] = {-1, -1, -1};
    unsigned count = 0;
    if (outside.has_groups && outside.given_count < GROUPS_MAX) {
        answer.number = outside.next_group++;
        if (sp_cgroup_make(&outside.groups, answer.number, &outside.options->limits, fds, &count) ==
            SP_OK) {
            outside.given[outside.given_count++] = answer.number;
        } else {
            sp_log(SP_LOG_WARN, "outside.group.failed", "number=%u errno=%d", answer.number, errno);
            answer.number = 0;
            count = 0;
        }
    }
    /* Whoever asked and is gone is noticed by its wire. */
    row->nest = answer.number;
    (void)!send_note(row->lease, answer, fds, count);
    close_all(fds, count);
}

static void take_row(int lease, int netns, bool is_template)
{
    struct row *row = free_row();
    if (row == NULL) {
        sp_close(lease);
        return;
    }
    *row = (struct row){.lease = lease, .is_template = is_template};
    if (netns >= 0 && sp_egress_start(netns, &row->network) != SP_OK) {
        sp_log(SP_LOG_WARN, "outside.network.failed", "errno=%d", errno);
    }
}

/* False when the house is gone, and with it the reason to be here. */
static bool on_link(void)
{
    struct note note = {0, 0};
    int fds[FDS_MAX] = {-1, -1, -1, -1};
    unsigned count = 0;
    if (receive_note(outside.link, &note, fds, &count) != SP_OK) {
        return false;
    }
    if (count > 0) {
        take_row(sp_take_fd(&fds[0]), note.kind == NOTE_SESSION && count > 1 ? fds[1] : -1,
                 note.kind == NOTE_TEMPLATE);
    }
    close_all(fds, count);
    return true;
}

static void end_row(struct row *row)
{
    if (row->network > 0) {
        /* Not reaped yet, so the number still means this process. */
        (void)kill(row->network, SIGKILL);
    }
    outside.sweeps = SWEEPS;
    sp_close(row->lease);
    *row = (struct row){.lease = -1};
}

/* If a session is hostile: it asks what became of a group. Groups are a template's to ask for, or one could have them all. */
static void on_lease(struct row *row)
{
    struct note note = {0, 0};
    int fds[FDS_MAX] = {-1, -1, -1, -1};
    unsigned count = 0;
    enum sp_err err = receive_note(row->lease, &note, fds, &count);
    close_all(fds, count);
    if (err == SP_OK && note.kind == NOTE_GROUP && row->is_template) {
        give_group(row);
    } else if (err == SP_OK && note.kind == NOTE_MEMORY && !row->is_template) {
        note.number =
            note.number != 0 && sp_cgroup_was_memory(&outside.groups, note.number) ? 1 : 0;
        (void)!send_note(row->lease, note, NULL, 0);
    } else {
        end_row(row);
    }
}

static void reap(void)
{
    struct signalfd_siginfo ignored;
    (void)!read(outside.children, &ignored, sizeof ignored);
    for (pid_t pid = waitpid(-1, NULL, WNOHANG); pid > 0; pid = waitpid(-1, NULL, WNOHANG)) {
        for (size_t i = 0; i < SP_SESSION_MAX; i++) {
            if (outside.rows[i].lease >= 0 && outside.rows[i].network == pid) {
                outside.rows[i].network = 0;
                sp_log(SP_LOG_WARN, "outside.network.ended", "a session lost its network");
            }
        }
    }
}

static bool is_nest(uint32_t group)
{
    for (size_t i = 0; i < SP_SESSION_MAX; i++) {
        if (outside.rows[i].lease >= 0 && outside.rows[i].nest == group) {
            return true;
        }
    }
    return false;
}

static void sweep(void)
{
    size_t left = 0;
    if (outside.sweeps == 0) {
        return;
    }
    outside.sweeps--;
    for (size_t i = 0; i < outside.given_count; i++) {
        if (is_nest(outside.given[i]) || !sp_cgroup_remove(&outside.groups, outside.given[i])) {
            outside.given[left++] = outside.given[i];
        }
    }
    outside.given_count = left;
}

/* The sessions are dying with their house; what is left of their groups, the next start removes. */
static SP_NORETURN void end(void)
{
    for (size_t i = 0; i < SP_SESSION_MAX; i++) {
        if (outside.rows[i].lease >= 0) {
            end_row(&outside.rows[i]);
        }
    }
    for (outside.sweeps = SWEEPS; outside.sweeps > 0 && outside.given_count > 0;) {
        sweep();
        (void)poll(NULL, 0, outside.given_count > 0 ? SWEEP_MS : 0);
    }
    _exit(0);
}

/* Those that are there, no more: poll refuses a list that is longer than the number of descriptors that a process may have. */
static nfds_t watch(void)
{
    nfds_t count = 2;
    outside.watched[0] = (struct pollfd){.fd = outside.link, .events = POLLIN};
    outside.watched[1] = (struct pollfd){.fd = outside.children, .events = POLLIN};
    for (size_t i = 0; i < SP_SESSION_MAX; i++) {
        if (outside.rows[i].lease >= 0) {
            outside.watched_row[count] = &outside.rows[i];
            outside.watched[count++] =
                (struct pollfd){.fd = outside.rows[i].lease, .events = POLLIN};
        }
    }
    return count;
}

static SP_NORETURN void serve(void)
{
    for (;;) {
        nfds_t count = watch();
        if (poll(outside.watched, count, outside.sweeps > 0 ? SWEEP_MS : -1) < 0) {
            if (errno != EINTR) {
                end();
            }
            continue;
        }
        if (outside.watched[0].revents != 0 && !on_link()) {
            end();
        }
        if (outside.watched[1].revents != 0) {
            reap();
        }
        for (nfds_t i = 2; i < count; i++) {
            if (outside.watched[i].revents != 0 &&
                outside.watched[i].fd == outside.watched_row[i]->lease) {
                on_lease(outside.watched_row[i]);
            }
        }
        sweep();
    }
}

static SP_NORETURN void be_outside(int link)
{
    struct rlimit limit = {0};
    sigset_t child;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child, NULL);
    outside.link = link;
    outside.children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    for (size_t i = 0; i < SP_SESSION_MAX; i++) {
        outside.rows[i].lease = -1;
    }
    serve();
}

/* ---- its start ---- */

static bool open_groups(uid_t owner)
{
    char text[SELF_BYTES];
    SP_AUTO_CLOSE int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text);
    return got > 0 && sp_cgroup_open(CGROUP_TOP, sp_slice_make(text, (size_t)got), owner,
                                     &outside.groups) == SP_OK;
}

enum sp_err sp_outside_prepare(const struct sp_session_options *options, bool *out_has_groups)
{
    outside.options = options;
    outside.next_group = 1;
    outside.has_groups = open_groups(geteuid() == 0 ? options->uid : geteuid());
    /* The guardian stays outside of the groups that it is to remove. */
    if (outside.has_groups && sp_guardian_start(&outside.groups, &outside.alive) != SP_OK) {
        /* Then empty groups wait for the next start, which sweeps. */
        sp_log(SP_LOG_WARN, "session.guardian.failed", "errno=%d", errno);
    }
    if (outside.has_groups && sp_cgroup_join(&outside.groups) != SP_OK) {
        sp_log(SP_LOG_WARN, "session.groups.failed", "errno=%d", errno);
        outside.has_groups = false;
    }
    *out_has_groups = outside.has_groups;
    return options->has_egress ? sp_egress_prepare() : SP_OK;
}

enum sp_err sp_outside_start(const struct sp_session_options *options, int *out_link)
{
    int pair[2] = {-1, -1};
    pid_t pid = -1;
    if (!outside.has_groups && !options->has_egress) {
        *out_link = -1;
        return SP_OK;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return SP_ERR_SYSTEM;
    }
    SP_TRY(sp_ns_fork(CLONE_NEWPID, &pid));
    if (pid == 0) {
        sp_close(SP_SESSION_CONTROL_FD);
        sp_close(pair[0]);
        be_outside(pair[1]);
    }
    sp_close(pair[1]);
    for (unsigned i = 0; i < outside.groups.count; i++) {
        sp_close(outside.groups.dirs[i]);
    }
    *out_link = pair[0];
    return SP_OK;
}

/* ---- the house and its templates ---- */

enum sp_err sp_outside_introduce(int link, int *out_wire)
{
    const struct note note = {.kind = NOTE_TEMPLATE, .number = 0};
    int pair[2] = {-1, -1};
    *out_wire = -1;
    if (link < 0 || !outside.has_groups) {
        return SP_OK;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return SP_ERR_SYSTEM;
    }
    SP_AUTO_CLOSE int ours = pair[0];
    SP_AUTO_CLOSE int theirs = pair[1];
    SP_TRY(send_note(link, note, &theirs, 1));
    *out_wire = sp_take_fd(&ours);
    return SP_OK;
}

static enum sp_err join(const int *fds, unsigned count)
{
    enum sp_err err = SP_OK;
    for (unsigned i = 0; i < count; i++) {
        err = write(fds[i], "0", 1) == 1 ? err : SP_ERR_SYSTEM;
        sp_close(fds[i]);
    }
    return err;
}

enum sp_err sp_outside_nest(int link, uint32_t *out_group)
{
    const struct note ask = {.kind = NOTE_GROUP, .number = 0};
    struct note answer = {0, 0};
    int fds[FDS_MAX] = {-1, -1, -1, -1};
    unsigned count = 0;
    *out_group = 0;
    if (link < 0) {
        return SP_OK;
    }
    SP_TRY(send_note(link, ask, NULL, 0));
    enum sp_err err = receive_note(link, &answer, fds, &count);
    if (err != SP_OK) {
        close_all(fds, count);
        return err;
    }
    SP_TRY(join(fds, count));
    *out_group = answer.number;
    return SP_OK;
}

/* ---- a session ---- */

enum sp_err sp_outside_enter(int link, bool has_egress, int *out_lease)
{
    const struct note note = {.kind = NOTE_SESSION, .number = 0};
    int pair[2] = {-1, -1};
    SP_AUTO_CLOSE int netns = -1;
    *out_lease = -1;
    if (link < 0) {
        return SP_OK;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return SP_ERR_SYSTEM;
    }
    SP_AUTO_CLOSE int lease = pair[0];
    SP_AUTO_CLOSE int theirs = pair[1];
    netns = has_egress ? open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC) : -1;
    if (has_egress && (netns < 0 || sp_network_close_private() != SP_OK)) {
        return SP_ERR_SYSTEM;
    }
    const int fds[] = {theirs, netns};
    SP_TRY(send_note(link, note, fds, has_egress ? 2 : 1));
    *out_lease = sp_take_fd(&lease);
    return SP_OK;
}

bool sp_outside_was_memory(int lease, uint32_t group)
{
    const struct timeval patience = {.tv_sec = ANSWER_S, .tv_usec = 0};
    const struct note ask = {.kind = NOTE_MEMORY, .number = group};
    struct note answer = {0, 0};
    int fds[FDS_MAX] = {-1, -1, -1, -1};
    unsigned count = 0;
    if (lease < 0 || group == 0 ||
        setsockopt(lease, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        send_note(lease, ask, NULL, 0) != SP_OK) {
        return false;
    }
    const enum sp_err err = receive_note(lease, &answer, fds, &count);
    close_all(fds, count);
    return err == SP_OK && answer.number == 1;
}
