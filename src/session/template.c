#include "session/template.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "sandbox/profile_session.h"
#include "session/birth.h"
#include "session/link.h"
#include "session/outside.h"
#include "session/pages.h"
#include "session/probe.h"
#include "session/python.h"
#include "session/room.h"

struct template
{
    struct sp_birth birth;
    struct sp_buf filter;
    struct sp_buf scratch;
    struct sp_link_frame in;
    int outside;    /* to the process outside; negative: there is none */
    bool is_nested; /* in a control group that no session has yet */
};

static struct template template;

/* ---- sessions ---- */

/* Moves on to a control group for the next session. That takes the kernel milliseconds, so it is done ahead. */
static enum sp_err nest(struct template *t)
{
    if (t->is_nested) {
        return SP_OK;
    }
    SP_TRY(sp_outside_nest(t->outside, &t->birth.group));
    t->is_nested = true;
    return SP_OK;
}

static enum sp_err fork_into(struct template *t, const int *fds, size_t count)
{
    int room[SP_ROOM_FD_COUNT] = {-1, -1, -1, -1, -1, -1, -1};
    if (count < SP_ROOM_RULES || count > SP_ROOM_FD_COUNT) {
        return SP_ERR_WIRE;
    }
    for (size_t i = 0; i < count; i++) {
        room[i] = fds[i];
    }
    SP_TRY(nest(t));
    SP_TRY(sp_birth_into(&t->birth, room, t->in.frame.a == 1));
    t->is_nested = false;
    return SP_OK;
}

/* When nobody asks for anything. */
static enum sp_err nest_ahead(struct template *t)
{
    struct pollfd order = {.fd = SP_SESSION_CONTROL_FD, .events = POLLIN};
    return t->outside < 0 || poll(&order, 1, 0) != 0 ? SP_OK : nest(t);
}

static enum sp_err obey(struct template *t, int *fds, size_t count)
{
    if (t->in.frame.type == SP_FRAME_OUTSIDE && count == 1) {
        t->outside = sp_take_fd(&fds[0]);
        return SP_OK;
    }
    return t->in.frame.type == SP_FRAME_FORK ? fork_into(t, fds, count) : SP_ERR_WIRE;
}

static enum sp_err on_order(struct template *t)
{
    int fds[SP_LINK_FDS_MAX];
    size_t count = 0;
    enum sp_err err = sp_link_receive_all(SP_SESSION_CONTROL_FD, &t->in, fds, &count);
    struct sp_frame failed = {.type = SP_FRAME_ENDED, .number = UINT32_MAX};
    if (err == SP_ERR_UNAVAILABLE) {
        return SP_OK;
    }
    if (err == SP_OK) {
        err = obey(t, fds, count);
        failed.ticket = t->in.frame.ticket;
    }
    for (size_t i = 0; i < count; i++) {
        sp_close(fds[i]);
    }
    if (err != SP_ERR_SYSTEM) {
        return err;
    }
    sp_log(SP_LOG_WARN, "template.fork.failed", "ticket=%u errno=%d", failed.ticket, errno);
    return sp_link_send(SP_SESSION_CONTROL_FD, &failed, -1, &t->scratch);
}

/* ---- before the first session ---- */

/* A thread would not be in the forks: locks that it held would stay locked in every session. */
static bool is_single_threaded(void)
{
    unsigned tasks = 0;
    DIR *dir = opendir("/proc/self/task");
    if (dir == NULL) {
        return false;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        tasks += entry->d_name[0] != '.' ? 1U : 0U;
    }
    (void)closedir(dir);
    return tasks == 1;
}

static enum sp_err introduce(struct template *t)
{
    SP_AUTO_BUF struct sp_buf packages;
    struct sp_frame hello = {.type = SP_FRAME_HELLO, .number = SP_FRAME_VERSION};
    sp_buf_init(&packages, SP_FRAME_PART_MAX);
    SP_TRY(sp_python_packages(&packages));
    hello.bytes = sp_buf_slice(&packages);
    return sp_link_send(SP_SESSION_CONTROL_FD, &hello, -1, &t->scratch);
}

static enum sp_err prepare(struct template *t, const struct sp_session_options *options)
{
    enum sp_err err = SP_OK;
    (void)prctl(PR_SET_NAME, "python3", 0, 0, 0);
    err = sp_python_start(options->preload);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "template.python.failed", "preload=%s", options->preload);
        return err;
    }
    if (!is_single_threaded()) {
        sp_log(SP_LOG_ERROR, "template.threads",
               "a preloaded module keeps a thread; leave it out of preload");
        return SP_ERR_UNSUPPORTED;
    }
    SP_TRY(sp_session_filter_build(&t->filter));
    t->birth = (struct sp_birth){.options = options,
                                 .filter = sp_buf_slice(&t->filter),
                                 .processes = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC)};
    if (t->birth.processes < 0) {
        return SP_ERR_SYSTEM;
    }
    sp_probe_remember();
    SP_TRY(introduce(t));
    SP_TRY(sp_python_freeze());
    /* For good: Python runs in the forks only, and what it locks here, each of them opens. */
    sp_python_before_fork();
    sp_log(SP_LOG_INFO, "template.pages", "collapsed=%zu", sp_pages_collapse());
    return SP_OK;
}

int sp_template_run(const struct sp_session_options *options)
{
    struct template *t = &template;
    enum sp_err err = SP_OK;
    t->outside = -1;
    sp_buf_init(&t->filter, SP_FILTER_BYTES_MAX + 1);
    sp_buf_init(&t->scratch, SP_FRAME_BYTES_MAX);
    err = prepare(t, options);
    while (err == SP_OK) {
        err = nest_ahead(t);
        err = err == SP_OK ? on_order(t) : err;
    }
    if (err != SP_ERR_CLOSED) {
        sp_log(SP_LOG_ERROR, "template.ended", "why=%s", sp_err_name(err));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
