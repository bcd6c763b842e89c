#include "inspect/report.h"

#include "policy/modules.h"

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

enum sp_err sp_inspect_write_report(const struct sp_judgement *judgement,
                                    const struct sp_facts *facts,
                                    const struct sp_inspect_report *to, struct sp_msg_verdict *out)
{
    SP_TRY(write_findings(judgement, to->findings));
    SP_TRY(write_capabilities(judgement->capabilities, to->capabilities));
    out->module_count = 0;
    if (facts != NULL) {
        sp_modules_add(facts, to->modules, &out->module_count);
    }
    out->finding_count = judgement->total;
    out->findings = sp_buf_slice(to->findings);
    out->modules = sp_buf_slice(to->modules);
    out->capabilities = sp_buf_slice(to->capabilities);
    return SP_OK;
}
