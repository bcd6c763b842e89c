/* The files that are uploaded: each is digested here before it may go on, whatever inspect said of it. */
#include "audit/room_state.h"
#include "crypto/hash.h"

struct sp_refused sp_room_misfit(void)
{
    return (struct sp_refused){
        .err = SP_ERR_WIRE,
        .detail = SP_SLICE_LITERAL(
            "what the rooms told of this request does not fit together; nothing ran"),
    };
}

static bool is_digest_of(const uint8_t digest[SP_DIGEST_BYTES], struct sp_slice bytes)
{
    uint8_t actual[SP_SHA256_BYTES];
    return sp_sha256(bytes, actual) == SP_OK &&
           sp_slice_equal(sp_slice_make(actual, sizeof(actual)),
                          sp_slice_make(digest, SP_DIGEST_BYTES));
}

/* Where the bytes of a file stand in the body that they came in. */
static struct sp_slice content_of(const struct sp_msg_verdict *verdict)
{
    size_t at = verdict->content_at < SIZE_MAX ? (size_t)verdict->content_at : SIZE_MAX;
    size_t len = verdict->code_bytes < SIZE_MAX ? (size_t)verdict->code_bytes : SIZE_MAX;
    return sp_slice_sub(verdict->content.bytes, at, len);
}

enum sp_err sp_room_digest(struct sp_audit_room *room, struct sp_pending *row)
{
    struct sp_slice content = content_of(&row->verdict);
    if (content.len != row->verdict.code_bytes) {
        sp_room_refuse(room, row, sp_room_misfit());
        return SP_ERR_WIRE;
    }
    if (content.len <= SP_AUDIT_PIECE) {
        row->is_hashed = true;
        if (is_digest_of(row->verdict.code, content)) {
            return sp_room_join(room, row);
        }
        sp_room_refuse(room, row, sp_room_misfit());
        return SP_ERR_WIRE;
    }
    if (sp_hash_new(&row->hash) != SP_OK) {
        sp_room_refuse(
            room, row,
            (struct sp_refused){.err = SP_ERR_NOMEM, .retry_after_ms = SP_AUDIT_RETRY_MS});
        return SP_OK;
    }
    struct sp_pending **last = &room->hashing_first;
    while (*last != NULL) {
        last = &(*last)->next_in_batch;
    }
    row->next_in_batch = NULL;
    *last = row;
    row->state = SP_PENDING_HASHING;
    return SP_OK;
}

static bool has_right_digest(struct sp_pending *row)
{
    uint8_t digest[SP_SHA256_BYTES];
    return sp_hash_end(row->hash, digest) == SP_OK &&
           sp_slice_equal(sp_slice_make(digest, sizeof(digest)),
                          sp_slice_make(row->verdict.code, SP_DIGEST_BYTES));
}

bool sp_audit_is_hashing(const struct sp_audit_room *room)
{
    return room->hashing_first != NULL;
}

/* A file that was uploaded, and is to be kept. */
static bool is_kept_file(const struct sp_audit_room *room, const struct sp_pending *row)
{
    return room->keeper != NULL && row->who.operation != room->settings.run_operation &&
           row->verdict.content.bytes.len > 0 &&
           row->verdict.code_bytes <= room->settings.file_bytes_max;
}

static struct sp_code_name name_of(const struct sp_pending *row, uint64_t wall_us)
{
    struct sp_code_name name = {.wall_us = wall_us};
    (void)sp_slice_copy(sp_slice_make(row->verdict.code, SP_DIGEST_BYTES), name.digest,
                        sizeof(name.digest));
    return name;
}

/* The digest is there: what is to be kept is kept next, a piece at a time as well. */
static enum sp_err end_hash(struct sp_audit_room *room, struct sp_pending *row, bool *out_done)
{
    const struct sp_code_name name = name_of(row, room->now.wall_us);
    row->is_hashed = true;
    if (!has_right_digest(row)) {
        return SP_ERR_WIRE;
    }
    if (is_kept_file(room, row)) {
        SP_TRY(sp_code_begin(room->keeper, &name, (size_t)row->verdict.code_bytes, &row->keeping));
    }
    *out_done = row->keeping == NULL;
    return SP_OK;
}

static enum sp_err hash_piece(struct sp_audit_room *room, struct sp_pending *row, bool *out_done)
{
    struct sp_slice piece =
        sp_slice_sub(content_of(&row->verdict), (size_t)row->hashed, SP_AUDIT_PIECE);
    SP_TRY(sp_hash_put(row->hash, piece));
    row->hashed += piece.len;
    return row->hashed < row->verdict.code_bytes ? SP_OK : end_hash(room, row, out_done);
}

bool sp_audit_hash_some(struct sp_audit_room *room, struct sp_audit_now now)
{
    struct sp_pending *row = room->hashing_first;
    bool is_done = false;
    if (row == NULL) {
        return false;
    }
    room->now = now;
    enum sp_err err = row->keeping != NULL
                          ? sp_code_step(row->keeping, content_of(&row->verdict), &is_done)
                          : hash_piece(room, row, &is_done);
    if (err == SP_OK && !is_done) {
        return true;
    }
    room->hashing_first = row->next_in_batch;
    const unsigned worker = row->worker;
    if (err == SP_OK) {
        err = sp_room_join(room, row);
    } else {
        sp_room_refuse(room, row,
                       err == SP_ERR_LOG_UNAVAILABLE ? sp_room_not_kept(room, err)
                                                     : sp_room_misfit());
    }
    if (err == SP_ERR_WIRE) {
        sp_room_blame_worker(room, worker);
    }
    return room->hashing_first != NULL;
}

/* The code of a run stands at the end of its order, whatever inspect says; that of a denied one came beside the verdict. */
static struct sp_slice code_of(const struct sp_audit_room *room,
                               const struct sp_msg_verdict *verdict)
{
    const struct sp_slice order = verdict->order.bytes;
    return verdict->verdict == SP_VERDICT_ALLOW
               ? sp_slice_sub(order, room->settings.code_at, order.len)
               : content_of(verdict);
}

/* Of a denied body that held no code there is nothing to keep. */
static bool is_kept_code(const struct sp_audit_room *room, const struct sp_pending *row)
{
    const struct sp_msg_verdict *verdict = &row->verdict;
    const bool is_run = row->who.operation == room->settings.run_operation;
    return is_run ? room->keeper != NULL &&
                        (verdict->verdict == SP_VERDICT_ALLOW || verdict->content.bytes.len > 0)
                  : is_kept_file(room, row);
}

enum sp_err sp_room_keep_code(struct sp_audit_room *room, const struct sp_pending *row,
                              uint64_t wall_us)
{
    const struct sp_code_name name = name_of(row, wall_us);
    const struct sp_msg_verdict *verdict = &row->verdict;
    if (!is_kept_code(room, row)) {
        return SP_OK;
    }
    const bool is_run = row->who.operation == room->settings.run_operation;
    const struct sp_slice code = is_run ? code_of(room, verdict) : content_of(verdict);
    if (code.len != verdict->code_bytes ||
        (!row->is_hashed && !is_digest_of(verdict->code, code))) {
        return SP_ERR_WIRE;
    }
    return sp_code_keep(room->keeper, &name, code);
}

struct sp_refused sp_room_not_kept(const struct sp_audit_room *room, enum sp_err err)
{
    struct sp_refused refused = {.err = err, .retry_after_ms = SP_AUDIT_RETRY_MS};
    if (err == SP_ERR_LOG_UNAVAILABLE && room->keeper != NULL) {
        refused.detail = sp_slice_of(sp_code_reason(room->keeper));
    }
    return refused;
}
