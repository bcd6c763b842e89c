#include "ship/syslog.h"

#define FACILITY 13U /* log audit */
#define HEAD_MAX ((size_t)512)
#define KIND_MAX ((size_t)32)
#define APP_NAME "sallyport"

/* Visible ASCII alone, as RFC 5424 has it for names. */
static enum sp_err put_name(struct sp_buf *out, struct sp_slice text, size_t max)
{
    const size_t start = out->len;
    for (size_t i = 0; i < text.len && out->len - start < max; i++) {
        if (text.ptr[i] > ' ' && text.ptr[i] < 0x7F) {
            SP_TRY(sp_buf_put_byte(out, text.ptr[i]));
        }
    }
    return out->len > start ? SP_OK : sp_buf_put_byte(out, '-');
}

static enum sp_err put_head(const struct sp_syslog *message, struct sp_buf *out)
{
    SP_TRY(sp_buf_putf(out, "<%u>1 ", FACILITY * 8U + (unsigned)message->severity));
    SP_TRY(put_name(out, message->time, KIND_MAX));
    SP_TRY(sp_buf_put_byte(out, ' '));
    SP_TRY(put_name(out, message->host, SP_SYSLOG_HOST_MAX));
    SP_TRY(sp_buf_put_text(out, " " APP_NAME " - "));
    SP_TRY(put_name(out, message->kind, KIND_MAX));
    return sp_buf_put_text(out, " - ");
}

static enum sp_err put(const struct sp_syslog *message, enum sp_framing framing, struct sp_buf *out)
{
    SP_AUTO_BUF struct sp_buf head;
    sp_buf_init(&head, HEAD_MAX);
    if (framing == SP_FRAMING_LINES) {
        SP_TRY(sp_buf_put(out, message->json));
        return sp_buf_put_byte(out, '\n');
    }
    SP_TRY(put_head(message, &head));
    if (framing == SP_FRAMING_COUNTED) {
        SP_TRY(sp_buf_putf(out, "%zu ", head.len + message->json.len));
    }
    SP_TRY(sp_buf_put(out, sp_buf_slice(&head)));
    return sp_buf_put(out, message->json);
}

enum sp_err sp_syslog_put(const struct sp_syslog *message, enum sp_framing framing,
                          struct sp_buf *out)
{
    const size_t start = out->len;
    enum sp_err err = put(message, framing, out);
    if (err != SP_OK) {
        sp_buf_truncate(out, start);
    }
    return err;
}
