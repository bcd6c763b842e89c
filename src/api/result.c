#include "api/result.h"

#include "base/text.h"

#define LAYOUT    1U

/* Bits of the flags byte. */
#define CUT_OUT   1U
#define CUT_ERR   2U
#define CUT_VALUE 4U
#define SHELL     8U
#define ALL       (CUT_OUT | CUT_ERR | CUT_VALUE | SHELL)

void sp_result_write(struct sp_writer *w, const struct sp_result *result)
{
    unsigned cut = (result->is_out_cut ? CUT_OUT : 0U) | (result->is_err_cut ? CUT_ERR : 0U) |
                   (result->is_value_cut ? CUT_VALUE : 0U) | (result->is_shell ? SHELL : 0U);
    sp_writer_u8(w, LAYOUT);
    sp_writer_u8(w, (uint8_t)result->status);
    sp_writer_u8(w, (uint8_t)cut);
    sp_writer_u64(w, result->time_ms);
    sp_writer_block(w, result->out_text);
    sp_writer_block(w, result->err_text);
    sp_writer_block(w, result->value_json);
    sp_writer_block(w, result->outputs_json);
}

static enum sp_err read_text(struct sp_reader *r, struct sp_slice *out)
{
    struct sp_slice text = {NULL, 0};
    size_t at = 0;
    SP_TRY(sp_reader_block(r, SP_RESULT_BYTES_MAX, &text));
    SP_TRY(sp_utf8_check(text, &at));
    *out = text;
    return SP_OK;
}

static enum sp_err read_head(struct sp_reader *r, struct sp_result *out)
{
    uint8_t layout = 0;
    uint8_t status = 0;
    uint8_t cut = 0;
    SP_TRY(sp_reader_u8(r, &layout));
    SP_TRY(sp_reader_u8(r, &status));
    SP_TRY(sp_reader_u8(r, &cut));
    if (layout != LAYOUT || status >= SP_RUN_STATUS_COUNT || (cut & ~ALL) != 0) {
        return SP_ERR_WIRE;
    }
    out->status = (enum sp_run_status)status;
    out->is_out_cut = (cut & CUT_OUT) != 0;
    out->is_err_cut = (cut & CUT_ERR) != 0;
    out->is_shell = (cut & SHELL) != 0;
    out->is_value_cut = (cut & CUT_VALUE) != 0;
    return sp_reader_u64(r, &out->time_ms);
}

static enum sp_err read_fields(struct sp_reader *r, struct sp_result *out)
{
    struct sp_result result = {0};
    SP_TRY(read_head(r, &result));
    SP_TRY(read_text(r, &result.out_text));
    SP_TRY(read_text(r, &result.err_text));
    SP_TRY(read_text(r, &result.value_json));
    SP_TRY(read_text(r, &result.outputs_json));
    SP_TRY(sp_reader_end(r));
    if (result.value_json.len == 0) {
        return SP_ERR_WIRE; /* the empty text is no JSON value; nothing is "null" */
    }
    *out = result;
    return SP_OK;
}

enum sp_err sp_result_read(struct sp_slice in, struct sp_result *out)
{
    struct sp_reader r;
    sp_reader_init(&r, in);
    return read_fields(&r, out) == SP_OK ? SP_OK : SP_ERR_WIRE;
}

const char *sp_run_status_name(enum sp_run_status status)
{
    return status == SP_RUN_SUCCEEDED ? "Succeeded" : "Failed";
}
