#include "api/product.h"

#include "base/text.h"

static enum sp_err read_text(struct sp_reader *r, struct sp_slice *out)
{
    struct sp_slice text = {NULL, 0};
    size_t at = 0;
    SP_TRY(sp_reader_block(r, SP_PRODUCT_TEXT_MAX, &text));
    if (sp_utf8_check(text, &at) != SP_OK || sp_slice_find(text, 0, '\0') != text.len) {
        return SP_ERR_WIRE;
    }
    *out = text;
    return SP_OK;
}

void sp_file_record_write(struct sp_writer *w, const struct sp_file_record *file)
{
    sp_writer_u8(w, file->is_directory ? 1 : 0);
    sp_writer_u64(w, file->size);
    sp_writer_block(w, file->directory);
    sp_writer_block(w, file->name);
    sp_writer_block(w, file->content_type);
    sp_writer_block(w, file->modified);
}

static enum sp_err read_file(struct sp_reader *r, struct sp_file_record *out)
{
    struct sp_file_record file = {.size = 0};
    uint8_t is_directory = 0;
    SP_TRY(sp_reader_u8(r, &is_directory));
    if (is_directory > 1) {
        return SP_ERR_WIRE;
    }
    file.is_directory = is_directory == 1;
    SP_TRY(sp_reader_u64(r, &file.size));
    SP_TRY(read_text(r, &file.directory));
    SP_TRY(read_text(r, &file.name));
    SP_TRY(read_text(r, &file.content_type));
    SP_TRY(read_text(r, &file.modified));
    *out = file;
    return SP_OK;
}

enum sp_err sp_file_record_read(struct sp_reader *r, struct sp_file_record *out)
{
    return read_file(r, out) == SP_OK ? SP_OK : SP_ERR_WIRE;
}

void sp_session_record_write(struct sp_writer *w, const struct sp_session_record *session)
{
    sp_writer_block(w, session->identifier);
    sp_writer_block(w, session->created);
    sp_writer_block(w, session->accessed);
    sp_writer_block(w, session->expires);
    sp_writer_block(w, session->etag);
}

enum sp_err sp_session_record_read(struct sp_reader *r, struct sp_session_record *out)
{
    struct sp_session_record session = {.identifier = {NULL, 0}};
    struct sp_slice *const texts[] = {&session.identifier, &session.created, &session.accessed,
                                      &session.expires, &session.etag};
    for (size_t i = 0; i < SP_COUNT(texts); i++) {
        if (read_text(r, texts[i]) != SP_OK) {
            return SP_ERR_WIRE;
        }
    }
    *out = session;
    return SP_OK;
}

void sp_execution_write(struct sp_writer *w, const struct sp_execution *execution)
{
    sp_writer_u8(w, (uint8_t)execution->state);
    sp_writer_u16(w, (uint16_t)execution->err);
    sp_writer_block(w, execution->detail);
    sp_writer_block(w, execution->result);
}

static enum sp_err read_execution(struct sp_reader *r, struct sp_execution *out)
{
    struct sp_execution execution = {.state = SP_EXECUTION_BROKEN};
    uint8_t state = 0;
    uint16_t err = 0;
    SP_TRY(sp_reader_u8(r, &state));
    SP_TRY(sp_reader_u16(r, &err));
    if (state > SP_EXECUTION_ENDED || err >= SP_ERR_COUNT) {
        return SP_ERR_WIRE;
    }
    execution.state = (enum sp_execution_state)state;
    execution.err = sp_err_from_number(err);
    SP_TRY(read_text(r, &execution.detail));
    SP_TRY(sp_reader_block(r, SP_RESULT_BYTES_MAX + 64, &execution.result));
    SP_TRY(sp_reader_end(r));
    *out = execution;
    return SP_OK;
}

enum sp_err sp_execution_read(struct sp_slice in, struct sp_execution *out)
{
    struct sp_reader r;
    sp_reader_init(&r, in);
    return read_execution(&r, out) == SP_OK ? SP_OK : SP_ERR_WIRE;
}
