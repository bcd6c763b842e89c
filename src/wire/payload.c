#include "wire/payload.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/own.h"
#include "os/memfd.h"

#define FORM_INLINE 0U
#define FORM_MEMFD  1U

enum sp_err sp_payload_make(struct sp_slice bytes, struct sp_payload *out)
{
    if (bytes.len > SP_PAYLOAD_BYTES_MAX) {
        return SP_ERR_TOO_BIG;
    }
    if (bytes.len <= SP_PAYLOAD_INLINE_MAX) {
        *out = (struct sp_payload){.bytes = bytes, .fd = -1, .is_heap = false};
        return SP_OK;
    }
    SP_AUTO_CLOSE int fd = -1;
    SP_TRY(sp_memfd_new("sallyport", &fd));
    SP_TRY(sp_memfd_write(fd, bytes));
    SP_TRY(sp_memfd_seal(fd));
    return sp_payload_adopt(sp_take_fd(&fd), bytes.len, out);
}

enum sp_err sp_payload_adopt(int take_fd, size_t size, struct sp_payload *out)
{
    SP_AUTO_CLOSE int fd = take_fd;
    struct sp_slice mapping = {NULL, 0};
    if (size > SP_PAYLOAD_BYTES_MAX) {
        return SP_ERR_TOO_BIG;
    }
    SP_TRY(sp_memfd_check(fd, size));
    SP_TRY(sp_memfd_map(fd, size, &mapping));
    *out = (struct sp_payload){.bytes = mapping, .fd = sp_take_fd(&fd), .is_heap = false};
    return SP_OK;
}

enum sp_err sp_payload_keep(struct sp_payload *from, struct sp_payload *out)
{
    if (from->fd > 0 || from->is_heap) {
        *out = *from;
        *from = SP_PAYLOAD_EMPTY;
        return SP_OK;
    }
    struct sp_buf copy;
    sp_buf_init(&copy, SP_PAYLOAD_INLINE_MAX);
    SP_TRY(sp_buf_put(&copy, from->bytes));
    size_t len = 0;
    char *ptr = sp_buf_take(&copy, &len);
    if (ptr == NULL) {
        return SP_ERR_NOMEM;
    }
    *out = (struct sp_payload){.bytes = sp_slice_make(ptr, len), .fd = -1, .is_heap = true};
    return SP_OK;
}

void sp_payload_done(struct sp_payload *payload)
{
    if (payload->fd > 0) {
        sp_memfd_unmap(payload->bytes);
        sp_close(payload->fd);
    } else if (payload->is_heap) {
        free((void *)(uintptr_t)payload->bytes.ptr);
    }
    *payload = SP_PAYLOAD_EMPTY;
}

void sp_payload_write(struct sp_writer *w, const struct sp_payload *payload)
{
    if (payload->fd > 0) {
        sp_writer_u8(w, FORM_MEMFD);
        sp_writer_u64(w, payload->bytes.len);
        return;
    }
    if (payload->bytes.len > SP_PAYLOAD_INLINE_MAX && w->err == SP_OK) {
        w->err = SP_ERR_TOO_BIG;
    }
    sp_writer_u8(w, FORM_INLINE);
    sp_writer_block(w, payload->bytes);
}

enum sp_err sp_payload_read(struct sp_reader *r, int *fd, struct sp_payload *out)
{
    uint8_t form = 0;
    SP_TRY(sp_reader_u8(r, &form));
    if (form == FORM_INLINE) {
        struct sp_slice bytes = {NULL, 0};
        SP_TRY(sp_reader_block(r, SP_PAYLOAD_INLINE_MAX, &bytes));
        *out = (struct sp_payload){.bytes = bytes, .fd = -1, .is_heap = false};
        return SP_OK;
    }
    uint64_t size = 0;
    if (form != FORM_MEMFD || *fd < 0) {
        return SP_ERR_WIRE;
    }
    SP_TRY(sp_reader_u64(r, &size));
    return sp_payload_adopt(sp_take_fd(fd), size, out);
}
