/* The part of room.c that records what is of no exchange: refused strangers, roles, tokens, configurations. */
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

enum sp_err sp_audit_reload(struct sp_audit_room *room, const uint8_t configuration[SP_DIGEST_BYTES], struct sp_slice policies,
                            struct sp_audit_now now)
{
    struct sp_stamp stamp = {.index = 0};
    struct sp_record_reload reload = {.policies = policies};
    room->now = now;
    if (policies.len % SP_DIGEST_BYTES != 0) {
        return SP_ERR_WIRE;
    }
    (void)sp_slice_copy(sp_slice_make(configuration, SP_DIGEST_BYTES), reload.configuration, SP_DIGEST_BYTES);
    /* What is in force is on record before anything is recorded under it, or the old one stays. */
    SP_TRY(sp_room_ready(room));
    SP_TRY(sp_log_stamp(room->log, now.wall_us, &stamp));
    SP_TRY(sp_room_take(room, sp_record_reload(stamp, &reload, sp_log_line(room->log)), stamp));
    sp_buf_clear(&room->former);
    SP_TRY(sp_buf_put(&room->former, room->settings.policies));
    sp_buf_clear(&room->policies);
    SP_TRY(sp_buf_put(&room->policies, policies));
    room->settings.policies = sp_buf_slice(&room->policies);
    (void)sp_slice_copy(sp_slice_make(configuration, SP_DIGEST_BYTES), room->settings.configuration, SP_DIGEST_BYTES);
    return SP_OK;
}
