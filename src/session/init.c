#include "session/init.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/num.h"
#include "base/own.h"
#include "session/approved.h"
#include "session/files.h"
#include "session/link.h"
#include "session/outside.h"
#include "session/witness.h"

#define INTERRUPT_EVERY_MS 250

/*
 * What a cell writes at first stays in its pipe for this long, or until the cell is over, if that comes sooner: most
 * are, and then their output and their end take one turn of this process and of the pool instead of several.
 */
#define QUIET_MS           2

/* What may still be kept of one stream in this run, and what was thrown away. */
struct stream {
    uint64_t left;
    uint64_t dropped;
    bool is_ended;
};

struct state {
    struct sp_init given;
    uint32_t group;        /* the control group of the interpreter; 0: none */
    pid_t interpreter_pid; /* 0: not here yet */
    uint64_t nonce;        /* of the run that is on, when is_running */
    bool is_running;
    bool is_quiet; /* it began just now, and its output can wait */
    bool is_interrupting;
    bool is_over;
    struct stream streams[2];
    struct sp_link_frame in;
    uint8_t part[SP_FRAME_PART_MAX];
    struct sp_buf scratch;
    struct sp_link_pack pack; /* what the pool is told at the end of this turn */
    struct sp_buf seen;
    struct sp_files files;
};

static void send_to_pool(struct state *s, const struct sp_frame *frame)
{
    if (sp_link_pack_add(&s->pack, s->given.control, frame) != SP_OK) {
        s->is_over = true;
    }
}

static void send_pack(struct state *s)
{
    if (sp_link_pack_send(&s->pack, s->given.control) != SP_OK) {
        s->is_over = true;
    }
}

/* ---- output ---- */

/* Reads once; false when nothing more is there (now, or ever again). */
static bool pass_stream_on(struct state *s, unsigned which)
{
    struct stream *stream = &s->streams[which];
    struct sp_frame frame = {.type = SP_FRAME_STREAM, .nonce = s->nonce, .a = (uint8_t)(which + 1)};
    ssize_t got = read(s->given.streams[which], s->part, sizeof s->part);
    size_t kept = 0;
    if (got <= 0) {
        stream->is_ended = got == 0 || (errno != EAGAIN && errno != EINTR);
        return false;
    }
    kept = sp_size_min((size_t)got, (size_t)stream->left);
    stream->left -= kept;
    stream->dropped += (size_t)got - kept;
    if (kept > 0) {
        frame.bytes = sp_slice_make(s->part, kept);
        send_to_pool(s, &frame);
    }
    return (size_t)got == sizeof s->part;
}

/* What the cell wrote is in the pipes before its DONE; a child that goes on writing must not keep us here. */
static void drain(struct state *s)
{
    for (unsigned which = 0; which < 2; which++) {
        for (unsigned reads = 0; reads < 64 && !s->is_over && pass_stream_on(s, which); reads++) {
        }
    }
}

/* ---- the pool asks ---- */

static void start_run(struct state *s, const struct sp_frame *frame)
{
    uint64_t keep = frame->size;
    if (s->given.witness != NULL) {
        sp_witness_clear(s->given.witness);
    }
    s->nonce = frame->nonce;
    s->is_running = true;
    s->is_quiet = true;
    s->is_interrupting = false;
    s->streams[0] = (struct stream){.left = keep, .dropped = 0, .is_ended = s->streams[0].is_ended};
    s->streams[1] = (struct stream){.left = keep, .dropped = 0, .is_ended = s->streams[1].is_ended};
}

/* The group of the interpreter: a program that the cell waits for must get the signal as well. */
static void interrupt(const struct state *s)
{
    (void)kill(-s->interpreter_pid, SIGINT);
}

static void on_file(struct state *s, const struct sp_frame *frame)
{
    if (frame->a == SP_FILE_COMMIT && s->given.approved != NULL) {
        sp_approved_add(s->given.approved, frame->bytes);
    }
    send_pack(s);
    if (sp_files_do(&s->files, s->given.control, frame, &s->scratch) != SP_OK) {
        s->is_over = true;
    }
}

static void on_pool(struct state *s)
{
    enum sp_err err = sp_link_receive(s->given.control, &s->in);
    const struct sp_frame *frame = &s->in.frame;
    if (err == SP_ERR_UNAVAILABLE) {
        return;
    }
    if (err != SP_OK) {
        s->is_over = true;
        return;
    }
    if (frame->type == SP_FRAME_FILE) {
        on_file(s, frame);
    } else if (frame->type == SP_FRAME_INTERRUPT) {
        s->is_interrupting = s->is_running && frame->nonce == s->nonce;
        if (s->is_interrupting) {
            interrupt(s);
        }
    } else if (frame->type == SP_FRAME_RUN || frame->type == SP_FRAME_CODE) {
        if (frame->type == SP_FRAME_RUN) {
            start_run(s, frame);
        }
        /* A failure shows as the interpreter's end, which is told in its own way. */
        (void)!sp_link_send(s->given.interpreter, frame, -1, &s->scratch);
    }
}

/* ---- the interpreter says ---- */

/* Empty when there is no witness. */
static struct sp_slice look_at_witness(struct state *s)
{
    sp_buf_clear(&s->seen);
    if (s->given.witness == NULL || sp_witness_put(s->given.witness, &s->seen) != SP_OK) {
        sp_buf_clear(&s->seen);
    }
    return sp_buf_slice(&s->seen);
}

static void tell_witness(struct state *s)
{
    const struct sp_frame frame = {
        .type = SP_FRAME_WITNESS, .nonce = s->nonce, .bytes = look_at_witness(s)};
    if (frame.bytes.len > 0) {
        send_to_pool(s, &frame);
    }
}

static void finish_run(struct state *s, const struct sp_frame *said)
{
    struct sp_frame frame = {
        .type = SP_FRAME_DONE, .nonce = s->nonce, .a = said->a, .micros = said->micros};
    drain(s);
    frame.dropped_out = s->streams[0].dropped;
    frame.dropped_err = s->streams[1].dropped;
    s->is_running = false;
    s->is_interrupting = false;
    frame.bytes = look_at_witness(s);
    send_to_pool(s, &frame);
}

/*
 * Before the interpreter says that it is ready, only the template's own code has run in it. From then on nobody of the
 * same user may look into this process.
 */
static void on_newcomer(struct state *s)
{
    const struct sp_frame ready = {.type = SP_FRAME_READY};
    if (s->in.frame.type == SP_FRAME_HELLO) {
        send_to_pool(s, &s->in.frame);
    } else if (s->in.frame.type == SP_FRAME_READY && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0) {
        s->interpreter_pid = s->in.sender;
        s->group = s->in.frame.number;
        send_to_pool(s, &ready);
    }
}

/* Closed by the code itself: no answer can come any more, so the session has no future. */
static void on_silence(struct state *s)
{
    if (s->interpreter_pid > 0) {
        (void)kill(s->interpreter_pid, SIGKILL);
    } else {
        s->is_over = true;
    }
    sp_close(s->given.interpreter);
    s->given.interpreter = -1;
}

/*
 * If the tenant's code is hostile: it can say anything about its own run, and only that. A child that kept a copy of
 * the descriptor is told apart by its process id, a frame of an earlier run by its nonce.
 */
static void on_interpreter(struct state *s)
{
    enum sp_err err = sp_link_receive(s->given.interpreter, &s->in);
    const struct sp_frame *frame = &s->in.frame;
    if (err == SP_ERR_CLOSED) {
        on_silence(s);
        return;
    }
    if (err == SP_OK && s->interpreter_pid == 0) {
        on_newcomer(s);
        return;
    }
    if (err != SP_OK || s->in.sender != s->interpreter_pid) {
        return;
    }
    if (!s->is_running || frame->nonce != s->nonce) {
        return;
    }
    if (frame->type == SP_FRAME_ITEM) {
        drain(s); /* what was written before it is told before it */
        send_to_pool(s, frame);
    } else if (frame->type == SP_FRAME_DONE) {
        finish_run(s, frame);
    }
}

/* ---- children ---- */

static void on_children(struct state *s)
{
    struct signalfd_siginfo ignored;
    int status = 0;
    (void)!read(s->given.children, &ignored, sizeof ignored);
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
        struct sp_frame frame = {.type = SP_FRAME_GONE};
        if (s->interpreter_pid > 0 && pid != s->interpreter_pid) {
            continue;
        }
        drain(s);
        tell_witness(s);
        frame.a = WIFSIGNALED(status) ? 1 : 0;
        frame.b = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL &&
                          sp_outside_was_memory(s->given.lease, s->group)
                      ? SP_GONE_MEMORY
                      : SP_GONE_UNKNOWN;
        frame.number = (uint32_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        send_to_pool(s, &frame);
        s->is_over = true;
        return;
    }
}

static int wait_ms(const struct state *s)
{
    if (s->is_running && s->is_quiet) {
        return QUIET_MS;
    }
    return s->is_interrupting ? INTERRUPT_EVERY_MS : -1;
}

/* Nothing happened for as long as we would wait. */
static void on_time(struct state *s)
{
    if (s->is_running && s->is_quiet) {
        s->is_quiet = false;
    } else if (s->is_interrupting) {
        interrupt(s);
    }
}

static bool is_heard(const struct state *s, unsigned which)
{
    return s->is_running && !s->is_quiet && !s->streams[which].is_ended;
}

static void turn(struct state *s)
{
    /* A negative descriptor is passed over by poll: streams are read during runs only, so that output waits for one. */
    struct pollfd watched[] = {
        {.fd = s->given.control, .events = POLLIN},
        {.fd = s->given.interpreter, .events = POLLIN},
        {.fd = s->given.children, .events = POLLIN},
        {.fd = is_heard(s, 0) ? s->given.streams[0] : -1, .events = POLLIN},
        {.fd = is_heard(s, 1) ? s->given.streams[1] : -1, .events = POLLIN},
    };
    int ready = poll(watched, SP_COUNT(watched), wait_ms(s));
    if (ready == 0) {
        on_time(s);
    }
    if (ready <= 0) {
        return;
    }
    s->is_quiet = false;
    for (unsigned which = 0; which < 2; which++) {
        if (watched[3 + which].revents != 0) {
            (void)pass_stream_on(s, which);
        }
    }
    if (watched[1].revents != 0) {
        on_interpreter(s);
    }
    if (watched[0].revents != 0) {
        on_pool(s);
    }
    if (watched[2].revents != 0) {
        on_children(s);
    }
    send_pack(s);
}

void sp_init_serve(const struct sp_init *given)
{
    static struct state state;
    state.given = *given;
    sp_buf_init(&state.scratch, SP_FRAME_BYTES_MAX);
    sp_link_pack_init(&state.pack);
    sp_buf_init(&state.seen, SP_FRAME_PART_MAX);
    sp_files_init(&state.files, given->data);
    while (!state.is_over) {
        turn(&state);
    }
    sp_link_pack_done(&state.pack);
    sp_buf_done(&state.scratch);
}
