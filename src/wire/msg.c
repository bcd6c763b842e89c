#include "wire/msg.h"

#include "base/own.h"
#include "wire/field.h"

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
#define FD_PAYLOAD(name)    fd_count += put_fd(fds, fd_count, msg->name.fd);
#define FD(kind, name, max) FD_##kind(name)

/* The body of a message on its way out: one buffer for all, since a send never nests and the channel copies what waits. */
static struct sp_buf scratch = {.ptr = NULL, .len = 0, .room = 0, .max = SP_MESSAGE_BYTES_MAX};

static void start_whole(struct sp_writer *w)
{
    sp_buf_clear(&scratch);
    sp_writer_init(w, &scratch);
}

/* The descriptors of payloads stand in the order of their fields; how many were put. */
static unsigned put_fd(int *fds, unsigned at, int fd)
{
    if (fd <= 0 || at >= SP_MESSAGE_FDS_MAX) {
        return 0;
    }
    fds[at] = fd;
    return 1;
}

static enum sp_err send_whole(struct sp_channel *channel, enum sp_msg_type type, const int *fds,
                              unsigned fd_count)
{
    return sp_channel_send(channel, (uint16_t)type, sp_buf_slice(&scratch), fds, fd_count);
}

#define DEFINE(constant, name)                                                                     \
    void sp_msg_##name##_write(struct sp_writer *w, const struct sp_msg_##name *msg)               \
    {                                                                                              \
        SP_MSG_##constant##_FIELDS(SP_FIELD_WRITE)                                                 \
    }                                                                                              \
    static enum sp_err read_##name(struct sp_reader *r, SP_UNUSED int *fd,                         \
                                   struct sp_msg_##name *out)                                      \
    {                                                                                              \
        SP_MSG_##constant##_FIELDS(SP_FIELD_READ) return sp_reader_end(r);                         \
    }                                                                                              \
    enum sp_err sp_msg_##name##_read(struct sp_message *message, struct sp_msg_##name *out)        \
    {                                                                                              \
        struct sp_reader r;                                                                        \
        sp_reader_init(&r, message->body);                                                         \
        SP_MSG_##constant##_FIELDS(START) if (message->type != SP_MSG_##constant)                  \
        {                                                                                          \
            return SP_ERR_WIRE;                                                                    \
        }                                                                                          \
        const enum sp_err err = read_##name(&r, &message->fds[0], out);                            \
        if (err != SP_OK) {                                                                        \
            SP_MSG_##constant##_FIELDS(DROP) return err == SP_ERR_NOMEM ? err : SP_ERR_WIRE;       \
        }                                                                                          \
        return SP_OK;                                                                              \
    }                                                                                              \
    enum sp_err sp_msg_##name##_send(struct sp_channel *channel, const struct sp_msg_##name *msg)  \
    {                                                                                              \
        struct sp_writer w;                                                                        \
        int fds[SP_MESSAGE_FDS_MAX] = {-1};                                                        \
        unsigned fd_count = 0;                                                                     \
        start_whole(&w);                                                                           \
        sp_msg_##name##_write(&w, msg);                                                            \
        SP_MSG_##constant##_FIELDS(FD) SP_TRY(sp_writer_end(&w));                                  \
        return send_whole(channel, SP_MSG_##constant, fds, fd_count);                              \
    }
SP_MSG_LIST(DEFINE)

const char *sp_msg_name(unsigned type)
{
    static const char *const names[] = {[SP_MSG_NONE] = "none",
#define AS_NAME(constant, name) [SP_MSG_##constant] = #name,
                                        SP_MSG_LIST(AS_NAME)
#undef AS_NAME
    };
    return type < SP_COUNT(names) ? names[type] : "unknown";
}
