/* Covers audit/tile.c: one file has one path, and a bundle is its entries, each behind its length, with nothing between. */
#include "audit/tile.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_bundle(struct sp_slice in)
{
    struct sp_slice rest = in;
    struct sp_slice entry;
    size_t at = 0;
    enum sp_err err = sp_bundle_next(&rest, &entry);
    for (; err == SP_OK; err = sp_bundle_next(&rest, &entry)) {
        SP_ASSERT(entry.len == (size_t)in.ptr[at] * 256 + in.ptr[at + 1]);
        SP_ASSERT(sp_slice_equal(entry, sp_slice_sub(in, at + 2, entry.len)));
        at += 2 + entry.len;
        SP_ASSERT(at + rest.len == in.len);
    }
    SP_ASSERT(at + rest.len == in.len && err == (rest.len == 0 ? SP_ERR_NOT_FOUND : SP_ERR_SHORT));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sp_slice in = sp_slice_make(data, size);
    char path[SP_TILE_PATH_BYTES];
    struct sp_tile tile;
    if (sp_tile_from_path(in, &tile) == SP_OK) {
        sp_tile_path(tile, path);
        SP_ASSERT(sp_slice_is(in, path) && tile.width > 0 && tile.width <= SP_TILE_WIDTH);
        SP_ASSERT(tile.level < SP_TILE_LEVELS || tile.level == SP_TILE_ENTRIES);
    }
    check_bundle(in);
    return 0;
}
