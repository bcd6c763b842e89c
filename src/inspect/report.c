#include "inspect/report.h"

static enum sp_err write_findings(const struct sp_judgement *judgement, struct sp_buf *out)
{
    for (unsigned i = 0; i < judgement->count; i++) {
        const struct sp_policy_finding *from = &judgement->findings[i];
        const struct sp_finding finding = {.action = from->action,
                                           .rule = sp_slice_of(from->rule),
                                           .message = sp_slice_of(from->message),
                                           .line = from->place.line,
                                           .column = from->place.column,
                                           .end_line = from->place.end_line,
                                           .end_column = from->place.end_column};
        struct sp_writer w;
        sp_writer_init(&w, out);
        sp_finding_write(&w, &finding);
        SP_TRY(sp_writer_end(&w));
    }
    return SP_OK;
}

static bool is_listed(struct sp_slice list, struct sp_slice name)
{
    struct sp_reader r;
    struct sp_slice item = {NULL, 0};
    sp_reader_init(&r, list);
    while (sp_reader_left(&r) > 0 && sp_reader_block(&r, list.len, &item) == SP_OK) {
        if (sp_slice_equal(item, name)) {
            return true;
        }
    }
    return false;
}

/* Each module once, as it is spelt; those that no longer fit are only counted. */
static void write_modules(const struct sp_facts *facts, struct sp_buf *out, uint32_t *out_count)
{
    size_t count = 0;
    const struct sp_import *imports = sp_facts_imports(facts, &count);
    for (size_t i = 0; i < count; i++) {
        uint8_t text[SP_FACTS_PATH_BYTES_MAX];
        struct sp_writer w;
        size_t len = 0;
        size_t before = out->len;
        bool is_text = sp_facts_module(facts, &imports[i], text, &len) == SP_OK;
        struct sp_slice name = sp_slice_make(text, is_text ? len : 0);
        if (is_text && is_listed(sp_buf_slice(out), name)) {
            continue;
        }
        (*out_count)++;
        sp_writer_init(&w, out);
        sp_writer_block(&w, name);
        if (!is_text || sp_writer_end(&w) != SP_OK) {
            sp_buf_truncate(out, before);
        }
    }
}

static enum sp_err write_capabilities(uint32_t capabilities, struct sp_buf *out)
{
    struct sp_writer w;
    sp_writer_init(&w, out);
    for (unsigned i = 0; i < SP_CAPABILITY_COUNT; i++) {
        if ((capabilities & SP_CAPABILITY_BIT(i)) != 0) {
            sp_writer_block(&w, sp_slice_of(sp_capability_name((enum sp_capability)i)));
        }
    }
    return sp_writer_end(&w);
}

enum sp_err sp_inspect_write_report(const struct sp_judgement *judgement, const struct sp_facts *facts,
                                    const struct sp_inspect_report *to, struct sp_msg_verdict *out)
{
    SP_TRY(write_findings(judgement, to->findings));
    SP_TRY(write_capabilities(judgement->capabilities, to->capabilities));
    out->module_count = 0;
    if (facts != NULL) {
        write_modules(facts, to->modules, &out->module_count);
    }
    out->finding_count = judgement->total;
    out->findings = sp_buf_slice(to->findings);
    out->modules = sp_buf_slice(to->modules);
    out->capabilities = sp_buf_slice(to->capabilities);
    return SP_OK;
}
