#include "base/num.h"
#include "python/facts_step.h"

/* Aliases of aliases are followed this far; code that needs more is refused. */
#define ROUNDS_MAX  16u
/* Bindings that are looked at beyond once each; a source with more is refused, so that its time stays in proportion. */
#define SETTLES_MAX 8192u

/* A dotted path under construction. */
struct path {
    uint32_t len;
    uint8_t text[SP_FACTS_PATH_BYTES_MAX];
};

static bool put(struct path *path, struct sp_slice part)
{
    if (part.len > sizeof(path->text) - path->len) {
        return false;
    }
    for (size_t i = 0; i < part.len; i++) {
        path->text[path->len + i] = part.ptr[i];
    }
    path->len += (uint32_t)part.len;
    return true;
}

static bool put_segment(struct path *path, struct sp_slice part)
{
    return (path->len == 0 || put(path, SP_SLICE_LITERAL("."))) && put(path, part);
}

static bool put_segments(const struct sp_facts *f, struct path *path, uint32_t at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!put_segment(path, sp_facts_symbol(f, f->segments[at + i]))) {
            return false;
        }
    }
    return true;
}

static struct sp_slice meaning_text(const struct sp_facts *f, uint32_t meaning)
{
    return sp_slice_make(f->texts + f->meanings[meaning].text_at, f->meanings[meaning].len);
}

/* ---- paths of a reference, by the meanings known so far ---- */

static void start_paths(struct sp_paths *out)
{
    out->count = 0;
    out->is_import = false;
    out->is_bound = false;
}

static enum sp_err add_path(struct sp_paths *out, const struct path *path)
{
    struct sp_slice text = sp_slice_make(path->text, path->len);
    for (unsigned i = 0; i < out->count; i++) {
        if (sp_slice_equal(text, sp_slice_make(out->text[i], out->len[i]))) {
            return SP_OK;
        }
    }
    if (out->count == SP_FACTS_PATHS_MAX) {
        return SP_ERR_FULL;
    }
    for (uint32_t i = 0; i < path->len; i++) {
        out->text[out->count][i] = path->text[i];
    }
    out->len[out->count] = (uint16_t)path->len;
    out->count++;
    return SP_OK;
}

/* Every meaning of a symbol with a tail of segments behind it; a name that no import binds also stands for itself. */
static enum sp_err symbol_paths(const struct sp_facts *f, uint32_t symbol,
                                const struct sp_ref *tail, struct sp_paths *out)
{
    const struct facts_symbol *s = &f->symbols[symbol];
    bool is_lone = tail == NULL || sp_facts_is_lone(tail);
    uint32_t at = is_lone ? 0 : tail->path_at + 1;
    uint32_t count = is_lone ? 0 : tail->count - 1U;
    out->is_import = out->is_import || s->meaning != SP_FACTS_NONE;
    out->is_bound = out->is_bound || (s->flags & SYMBOL_BOUND) != 0;
    for (uint32_t m = s->meaning; m != SP_FACTS_NONE; m = f->meanings[m].next) {
        SP_ROOM struct path path;
        path.len = 0;
        if (!put(&path, meaning_text(f, m)) || !put_segments(f, &path, at, count)) {
            return SP_ERR_FULL;
        }
        SP_TRY(add_path(out, &path));
    }
    if (s->meaning == SP_FACTS_NONE) {
        SP_ROOM struct path path;
        path.len = 0;
        if (!put(&path, sp_facts_symbol(f, symbol)) || !put_segments(f, &path, at, count)) {
            /* Longer than any name that a rule speaks of. */
            return SP_OK;
        }
        SP_TRY(add_path(out, &path));
    }
    return SP_OK;
}

static bool is_importer(struct sp_slice path)
{
    /* The last one is bound by an earlier run, or by none. */
    static const char *const names[] = {"__import__", "builtins.__import__",
                                        "importlib.import_module", "importlib.__import__",
                                        "import_module"};
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        if (sp_slice_is(path, names[i])) {
            return true;
        }
    }
    return false;
}

/* A constant as one more part of a path; false when it is no name. */
static bool put_constant(const struct sp_facts *f, struct path *path, uint32_t index)
{
    SP_ROOM uint8_t text[SP_FACTS_CONST_BYTES_MAX];
    size_t len = 0;
    const struct sp_const *constant = sp_facts_const(f, index);
    if (constant == NULL || sp_facts_decode(f, constant, text, &len) != SP_OK) {
        return false;
    }
    return put_segment(path, sp_slice_make(text, len));
}

/* __import__('os.path') gives os, unless names are asked for. */
static enum sp_err add_top(const struct sp_facts *f, const struct sp_call *call,
                           const struct path *path, struct sp_paths *out)
{
    struct path whole = {.len = 0};
    struct path top = {.len = 0};
    if (!put_constant(f, &whole, call->arg0)) {
        return SP_OK;
    }
    struct sp_slice name = sp_slice_make(whole.text, whole.len);
    size_t dot = sp_slice_find(name, 0, '.');
    struct sp_slice rest = sp_slice_make(path->text + name.len, path->len - name.len);
    if (dot < name.len && put(&top, sp_slice_sub(name, 0, dot)) && put(&top, rest)) {
        return add_path(out, &top);
    }
    return SP_OK;
}

static bool is_getter(struct sp_slice path)
{
    return sp_slice_is(path, "getattr") || sp_slice_is(path, "builtins.getattr");
}

/* The paths of a reference that is no call's result. */
static enum sp_err plain_paths(const struct sp_facts *f, uint32_t index, struct sp_paths *out)
{
    const struct sp_ref *ref = &f->refs[index];
    if (ref->root != SP_ROOT_NAME) {
        return SP_OK;
    }
    return symbol_paths(f, sp_facts_first(f, ref), ref, out);
}

/* getattr(a.b, 'c') is a.b.c. */
static enum sp_err getter_paths(const struct sp_facts *f, const struct sp_call *call,
                                const struct sp_ref *ref, struct sp_paths *out)
{
    SP_ROOM struct sp_paths objects;
    start_paths(&objects);
    if (call->arg0_ref == SP_FACTS_NONE || call->arg1 == SP_FACTS_NONE) {
        return SP_OK;
    }
    SP_TRY(plain_paths(f, call->arg0_ref, &objects));
    out->is_import = objects.is_import;
    out->is_bound = objects.is_bound;
    for (unsigned i = 0; i < objects.count; i++) {
        SP_ROOM struct path path;
        path.len = 0;
        if (put(&path, sp_slice_make(objects.text[i], objects.len[i])) &&
            put_constant(f, &path, call->arg1) &&
            put_segments(f, &path, sp_facts_path_at(ref), ref->count)) {
            SP_TRY(add_path(out, &path));
        }
    }
    return SP_OK;
}

/* What a call's result stands for: the module that it imports, or the attribute that it fetches. */
static enum sp_err call_paths(const struct sp_facts *f, const struct sp_ref *ref,
                              struct sp_paths *out)
{
    SP_ROOM struct sp_paths callee;
    start_paths(&callee);
    uint32_t base = sp_facts_base(f, ref);
    if (base >= f->call_count || f->calls[base].callee == SP_FACTS_NONE) {
        return SP_OK;
    }
    const struct sp_call *call = &f->calls[base];
    if (call->arg0 == SP_FACTS_NONE && call->arg1 == SP_FACTS_NONE) {
        return SP_OK; /* whatever is called, what it gives back is not known */
    }
    SP_TRY(plain_paths(f, call->callee, &callee));
    for (unsigned i = 0; i < callee.count; i++) {
        struct sp_slice name = sp_slice_make(callee.text[i], callee.len[i]);
        SP_ROOM struct path path;
        path.len = 0;
        if (is_importer(name) && call->arg0 != SP_FACTS_NONE &&
            put_constant(f, &path, call->arg0) &&
            put_segments(f, &path, sp_facts_path_at(ref), ref->count)) {
            out->is_import = true;
            SP_TRY(add_path(out, &path));
            SP_TRY(add_top(f, call, &path, out));
        }
        if (is_getter(name)) {
            SP_TRY(getter_paths(f, call, ref, out));
        }
    }
    return SP_OK;
}

static enum sp_err ref_paths(const struct sp_facts *f, const struct sp_ref *ref,
                             struct sp_paths *out)
{
    start_paths(out);
    if (ref->root == SP_ROOT_NAME) {
        return symbol_paths(f, sp_facts_first(f, ref), ref, out);
    }
    return ref->root == SP_ROOT_CALL ? call_paths(f, ref, out) : SP_OK;
}

enum sp_err sp_facts_resolve(const struct sp_facts *facts, const struct sp_ref *ref,
                             struct sp_paths *out)
{
    return facts->is_lost ? SP_ERR_FULL : ref_paths(facts, ref, out);
}

enum sp_err sp_facts_resolve_symbol(const struct sp_facts *facts, uint32_t symbol,
                                    struct sp_paths *out)
{
    start_paths(out);
    if (symbol >= facts->symbol_count || facts->symbols[symbol].meaning == SP_FACTS_NONE) {
        return SP_OK;
    }
    return symbol_paths(facts, symbol, NULL, out);
}

/* ---- meanings of symbols ---- */

/* For one more meaning. */
static bool has_room(struct sp_facts *f, uint32_t len)
{
    bool is_full =
        f->meaning_count == f->meaning_max && sp_facts_more(f, FACTS_MEANINGS, 1) != SP_OK;
    bool is_long = len > f->text_max - f->text_bytes && sp_facts_more(f, FACTS_TEXTS, len) != SP_OK;
    return !is_full && !is_long;
}

/* Whether a rule may speak of one of the names in the path: `head.next.next` says nothing. */
static bool tells(const struct sp_facts *f, struct sp_slice path)
{
    size_t at = 0;
    while (f->is_word != NULL && at < path.len) {
        size_t end = sp_slice_find(path, at, '.');
        if (f->is_word(f->word_context, sp_slice_sub(path, at, end - at))) {
            return true;
        }
        at = end + 1;
    }
    return f->is_word == NULL;
}

void sp_facts_heed(struct sp_facts *facts, sp_facts_word_fn *is_word, const void *context)
{
    facts->is_word = is_word;
    facts->word_context = context;
}

/* True when the meaning is new. */
static bool add_meaning(struct sp_facts *f, uint32_t symbol, struct sp_slice text)
{
    struct facts_symbol *s = &f->symbols[symbol];
    unsigned count = 0;
    for (uint32_t m = s->meaning; m != SP_FACTS_NONE; m = f->meanings[m].next) {
        if (sp_slice_equal(meaning_text(f, m), text)) {
            return false;
        }
        count++;
    }
    if (count == SP_FACTS_PATHS_MAX && !tells(f, text)) {
        return false;
    }
    if (count == SP_FACTS_PATHS_MAX || !has_room(f, (uint32_t)text.len)) {
        f->is_lost = true;
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        f->texts[f->text_bytes + i] = text.ptr[i];
    }
    f->meanings[f->meaning_count] = (struct facts_meaning){
        .next = s->meaning, .text_at = f->text_bytes, .len = (uint32_t)text.len};
    s->meaning = f->meaning_count;
    f->meaning_count++;
    f->text_bytes += (uint32_t)text.len;
    return true;
}

static bool settle_import(struct sp_facts *f, const struct facts_binding *b)
{
    SP_ROOM struct path path;
    path.len = 0;
    if (!put_segments(f, &path, b->path_at, b->count)) {
        f->is_lost = true;
        return false;
    }
    return add_meaning(f, b->symbol, sp_slice_make(path.text, path.len));
}

/* A name for another name has all its meanings. */
static bool settle_name(struct sp_facts *f, uint32_t symbol, uint32_t other)
{
    bool is_new = false;
    uint32_t m = f->symbols[other].meaning;
    for (; m != SP_FACTS_NONE && !f->is_lost && symbol != other; m = f->meanings[m].next) {
        is_new = add_meaning(f, symbol, meaning_text(f, m)) || is_new;
    }
    return is_new;
}

static bool settle_alias(struct sp_facts *f, const struct facts_binding *b)
{
    SP_ROOM struct sp_paths paths;
    const struct sp_ref *ref = &f->refs[b->ref];
    bool is_new = false;
    if (ref_paths(f, ref, &paths) != SP_OK) {
        f->is_lost = true;
        return false;
    }
    /* A name that this source binds to something unknown gives nothing to follow. */
    if (!paths.is_import && paths.is_bound) {
        return false;
    }
    for (unsigned i = 0; i < paths.count && !f->is_lost; i++) {
        is_new = add_meaning(f, b->symbol, sp_slice_make(paths.text[i], paths.len[i])) || is_new;
    }
    return is_new;
}

/* Whether the binding can bring something new: what it stands for has changed since it was last looked at. */
static bool is_due(const struct sp_facts *f, const struct facts_binding *b, uint32_t round)
{
    if (b->ref == SP_FACTS_NONE) {
        return false;
    }
    const struct sp_ref *ref = &f->refs[b->ref];
    return ref->root != SP_ROOT_NAME || round == 1 ||
           f->symbols[sp_facts_first(f, ref)].round + 1U >= round;
}

/* True when it brought something new. */
static bool settle_binding(struct sp_facts *f, const struct facts_binding *b)
{
    const struct sp_ref *ref = &f->refs[b->ref];
    if (ref->root != SP_ROOT_NAME) {
        return settle_alias(f, b);
    }
    uint32_t root = sp_facts_first(f, ref);
    bool is_name = ref->count == 1 && f->symbols[root].meaning != SP_FACTS_NONE;
    return is_name ? settle_name(f, b->symbol, root) : settle_alias(f, b);
}

void sp_facts_settle(struct sp_facts *f)
{
    for (uint32_t i = 0; i < f->binding_count; i++) {
        if (f->bindings[i].ref == SP_FACTS_NONE) {
            (void)settle_import(f, &f->bindings[i]);
        }
    }
    uint32_t left = f->binding_count + SETTLES_MAX;
    bool has_new = true;
    for (uint32_t round = 1; has_new && !f->is_lost; round++) {
        has_new = false;
        for (uint32_t i = 0; i < f->binding_count && !f->is_lost; i++) {
            if (!is_due(f, &f->bindings[i], round)) {
                continue;
            }
            if (left == 0) {
                f->is_lost = true;
                return;
            }
            left--;
            if (settle_binding(f, &f->bindings[i])) {
                f->symbols[f->bindings[i].symbol].round = (uint8_t)round;
                has_new = true;
            }
        }
        f->is_lost = f->is_lost || (has_new && round == ROUNDS_MAX);
    }
}

enum sp_err sp_facts_module(const struct sp_facts *facts, const struct sp_import *import,
                            uint8_t out[SP_FACTS_PATH_BYTES_MAX], size_t *out_len)
{
    SP_ROOM struct path path;
    path.len = 0;
    for (unsigned i = 0; i < import->dots; i++) {
        if (!put(&path, SP_SLICE_LITERAL("."))) {
            return SP_ERR_TOO_BIG;
        }
    }
    for (unsigned i = 0; i < import->module_count; i++) {
        struct sp_slice part = sp_facts_symbol(facts, facts->segments[import->module_at + i]);
        if ((i > 0 && !put(&path, SP_SLICE_LITERAL("."))) || !put(&path, part)) {
            return SP_ERR_TOO_BIG;
        }
    }
    for (uint32_t i = 0; i < path.len; i++) {
        out[i] = path.text[i];
    }
    *out_len = path.len;
    return SP_OK;
}
