/*
 * nursery - the process that starts the template of the sessions and gives its wire to the pool.
 *
 * Hears: nobody (pool could say something, but there is no row).   Reads hostile: nothing of a tenant.   Files: none.
 * The template is started before confinement, since it must mount and make namespaces; afterwards nothing can be
 * executed here. When the template ends, so does this process, and the supervisor starts both anew.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "base/own.h"
#include "os/spawn.h"
#include "process/role.h"
#include "process/settings.h"
#include "wire/session_frame.h"

#define LINE_BYTES_MAX   ((size_t)1024)
#define READY_LINE       "info template.ready walls="
#define TEMPLATE_MS_MAX  120000U /* imports of a cold machine take their time */
#define NUMBER_BYTES     24
#define SESSIONS_AT_ONCE "4096" /* the pool bounds its own number; this is the template's table */

struct nursery_state {
    struct sp_self *self;
    uint32_t incarnation;
    int wire;  /* the pool's end, until it is given */
    int lines; /* what the template says on standard error; its end is the template's end */
    struct sp_watch *watch;
    struct sp_buf line;
    bool is_ready;  /* the template said so */
    uint64_t walls; /* of its sessions, as the look from inside found them */
};

/* The command line of the template. */
struct orders {
    char memory[NUMBER_BYTES];
    char data[NUMBER_BYTES];
    char processes[NUMBER_BYTES];
    char cpus[NUMBER_BYTES];
    const char *egress;
    char uid[NUMBER_BYTES];
    char template_life[NUMBER_BYTES];
    char template_forks[NUMBER_BYTES];
    char templates[NUMBER_BYTES];
    struct sp_buf program;
    struct sp_buf preload;
    struct sp_buf given_up;
};

static void end_orders(struct orders *orders)
{
    sp_buf_done(&orders->program);
    sp_buf_done(&orders->preload);
    sp_buf_done(&orders->given_up);
}

/* Blocks of names as "a,b" with a NUL at the end. */
static enum sp_err join(struct sp_slice blocks, struct sp_buf *out)
{
    struct sp_reader r;
    sp_reader_init(&r, blocks);
    sp_buf_init(out, SP_MSG_FIELD_MAX);
    while (sp_reader_left(&r) > 0) {
        struct sp_slice name = {NULL, 0};
        SP_TRY(sp_reader_block(&r, SP_MSG_FIELD_MAX, &name));
        if (out->len > 0) {
            SP_TRY(sp_buf_put_byte(out, ','));
        }
        SP_TRY(sp_buf_put(out, name));
    }
    return sp_buf_put_byte(out, '\0');
}

static enum sp_err write_orders(const struct sp_settings_nursery *settings, uint32_t uid,
                                struct orders *out)
{
    unsigned long long memory = settings->memory_bytes;
    unsigned long long data = settings->data_bytes;
    (void)snprintf(out->memory, sizeof(out->memory), "%llu", memory);
    (void)snprintf(out->data, sizeof(out->data), "%llu", data);
    (void)snprintf(out->processes, sizeof(out->processes), "%u", settings->processes);
    (void)snprintf(out->cpus, sizeof(out->cpus), "%u", settings->cpus_milli);
    out->egress = settings->has_egress != 0 ? "yes" : "no";
    /* Not root: the number is not used, but there has to be one. */
    (void)snprintf(out->uid, sizeof(out->uid), "%u", uid == 0 ? 1U : uid);
    (void)snprintf(out->template_life, sizeof(out->template_life), "%u", settings->template_life_s);
    (void)snprintf(out->template_forks, sizeof(out->template_forks), "%u",
                   settings->template_forks);
    (void)snprintf(out->templates, sizeof(out->templates), "%u", settings->templates);
    sp_buf_init(&out->program, SP_MSG_TARGET_MAX + 1);
    SP_TRY(sp_buf_put(&out->program, settings->program));
    SP_TRY(sp_buf_put_byte(&out->program, '\0'));
    SP_TRY(join(settings->preload, &out->preload));
    return join(settings->given_up, &out->given_up);
}

static enum sp_err start_template(const struct orders *orders, int wire, int lines)
{
    const char *program = (const char *)orders->program.ptr;
    const char *const argv[] = {
        program,
        "--memory",
        orders->memory,
        "--data",
        orders->data,
        "--processes",
        orders->processes,
        "--cpus-milli",
        orders->cpus,
        "--egress",
        orders->egress,
        "--sessions",
        SESSIONS_AT_ONCE,
        "--uid",
        orders->uid,
        "--template-life",
        orders->template_life,
        "--template-forks",
        orders->template_forks,
        "--templates",
        orders->templates,
        "--preload",
        (const char *)orders->preload.ptr,
        "--give-up",
        (const char *)orders->given_up.ptr,
        NULL,
    };
    const struct sp_spawn how = {.program = program,
                                 .argv = argv,
                                 .control_fd = wire,
                                 .directory_fd = -1,
                                 .error_fd = lines};
    pid_t pid = -1;
    return sp_spawn_program(&how, &pid);
}

static enum sp_err make_template(struct nursery_state *state, const struct orders *orders)
{
    int pair[2] = {-1, -1};
    int pipe_ends[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return SP_ERR_SYSTEM;
    }
    state->wire = pair[0];
    SP_AUTO_CLOSE int theirs = pair[1];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
        return SP_ERR_SYSTEM;
    }
    state->lines = pipe_ends[0];
    SP_AUTO_CLOSE int says = pipe_ends[1];
    if (fcntl(state->lines, F_SETFL, O_NONBLOCK) != 0) {
        return SP_ERR_SYSTEM;
    }
    return start_template(orders, theirs, says);
}

/* --- what the template says --- */

static void say_line(struct nursery_state *state)
{
    struct sp_slice line = sp_buf_slice(&state->line);
    if (line.len > 0) {
        sp_log(SP_LOG_INFO, "nursery.template", "%.*s", (int)line.len, (const char *)line.ptr);
    }
    if (!state->is_ready && sp_slice_starts(line, READY_LINE)) {
        size_t at = sizeof(READY_LINE) - 1;
        state->is_ready =
            sp_parse_hex_u64(sp_slice_sub(line, at, line.len), SP_WALL_ALL, &state->walls) == SP_OK;
    }
    sp_buf_clear(&state->line);
}

static void take_text(struct nursery_state *state, struct sp_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\n' || sp_buf_put_byte(&state->line, text.ptr[i]) != SP_OK) {
            say_line(state);
        }
    }
}

/* The service is not ready before sessions can be made: a wall that is missing shows here. */
static enum sp_err wait_for_template(struct nursery_state *state)
{
    const uint64_t until = sp_clock_mono_ms() + TEMPLATE_MS_MAX;
    uint8_t space[LINE_BYTES_MAX];
    while (!state->is_ready && sp_clock_mono_ms() < until) {
        struct pollfd lines = {.fd = state->lines, .events = POLLIN};
        int found = poll(&lines, 1, (int)(until - sp_clock_mono_ms()));
        ssize_t got = found == 1 ? read(state->lines, space, sizeof(space)) : -1;
        if (got == 0) {
            say_line(state);
            return SP_ERR_UNAVAILABLE;
        }
        if (got > 0) {
            take_text(state, sp_slice_make(space, (size_t)got));
        }
    }
    return state->is_ready ? SP_OK : SP_ERR_TIMEOUT;
}

/* The log's entry of this role tells what holds the sessions, by the names that metadata has for it. */
static enum sp_err report_walls(struct nursery_state *state)
{
    SP_AUTO_BUF struct sp_buf text;
    uint64_t missing = SP_WALL_ALL & ~state->walls;
    sp_buf_init(&text, SP_SELF_REPORT_MAX);
    SP_TRY(sp_buf_put_text(&text, missing == 0 ? "sessions=all-layers" : "sessions=without:"));
    for (unsigned i = 0; i < SP_WALL_COUNT; i++) {
        if ((missing & SP_WALL_BIT(i)) != 0) {
            missing &= ~SP_WALL_BIT(i);
            SP_TRY(sp_buf_put_text(&text, sp_wall_name((enum sp_wall)i)));
            SP_TRY(sp_buf_put_text(&text, missing != 0 ? "," : ""));
        }
    }
    sp_self_reports(state->self, sp_buf_slice(&text));
    return SP_OK;
}

static enum sp_err nursery_init(struct sp_self *self, void **out_state)
{
    struct sp_settings_nursery settings;
    SP_CLEANUP(end_orders) struct orders orders = {.memory = ""};
    SP_TRY(sp_settings_nursery_read(sp_self_settings(self), &settings));
    struct nursery_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SP_ERR_NOMEM;
    }
    state->self = self;
    state->incarnation = sp_self_incarnation(self);
    state->wire = -1;
    state->lines = -1;
    sp_buf_init(&state->line, LINE_BYTES_MAX);
    *out_state = state;
    SP_TRY(write_orders(&settings, sp_self_uid(self), &orders));
    SP_TRY(make_template(state, &orders));
    SP_TRY(wait_for_template(state));
    return report_walls(state);
}

static void on_lines(void *ctx, int fd, unsigned what)
{
    struct nursery_state *state = ctx;
    uint8_t space[LINE_BYTES_MAX];
    ssize_t got = read(fd, space, sizeof(space));
    (void)what;
    if (got > 0) {
        take_text(state, sp_slice_make(space, (size_t)got));
        return;
    }
    if (got == 0) {
        say_line(state);
        sp_log(SP_LOG_WARN, "nursery.template.ended", "a new one is started");
        sp_self_finish(state->self, SP_OK);
    }
}

static enum sp_err nursery_start(void *ctx)
{
    struct nursery_state *state = ctx;
    return sp_watch_new(sp_self_loop(state->self), state->lines, SP_WATCH_READ, on_lines, state,
                        &state->watch);
}

/* The wire goes to one pool only: if that pool dies, the template sees the end of it and ends, and so do we. */
static enum sp_err give(struct nursery_state *state, struct sp_channel *pool)
{
    const struct sp_msg_template message = {.incarnation = state->incarnation};
    SP_AUTO_BUF struct sp_buf body;
    struct sp_writer w;
    sp_buf_init(&body, SP_MESSAGE_BYTES_MAX);
    sp_writer_init(&w, &body);
    sp_msg_template_write(&w, &message);
    SP_TRY(sp_writer_end(&w));
    return sp_channel_send(pool, SP_MSG_TEMPLATE, sp_buf_slice(&body), &state->wire, 1);
}

static void nursery_wired(void *ctx, struct sp_peer peer)
{
    struct nursery_state *state = ctx;
    struct sp_channel *pool = sp_self_wire(state->self, peer.role, peer.index);
    if (peer.role != SP_ROLE_POOL || pool == NULL || state->wire < 0) {
        return;
    }
    enum sp_err err = give(state, pool);
    sp_close(sp_take_fd(&state->wire));
    if (err != SP_OK) {
        sp_self_finish(state->self, err);
    }
}

const struct sp_role_spec sp_nursery_role = {
    .role = SP_ROLE_NURSERY,
    .init = nursery_init,
    .start = nursery_start,
    .wired = nursery_wired,
};
