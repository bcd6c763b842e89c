#include "audit/schema_json.h"

#include "audit/record.h"
#include "audit/schema.h"
#include "codec/json_out.h"

#define COMPACT_MAX ((size_t)256 * 1024)
#define LINES_DEPTH 4U /* containers that are laid out; what lies deeper stays in its line */
#define INDENT      1U

static void put_string(struct sp_json_out *w, const char *rule, const char *value)
{
    sp_json_out_object(w);
    sp_json_out_member_text(w, "type", "string");
    if (rule != NULL) {
        sp_json_out_member_text(w, rule, value);
    }
    sp_json_out_object_end(w);
}

static void put_members(struct sp_json_out *w, const struct sp_schema_kind *kind);

static void put_list_of(struct sp_json_out *w, enum sp_schema_type type)
{
    sp_json_out_object(w);
    sp_json_out_key(w, "items");
    if (type == SP_SCHEMA_FINDINGS) {
        put_members(w, &sp_schema_finding);
    } else {
        put_string(w, type == SP_SCHEMA_DIGESTS ? "pattern" : NULL, "^[0-9a-f]{64}$");
    }
    sp_json_out_member_text(w, "type", "array");
    sp_json_out_object_end(w);
}

static void put_number(struct sp_json_out *w)
{
    sp_json_out_object(w);
    sp_json_out_member_u64(w, "maximum", SP_RECORD_NUMBER_MAX);
    sp_json_out_member_u64(w, "minimum", 0);
    sp_json_out_member_text(w, "type", "integer");
    sp_json_out_object_end(w);
}

static void put_type(struct sp_json_out *w, enum sp_schema_type type)
{
    switch (type) {
    case SP_SCHEMA_TEXT:
        put_string(w, NULL, NULL);
        return;
    case SP_SCHEMA_NUMBER:
        put_number(w);
        return;
    case SP_SCHEMA_DIGEST:
        put_string(w, "pattern", "^[0-9a-f]{64}$");
        return;
    case SP_SCHEMA_EXCHANGE:
        put_string(w, "pattern", "^[0-9a-f]{16}$");
        return;
    case SP_SCHEMA_TIME:
        put_string(w, "pattern",
                   "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$");
        return;
    case SP_SCHEMA_STATE:
        put_string(w, "pattern", "^(done|not-started|unknown)$");
        return;
    case SP_SCHEMA_TEXTS:
    case SP_SCHEMA_DIGESTS:
    case SP_SCHEMA_FINDINGS:
        put_list_of(w, type);
        return;
    }
}

/* One kind: all members, no others; `kind` has one value. */
static void put_members(struct sp_json_out *w, const struct sp_schema_kind *kind)
{
    sp_json_out_object(w);
    sp_json_out_member_bool(w, "additionalProperties", false);
    sp_json_out_key(w, "properties");
    sp_json_out_object(w);
    for (const struct sp_schema_member *member = kind->members; member->name != NULL; member++) {
        sp_json_out_key(w, member->name);
        if (sp_slice_is(sp_slice_of(member->name), "kind")) {
            sp_json_out_object(w);
            sp_json_out_member_text(w, "const", kind->name);
            sp_json_out_object_end(w);
        } else {
            put_type(w, member->type);
        }
    }
    sp_json_out_object_end(w);
    sp_json_out_key(w, "required");
    sp_json_out_array(w);
    for (const struct sp_schema_member *member = kind->members; member->name != NULL; member++) {
        sp_json_out_text(w, member->name);
    }
    sp_json_out_array_end(w);
    sp_json_out_member_text(w, "title", kind->name);
    sp_json_out_member_text(w, "type", "object");
    sp_json_out_object_end(w);
}

static enum sp_err put_compact(struct sp_buf *out)
{
    struct sp_json_out w;
    sp_json_out_init(&w, out);
    sp_json_out_object(&w);
    sp_json_out_member_text(&w, "$schema", "https://json-schema.org/draft/2020-12/schema");
    sp_json_out_key(&w, "oneOf");
    sp_json_out_array(&w);
    for (size_t i = 0; i < sp_schema_kind_count; i++) {
        put_members(&w, &sp_schema_kinds[i]);
    }
    sp_json_out_array_end(&w);
    sp_json_out_member_text(&w, "title", "an entry of Sallyport's audit log, version 1");
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

static enum sp_err put_break(struct sp_buf *out, unsigned depth)
{
    SP_TRY(sp_buf_put_byte(out, '\n'));
    for (unsigned i = 0; i < depth * INDENT; i++) {
        SP_TRY(sp_buf_put_byte(out, ' '));
    }
    return SP_OK;
}

/* One byte that stands in no text: lines are broken where containers open and end, and behind commas. */
static enum sp_err put_mark(struct sp_buf *out, uint8_t mark, unsigned *depth)
{
    const bool opens = mark == '{' || mark == '[';
    const bool ends = mark == '}' || mark == ']';
    if (ends) {
        (*depth)--;
        SP_TRY(*depth < LINES_DEPTH ? put_break(out, *depth) : SP_OK);
    }
    SP_TRY(sp_buf_put_byte(out, mark));
    *depth += opens ? 1 : 0;
    if (mark == ':' || (mark == ',' && *depth > LINES_DEPTH)) {
        return sp_buf_put_byte(out, ' ');
    }
    return (opens || mark == ',') && *depth <= LINES_DEPTH ? put_break(out, *depth) : SP_OK;
}

/* Every member of an entry gets a line of its own, so that changes to two of them are two changes of the file. */
static enum sp_err lay_out(struct sp_slice compact, struct sp_buf *out)
{
    unsigned depth = 0;
    bool is_text = false;
    for (size_t i = 0; i < compact.len; i++) {
        const uint8_t byte = compact.ptr[i];
        const bool is_escaped = is_text && byte == '\\';
        is_text = byte == '"' ? !is_text : is_text;
        if (is_text || byte == '"') {
            SP_TRY(sp_buf_put_byte(out, byte));
        } else {
            SP_TRY(put_mark(out, byte, &depth));
        }
        if (is_escaped && i + 1 < compact.len) {
            SP_TRY(sp_buf_put_byte(out, compact.ptr[++i]));
        }
    }
    return sp_buf_put_byte(out, '\n');
}

enum sp_err sp_schema_json(struct sp_buf *out)
{
    SP_AUTO_BUF struct sp_buf compact;
    sp_buf_init(&compact, COMPACT_MAX);
    SP_TRY(put_compact(&compact));
    return lay_out(sp_buf_slice(&compact), out);
}
