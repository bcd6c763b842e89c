#include "relay/events.h"

#include "base/num.h"
#include "codec/json.h"
#include "wire/msg.h"

#define DEPTH_MAX 32U

void sp_events_init(struct sp_events *events, size_t bytes_max)
{
    *events = (struct sp_events){.status = 0};
    sp_buf_init(&events->line, bytes_max);
    sp_buf_init(&events->data, bytes_max);
    sp_buf_init(&events->end, bytes_max);
}

void sp_events_done(struct sp_events *events)
{
    sp_buf_done(&events->line);
    sp_buf_done(&events->data);
    sp_buf_done(&events->end);
}

static enum sp_err tell_text(const struct sp_json *doc, unsigned what, sp_events_fn *fn, void *ctx)
{
    struct sp_slice text = {NULL, 0};
    SP_TRY(sp_json_string(sp_json_get(sp_json_root(doc), "text"), &text));
    fn(ctx, what, text);
    return SP_OK;
}

static enum sp_err tell_shown(const struct sp_json *doc, size_t most, sp_events_fn *fn, void *ctx)
{
    SP_AUTO_BUF struct sp_buf json;
    sp_buf_init(&json, most);
    SP_TRY(sp_json_is(sp_json_root(doc), SP_JSON_OBJECT) ? SP_OK : SP_ERR_JSON);
    SP_TRY(sp_json_print(doc, sp_json_root(doc), &json));
    fn(ctx, SP_PART_OUTPUT, sp_buf_slice(&json));
    return SP_OK;
}

static enum sp_err tell(const struct sp_events *events, unsigned what, sp_events_fn *fn, void *ctx)
{
    SP_AUTO_JSON struct sp_json *doc = NULL;
    const struct sp_json_limits limits = {
        .bytes_max = events->data.max, .depth_max = DEPTH_MAX, .nul = SP_JSON_NUL_ALLOWED};
    SP_TRY(sp_json_parse(sp_buf_slice(&events->data), &limits, &doc, NULL));
    return what == SP_PART_OUTPUT ? tell_shown(doc, events->data.max, fn, ctx)
                                  : tell_text(doc, what, fn, ctx);
}

static enum sp_err keep_end(struct sp_events *events, bool is_error)
{
    uint64_t status = 200;
    if (is_error) {
        status = events->status == 0 ? 500 : events->status;
    }
    sp_buf_clear(&events->end);
    SP_TRY(sp_buf_put(&events->end, sp_buf_slice(&events->data)));
    events->status = (unsigned)status;
    return SP_OK;
}

static enum sp_err dispatch(struct sp_events *events, sp_events_fn *fn, void *ctx)
{
    const struct sp_slice name = sp_slice_of(events->name);
    static const char *const parts[] = {
        [SP_PART_STDOUT] = "stdout", [SP_PART_STDERR] = "stderr", [SP_PART_OUTPUT] = "output"};
    uint64_t status = 0;
    for (unsigned what = 0; what < SP_COUNT(parts); what++) {
        if (sp_slice_is(name, parts[what])) {
            enum sp_err err = tell(events, what, fn, ctx);
            return err == SP_OK || err == SP_ERR_NOMEM ? err : SP_ERR_JSON;
        }
    }
    if (sp_slice_is(name, "gap")) {
        fn(ctx, SP_PART_COUNT, (struct sp_slice){NULL, 0});
        return SP_OK;
    }
    if (sp_slice_is(name, "status")) {
        SP_TRY(sp_parse_u64(sp_buf_slice(&events->data), 599, &status));
        events->status = (unsigned)status;
        return SP_OK;
    }
    bool is_error = sp_slice_is(name, "error");
    return is_error || sp_slice_is(name, "result") ? keep_end(events, is_error) : SP_OK;
}

/* One line: a name, data, the blank one that ends an event, or one that is passed over. */
static enum sp_err take_line(struct sp_events *events, struct sp_slice line, sp_events_fn *fn,
                             void *ctx)
{
    const struct sp_slice event = SP_SLICE_LITERAL("event: ");
    const struct sp_slice data = SP_SLICE_LITERAL("data: ");
    if (line.len == 0) {
        enum sp_err err = events->data.len > 0 ? dispatch(events, fn, ctx) : SP_OK;
        sp_buf_clear(&events->data);
        events->name[0] = '\0';
        return err;
    }
    if (sp_slice_equal(sp_slice_sub(line, 0, event.len), event)) {
        sp_slice_to_text(sp_slice_sub(line, event.len, line.len), events->name,
                         sizeof(events->name));
    } else if (sp_slice_equal(sp_slice_sub(line, 0, data.len), data)) {
        return sp_buf_put(&events->data, sp_slice_sub(line, data.len, line.len));
    }
    return SP_OK;
}

enum sp_err sp_events_feed(struct sp_events *events, struct sp_slice in, sp_events_fn *fn,
                           void *ctx)
{
    while (in.len > 0) {
        size_t end = sp_slice_find(in, 0, '\n');
        SP_TRY(sp_buf_put(&events->line, sp_slice_sub(in, 0, end)));
        if (end == in.len) {
            return SP_OK;
        }
        struct sp_slice line = sp_buf_slice(&events->line);
        line.len -= line.len > 0 && line.ptr[line.len - 1] == '\r' ? 1 : 0;
        SP_TRY(take_line(events, line, fn, ctx));
        sp_buf_clear(&events->line);
        in = sp_slice_sub(in, end + 1, in.len);
    }
    return SP_OK;
}

bool sp_events_take(struct sp_events *events, struct sp_buf *out, unsigned *out_status)
{
    bool is_there = events->end.len > 0;
    if (is_there) {
        sp_buf_done(out);
        *out = events->end;
        *out_status = events->status;
        sp_buf_init(&events->end, out->max);
    }
    sp_buf_done(&events->line);
    sp_buf_done(&events->data);
    events->status = 0;
    events->name[0] = '\0';
    return is_there;
}
