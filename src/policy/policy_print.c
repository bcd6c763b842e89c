#include <stdlib.h>

#include "base/own.h"
#include "policy/embedded.h"
#include "policy/policy.h"

static enum sp_err put_string(struct sp_buf *out, struct sp_slice text)
{
    SP_TRY(sp_buf_put_byte(out, '"'));
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        if (byte == '"' || byte == '\\') {
            SP_TRY(sp_buf_put_byte(out, '\\'));
            SP_TRY(sp_buf_put_byte(out, byte));
        } else if (byte < 0x20 || byte == 0x7F) {
            SP_TRY(sp_buf_putf(out, "\\u%04X", byte));
        } else {
            SP_TRY(sp_buf_put_byte(out, byte));
        }
    }
    return sp_buf_put_byte(out, '"');
}

/* One list of a rule: the keys with that value, in order. Nothing at all when there is none. */
static enum sp_err put_list(struct sp_buf *out, const struct sp_map_entry **entries, size_t count,
                            enum sp_rule rule)
{
    bool has_any = false;
    for (size_t i = 0; i < count; i++) {
        if (entries[i]->value != (uint32_t)rule) {
            continue;
        }
        SP_TRY(has_any ? sp_buf_put_text(out, ",\n    ")
                       : sp_buf_putf(out, "%s = [\n    ", sp_rule_name(rule)));
        SP_TRY(put_string(out, entries[i]->key));
        has_any = true;
    }
    return has_any ? sp_buf_put_text(out, ",\n]\n") : SP_OK;
}

static enum sp_err put_map(struct sp_buf *out, const char *section, const struct sp_map *map)
{
    SP_AUTO_FREE const struct sp_map_entry **entries =
        calloc(map->count + 1, sizeof(struct sp_map_entry *));
    if (entries == NULL) {
        return SP_ERR_NOMEM;
    }
    sp_map_sorted(map, entries);
    SP_TRY(sp_buf_putf(out, "\n[%s]\n", section));
    for (unsigned rule = 0; rule < SP_RULE_COUNT; rule++) {
        SP_TRY(put_list(out, entries, map->count, (enum sp_rule)rule));
    }
    return SP_OK;
}

static enum sp_err put_limits(struct sp_buf *out, const struct sp_policy_limits *limits)
{
    SP_TRY(sp_buf_put_text(out, "\n[limits]\n"));
#define SP_POLICY_LIMIT_AS_LINE(field, highest, otherwise)                                         \
    SP_TRY(sp_buf_putf(out, #field " = %llu\n", (unsigned long long)limits->field));
    SP_POLICY_LIMIT_LIST(SP_POLICY_LIMIT_AS_LINE)
#undef SP_POLICY_LIMIT_AS_LINE
    return SP_OK;
}

/* One list of a rule: the kinds that it holds for. */
static enum sp_err put_kinds(struct sp_buf *out, const struct sp_policy *policy, enum sp_rule rule)
{
    bool has_any = false;
    for (unsigned i = 0; i < SP_KIND_COUNT; i++) {
        if (policy->kind[i] != rule) {
            continue;
        }
        SP_TRY(has_any ? sp_buf_put_text(out, ", ")
                       : sp_buf_putf(out, "%s = [", sp_rule_name(rule)));
        SP_TRY(sp_buf_putf(out, "\"%s\"", sp_kind_name((enum sp_kind)i)));
        has_any = true;
    }
    return has_any ? sp_buf_put_text(out, "]\n") : SP_OK;
}

static enum sp_err put_uploads(struct sp_buf *out, const struct sp_policy *policy)
{
    SP_TRY(sp_buf_put_text(out, "\n[files]\n"));
    for (unsigned rule = 0; rule < SP_RULE_COUNT; rule++) {
        SP_TRY(put_kinds(out, policy, (enum sp_rule)rule));
    }
    SP_TRY(sp_buf_put_text(out, "\n[uploads]\n"));
    for (unsigned i = 0; i < SP_UPLOAD_RULE_COUNT; i++) {
        SP_TRY(sp_buf_putf(out, "%s = \"%s\"\n", sp_upload_rule_name((enum sp_upload_rule)i),
                           sp_rule_name(policy->upload[i])));
    }
    return SP_OK;
}

static enum sp_err put_runtime(struct sp_buf *out, const struct sp_policy *policy)
{
    bool has_any = false;
    SP_TRY(sp_buf_put_text(out, "\n[runtime]\n"));
    for (unsigned i = 0; i < SP_CAPABILITY_COUNT; i++) {
        if ((policy->runtime_denied & SP_CAPABILITY_BIT(i)) != 0) {
            SP_TRY(sp_buf_putf(out, "%s\"%s\"", has_any ? ", " : "deny = [",
                               sp_capability_name((enum sp_capability)i)));
            has_any = true;
        }
    }
    SP_TRY(sp_buf_put_text(out, has_any ? "]\n" : ""));
    return sp_buf_putf(out, "own_code = %s\n", policy->runtime_own_code ? "true" : "false");
}

enum sp_err sp_policy_print(const struct sp_policy *policy, struct sp_buf *out)
{
    static const char *const versions[] = {"any", "3.11", "3.12", "3.14"};
    const struct sp_embedded *table = sp_embedded_find(SP_SLICE_LITERAL("capabilities"));
    SP_TRY(sp_buf_put_text(out, "name = "));
    SP_TRY(put_string(out, sp_slice_of(policy->name)));
    SP_TRY(sp_buf_putf(out, "\ntable = \"%s\"\n", table == NULL ? "" : table->sha256));
    SP_TRY(sp_buf_putf(out, "python = \"%s\"\nmode = \"%s\"\n", versions[policy->python],
                       policy->is_cell ? "cell" : "text"));
    SP_TRY(sp_buf_putf(out, "unknown_module = \"%s\"\nsyntax = \"%s\"\n",
                       sp_rule_name(policy->unknown_module), sp_rule_name(policy->syntax)));
    SP_TRY(put_limits(out, &policy->limits));
    SP_TRY(sp_buf_put_text(out, "\n[capabilities]\n"));
    for (unsigned i = 0; i < SP_CAPABILITY_COUNT; i++) {
        SP_TRY(sp_buf_putf(out, "%s = \"%s\"\n", sp_capability_name((enum sp_capability)i),
                           sp_rule_name(policy->capability[i])));
    }
    SP_TRY(put_map(out, "modules", &policy->modules));
    SP_TRY(sp_buf_putf(out, "only = %s\n", policy->only_listed ? "true" : "false"));
    SP_TRY(put_map(out, "names", &policy->names));
    SP_TRY(put_map(out, "attributes", &policy->attributes));
    SP_TRY(put_map(out, "strings", &policy->strings));
    SP_TRY(put_uploads(out, policy));
    return put_runtime(out, policy);
}
