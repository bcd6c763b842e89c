#include "front/body.h"

#include "base/own.h"
#include "os/memfd.h"

static enum sp_err spill(struct sp_body *body)
{
    SP_AUTO_CLOSE int fd = -1;
    SP_TRY(sp_memfd_new("sallyport-body", &fd));
    SP_TRY(sp_memfd_write(fd, sp_buf_slice(&body->memory)));
    body->fd = sp_take_fd(&fd);
    sp_buf_done(&body->memory);
    return SP_OK;
}

enum sp_err sp_body_init(struct sp_body *body, uint64_t expected)
{
    sp_buf_init(&body->memory, SP_PAYLOAD_INLINE_MAX);
    body->fd = -1;
    body->len = 0;
    bool is_known_large = expected != UINT64_MAX && expected > SP_PAYLOAD_INLINE_MAX;
    return is_known_large ? spill(body) : SP_OK;
}

enum sp_err sp_body_put(struct sp_body *body, struct sp_slice bytes, uint64_t most)
{
    if (body->len > most || bytes.len > most - body->len) {
        return SP_ERR_TOO_BIG;
    }
    if (body->fd < 0 && bytes.len > SP_PAYLOAD_INLINE_MAX - body->memory.len) {
        SP_TRY(spill(body));
    }
    SP_TRY(body->fd < 0 ? sp_buf_put(&body->memory, bytes) : sp_memfd_write(body->fd, bytes));
    body->len += bytes.len;
    return SP_OK;
}

enum sp_err sp_body_payload(struct sp_body *body, struct sp_payload *out)
{
    if (body->fd < 0) {
        return sp_payload_make(sp_buf_slice(&body->memory), out);
    }
    SP_TRY(sp_memfd_seal(body->fd));
    return sp_payload_adopt(sp_take_fd(&body->fd), (size_t)body->len, out);
}

void sp_body_done(struct sp_body *body)
{
    sp_close(body->fd);
    body->fd = -1;
    body->len = 0;
    sp_buf_done(&body->memory);
}
