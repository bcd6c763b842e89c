#include "policy/policy_read.h"

#include <stdlib.h>

static enum sp_err wrong(const struct sp_toml_value *value, struct sp_where *where,
                         const char *what)
{
    struct sp_toml_place place = sp_toml_place(value);
    struct sp_slice key = sp_toml_key(value);
    sp_where_set(where, place.line, place.column, "%.*s: %s", (int)(key.len > 64 ? 64 : key.len),
                 (const char *)key.ptr, what);
    return SP_ERR_CONFIG;
}

static enum sp_err unknown_key(const struct sp_toml_value *value, struct sp_where *where)
{
    struct sp_toml_place place = sp_toml_key_place(value);
    struct sp_slice key = sp_toml_key(value);
    sp_where_set(where, place.line, place.column, "unknown key '%.*s'",
                 (int)(key.len > 64 ? 64 : key.len), (const char *)key.ptr);
    return SP_ERR_CONFIG;
}

static enum sp_err read_rule(const struct sp_toml_value *value, enum sp_rule *out,
                             struct sp_where *where)
{
    struct sp_slice text;
    if (sp_toml_string(value, &text) != SP_OK || sp_rule_from_name(text, out) != SP_OK) {
        return wrong(value, where, "must be \"deny\", \"warn\", \"shadow\" or \"allow\"");
    }
    return SP_OK;
}

static enum sp_err read_limit(const struct sp_toml_value *value, uint64_t *out,
                              struct sp_where *where)
{
    int64_t number = 0;
    if (sp_toml_integer(value, &number) != SP_OK || number < 1 || number > 64 * 1024 * 1024) {
        return wrong(value, where, "must be a number from 1 to 67108864");
    }
    *out = (uint64_t)number;
    return SP_OK;
}

static enum sp_err read_limits(struct sp_policy *p, const struct sp_toml_value *table,
                               struct sp_where *where)
{
    for (const struct sp_toml_value *v = sp_toml_first(table); v != NULL; v = sp_toml_next(v)) {
        struct sp_slice key = sp_toml_key(v);
        uint64_t *field = sp_slice_is(key, "code_bytes") ? &p->limits.code_bytes
                          : sp_slice_is(key, "lines")    ? &p->limits.lines
                          : sp_slice_is(key, "depth")    ? &p->limits.depth
                                                         : NULL;
        if (field == NULL) {
            return unknown_key(v, where);
        }
        SP_TRY(read_limit(v, field, where));
    }
    return SP_OK;
}

static enum sp_err read_capabilities(struct sp_policy *p, const struct sp_toml_value *table,
                                     struct sp_where *where)
{
    for (const struct sp_toml_value *v = sp_toml_first(table); v != NULL; v = sp_toml_next(v)) {
        enum sp_capability capability = SP_CAPABILITY_PROCESS;
        if (sp_capability_from_name(sp_toml_key(v), &capability) != SP_OK) {
            return unknown_key(v, where);
        }
        SP_TRY(read_rule(v, &p->capability[capability], where));
    }
    return SP_OK;
}

/* deny = [...], warn = [...], shadow = [...], allow = [...] */
static enum sp_err read_lists(struct sp_map *map, const struct sp_toml_value *table, bool *only,
                              struct sp_where *where)
{
    for (const struct sp_toml_value *v = sp_toml_first(table); v != NULL; v = sp_toml_next(v)) {
        enum sp_rule rule = SP_RULE_DENY;
        if (only != NULL && sp_slice_is(sp_toml_key(v), "only")) {
            if (sp_toml_bool(v, only) != SP_OK) {
                return wrong(v, where, "must be true or false");
            }
            continue;
        }
        if (sp_rule_from_name(sp_toml_key(v), &rule) != SP_OK) {
            return unknown_key(v, where);
        }
        for (const struct sp_toml_value *item = sp_toml_first(v); item != NULL;
             item = sp_toml_next(item)) {
            struct sp_slice text;
            if (sp_toml_string(item, &text) != SP_OK || text.len == 0) {
                return wrong(item, where, "a dotted name is expected here");
            }
            SP_TRY(sp_map_put(map, text, (uint32_t)rule));
        }
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

static enum sp_err read_test_member(struct sp_policy_test *test, const struct sp_toml_value *v,
                                    struct sp_where *where)
{
    struct sp_slice key = sp_toml_key(v);
    struct sp_slice text = {0};
    if (sp_slice_is(key, "expect")) {
        return read_expect(test, v, where);
    }
    if (!sp_slice_is(key, "code") && !sp_slice_is(key, "rule")) {
        return unknown_key(v, where);
    }
    if (sp_toml_string(v, &text) != SP_OK) {
        return wrong(v, where, "a text is expected here");
    }
    if (sp_slice_is(key, "code")) {
        test->code = sp_slice_dup(text);
        test->code_len = text.len;
        return test->code == NULL ? wrong(v, where, "a test cannot hold this code") : SP_OK;
    }
    if (text.len > SP_FINDING_RULE_MAX) {
        return wrong(v, where, "no rule has so long a name");
    }
    for (size_t i = 0; i < text.len; i++) {
        test->rule[i] = (char)text.ptr[i];
    }
    return SP_OK;
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
            return wrong(item, where, "a test needs code and expect");
        }
    }
    return SP_OK;
}

/* ---- the whole ---- */

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
        return read_lists(&p->modules, v, &p->only_listed, where);
    }
    if (sp_slice_is(key, "names")) {
        return read_lists(&p->names, v, NULL, where);
    }
    if (sp_slice_is(key, "attributes")) {
        return read_lists(&p->attributes, v, NULL, where);
    }
    if (sp_slice_is(key, "test")) {
        return is_own ? read_tests(p, v, where) : SP_OK;
    }
    return unknown_key(v, where);
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
