/*
 * Prints OCSF events, one a line: every kind of entry that the schema of the log knows, each in several variants, for the
 * check in tests/differential/ocsf.py. Exits 1 when an entry is not of its kind's form, for then the table is at fault.
 */
#include <stdio.h>

#include "audit/ocsf.h"
#include "audit/schema.h"
#include "base/num.h"
#include "codec/json_out.h"

#define EVENT_MAX ((size_t)256 * 1024)

/* What texts, numbers and lists hold in one pass over all kinds. */
static const struct variant {
    const char *text;
    const char *source;
    const char *operation;
    const char *state;
    const char *error;
    uint64_t number;
    bool has_items;
} variants[] = {
    {"", "", "execute", "done", "Ok", 0, false},
    {"name", "192.0.2.7", "upload-file", "unknown", "OutcomeUnknown", 200, true},
    {"name", "2001:db8::7", "list-files", "not-started", "PoolUnavailable", 4096, true},
    {"name", "::ffff:192.0.2.7", "delete-file", "done", "PolicyDenied", 65535, true},
    {"keyed:0123456789abcdef0123456789abcdef", "keyed:0123456789abcdef0123456789abcdef", "none",
     "done", "Ok", 9007199254740991, true},
    {"a \"quote\"\n\x01 \xc3\xa9 \xf0\x9f\x90\x8d", "not an address", "download-file", "done", "Ok",
     1, true},
};

static void put_text_of(struct sp_json_out *w, const struct variant *variant, const char *name)
{
    const struct {
        const char *name;
        const char *text;
    } known[] = {
        {"source", variant->source},
        {"operation", variant->operation},
        {"error", variant->error},
    };
    for (size_t i = 0; i < SP_COUNT(known); i++) {
        if (sp_slice_is(sp_slice_of(name), known[i].name)) {
            sp_json_out_text(w, known[i].text);
            return;
        }
    }
    sp_json_out_text(w, variant->text);
}

static void put_digest(struct sp_json_out *w, size_t digits)
{
    static const char digest[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    sp_json_out_string(w, sp_slice_make(digest, digits));
}

static void put_members(struct sp_json_out *w, const struct sp_schema_kind *kind,
                        const struct variant *variant);

static void put_value(struct sp_json_out *w, const struct sp_schema_member *member,
                      const struct variant *variant)
{
    switch (member->type) {
    case SP_SCHEMA_TEXT:
        put_text_of(w, variant, member->name);
        return;
    case SP_SCHEMA_NUMBER:
        sp_json_out_u64(w, variant->number);
        return;
    case SP_SCHEMA_DIGEST:
        put_digest(w, 64);
        return;
    case SP_SCHEMA_EXCHANGE:
        put_digest(w, 16);
        return;
    case SP_SCHEMA_TIME:
        sp_json_out_text(w, "2026-03-01T10:00:00.250000Z");
        return;
    case SP_SCHEMA_STATE:
        sp_json_out_text(w, variant->state);
        return;
    case SP_SCHEMA_TEXTS:
    case SP_SCHEMA_DIGESTS:
    case SP_SCHEMA_FINDINGS:
        sp_json_out_array(w);
        if (variant->has_items && member->type == SP_SCHEMA_TEXTS) {
            sp_json_out_text(w, variant->text);
        } else if (variant->has_items && member->type == SP_SCHEMA_DIGESTS) {
            put_digest(w, 64);
        } else if (variant->has_items) {
            put_members(w, &sp_schema_finding, variant);
        }
        sp_json_out_array_end(w);
        return;
    }
}

static void put_members(struct sp_json_out *w, const struct sp_schema_kind *kind,
                        const struct variant *variant)
{
    sp_json_out_object(w);
    for (const struct sp_schema_member *member = kind->members; member->name != NULL; member++) {
        sp_json_out_key(w, member->name);
        if (sp_slice_is(sp_slice_of(member->name), "kind")) {
            sp_json_out_text(w, kind->name);
        } else {
            put_value(w, member, variant);
        }
    }
    sp_json_out_object_end(w);
}

static enum sp_err print_event(const struct sp_schema_kind *kind, const struct variant *variant)
{
    SP_AUTO_BUF struct sp_buf line;
    SP_AUTO_BUF struct sp_buf event;
    struct sp_json_out w;
    struct sp_entry entry;
    struct sp_where where;
    sp_buf_init(&line, EVENT_MAX);
    sp_buf_init(&event, EVENT_MAX);
    sp_json_out_init(&w, &line);
    put_members(&w, kind, variant);
    SP_TRY(sp_json_out_end(&w));
    SP_TRY(sp_entry_read(sp_buf_slice(&line), &entry, &where));
    SP_TRY(sp_schema_check(&entry, kind, &where));
    SP_TRY(
        sp_ocsf_put(&entry, SP_SLICE_LITERAL("sallyport/test"), SP_SLICE_LITERAL("0.0.1"), &event));
    return printf("%.*s\n", (int)event.len, (const char *)event.ptr) > 0 ? SP_OK : SP_ERR_SYSTEM;
}

int main(void)
{
    for (size_t i = 0; i < sp_schema_kind_count; i++) {
        for (size_t j = 0; j < SP_COUNT(variants); j++) {
            const enum sp_err err = print_event(&sp_schema_kinds[i], &variants[j]);
            if (err != SP_OK) {
                (void)fprintf(stderr, "%s, variant %zu: %s\n", sp_schema_kinds[i].name, j,
                              sp_err_text(err));
                return 1;
            }
        }
    }
    return 0;
}
