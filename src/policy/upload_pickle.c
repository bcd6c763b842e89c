#include "base/num.h"
#include "format/npy.h"
#include "format/pickle.h"
#include "policy/judge_inner.h"
#include "policy/upload_inner.h"

/* What one pickle asked for; findings wait until it is sure that it is one. */
struct asked {
    struct sp_upload *u;
    bool is_told;     /* findings are reported, not only counted */
    unsigned harmful; /* globals that are not known as harmless */
};

/* Names of Python 2, which every loader translates. */
static struct sp_slice translate(struct sp_slice module)
{
    static const struct {
        const char *old;
        const char *now;
    } names[] = {{"__builtin__", "builtins"}, {"exceptions", "builtins"},
                 {"copy_reg", "copyreg"},     {"cPickle", "pickle"},
                 {"commands", "subprocess"},  {"UserDict", "collections"}};
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        if (sp_slice_is(module, names[i].old)) {
            return sp_slice_of(names[i].now);
        }
    }
    return module;
}

static size_t join(struct sp_slice module, struct sp_slice name, uint8_t *out, size_t room)
{
    size_t len = sp_slice_copy(module, out, room);
    len += sp_slice_copy(SP_SLICE_LITERAL("."), out + len, room - len);
    len += sp_slice_copy(name, out + len, room - len);
    return len;
}

/* A class of a package whose classes only hold data: "sklearn.tree._classes.DecisionTreeClassifier". */
static bool is_data_class(const struct sp_table *table, struct sp_slice module,
                          struct sp_slice name)
{
    size_t end = sp_slice_find(module, 0, '.');
    bool is_class = name.len > 0 && name.ptr[0] >= 'A' && name.ptr[0] <= 'Z' &&
                    sp_slice_find(name, 0, '.') == name.len;
    return is_class && sp_map_has(&table->pickle_packages, sp_slice_sub(module, 0, end));
}

static void check_global(struct asked *asked, struct sp_slice module, struct sp_slice name,
                         size_t at)
{
    struct sp_upload *u = asked->u;
    uint8_t text[2 * SP_PICKLE_NAME_MAX + 1];
    size_t known = 0;
    module = translate(module);
    struct sp_slice path = sp_slice_make(text, join(module, name, text, sizeof(text)));
    bool is_whole = module.len + name.len + 1 <= sizeof(text);
    struct judge_path own;
    uint32_t bits = sp_table_path(u->table, judge_canonical(u->judge, path, &own), &known) &
                    ~SP_CAPABILITY_BIT(SP_CAPABILITY_FILESYSTEM);
    if (is_whole && sp_map_has(&u->table->pickle_globals, path)) {
        return;
    }
    if (is_whole && bits == 0 && is_data_class(u->table, module, name)) {
        return;
    }
    asked->harmful++;
    if (!asked->is_told) {
        return;
    }
    u->out->capabilities |= bits | SP_CAPABILITY_BIT(SP_CAPABILITY_DESERIALIZE);
    for (unsigned i = 0; i < SP_CAPABILITY_COUNT; i++) {
        if ((bits & SP_CAPABILITY_BIT(i)) != 0) {
            upload_report(u, u->policy->capability[i], sp_capability_name((enum sp_capability)i),
                          "the pickle asks for %.*s at byte %zu, which %s", (int)path.len,
                          (const char *)path.ptr, at, sp_capability_text((enum sp_capability)i));
        }
    }
    if (bits == 0) {
        upload_report(u, u->policy->capability[SP_CAPABILITY_DESERIALIZE], "deserialize",
                      "the pickle asks for %.*s at byte %zu, which is not known to be harmless",
                      (int)path.len, (const char *)path.ptr, at);
    }
}

static bool on_event(void *ctx, enum sp_pickle_event event, struct sp_slice module,
                     struct sp_slice name, size_t at)
{
    struct asked *asked = ctx;
    enum sp_rule rule = asked->u->policy->capability[SP_CAPABILITY_DESERIALIZE];
    switch (event) {
    case SP_PICKLE_GLOBAL:
        check_global(asked, module, name, at);
        return true;
    case SP_PICKLE_COMPUTED:
    case SP_PICKLE_EXTENSION:
        asked->harmful++;
        if (asked->is_told) {
            upload_report(asked->u, rule, "deserialize",
                          "the pickle asks at byte %zu for a name that is computed", at);
        }
        return true;
    case SP_PICKLE_PERSISTENT:
        return true; /* whoever loads it decides what that is */
    }
    return false;
}

static void report_end(struct sp_upload *u, const struct sp_pickle_result *result)
{
    if (result->err == SP_OK) {
        return;
    }
    enum sp_rule rule = u->policy->capability[SP_CAPABILITY_DESERIALIZE];
    upload_report(u, rule, "deserialize",
                  result->has_raw_array ? "the pickle holds raw arrays (of joblib) at byte %zu and "
                                          "cannot be followed; use numpy.save"
                                        : "the pickle cannot be followed beyond byte %zu",
                  result->at);
}

static void judge(struct sp_upload *u, struct sp_slice bytes)
{
    struct asked asked = {.u = u, .is_told = true};
    struct sp_pickle_result result;
    if (sp_pickle_scan(bytes, on_event, &asked, &result) != SP_OK) {
        upload_report(u, SP_RULE_DENY, "limit", "memory does not do to read the pickle");
        return;
    }
    report_end(u, &result);
}

void upload_pickle_inside(struct sp_upload *u, struct sp_slice bytes)
{
    judge(u, bytes);
}

static bool is_named_pickle(struct sp_slice name)
{
    static const char *const endings[] = {".pkl",    ".pickle", ".pck",  ".pcl",
                                          ".joblib", ".p",      ".dill", ".sav"};
    for (size_t i = 0; i < SP_COUNT(endings); i++) {
        if (sp_slice_ends(name, endings[i])) {
            return true;
        }
    }
    return false;
}

static bool is_text(enum sp_kind kind)
{
    return kind == SP_KIND_TEXT || kind == SP_KIND_JSON || kind == SP_KIND_SCRIPT ||
           kind == SP_KIND_PYTHON;
}

/*
 * Any bytes may be read as a pickle, and one acts until it breaks. A text that happens to begin like one must end like one
 * as well; bytes need only to call something on the way.
 */
static bool is_pickle(const struct upload_file *file, const struct sp_pickle_result *result)
{
    bool begins = file->bytes.len > 2 && file->bytes.ptr[0] == 0x80 && file->bytes.ptr[1] <= 5;
    bool asks = result->globals > 0;
    bool ends = result->pickles > 0;
    if (is_named_pickle(file->name)) {
        return ends || asks || begins;
    }
    if (is_text(file->kind)) {
        return asks && ends;
    }
    return (begins && ends) || (asks && (result->calls > 0 || begins || ends));
}

bool upload_pickle(struct sp_upload *u, const struct upload_file *file)
{
    struct asked asked = {.u = u};
    struct sp_pickle_result result;
    if (file->bytes.len == 0) {
        return false;
    }
    if (sp_pickle_scan(file->bytes, on_event, &asked, &result) != SP_OK) {
        upload_report(u, SP_RULE_DENY, "limit", "memory does not do to look for a pickle");
        return false;
    }
    if (!is_pickle(file, &result)) {
        return false;
    }
    judge(u, file->bytes);
    return true;
}

void upload_array(struct sp_upload *u, const struct upload_file *file)
{
    struct sp_npy npy;
    if (sp_npy_open(file->bytes, &npy) != SP_OK) {
        upload_report_rule(u, SP_UPLOAD_OPAQUE, "the array's header cannot be read");
        return;
    }
    if (npy.has_objects) {
        judge(u, npy.data);
    }
}
