#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "codec/json.h"
#include "policy/modules.h"
#include "policy/upload_inner.h"
#include "python/source.h"

#define NOTEBOOK_DEPTH_MAX 64U
#define CELLS_MAX          4096U

/* ---- modules ---- */

/*
 * Other code will import this file, and its facts are not known then: a guarded module must not go by a name under which
 * the table would not know it. `import os as x` here, and `helper.x.system()` there.
 */
static void check_renamed(struct sp_upload *u, const struct sp_facts *facts)
{
    enum sp_rule rule = u->policy->capability[SP_CAPABILITY_DYNAMIC_CODE];
    for (size_t i = 0; i < sp_facts_symbol_count(facts); i++) {
        struct sp_paths paths;
        uint32_t symbol = (uint32_t)i;
        struct sp_slice name = sp_facts_symbol(facts, symbol);
        if (!sp_facts_has_meaning(facts, symbol) ||
            sp_facts_resolve_symbol(facts, symbol, &paths) != SP_OK) {
            continue;
        }
        for (unsigned m = 0; m < paths.count; m++) {
            struct sp_slice path = sp_slice_make(paths.text[m], paths.len[m]);
            bool is_known = sp_slice_equal(path, name) ||
                            sp_slice_equal(sp_table_reexport(u->table, name), path);
            if (!is_known && sp_map_has(&u->table->guarded, path)) {
                upload_report(u, rule, "dynamic-code",
                              "the module %.*s goes by the name %.*s here, under which other files "
                              "reach it unseen",
                              (int)path.len, (const char *)path.ptr, (int)sp_size_min(name.len, 64),
                              (const char *)name.ptr);
            }
        }
    }
}

static void merge(struct sp_upload *u, const char *before)
{
    for (unsigned i = 0; i < u->code->count; i++) {
        upload_report_code(u, &u->code->findings[i], before);
    }
    u->out->capabilities |= u->code->capabilities;
    u->has_deny = u->has_deny || u->code->verdict != SP_VERDICT_ALLOW;
    u->is_code = true;
}

/* Judges a piece of code; its findings stand in u->code. */
static const struct sp_facts *judge(struct sp_upload *u, struct sp_slice code, bool is_cell)
{
    struct sp_policy policy = *u->policy;
    policy.is_cell = is_cell;
    sp_judge_run(u->judge, &policy, code, u->code);
    const struct sp_facts *facts = sp_judge_facts(u->judge);
    if (facts != NULL) {
        sp_modules_add(facts, &u->modules, &u->module_count);
    }
    return facts;
}

void upload_python(struct sp_upload *u, const struct upload_file *file)
{
    struct sp_where where = {.text = {0}};
    bool is_cell = sp_slice_ends(file->name, ".ipy");
    sp_buf_clear(&u->source);
    if (file->bytes.len > u->policy->limits.code_bytes) {
        upload_report(u, SP_RULE_DENY, "limit", "the code has %zu bytes; %llu are allowed",
                      file->bytes.len, (unsigned long long)u->policy->limits.code_bytes);
        return;
    }
    if (sp_python_source(file->bytes, &u->source, &where) != SP_OK) {
        upload_report(u, u->policy->syntax, "encoding", "%s",
                      where.text[0] != '\0' ? where.text : "the encoding cannot be read");
        return;
    }
    const struct sp_facts *facts = judge(u, sp_buf_slice(&u->source), is_cell);
    merge(u, "");
    if (facts != NULL) {
        check_renamed(u, facts);
    }
}

/* ---- notebooks ---- */

/* Where the cells stand in all of the code. */
struct cells {
    unsigned count;
    uint32_t first_line[CELLS_MAX];
    uint32_t number[CELLS_MAX];
};

/* A source is a text, or a list of lines. */
static enum sp_err put_source(struct sp_buf *out, const struct sp_json_value *source)
{
    struct sp_slice text;
    if (sp_json_string(source, &text) == SP_OK) {
        return sp_buf_put(out, text);
    }
    for (const struct sp_json_value *line = sp_json_first(source); line != NULL;
         line = sp_json_next(line)) {
        SP_TRY(sp_json_string(line, &text));
        SP_TRY(sp_buf_put(out, text));
    }
    return sp_json_is(source, SP_JSON_ARRAY) ? SP_OK : SP_ERR_INVALID;
}

static uint32_t count_lines(struct sp_slice text)
{
    uint32_t lines = 0;
    for (size_t at = sp_slice_find(text, 0, '\n'); at < text.len;
         at = sp_slice_find(text, at + 1, '\n')) {
        lines++;
    }
    return lines;
}

/* One cell as IPython gets it. What is no cell magic is also gathered, to be judged together. */
static enum sp_err judge_cell(struct sp_upload *u, const struct sp_json_value *source,
                              uint32_t number, struct cells *cells, struct sp_buf *all)
{
    SP_AUTO_BUF struct sp_buf code;
    char before[32];
    sp_buf_init(&code, SP_UPLOAD_BYTES_MAX);
    SP_TRY(put_source(&code, source));
    (void)snprintf(before, sizeof(before), "cell %u: ", number);
    (void)judge(u, sp_buf_slice(&code), true);
    merge(u, before);
    if (sp_slice_starts(sp_buf_slice(&code), "%%")) {
        return SP_OK;
    }
    if (cells->count == CELLS_MAX) {
        return SP_ERR_FULL;
    }
    cells->first_line[cells->count] = count_lines(sp_buf_slice(all)) + 1;
    cells->number[cells->count] = number;
    cells->count++;
    SP_TRY(sp_buf_put(all, sp_buf_slice(&code)));
    return sp_buf_put_byte(all, '\n');
}

/* Cells share their names, so what one binds another may use. */
static void judge_together(struct sp_upload *u, const struct cells *cells, const struct sp_buf *all)
{
    if (all->len > u->policy->limits.code_bytes) {
        upload_report(u, SP_RULE_DENY, "limit",
                      "the cells together have %zu bytes; %llu are allowed", all->len,
                      (unsigned long long)u->policy->limits.code_bytes);
        return;
    }
    (void)judge(u, sp_buf_slice(all), true);
    for (unsigned i = 0; i < u->code->count; i++) {
        struct sp_policy_finding finding = u->code->findings[i];
        char before[32];
        unsigned cell = 0;
        while (cell + 1 < cells->count && cells->first_line[cell + 1] <= finding.place.line) {
            cell++;
        }
        uint32_t above = cells->first_line[cell] - 1;
        finding.place.line -= above < finding.place.line ? above : 0;
        finding.place.end_line -= above < finding.place.end_line ? above : 0;
        (void)snprintf(before, sizeof(before), "cell %u: ", cells->number[cell]);
        upload_report_code(u, &finding, before);
    }
    u->out->capabilities |= u->code->capabilities;
    u->has_deny = u->has_deny || u->code->verdict != SP_VERDICT_ALLOW;
}

static enum sp_err judge_cells(struct sp_upload *u, const struct sp_json_value *list,
                               struct cells *cells, struct sp_buf *all)
{
    uint32_t number = 0;
    for (const struct sp_json_value *cell = sp_json_first(list); cell != NULL;
         cell = sp_json_next(cell)) {
        struct sp_slice type = {NULL, 0};
        const struct sp_json_value *source = sp_json_get(cell, "source");
        number++;
        /* What is not surely prose is code. */
        bool is_prose = sp_json_string(sp_json_get(cell, "cell_type"), &type) == SP_OK &&
                        (sp_slice_is(type, "markdown") || sp_slice_is(type, "raw") ||
                         sp_slice_is(type, "heading") || sp_slice_is(type, "html"));
        if (!is_prose) {
            SP_TRY(judge_cell(u, source != NULL ? source : sp_json_get(cell, "input"), number,
                              cells, all));
        }
    }
    return SP_OK;
}

static enum sp_err judge_notebook(struct sp_upload *u, const struct sp_json_value *root)
{
    SP_AUTO_BUF struct sp_buf all;
    struct cells *cells = calloc(1, sizeof(*cells));
    sp_buf_init(&all, SP_UPLOAD_BYTES_MAX);
    if (cells == NULL) {
        return SP_ERR_NOMEM;
    }
    const struct sp_json_value *list = sp_json_get(root, "cells");
    const struct sp_json_value *sheets = sp_json_get(root, "worksheets");
    enum sp_err err = list != NULL || sheets != NULL ? SP_OK : SP_ERR_INVALID;
    if (err == SP_OK) {
        err = judge_cells(u, list, cells, &all);
    }
    for (const struct sp_json_value *sheet = sp_json_first(sheets); sheet != NULL && err == SP_OK;
         sheet = sp_json_next(sheet)) {
        err = judge_cells(u, sp_json_get(sheet, "cells"), cells, &all);
    }
    if (err == SP_OK && cells->count > 1) {
        judge_together(u, cells, &all);
    }
    free(cells);
    return err;
}

void upload_notebook(struct sp_upload *u, const struct upload_file *file)
{
    SP_AUTO_JSON struct sp_json *doc = NULL;
    struct sp_where where = {.text = {0}};
    const struct sp_json_limits limits = {.bytes_max = SP_UPLOAD_MEMBER_BYTES_MAX,
                                          .depth_max = NOTEBOOK_DEPTH_MAX,
                                          .nul = SP_JSON_NUL_ALLOWED};
    if (sp_json_parse(file->bytes, &limits, &doc, &where) != SP_OK) {
        upload_report(u, u->policy->upload[SP_UPLOAD_OPAQUE], "opaque",
                      "the notebook cannot be read: %s", where.text);
        return;
    }
    if (judge_notebook(u, sp_json_root(doc)) != SP_OK) {
        upload_report_rule(u, SP_UPLOAD_OPAQUE, "the notebook's cells cannot be read");
    }
}
