#include "audit/ocsf.h"

#include <arpa/inet.h>

#include "base/clock.h"
#include "base/num.h"
#include "codec/json_out.h"

#define CATEGORY 6U /* Application Activity */
#define US_A_MS  1000U

/* Activities of the class, and how grave an entry is. */
enum activity {
    ACTIVITY_CREATE = 1,
    ACTIVITY_READ = 2,
    ACTIVITY_UPDATE = 3,
    ACTIVITY_DELETE = 4,
    ACTIVITY_OTHER = 99
};
enum severity {
    SEVERITY_INFORMATIONAL = 1,
    SEVERITY_LOW = 2,
    SEVERITY_MEDIUM = 3,
    SEVERITY_HIGH = 4
};
enum status { STATUS_UNKNOWN = 0, STATUS_SUCCESS = 1, STATUS_FAILURE = 2 };

static const struct kind {
    const char *name;
    enum severity severity;
    enum status status;
} kinds[] = {
    {"intent", SEVERITY_INFORMATIONAL, STATUS_SUCCESS},
    {"denial", SEVERITY_MEDIUM, STATUS_FAILURE},
    {"refusal", SEVERITY_LOW, STATUS_FAILURE},
    {"strangers", SEVERITY_LOW, STATUS_FAILURE},
    {"recovery", SEVERITY_HIGH, STATUS_SUCCESS},
    {"clock", SEVERITY_MEDIUM, STATUS_SUCCESS},
    {"restart", SEVERITY_MEDIUM, STATUS_SUCCESS},
    {"malformed", SEVERITY_LOW, STATUS_FAILURE},
    {"gap", SEVERITY_HIGH, STATUS_FAILURE},
};
static const struct kind other_kind = {"", SEVERITY_INFORMATIONAL, STATUS_SUCCESS};

static const struct {
    const char *word; /* that an operation's name begins with or holds */
    enum activity activity;
    const char *name;
} activities[] = {
    {"execute", ACTIVITY_CREATE, "Create"}, {"upload", ACTIVITY_CREATE, "Create"},
    {"delete", ACTIVITY_DELETE, "Delete"},  {"stop", ACTIVITY_DELETE, "Delete"},
    {"list", ACTIVITY_READ, "Read"},        {"get", ACTIVITY_READ, "Read"},
    {"read", ACTIVITY_READ, "Read"},        {"download", ACTIVITY_READ, "Read"},
    {"metadata", ACTIVITY_READ, "Read"},
};

static struct sp_slice text_of(const struct sp_entry *entry, const char *key)
{
    return sp_entry_text(sp_entry_get(entry, key));
}

static const struct kind *kind_of(const struct sp_entry *entry)
{
    for (size_t i = 0; i < SP_COUNT(kinds); i++) {
        if (sp_slice_is(text_of(entry, "kind"), kinds[i].name)) {
            return &kinds[i];
        }
    }
    return &other_kind;
}

static bool holds(struct sp_slice text, struct sp_slice word)
{
    for (size_t at = 0; at + word.len <= text.len; at++) {
        if (sp_slice_equal(sp_slice_sub(text, at, word.len), word)) {
            return true;
        }
    }
    return false;
}

static void put_activity(struct sp_json_out *w, const struct sp_entry *entry)
{
    const struct sp_slice kind = text_of(entry, "kind");
    const struct sp_slice operation =
        sp_slice_is(kind, "read") ? kind : text_of(entry, "operation");
    enum activity activity = ACTIVITY_OTHER;
    const char *name = "Other";
    for (size_t i = 0; i < SP_COUNT(activities) && activity == ACTIVITY_OTHER; i++) {
        if (holds(operation, sp_slice_of(activities[i].word))) {
            activity = activities[i].activity;
            name = activities[i].name;
        }
    }
    sp_json_out_member_u64(w, "activity_id", activity);
    sp_json_out_member_text(w, "activity_name", name);
    sp_json_out_member_u64(w, "type_uid", SP_OCSF_CLASS * 100U + (unsigned)activity);
}

/* A text of the entry as it stands there: its escapes are JSON's own. */
static void put_text(struct sp_json_out *w, const char *key, const struct sp_entry *entry,
                     const char *from)
{
    const struct sp_slice value = sp_entry_get(entry, from);
    if (sp_entry_text(value).len > 0) {
        sp_json_out_member_raw(w, key, value);
    }
}

/* The schema's integers have 32 bits for many readers: a larger number stands under `unmapped` alone. */
static void put_whole(struct sp_json_out *w, const char *key, uint64_t value)
{
    if (value <= INT32_MAX) {
        sp_json_out_member_u64(w, key, value);
    }
}

static void put_api(struct sp_json_out *w, const struct sp_entry *entry)
{
    sp_json_out_key(w, "api");
    sp_json_out_object(w);
    const bool has_operation = text_of(entry, "operation").len > 0;
    put_text(w, "operation", entry, has_operation ? "operation" : "kind");
    if (text_of(entry, "exchange").len > 0) {
        sp_json_out_key(w, "request");
        sp_json_out_object(w);
        put_text(w, "uid", entry, "exchange");
        sp_json_out_object_end(w);
    }
    if (sp_entry_get(entry, "pool_status").len > 0) {
        sp_json_out_key(w, "response");
        sp_json_out_object(w);
        put_whole(w, "code", sp_entry_number(sp_entry_get(entry, "pool_status")));
        put_text(w, "error", entry, "error");
        sp_json_out_object_end(w);
    }
    sp_json_out_key(w, "service");
    sp_json_out_object(w);
    sp_json_out_member_text(w, "name", "sallyport");
    sp_json_out_object_end(w);
    sp_json_out_object_end(w);
}

/* Who asked: the token, within its tenant; of the house's own entries the house. */
static void put_actor(struct sp_json_out *w, const struct sp_entry *entry)
{
    const bool has_user = text_of(entry, "principal").len > 0 || text_of(entry, "tenant").len > 0;
    sp_json_out_key(w, "actor");
    sp_json_out_object(w);
    if (!has_user) {
        sp_json_out_member_text(w, "app_name", "sallyport");
        sp_json_out_object_end(w);
        return;
    }
    sp_json_out_key(w, "user");
    sp_json_out_object(w);
    if (text_of(entry, "tenant").len > 0) {
        sp_json_out_key(w, "org");
        sp_json_out_object(w);
        put_text(w, "name", entry, "tenant");
        sp_json_out_object_end(w);
    }
    put_text(w, "uid", entry, text_of(entry, "principal").len > 0 ? "principal" : "tenant");
    sp_json_out_object_end(w);
    if (text_of(entry, "session").len > 0) {
        sp_json_out_key(w, "session");
        sp_json_out_object(w);
        put_text(w, "uid", entry, "session");
        sp_json_out_object_end(w);
    }
    sp_json_out_object_end(w);
}

/* Whether a text is an address as the schema has them: a name that is hidden under a key is none. */
static bool is_address(struct sp_slice text)
{
    char copy[INET6_ADDRSTRLEN + 1];
    struct in6_addr ignored;
    sp_slice_to_text(text, copy, sizeof(copy));
    return text.len < sizeof(copy) &&
           (inet_pton(AF_INET, copy, &ignored) == 1 || inet_pton(AF_INET6, copy, &ignored) == 1);
}

static void put_source(struct sp_json_out *w, const struct sp_entry *entry, struct sp_slice origin)
{
    sp_json_out_key(w, "src_endpoint");
    sp_json_out_object(w);
    const struct sp_slice source = text_of(entry, "source");
    if (source.len > 0) {
        put_text(w, is_address(source) ? "ip" : "uid", entry, "source");
    } else {
        sp_json_out_member_string(w, "name", origin);
    }
    sp_json_out_object_end(w);
}

static void put_metadata(struct sp_json_out *w, const struct sp_entry *entry,
                         struct sp_slice origin, struct sp_slice version)
{
    sp_json_out_key(w, "metadata");
    sp_json_out_object(w);
    sp_json_out_member_string(w, "log_name", origin);
    sp_json_out_key(w, "product");
    sp_json_out_object(w);
    sp_json_out_member_text(w, "name", "Sallyport");
    sp_json_out_member_text(w, "vendor_name", "Sallyport");
    sp_json_out_member_string(w, "version", version);
    sp_json_out_object_end(w);
    const uint64_t index = sp_entry_number(sp_entry_get(entry, "index")); /* in `uid` too */
    put_whole(w, "sequence", index);
    sp_json_out_key(w, "uid");
    SP_AUTO_BUF struct sp_buf uid;
    sp_buf_init(&uid, 512);
    enum sp_err err = sp_buf_put(&uid, origin);
    if (err == SP_OK) {
        err = sp_buf_putf(&uid, "#%llu", (unsigned long long)index);
    }
    sp_json_out_string(w, err == SP_OK ? sp_buf_slice(&uid) : origin);
    sp_json_out_member_text(w, "version", SP_OCSF_SCHEMA_VERSION);
    sp_json_out_object_end(w);
}

/* An outcome is a success when it ran without an error; unknown stays unknown. */
static enum status status_of(const struct sp_entry *entry, const struct kind *kind)
{
    if (!sp_slice_is(text_of(entry, "kind"), "outcome")) {
        return kind->status;
    }
    if (sp_slice_is(text_of(entry, "state"), "unknown")) {
        return STATUS_UNKNOWN;
    }
    return sp_slice_is(text_of(entry, "error"), "Ok") ? STATUS_SUCCESS : STATUS_FAILURE;
}

static void put_status(struct sp_json_out *w, const struct sp_entry *entry)
{
    static const char *const statuses[] = {"Unknown", "Success", "Failure"};
    static const char *const severities[] = {"Unknown", "Informational", "Low", "Medium", "High"};
    const struct kind *kind = kind_of(entry);
    const enum status status = status_of(entry, kind);
    sp_json_out_member_text(w, "severity", severities[kind->severity]);
    sp_json_out_member_u64(w, "severity_id", kind->severity);
    sp_json_out_member_text(w, "status", statuses[status]);
    put_text(w, "status_code", entry, "error");
    put_text(w, "status_detail", entry, "detail");
    sp_json_out_member_u64(w, "status_id", status);
}

static void put_unmapped(struct sp_json_out *w, const struct sp_entry *entry)
{
    sp_json_out_key(w, "unmapped");
    sp_json_out_object(w);
    for (size_t i = 0; i < entry->count; i++) {
        sp_json_out_key_slice(w, entry->members[i].key);
        sp_json_out_raw(w, entry->members[i].value);
    }
    sp_json_out_object_end(w);
}

enum sp_err sp_ocsf_put(const struct sp_entry *entry, struct sp_slice origin,
                        struct sp_slice version, struct sp_buf *out)
{
    struct sp_json_out w;
    uint64_t wall_us = 0;
    SP_TRY(sp_clock_from_rfc3339(text_of(entry, "time"), &wall_us));
    sp_json_out_init(&w, out);
    sp_json_out_object(&w);
    put_activity(&w, entry);
    put_actor(&w, entry);
    put_api(&w, entry);
    sp_json_out_member_text(&w, "category_name", "Application Activity");
    sp_json_out_member_u64(&w, "category_uid", CATEGORY);
    sp_json_out_member_text(&w, "class_name", "API Activity");
    sp_json_out_member_u64(&w, "class_uid", SP_OCSF_CLASS);
    put_metadata(&w, entry, origin, version);
    put_status(&w, entry);
    put_source(&w, entry, origin);
    sp_json_out_member_u64(&w, "time", wall_us / US_A_MS);
    put_unmapped(&w, entry);
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}
