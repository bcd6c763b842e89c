/* Covers pool/path.c: a path that is taken stays beneath its top, and has one form, which is taken again. */
#include "base/assert.h"
#include "pool/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct sp_slice in, enum sp_pool_path_kind kind)
{
    SP_AUTO_BUF struct sp_buf path;
    SP_AUTO_BUF struct sp_buf again;
    sp_buf_init(&path, (size_t)1 << 20);
    sp_buf_init(&again, (size_t)1 << 20);
    if (sp_pool_path_add(in, kind, &path) != SP_OK) {
        return;
    }
    for (struct sp_slice rest = sp_buf_slice(&path); rest.len > 0;) {
        const size_t end = sp_slice_find(rest, 0, '/');
        const struct sp_slice part = sp_slice_sub(rest, 0, end);
        SP_ASSERT(part.len > 0 && part.len <= SP_POOL_NAME_MAX && end + 1 != rest.len);
        SP_ASSERT(!sp_slice_is(part, ".") && !sp_slice_is(part, "..") &&
                  sp_slice_find(part, 0, 0) == part.len);
        rest = sp_slice_sub(rest, end + 1, rest.len);
    }
    SP_ASSERT(sp_pool_path_add(sp_buf_slice(&path), kind, &again) == SP_OK);
    SP_ASSERT(sp_slice_equal(sp_buf_slice(&again), sp_buf_slice(&path)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(sp_slice_make(data, size), SP_POOL_PATH_ANY);
    check(sp_slice_make(data, size), SP_POOL_PATH_NEW_DIRECTORY);
    check(sp_slice_make(data, size), SP_POOL_PATH_NEW_FILE);
    return 0;
}
