/* The part of room.c that passes on what a run says while it goes on. */
#include "audit/room_state.h"
#include "crypto/hash.h"

/* What the client hears is in the outcome's entry, whatever becomes of the run: without a digest nothing goes on. */
static enum sp_err pass_on(const struct sp_audit_room *room, struct sp_pending *row,
                           const struct sp_msg_part *part)
{
    SP_TRY(row->is_orphan ? SP_ERR_CLOSED : SP_OK);
    SP_TRY(row->streamed == NULL ? sp_hash_new(&row->streamed) : SP_OK);
    SP_TRY(room->out.part(room->out.ctx, part));
    row->streamed_bytes += part->data.bytes.len;
    return sp_hash_put(row->streamed, part->data.bytes);
}

enum sp_err sp_audit_part(struct sp_audit_room *room, const struct sp_msg_part *part,
                          struct sp_audit_now now)
{
    struct sp_pending *row = sp_pending_find(room->table, part->exchange);
    struct sp_msg_part out = *part;
    room->now = now;
    if (part->what >= SP_PART_COUNT) {
        return SP_ERR_WIRE;
    }
    if (row == NULL || row->state != SP_PENDING_RUNNING || row->who.is_stream == 0 ||
        row->is_answered) {
        return SP_OK; /* given up meanwhile */
    }
    row->parts_lost =
        part->lost < UINT32_MAX - row->parts_lost ? row->parts_lost + part->lost : UINT32_MAX - 1;
    out.lost = row->parts_lost;
    row->parts_lost = pass_on(room, row, &out) == SP_OK ? 0 : row->parts_lost + 1;
    return SP_OK;
}

enum sp_err sp_room_streamed(struct sp_pending *row, uint8_t out[SP_DIGEST_BYTES])
{
    if (row->streamed != NULL) {
        SP_TRY(sp_hash_end(row->streamed, row->streamed_digest));
        sp_hash_free(row->streamed);
        row->streamed = NULL;
    }
    (void)sp_slice_copy(sp_slice_make(row->streamed_digest, SP_DIGEST_BYTES), out, SP_DIGEST_BYTES);
    return SP_OK;
}
