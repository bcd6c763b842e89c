#include "policy/widen.h"

#include "base/text.h"

#define TABLE_LINE "\ntable = "

static bool is_rule_wider(enum sp_rule from, enum sp_rule to)
{
    return to != SP_RULE_DENY || from == SP_RULE_DENY;
}

static bool are_rules_wider(const enum sp_rule *from, const enum sp_rule *to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_rule_wider(from[i], to[i])) {
            return false;
        }
    }
    return true;
}

static bool are_limits_wider(const struct sp_policy_limits *from, const struct sp_policy_limits *to)
{
#define SP_POLICY_LIMIT_AS_CHECK(field, highest, otherwise)                                        \
    if (to->field < from->field) {                                                                 \
        return false;                                                                              \
    }
    SP_POLICY_LIMIT_LIST(SP_POLICY_LIMIT_AS_CHECK)
#undef SP_POLICY_LIMIT_AS_CHECK
    return true;
}

/* What was let through by name still is, as it was or without a word; what is denied by name was. */
static bool is_map_wider(const struct sp_map *from, const struct sp_map *to)
{
    for (size_t i = 0; i < from->slot_count; i++) {
        const struct sp_map_entry *entry = &from->slots[i];
        uint32_t now = SP_RULE_DENY;
        bool is_let = entry->key.ptr != NULL && entry->value != SP_RULE_DENY;
        if (is_let &&
            (!sp_map_get(to, entry->key, &now) || (now != entry->value && now != SP_RULE_ALLOW))) {
            return false;
        }
    }
    for (size_t i = 0; i < to->slot_count; i++) {
        const struct sp_map_entry *entry = &to->slots[i];
        uint32_t before = SP_RULE_ALLOW;
        bool is_denied = entry->key.ptr != NULL && entry->value == SP_RULE_DENY;
        if (is_denied && (!sp_map_get(from, entry->key, &before) || before != SP_RULE_DENY)) {
            return false;
        }
    }
    return true;
}

/* Everything that is not compared above must be the same: what a later version adds counts as a narrowing. */
static enum sp_err is_rest_equal(const struct sp_policy *from, const struct sp_policy *to,
                                 bool *out)
{
    SP_AUTO_BUF struct sp_buf text;
    SP_AUTO_BUF struct sp_buf wanted;
    struct sp_policy same = *to;
    sp_buf_init(&text, SP_POLICY_TEXT_BYTES_MAX);
    sp_buf_init(&wanted, SP_POLICY_TEXT_BYTES_MAX);
    same.python = from->python;
    same.is_cell = from->is_cell;
    struct sp_policy rest = *from;
    SP_TRY(sp_policy_print(&same, &wanted));
    rest.limits = to->limits;
    rest.unknown_module = to->unknown_module;
    rest.syntax = to->syntax;
    rest.only_listed = to->only_listed;
    rest.modules = to->modules;
    rest.names = to->names;
    rest.attributes = to->attributes;
    rest.strings = to->strings;
    for (size_t i = 0; i < SP_CAPABILITY_COUNT; i++) {
        rest.capability[i] = to->capability[i];
    }
    for (size_t i = 0; i < SP_KIND_COUNT; i++) {
        rest.kind[i] = to->kind[i];
    }
    for (size_t i = 0; i < SP_UPLOAD_RULE_COUNT; i++) {
        rest.upload[i] = to->upload[i];
    }
    rest.runtime_denied = to->runtime_denied;
    rest.runtime_own_code = to->runtime_own_code;
    for (size_t i = 0; i < sizeof(rest.name); i++) {
        rest.name[i] = to->name[i];
    }
    SP_TRY(sp_policy_print(&rest, &text));
    *out = from->python == to->python && from->is_cell == to->is_cell &&
           sp_slice_equal(sp_buf_slice(&text), sp_buf_slice(&wanted));
    return SP_OK;
}

static bool is_runtime_wider(const struct sp_policy *from, const struct sp_policy *to)
{
    return (to->runtime_denied & ~(unsigned)from->runtime_denied) == 0 &&
           (to->runtime_own_code || !from->runtime_own_code);
}

enum sp_err sp_policy_is_widening(const struct sp_policy *from, const struct sp_policy *to,
                                  bool *out)
{
    bool is_equal = false;
    SP_TRY(is_rest_equal(from, to, &is_equal));
    *out = is_equal && is_runtime_wider(from, to) && are_limits_wider(&from->limits, &to->limits) &&
           (from->only_listed || !to->only_listed) &&
           is_rule_wider(from->unknown_module, to->unknown_module) &&
           is_rule_wider(from->syntax, to->syntax) &&
           are_rules_wider(from->capability, to->capability, SP_CAPABILITY_COUNT) &&
           are_rules_wider(from->kind, to->kind, SP_KIND_COUNT) &&
           are_rules_wider(from->upload, to->upload, SP_UPLOAD_RULE_COUNT) &&
           is_map_wider(&from->modules, &to->modules) && is_map_wider(&from->names, &to->names) &&
           is_map_wider(&from->attributes, &to->attributes) &&
           is_map_wider(&from->strings, &to->strings);
    return SP_OK;
}

static struct sp_slice table_of(struct sp_slice text)
{
    for (size_t at = 0; at < text.len; at++) {
        at = sp_slice_find(text, at, '\n');
        struct sp_slice rest = sp_slice_sub(text, at, text.len - at);
        if (sp_slice_starts(rest, TABLE_LINE)) {
            return sp_slice_sub(rest, 1, sp_slice_find(rest, 1, '\n') - 1);
        }
    }
    return sp_slice_make(NULL, 0);
}

enum sp_err sp_policy_texts_widen(struct sp_slice from, struct sp_slice to, bool *out)
{
    struct sp_policy before;
    struct sp_policy after;
    struct sp_where where = {.text = {0}};
    *out = false;
    if (sp_slice_equal(from, to)) {
        *out = true;
        return SP_OK;
    }
    if (!sp_slice_equal(table_of(from), table_of(to))) {
        return SP_OK;
    }
    /* One that cannot be read any more was of another version. */
    if (sp_policy_load(from, sp_policy_source, NULL, &before, &where) != SP_OK) {
        return SP_OK;
    }
    enum sp_err err = sp_policy_load(to, sp_policy_source, NULL, &after, &where);
    if (err == SP_OK) {
        err = sp_policy_is_widening(&before, &after, out);
        sp_policy_done(&after);
    }
    sp_policy_done(&before);
    return err;
}
