/* Covers audit/kept.c: what is found in any file is a checkpoint, and finding it again there finds the same. */
#include "audit/kept.h"
#include "audit/note.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_checkpoint checkpoint;
    SP_AUTO_BUF struct sp_buf out;
    SP_AUTO_BUF struct sp_buf again;
    sp_buf_init(&out, SP_NOTE_BYTES_MAX);
    sp_buf_init(&again, SP_NOTE_BYTES_MAX);
    const enum sp_err err = sp_kept_checkpoint(sp_slice_make(data, size), &out);
    SP_ASSERT(err == SP_OK || out.len == 0);
    if (err == SP_OK) {
        SP_ASSERT(sp_checkpoint_read(sp_buf_slice(&out), &checkpoint) == SP_OK);
        SP_ASSERT(sp_kept_checkpoint(sp_buf_slice(&out), &again) == SP_OK);
        SP_ASSERT(sp_slice_equal(sp_buf_slice(&out), sp_buf_slice(&again)));
    }
    return 0;
}
