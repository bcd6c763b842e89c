/* The part of room.c that records what is of no exchange: refused strangers, roles, tokens. */
#include "audit/room_state.h"

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
