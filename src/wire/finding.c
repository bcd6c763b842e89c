#include "wire/finding.h"

#include "base/text.h"

static struct sp_slice cut(struct sp_slice text, size_t max)
{
    size_t ignored = 0;
    struct sp_slice kept = sp_slice_sub(text, 0, max);
    /* A cut inside a character would make the whole message invalid UTF-8. */
    while (kept.len > 0 && kept.len < text.len && sp_utf8_check(kept, &ignored) != SP_OK) {
        kept.len--;
    }
    return kept;
}

void sp_finding_write(struct sp_writer *w, const struct sp_finding *finding)
{
    sp_writer_u8(w, (uint8_t)finding->action);
    sp_writer_block(w, cut(finding->rule, SP_FINDING_RULE_MAX));
    sp_writer_block(w, cut(finding->message, SP_FINDING_MESSAGE_MAX));
    sp_writer_u32(w, finding->line);
    sp_writer_u32(w, finding->column);
    sp_writer_u32(w, finding->end_line);
    sp_writer_u32(w, finding->end_column);
}

static enum sp_err read_text(struct sp_reader *r, size_t max, struct sp_slice *out)
{
    struct sp_slice text = {NULL, 0};
    size_t at = 0;
    SP_TRY(sp_reader_block(r, max, &text));
    SP_TRY(sp_utf8_check(text, &at));
    *out = text;
    return SP_OK;
}

enum sp_err sp_finding_read(struct sp_reader *r, struct sp_finding *out)
{
    struct sp_reader ahead = *r;
    struct sp_finding finding = {0};
    uint8_t action = 0;
    SP_TRY(sp_reader_u8(&ahead, &action));
    if (action >= SP_ACTION_COUNT) {
        return SP_ERR_WIRE;
    }
    finding.action = (enum sp_action)action;
    SP_TRY(read_text(&ahead, SP_FINDING_RULE_MAX, &finding.rule));
    SP_TRY(read_text(&ahead, SP_FINDING_MESSAGE_MAX, &finding.message));
    SP_TRY(sp_reader_u32(&ahead, &finding.line));
    SP_TRY(sp_reader_u32(&ahead, &finding.column));
    SP_TRY(sp_reader_u32(&ahead, &finding.end_line));
    SP_TRY(sp_reader_u32(&ahead, &finding.end_column));
    *r = ahead;
    *out = finding;
    return SP_OK;
}

const char *sp_action_name(enum sp_action action)
{
    switch (action) {
    case SP_ACTION_DENY:
        return "deny";
    case SP_ACTION_WARN:
        return "warn";
    case SP_ACTION_SHADOW:
        return "shadow";
    case SP_ACTION_COUNT:
        break;
    }
    return "deny";
}
