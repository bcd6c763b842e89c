#include "policy/judge_inner.h"
#include "policy/modules.h"

static bool put(struct judge_path *path, struct sp_slice part)
{
    size_t dot = path->len > 0 ? 1 : 0;
    if (part.len + dot > sizeof(path->text) - path->len) {
        return false;
    }
    if (dot != 0) {
        path->text[path->len] = '.';
        path->len++;
    }
    for (size_t i = 0; i < part.len; i++) {
        path->text[path->len + i] = part.ptr[i];
    }
    path->len += part.len;
    return true;
}

/* `http.cookiejar.urllib` is `urllib`, though an attribute of that name may be anything elsewhere. */
static void follow_exact(const struct sp_judge *j, struct judge_path *path)
{
    struct sp_slice target = sp_table_exact(j->table, sp_slice_make(path->text, path->len));
    if (target.len > 0) {
        path->len = 0;
        (void)put(path, target);
    }
}

struct sp_slice judge_canonical(const struct sp_judge *j, struct sp_slice path,
                                struct judge_path *out)
{
    out->len = 0;
    size_t at = 0;
    bool is_first = true;
    while (at < path.len) {
        size_t end = sp_slice_find(path, at, '.');
        struct sp_slice part = sp_slice_sub(path, at, end - at);
        struct sp_slice target = sp_table_reexport(j->table, part);
        if (!is_first && target.len > 0) {
            out->len = 0;
            part = target;
        }
        if (!put(out, part)) {
            return path;
        }
        if (!is_first && j->table->exact.count > 0) {
            follow_exact(j, out);
        }
        is_first = false;
        at = end + 1;
    }
    return sp_slice_make(out->text, out->len);
}

/* What the policy's own lists say; the longest entry that fits decides. */
static bool listed(const struct sp_map *map, struct sp_slice path, enum sp_rule *out,
                   size_t *out_len)
{
    size_t len = map->count == 0 ? 0 : path.len;
    while (len > 0) {
        uint32_t value = 0;
        if (sp_map_get(map, sp_slice_sub(path, 0, len), &value)) {
            *out = (enum sp_rule)value;
            *out_len = len;
            return true;
        }
        do {
            len--;
        } while (len > 0 && path.ptr[len] != '.');
    }
    return false;
}

static bool check_lists(struct sp_judge *j, struct sp_slice path, const struct sp_span *span,
                        bool *out_found)
{
    enum sp_rule rule = SP_RULE_DENY;
    size_t len = 0;
    enum sp_rule module_rule = SP_RULE_DENY;
    size_t module_len = 0;
    bool is_name = listed(&j->policy->names, path, &rule, &len);
    bool is_module = listed(&j->policy->modules, path, &module_rule, &module_len);
    if (!is_name && !is_module) {
        return false;
    }
    bool by_module = is_module && module_len > len;
    rule = by_module ? module_rule : rule;
    len = by_module ? module_len : len;
    /* The table may know something more special inside an allowed module. */
    size_t known_len = 0;
    uint32_t bits = sp_table_path(j->table, path, &known_len);
    if (rule == SP_RULE_ALLOW && known_len > len && bits != 0) {
        return false;
    }
    *out_found = rule != SP_RULE_ALLOW;
    judge_report(j, rule, by_module ? "module" : "name", span, "%.*s is on the policy's list",
                 (int)len, (const char *)path.ptr);
    return true;
}

bool judge_path_check(struct sp_judge *j, struct sp_slice path, const struct sp_span *span)
{
    struct judge_path own;
    struct sp_slice real = judge_canonical(j, path, &own);
    bool found = false;
    if (check_lists(j, real, span, &found)) {
        return found;
    }
    size_t len = 0;
    uint32_t bits = sp_table_path(j->table, real, &len);
    if (bits == 0) {
        /* As it is written: `pandas.io.pickle` is a module of its own. */
        real = path;
        bits = sp_table_path(j->table, real, &len);
    }
    if (bits != 0) {
        judge_capabilities(j, bits, span, sp_slice_sub(real, 0, len));
    }
    return bits != 0;
}

/* ---- imports ---- */

void sp_judge_know_uploaded(struct sp_judge *judge, struct sp_slice uploaded)
{
    judge->uploaded = uploaded;
}

void sp_judge_know_beside(struct sp_judge *judge, struct sp_slice beside, bool is_file)
{
    judge->beside = beside;
    judge->is_file = is_file;
}

/* A module of an upload was inspected when it came, and reaches no more than what was allowed there. */
static bool is_uploaded(const struct sp_judge *j, struct sp_slice module)
{
    struct sp_slice top = sp_slice_sub(module, 0, sp_slice_find(module, 0, '.'));
    if (top.len == 0) {
        return j->is_file;
    }
    return sp_modules_has(j->uploaded, top) || sp_modules_has(j->beside, top);
}

static void check_known(struct sp_judge *j, struct sp_slice module, const struct sp_span *span)
{
    size_t len = sp_slice_find(module, 0, '.');
    enum sp_rule rule = SP_RULE_DENY;
    size_t ignored = 0;
    bool is_listed = listed(&j->policy->modules, module, &rule, &ignored);
    bool is_main = j->is_timed && sp_slice_is(module, "__main__");
    if (is_listed || is_uploaded(j, module) || is_main) {
        return;
    }
    if (j->policy->only_listed) {
        judge_report(j, SP_RULE_DENY, "module", span,
                     "the module %.*s is not on the policy's list of allowed ones", (int)module.len,
                     (const char *)module.ptr);
        return;
    }
    if (len == 0 || !sp_map_has(&j->table->image, sp_slice_sub(module, 0, len))) {
        judge_report(j, j->policy->unknown_module, "unknown-module", span,
                     "the module %.*s is not part of the session image", (int)module.len,
                     (const char *)module.ptr);
    }
}

void judge_import_path(struct sp_judge *j, struct sp_slice path, bool is_module,
                       const struct sp_span *span)
{
    if (!judge_path_check(j, path, span) && is_module) {
        check_known(j, path, span);
    }
}

static void remember_star(struct sp_judge *j, struct sp_slice module, const struct sp_span *span)
{
    if (sp_map_has(&j->table->guarded, module)) {
        judge_capabilities(j, SP_CAPABILITY_BIT(SP_CAPABILITY_DYNAMIC_CODE), span, module);
    }
    if (!sp_map_has(&j->parents, module)) {
        return; /* it brings in nothing that a rule speaks of */
    }
    if (j->star_count == JUDGE_STARS_MAX) {
        judge_report(j, SP_RULE_DENY, "limit", span, "too many star imports");
        return;
    }
    for (size_t i = 0; i < module.len; i++) {
        j->star[j->star_count][i] = module.ptr[i];
    }
    j->star_len[j->star_count] = (uint16_t)module.len;
    j->star_count++;
}

/* No `as`: another name could not be recognised in later runs. What might hide one counts as one. */
static bool keeps_name(const struct sp_judge *j, const struct sp_import *import)
{
    const struct sp_lexer *lx = sp_facts_lexer(j->facts);
    struct sp_slice code = sp_slice_make(lx->ptr, lx->len);
    struct sp_slice head =
        sp_slice_sub(code, import->statement.start, import->place.start - import->statement.start);
    size_t at = import->place.end;
    while (at < code.len && (code.ptr[at] == ' ' || code.ptr[at] == '\t')) {
        at++;
    }
    uint8_t next = at < code.len ? code.ptr[at] : '\n';
    bool ends_line = next == '\n' || next == '\r' || next == '#';
    bool is_open = sp_slice_find(head, 0, '(') < head.len;
    return next == ',' || next == ';' || next == ')' || (ends_line && !is_open);
}

/* What is harmless as long as nothing is done with it is only looked for in the image. */
static void judge_import_module(struct sp_judge *j, struct sp_slice module, bool may_be_quiet,
                                const struct sp_span *span)
{
    if (may_be_quiet && sp_map_has(&j->table->imports, module)) {
        check_known(j, module, span);
    } else {
        judge_import_path(j, module, true, span);
    }
}

static void judge_import(struct sp_judge *j, const struct sp_import *import)
{
    uint8_t text[SP_FACTS_PATH_BYTES_MAX];
    size_t len = 0;
    if (sp_facts_module(j->facts, import, text, &len) != SP_OK) {
        judge_report(j, SP_RULE_DENY, "limit", &import->place, "the name of a module is too long");
        return;
    }
    struct sp_slice module = sp_slice_make(text, len);
    bool has_lists = j->policy->modules.count + j->policy->names.count > 0;
    bool is_quiet = !has_lists && !import->is_star && keeps_name(j, import);
    judge_import_module(j, module, is_quiet || (!has_lists && import->is_from && !import->is_star),
                        &import->place);
    if (import->is_star) {
        remember_star(j, module, &import->place);
        return;
    }
    if (import->name == SP_FACTS_NONE || import->dots > 0) {
        return;
    }
    struct judge_path path = {.len = 0};
    if (put(&path, module) && put(&path, sp_facts_symbol(j->facts, import->name)) &&
        !(is_quiet && sp_map_has(&j->table->imports, sp_slice_make(path.text, path.len)))) {
        (void)judge_path_check(j, sp_slice_make(path.text, path.len), &import->place);
    }
}

void judge_imports(struct sp_judge *j)
{
    size_t count = 0;
    const struct sp_import *imports = sp_facts_imports(j->facts, &count);
    for (size_t i = 0; i < count && !judge_is_full(j); i++) {
        judge_import(j, &imports[i]);
    }
}
