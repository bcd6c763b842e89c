/* Fuzzes sp_named_target: target, line end, body. What comes out begins with the target and says no more than identifiers. */
#include "api/named.h"
#include "base/assert.h"

#define OUT_MAX ((size_t)1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char parameter[] = "identifier=";
    SP_AUTO_BUF struct sp_buf out;
    SP_AUTO_BUF struct sp_buf again;
    struct sp_slice in = sp_slice_make(data, size);
    size_t end = sp_slice_find(in, 0, '\n');
    struct sp_slice target = sp_slice_sub(in, 0, end);
    struct sp_slice body = sp_slice_sub(in, end + 1, in.len);
    sp_buf_init(&out, OUT_MAX);
    sp_buf_init(&again, OUT_MAX);
    if (size > OUT_MAX / 8 ||
        sp_named_target(SP_SLICE_LITERAL("POST"), target, body, &out) != SP_OK || out.len == 0) {
        return 0;
    }
    struct sp_slice named = sp_buf_slice(&out);
    SP_ASSERT(sp_slice_equal(sp_slice_sub(named, 0, target.len), target));
    SP_ASSERT(sp_slice_equal(sp_slice_sub(named, target.len + 1, sizeof(parameter) - 1),
                             SP_SLICE_LITERAL("identifier=")));
    for (size_t i = target.len; i < named.len; i++) {
        SP_ASSERT(named.ptr[i] > ' ' && named.ptr[i] < 0x7F && named.ptr[i] != '/');
    }
    /* Once it is said, it is not said again. */
    SP_ASSERT(sp_named_target(SP_SLICE_LITERAL("POST"), named, body, &again) == SP_OK);
    SP_ASSERT(again.len == 0);
    return 0;
}
