#include "front/live.h"

#include <stdlib.h>

#include "api/answer.h"
#include "codec/json_out.h"
#include "front/call.h"

#define PIECE_BYTES ((size_t)64 * 1024)
#define EVENT_MAX   (SP_ANSWER_BYTES_MAX + (size_t)2 * 1024 * 1024)

struct sp_live {
    struct sp_face *face;
    struct MHD_Connection *connection;
    unsigned holders; /* the call, the response */
    struct sp_buf waiting;
    uint32_t lost;
    bool is_suspended;
    bool is_ended;
    bool is_broken;
};

struct sp_live *sp_live_new(struct sp_face *face, struct MHD_Connection *connection)
{
    struct sp_live *live = calloc(1, sizeof(*live));
    if (live != NULL) {
        live->face = face;
        live->connection = connection;
        live->holders = 1;
        sp_buf_init(&live->waiting, EVENT_MAX);
    }
    return live;
}

static void leave(void *ctx)
{
    struct sp_live *live = ctx;
    live->holders--;
    if (live->holders == 0) {
        live->face->live_bytes -= live->waiting.len;
        sp_buf_done(&live->waiting);
        free(live);
    }
}

void sp_live_leave(struct sp_live *take_live)
{
    if (take_live != NULL) {
        leave(take_live);
    }
}

/* With nothing to say the connection rests until there is. */
static ssize_t on_piece(void *ctx, uint64_t at, char *to, size_t room)
{
    struct sp_live *live = ctx;
    (void)at;
    if (live->is_broken) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    size_t len = sp_slice_copy(sp_buf_slice(&live->waiting), to, room);
    if (len > 0) {
        sp_buf_consume(&live->waiting, len);
        live->face->live_bytes -= len;
        return (ssize_t)len;
    }
    if (live->is_ended) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    live->is_suspended = true;
    MHD_suspend_connection(live->connection);
    return 0;
}

struct MHD_Response *sp_live_response(struct sp_live *live)
{
    live->holders++;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES, on_piece, live, leave);
    if (response == NULL) {
        live->holders--;
    }
    return response;
}

static void wake(struct sp_live *live)
{
    if (live->is_suspended) {
        live->is_suspended = false;
        MHD_resume_connection(live->connection);
    }
    sp_face_wake(live->face);
}

/* --- events --- */

static enum sp_err put_text(const char *name, struct sp_slice text, struct sp_buf *out)
{
    struct sp_json_out w;
    SP_TRY(sp_buf_putf(out, "event: %s\ndata: ", name));
    sp_json_out_init(&w, out);
    sp_json_out_object(&w);
    sp_json_out_key(&w, "text");
    sp_json_out_string_lossy(&w, text);
    sp_json_out_object_end(&w);
    SP_TRY(sp_json_out_end(&w));
    return sp_buf_put_text(out, "\n\n");
}

/* JSON of another process: one line of it can neither end an event nor begin another. */
static enum sp_err put_shown(struct sp_slice json, struct sp_buf *out)
{
    if (sp_slice_find(json, 0, '\n') != json.len || sp_slice_find(json, 0, '\r') != json.len) {
        return SP_ERR_INVALID;
    }
    SP_TRY(sp_buf_put_text(out, "event: output\ndata: "));
    SP_TRY(sp_buf_put(out, json));
    return sp_buf_put_text(out, "\n\n");
}

static enum sp_err put_part(const struct sp_msg_part *part, uint32_t lost, struct sp_buf *out)
{
    if (lost > 0) {
        SP_TRY(sp_buf_putf(out, "event: gap\ndata: {\"parts\":%u}\n\n", lost));
    }
    if (part->what == SP_PART_OUTPUT) {
        return put_shown(part->data.bytes, out);
    }
    return put_text(part->what == SP_PART_STDOUT ? "stdout" : "stderr", part->data.bytes, out);
}

static bool has_room(const struct sp_live *live, size_t bytes)
{
    return bytes <= SP_LIVE_WAITING_MAX && live->waiting.len <= SP_LIVE_WAITING_MAX - bytes &&
           live->face->live_bytes <= SP_LIVE_WAITING_ALL_MAX - bytes;
}

void sp_live_part(struct sp_live *live, const struct sp_msg_part *part)
{
    size_t before = live->waiting.len;
    if (live->is_ended || live->is_broken) {
        return;
    }
    live->lost = part->lost < UINT32_MAX - live->lost ? live->lost + part->lost : UINT32_MAX - 1;
    /* A byte of text has at most six in JSON. */
    if (!has_room(live, part->data.bytes.len) ||
        put_part(part, live->lost, &live->waiting) != SP_OK) {
        sp_buf_truncate(&live->waiting, before);
        live->lost++;
        return;
    }
    live->lost = 0;
    live->face->live_bytes += live->waiting.len - before;
    wake(live);
}

void sp_live_end(struct sp_live *live, struct sp_slice event)
{
    /* Without memory for the end, the connection breaks off: nobody takes that for a whole answer. */
    live->is_broken = live->is_broken || sp_buf_put(&live->waiting, event) != SP_OK;
    live->face->live_bytes += live->is_broken ? 0 : event.len;
    live->is_ended = true;
    wake(live);
}

void sp_live_break(struct sp_live *live)
{
    live->is_broken = true;
    wake(live);
}
