#include "audit/schema.h"

#include "audit/record.h"
#include "base/clock.h"
#include "base/text.h"

/* one member a line */
/* clang-format off */
const struct sp_schema_kind sp_schema_kinds[] = {
    {"start",
      {
          {"configuration_sha256", SP_SCHEMA_DIGEST},
          {"cut_bytes", SP_SCHEMA_NUMBER},
          {"index", SP_SCHEMA_NUMBER},
          {"key", SP_SCHEMA_TEXT},
          {"kind", SP_SCHEMA_TEXT},
          {"lost_entries", SP_SCHEMA_NUMBER},
          {"open_intents", SP_SCHEMA_NUMBER},
          {"origin", SP_SCHEMA_TEXT},
          {"policies", SP_SCHEMA_DIGESTS},
          {"time", SP_SCHEMA_TIME},
          {"v", SP_SCHEMA_NUMBER},
          {"version", SP_SCHEMA_TEXT},
          {"workers", SP_SCHEMA_NUMBER},
      }},
    {"reload",
      {
          {"configuration_sha256", SP_SCHEMA_DIGEST},
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"policies", SP_SCHEMA_DIGESTS},
          {"previous_sha256", SP_SCHEMA_DIGEST},
          {"time", SP_SCHEMA_TIME},
          {"v", SP_SCHEMA_NUMBER},
      }},
    {"role",
      {
          {"confinement", SP_SCHEMA_TEXT},
          {"incarnation", SP_SCHEMA_NUMBER},
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"number", SP_SCHEMA_NUMBER},
          {"role", SP_SCHEMA_TEXT},
          {"time", SP_SCHEMA_TIME},
          {"v", SP_SCHEMA_NUMBER},
      }},
    {"restart",
      {
          {"confinement", SP_SCHEMA_TEXT},
          {"incarnation", SP_SCHEMA_NUMBER},
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"number", SP_SCHEMA_NUMBER},
          {"role", SP_SCHEMA_TEXT},
          {"time", SP_SCHEMA_TIME},
          {"v", SP_SCHEMA_NUMBER},
      }},
    {"intent",
      {
          {"body_bytes", SP_SCHEMA_NUMBER},
          {"capabilities", SP_SCHEMA_TEXTS},
          {"code_bytes", SP_SCHEMA_NUMBER},
          {"code_sha256", SP_SCHEMA_DIGEST},
          {"exchange", SP_SCHEMA_EXCHANGE},
          {"facts_sha256", SP_SCHEMA_DIGEST},
          {"findings", SP_SCHEMA_FINDINGS},
          {"findings_total", SP_SCHEMA_NUMBER},
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"modules", SP_SCHEMA_TEXTS},
          {"modules_total", SP_SCHEMA_NUMBER},
          {"operation", SP_SCHEMA_TEXT},
          {"order_sha256", SP_SCHEMA_DIGEST},
          {"policy", SP_SCHEMA_TEXT},
          {"policy_sha256", SP_SCHEMA_DIGEST},
          {"principal", SP_SCHEMA_TEXT},
          {"run_ms_max", SP_SCHEMA_NUMBER},
          {"session", SP_SCHEMA_TEXT},
          {"source", SP_SCHEMA_TEXT},
          {"tenant", SP_SCHEMA_TEXT},
          {"time", SP_SCHEMA_TIME},
          {"traceparent", SP_SCHEMA_TEXT},
          {"v", SP_SCHEMA_NUMBER},
          {"verdict", SP_SCHEMA_TEXT},
          {"worker", SP_SCHEMA_NUMBER},
      }},
    {"denial",
      {
          {"body_bytes", SP_SCHEMA_NUMBER},
          {"capabilities", SP_SCHEMA_TEXTS},
          {"code_bytes", SP_SCHEMA_NUMBER},
          {"code_sha256", SP_SCHEMA_DIGEST},
          {"error", SP_SCHEMA_TEXT},
          {"exchange", SP_SCHEMA_EXCHANGE},
          {"facts_sha256", SP_SCHEMA_DIGEST},
          {"findings", SP_SCHEMA_FINDINGS},
          {"findings_total", SP_SCHEMA_NUMBER},
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"modules", SP_SCHEMA_TEXTS},
          {"modules_total", SP_SCHEMA_NUMBER},
          {"operation", SP_SCHEMA_TEXT},
          {"policy", SP_SCHEMA_TEXT},
          {"policy_sha256", SP_SCHEMA_DIGEST},
          {"principal", SP_SCHEMA_TEXT},
          {"session", SP_SCHEMA_TEXT},
          {"source", SP_SCHEMA_TEXT},
          {"tenant", SP_SCHEMA_TEXT},
          {"time", SP_SCHEMA_TIME},
          {"traceparent", SP_SCHEMA_TEXT},
          {"v", SP_SCHEMA_NUMBER},
          {"verdict", SP_SCHEMA_TEXT},
          {"worker", SP_SCHEMA_NUMBER},
      }},
    {"refusal",
      {
          {"detail", SP_SCHEMA_TEXT},
          {"error", SP_SCHEMA_TEXT},
          {"exchange", SP_SCHEMA_EXCHANGE},
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"operation", SP_SCHEMA_TEXT},
          {"principal", SP_SCHEMA_TEXT},
          {"session", SP_SCHEMA_TEXT},
          {"source", SP_SCHEMA_TEXT},
          {"tenant", SP_SCHEMA_TEXT},
          {"time", SP_SCHEMA_TIME},
          {"v", SP_SCHEMA_NUMBER},
      }},
    {"replay",
      {
          {"answer_sha256", SP_SCHEMA_DIGEST},
          {"error", SP_SCHEMA_TEXT},
          {"exchange", SP_SCHEMA_EXCHANGE},
          {"index", SP_SCHEMA_NUMBER},
          {"intent", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"operation", SP_SCHEMA_TEXT},
          {"order_sha256", SP_SCHEMA_DIGEST},
          {"policy", SP_SCHEMA_TEXT},
          {"policy_sha256", SP_SCHEMA_DIGEST},
          {"principal", SP_SCHEMA_TEXT},
          {"session", SP_SCHEMA_TEXT},
          {"source", SP_SCHEMA_TEXT},
          {"tenant", SP_SCHEMA_TEXT},
          {"time", SP_SCHEMA_TIME},
          {"traceparent", SP_SCHEMA_TEXT},
          {"v", SP_SCHEMA_NUMBER},
      }},
    {"outcome",
      {
          {"answer_sha256", SP_SCHEMA_DIGEST},
          {"attempts", SP_SCHEMA_NUMBER},
          {"error", SP_SCHEMA_TEXT},
          {"exchange", SP_SCHEMA_EXCHANGE},
          {"index", SP_SCHEMA_NUMBER},
          {"inspect_us", SP_SCHEMA_NUMBER},
          {"intent", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"log_us", SP_SCHEMA_NUMBER},
          {"pool", SP_SCHEMA_TEXT},
          {"pool_status", SP_SCHEMA_NUMBER},
          {"relay_us", SP_SCHEMA_NUMBER},
          {"result_bytes", SP_SCHEMA_NUMBER},
          {"result_sha256", SP_SCHEMA_DIGEST},
          {"run_ms", SP_SCHEMA_NUMBER},
          {"run_status", SP_SCHEMA_TEXT},
          {"runtime", SP_SCHEMA_TEXTS},
          {"state", SP_SCHEMA_STATE},
          {"stderr_bytes", SP_SCHEMA_NUMBER},
          {"stderr_sha256", SP_SCHEMA_DIGEST},
          {"stdout_bytes", SP_SCHEMA_NUMBER},
          {"stdout_sha256", SP_SCHEMA_DIGEST},
          {"streamed_bytes", SP_SCHEMA_NUMBER},
          {"streamed_sha256", SP_SCHEMA_DIGEST},
          {"time", SP_SCHEMA_TIME},
          {"v", SP_SCHEMA_NUMBER},
      }},
    {"strangers",
      {
          {"count", SP_SCHEMA_NUMBER},
          {"error", SP_SCHEMA_TEXT},
          {"from", SP_SCHEMA_TIME},
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"source", SP_SCHEMA_TEXT},
          {"sources", SP_SCHEMA_NUMBER},
          {"time", SP_SCHEMA_TIME},
          {"to", SP_SCHEMA_TIME},
          {"v", SP_SCHEMA_NUMBER},
      }},
    {"token",
      {
          {"at", SP_SCHEMA_TIME},
          {"change", SP_SCHEMA_NUMBER},
          {"event", SP_SCHEMA_TEXT},
          {"expires", SP_SCHEMA_TEXT},
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"scopes", SP_SCHEMA_TEXT},
          {"tenant", SP_SCHEMA_TEXT},
          {"time", SP_SCHEMA_TIME},
          {"token", SP_SCHEMA_TEXT},
          {"v", SP_SCHEMA_NUMBER},
      }},
    {"key",
      {
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"new_key", SP_SCHEMA_TEXT},
          {"old_key", SP_SCHEMA_TEXT},
          {"time", SP_SCHEMA_TIME},
          {"v", SP_SCHEMA_NUMBER},
      }},
    {"rotation",
      {
          {"checkpoint", SP_SCHEMA_TEXT},
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"time", SP_SCHEMA_TIME},
          {"v", SP_SCHEMA_NUMBER},
      }},
    {"retention",
      {
          {"first", SP_SCHEMA_NUMBER},
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"root_sha256", SP_SCHEMA_DIGEST},
          {"time", SP_SCHEMA_TIME},
          {"v", SP_SCHEMA_NUMBER},
      }},
    {"malformed",
      {
          {"count", SP_SCHEMA_NUMBER},
          {"error", SP_SCHEMA_TEXT},
          {"from", SP_SCHEMA_TIME},
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"rule", SP_SCHEMA_TEXT},
          {"source", SP_SCHEMA_TEXT},
          {"sources", SP_SCHEMA_NUMBER},
          {"time", SP_SCHEMA_TIME},
          {"to", SP_SCHEMA_TIME},
          {"v", SP_SCHEMA_NUMBER},
      }},
    {"read",
      {
          {"exchange", SP_SCHEMA_EXCHANGE},
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"principal", SP_SCHEMA_TEXT},
          {"query", SP_SCHEMA_TEXT},
          {"reach", SP_SCHEMA_TEXT},
          {"source", SP_SCHEMA_TEXT},
          {"tenant", SP_SCHEMA_TEXT},
          {"time", SP_SCHEMA_TIME},
          {"v", SP_SCHEMA_NUMBER},
          {"what", SP_SCHEMA_TEXT},
      }},
    {"quota",
      {
          {"changes", SP_SCHEMA_TEXTS},
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"more", SP_SCHEMA_NUMBER},
          {"organisation", SP_SCHEMA_TEXT},
          {"tenant", SP_SCHEMA_TEXT},
          {"time", SP_SCHEMA_TIME},
          {"v", SP_SCHEMA_NUMBER},
          {"whose", SP_SCHEMA_TEXT},
      }},
    {"gap",
      {
          {"count", SP_SCHEMA_NUMBER},
          {"first", SP_SCHEMA_NUMBER},
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"reason", SP_SCHEMA_TEXT},
          {"time", SP_SCHEMA_TIME},
          {"to", SP_SCHEMA_TEXT},
          {"v", SP_SCHEMA_NUMBER},
      }},
    {"recovery",
      {
          {"cut_bytes", SP_SCHEMA_NUMBER},
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"reason", SP_SCHEMA_TEXT},
          {"refused", SP_SCHEMA_NUMBER},
          {"time", SP_SCHEMA_TIME},
          {"v", SP_SCHEMA_NUMBER},
      }},
    {"clock",
      {
          {"back_us", SP_SCHEMA_NUMBER},
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"time", SP_SCHEMA_TIME},
          {"v", SP_SCHEMA_NUMBER},
      }},
    {"stop",
      {
          {"index", SP_SCHEMA_NUMBER},
          {"kind", SP_SCHEMA_TEXT},
          {"time", SP_SCHEMA_TIME},
          {"v", SP_SCHEMA_NUMBER},
      }},
};
const size_t sp_schema_kind_count = SP_COUNT(sp_schema_kinds);

const struct sp_schema_kind sp_schema_finding = {
    "finding",
      {
          {"action", SP_SCHEMA_TEXT},
          {"column", SP_SCHEMA_NUMBER},
          {"end_column", SP_SCHEMA_NUMBER},
          {"end_line", SP_SCHEMA_NUMBER},
          {"line", SP_SCHEMA_NUMBER},
          {"rule", SP_SCHEMA_TEXT},
      }};
/* clang-format on */

static bool is_hex(struct sp_slice text, size_t len)
{
    return text.len == len && sp_text_is_small_hex(text);
}

/* Most names differ in their first letter: this is asked some hundred times an entry. */
static bool is_name(struct sp_slice text, const char *name)
{
    return text.len > 0 && text.ptr[0] == (uint8_t)name[0] && sp_slice_is(text, name);
}

const struct sp_schema_kind *sp_schema_find(struct sp_slice name)
{
    for (size_t i = 0; i < sp_schema_kind_count; i++) {
        if (is_name(name, sp_schema_kinds[i].name)) {
            return &sp_schema_kinds[i];
        }
    }
    return NULL;
}

static bool is_text_of(struct sp_slice value, enum sp_schema_type type)
{
    struct sp_slice text = sp_entry_text(value);
    uint64_t ignored = 0;
    if (value.len == 0 || value.ptr[0] != '"') {
        return false;
    }
    switch (type) {
    case SP_SCHEMA_TEXT:
        return true;
    case SP_SCHEMA_DIGEST:
        return is_hex(text, 2 * SP_DIGEST_BYTES);
    case SP_SCHEMA_EXCHANGE:
        return is_hex(text, 16);
    case SP_SCHEMA_TIME:
        return sp_clock_from_rfc3339(text, &ignored) == SP_OK;
    case SP_SCHEMA_STATE:
        return sp_slice_is(text, "done") || sp_slice_is(text, "not-started") ||
               sp_slice_is(text, "unknown");
    case SP_SCHEMA_NUMBER:
    case SP_SCHEMA_TEXTS:
    case SP_SCHEMA_DIGESTS:
    case SP_SCHEMA_FINDINGS:
        return false;
    }
    return false;
}

static bool is_finding(struct sp_slice value)
{
    struct sp_entry finding;
    struct sp_where ignored;
    return sp_entry_read(value, &finding, &ignored) == SP_OK &&
           sp_schema_check(&finding, &sp_schema_finding, &ignored) == SP_OK;
}

static bool is_array_of(struct sp_slice value, enum sp_schema_type type)
{
    struct sp_slice rest = {NULL, 0};
    struct sp_slice item = {NULL, 0};
    bool is_good = sp_entry_items(value, &rest);
    while (is_good && sp_entry_next(&rest, &item)) {
        is_good =
            type == SP_SCHEMA_FINDINGS
                ? is_finding(item)
                : is_text_of(item, type == SP_SCHEMA_TEXTS ? SP_SCHEMA_TEXT : SP_SCHEMA_DIGEST);
    }
    return is_good;
}

static bool is_of(struct sp_slice value, enum sp_schema_type type)
{
    switch (type) {
    case SP_SCHEMA_NUMBER:
        return value.len > 0 && sp_text_is_digit(value.ptr[0]);
    case SP_SCHEMA_TEXTS:
    case SP_SCHEMA_DIGESTS:
    case SP_SCHEMA_FINDINGS:
        return is_array_of(value, type);
    case SP_SCHEMA_TEXT:
    case SP_SCHEMA_DIGEST:
    case SP_SCHEMA_EXCHANGE:
    case SP_SCHEMA_TIME:
    case SP_SCHEMA_STATE:
        return is_text_of(value, type);
    }
    return false;
}

/* Both lists are in the order of the alphabet, so one walk compares them. */
enum sp_err sp_schema_check(const struct sp_entry *entry, const struct sp_schema_kind *kind,
                            struct sp_where *out_where)
{
    size_t at = 0;
    for (const struct sp_schema_member *member = kind->members; member->name != NULL; member++) {
        if (at == entry->count || !is_name(entry->members[at].key, member->name)) {
            sp_where_set(out_where, 0, 0, "this %s should have the member '%s' here", kind->name,
                         member->name);
            return SP_ERR_INVALID;
        }
        if (!is_of(entry->members[at].value, member->type)) {
            sp_where_set(out_where, 0, 0, "the member '%s' of this %s has another form",
                         member->name, kind->name);
            return SP_ERR_INVALID;
        }
        at++;
    }
    if (at < entry->count) {
        sp_where_set(out_where, 0, 0, "this %s has a member too many", kind->name);
        return SP_ERR_INVALID;
    }
    return SP_OK;
}
