/* Covers the frames of sessions: what is read, written again, gives the same bytes. */
#include "base/assert.h"
#include "wire/session_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_BUF struct sp_buf again;
    struct sp_frame frame = {0};
    sp_buf_init(&again, SP_FRAME_BYTES_MAX);
    if (sp_frame_read(sp_slice_make(data, size), &frame) == SP_OK &&
        sp_frame_write(&frame, &again) == SP_OK) {
        SP_ASSERT(sp_slice_equal(sp_buf_slice(&again), sp_slice_make(data, size)));
    }
    return 0;
}
