#include "pool/answer.h"

#include <stdio.h>

#include "base/clock.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/json_out.h"

#define VALUE_DEPTH_MAX 32U
#define ID_BYTES        40
#define LINK_BYTES      48

/* ---- pieces of a run ---- */

static enum sp_err put_image(struct sp_json_out *w, const char *format, struct sp_slice bytes)
{
    struct sp_buf SP_AUTO_BUF text;
    sp_buf_init(&text, SP_FRAME_ITEMS_MAX * 2);
    SP_TRY(sp_base64_encode(SP_BASE64_STANDARD, bytes, &text));
    sp_json_out_object(w);
    sp_json_out_member_text(w, "type", "image");
    sp_json_out_member_text(w, "format", format);
    sp_json_out_member_string(w, "base64_data", sp_buf_slice(&text));
    sp_json_out_object_end(w);
    return SP_OK;
}

/*
 * The session's word that these bytes are JSON is worth nothing: what does not parse is shown as text, and what does is
 * written anew, so that it is one line.
 */
static void put_value(struct sp_json_out *w, struct sp_slice json)
{
    const struct sp_json_limits limits = {
        .bytes_max = SP_FRAME_ITEMS_MAX, .depth_max = VALUE_DEPTH_MAX, .nul = SP_JSON_NUL_ALLOWED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    struct sp_buf SP_AUTO_BUF text;
    sp_buf_init(&text, SP_FRAME_ITEMS_MAX * 2);
    if (sp_json_parse(json, &limits, &doc, NULL) == SP_OK &&
        sp_json_print(doc, sp_json_root(doc), &text) == SP_OK) {
        sp_json_out_raw(w, sp_buf_slice(&text));
    } else {
        sp_json_out_string_lossy(w, json);
    }
}

/* The picture that a value of this role has: as pixels, else as a drawing. */
static const struct sp_pool_item *find_picture(const struct sp_pool_run *run,
                                               enum sp_item_role role)
{
    const struct sp_pool_item *png = sp_pool_run_find(run, role, SP_ITEM_PNG);
    return png != NULL ? png : sp_pool_run_find(run, role, SP_ITEM_SVG);
}

/* A number, a text, true or false: what is no list and no object. */
static bool is_plain(struct sp_slice json)
{
    return json.len > 0 && json.ptr[0] != '[' && json.ptr[0] != '{';
}

/* The value of the last expression; when it has none, the last picture; else null. */
static enum sp_err put_result(struct sp_json_out *w, const struct sp_pool_run *run)
{
    const struct sp_pool_item *picture = find_picture(run, SP_ITEM_RESULT);
    const struct sp_pool_item *value = sp_pool_run_find(run, SP_ITEM_RESULT, SP_ITEM_JSON);
    const struct sp_pool_item *text = sp_pool_run_find(run, SP_ITEM_RESULT, SP_ITEM_TEXT);
    sp_json_out_key(w, "executionResult");
    if (picture == NULL && value == NULL && text == NULL) {
        picture = find_picture(run, SP_ITEM_DISPLAY);
    }
    if (picture != NULL) {
        return put_image(w, picture->kind == SP_ITEM_PNG ? "png" : "svg",
                         sp_pool_run_bytes(run, picture));
    }
    const bool is_shown =
        run->is_jupyter && text != NULL && value != NULL && is_plain(sp_pool_run_bytes(run, value));
    if (value != NULL && !is_shown) {
        put_value(w, sp_pool_run_bytes(run, value));
    } else if (text != NULL) {
        sp_json_out_string_lossy(w, sp_pool_run_bytes(run, text));
    } else {
        sp_json_out_null(w);
    }
    return SP_OK;
}

static const char *mime_of(enum sp_item_kind kind)
{
    static const char *const names[SP_ITEM_KIND_COUNT] = {
        [SP_ITEM_JSON] = "application/json", [SP_ITEM_TEXT] = "text/plain",
        [SP_ITEM_PNG] = "image/png",         [SP_ITEM_SVG] = "image/svg+xml",
        [SP_ITEM_HTML] = "text/html",
    };
    return names[kind];
}

static enum sp_err put_piece(struct sp_json_out *w, const struct sp_pool_run *run,
                             const struct sp_pool_item *item)
{
    struct sp_slice bytes = sp_pool_run_bytes(run, item);
    const char *mime = mime_of(item->kind);
    if (mime == NULL) {
        return SP_OK;
    }
    sp_json_out_key(w, mime);
    if (item->kind == SP_ITEM_JSON) {
        put_value(w, bytes);
    } else if (item->kind == SP_ITEM_PNG) {
        struct sp_buf SP_AUTO_BUF text;
        sp_buf_init(&text, SP_FRAME_ITEMS_MAX * 2);
        SP_TRY(sp_base64_encode(SP_BASE64_STANDARD, bytes, &text));
        sp_json_out_string(w, sp_buf_slice(&text));
    } else {
        sp_json_out_string_lossy(w, bytes);
    }
    return SP_OK;
}

/* Whether an item of this kind came already in its group: two equal keys would make the answer wrong JSON. */
static bool is_repeated(const struct sp_pool_run *run, unsigned index)
{
    for (unsigned i = index; i > 0 && run->items[i - 1].group == run->items[index].group; i--) {
        if (run->items[i - 1].kind == run->items[index].kind) {
            return true;
        }
    }
    return false;
}

/* The items from `first` on that belong together; the index of the next group comes back. */
static enum sp_err put_group(struct sp_json_out *w, const struct sp_pool_run *run, unsigned first,
                             unsigned *out_next)
{
    unsigned i = first;
    sp_json_out_object(w);
    while (i < run->item_count && run->items[i].group == run->items[first].group) {
        if (run->items[i].role != SP_ITEM_ERROR && !is_repeated(run, i)) {
            SP_TRY(put_piece(w, run, &run->items[i]));
        }
        i++;
    }
    sp_json_out_object_end(w);
    *out_next = i;
    return SP_OK;
}

enum sp_err sp_pool_answer_output(const struct sp_pool_run *run, unsigned first, struct sp_buf *out)
{
    struct sp_json_out w;
    unsigned next = 0;
    sp_json_out_init(&w, out);
    SP_TRY(put_group(&w, run, first, &next));
    return sp_json_out_end(&w);
}

/* executionResult shows one group, and of that no HTML. */
static bool is_all_in_result(const struct sp_pool_run *run)
{
    return run->item_count == 0 || (run->items[0].group == run->items[run->item_count - 1].group &&
                                    sp_pool_run_find(run, SP_ITEM_RESULT, SP_ITEM_HTML) == NULL &&
                                    sp_pool_run_find(run, SP_ITEM_DISPLAY, SP_ITEM_HTML) == NULL);
}

/* All outputs in their order; left out when there is no more than executionResult shows. */
static enum sp_err put_outputs(struct sp_json_out *w, const struct sp_pool_run *run)
{
    unsigned i = 0;
    if (is_all_in_result(run)) {
        return SP_OK;
    }
    sp_json_out_key(w, "outputs");
    sp_json_out_array(w);
    while (i < run->item_count) {
        if (run->items[i].role == SP_ITEM_ERROR) {
            i++;
        } else {
            SP_TRY(put_group(w, run, i, &i));
        }
    }
    sp_json_out_array_end(w);
    return SP_OK;
}

static enum sp_err put_ending(const struct sp_pool_run *run, struct sp_buf *text)
{
    switch (run->end) {
    case SP_POOL_END_STOPPED:
        return sp_buf_putf(
            text, "TimeoutError: the run was interrupted after %u s; the session keeps its state\n",
            run->timeout_ms / 1000);
    case SP_POOL_END_KILLED:
        return sp_buf_putf(text,
                           "TimeoutError: the run did not stop after %u s; the session was ended "
                           "and its state is lost\n",
                           run->timeout_ms / 1000);
    case SP_POOL_END_CRASHED:
        if (run->end_by_memory) {
            return sp_buf_put_text(
                text, "LimitReached: memory: the session used more than 'memory' and 'data' in "
                      "[pool.session] allow; it was ended and its state is lost\n");
        }
        return sp_buf_putf(
            text, "SessionLost: the interpreter ended (%s %u); the session's state is lost\n",
            run->end_by_signal ? "signal" : "exit status", run->end_number);
    case SP_POOL_END_DELETED:
        return sp_buf_put_text(text, "SessionLost: the session was deleted during the run\n");
    case SP_POOL_END_DONE:
    default:
        return SP_OK;
    }
}

/* What the run wrote, then its traceback, then what the pool has to say about its end. */
static enum sp_err put_err_text(struct sp_json_out *w, const struct sp_pool_run *run)
{
    const struct sp_pool_item *trace = sp_pool_run_find(run, SP_ITEM_ERROR, SP_ITEM_TRACEBACK);
    struct sp_buf SP_AUTO_BUF text;
    sp_buf_init(&text, run->err.max + SP_FRAME_ITEMS_MAX + 4096);
    SP_TRY(sp_buf_put(&text, sp_buf_slice(&run->err)));
    if (trace != NULL) {
        SP_TRY(sp_buf_put(&text, sp_pool_run_bytes(run, trace)));
    }
    SP_TRY(put_ending(run, &text));
    if (run->is_item_cut) {
        SP_TRY(
            sp_buf_put_text(&text, "OutputLimit: outputs over the limit of a run were left out\n"));
    }
    sp_json_out_key(w, "stderr");
    sp_json_out_string_lossy(w, sp_buf_slice(&text));
    return SP_OK;
}

static void put_error_facts(struct sp_json_out *w, const struct sp_pool_run *run)
{
    const struct sp_pool_item *name = sp_pool_run_find(run, SP_ITEM_ERROR, SP_ITEM_ERROR_NAME);
    const struct sp_pool_item *message =
        sp_pool_run_find(run, SP_ITEM_ERROR, SP_ITEM_ERROR_MESSAGE);
    if (name == NULL || message == NULL) {
        return;
    }
    sp_json_out_key(w, "errorName");
    sp_json_out_string_lossy(w, sp_pool_run_bytes(run, name));
    sp_json_out_key(w, "errorMessage");
    sp_json_out_string_lossy(w, sp_pool_run_bytes(run, message));
}

static void put_head(struct sp_json_out *w, const struct sp_pool_run *run,
                     struct sp_slice identifier, const char *status)
{
    char id[ID_BYTES];
    unsigned long long number = run->id;
    (void)snprintf(id, sizeof id, "%016llx", number);
    sp_json_out_object(w);
    sp_json_out_member_text(w, "id", id);
    sp_json_out_member_string(w, "identifier", identifier);
    sp_json_out_member_text(w, "executionType", run->is_async ? "Asynchronous" : "Synchronous");
    sp_json_out_member_text(w, "status", status);
}

enum sp_err sp_pool_answer_pending(const struct sp_pool_run *run, struct sp_slice identifier,
                                   bool is_running, struct sp_buf *out)
{
    struct sp_json_out w;
    sp_json_out_init(&w, out);
    put_head(&w, run, identifier, is_running ? "Running" : "NotStarted");
    sp_json_out_member_null(&w, "result");
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

/* What the witness saw: counts that are not zero, whether it heard to the end, and what it refused. */
static void put_witness(struct sp_json_out *w, const struct sp_witness *witness)
{
    if (!witness->is_there) {
        return;
    }
    sp_json_out_key(w, "diagnosticInfo");
    sp_json_out_object(w);
    sp_json_out_key(w, "capabilities");
    sp_json_out_object(w);
    for (unsigned i = 0; i < SP_ACT_COUNT; i++) {
        if (witness->counts[i] > 0) {
            sp_json_out_member_u64(w, sp_act_name((enum sp_act)i), witness->counts[i]);
        }
    }
    sp_json_out_object_end(w);
    sp_json_out_key(w, "deniedCapabilities");
    sp_json_out_array(w);
    for (unsigned i = 0; i < SP_ACT_COUNT; i++) {
        if ((witness->denied >> i & 1U) != 0) {
            sp_json_out_text(w, sp_act_name((enum sp_act)i));
        }
    }
    sp_json_out_array_end(w);
    sp_json_out_member_bool(w, "isWitnessComplete", witness->is_complete);
    sp_json_out_object_end(w);
}

enum sp_err sp_pool_answer_run(const struct sp_pool_run *run, struct sp_slice identifier,
                               struct sp_buf *out)
{
    bool succeeded = run->end == SP_POOL_END_DONE && run->status == SP_CELL_SUCCEEDED;
    struct sp_json_out w;
    sp_json_out_init(&w, out);
    put_head(&w, run, identifier, succeeded ? "Succeeded" : "Failed");
    sp_json_out_key(&w, "result");
    sp_json_out_object(&w);
    sp_json_out_key(&w, "stdout");
    sp_json_out_string_lossy(&w, sp_buf_slice(&run->out));
    SP_TRY(put_err_text(&w, run));
    SP_TRY(put_result(&w, run));
    SP_TRY(put_outputs(&w, run));
    put_error_facts(&w, run);
    if (run->dropped_out > 0) {
        sp_json_out_member_bool(&w, "isStdoutTruncated", true);
    }
    if (run->dropped_err > 0) {
        sp_json_out_member_bool(&w, "isStderrTruncated", true);
    }
    put_witness(&w, &run->witness);
    sp_json_out_member_u64(&w, "executionTimeInMilliseconds", (run->micros + 999) / 1000);
    sp_json_out_object_end(&w);
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

/* ---- sessions and the pool ---- */

static void put_time(struct sp_json_out *w, const char *key, uint64_t wall_us)
{
    char text[SP_CLOCK_RFC3339_BYTES];
    sp_clock_rfc3339(wall_us, text);
    sp_json_out_member_text(w, key, text);
}

static void put_about(struct sp_json_out *w, const struct sp_pool_about *about)
{
    char etag[ID_BYTES];
    unsigned long long number = about->etag;
    (void)snprintf(etag, sizeof etag, "%016llx", number);
    sp_json_out_object(w);
    sp_json_out_member_string(w, "identifier", about->identifier);
    sp_json_out_member_text(w, "etag", etag);
    put_time(w, "createdAt", about->created_us);
    put_time(w, "lastAccessedAt", about->used_us);
    put_time(w, "expireAt", about->expires_us);
    sp_json_out_object_end(w);
}

enum sp_err sp_pool_answer_session(const struct sp_pool_about *about, struct sp_buf *out)
{
    struct sp_json_out w;
    sp_json_out_init(&w, out);
    put_about(&w, about);
    return sp_json_out_end(&w);
}

enum sp_err sp_pool_answer_sessions(const struct sp_pool_about *list, size_t count,
                                    uint32_t next_skip, struct sp_buf *out)
{
    char link[LINK_BYTES];
    struct sp_json_out w;
    sp_json_out_init(&w, out);
    sp_json_out_object(&w);
    sp_json_out_key(&w, "sessions");
    sp_json_out_array(&w);
    for (size_t i = 0; i < count; i++) {
        put_about(&w, &list[i]);
    }
    sp_json_out_array_end(&w);
    (void)snprintf(link, sizeof link, "/listSessions?skip=%u", next_skip);
    if (next_skip > 0) {
        sp_json_out_member_text(&w, "nextLink", link);
    } else {
        sp_json_out_member_null(&w, "nextLink");
    }
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

/* One "name version" line; false at the end. */
static bool next_package(struct sp_slice *rest, struct sp_slice *out_name,
                         struct sp_slice *out_version)
{
    size_t end = sp_slice_find(*rest, 0, '\n');
    struct sp_slice line = sp_slice_sub(*rest, 0, end);
    size_t space = sp_slice_find(line, 0, ' ');
    if (line.len == 0) {
        return false;
    }
    *out_name = sp_slice_sub(line, 0, space);
    *out_version = sp_slice_sub(line, space + 1, line.len);
    *rest = sp_slice_sub(*rest, end + 1, rest->len);
    return true;
}

static void put_walls(struct sp_json_out *w, uint64_t walls)
{
    sp_json_out_key(w, "isolation");
    sp_json_out_object(w);
    for (unsigned i = 0; i < SP_WALL_COUNT; i++) {
        sp_json_out_member_bool(w, sp_wall_name((enum sp_wall)i), (walls & SP_WALL_BIT(i)) != 0);
    }
    sp_json_out_object_end(w);
    sp_json_out_member_text(w, "memoryLimit",
                            (walls & SP_WALL_BIT(SP_WALL_MEMORY)) != 0 ? "per session"
                                                                       : "per process only");
    sp_json_out_member_text(w, "networkStatus",
                            (walls & SP_WALL_BIT(SP_WALL_OFFLINE)) != 0 ? "EgressDisabled"
                                                                        : "EgressEnabled");
}

enum sp_err sp_pool_answer_metadata(struct sp_slice packages, uint64_t walls, uint64_t started_us,
                                    struct sp_buf *out)
{
    struct sp_json_out w;
    struct sp_slice rest = packages;
    struct sp_slice name = {NULL, 0};
    struct sp_slice version = {NULL, 0};
    sp_json_out_init(&w, out);
    sp_json_out_object(&w);
    sp_json_out_key(&w, "runtimes");
    sp_json_out_array(&w);
    if (next_package(&rest, &name, &version)) {
        sp_json_out_object(&w);
        sp_json_out_member_string(&w, "name", name);
        sp_json_out_member_string(&w, "version", version);
        sp_json_out_object_end(&w);
    }
    sp_json_out_array_end(&w);
    sp_json_out_key(&w, "preInstalledPackages");
    sp_json_out_array(&w);
    while (next_package(&rest, &name, &version)) {
        sp_json_out_object(&w);
        sp_json_out_member_string(&w, "name", name);
        sp_json_out_member_string(&w, "version", version);
        sp_json_out_object_end(&w);
    }
    sp_json_out_array_end(&w);
    put_walls(&w, walls);
    put_time(&w, "createdAt", started_us);
    put_time(&w, "lastUpdatedAt", started_us);
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

enum sp_err sp_pool_answer_error(enum sp_err why, struct sp_slice detail, struct sp_buf *out)
{
    struct sp_json_out w;
    sp_json_out_init(&w, out);
    sp_json_out_object(&w);
    sp_json_out_key(&w, "error");
    sp_json_out_object(&w);
    sp_json_out_member_text(&w, "code", sp_err_code(why));
    sp_json_out_key(&w, "message");
    sp_json_out_string_lossy(&w, detail.len > 0 ? detail : sp_slice_of(sp_err_text(why)));
    sp_json_out_object_end(&w);
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}
