/* Covers wire/session_frame.c: what was read can be written again, and then has the same bytes. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "wire/session_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_frame frame = {.type = SP_FRAME_NONE};
    struct sp_slice in = sp_slice_make(data, size);
    if (sp_frame_read(in, &frame) != SP_OK) {
        SP_ASSERT(frame.type == SP_FRAME_NONE);
        return 0;
    }
    struct sp_buf again;
    sp_buf_init(&again, SP_FRAME_BYTES_MAX);
    SP_ASSERT(sp_frame_write(&frame, &again) == SP_OK);
    SP_ASSERT(sp_slice_equal(sp_buf_slice(&again), in));
    sp_buf_done(&again);
    return 0;
}
