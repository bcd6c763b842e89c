/* Covers wire/session_act.c: names that are taken are the bits they gave, and a witness is all of its bytes. */
#include "base/assert.h"
#include "wire/session_act.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sp_slice in = sp_slice_make(data, size);
    struct sp_witness seen = {.is_there = false};
    uint16_t bits = 0;
    const enum sp_err err = sp_witness_read(in, &seen);
    SP_ASSERT((err == SP_OK) == (size == 5 + 4 * SP_ACT_COUNT) && seen.is_there == (err == SP_OK));
    SP_ASSERT(err != SP_OK || seen.is_complete == (data[0] == 1));
    if (sp_act_bits(in, &bits) == SP_OK) {
        SP_ASSERT(bits < 1U << SP_ACT_COUNT && (bits != 0) == (size > 0));
        for (unsigned i = 0; i < SP_ACT_COUNT; i++) {
            const struct sp_slice name = sp_slice_of(sp_act_name((enum sp_act)i));
            SP_ASSERT((((unsigned)bits >> i & 1U) != 0) == (sp_slice_search(in, 0, name) < in.len));
        }
    }
    return 0;
}
