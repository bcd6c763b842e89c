#include "policy/policy.h"

#include <stdlib.h>

#include "base/nearest.h"
#include "codec/toml.h"
#include "policy/embedded.h"
#include "policy/policy_read.h"

static const char *const rule_names[SP_RULE_COUNT] = {"deny", "warn", "shadow", "allow"};

const char *sp_rule_name(enum sp_rule rule)
{
    return (unsigned)rule < SP_RULE_COUNT ? rule_names[rule] : "deny";
}

const char *sp_upload_rule_name(enum sp_upload_rule rule)
{
    static const char *const names[SP_UPLOAD_RULE_COUNT] = {
#define SP_UPLOAD_RULE_AS_ROW(id, word) [id] = (word),
        SP_UPLOAD_RULE_LIST(SP_UPLOAD_RULE_AS_ROW)
#undef SP_UPLOAD_RULE_AS_ROW
    };
    return (unsigned)rule < SP_UPLOAD_RULE_COUNT ? names[rule] : "opaque";
}

enum sp_err sp_rule_from_name(struct sp_slice name, enum sp_rule *out)
{
    for (unsigned i = 0; i < SP_RULE_COUNT; i++) {
        if (sp_slice_is(name, rule_names[i])) {
            *out = (enum sp_rule)i;
            return SP_OK;
        }
    }
    return SP_ERR_INVALID;
}

/* What a policy says that says nothing: everything is denied. */
static void start(struct sp_policy *p)
{
    *p = (struct sp_policy){.python = SP_POLICY_PYTHON_311,
                            .is_cell = true,
                            .limits = {
#define SP_POLICY_LIMIT_AS_DEFAULT(field, highest, otherwise) .field = (otherwise),
                                SP_POLICY_LIMIT_LIST(SP_POLICY_LIMIT_AS_DEFAULT)
#undef SP_POLICY_LIMIT_AS_DEFAULT
                            }};
    sp_map_init(&p->modules);
    sp_map_init(&p->names);
    sp_map_init(&p->attributes);
    sp_map_init(&p->strings);
}

static enum sp_err set_name(struct sp_policy *p, struct sp_slice name)
{
    if (name.len == 0 || name.len > SP_POLICY_NAME_BYTES_MAX) {
        return SP_ERR_RANGE;
    }
    for (size_t i = 0; i < name.len; i++) {
        p->name[i] = (char)name.ptr[i];
    }
    p->name[name.len] = '\0';
    return SP_OK;
}

/* A file that says no name is called as it is itself, without its folder and ".toml". */
static struct sp_slice name_of_file(struct sp_slice path)
{
    struct sp_slice name = sp_kind_base_name(path);
    size_t len = sizeof(".toml") - 1;
    return sp_slice_ends(name, ".toml") && name.len > len ? sp_slice_sub(name, 0, name.len - len)
                                                          : name;
}

/* The chain of files, from the one that was asked for up to the one that extends nothing. */
struct chain {
    struct sp_toml *docs[SP_POLICY_EXTENDS_MAX];
    unsigned count;
};

static const struct sp_toml_value *extends_of(const struct chain *chain, unsigned index)
{
    return sp_toml_get(sp_toml_root(chain->docs[index]), "extends");
}

/* A mistake in a file that is extended: the place that is told is in the file that was asked for. */
static void place_in_child(const struct chain *chain, unsigned index, struct sp_where *where)
{
    struct sp_slice name = {NULL, 0};
    if (index == 0 || where == NULL ||
        sp_toml_string(extends_of(chain, index - 1), &name) != SP_OK) {
        return;
    }
    struct sp_where inner = *where;
    struct sp_toml_place place = sp_toml_place(extends_of(chain, 0));
    sp_where_set(where, place.line, place.column, "in '%.*s', line %u, column %u: %s",
                 (int)(name.len > 64 ? 64 : name.len), (const char *)name.ptr, inner.line,
                 inner.column, inner.text);
}

static void cannot_be_found(struct sp_toml_place place, struct sp_slice name,
                            struct sp_where *where)
{
    struct sp_nearest nearest = sp_nearest_start(name);
    for (size_t i = 0; sp_policy_builtin(i) != NULL; i++) {
        sp_nearest_offer(&nearest, sp_policy_builtin(i));
    }
    int len = (int)(name.len > 64 ? 64 : name.len);
    if (nearest.best != NULL) {
        sp_where_set(where, place.line, place.column,
                     "there is no policy '%.*s'; did you mean '%s'?", len, (const char *)name.ptr,
                     nearest.best);
    } else {
        sp_where_set(where, place.line, place.column,
                     "there is no policy '%.*s', built in or as a file", len,
                     (const char *)name.ptr);
    }
}

static void done_chain(struct chain *chain)
{
    for (unsigned i = 0; i < chain->count; i++) {
        sp_toml_free(chain->docs[i]);
    }
}

static enum sp_err follow(struct chain *chain, struct sp_slice text, sp_policy_source_fn *source,
                          void *ctx, struct sp_where *where)
{
    SP_AUTO_BUF struct sp_buf parent;
    sp_buf_init(&parent, SP_POLICY_TEXT_BYTES_MAX);
    for (;;) {
        enum sp_err err = sp_toml_parse(text, &chain->docs[chain->count], where);
        if (err != SP_OK) {
            place_in_child(chain, chain->count, where);
            return err;
        }
        const struct sp_toml_value *extends = extends_of(chain, chain->count);
        struct sp_slice name = {NULL, 0};
        chain->count++;
        if (extends == NULL) {
            return SP_OK;
        }
        struct sp_toml_place place = sp_toml_place(extends);
        if (chain->count == SP_POLICY_EXTENDS_MAX) {
            sp_where_set(where, place.line, place.column, "too many policies extend one another");
            return SP_ERR_CONFIG;
        }
        sp_buf_clear(&parent);
        if (sp_toml_string(extends, &name) != SP_OK || source == NULL ||
            source(ctx, name, &parent) != SP_OK) {
            cannot_be_found(place, name, where);
            return SP_ERR_CONFIG;
        }
        text = sp_buf_slice(&parent);
    }
}

enum sp_err sp_policy_load(struct sp_slice text, sp_policy_source_fn *source, void *ctx,
                           struct sp_policy *out, struct sp_where *out_where)
{
    struct chain chain = {.count = 0};
    start(out);
    enum sp_err err = text.len > SP_POLICY_TEXT_BYTES_MAX
                          ? SP_ERR_TOO_BIG
                          : follow(&chain, text, source, ctx, out_where);
    for (unsigned i = chain.count; i > 0 && err == SP_OK; i--) {
        bool is_own = i == 1;
        err = sp_policy_read(out, sp_toml_root(chain.docs[i - 1]), is_own, out_where);
        if (err != SP_OK) {
            place_in_child(&chain, i - 1, out_where);
        }
    }
    done_chain(&chain);
    if (err != SP_OK) {
        sp_policy_done(out);
    }
    return err;
}

enum sp_err sp_policy_open(struct sp_slice name, struct sp_policy *out, struct sp_where *out_where)
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, SP_POLICY_TEXT_BYTES_MAX);
    enum sp_err err = sp_policy_source(NULL, name, &text);
    if (err != SP_OK) {
        cannot_be_found((struct sp_toml_place){.line = 0}, name, out_where);
        return err;
    }
    SP_TRY(sp_policy_load(sp_buf_slice(&text), sp_policy_source, NULL, out, out_where));
    if (out->name[0] == '\0' && set_name(out, name_of_file(name)) != SP_OK) {
        sp_where_set(out_where, 0, 0,
                     "the name of a policy has 1 to 64 bytes: give it one by name = \"...\"");
        sp_policy_done(out);
        return SP_ERR_CONFIG;
    }
    return SP_OK;
}

void sp_policy_done(struct sp_policy *policy)
{
    for (size_t i = 0; i < policy->test_count; i++) {
        free(policy->tests[i].code);
        free(policy->tests[i].file);
    }
    free(policy->tests);
    policy->tests = NULL;
    policy->test_count = 0;
    sp_map_done(&policy->modules);
    sp_map_done(&policy->names);
    sp_map_done(&policy->attributes);
    sp_map_done(&policy->strings);
}

const char *sp_policy_builtin(size_t index)
{
    size_t seen = 0;
    for (size_t i = 0; i < sp_embedded_count; i++) {
        if (sp_slice_is(sp_slice_of(sp_embedded_files[i].name), "capabilities")) {
            continue;
        }
        if (seen == index) {
            return sp_embedded_files[i].name;
        }
        seen++;
    }
    return NULL;
}
