#include "audit/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/open.h"
#include "audit/record.h"
#include "audit/schema.h"
#include "base/clock.h"
#include "base/num.h"

#define POLICIES_BYTES_MAX ((size_t)4096 * 65)
#define TEXT_BYTES_MAX     ((size_t)400)

struct sp_verify {
    sp_verify_fn *fn;
    void *ctx;
    struct sp_verify_totals totals;
    struct sp_open_set *open;
    uint64_t at;      /* where the next entry stands */
    bool is_begun;    /* at least one entry was read */
    bool is_whole;    /* it was read from the very first entry on */
    bool has_started; /* a start was read: what came before it is over */
    uint64_t latest_us;
    struct sp_entry entry;
    struct sp_buf policies; /* in force: each digest and a blank */
};

static void SP_PRINTF(2, 3) problem(struct sp_verify *v, const char *format, ...)
{
    va_list args;
    char line[TEXT_BYTES_MAX];
    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    v->totals.problems++;
    v->fn(v->ctx, &(struct sp_verify_problem){.index = v->at, .text = line});
}

enum sp_err sp_verify_new(uint64_t first, sp_verify_fn *fn, void *ctx, struct sp_verify **out)
{
    struct sp_verify *v = calloc(1, sizeof(*v));
    if (v == NULL) {
        return SP_ERR_NOMEM;
    }
    v->fn = fn;
    v->ctx = ctx;
    v->at = first;
    v->is_whole = first == 0;
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

static uint64_t number_of(const struct sp_verify *v, const char *key)
{
    return sp_entry_number(sp_entry_get(&v->entry, key));
}

static struct sp_slice text_of(const struct sp_verify *v, const char *key)
{
    return sp_entry_text(sp_entry_get(&v->entry, key));
}

static sp_exchange exchange_of(const struct sp_verify *v)
{
    uint64_t exchange = 0;
    return sp_parse_hex_u64(text_of(v, "exchange"), UINT64_MAX, &exchange) == SP_OK ? exchange : 0;
}

/* --- one entry --- */

static void check_index(struct sp_verify *v)
{
    uint64_t index = number_of(v, "index");
    if (index != v->at) {
        problem(v, "the entry says that it is number %llu: entries were taken out, put in or moved",
                (unsigned long long)index);
    }
}

static void check_time(struct sp_verify *v, struct sp_slice kind)
{
    uint64_t at_us = 0;
    bool is_clock = sp_slice_is(kind, "clock");
    if (sp_clock_from_rfc3339(text_of(v, "time"), &at_us) != SP_OK) {
        return;
    }
    if (v->is_begun && is_clock &&
        (at_us > v->latest_us || v->latest_us - at_us != number_of(v, "back_us"))) {
        problem(v, "the clock went back by another span than the entry says");
    }
    if (v->is_begun && !is_clock && at_us < v->latest_us) {
        problem(v, "the time is earlier than that of the entry before");
    }
    v->latest_us = at_us;
}

static enum sp_err keep_policies(struct sp_verify *v)
{
    struct sp_slice rest = {NULL, 0};
    struct sp_slice item = {NULL, 0};
    sp_buf_clear(&v->policies);
    (void)sp_entry_items(sp_entry_get(&v->entry, "policies"), &rest);
    while (sp_entry_next(&rest, &item)) {
        SP_TRY(sp_buf_put(&v->policies, sp_entry_text(item)));
        SP_TRY(sp_buf_put_byte(&v->policies, ' '));
    }
    return SP_OK;
}

static enum sp_err check_start(struct sp_verify *v)
{
    if ((v->is_whole || v->has_started) && number_of(v, "lost_entries") == 0 &&
        number_of(v, "open_intents") != sp_open_set_count(v->open)) {
        problem(v, "%zu intents are open, and the start says %llu", sp_open_set_count(v->open),
                (unsigned long long)number_of(v, "open_intents"));
    }
    v->has_started = true;
    v->totals.lost += number_of(v, "lost_entries");
    return keep_policies(v);
}

static bool is_among(struct sp_slice all, struct sp_slice digest)
{
    for (size_t at = 0; at < all.len; at += digest.len + 1) {
        if (sp_slice_equal(sp_slice_sub(all, at, digest.len), digest)) {
            return true;
        }
    }
    return false;
}

static bool is_in_force(const struct sp_verify *v, struct sp_slice digest)
{
    return is_among(sp_buf_slice(&v->policies), digest);
}

static enum sp_err check_intent(struct sp_verify *v)
{
    v->totals.intents++;
    if (v->has_started && !is_in_force(v, text_of(v, "policy_sha256"))) {
        problem(v, "the policy was not in force");
    }
    enum sp_err err = sp_open_set_add(v->open, exchange_of(v), number_of(v, "index"));
    if (err == SP_ERR_DUPLICATE) {
        problem(v, "this exchange has an intent already");
        return SP_OK;
    }
    return err;
}

static void check_outcome(struct sp_verify *v)
{
    uint64_t intent = 0;
    v->totals.outcomes++;
    if (sp_open_set_take(v->open, exchange_of(v), &intent) != SP_OK) {
        if (v->is_whole || number_of(v, "intent") >= v->at - v->totals.entries) {
            problem(v, "there is no open intent for this outcome");
        }
    } else if (intent != number_of(v, "intent")) {
        problem(v, "the intent of this exchange is entry %llu", (unsigned long long)intent);
    }
}

static enum sp_err check_kind(struct sp_verify *v, struct sp_slice kind)
{
    if (number_of(v, "v") != SP_RECORD_VERSION) {
        problem(v, "the entry is of another version");
    }
    if (sp_slice_is(kind, "start")) {
        return check_start(v);
    }
    if (sp_slice_is(kind, "reload")) {
        return keep_policies(v);
    }
    if (sp_slice_is(kind, "intent")) {
        return check_intent(v);
    }
    if (sp_slice_is(kind, "outcome")) {
        check_outcome(v);
    }
    if (sp_slice_is(kind, "stop") && sp_open_set_count(v->open) > 0) {
        problem(v, "%zu intents are open at an orderly stop", sp_open_set_count(v->open));
    }
    return SP_OK;
}

static enum sp_err on_entry(struct sp_verify *v)
{
    struct sp_where where = {.line = 0};
    struct sp_slice kind = text_of(v, "kind");
    const struct sp_schema_kind *schema = sp_schema_find(kind);
    if (schema == NULL) {
        problem(v, "there is no such kind of entry");
        return SP_OK;
    }
    if (sp_schema_check(&v->entry, schema, &where) != SP_OK) {
        problem(v, "%s", where.text);
        return SP_OK;
    }
    check_index(v);
    check_time(v, kind);
    return check_kind(v, kind);
}

enum sp_err sp_verify_entry(struct sp_verify *v, struct sp_slice line)
{
    struct sp_where where = {.line = 0};
    enum sp_err err = SP_OK;
    if (line.len > SP_RECORD_BYTES_MAX) {
        problem(v, "the entry is longer than any may be");
    } else if (sp_entry_read(line, &v->entry, &where) != SP_OK) {
        problem(v, "the entry has another form: at byte %u, %s", where.column, where.text);
    } else {
        err = on_entry(v);
        v->is_begun = true;
    }
    v->totals.entries++;
    v->at++;
    return err;
}
