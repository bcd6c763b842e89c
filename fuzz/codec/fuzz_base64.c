/* Covers base64 and hex: only one text stands for given bytes. */
#include "base/assert.h"
#include "codec/base64.h"
#include "codec/hex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_slice in = sp_slice_make(data, size);
    for (unsigned i = 0; i < 2; i++) {
        enum sp_base64 kind = i == 0 ? SP_BASE64_STANDARD : SP_BASE64_URL;
        SP_AUTO_BUF struct sp_buf bytes;
        SP_AUTO_BUF struct sp_buf text;
        sp_buf_init(&bytes, 2 * size + 8);
        sp_buf_init(&text, 2 * size + 8);
        if (sp_base64_decode(kind, in, &bytes) == SP_OK) {
            SP_ASSERT(sp_base64_encode(kind, sp_buf_slice(&bytes), &text) == SP_OK);
            SP_ASSERT(sp_slice_equal(sp_buf_slice(&text), in));
        }
        sp_buf_clear(&bytes);
        sp_buf_clear(&text);
        SP_ASSERT(sp_base64_encode(kind, in, &text) == SP_OK);
        SP_ASSERT(sp_base64_decode(kind, sp_buf_slice(&text), &bytes) == SP_OK);
        SP_ASSERT(sp_slice_equal(sp_buf_slice(&bytes), in));
        sp_buf_clear(&bytes);
        sp_buf_clear(&text);
        SP_ASSERT(sp_hex_encode(in, &text) == SP_OK &&
                  sp_hex_decode(sp_buf_slice(&text), &bytes) == SP_OK);
        SP_ASSERT(sp_slice_equal(sp_buf_slice(&bytes), in));
    }
    return 0;
}
