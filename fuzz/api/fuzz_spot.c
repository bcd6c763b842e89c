/* Fuzzes sp_spot: a line with the directory, then the name. A spot is clean, and reading it again changes nothing. */
#include "api/spot.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_BUF struct sp_buf scratch;
    SP_AUTO_BUF struct sp_buf again;
    struct sp_slice in = sp_slice_make(data, size);
    size_t end = sp_slice_find(in, 0, '\n');
    struct sp_spot spot = {.name = {NULL, 0}};
    struct sp_spot second = {.name = {NULL, 0}};
    struct sp_where where = {.text = {0}};
    sp_buf_init(&scratch, SP_SPOT_BYTES_MAX);
    sp_buf_init(&again, SP_SPOT_BYTES_MAX);
    if (sp_spot_of_file(sp_slice_sub(in, 0, end), sp_slice_sub(in, end + 1, in.len), &scratch,
                        &spot, &where) != SP_OK) {
        SP_ASSERT(spot.name.len == 0 && where.text[0] != '\0');
        return 0;
    }
    SP_ASSERT(spot.name.len > 0 && sp_spot_is_clean(&spot));
    bool is_data =
        sp_slice_is(spot.directory, "mnt/data") || sp_slice_starts(spot.directory, "mnt/data/");
    SP_ASSERT(sp_spot_of_file(spot.directory, spot.name, &again, &second, NULL) == SP_OK);
    SP_ASSERT(is_data || sp_slice_equal(sp_buf_slice(&scratch), sp_buf_slice(&again)));
    return 0;
}
