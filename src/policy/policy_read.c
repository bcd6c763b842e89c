#include "policy/policy_read.h"

#include <stdlib.h>

#include "base/nearest.h"
#include "base/num.h"
#include "codec/base64.h"

static enum sp_err wrong(const struct sp_toml_value *value, struct sp_where *where,
                         const char *what)
{
    struct sp_toml_place place = sp_toml_place(value);
    struct sp_slice key = sp_toml_key(value);
    sp_where_set(where, place.line, place.column, "%.*s: %s", (int)(key.len > 64 ? 64 : key.len),
                 (const char *)key.ptr, what);
    return SP_ERR_CONFIG;
}

/* Says what stands there instead of one of `words`, and which of them may have been meant. */
static enum sp_err unknown(struct sp_toml_place place, const char *what, struct sp_slice word,
                           const char *const *words, struct sp_where *where)
{
    struct sp_nearest nearest = sp_nearest_start(word);
    for (size_t i = 0; words[i] != NULL; i++) {
        sp_nearest_offer(&nearest, words[i]);
    }
    int len = (int)sp_size_min(word.len, 64);
    if (nearest.best != NULL) {
        sp_where_set(where, place.line, place.column, "unknown %s '%.*s'; did you mean '%s'?", what,
                     len, (const char *)word.ptr, nearest.best);
    } else {
        char all[256];
        size_t at = 0;
        for (size_t i = 0; words[i] != NULL; i++) {
            struct sp_slice text = sp_slice_of(words[i]);
            if (text.len + 3 > sizeof(all) - at) {
                break;
            }
            at += sp_slice_copy(sp_slice_of(i == 0 ? "" : ", "), all + at, sizeof(all) - at);
            at += sp_slice_copy(text, all + at, sizeof(all) - at);
        }
        sp_where_set(where, place.line, place.column, "unknown %s '%.*s'; there are %.*s", what,
                     len, (const char *)word.ptr, (int)at, all);
    }
    return SP_ERR_CONFIG;
}

static enum sp_err unknown_key(const struct sp_toml_value *value, const char *const *words,
                               struct sp_where *where)
{
    return unknown(sp_toml_key_place(value), "key", sp_toml_key(value), words, where);
}

static enum sp_err need_table(const struct sp_toml_value *value, struct sp_where *where)
{
    return sp_toml_type(value) == SP_TOML_TABLE ? SP_OK : wrong(value, where, "must be a table");
}

static enum sp_err read_rule(const struct sp_toml_value *value, enum sp_rule *out,
                             struct sp_where *where)
{
    static const char *const words[] = {"deny", "warn", "shadow", "allow", NULL};
    struct sp_slice text;
    if (sp_toml_string(value, &text) != SP_OK) {
        return wrong(value, where, "must be \"deny\", \"warn\", \"shadow\" or \"allow\"");
    }
    return sp_rule_from_name(text, out) == SP_OK
               ? SP_OK
               : unknown(sp_toml_place(value), "action", text, words, where);
}

/* ---- limits ---- */

struct limit {
    const char *name;
    size_t at; /* in the struct */
    uint64_t highest;
};

static const struct limit limits[] = {
#define SP_POLICY_LIMIT_AS_ROW(field, highest, otherwise)                                          \
    {#field, offsetof(struct sp_policy_limits, field), (highest)},
    SP_POLICY_LIMIT_LIST(SP_POLICY_LIMIT_AS_ROW)
#undef SP_POLICY_LIMIT_AS_ROW
};

static const char *const limit_names[] = {
#define SP_POLICY_LIMIT_AS_NAME(field, highest, otherwise) #field,
    SP_POLICY_LIMIT_LIST(SP_POLICY_LIMIT_AS_NAME)
#undef SP_POLICY_LIMIT_AS_NAME
        NULL};

static enum sp_err read_limit(const struct sp_toml_value *value, const struct limit *limit,
                              uint64_t *out, struct sp_where *where)
{
    int64_t number = 0;
    if (sp_toml_integer(value, &number) != SP_OK || number < 1 ||
        (uint64_t)number > limit->highest) {
        struct sp_toml_place place = sp_toml_place(value);
        sp_where_set(where, place.line, place.column, "%s: must be a number from 1 to %llu",
                     limit->name, (unsigned long long)limit->highest);
        return SP_ERR_CONFIG;
    }
    *out = (uint64_t)number;
    return SP_OK;
}

static enum sp_err read_limits(struct sp_policy *p, const struct sp_toml_value *table,
                               struct sp_where *where)
{
    SP_TRY(need_table(table, where));
    for (const struct sp_toml_value *v = sp_toml_first(table); v != NULL; v = sp_toml_next(v)) {
        const struct limit *found = NULL;
        for (size_t i = 0; i < SP_COUNT(limits); i++) {
            found = sp_slice_is(sp_toml_key(v), limits[i].name) ? &limits[i] : found;
        }
        if (found == NULL) {
            return unknown_key(v, limit_names, where);
        }
        uint64_t *field = (uint64_t *)(void *)((uint8_t *)&p->limits + found->at);
        SP_TRY(read_limit(v, found, field, where));
    }
    return SP_OK;
}

/* ---- tables of rules ---- */

static const char *const capability_names[] = {
#define SP_CAPABILITY_AS_WORD(id, word, text) word,
    SP_CAPABILITY_LIST(SP_CAPABILITY_AS_WORD)
#undef SP_CAPABILITY_AS_WORD
        NULL};

static const char *const upload_names[] = {
#define SP_UPLOAD_RULE_AS_WORD(id, word) word,
    SP_UPLOAD_RULE_LIST(SP_UPLOAD_RULE_AS_WORD)
#undef SP_UPLOAD_RULE_AS_WORD
        NULL};

static const char *const kind_names[] = {
#define SP_KIND_AS_WORD(id, word, text) word,
    SP_KIND_LIST(SP_KIND_AS_WORD)
#undef SP_KIND_AS_WORD
        NULL};

static const char *const list_names[] = {"deny", "warn", "shadow", "allow", NULL};
static const char *const module_list_names[] = {"deny", "warn", "shadow", "allow", "only", NULL};

static enum sp_err read_capabilities(struct sp_policy *p, const struct sp_toml_value *table,
                                     struct sp_where *where)
{
    SP_TRY(need_table(table, where));
    for (const struct sp_toml_value *v = sp_toml_first(table); v != NULL; v = sp_toml_next(v)) {
        enum sp_capability capability = SP_CAPABILITY_PROCESS;
        if (sp_capability_from_name(sp_toml_key(v), &capability) != SP_OK) {
            return unknown_key(v, capability_names, where);
        }
        SP_TRY(read_rule(v, &p->capability[capability], where));
    }
    return SP_OK;
}

static enum sp_err read_uploads(struct sp_policy *p, const struct sp_toml_value *table,
                                struct sp_where *where)
{
    SP_TRY(need_table(table, where));
    for (const struct sp_toml_value *v = sp_toml_first(table); v != NULL; v = sp_toml_next(v)) {
        unsigned found = 0;
        while (found < SP_UPLOAD_RULE_COUNT && !sp_slice_is(sp_toml_key(v), upload_names[found])) {
            found++;
        }
        if (found == SP_UPLOAD_RULE_COUNT) {
            return unknown_key(v, upload_names, where);
        }
        SP_TRY(read_rule(v, &p->upload[found], where));
    }
    return SP_OK;
}

static enum sp_err read_runtime_list(uint16_t *bits, const struct sp_toml_value *list,
                                     bool is_denied, struct sp_where *where)
{
    if (sp_toml_type(list) != SP_TOML_ARRAY) {
        return wrong(list, where, "must be a list of capabilities");
    }
    for (const struct sp_toml_value *item = sp_toml_first(list); item != NULL;
         item = sp_toml_next(item)) {
        enum sp_capability capability = SP_CAPABILITY_PROCESS;
        struct sp_slice text = {0};
        if (sp_toml_string(item, &text) != SP_OK) {
            return wrong(item, where, "a text is expected here");
        }
        if (sp_capability_from_name(text, &capability) != SP_OK) {
            return unknown(sp_toml_place(item), "capability", text, capability_names, where);
        }
        unsigned bit = SP_CAPABILITY_BIT(capability);
        *bits = (uint16_t)(is_denied ? *bits | bit : *bits & ~bit);
    }
    return SP_OK;
}

static enum sp_err read_runtime(struct sp_policy *p, const struct sp_toml_value *table,
                                struct sp_where *where)
{
    static const char *const words[] = {"deny", "allow", "own_code", NULL};
    SP_TRY(need_table(table, where));
    for (const struct sp_toml_value *v = sp_toml_first(table); v != NULL; v = sp_toml_next(v)) {
        bool is_deny = sp_slice_is(sp_toml_key(v), "deny");
        if (is_deny || sp_slice_is(sp_toml_key(v), "allow")) {
            SP_TRY(read_runtime_list(&p->runtime_denied, v, is_deny, where));
        } else if (!sp_slice_is(sp_toml_key(v), "own_code")) {
            return unknown_key(v, words, where);
        } else if (sp_toml_bool(v, &p->runtime_own_code) != SP_OK) {
            return wrong(v, where, "must be true or false");
        }
    }
    return SP_OK;
}

/* What is done with one text of a list. */
typedef enum sp_err list_fn(void *to, struct sp_slice text, enum sp_rule rule,
                            const struct sp_toml_value *item, struct sp_where *where);

static enum sp_err add_to_map(void *to, struct sp_slice text, enum sp_rule rule,
                              const struct sp_toml_value *item, struct sp_where *where)
{
    bool is_plain = text.len > 0 && text.len <= SP_POLICY_PATTERN_BYTES_MAX &&
                    sp_slice_find(text, 0, '(') == text.len;
    if (!is_plain) {
        return wrong(item, where, "a name or a pattern of 1 to 256 bytes is expected here");
    }
    return sp_map_put(to, text, (uint32_t)rule);
}

static enum sp_err set_kind(void *to, struct sp_slice text, enum sp_rule rule,
                            const struct sp_toml_value *item, struct sp_where *where)
{
    struct sp_policy *p = to;
    enum sp_kind kind = SP_KIND_UNKNOWN;
    if (sp_slice_is(text, "*")) {
        for (unsigned i = 0; i < SP_KIND_COUNT; i++) {
            p->kind[i] = rule;
        }
        return SP_OK;
    }
    if (sp_kind_from_name(text, &kind) != SP_OK) {
        return unknown(sp_toml_place(item), "type of file", text, kind_names, where);
    }
    p->kind[kind] = rule;
    return SP_OK;
}

static enum sp_err read_list(const struct sp_toml_value *list, enum sp_rule rule, list_fn *add,
                             void *to, struct sp_where *where)
{
    if (sp_toml_type(list) != SP_TOML_ARRAY) {
        return wrong(list, where, "must be a list of texts");
    }
    for (const struct sp_toml_value *item = sp_toml_first(list); item != NULL;
         item = sp_toml_next(item)) {
        struct sp_slice text;
        if (sp_toml_string(item, &text) != SP_OK) {
            return wrong(item, where, "a text is expected here");
        }
        SP_TRY(add(to, text, rule, item, where));
    }
    return SP_OK;
}

/* deny = [...], warn = [...], shadow = [...], allow = [...] */
static enum sp_err read_lists(const struct sp_toml_value *table, list_fn *add, void *to, bool *only,
                              struct sp_where *where)
{
    SP_TRY(need_table(table, where));
    for (const struct sp_toml_value *v = sp_toml_first(table); v != NULL; v = sp_toml_next(v)) {
        enum sp_rule rule = SP_RULE_DENY;
        if (only != NULL && sp_slice_is(sp_toml_key(v), "only")) {
            if (sp_toml_bool(v, only) != SP_OK) {
                return wrong(v, where, "must be true or false");
            }
            continue;
        }
        if (sp_rule_from_name(sp_toml_key(v), &rule) != SP_OK) {
            return unknown_key(v, only != NULL ? module_list_names : list_names, where);
        }
        SP_TRY(read_list(v, rule, add, to, where));
    }
    return SP_OK;
}

static enum sp_err read_python(struct sp_policy *p, const struct sp_toml_value *value,
                               struct sp_where *where)
{
    static const struct {
        const char *text;
        enum sp_policy_python python;
    } versions[] = {{"any", SP_POLICY_PYTHON_ANY},  {"3.8", SP_POLICY_PYTHON_311},
                    {"3.9", SP_POLICY_PYTHON_311},  {"3.10", SP_POLICY_PYTHON_311},
                    {"3.11", SP_POLICY_PYTHON_311}, {"3.12", SP_POLICY_PYTHON_312},
                    {"3.13", SP_POLICY_PYTHON_312}, {"3.14", SP_POLICY_PYTHON_314}};
    struct sp_slice text = {0};
    if (sp_toml_string(value, &text) == SP_OK) {
        for (size_t i = 0; i < SP_COUNT(versions); i++) {
            if (sp_slice_is(text, versions[i].text)) {
                p->python = versions[i].python;
                return SP_OK;
            }
        }
    }
    return wrong(value, where, "must be \"any\" or a version from \"3.8\" to \"3.14\"");
}

static enum sp_err read_name(struct sp_policy *p, const struct sp_toml_value *value,
                             struct sp_where *where)
{
    struct sp_slice text = {0};
    if (sp_toml_string(value, &text) != SP_OK || text.len == 0 ||
        text.len > SP_POLICY_NAME_BYTES_MAX) {
        return wrong(value, where, "must be a text of 1 to 64 bytes");
    }
    for (size_t i = 0; i < text.len; i++) {
        p->name[i] = (char)text.ptr[i];
    }
    p->name[text.len] = '\0';
    return SP_OK;
}

static enum sp_err read_mode(struct sp_policy *p, const struct sp_toml_value *value,
                             struct sp_where *where)
{
    struct sp_slice text = {0};
    bool is_text = sp_toml_string(value, &text) == SP_OK;
    if (!is_text || (!sp_slice_is(text, "cell") && !sp_slice_is(text, "text"))) {
        return wrong(value, where, "must be \"cell\" (IPython's escapes are read) or \"text\"");
    }
    p->is_cell = sp_slice_is(text, "cell");
    return SP_OK;
}

/* ---- tests ---- */

static enum sp_err read_expect(struct sp_policy_test *test, const struct sp_toml_value *value,
                               struct sp_where *where)
{
    enum sp_rule rule = SP_RULE_DENY;
    SP_TRY(read_rule(value, &rule, where));
    test->expects_deny = rule == SP_RULE_DENY;
    test->expects_finding = rule != SP_RULE_ALLOW;
    return SP_OK;
}

static enum sp_err read_test_rule(struct sp_policy_test *test, const struct sp_toml_value *v,
                                  struct sp_slice text, struct sp_where *where)
{
    if (text.len > SP_FINDING_RULE_MAX) {
        return wrong(v, where, "no rule has so long a name");
    }
    sp_slice_to_text(text, test->rule, sizeof(test->rule));
    return SP_OK;
}

/* Bytes that no text of TOML can hold. */
static enum sp_err read_test_base64(struct sp_policy_test *test, const struct sp_toml_value *v,
                                    struct sp_slice text, struct sp_where *where)
{
    SP_AUTO_BUF struct sp_buf bytes;
    sp_buf_init(&bytes, SP_POLICY_TEXT_BYTES_MAX);
    if (sp_base64_decode(SP_BASE64_STANDARD, text, &bytes) != SP_OK) {
        return wrong(v, where, "is not base64");
    }
    test->code = sp_buf_take(&bytes, &test->code_len);
    return test->code == NULL ? SP_ERR_NOMEM : SP_OK;
}

static enum sp_err read_test_member(struct sp_policy_test *test, const struct sp_toml_value *v,
                                    struct sp_where *where)
{
    static const char *const words[] = {"code", "file", "base64", "expect", "rule", NULL};
    struct sp_slice key = sp_toml_key(v);
    struct sp_slice text = {0};
    if (sp_slice_is(key, "expect")) {
        return read_expect(test, v, where);
    }
    if (sp_toml_string(v, &text) != SP_OK) {
        return wrong(v, where, "a text is expected here");
    }
    if (sp_slice_is(key, "rule")) {
        return read_test_rule(test, v, text, where);
    }
    if (sp_slice_is(key, "file")) {
        test->file = sp_slice_dup(text);
        return test->file == NULL ? wrong(v, where, "a file cannot have this name") : SP_OK;
    }
    bool is_code = sp_slice_is(key, "code");
    if (!is_code && !sp_slice_is(key, "base64")) {
        return unknown_key(v, words, where);
    }
    if (test->code != NULL) {
        return wrong(v, where, "a test has code or base64, not both");
    }
    if (!is_code) {
        return read_test_base64(test, v, text, where);
    }
    test->code = sp_slice_dup(text);
    test->code_len = text.len;
    return test->code == NULL ? wrong(v, where, "a test cannot hold this code") : SP_OK;
}

static enum sp_err read_tests(struct sp_policy *p, const struct sp_toml_value *list,
                              struct sp_where *where)
{
    size_t count = sp_toml_count(list);
    if (sp_toml_type(list) != SP_TOML_ARRAY || count > SP_POLICY_TESTS_MAX) {
        return wrong(list, where, "at most 1024 [[test]] tables");
    }
    p->tests = calloc(count + 1, sizeof(*p->tests));
    if (p->tests == NULL) {
        return SP_ERR_NOMEM;
    }
    for (const struct sp_toml_value *item = sp_toml_first(list); item != NULL;
         item = sp_toml_next(item)) {
        struct sp_policy_test *test = &p->tests[p->test_count];
        bool has_expect = sp_toml_get(item, "expect") != NULL;
        test->line = sp_toml_place(item).line;
        p->test_count++;
        for (const struct sp_toml_value *v = sp_toml_first(item); v != NULL; v = sp_toml_next(v)) {
            SP_TRY(read_test_member(test, v, where));
        }
        if (test->code == NULL || !has_expect) {
            return wrong(item, where, "a test needs code (or base64) and expect");
        }
    }
    return SP_OK;
}

/* ---- the whole ---- */

static const char *const keys[] = {
    "extends", "description", "name",         "python",  "mode",  "unknown_module",
    "syntax",  "limits",      "capabilities", "modules", "names", "attributes",
    "strings", "files",       "uploads",      "runtime", "test",  NULL};

static enum sp_err read_section(struct sp_policy *p, const struct sp_toml_value *v, bool is_own,
                                struct sp_where *where)
{
    struct sp_slice key = sp_toml_key(v);
    if (sp_slice_is(key, "limits")) {
        return read_limits(p, v, where);
    }
    if (sp_slice_is(key, "capabilities")) {
        return read_capabilities(p, v, where);
    }
    if (sp_slice_is(key, "modules")) {
        return read_lists(v, add_to_map, &p->modules, &p->only_listed, where);
    }
    if (sp_slice_is(key, "names")) {
        return read_lists(v, add_to_map, &p->names, NULL, where);
    }
    if (sp_slice_is(key, "attributes")) {
        return read_lists(v, add_to_map, &p->attributes, NULL, where);
    }
    if (sp_slice_is(key, "strings")) {
        return read_lists(v, add_to_map, &p->strings, NULL, where);
    }
    if (sp_slice_is(key, "files")) {
        return read_lists(v, set_kind, p, NULL, where);
    }
    if (sp_slice_is(key, "uploads")) {
        return read_uploads(p, v, where);
    }
    if (sp_slice_is(key, "runtime")) {
        return read_runtime(p, v, where);
    }
    if (sp_slice_is(key, "test")) {
        return is_own ? read_tests(p, v, where) : SP_OK;
    }
    return unknown_key(v, keys, where);
}

static enum sp_err read_member(struct sp_policy *p, const struct sp_toml_value *v, bool is_own,
                               struct sp_where *where)
{
    struct sp_slice key = sp_toml_key(v);
    if (sp_slice_is(key, "extends") || sp_slice_is(key, "description") ||
        sp_slice_is(key, "table")) {
        return SP_OK; /* `extends` was followed before; `table` is in resolved texts, to name the table of capabilities */
    }
    if (sp_slice_is(key, "name")) {
        return is_own ? read_name(p, v, where) : SP_OK;
    }
    if (sp_slice_is(key, "python")) {
        return read_python(p, v, where);
    }
    if (sp_slice_is(key, "mode")) {
        return read_mode(p, v, where);
    }
    if (sp_slice_is(key, "unknown_module")) {
        return read_rule(v, &p->unknown_module, where);
    }
    if (sp_slice_is(key, "syntax")) {
        return read_rule(v, &p->syntax, where);
    }
    return read_section(p, v, is_own, where);
}

enum sp_err sp_policy_read(struct sp_policy *p, const struct sp_toml_value *root, bool is_own,
                           struct sp_where *where)
{
    for (const struct sp_toml_value *v = sp_toml_first(root); v != NULL; v = sp_toml_next(v)) {
        SP_TRY(read_member(p, v, is_own, where));
    }
    return SP_OK;
}
