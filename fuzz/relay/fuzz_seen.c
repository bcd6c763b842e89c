/* Covers relay/seen.c: whatever a session's witness says, the log gets whole facts in our own characters. */
#include "base/assert.h"
#include "base/reader.h"
#include "relay/seen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sp_json_limits limits = {
        .bytes_max = 65536, .depth_max = 16, .nul = SP_JSON_NUL_ALLOWED};
    SP_AUTO_JSON struct sp_json *doc = NULL;
    SP_AUTO_BUF struct sp_buf out;
    struct sp_reader r;
    sp_buf_init(&out, SP_SEEN_BYTES_MAX);
    if (sp_json_parse(sp_slice_make(data, size), &limits, &doc, NULL) != SP_OK) {
        return 0;
    }
    SP_ASSERT(sp_seen_read(doc, sp_json_root(doc), &out) == SP_OK);
    sp_reader_init(&r, sp_buf_slice(&out));
    while (sp_reader_left(&r) > 0) {
        struct sp_slice fact = {NULL, 0};
        SP_ASSERT(sp_reader_block(&r, 64, &fact) == SP_OK);
        SP_ASSERT(sp_slice_find(fact, 0, ' ') < fact.len);
        for (size_t i = 0; i < fact.len; i++) {
            const uint8_t byte = fact.ptr[i];
            SP_ASSERT((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
                      byte == ' ');
        }
    }
    return 0;
}
