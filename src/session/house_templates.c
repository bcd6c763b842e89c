#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "os/spawn.h"
#include "session/house_inner.h"
#include "session/outside.h"

#define START_MS 120000U /* imports of a cold machine take their time */
#define PROBE_MS 10000U
#define AGAIN_MS 1000U

static bool is_shared(const struct house *h)
{
    return h->options->templates == 0;
}

/* ---- rows ---- */

static struct template_row *find(struct house *h, enum template_state state, uint64_t key)
{
    for (size_t i = 0; i < HOUSE_TEMPLATES; i++) {
        if (h->templates[i].state == state && h->templates[i].key == key) {
            return &h->templates[i];
        }
    }
    return NULL;
}

static bool is_coming(const struct house *h)
{
    for (size_t i = 0; i < HOUSE_TEMPLATES; i++) {
        enum template_state state = h->templates[i].state;
        if (state == TEMPLATE_STARTING || state == TEMPLATE_AWAKE || state == TEMPLATE_PROBING) {
            return true;
        }
    }
    return false;
}

/* Its sessions live on: they are not its children. */
static void end(struct template_row *row)
{
    sp_close(sp_take_fd(&row->wire));
    row->state = TEMPLATE_ENDING;
    row->due_ms = sp_clock_mono_ms() + PROBE_MS;
}

static void end_probe(struct template_row *row)
{
    if (row->probe != NULL && row->probe->state == ROOM_PROBE) {
        (void)kill(row->probe->room.pid, SIGKILL);
    }
    row->probe = NULL;
}

static void fail(struct template_row *row, const char *why)
{
    sp_log(SP_LOG_ERROR, "house.template.failed", "why=\"%s\"", why);
    end_probe(row);
    (void)kill(row->pid, SIGKILL);
    end(row);
}

/* ---- starting ---- */

static enum sp_err spawn(struct house *h, struct template_row *row)
{
    int pair[2] = {-1, -1};
    enum sp_err err = SP_OK;
    struct sp_spawn how = {
        .program = NULL, .argv = h->arguments, .directory_fd = -1, .error_fd = -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return SP_ERR_SYSTEM;
    }
    how.control_fd = pair[1];
    err = sp_spawn_program(&how, &row->pid);
    sp_close(pair[1]);
    row->wire = pair[0];
    if (err != SP_OK) {
        sp_close(sp_take_fd(&row->wire));
    }
    return err;
}

/* Where there are control groups, each template has a wire by which it gets one for its next session. */
static enum sp_err lead_outside(struct house *h, const struct template_row *row)
{
    const struct sp_frame outside = {.type = SP_FRAME_OUTSIDE};
    SP_AUTO_CLOSE int wire = -1;
    SP_TRY(sp_outside_introduce(h->options->outside_link, &wire));
    return wire < 0 ? SP_OK : sp_link_send(row->wire, &outside, wire, &h->scratch);
}

static void start(struct house *h, uint64_t now_ms)
{
    struct template_row *row = find(h, TEMPLATE_FREE, 0);
    if (row == NULL || is_coming(h) || now_ms < h->template_again_ms) {
        return;
    }
    if (spawn(h, row) != SP_OK) {
        sp_log(SP_LOG_ERROR, "house.template.failed", "why=\"it cannot be started\" errno=%d",
               errno);
        h->template_again_ms = now_ms + AGAIN_MS;
        return;
    }
    row->state = TEMPLATE_STARTING;
    row->key = HOUSE_KEY_NONE;
    row->forks = 0;
    row->born_ms = now_ms;
    row->used_ms = now_ms;
    row->due_ms = now_ms + START_MS;
    row->probe = NULL;
    if (lead_outside(h, row) != SP_OK) {
        fail(row, "it cannot be led outside");
    }
}

enum sp_err sp_house_template_says(struct house *h, struct template_row *row)
{
    enum sp_err err = sp_link_receive(row->wire, &h->in);
    const struct sp_frame *frame = &h->in.frame;
    struct room_row *room = NULL;
    if (err == SP_ERR_UNAVAILABLE) {
        return SP_OK;
    }
    if (err == SP_OK && frame->type == SP_FRAME_HELLO && row->state == TEMPLATE_STARTING) {
        row->state = TEMPLATE_AWAKE; /* it takes orders as soon as its memory is laid out */
        if (!h->is_known) {
            sp_buf_clear(&h->packages);
            return sp_buf_put(&h->packages, frame->bytes);
        }
        return SP_OK;
    }
    if (err == SP_OK && frame->type == SP_FRAME_ENDED) {
        /* The room stays empty: without its process the session has ended. */
        room = sp_house_room_of(h, frame->ticket);
        if (room != NULL) {
            (void)kill(room->room.pid, SIGKILL);
        }
        return SP_OK;
    }
    fail(row, "its wire ended");
    return SP_OK;
}

/* ---- the look from inside ---- */

/*
 * A missing wall stops the pool unless the configuration gives it up by name. Two are a gain where they can be had: the
 * memory cgroup, and Landlock's scopes (kernel 6.12), which the pid and network namespaces bound already.
 */
static enum sp_err check_walls(const struct house *h, uint64_t walls)
{
    uint64_t wanted = SP_WALL_ALL & ~SP_WALL_BIT(SP_WALL_MEMORY) & ~SP_WALL_BIT(SP_WALL_SCOPE) &
                      ~(h->options->has_egress ? SP_WALL_BIT(SP_WALL_OFFLINE) : 0);
    uint64_t missing = wanted & ~walls & ~h->options->given_up;
    for (unsigned i = 0; i < SP_WALL_COUNT; i++) {
        if ((walls & SP_WALL_BIT(i)) == 0) {
            sp_log(SP_LOG_WARN, "template.layer.missing", "layer=%s wanted=%d",
                   sp_wall_name((enum sp_wall)i), (missing & SP_WALL_BIT(i)) != 0);
        }
    }
    return missing == 0 ? SP_OK : SP_ERR_UNSUPPORTED;
}

static void begin_probe(struct house *h, struct template_row *row, uint64_t now_ms)
{
    struct room_row *room = sp_house_stock(h);
    if (room == NULL) {
        return; /* there will be one */
    }
    row->probe = room;
    if (sp_house_hand_over(h, row, room, 0) != SP_OK) {
        fail(row, "it takes no order");
        return;
    }
    row->state = TEMPLATE_PROBING;
    row->due_ms = now_ms + START_MS;
}

static enum sp_err introduce(struct house *h, uint64_t walls)
{
    const struct sp_frame hello = {.type = SP_FRAME_HELLO,
                                   .number = SP_FRAME_VERSION,
                                   .layers = walls,
                                   .bytes = sp_buf_slice(&h->packages)};
    h->is_known = true;
    SP_TRY(sp_house_tell(h, &hello, -1));
    /* The nursery waits for this line. */
    sp_log(SP_LOG_INFO, "template.ready", "walls=%llx", (unsigned long long)walls);
    return SP_OK;
}

enum sp_err sp_house_probe_says(struct house *h, struct template_row *row)
{
    enum sp_err err = sp_link_receive(row->probe->room.control, &h->in);
    uint64_t walls = h->in.frame.layers;
    if (err == SP_ERR_UNAVAILABLE) {
        return SP_OK;
    }
    end_probe(row);
    if (err != SP_OK || h->in.frame.type != SP_FRAME_HELLO) {
        fail(row, "no session of it could look at its walls");
        return SP_OK;
    }
    if (check_walls(h, walls) != SP_OK) {
        fail(row, "a wall is missing");
        return SP_OK;
    }
    row->state = TEMPLATE_READY;
    row->due_ms = UINT64_MAX;
    return h->is_known ? SP_OK : introduce(h, walls);
}

enum sp_err sp_house_template_ended(struct house *h, pid_t pid, uint64_t now_ms)
{
    for (size_t i = 0; i < HOUSE_TEMPLATES; i++) {
        struct template_row *row = &h->templates[i];
        if (row->state == TEMPLATE_FREE || row->pid != pid) {
            continue;
        }
        if (row->state != TEMPLATE_ENDING) {
            sp_log(SP_LOG_WARN, "house.template.ended", "forks=%u", row->forks);
            h->template_again_ms = now_ms + AGAIN_MS;
        }
        end_probe(row);
        sp_close(sp_take_fd(&row->wire));
        *row = (struct template_row){.state = TEMPLATE_FREE, .wire = -1};
        /* The first one cannot be had: whoever started this hears why, and that it ended. */
        return h->is_known ? SP_OK : SP_ERR_UNSUPPORTED;
    }
    return SP_OK;
}

/* ---- which one, and for how long ---- */

static bool is_due(const struct house *h, const struct template_row *row, uint64_t now_ms)
{
    return row->forks >= h->options->template_forks ||
           (row->forks > 0 &&
            now_ms - row->born_ms >= (uint64_t)h->options->template_life_s * 1000);
}

/* One more key than there may be: the template that was not asked for longest makes room. */
static void bound_keys(struct house *h)
{
    struct template_row *oldest = NULL;
    uint32_t count = 0;
    for (size_t i = 0; i < HOUSE_TEMPLATES; i++) {
        struct template_row *row = &h->templates[i];
        if (row->state == TEMPLATE_READY && row->key != HOUSE_KEY_NONE) {
            count++;
            oldest = oldest == NULL || row->used_ms < oldest->used_ms ? row : oldest;
        }
    }
    if (count >= h->options->templates && oldest != NULL) {
        end(oldest);
    }
}

/* The spare becomes the template of this key. */
static struct template_row *take_spare(struct house *h, struct template_row *old, uint64_t key)
{
    struct template_row *spare = find(h, TEMPLATE_READY, HOUSE_KEY_NONE);
    if (spare == NULL) {
        return NULL;
    }
    if (old != NULL) {
        sp_log(SP_LOG_INFO, "house.template.replaced", "forks=%u", old->forks);
        end(old);
    } else if (!is_shared(h)) {
        bound_keys(h);
    }
    spare->key = key;
    spare->forks = 0;
    return spare;
}

struct template_row *sp_house_template_for(struct house *h, uint64_t key, uint64_t now_ms)
{
    struct template_row *own = NULL;
    struct template_row *fresh = NULL;
    key = is_shared(h) ? 0 : key;
    own = find(h, TEMPLATE_READY, key);
    if (own == NULL || is_due(h, own, now_ms)) {
        fresh = take_spare(h, own, key);
        own = fresh != NULL ? fresh : own;
    }
    if (own != NULL) {
        own->used_ms = now_ms;
        own->forks++;
    }
    return own;
}

/* In time, not at the next request: a due template must not be the one that a lonely session comes from. */
static bool wants_spare(struct house *h, uint64_t now_ms)
{
    struct template_row *own = find(h, TEMPLATE_READY, 0);
    if (!is_shared(h)) {
        return true;
    }
    return own == NULL || is_due(h, own, now_ms);
}

static void replace_due(struct house *h, uint64_t now_ms)
{
    for (size_t i = 0; i < HOUSE_TEMPLATES; i++) {
        struct template_row *row = &h->templates[i];
        if (row->state == TEMPLATE_READY && row->key != HOUSE_KEY_NONE && is_due(h, row, now_ms) &&
            find(h, TEMPLATE_READY, HOUSE_KEY_NONE) != NULL) {
            if (is_shared(h)) {
                (void)take_spare(h, row, row->key);
            } else {
                end(row); /* the spare waits for whoever of the tenants comes next */
            }
        }
    }
}

enum sp_err sp_house_templates_tick(struct house *h, uint64_t now_ms)
{
    for (size_t i = 0; i < HOUSE_TEMPLATES; i++) {
        struct template_row *row = &h->templates[i];
        if (row->state == TEMPLATE_AWAKE) {
            begin_probe(h, row, now_ms);
        }
        if (row->state == TEMPLATE_PROBING && row->probe->state != ROOM_PROBE) {
            fail(row, "the session that looked at its walls ended");
        }
        if (row->state != TEMPLATE_FREE && row->state != TEMPLATE_READY && row->due_ms <= now_ms) {
            fail(row, "it took too long");
        }
    }
    replace_due(h, now_ms);
    if (find(h, TEMPLATE_READY, HOUSE_KEY_NONE) == NULL && wants_spare(h, now_ms)) {
        start(h, now_ms);
    }
    return SP_OK;
}

uint64_t sp_house_templates_due(const struct house *h)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < HOUSE_TEMPLATES; i++) {
        const struct template_row *row = &h->templates[i];
        uint64_t due = row->due_ms;
        if (row->state == TEMPLATE_FREE) {
            continue;
        }
        if (row->state == TEMPLATE_READY && row->key != HOUSE_KEY_NONE && row->forks > 0) {
            due = row->born_ms + (uint64_t)h->options->template_life_s * 1000;
        }
        next = due < next ? due : next;
    }
    return next;
}
