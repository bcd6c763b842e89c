/* Fuzzes sp_multipart: a line with the type, then the body. Every part lies in the body, between boundaries, and ends. */
#include "base/assert.h"
#include "codec/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_BUF struct sp_buf scratch;
    struct sp_slice in = sp_slice_make(data, size);
    size_t end = sp_slice_find(in, 0, '\n');
    struct sp_slice body = sp_slice_sub(in, end + 1, in.len);
    struct sp_multipart m;
    struct sp_multipart_part part;
    struct sp_where where = {0};
    size_t last = 0;
    bool more = true;
    sp_buf_init(&scratch, 2 * SP_MULTIPART_HEAD_BYTES_MAX);
    if (sp_multipart_open(sp_slice_sub(in, 0, end), body, &m, &where) != SP_OK) {
        SP_ASSERT(where.text[0] != '\0');
        return 0;
    }
    while (more && sp_multipart_next(&m, &scratch, &part, &more, &where) == SP_OK && more) {
        struct sp_slice mark = sp_slice_make(m.mark, m.mark_len);
        size_t at = part.content.len > 0 ? (size_t)(part.content.ptr - body.ptr) : last;
        SP_ASSERT(at >= last && part.content.len <= body.len - at);
        SP_ASSERT(sp_slice_search(part.content, 0, mark) == part.content.len);
        SP_ASSERT(m.is_over || m.at > at + part.content.len);
        SP_ASSERT(part.has_filename || part.filename.len == 0);
        last = at + part.content.len;
    }
    return 0;
}
