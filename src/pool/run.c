#include "pool/run.h"

#include <stdlib.h>

#include "base/num.h"

struct sp_pool_run *sp_pool_run_new(struct sp_slice code, size_t output_max)
{
    struct sp_pool_run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        return NULL;
    }
    sp_buf_init(&run->code, SP_FRAME_CODE_MAX);
    sp_buf_init(&run->out, output_max);
    sp_buf_init(&run->err, output_max);
    sp_buf_init(&run->item_bytes, SP_FRAME_ITEMS_MAX);
    if (sp_buf_put(&run->code, code) != SP_OK) {
        sp_pool_run_free(run);
        return NULL;
    }
    return run;
}

void sp_pool_run_free(struct sp_pool_run *run)
{
    if (run == NULL) {
        return;
    }
    sp_buf_done(&run->code);
    sp_buf_done(&run->out);
    sp_buf_done(&run->err);
    sp_buf_done(&run->item_bytes);
    free(run->items);
    free(run);
}

/* The session was told the same limit; one that sends more all the same loses what is over it. */
static enum sp_err take_stream(struct sp_buf *stream, uint64_t *dropped, struct sp_slice bytes)
{
    struct sp_slice kept = sp_slice_sub(bytes, 0, stream->max - stream->len);
    *dropped += bytes.len - kept.len;
    return sp_buf_put(stream, kept);
}

static bool continues(const struct sp_pool_run *run, const struct sp_frame *frame)
{
    const struct sp_pool_item *last =
        run->item_count == 0 ? NULL : &run->items[run->item_count - 1];
    return run->is_item_open && last != NULL && last->group == frame->group &&
           (unsigned)last->role == frame->a && (unsigned)last->kind == frame->b;
}

static enum sp_err add_item(struct sp_pool_run *run, const struct sp_frame *frame)
{
    if (run->items == NULL) {
        run->items = calloc(SP_POOL_ITEMS_MAX, sizeof *run->items);
    }
    if (run->items == NULL) {
        return SP_ERR_NOMEM;
    }
    if (run->item_count == SP_POOL_ITEMS_MAX) {
        return SP_ERR_TOO_BIG;
    }
    run->items[run->item_count++] = (struct sp_pool_item){
        .group = frame->group,
        .role = (enum sp_item_role)frame->a,
        .kind = (enum sp_item_kind)frame->b,
        .at = run->item_bytes.len,
        .len = 0,
    };
    return SP_OK;
}

/* A part that does not fit takes the whole item with it: half a picture is none. */
static void drop_last_item(struct sp_pool_run *run)
{
    run->item_count--;
    sp_buf_truncate(&run->item_bytes, run->items[run->item_count].at);
    run->is_item_cut = true;
    run->is_item_open = false;
}

static enum sp_err take_item(struct sp_pool_run *run, const struct sp_frame *frame)
{
    enum sp_err err = SP_OK;
    if (frame->a >= SP_ITEM_ROLE_COUNT || frame->b >= SP_ITEM_KIND_COUNT ||
        frame->group >= SP_FRAME_GROUPS_MAX) {
        return SP_ERR_WIRE;
    }
    if (!continues(run, frame)) {
        err = add_item(run, frame);
    }
    if (err == SP_ERR_TOO_BIG) {
        run->is_item_cut = true;
        return SP_OK;
    }
    if (err != SP_OK) {
        return err;
    }
    run->is_item_open = frame->c == SP_ITEM_MORE;
    err = sp_buf_put(&run->item_bytes, frame->bytes);
    if (err == SP_ERR_TOO_BIG) {
        drop_last_item(run);
        return SP_OK;
    }
    if (err == SP_OK) {
        run->items[run->item_count - 1].len += frame->bytes.len;
    }
    return err;
}

enum sp_err sp_pool_run_take(struct sp_pool_run *run, const struct sp_frame *frame)
{
    if (frame->type == SP_FRAME_ITEM) {
        return take_item(run, frame);
    }
    if (frame->type == SP_FRAME_WITNESS) {
        return sp_witness_read(frame->bytes, &run->witness) == SP_OK ? SP_OK : SP_ERR_WIRE;
    }
    if (frame->type != SP_FRAME_STREAM || frame->a < 1 || frame->a > 2) {
        return SP_ERR_WIRE;
    }
    return frame->a == 1 ? take_stream(&run->out, &run->dropped_out, frame->bytes)
                         : take_stream(&run->err, &run->dropped_err, frame->bytes);
}

const struct sp_pool_item *sp_pool_run_find(const struct sp_pool_run *run, enum sp_item_role role,
                                            enum sp_item_kind kind)
{
    const struct sp_pool_item *found = NULL;
    for (unsigned i = 0; i < run->item_count; i++) {
        /* The last of several: a notebook shows the last picture at the bottom. */
        if (run->items[i].role == role && run->items[i].kind == kind) {
            found = &run->items[i];
        }
    }
    return found;
}

struct sp_slice sp_pool_run_bytes(const struct sp_pool_run *run, const struct sp_pool_item *item)
{
    return sp_slice_sub(sp_buf_slice(&run->item_bytes), item->at, item->len);
}
