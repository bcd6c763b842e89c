#include "audit/page.h"

#include "audit/proof.h"
#include "audit/search.h"
#include "audit/tile.h"
#include "base/num.h"
#include "codec/json_out.h"
#include "codec/url.h"

#define VALUES_BYTES_MAX ((size_t)8 * 1024)
#define ENTRY_ROOM       ((size_t)64 * 1024) /* so much is kept free for the entry that may come next */
#define TILE_BYTES_MAX   ((size_t)16 * 1024 * 1024)

/* A request, read. */
struct question {
    const struct sp_page_reader *reader;
    const struct sp_page_ask *ask;
    struct sp_search search;
    struct sp_slice from;
    struct sp_slice limit;
    struct sp_slice wait;
    struct sp_buf values; /* decoded */
    struct sp_buf *out;
    struct sp_page_wait *told;
    struct sp_where *where;
};

/* --- the query --- */

static struct sp_slice *slot_of(struct question *q, struct sp_slice name)
{
    const struct {
        const char *name;
        struct sp_slice *slot;
    } slots[] = {
        {"from", &q->from},
        {"limit", &q->limit},
        {"wait", &q->wait},
        {"kind", &q->search.kind},
        {"tenant", &q->search.tenant},
        {"principal", &q->search.principal},
        {"session", &q->search.session},
        {"exchange", &q->search.exchange},
        {"verdict", &q->search.verdict},
        {"rule", &q->search.rule},
        {"capability", &q->search.capability},
        {"module", &q->search.module},
        {"digest", &q->search.digest},
        {"error", &q->search.error},
        {"source", &q->search.source},
        {"since", &q->search.since},
        {"until", &q->search.until},
    };
    for (size_t i = 0; i < SP_COUNT(slots); i++) {
        if (sp_slice_is(name, slots[i].name)) {
            return slots[i].slot;
        }
    }
    return NULL;
}

static enum sp_err refuse(struct question *q, enum sp_err err, const char *why)
{
    sp_where_set(q->where, 0, 0, "%s", why);
    return err;
}

/* A filter that is not known is refused: who mistypes one would take what he gets for the whole. */
static enum sp_err read_query(struct question *q)
{
    struct sp_url_query pairs;
    struct sp_slice name = {NULL, 0};
    struct sp_slice value = {NULL, 0};
    uint8_t *space = NULL;
    const char *why = "";
    SP_TRY(sp_buf_reserve(&q->values, VALUES_BYTES_MAX,
                          &space)); /* so that what is lent from it does not move */
    sp_url_query_init(&pairs, q->ask->query);
    while (sp_url_query_next(&pairs, &name, &value)) {
        struct sp_slice *slot = slot_of(q, name);
        const size_t at = q->values.len;
        if (slot == NULL && sp_slice_is_nocase(name, "api-version")) {
            continue;
        }
        if (slot == NULL || slot->len > 0) {
            sp_where_set(q->where, 0, 0, "the query parameter '%.*s' %s",
                         (int)(name.len < 64 ? name.len : 64), (const char *)name.ptr,
                         slot == NULL ? "is not known here" : "is given twice");
            return SP_ERR_REQUEST;
        }
        if (value.len > VALUES_BYTES_MAX - at ||
            sp_url_decode(value, SP_PLUS_IS_PLUS, &q->values) != SP_OK) {
            return refuse(q, SP_ERR_REQUEST, "the query has a bad escape, or is too long");
        }
        *slot = sp_slice_sub(sp_buf_slice(&q->values), at, q->values.len - at);
    }
    return sp_search_check(&q->search, &why) == SP_OK ? SP_OK : refuse(q, SP_ERR_REQUEST, why);
}

static enum sp_err read_number(struct question *q, struct sp_slice text, uint64_t fallback,
                               uint64_t *out)
{
    *out = fallback;
    if (text.len > 0 && sp_parse_u64(text, UINT64_MAX, out) != SP_OK) {
        return refuse(q, SP_ERR_REQUEST, "'from', 'limit' and 'wait' are whole numbers");
    }
    return SP_OK;
}

/* --- whose an entry is --- */

static enum sp_err read_entry(struct sp_archive *archive, uint64_t index, struct sp_slice *out_line,
                              struct sp_entry *out)
{
    struct sp_where where;
    SP_TRY(sp_archive_entry(archive, index, out_line));
    return sp_entry_read(*out_line, out, &where) == SP_OK ? SP_OK : SP_ERR_CORRUPT;
}

static bool is_of_tenant(const struct sp_entry *entry, struct sp_slice tenant)
{
    return tenant.len > 0 && sp_slice_equal(sp_entry_text(sp_entry_get(entry, "tenant")), tenant);
}

/* An outcome names nobody: it is whose the intent was. */
static bool is_visible(const struct question *q, const struct sp_entry *entry)
{
    struct sp_slice line = {NULL, 0};
    struct sp_entry intent;
    if (q->ask->is_all || is_of_tenant(entry, q->ask->tenant)) {
        return true;
    }
    if (!sp_slice_is(sp_entry_text(sp_entry_get(entry, "kind")), "outcome")) {
        return false;
    }
    const uint64_t index = sp_entry_number(sp_entry_get(entry, "intent"));
    return read_entry(q->reader->intents, index, &line, &intent) == SP_OK &&
           sp_slice_is(sp_entry_text(sp_entry_get(&intent, "kind")), "intent") &&
           is_of_tenant(&intent, q->ask->tenant) &&
           sp_slice_equal(sp_entry_text(sp_entry_get(&intent, "exchange")),
                          sp_entry_text(sp_entry_get(entry, "exchange")));
}

/* --- the pages --- */

static enum sp_err not_there(const struct question *q, uint64_t index)
{
    const uint64_t size = sp_archive_size(q->reader->archive);
    if (index >= size) {
        sp_where_set(q->where, 0, 0,
                     "the published log has %llu entries; a new one is there within a second",
                     (unsigned long long)size);
    } else {
        sp_where_set(q->where, 0, 0, "there is no such entry, or it is not of this tenant");
    }
    return SP_ERR_NOT_FOUND;
}

/* Whether an entry is the outcome of a run whose intent stands before this page, and is asked for. */
static bool ends_earlier(const struct question *q, const struct sp_entry *entry, uint64_t from)
{
    struct sp_slice line = {NULL, 0};
    struct sp_entry intent;
    struct sp_search_open open = {.intents = NULL};
    const uint64_t index = sp_entry_number(sp_entry_get(entry, "intent"));
    if (!sp_slice_is(sp_entry_text(sp_entry_get(entry, "kind")), "outcome") || index >= from ||
        read_entry(q->reader->intents, index, &line, &intent) != SP_OK ||
        !sp_slice_is(sp_entry_text(sp_entry_get(&intent, "kind")), "intent")) {
        return false;
    }
    const bool is_match = sp_search_matches(&q->search, &intent, &open);
    sp_search_open_done(&open);
    return is_match;
}

/* One that this reader may see. */
static enum sp_err find_entry(const struct question *q, struct sp_slice digits, uint64_t *out_index,
                              struct sp_slice *out_line)
{
    struct sp_entry entry;
    if (sp_parse_u64(digits, UINT64_MAX, out_index) != SP_OK) {
        sp_where_set(q->where, 0, 0, "the number of an entry must follow");
        return SP_ERR_REQUEST;
    }
    if (read_entry(q->reader->archive, *out_index, out_line, &entry) != SP_OK ||
        !is_visible(q, &entry)) {
        return not_there(q, *out_index);
    }
    return SP_OK;
}

static enum sp_err put_entry(struct question *q, struct sp_slice digits)
{
    struct sp_slice line = {NULL, 0};
    uint64_t index = 0;
    SP_TRY(find_entry(q, digits, &index, &line));
    return sp_buf_put(q->out, line);
}

static enum sp_err put_proof(struct question *q, struct sp_slice digits)
{
    struct sp_slice line = {NULL, 0};
    uint64_t index = 0;
    SP_TRY(find_entry(q, digits, &index, &line));
    /* A hash that is missing is the log's fault, and not a question for something that never was. */
    const enum sp_err err = sp_proof_write(q->reader->archive, index, q->out);
    return err == SP_ERR_NOT_FOUND ? SP_ERR_CORRUPT : err;
}

/* Of someone who waits for news, as this one does. */
static bool is_waiting_read(const struct sp_entry *entry)
{
    const struct sp_slice query = sp_entry_text(sp_entry_get(entry, "query"));
    const struct sp_slice name = SP_SLICE_LITERAL("wait=");
    return sp_slice_is(sp_entry_text(sp_entry_get(entry, "kind")), "read") &&
           sp_slice_search(query, 0, name) < query.len;
}

static enum sp_err put_matching(struct question *q, struct sp_json_out *w, uint64_t from,
                                uint64_t limit, uint64_t *out_next)
{
    struct sp_search_open open = {.intents = NULL};
    const uint64_t size = sp_archive_size(q->reader->archive);
    uint64_t looked = 0;
    uint64_t found = 0;
    uint64_t index = from;
    for (; index < size && looked < SP_PAGE_LOOKED_MAX && found < limit &&
           q->out->len < SP_PAGE_BYTES_MAX - ENTRY_ROOM;
         index++) {
        struct sp_slice line = {NULL, 0};
        struct sp_entry entry;
        looked++;
        if (read_entry(q->reader->archive, index, &line, &entry) == SP_OK &&
            is_visible(q, &entry) &&
            (sp_search_matches(&q->search, &entry, &open) || ends_earlier(q, &entry, from))) {
            sp_json_out_raw(w, line);
            found++;
            q->told->has_news = q->told->has_news || !is_waiting_read(&entry);
        }
    }
    sp_search_open_done(&open);
    *out_next = index;
    q->told->has_news = q->told->has_news || index < size; /* there is more to look at */
    return SP_OK;
}

static enum sp_err put_entries(struct question *q)
{
    struct sp_json_out w;
    uint64_t from = 0;
    uint64_t limit = 0;
    uint64_t next = 0;
    uint64_t wait_s = 0;
    SP_TRY(read_query(q));
    SP_TRY(read_number(q, q->from, 0, &from));
    SP_TRY(read_number(q, q->limit, SP_PAGE_ENTRIES, &limit));
    if (limit == 0 || limit > SP_PAGE_ENTRIES_MAX) {
        return refuse(q, SP_ERR_REQUEST, "'limit' is from 1 to 1000");
    }
    SP_TRY(read_number(q, q->wait, 0, &wait_s));
    if (wait_s > SP_PAGE_WAIT_S_MAX) {
        return refuse(q, SP_ERR_REQUEST, "'wait' is from 0 to 45 seconds");
    }
    q->told->wait_s = (uint32_t)wait_s;
    sp_json_out_init(&w, q->out);
    sp_json_out_object(&w);
    sp_json_out_key(&w, "entries");
    sp_json_out_array(&w);
    SP_TRY(put_matching(q, &w, from > q->ask->seen ? from : q->ask->seen, limit, &next));
    sp_json_out_array_end(&w);
    sp_json_out_member_u64(&w, "next", next);
    sp_json_out_member_u64(&w, "size", sp_archive_size(q->reader->archive));
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

static enum sp_err put_tile(struct question *q)
{
    struct sp_tile tile;
    char path[SP_TILE_PATH_BYTES];
    if (sp_tile_from_path(q->ask->what, &tile) != SP_OK) {
        return refuse(q, SP_ERR_NOT_FOUND, "there is no such tile");
    }
    if (tile.level == SP_TILE_ENTRIES && !q->ask->is_all) {
        return refuse(
            q, SP_ERR_NOT_FOUND,
            "bundles of entries are for tokens with the scope admin; ask for entries one by one");
    }
    sp_tile_path(tile, path);
    const enum sp_err err = sp_archive_file(q->reader->archive, path, TILE_BYTES_MAX, q->out);
    return err == SP_ERR_NOT_FOUND
               ? refuse(q, err, "there is no such tile, or a fuller one took its place")
               : err;
}

static enum sp_err make(struct question *q, enum sp_page_kind *out_kind)
{
    const struct sp_slice what = q->ask->what;
    *out_kind = SP_PAGE_JSON;
    if (sp_slice_is(what, "entries")) {
        return put_entries(q);
    }
    if (sp_slice_starts(what, "entries/")) {
        return put_entry(q, sp_slice_sub(what, sizeof("entries/") - 1, what.len));
    }
    *out_kind = SP_PAGE_TEXT;
    if (sp_slice_is(what, "checkpoint")) {
        return sp_buf_put(q->out, sp_archive_note(q->reader->archive));
    }
    if (sp_slice_starts(what, "proof/")) {
        return put_proof(q, sp_slice_sub(what, sizeof("proof/") - 1, what.len));
    }
    *out_kind = SP_PAGE_BYTES;
    return sp_slice_starts(what, "tile/")
               ? put_tile(q)
               : refuse(q, SP_ERR_NOT_FOUND, "there are checkpoint, entries, proof and tile");
}

enum sp_err sp_page_make(const struct sp_page_reader *reader, const struct sp_page_ask *ask,
                         struct sp_buf *out, enum sp_page_kind *out_kind,
                         struct sp_where *out_where, struct sp_page_wait *out_wait)
{
    struct question q = {
        .reader = reader, .ask = ask, .out = out, .where = out_where, .told = out_wait};
    const size_t start = out->len;
    *out_wait = (struct sp_page_wait){.wait_s = 0};
    sp_where_set(out_where, 0, 0, "%s", "");
    sp_buf_init(&q.values, VALUES_BYTES_MAX);
    enum sp_err err = make(&q, out_kind);
    sp_buf_done(&q.values);
    if (err == SP_OK) {
        return SP_OK;
    }
    sp_buf_truncate(out, start);
    if (err != SP_ERR_NOT_FOUND && err != SP_ERR_REQUEST) {
        sp_where_set(out_where, 0, 0, "the log cannot be read now: %s", sp_err_text(err));
        err = SP_ERR_UNAVAILABLE;
    }
    return err;
}
