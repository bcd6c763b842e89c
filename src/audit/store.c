#include "audit/store.h"

#include "base/num.h"

#define TILE_BYTES (SP_TILE_WIDTH * SP_SHA256_BYTES)

static struct sp_disk_name in_log(const char *path)
{
    return (struct sp_disk_name){.place = SP_DISK_LOG, .path = path};
}

enum sp_err sp_store_init(struct sp_store *store, const struct sp_disk *disk)
{
    uint8_t *ignored = NULL;
    *store = (struct sp_store){.disk = disk, .checkpoint = {.path = SP_CHECKPOINT_PATH}};
    sp_buf_init(&store->bundle, SP_STORE_BUNDLE_MAX);
    /* Set aside at once, though not touched: a committed entry must not fail for want of memory. */
    return sp_buf_reserve(&store->bundle, SP_STORE_BUNDLE_MAX, &ignored);
}

void sp_store_done(struct sp_store *store)
{
    sp_buf_done(&store->bundle);
}

/* --- reading --- */

static bool holds(unsigned level, struct sp_slice bytes, unsigned width)
{
    struct sp_slice ignored = {NULL, 0};
    if (level != SP_TILE_ENTRIES) {
        return bytes.len >= (size_t)width * SP_SHA256_BYTES;
    }
    for (unsigned i = 0; i < width; i++) {
        if (sp_bundle_next(&bytes, &ignored) != SP_OK) {
            return false;
        }
    }
    return true;
}

/* A tile or bundle that is at least so wide: a wider one took its place when the log grew. */
static enum sp_err read_tile(const struct sp_disk *disk, struct sp_tile tile, struct sp_buf *out)
{
    char path[SP_TILE_PATH_BYTES];
    const size_t room = tile.level == SP_TILE_ENTRIES ? SP_STORE_BUNDLE_MAX : TILE_BYTES;
    enum sp_err err = SP_ERR_NOT_FOUND;
    const unsigned wanted = tile.width;
    for (; tile.width <= SP_TILE_WIDTH && err == SP_ERR_NOT_FOUND; tile.width++) {
        sp_tile_path(tile, path);
        sp_buf_clear(out);
        err = sp_disk_get_file(disk, in_log(path), room, out);
        if (err == SP_OK && !holds(tile.level, sp_buf_slice(out), wanted)) {
            err = SP_ERR_NOT_FOUND; /* a crash left it half-written */
        }
    }
    return err == SP_ERR_TOO_BIG ? SP_ERR_CORRUPT : err;
}

static struct sp_tile partial_tile(unsigned level, uint64_t size)
{
    return (struct sp_tile){
        .level = level, .number = sp_tile_full(level, size), .width = sp_tile_partial(level, size)};
}

static enum sp_err load_level(struct sp_store *store, unsigned level, uint64_t size,
                              struct sp_merkle_range *range)
{
    SP_AUTO_BUF struct sp_buf bytes;
    const struct sp_tile tile = partial_tile(level, size);
    sp_buf_init(&bytes, 2 * TILE_BYTES);
    if (tile.width == 0) {
        return SP_OK;
    }
    SP_TRY(read_tile(store->disk, tile, &bytes));
    if (bytes.len < tile.width * SP_SHA256_BYTES) {
        return SP_ERR_CORRUPT;
    }
    for (size_t i = 0; i < tile.width; i++) {
        struct sp_node *node = &store->nodes[level][i];
        (void)sp_slice_copy(
            sp_slice_sub(sp_buf_slice(&bytes), i * SP_SHA256_BYTES, SP_SHA256_BYTES), node->bytes,
            SP_SHA256_BYTES);
        SP_TRY(sp_merkle_append_tree(range, node, 8 * level));
    }
    return SP_OK;
}

enum sp_err sp_store_root(const struct sp_disk *disk, uint64_t size, struct sp_node *out)
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_merkle_range range = {.size = 0};
    sp_buf_init(&bytes, 2 * TILE_BYTES);
    for (unsigned level = SP_TILE_LEVELS - 1; level > 0; level--) {
        const struct sp_tile tile = partial_tile(level, size);
        SP_TRY(tile.width == 0 ? SP_OK : read_tile(disk, tile, &bytes));
        for (size_t i = 0; i < tile.width; i++) {
            struct sp_node node;
            (void)sp_slice_copy(
                sp_slice_sub(sp_buf_slice(&bytes), i * SP_SHA256_BYTES, SP_SHA256_BYTES),
                node.bytes, SP_SHA256_BYTES);
            SP_TRY(sp_merkle_append_tree(&range, &node, 8 * level));
        }
    }
    return range.size == size ? sp_merkle_root(&range, out) : SP_ERR_RANGE;
}

/* The entries of the bundle at hand must be those whose hashes the tile has. */
static enum sp_err load_bundle(struct sp_store *store, uint64_t size)
{
    SP_AUTO_BUF struct sp_buf bytes;
    const struct sp_tile tile = partial_tile(SP_TILE_ENTRIES, size);
    sp_buf_init(&bytes, SP_STORE_BUNDLE_MAX + 1);
    sp_buf_clear(&store->bundle);
    if (tile.width == 0) {
        return SP_OK;
    }
    SP_TRY(read_tile(store->disk, tile, &bytes));
    struct sp_slice rest = sp_buf_slice(&bytes);
    for (size_t i = 0; i < tile.width; i++) {
        struct sp_slice entry = {NULL, 0};
        struct sp_node leaf;
        if (sp_bundle_next(&rest, &entry) != SP_OK) {
            return SP_ERR_CORRUPT;
        }
        SP_TRY(sp_merkle_leaf(entry, &leaf));
        if (!sp_node_equal(&leaf, &store->nodes[0][i])) {
            return SP_ERR_CORRUPT;
        }
    }
    return sp_buf_put(&store->bundle, sp_slice_sub(sp_buf_slice(&bytes), 0, bytes.len - rest.len));
}

enum sp_err sp_store_load(struct sp_store *store, uint64_t size, struct sp_merkle_range *out_range)
{
    struct sp_merkle_range range = {.size = 0};
    for (unsigned level = SP_TILE_LEVELS; level > 0; level--) {
        SP_TRY(load_level(store, level - 1, size, &range));
    }
    SP_TRY(load_bundle(store, size));
    store->size = size;
    store->published = size;
    store->synced = size / SP_TILE_WIDTH * SP_TILE_WIDTH;
    store->named = store->synced;
    store->is_owing = false;
    *out_range = range;
    return SP_OK;
}

/* --- writing --- */

/* Notes which file this is. A longer one that stood there keeps its end, which nobody may cut. */
static enum sp_err note_stat(const struct sp_store *store, struct sp_store_file *file, size_t len)
{
    SP_TRY(store->disk->find(store->disk->ctx, in_log(file->path), &file->stat));
    return file->stat.size == len ? SP_OK : SP_ERR_CORRUPT;
}

static enum sp_err put_tile(struct sp_store *store, struct sp_tile tile)
{
    char path[SP_TILE_PATH_BYTES];
    sp_tile_path(tile, path);
    return sp_disk_put_file(store->disk, in_log(path),
                            sp_slice_make(store->nodes[tile.level], tile.width * SP_SHA256_BYTES));
}

static enum sp_err put_bundle(struct sp_store *store, struct sp_tile tile)
{
    sp_tile_path(tile, store->latest.path);
    SP_TRY(sp_disk_put_file(store->disk, in_log(store->latest.path), sp_buf_slice(&store->bundle)));
    return note_stat(store, &store->latest, store->bundle.len);
}

/* The size is a multiple of 256: the bundle is full, and so is the rightmost tile of every level that ends here. */
enum sp_err sp_store_lay(struct sp_store *store)
{
    if (!store->is_owing) {
        return SP_OK;
    }
    SP_TRY(put_bundle(store, (struct sp_tile){.level = SP_TILE_ENTRIES,
                                              .number = store->size / SP_TILE_WIDTH - 1,
                                              .width = SP_TILE_WIDTH}));
    for (unsigned level = 0; level < SP_TILE_LEVELS && sp_tile_partial(level, store->size) == 0;
         level++) {
        const uint64_t full = sp_tile_full(level, store->size);
        if (full == 0) {
            break;
        }
        SP_TRY(put_tile(
            store, (struct sp_tile){.level = level, .number = full - 1, .width = SP_TILE_WIDTH}));
    }
    store->is_owing = false;
    sp_buf_clear(&store->bundle);
    return SP_OK;
}

enum sp_err sp_store_add(struct sp_store *store, const struct sp_store_entry *entry)
{
    uint8_t *space = NULL;
    SP_TRY(sp_store_lay(store));
    SP_TRY(sp_buf_reserve(&store->bundle, 2 + entry->bytes.len, &space));
    space[0] = (uint8_t)(entry->bytes.len >> 8);
    space[1] = (uint8_t)entry->bytes.len;
    (void)sp_slice_copy(entry->bytes, space + 2, entry->bytes.len);
    sp_buf_commit(&store->bundle, 2 + entry->bytes.len);
    store->nodes[0][store->size % SP_TILE_WIDTH] = *entry->leaf;
    store->size++;
    for (unsigned i = 0; i < entry->upper_count && i + 1 < SP_TILE_LEVELS; i++) {
        const uint64_t number = (store->size >> (8 * (i + 1))) - 1;
        store->nodes[i + 1][number % SP_TILE_WIDTH] = entry->upper[i];
    }
    store->is_owing = store->size % SP_TILE_WIDTH == 0;
    return sp_store_lay(store);
}

/* What was published before and is still right is not written again. */
static bool is_published(const struct sp_store *store, unsigned level)
{
    const struct sp_tile now = partial_tile(level, store->size);
    const struct sp_tile before = partial_tile(level, store->published);
    return now.width == 0 || (now.width == before.width && now.number == before.number);
}

/* What a crash leaves of bytes that were written and not yet durable: fewer of them, or zeros in their place. */
static bool is_torn(struct sp_slice got, struct sp_slice wanted)
{
    bool is_less = got.len < wanted.len;
    if (got.len > wanted.len) {
        return false;
    }
    for (size_t i = 0; i < got.len; i++) {
        if (got.ptr[i] != wanted.ptr[i]) {
            if (got.ptr[i] != 0) {
                return false;
            }
            is_less = true;
        }
    }
    return is_less;
}

static enum sp_err mend_file(const struct sp_store *store, struct sp_tile tile,
                             struct sp_slice wanted)
{
    SP_AUTO_BUF struct sp_buf bytes;
    char path[SP_TILE_PATH_BYTES];
    sp_tile_path(tile, path);
    sp_buf_init(&bytes, wanted.len + 1);
    enum sp_err err = sp_disk_get_file(store->disk, in_log(path), wanted.len, &bytes);
    if (err == SP_ERR_NOT_FOUND || err == SP_ERR_TOO_BIG) {
        return SP_OK;
    }
    SP_TRY(err);
    return is_torn(sp_buf_slice(&bytes), wanted)
               ? sp_disk_put_file(store->disk, in_log(path), wanted)
               : SP_OK;
}

/*
 * Narrower partial files of the present size were published before. Only the latest ones are made durable, so a crash
 * may have torn those: they are written anew. What differs in another way was changed by somebody, and stays to be found.
 */
static enum sp_err mend_narrower(const struct sp_store *store)
{
    const struct sp_slice bundle = sp_buf_slice(&store->bundle);
    struct sp_slice rest = bundle;
    struct sp_slice entry = {NULL, 0};
    struct sp_tile tile = partial_tile(SP_TILE_ENTRIES, store->size);
    const unsigned end = tile.width;
    for (tile.width = 1; tile.width < end; tile.width++) {
        SP_TRY(sp_bundle_next(&rest, &entry));
        SP_TRY(mend_file(store, tile, sp_slice_sub(bundle, 0, bundle.len - rest.len)));
    }
    for (unsigned level = 0; level < SP_TILE_LEVELS; level++) {
        tile = partial_tile(level, store->size);
        while (tile.width > 1) {
            tile.width--;
            SP_TRY(mend_file(
                store, tile,
                sp_slice_make(store->nodes[level], (size_t)tile.width * SP_SHA256_BYTES)));
        }
    }
    return SP_OK;
}

enum sp_err sp_store_publish(struct sp_store *store, struct sp_slice note)
{
    SP_TRY(sp_store_lay(store));
    SP_TRY(store->published == 0 ? mend_narrower(store) : SP_OK);
    if (!is_published(store, SP_TILE_ENTRIES)) {
        SP_TRY(put_bundle(store, partial_tile(SP_TILE_ENTRIES, store->size)));
    }
    for (unsigned level = 0; level < SP_TILE_LEVELS; level++) {
        if (!is_published(store, level)) {
            SP_TRY(put_tile(store, partial_tile(level, store->size)));
        }
    }
    SP_TRY(sp_disk_put_file(store->disk, in_log(store->checkpoint.path), note));
    SP_TRY(note_stat(store, &store->checkpoint, note.len));
    store->published = store->size;
    return SP_OK;
}

/* --- durability --- */

static enum sp_err sync_tile(struct sp_store *store, struct sp_tile tile)
{
    char path[SP_TILE_PATH_BYTES];
    sp_tile_path(tile, path);
    return sp_disk_sync_file(store->disk, in_log(path));
}

static enum sp_err sync_names(struct sp_store *store, struct sp_tile tile)
{
    char path[SP_TILE_PATH_BYTES];
    sp_tile_path(tile, path);
    return store->disk->sync_names(store->disk->ctx, in_log(path));
}

typedef enum sp_err tile_fn(struct sp_store *store, struct sp_tile tile);

/* The bundle that ends at `size`, and every tile that ends there too. */
static enum sp_err each_ending_at(struct sp_store *store, uint64_t size, tile_fn *fn)
{
    struct sp_tile tile = {
        .level = SP_TILE_ENTRIES, .number = size / SP_TILE_WIDTH - 1, .width = SP_TILE_WIDTH};
    SP_TRY(fn(store, tile));
    for (unsigned level = 0; level < SP_TILE_LEVELS && sp_tile_partial(level, size) == 0; level++) {
        const uint64_t full = sp_tile_full(level, size);
        if (full == 0) {
            break;
        }
        tile = (struct sp_tile){.level = level, .number = full - 1, .width = SP_TILE_WIDTH};
        SP_TRY(fn(store, tile));
    }
    return SP_OK;
}

enum sp_err sp_store_sync(struct sp_store *store, uint64_t bundles)
{
    SP_TRY(sp_store_lay(store));
    uint64_t end = store->size / SP_TILE_WIDTH;
    const uint64_t done = store->synced / SP_TILE_WIDTH;
    end = end - done > bundles ? done + bundles : end;
    for (uint64_t number = done; number < end; number++) {
        SP_TRY(each_ending_at(store, (number + 1) * SP_TILE_WIDTH, sync_tile));
        store->synced = (number + 1) * SP_TILE_WIDTH;
    }
    return SP_OK;
}

/* Directories are shared by many files: one name in each is enough, and those of upper levels, which are few. */
enum sp_err sp_store_sync_names(struct sp_store *store)
{
    const uint64_t end = store->synced / SP_TILE_WIDTH;
    for (uint64_t number = store->named / SP_TILE_WIDTH; number < end; number++) {
        if (number + 1 == end || (number + 1) % SP_TILE_WIDTH == 0 || (number + 1) % 1000 == 0) {
            SP_TRY(each_ending_at(store, (number + 1) * SP_TILE_WIDTH, sync_names));
        }
    }
    store->named = store->synced;
    return SP_OK;
}

enum sp_err sp_store_sync_published(struct sp_store *store)
{
    SP_TRY(sp_store_sync(store, UINT64_MAX));
    SP_TRY(sp_store_sync_names(store));
    for (unsigned level = 0; level <= SP_TILE_ENTRIES; level++) {
        const struct sp_tile tile = partial_tile(level, store->published);
        if ((level < SP_TILE_LEVELS || level == SP_TILE_ENTRIES) && tile.width > 0) {
            SP_TRY(sync_tile(store, tile));
            SP_TRY(sync_names(store, tile));
        }
    }
    return sp_disk_sync_file(store->disk, in_log(store->checkpoint.path));
}

/* --- meddling --- */

static bool is_same(const struct sp_store *store, const struct sp_store_file *file,
                    bool *out_is_there)
{
    struct sp_disk_stat now = {.size = 0};
    *out_is_there = store->disk->find(store->disk->ctx, in_log(file->path), &now) == SP_OK;
    return *out_is_there && now.device == file->stat.device && now.inode == file->stat.inode &&
           now.size == file->stat.size;
}

const char *sp_store_trouble(const struct sp_store *store)
{
    bool is_there = false;
    if (store->checkpoint.stat.inode != 0 && !is_same(store, &store->checkpoint, &is_there)) {
        return is_there ? "the checkpoint was replaced by another program"
                        : "the checkpoint was removed";
    }
    if (store->latest.stat.inode != 0 && !is_same(store, &store->latest, &is_there)) {
        return is_there ? "the latest entries were replaced by another program"
                        : "the latest entries were removed";
    }
    return NULL;
}

void sp_store_adopt(struct sp_store *store)
{
    store->checkpoint.stat.inode = 0;
    store->latest.stat.inode = 0;
    store->published = 0;
}
