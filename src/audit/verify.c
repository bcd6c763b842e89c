#include "audit/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/disk.h"
#include "audit/open.h"
#include "audit/record.h"
#include "audit/schema.h"
#include "base/clock.h"
#include "base/num.h"

#define POLICIES_BYTES_MAX ((size_t)4096 * 65)
#define TEXT_BYTES_MAX     ((size_t)400)

/* Entry lines and what blanked them: a blank line can be as long as a whole batch. */
#define LINE_BYTES_MAX ((size_t)32 * 1024 * 1024)

struct sp_verify {
    sp_verify_fn *fn;
    void *ctx;
    struct sp_verify_totals totals;
    struct sp_open_set *open;
    struct sp_slice file;
    uint64_t line;
    bool is_begun;        /* at least one entry was read */
    bool is_first_of_file;
    uint64_t next;        /* the index that should come */
    uint64_t latest_us;
    uint64_t blank_bytes; /* that the next entry has to own up to */
    struct sp_buf piece;
    struct sp_buf printed;
    struct sp_buf policies; /* of the last start: each digest and a blank */
};

static void SP_PRINTF(2, 3) problem(struct sp_verify *v, const char *format, ...)
{
    va_list args;
    char line[TEXT_BYTES_MAX];
    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    v->totals.problems++;
    v->fn(v->ctx, &(struct sp_verify_problem){.file = v->file, .line = v->line, .text = line});
}

enum sp_err sp_verify_new(sp_verify_fn *fn, void *ctx, struct sp_verify **out)
{
    struct sp_verify *v = calloc(1, sizeof(*v));
    if (v == NULL) {
        return SP_ERR_NOMEM;
    }
    v->fn = fn;
    v->ctx = ctx;
    sp_buf_init(&v->piece, LINE_BYTES_MAX);
    sp_buf_init(&v->printed, LINE_BYTES_MAX);
    sp_buf_init(&v->policies, POLICIES_BYTES_MAX);
    enum sp_err err = sp_open_set_new(&v->open);
    if (err != SP_OK) {
        sp_verify_free(v);
        return err;
    }
    *out = v;
    return SP_OK;
}

void sp_verify_free(struct sp_verify *v)
{
    if (v != NULL) {
        sp_open_set_free(v->open);
        sp_buf_done(&v->piece);
        sp_buf_done(&v->printed);
        sp_buf_done(&v->policies);
        free(v);
    }
}

struct sp_verify_totals sp_verify_totals(const struct sp_verify *v)
{
    struct sp_verify_totals totals = v->totals;
    totals.open = sp_open_set_count(v->open);
    return totals;
}

/* --- members of an entry whose form was checked --- */

static uint64_t number_of(const struct sp_json *doc, const char *key)
{
    int64_t number = 0;
    return sp_json_integer(doc, sp_json_get(sp_json_root(doc), key), &number) == SP_OK ? (uint64_t)number : 0;
}

static struct sp_slice text_of(const struct sp_json *doc, const char *key)
{
    struct sp_slice text = {NULL, 0};
    return sp_json_string(sp_json_get(sp_json_root(doc), key), &text) == SP_OK ? text : sp_slice_make(NULL, 0);
}

static sp_exchange exchange_of(const struct sp_json *doc)
{
    uint64_t exchange = 0;
    return sp_parse_hex_u64(text_of(doc, "exchange"), UINT64_MAX, &exchange) == SP_OK ? exchange : 0;
}

/* --- one entry --- */

static void check_index(struct sp_verify *v, const struct sp_json *doc)
{
    uint64_t index = number_of(doc, "index");
    uint64_t first = 0;
    if (index != v->next) {
        problem(v, "the index is %llu where %llu should be: entries were %s", (unsigned long long)index,
                (unsigned long long)v->next, index > v->next ? "taken out" : "put in, repeated or moved");
    }
    if (v->is_first_of_file && sp_segment_first(v->file, &first) == SP_OK && first != index) {
        problem(v, "the file's name says that it begins with %llu", (unsigned long long)first);
    }
    v->is_first_of_file = false;
    v->next = index + 1;
}

static void check_time(struct sp_verify *v, const struct sp_json *doc, struct sp_slice kind)
{
    uint64_t at_us = 0;
    bool is_clock = sp_slice_is(kind, "clock");
    if (sp_clock_from_rfc3339(text_of(doc, "time"), &at_us) != SP_OK) {
        return;
    }
    if (v->is_begun && is_clock && (at_us > v->latest_us || v->latest_us - at_us != number_of(doc, "back_us"))) {
        problem(v, "the clock went back by another span than the entry says");
    }
    if (v->is_begun && !is_clock && at_us < v->latest_us) {
        problem(v, "the time is earlier than that of the entry before");
    }
    v->latest_us = at_us;
}

/* A blanked line belongs to the entry behind it. */
static void check_blank(struct sp_verify *v, const struct sp_json *doc)
{
    uint64_t owned = number_of(doc, "cut_bytes");
    if (v->blank_bytes != owned) {
        problem(v, "%llu bytes before this entry were blanked, and it says %llu", (unsigned long long)v->blank_bytes,
                (unsigned long long)owned);
    }
    v->blank_bytes = 0;
}

static enum sp_err check_start(struct sp_verify *v, const struct sp_json *doc)
{
    const struct sp_json_value *list = sp_json_get(sp_json_root(doc), "policies");
    sp_buf_clear(&v->policies);
    for (const struct sp_json_value *item = sp_json_first(list); item != NULL; item = sp_json_next(item)) {
        struct sp_slice digest = {NULL, 0};
        SP_TRY(sp_json_string(item, &digest));
        SP_TRY(sp_buf_put(&v->policies, digest));
        SP_TRY(sp_buf_put_byte(&v->policies, ' '));
    }
    if (number_of(doc, "open_intents") != sp_open_set_count(v->open)) {
        problem(v, "%zu intents are open, and the start says %llu", sp_open_set_count(v->open),
                (unsigned long long)number_of(doc, "open_intents"));
    }
    return SP_OK;
}

static bool was_in_force(const struct sp_verify *v, struct sp_slice digest)
{
    struct sp_slice all = sp_buf_slice(&v->policies);
    for (size_t at = 0; at < all.len; at += digest.len + 1) {
        if (sp_slice_equal(sp_slice_sub(all, at, digest.len), digest)) {
            return true;
        }
    }
    return false;
}

static enum sp_err check_intent(struct sp_verify *v, const struct sp_json *doc)
{
    v->totals.intents++;
    /* A log whose beginning is missing has that problem told already. */
    if (v->policies.len > 0 && !was_in_force(v, text_of(doc, "policy_sha256"))) {
        problem(v, "the policy was not in force");
    }
    enum sp_err err = sp_open_set_add(v->open, exchange_of(doc), number_of(doc, "index"));
    if (err == SP_ERR_DUPLICATE) {
        problem(v, "this exchange has an intent already");
        return SP_OK;
    }
    return err;
}

static void check_outcome(struct sp_verify *v, const struct sp_json *doc)
{
    uint64_t intent = 0;
    v->totals.outcomes++;
    if (sp_open_set_take(v->open, exchange_of(doc), &intent) != SP_OK) {
        problem(v, "there is no open intent for this outcome");
    } else if (intent != number_of(doc, "intent")) {
        problem(v, "the intent of this exchange is entry %llu", (unsigned long long)intent);
    }
}

static enum sp_err check_kind(struct sp_verify *v, const struct sp_json *doc, struct sp_slice kind)
{
    if (number_of(doc, "v") != SP_RECORD_VERSION) {
        problem(v, "the entry is of another version");
    }
    if (sp_slice_is(kind, "start")) {
        return check_start(v, doc);
    }
    if (sp_slice_is(kind, "intent")) {
        return check_intent(v, doc);
    }
    if (sp_slice_is(kind, "outcome")) {
        check_outcome(v, doc);
    }
    if (sp_slice_is(kind, "stop") && sp_open_set_count(v->open) > 0) {
        problem(v, "%zu intents are open at an orderly stop", sp_open_set_count(v->open));
    }
    return SP_OK;
}

static enum sp_err on_entry(struct sp_verify *v, const struct sp_json *doc, struct sp_slice line)
{
    struct sp_where where = {.line = 0};
    struct sp_slice kind = text_of(doc, "kind");
    const struct sp_schema_kind *schema = sp_schema_find(kind);
    if (schema == NULL) {
        problem(v, "there is no such kind of entry");
        return SP_OK;
    }
    if (sp_schema_check(doc, sp_json_root(doc), schema, &where) != SP_OK) {
        problem(v, "%s", where.text);
        return SP_OK;
    }
    sp_buf_clear(&v->printed);
    SP_TRY(sp_json_print(doc, sp_json_root(doc), &v->printed));
    if (!sp_slice_equal(sp_buf_slice(&v->printed), line)) {
        problem(v, "the entry is not in its canonical form");
    }
    if (!v->is_begun && number_of(doc, "index") != 0) {
        problem(v, "the first entry is number %llu: those before are missing", (unsigned long long)number_of(doc, "index"));
        v->next = number_of(doc, "index");
    }
    check_blank(v, doc);
    check_index(v, doc);
    check_time(v, doc, kind);
    v->is_begun = true;
    v->totals.entries++;
    return check_kind(v, doc, kind);
}

static bool is_blank(struct sp_slice line)
{
    size_t at = 0;
    while (at < line.len && line.ptr[at] == ' ') {
        at++;
    }
    return at == line.len;
}

static enum sp_err on_line(struct sp_verify *v, struct sp_slice line)
{
    static const struct sp_json_limits limits = {
        .bytes_max = SP_RECORD_BYTES_MAX, .depth_max = 4, .nul = SP_JSON_NUL_ALLOWED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    struct sp_where where = {.line = 0};
    v->line++;
    if (is_blank(line)) {
        v->blank_bytes += line.len + 1;
        return SP_OK;
    }
    enum sp_err err = sp_json_parse(line, &limits, &doc, &where);
    if (err == SP_ERR_NOMEM) {
        return err;
    }
    if (err != SP_OK) {
        problem(v, "the line is no entry: %s", where.text[0] != '\0' ? where.text : sp_err_text(err));
        return SP_OK;
    }
    return on_entry(v, doc, line);
}

void sp_verify_file(struct sp_verify *v, struct sp_slice name)
{
    v->file = name;
    v->line = 0;
    v->is_first_of_file = true;
    sp_buf_clear(&v->piece);
}

enum sp_err sp_verify_bytes(struct sp_verify *v, struct sp_slice bytes)
{
    while (bytes.len > 0) {
        size_t end = sp_slice_find(bytes, 0, '\n');
        struct sp_slice part = sp_slice_sub(bytes, 0, end);
        bool is_whole = end < bytes.len;
        bytes = sp_slice_sub(bytes, is_whole ? end + 1 : end, bytes.len);
        /* A whole line in one piece is read where it is. */
        if (is_whole && v->piece.len == 0) {
            SP_TRY(on_line(v, part));
            continue;
        }
        SP_TRY(sp_buf_put(&v->piece, part));
        if (is_whole) {
            SP_TRY(on_line(v, sp_buf_slice(&v->piece)));
            sp_buf_clear(&v->piece);
        }
    }
    return SP_OK;
}

void sp_verify_file_end(struct sp_verify *v, bool is_last)
{
    if (v->piece.len > 0) {
        v->line++;
        problem(v, is_last ? "the last line is not finished: a crash cut it off, or it is being written"
                           : "the last line is not finished, and another file follows");
    }
    if (v->blank_bytes > 0) {
        problem(v, "%llu bytes at the end were blanked, and no entry says so", (unsigned long long)v->blank_bytes);
        v->blank_bytes = 0;
    }
    sp_buf_clear(&v->piece);
}
