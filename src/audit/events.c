/* The part of room.c that records what is of no exchange: refused strangers, roles, tokens, counts; and who reads the log. */
#include "audit/room_state.h"

#define COUNT_US ((uint64_t)1000000)

enum sp_err sp_audit_strangers(struct sp_audit_room *room, const struct sp_msg_strangers *strangers,
                               struct sp_audit_now now)
{
    struct sp_stamp stamp = {.index = 0};
    room->now = now;
    if (strangers->err == SP_OK) {
        return SP_ERR_WIRE;
    }
    /* Nobody waits for this entry: a log that takes nothing loses a count, and says at its recovery that it did. */
    if (sp_room_ready(room) == SP_OK && sp_log_stamp(room->log, now.wall_us, &stamp) == SP_OK) {
        (void)!sp_room_take(room, sp_record_strangers(stamp, strangers, sp_log_line(room->log)),
                            stamp);
    }
    return SP_OK;
}

enum sp_err sp_audit_token_event(struct sp_audit_room *room, const struct sp_msg_token_event *event,
                                 struct sp_audit_now now)
{
    struct sp_stamp stamp = {.index = 0};
    room->now = now;
    if (event->change == 0) {
        return SP_ERR_WIRE;
    }
    if (sp_room_ready(room) == SP_OK && sp_log_stamp(room->log, now.wall_us, &stamp) == SP_OK &&
        sp_room_take(room, sp_record_token(stamp, event, sp_log_line(room->log)), stamp) == SP_OK) {
        room->token_change = event->change;
    }
    return SP_OK;
}

enum sp_err sp_audit_role_up(struct sp_audit_room *room, const struct sp_msg_role_up *up,
                             struct sp_audit_now now)
{
    struct sp_stamp stamp = {.index = 0};
    room->now = now;
    if (sp_room_ready(room) == SP_OK && sp_log_stamp(room->log, now.wall_us, &stamp) == SP_OK) {
        enum sp_err err =
            sp_room_take(room, sp_record_role(stamp, up, sp_log_line(room->log)), stamp);
        return err == SP_ERR_WIRE ? err : SP_OK;
    }
    return SP_OK;
}

/* What if the sender is taken over? It folds what it counts, so that a second has few of them; one that has more lies. */
static bool is_flood(struct sp_audit_room *room, unsigned *count, uint64_t *since_us)
{
    if (room->now.mono_us - *since_us >= COUNT_US) {
        *since_us = room->now.mono_us;
        *count = 0;
    }
    *count += *count < SP_AUDIT_COUNTS_MAX ? 1 : 0;
    return *count >= SP_AUDIT_COUNTS_MAX;
}

enum sp_err sp_audit_malformed(struct sp_audit_room *room, const struct sp_msg_malformed *malformed,
                               struct sp_audit_now now)
{
    struct sp_stamp stamp = {.index = 0};
    room->now = now;
    if (malformed->err == SP_OK || is_flood(room, &room->malformed_count, &room->malformed_us)) {
        return SP_ERR_WIRE;
    }
    struct sp_msg_malformed told = *malformed;
    told.source = room->settings.hides_sources ? sp_slice_of("") : told.source;
    if (sp_room_ready(room) == SP_OK && sp_log_stamp(room->log, now.wall_us, &stamp) == SP_OK) {
        (void)!sp_room_take(room, sp_record_malformed(stamp, &told, sp_log_line(room->log)), stamp);
    }
    return SP_OK;
}

enum sp_err sp_audit_gap(struct sp_audit_room *room, const struct sp_msg_gap *gap,
                         struct sp_audit_now now)
{
    struct sp_stamp stamp = {.index = 0};
    room->now = now;
    if (gap->count == 0 || is_flood(room, &room->gap_count, &room->gap_us)) {
        return SP_ERR_WIRE;
    }
    if (sp_room_ready(room) == SP_OK && sp_log_stamp(room->log, now.wall_us, &stamp) == SP_OK) {
        (void)!sp_room_take(room, sp_record_gap(stamp, gap, sp_log_line(room->log)), stamp);
    }
    return SP_OK;
}

uint64_t sp_audit_late(const struct sp_audit_room *room)
{
    return room->late;
}
