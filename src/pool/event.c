#include "pool/event.h"

#include "base/text.h"
#include "codec/json_out.h"
#include "pool/answer.h"

#define DATA_BYTES_MAX SP_POOL_ANSWER_BYTES_MAX

enum sp_err sp_pool_event_put(const char *name, struct sp_slice json, struct sp_buf *out)
{
    if (sp_slice_find(json, 0, '\n') != json.len || sp_slice_find(json, 0, '\r') != json.len) {
        return SP_ERR_INVALID;
    }
    SP_TRY(sp_buf_putf(out, "event: %s\ndata: ", name));
    SP_TRY(sp_buf_put(out, json));
    return sp_buf_put_text(out, "\n\n");
}

/* How many bytes at the end may be the beginning of one character: at most three. */
static size_t unfinished(struct sp_slice text)
{
    for (size_t back = 1; back <= 3 && back <= text.len; back++) {
        uint8_t byte = text.ptr[text.len - back];
        size_t need = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
        if (byte < 0x80) {
            return 0;
        }
        if (byte >= 0xC0) {
            return need > back ? back : 0;
        }
    }
    return 0;
}

/* The stream's kept bytes that were not told yet, but for a cut character. */
static enum sp_err text_event(struct sp_pool_run *run, unsigned which, struct sp_buf *out)
{
    const struct sp_buf *stream = which == 0 ? &run->out : &run->err;
    struct sp_slice fresh = sp_slice_sub(sp_buf_slice(stream), run->told[which], stream->len);
    struct sp_buf SP_AUTO_BUF data;
    struct sp_json_out w;
    sp_buf_init(&data, DATA_BYTES_MAX);
    fresh.len -= unfinished(fresh);
    if (fresh.len == 0) {
        return SP_OK;
    }
    run->told[which] += fresh.len;
    sp_json_out_init(&w, &data);
    sp_json_out_object(&w);
    sp_json_out_key(&w, "text");
    sp_json_out_string_lossy(&w, fresh);
    sp_json_out_object_end(&w);
    SP_TRY(sp_json_out_end(&w));
    return sp_pool_event_put(which == 0 ? "stdout" : "stderr", sp_buf_slice(&data), out);
}

static enum sp_err output_event(const struct sp_pool_run *run, struct sp_buf *out)
{
    struct sp_buf SP_AUTO_BUF data;
    unsigned first = run->item_count - 1;
    sp_buf_init(&data, DATA_BYTES_MAX);
    while (first > 0 && run->items[first - 1].group == run->items[first].group) {
        first--;
    }
    SP_TRY(sp_pool_answer_output(run, first, &data));
    return sp_pool_event_put("output", sp_buf_slice(&data), out);
}

enum sp_err sp_pool_event_of(struct sp_pool_run *run, const struct sp_frame *frame,
                             struct sp_buf *out)
{
    if (frame->type == SP_FRAME_STREAM) {
        return text_event(run, frame->a == 2 ? 1 : 0, out);
    }
    return frame->type == SP_FRAME_ITEM && frame->c == SP_ITEM_LAST && frame->a != SP_ITEM_ERROR &&
                   run->item_count > 0
               ? output_event(run, out)
               : SP_OK;
}
