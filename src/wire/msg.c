#include "wire/msg.h"

#include "base/own.h"
#include "base/text.h"

/* --- writing: one function a kind --- */

static void write_digest(struct sp_writer *w, const uint8_t digest[SP_DIGEST_BYTES])
{
    sp_writer_bytes(w, sp_slice_make(digest, SP_DIGEST_BYTES));
}

static void write_bytes(struct sp_writer *w, struct sp_slice bytes, size_t max)
{
    if (bytes.len > max && w->err == SP_OK) {
        w->err = SP_ERR_TOO_BIG;
    }
    sp_writer_block(w, bytes);
}

/* --- reading: a bad value is the sender's fault, so every error is SP_ERR_WIRE --- */

static enum sp_err read_err(struct sp_reader *r, enum sp_err *out)
{
    uint16_t number = 0;
    SP_TRY(sp_reader_u16(r, &number));
    if (number >= SP_ERR_COUNT) {
        return SP_ERR_WIRE;
    }
    *out = sp_err_from_number(number);
    return SP_OK;
}

static enum sp_err read_text(struct sp_reader *r, size_t max, struct sp_slice *out)
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

static enum sp_err read_digest(struct sp_reader *r, uint8_t out[SP_DIGEST_BYTES])
{
    struct sp_slice bytes = {NULL, 0};
    SP_TRY(sp_reader_bytes(r, SP_DIGEST_BYTES, &bytes));
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        out[i] = bytes.ptr[i];
    }
    return SP_OK;
}

/* --- the rows of a field list as statements --- */

#define WRITE_U8(name, max)      sp_writer_u8(w, msg->name);
#define WRITE_U16(name, max)     sp_writer_u16(w, msg->name);
#define WRITE_U32(name, max)     sp_writer_u32(w, msg->name);
#define WRITE_U64(name, max)     sp_writer_u64(w, msg->name);
#define WRITE_ID(name, max)      sp_writer_u64(w, msg->name);
#define WRITE_ERR(name, max)     sp_writer_u16(w, (uint16_t)msg->name);
#define WRITE_TEXT(name, max)    write_bytes(w, msg->name, max);
#define WRITE_BYTES(name, max)   write_bytes(w, msg->name, max);
#define WRITE_DIGEST(name, max)  write_digest(w, msg->name);
#define WRITE_PAYLOAD(name, max) sp_payload_write(w, &msg->name);
#define WRITE(kind, name, max)   WRITE_##kind(name, max)

#define READ_U8(name, max)      SP_TRY(sp_reader_u8(r, &out->name));
#define READ_U16(name, max)     SP_TRY(sp_reader_u16(r, &out->name));
#define READ_U32(name, max)     SP_TRY(sp_reader_u32(r, &out->name));
#define READ_U64(name, max)     SP_TRY(sp_reader_u64(r, &out->name));
#define READ_ID(name, max)      SP_TRY(sp_reader_u64(r, &out->name));
#define READ_ERR(name, max)     SP_TRY(read_err(r, &out->name));
#define READ_TEXT(name, max)    SP_TRY(read_text(r, max, &out->name));
#define READ_BYTES(name, max)   SP_TRY(sp_reader_block(r, max, &out->name));
#define READ_DIGEST(name, max)  SP_TRY(read_digest(r, out->name));
#define READ_PAYLOAD(name, max) SP_TRY(sp_payload_read(r, fd, &out->name));
#define READ(kind, name, max)   READ_##kind(name, max)

#define START_U8(name)
#define START_U16(name)
#define START_U32(name)
#define START_U64(name)
#define START_ID(name)
#define START_ERR(name)
#define START_TEXT(name)
#define START_BYTES(name)
#define START_DIGEST(name)
#define START_PAYLOAD(name)    out->name = SP_PAYLOAD_EMPTY;
#define START(kind, name, max) START_##kind(name)

#define DROP_U8(name)
#define DROP_U16(name)
#define DROP_U32(name)
#define DROP_U64(name)
#define DROP_ID(name)
#define DROP_ERR(name)
#define DROP_TEXT(name)
#define DROP_BYTES(name)
#define DROP_DIGEST(name)
#define DROP_PAYLOAD(name)    sp_payload_done(&out->name);
#define DROP(kind, name, max) DROP_##kind(name)

#define FD_U8(name)
#define FD_U16(name)
#define FD_U32(name)
#define FD_U64(name)
#define FD_ID(name)
#define FD_ERR(name)
#define FD_TEXT(name)
#define FD_BYTES(name)
#define FD_DIGEST(name)
#define FD_PAYLOAD(name)    fd = msg->name.fd;
#define FD(kind, name, max) FD_##kind(name)

static enum sp_err send_whole(struct sp_channel *channel, enum sp_msg_type type, const struct sp_writer *w, int fd)
{
    SP_TRY(sp_writer_end(w));
    return sp_channel_send(channel, (uint16_t)type, sp_buf_slice(w->out), &fd, fd >= 0 ? 1 : 0);
}

#define DEFINE(constant, name)                                                                        \
    void sp_msg_##name##_write(struct sp_writer *w, const struct sp_msg_##name *msg)              \
    {                                                                                             \
        SP_MSG_##constant##_FIELDS(WRITE)                                                             \
    }                                                                                             \
    static enum sp_err read_##name(struct sp_reader *r, SP_UNUSED int *fd, struct sp_msg_##name *out) \
    {                                                                                             \
        SP_MSG_##constant##_FIELDS(READ)                                                              \
        return sp_reader_end(r);                                                                  \
    }                                                                                             \
    enum sp_err sp_msg_##name##_read(struct sp_message *message, struct sp_msg_##name *out)       \
    {                                                                                             \
        struct sp_reader r;                                                                       \
        sp_reader_init(&r, message->body);                                                        \
        SP_MSG_##constant##_FIELDS(START)                                                             \
        if (message->type != SP_MSG_##constant) {                                                     \
            return SP_ERR_WIRE;                                                                   \
        }                                                                                         \
        if (read_##name(&r, &message->fds[0], out) != SP_OK) {                                    \
            SP_MSG_##constant##_FIELDS(DROP)                                                          \
            return SP_ERR_WIRE;                                                                   \
        }                                                                                         \
        return SP_OK;                                                                             \
    }                                                                                             \
    enum sp_err sp_msg_##name##_send(struct sp_channel *channel, const struct sp_msg_##name *msg) \
    {                                                                                             \
        SP_CLEANUP(sp_buf_done) struct sp_buf body;                                               \
        struct sp_writer w;                                                                       \
        int fd = -1;                                                                              \
        sp_buf_init(&body, SP_MESSAGE_BYTES_MAX);                                                 \
        sp_writer_init(&w, &body);                                                                \
        sp_msg_##name##_write(&w, msg);                                                           \
        SP_MSG_##constant##_FIELDS(FD)                                                                \
        return send_whole(channel, SP_MSG_##constant, &w, fd);                                        \
    }
SP_MSG_LIST(DEFINE)

const char *sp_msg_name(unsigned type)
{
    static const char *const names[] = {
        [SP_MSG_NONE] = "none",
#define AS_NAME(constant, name) [SP_MSG_##constant] = #name,
        SP_MSG_LIST(AS_NAME)
#undef AS_NAME
    };
    return type < SP_COUNT(names) ? names[type] : "unknown";
}
