#include "session/template.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "sandbox/profile_session.h"
#include "session/birth.h"
#include "session/link.h"
#include "session/pages.h"
#include "session/probe.h"
#include "session/python.h"
#include "session/root.h"

#define PROBE_MS           10000
#define DESCRIPTORS_WANTED 8192U

struct child {
    pid_t pid; /* 0: this row is free */
    uint32_t ticket;
};

struct template
{
    const struct sp_session_options *options;
    struct sp_birth birth;
    struct sp_buf filter;
    struct sp_buf scratch;
    struct sp_link_frame in;
    struct child children[SP_SESSION_MAX];
    int signals;
    bool is_over;
};

static struct template template;

static enum sp_err tell_pool(struct template *t, const struct sp_frame *frame, int fd)
{
    return sp_link_send(SP_SESSION_CONTROL_FD, frame, fd, &t->scratch);
}

/* ---- sessions ---- */

static struct child *free_row(struct template *t)
{
    for (size_t i = 0; i < t->options->sessions_max; i++) {
        if (t->children[i].pid == 0) {
            return &t->children[i];
        }
    }
    return NULL;
}

static struct child *row_of(struct template *t, uint32_t ticket)
{
    for (size_t i = 0; i < SP_SESSION_MAX; i++) {
        if (t->children[i].pid != 0 && t->children[i].ticket == ticket) {
            return &t->children[i];
        }
    }
    return NULL;
}

/* If the pool is taken over: it can have as many sessions as the configuration allows, and end them. */
static enum sp_err on_fork(struct template *t, uint32_t ticket)
{
    const struct sp_frame forked = {.type = SP_FRAME_FORKED, .ticket = ticket};
    const struct sp_frame refused = {
        .type = SP_FRAME_ENDED, .ticket = ticket, .number = UINT32_MAX};
    struct child *row = row_of(t, ticket) == NULL ? free_row(t) : NULL;
    SP_AUTO_CLOSE int pool_end = -1;
    SP_AUTO_CLOSE int session_end = -1;
    pid_t pid = 0;
    if (row == NULL || sp_link_pair(false, &pool_end, &session_end) != SP_OK ||
        sp_birth_make(&t->birth, session_end, &pid) != SP_OK) {
        sp_log(SP_LOG_WARN, "template.fork.failed", "ticket=%u errno=%d", ticket, errno);
        return tell_pool(t, &refused, -1);
    }
    *row = (struct child){.pid = pid, .ticket = ticket};
    return tell_pool(t, &forked, pool_end);
}

static enum sp_err on_pool(struct template *t)
{
    const struct child *row = NULL;
    enum sp_err err = sp_link_receive(SP_SESSION_CONTROL_FD, &t->in);
    if (err == SP_ERR_UNAVAILABLE) {
        return SP_OK;
    }
    if (err != SP_OK) {
        return err;
    }
    if (t->in.frame.type == SP_FRAME_FORK) {
        return on_fork(t, t->in.frame.ticket);
    }
    if (t->in.frame.type != SP_FRAME_KILL) {
        return SP_ERR_WIRE;
    }
    row = row_of(t, t->in.frame.ticket);
    if (row != NULL) {
        /* Not reaped yet, so the number still means this process. */
        (void)kill(row->pid, SIGKILL);
    }
    return SP_OK;
}

static enum sp_err on_children(struct template *t)
{
    struct signalfd_siginfo ignored;
    int status = 0;
    (void)!read(t->signals, &ignored, sizeof ignored);
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
        for (size_t i = 0; i < SP_SESSION_MAX; i++) {
            struct child *row = &t->children[i];
            struct sp_frame ended = {
                .type = SP_FRAME_ENDED, .ticket = row->ticket, .number = (uint32_t)status};
            if (row->pid == pid) {
                row->pid = 0;
                SP_TRY(tell_pool(t, &ended, -1));
            }
        }
    }
    return SP_OK;
}

static enum sp_err serve(struct template *t)
{
    for (;;) {
        struct pollfd watched[] = {
            {.fd = SP_SESSION_CONTROL_FD, .events = POLLIN},
            {.fd = t->signals, .events = POLLIN},
        };
        if (poll(watched, SP_COUNT(watched), -1) < 0) {
            continue;
        }
        if (watched[1].revents != 0) {
            SP_TRY(on_children(t));
        }
        if (watched[0].revents != 0) {
            SP_TRY(on_pool(t));
        }
    }
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

static void quiet(int fd)
{
    SP_AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        (void)dup2(null, fd);
    }
}

/* What the warm-up cells print is nobody's output. */
static enum sp_err start_python(const char *preload)
{
    enum sp_err err = SP_OK;
    quiet(STDIN_FILENO);
    quiet(STDOUT_FILENO);
    err = sp_python_start(preload);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "template.python.failed", "preload=%s", preload);
    }
    return err;
}

static enum sp_err probe(struct template *t, uint64_t *out_layers)
{
    SP_AUTO_CLOSE int here = -1;
    SP_AUTO_CLOSE int there = -1;
    struct pollfd answer = {.events = POLLIN};
    enum sp_err err = SP_OK;
    pid_t pid = 0;
    sp_probe_remember();
    SP_TRY(sp_link_pair(false, &here, &there));
    t->birth.is_probe = true;
    err = sp_birth_make(&t->birth, there, &pid);
    t->birth.is_probe = false;
    if (err != SP_OK) {
        return err;
    }
    sp_close(sp_take_fd(&there));
    answer.fd = here;
    err = poll(&answer, 1, PROBE_MS) == 1 ? sp_link_receive(here, &t->in) : SP_ERR_TIMEOUT;
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    if (err == SP_OK && t->in.frame.type != SP_FRAME_HELLO) {
        err = SP_ERR_WIRE;
    }
    if (err == SP_OK) {
        *out_layers = t->in.frame.layers;
    }
    return err;
}

/*
 * A missing wall stops the pool unless the configuration gives it up by name. Two are a gain where they can be had: the
 * memory cgroup, and Landlock's scopes (kernel 6.12), which the pid and network namespaces bound already.
 */
static enum sp_err check_layers(const struct template *t, uint64_t layers)
{
    uint64_t wanted = SP_WALL_ALL & ~SP_WALL_BIT(SP_WALL_MEMORY) & ~SP_WALL_BIT(SP_WALL_SCOPE);
    uint64_t missing = wanted & ~layers & ~t->options->given_up;
    for (unsigned i = 0; i < SP_WALL_COUNT; i++) {
        if ((layers & SP_WALL_BIT(i)) == 0) {
            sp_log(SP_LOG_WARN, "template.layer.missing", "layer=%s wanted=%d",
                   sp_wall_name((enum sp_wall)i), (missing & SP_WALL_BIT(i)) != 0);
        }
    }
    return missing == 0 ? SP_OK : SP_ERR_UNSUPPORTED;
}

static enum sp_err introduce(struct template *t, uint64_t layers)
{
    struct sp_buf packages;
    struct sp_frame hello = {.type = SP_FRAME_HELLO, .number = SP_FRAME_VERSION, .layers = layers};
    enum sp_err err = SP_OK;
    sp_buf_init(&packages, SP_FRAME_PART_MAX);
    err = sp_python_packages(&packages);
    hello.bytes = sp_buf_slice(&packages);
    if (err == SP_OK) {
        err = tell_pool(t, &hello, -1);
    }
    sp_buf_done(&packages);
    return err;
}

static enum sp_err watch_children(struct template *t)
{
    sigset_t child;
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &child, NULL) != 0) {
        return SP_ERR_SYSTEM;
    }
    t->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    return t->signals < 0 ? SP_ERR_SYSTEM : SP_OK;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_WANTED) {
        limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static enum sp_err prepare(struct template *t)
{
    const char *at = "";
    uint64_t layers = 0;
    enum sp_err err = sp_root_build(&at);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "template.root.failed", "step=\"%s\" errno=%d", at, errno);
        return err;
    }
    raise_descriptor_limit();
    SP_TRY(start_python(t->options->preload));
    if (!is_single_threaded()) {
        sp_log(SP_LOG_ERROR, "template.threads",
               "a preloaded module keeps a thread; leave it out of preload");
        return SP_ERR_UNSUPPORTED;
    }
    SP_TRY(sp_session_filter_build(&t->filter));
    t->birth = (struct sp_birth){
        .options = t->options, .filter = sp_buf_slice(&t->filter), .is_probe = false};
    SP_TRY(watch_children(t));
    SP_TRY(sp_python_freeze());
    sp_log(SP_LOG_INFO, "template.pages", "collapsed=%zu", sp_pages_collapse());
    SP_TRY(probe(t, &layers));
    SP_TRY(check_layers(t, layers));
    SP_TRY(introduce(t, layers));
    /* The nursery waits for this line. */
    sp_log(SP_LOG_INFO, "template.ready", "walls=%llx", (unsigned long long)layers);
    return SP_OK;
}

int sp_template_run(const struct sp_session_options *options)
{
    struct template *t = &template;
    enum sp_err err = SP_OK;
    t->options = options;
    sp_buf_init(&t->filter, SP_FILTER_BYTES_MAX + 1);
    sp_buf_init(&t->scratch, SP_FRAME_BYTES_MAX);
    err = prepare(t);
    if (err == SP_OK) {
        err = serve(t);
    }
    if (err != SP_OK && err != SP_ERR_CLOSED) {
        sp_log(SP_LOG_ERROR, "template.ended", "why=%s", sp_err_name(err));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
