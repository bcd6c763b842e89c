#include "wire/field.h"

#include "base/text.h"

/* The same number as SP_DIGEST_BYTES of wire/msg.h, which includes more than this file needs. */
#define DIGEST_BYTES ((size_t)32)

void sp_field_write_digest(struct sp_writer *w, const uint8_t *digest)
{
    sp_writer_bytes(w, sp_slice_make(digest, DIGEST_BYTES));
}

void sp_field_write_bytes(struct sp_writer *w, struct sp_slice bytes, size_t max)
{
    if (bytes.len > max && w->err == SP_OK) {
        w->err = SP_ERR_TOO_BIG;
    }
    sp_writer_block(w, bytes);
}

/* A bad value is the sender's fault, so the caller turns every error into SP_ERR_WIRE. */
enum sp_err sp_field_read_err(struct sp_reader *r, enum sp_err *out)
{
    uint16_t number = 0;
    SP_TRY(sp_reader_u16(r, &number));
    if (number >= SP_ERR_COUNT) {
        return SP_ERR_WIRE;
    }
    *out = sp_err_from_number(number);
    return SP_OK;
}

enum sp_err sp_field_read_text(struct sp_reader *r, size_t max, struct sp_slice *out)
{
    struct sp_slice text = {NULL, 0};
    size_t at = 0;
    SP_TRY(sp_reader_block(r, max, &text));
    SP_TRY(sp_utf8_check(text, &at));
    if (sp_slice_find(text, 0, '\0') != text.len) {
        return SP_ERR_NUL;
    }
    *out = text;
    return SP_OK;
}

enum sp_err sp_field_read_digest(struct sp_reader *r, uint8_t *out)
{
    struct sp_slice bytes = {NULL, 0};
    SP_TRY(sp_reader_bytes(r, DIGEST_BYTES, &bytes));
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        out[i] = bytes.ptr[i];
    }
    return SP_OK;
}
