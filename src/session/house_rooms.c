#include <errno.h>
#include <signal.h>

#include "base/log.h"
#include "base/own.h"
#include "session/house_inner.h"

#define AGAIN_MS 1000U

struct room_row *sp_house_room_of(struct house *h, uint32_t ticket)
{
    for (size_t i = 0; i < h->room_rows; i++) {
        if (h->rooms[i].state == ROOM_TAKEN && h->rooms[i].ticket == ticket) {
            return &h->rooms[i];
        }
    }
    return NULL;
}

struct room_row *sp_house_stock(struct house *h)
{
    for (size_t i = 0; i < h->room_rows; i++) {
        if (h->rooms[i].state == ROOM_STOCK) {
            return &h->rooms[i];
        }
    }
    return NULL;
}

unsigned sp_house_count(const struct house *h, enum room_state state)
{
    unsigned count = 0;
    for (size_t i = 0; i < h->room_rows; i++) {
        count += h->rooms[i].state == state ? 1U : 0U;
    }
    return count;
}

static struct room_row *free_row(struct house *h)
{
    for (size_t i = 0; i < h->room_rows; i++) {
        if (h->rooms[i].state == ROOM_FREE) {
            return &h->rooms[i];
        }
    }
    return h->room_rows < HOUSE_ROOMS ? &h->rooms[h->room_rows++] : NULL;
}

enum sp_err sp_house_make_room(struct house *h, uint64_t now_ms, unsigned wanted)
{
    unsigned making = sp_house_count(h, ROOM_MAKING);
    struct room_row *row = NULL;
    if (making >= HOUSE_MAKING || making + sp_house_count(h, ROOM_STOCK) >= wanted ||
        now_ms < h->room_again_ms) {
        return SP_ERR_UNAVAILABLE;
    }
    row = free_row(h);
    if (row == NULL) {
        return SP_ERR_UNAVAILABLE;
    }
    if (sp_room_make(&h->plan, &row->room) != SP_OK) {
        sp_log(SP_LOG_WARN, "house.room.failed", "errno=%d", errno);
        h->room_again_ms = now_ms + AGAIN_MS;
        return SP_ERR_SYSTEM;
    }
    row->state = ROOM_MAKING;
    row->ticket = 0;
    return SP_OK;
}

enum sp_err sp_house_room_says(struct house *h, struct room_row *row)
{
    int fds[SP_LINK_FDS_MAX];
    size_t count = 0;
    enum sp_err err = sp_link_receive_all(row->room.control, &h->in, fds, &count);
    if (err == SP_ERR_UNAVAILABLE) {
        return SP_OK;
    }
    if (err == SP_OK && h->in.frame.type == SP_FRAME_ROOM && count <= 1) {
        row->room.inner[SP_ROOM_RULES] = count == 1 ? fds[0] : -1;
        row->state = ROOM_STOCK;
        return SP_OK;
    }
    while (count > 0) {
        sp_close(fds[--count]);
    }
    /* Its end is told by its parent's signal. */
    (void)kill(row->room.pid, SIGKILL);
    sp_close(sp_take_fd(&row->room.control));
    return SP_OK;
}

/* A room that could not be made: whoever waits for one is told, for the next would hardly be better. */
static enum sp_err refuse_first(struct house *h, uint64_t now_ms)
{
    uint32_t ticket = 0;
    h->room_again_ms = now_ms + AGAIN_MS;
    if (h->order_count == 0) {
        return SP_OK;
    }
    ticket = h->orders[0].ticket;
    h->order_count--;
    for (size_t i = 0; i < h->order_count; i++) {
        h->orders[i] = h->orders[i + 1];
    }
    return sp_house_refuse(h, ticket);
}

enum sp_err sp_house_room_ended(struct house *h, pid_t pid, int status, uint64_t now_ms)
{
    for (size_t i = 0; i < h->room_rows; i++) {
        struct room_row *row = &h->rooms[i];
        struct sp_frame ended = {
            .type = SP_FRAME_ENDED, .ticket = row->ticket, .number = (uint32_t)status};
        enum room_state was = row->state;
        if (was == ROOM_FREE || row->room.pid != pid) {
            continue;
        }
        sp_room_close(&row->room);
        row->state = ROOM_FREE;
        if (was == ROOM_TAKEN) {
            return sp_house_tell(h, &ended, -1);
        }
        if (was == ROOM_MAKING) {
            sp_log(SP_LOG_WARN, "house.room.failed", "status=%x", (unsigned)status);
            return refuse_first(h, now_ms);
        }
        return SP_OK;
    }
    return SP_OK;
}

static size_t count_inner(const struct sp_room *room)
{
    return room->inner[SP_ROOM_RULES] >= 0 ? SP_ROOM_FD_COUNT : SP_ROOM_FD_COUNT - 1;
}

enum sp_err sp_house_hand_over(struct house *h, struct template_row *template, struct room_row *row,
                               uint32_t ticket)
{
    bool is_probe = template->state != TEMPLATE_READY;
    const struct sp_frame fork = {.type = SP_FRAME_FORK, .ticket = ticket, .a = is_probe ? 1 : 0};
    const struct sp_frame forked = {.type = SP_FRAME_FORKED, .ticket = ticket};
    enum sp_err err = SP_OK;
    SP_AUTO_CLOSE int control = -1;
    row->state = is_probe ? ROOM_PROBE : ROOM_TAKEN;
    row->ticket = ticket;
    /* A template that is just ending: the room's links close with it, and so the session ends as one that died. */
    (void)!sp_link_send_all(template->wire, &fork, row->room.inner, count_inner(&row->room),
                            &h->scratch);
    if (is_probe) {
        control = sp_take_fd(&row->room.control);
    } else {
        err = sp_house_tell(h, &forked, row->room.control);
    }
    sp_room_close(&row->room);
    row->room.control = sp_take_fd(&control);
    return err;
}
