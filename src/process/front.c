/*
 * front - the process that reads HTTP requests and writes their answers.
 *
 * Hears: door (STREAM), admit (GRANT, REFUSE, SEND, TELL), audit (ANSWER), reader (PAGE).   Reads hostile: heads and bodies of requests.
 * Files: none.   Network: none; streams come from door.   Secrets: none (tokens pass through to admit).
 */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "front/face.h"
#include "process/role.h"
#include "process/settings.h"

struct front_state {
    struct sp_self *self;
    struct sp_face *face;
    struct sp_timer *grace;
    bool is_cut; /* the grace is over; only answers leave */
};

/* So long may the last answers take on their way out. */
#define CUT_MS 1000U

/* --- to the peers --- */

static struct sp_channel *admit_wire(void *ctx)
{
    struct front_state *state = ctx;
    return sp_self_wire(state->self, SP_ROLE_ADMIT, 0);
}

static enum sp_err send_ask(void *ctx, const struct sp_msg_ask *ask)
{
    struct sp_channel *wire = admit_wire(ctx);
    return wire == NULL ? SP_ERR_UNAVAILABLE : sp_msg_ask_send(wire, ask);
}

static enum sp_err send_ready(void *ctx, const struct sp_msg_ready *ready)
{
    struct sp_channel *wire = admit_wire(ctx);
    return wire == NULL ? SP_ERR_UNAVAILABLE : sp_msg_ready_send(wire, ready);
}

static enum sp_err send_left(void *ctx, const struct sp_msg_left *left)
{
    struct sp_channel *wire = admit_wire(ctx);
    return wire == NULL ? SP_ERR_UNAVAILABLE : sp_msg_left_send(wire, left);
}

static enum sp_err send_job(void *ctx, unsigned worker, const struct sp_msg_job *job)
{
    struct front_state *state = ctx;
    struct sp_channel *wire = sp_self_wire(state->self, SP_ROLE_INSPECT, worker);
    return wire == NULL ? SP_ERR_UNAVAILABLE : sp_msg_job_send(wire, job);
}

static void on_empty(void *ctx)
{
    struct front_state *state = ctx;
    sp_self_finish(state->self, SP_OK);
}

/* --- from the peers --- */

/* What if door is hostile? Its streams are read as any stranger's; one that cannot be served is closed. */
static enum sp_err on_stream(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct front_state *state = ctx;
    struct sp_msg_stream stream;
    (void)from;
    SP_TRY(sp_msg_stream_read(message, &stream));
    if (message->fd_count != 1) {
        return SP_ERR_WIRE;
    }
    enum sp_err err = sp_face_add_stream(state->face, sp_take_fd(&message->fds[0]), &stream);
    if (err != SP_OK) {
        sp_log(SP_LOG_WARN, "front.stream.failed", "connection=%llu err=%s",
               (unsigned long long)stream.connection, sp_err_name(err));
    }
    return SP_OK;
}

/* What if admit is hostile? See front/desk.c, over each sp_desk_on_. */
static enum sp_err on_grant(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct front_state *state = ctx;
    struct sp_msg_grant grant;
    (void)from;
    SP_TRY(sp_msg_grant_read(message, &grant));
    return sp_desk_on_grant(sp_face_desk(state->face), &grant);
}

static enum sp_err on_refuse(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct front_state *state = ctx;
    struct sp_msg_refuse refuse;
    (void)from;
    SP_TRY(sp_msg_refuse_read(message, &refuse));
    return sp_desk_on_refuse(sp_face_desk(state->face), &refuse);
}

static enum sp_err on_send(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct front_state *state = ctx;
    struct sp_msg_send send;
    (void)from;
    SP_TRY(sp_msg_send_read(message, &send));
    return sp_desk_on_send(sp_face_desk(state->face), &send, sp_clock_mono_ms());
}

static enum sp_err on_tell(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct front_state *state = ctx;
    struct sp_msg_tell tell;
    (void)from;
    SP_TRY(sp_msg_tell_read(message, &tell));
    enum sp_err err = sp_desk_on_tell(sp_face_desk(state->face), &tell);
    sp_payload_done(&tell.json);
    return err;
}

/* What if audit is hostile? It answers clients as it likes: that is its place; what it says is still only data here. */
static enum sp_err on_answer(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct front_state *state = ctx;
    struct sp_msg_answer answer;
    (void)from;
    SP_TRY(sp_msg_answer_read(message, &answer));
    enum sp_err err = sp_desk_on_answer(sp_face_desk(state->face), &answer);
    sp_payload_done(&answer.answer);
    sp_payload_done(&answer.content);
    return err;
}

/* What if reader is hostile? See front/desk.c. */
static enum sp_err on_page(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct front_state *state = ctx;
    struct sp_msg_page page;
    (void)from;
    SP_TRY(sp_msg_page_read(message, &page));
    enum sp_err err = sp_desk_on_page(sp_face_desk(state->face), &page);
    sp_payload_done(&page.body);
    return err;
}

/* If audit is hostile: as above. */
static enum sp_err on_part(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct front_state *state = ctx;
    struct sp_msg_part part;
    (void)from;
    SP_TRY(sp_msg_part_read(message, &part));
    enum sp_err err = sp_desk_on_part(sp_face_desk(state->face), &part);
    sp_payload_done(&part.data);
    return err;
}

/* --- life --- */

/* The HTTP library writes Date by gmtime_r: the time zone is read now, for it cannot be later. */
static void read_time_zone(void)
{
    struct tm local;
    time_t now = time(NULL);
    tzset();
    (void)localtime_r(&now, &local);
}

/*
 * Whoever still waits is answered: what was handed to inspection may have run, the rest did not start. Those answers get
 * a moment to leave by door, which stays a little longer.
 */
static void on_grace_over(void *ctx)
{
    struct front_state *state = ctx;
    const size_t live = sp_desk_live(sp_face_desk(state->face));
    if (live > 0 && !state->is_cut) {
        state->is_cut = true;
        sp_log(SP_LOG_WARN, "front.stop.cut", "live=%zu", live);
        sp_desk_lost(sp_face_desk(state->face), SP_ROLE_AUDIT);
        if (sp_timer_set(state->grace, CUT_MS) == SP_OK) {
            return;
        }
    }
    on_empty(state);
}

static enum sp_err front_init(struct sp_self *self, void **out_state)
{
    struct sp_settings_front settings;
    SP_TRY(sp_settings_front_read(sp_self_settings(self), &settings));
    struct front_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SP_ERR_NOMEM;
    }
    state->self = self;
    *out_state = state;
    read_time_zone();
    SP_TRY(sp_timer_new(sp_self_loop(self), on_grace_over, state, &state->grace));
    const struct sp_face_config config = {.loop = sp_self_loop(self),
                                          .incarnation = sp_self_incarnation(self),
                                          .workers = settings.workers,
                                          .body_bytes_max = settings.body_bytes_max,
                                          .wires = {.ctx = state,
                                                    .ask = send_ask,
                                                    .ready = send_ready,
                                                    .left = send_left,
                                                    .job = send_job,
                                                    .empty = on_empty}};
    return sp_face_new(&config, &state->face);
}

static void front_wired(void *ctx, struct sp_peer peer)
{
    struct front_state *state = ctx;
    sp_desk_wired(sp_face_desk(state->face), peer.role);
}

static void front_lost(void *ctx, struct sp_peer peer)
{
    struct front_state *state = ctx;
    sp_desk_lost(sp_face_desk(state->face), peer.role);
}

/* What is in flight gets its answer; whoever still asks gets 503. */
static void front_stop(void *ctx, unsigned grace_ms)
{
    struct front_state *state = ctx;
    if (sp_timer_set(state->grace, grace_ms) != SP_OK) {
        on_grace_over(state);
        return;
    }
    sp_desk_hurry(sp_face_desk(state->face), sp_clock_mono_ms());
    sp_face_drain(state->face);
}

static const struct sp_handler front_handlers[] = {
    {SP_ROLE_DOOR, SP_MSG_STREAM, on_stream},  {SP_ROLE_ADMIT, SP_MSG_GRANT, on_grant},
    {SP_ROLE_ADMIT, SP_MSG_REFUSE, on_refuse}, {SP_ROLE_ADMIT, SP_MSG_SEND, on_send},
    {SP_ROLE_ADMIT, SP_MSG_TELL, on_tell},     {SP_ROLE_AUDIT, SP_MSG_ANSWER, on_answer},
    {SP_ROLE_READER, SP_MSG_PAGE, on_page},    {SP_ROLE_AUDIT, SP_MSG_PART, on_part},
};

const struct sp_role_spec sp_front_role = {
    .role = SP_ROLE_FRONT,
    .init = front_init,
    .wired = front_wired,
    .lost = front_lost,
    .stop = front_stop,
    .handlers = front_handlers,
    .handler_count = SP_COUNT(front_handlers),
};
