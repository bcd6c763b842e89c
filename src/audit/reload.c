/* The part of room.c that knows which policies are in force, and takes others. */
#include "audit/room_state.h"

static bool has_digest(struct sp_slice all, const uint8_t policy[SP_DIGEST_BYTES])
{
    struct sp_slice wanted = sp_slice_make(policy, SP_DIGEST_BYTES);
    for (size_t at = 0; at < all.len; at += SP_DIGEST_BYTES) {
        if (sp_slice_equal(sp_slice_sub(all, at, SP_DIGEST_BYTES), wanted)) {
            return true;
        }
    }
    return false;
}

bool sp_room_is_in_force(const struct sp_audit_room *room, const uint8_t policy[SP_DIGEST_BYTES])
{
    return has_digest(room->settings.policies, policy);
}

bool sp_room_is_retired(const struct sp_audit_room *room, const uint8_t policy[SP_DIGEST_BYTES])
{
    return !sp_room_is_in_force(room, policy) && has_digest(sp_buf_slice(&room->retired), policy);
}

struct sp_refused sp_room_policy_changed(void)
{
    return (struct sp_refused){
        .err = SP_ERR_UNAVAILABLE,
        .retry_after_ms = SP_AUDIT_RETRY_MS,
        .detail = SP_SLICE_LITERAL("the policy was changed while this was judged; nothing ran"),
    };
}

/* The oldest are forgotten first: whoever was judged by one of those has long been answered. */
static enum sp_err retire(struct sp_audit_room *room)
{
    struct sp_slice all = room->settings.policies;
    for (size_t at = 0; at < all.len; at += SP_DIGEST_BYTES) {
        struct sp_slice one = sp_slice_sub(all, at, SP_DIGEST_BYTES);
        if (has_digest(sp_buf_slice(&room->retired), one.ptr)) {
            continue;
        }
        if (room->retired.len >= SP_AUDIT_POLICIES_MAX * SP_DIGEST_BYTES) {
            sp_buf_consume(&room->retired, SP_DIGEST_BYTES);
        }
        SP_TRY(sp_buf_put(&room->retired, one));
    }
    return SP_OK;
}

static enum sp_err record_quotas(struct sp_audit_room *room, const struct sp_record_quota *quotas,
                                 size_t count)
{
    struct sp_stamp stamp = {.index = 0};
    for (size_t i = 0; i < count; i++) {
        SP_TRY(sp_log_stamp(room->log, room->now.wall_us, &stamp));
        SP_TRY(
            sp_room_take(room, sp_record_quota(stamp, &quotas[i], sp_log_line(room->log)), stamp));
    }
    return SP_OK;
}

enum sp_err sp_audit_quotas(struct sp_audit_room *room, const struct sp_record_quota *quotas,
                            size_t count, struct sp_audit_now now)
{
    room->now = now;
    SP_TRY(sp_room_ready(room));
    return record_quotas(room, quotas, count);
}

static enum sp_err record(struct sp_audit_room *room, const struct sp_audit_changes *changes)
{
    struct sp_stamp stamp = {.index = 0};
    struct sp_record_reload reload = {.policies = changes->policies};
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        reload.configuration[i] = changes->configuration[i];
        reload.previous[i] = room->settings.configuration[i];
    }
    SP_TRY(sp_room_ready(room));
    SP_TRY(sp_log_stamp(room->log, room->now.wall_us, &stamp));
    SP_TRY(sp_room_take(room, sp_record_reload(stamp, &reload, sp_log_line(room->log)), stamp));
    return record_quotas(room, changes->quotas, changes->quota_count);
}

enum sp_err sp_audit_reload(struct sp_audit_room *room, const struct sp_audit_changes *changes,
                            struct sp_audit_now now)
{
    const struct sp_slice policies = changes->policies;
    uint8_t *space = NULL;
    room->now = now;
    if (policies.len % SP_DIGEST_BYTES != 0 ||
        policies.len > SP_AUDIT_POLICIES_MAX * SP_DIGEST_BYTES) {
        return SP_ERR_WIRE;
    }
    SP_TRY(retire(room));
    sp_buf_clear(&room->scratch_policies);
    SP_TRY(sp_buf_reserve(&room->scratch_policies, policies.len, &space));
    /* What is in force is on record before anything is recorded under it, or the old stays. */
    SP_TRY(record(room, changes));
    SP_TRY(sp_buf_put(&room->scratch_policies, policies));
    struct sp_buf former = room->in_force;
    room->in_force = room->scratch_policies;
    room->scratch_policies = former;
    room->settings.policies = sp_buf_slice(&room->in_force);
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        room->settings.configuration[i] = changes->configuration[i];
    }
    sp_room_rotate(room);
    return SP_OK;
}

void sp_room_rotate(struct sp_audit_room *room)
{
    /* The entries of the change are committed alone; a log that takes nothing is asked again by the tick or the next start. */
    sp_audit_commit(room, room->now);
    if (room->log == NULL || sp_audit_is_waiting(room) || sp_log_is_broken(room->log)) {
        return;
    }
    const uint64_t oldest = sp_room_oldest(room);
    enum sp_err err = sp_log_end_rotation(room->log, room->now.wall_us, oldest);
    if (err == SP_OK && sp_log_is_rotation_asked(room->log)) {
        err = sp_log_rotate(room->log, room->now.wall_us, oldest);
        room->rotations += err == SP_OK ? 1U : 0U;
    }
    room->is_old_key_kept = sp_log_retire_keys(room->log) != SP_OK;
}

unsigned sp_audit_rotations(const struct sp_audit_room *room)
{
    return room->rotations;
}

bool sp_audit_is_old_key_kept(const struct sp_audit_room *room)
{
    return room->is_old_key_kept;
}
