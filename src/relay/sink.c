#include "relay/sink.h"

#include "base/own.h"
#include "os/memfd.h"

enum sp_err sp_sink_begin(struct sp_sink *sink, uint64_t max)
{
    int fd = -1;
    SP_TRY(sp_memfd_new("sallyport-file", &fd));
    if (sink->fd > 0) {
        sp_close(sink->fd);
    }
    sink->fd = fd;
    sink->len = 0;
    sink->max = max;
    return SP_OK;
}

enum sp_err sp_sink_put(struct sp_sink *sink, struct sp_slice bytes)
{
    if (bytes.len > sink->max - sink->len) {
        return SP_ERR_TOO_BIG;
    }
    SP_TRY(sp_memfd_write(sink->fd, bytes));
    sink->len += bytes.len;
    return SP_OK;
}

enum sp_err sp_sink_take(struct sp_sink *sink, struct sp_payload *out)
{
    if (sink->fd <= 0) {
        *out = SP_PAYLOAD_EMPTY;
        return SP_OK;
    }
    SP_TRY(sp_memfd_seal(sink->fd));
    int fd = sink->fd;
    sink->fd = 0;
    return sp_payload_adopt(fd, (size_t)sink->len, out);
}

void sp_sink_end(struct sp_sink *sink, struct sp_payload *content, struct sp_http_end *end)
{
    if (sink->fd <= 0 || end->state != SP_HTTP_ANSWERED) {
        return;
    }
    if (sp_sink_take(sink, content) != SP_OK) {
        end->state = SP_HTTP_BROKEN;
        end->why = "memory is used up";
        return;
    }
    end->content = content;
    end->content_type = sink->content_type;
    end->last_modified = sink->last_modified;
}

void sp_sink_note(struct sp_sink *sink, struct sp_slice line)
{
    size_t colon = sp_slice_find(line, 0, ':');
    struct sp_slice name = sp_slice_sub(line, 0, colon);
    struct sp_slice value = sp_slice_sub(line, colon + 1, line.len);
    while (value.len > 0 &&
           (value.ptr[value.len - 1] == '\r' || value.ptr[value.len - 1] == '\n')) {
        value.len--;
    }
    value = sp_slice_trim(value);
    if (sp_slice_is_nocase(name, "last-modified")) {
        sp_slice_to_text(value, sink->last_modified, sizeof(sink->last_modified));
    } else if (sp_slice_is_nocase(name, "content-type")) {
        sp_slice_to_text(value, sink->content_type, sizeof(sink->content_type));
    }
}

void sp_sink_done(struct sp_sink *sink)
{
    if (sink->fd > 0) {
        sp_close(sink->fd);
    }
    *sink = (struct sp_sink){.fd = 0};
}
