/*
 * store - lays the entries down as others read them: full bundles and tiles at once, partial ones and the checkpoint
 * when they are published.
 *
 * Runs in: audit.   Input: committed entries.   Allocates: the bundle at hand.
 * All of it can be laid down again from the journal until sp_store_sync has made it durable. Nothing is ever cut,
 * renamed or removed here: a file gets its final name at once, and the checkpoint is overwritten in place.
 */
#ifndef SP_AUDIT_STORE_H
#define SP_AUDIT_STORE_H

#include "audit/disk.h"
#include "audit/merkle.h"
#include "audit/tile.h"
#include "base/buf.h"

#define SP_STORE_BUNDLE_MAX ((size_t)SP_TILE_WIDTH * (2 + 65535))

struct sp_store_file {
    char path[SP_TILE_PATH_BYTES];
    struct sp_disk_stat stat; /* inode 0: not there yet */
};

struct sp_store {
    const struct sp_disk *disk;
    uint64_t size;      /* entries taken */
    uint64_t published; /* entries of the latest published checkpoint */
    uint64_t synced;    /* entries in full bundles that are durable, with all tiles over them */
    uint64_t named;     /* entries in those of them whose names are durable too */
    bool is_owing;      /* the tiles that the last entry completed are not written yet */
    struct sp_node nodes[SP_TILE_LEVELS][SP_TILE_WIDTH];
    struct sp_buf bundle;
    struct sp_store_file checkpoint;
    struct sp_store_file latest; /* the bundle that was written last */
};

enum sp_err sp_store_init(struct sp_store *store, const struct sp_disk *disk)
    SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_store_done(struct sp_store *store) SP_NONNULL(1);

/*
 * Reads what a log of this size needs to grow: the rightmost tiles and bundle. `out_range` is what their hashes give; the
 * caller compares its root. SP_ERR_NOT_FOUND or SP_ERR_CORRUPT when they are not there or do not fit together.
 */
enum sp_err sp_store_load(struct sp_store *store, uint64_t size, struct sp_merkle_range *out_range)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* The root of the first `size` entries, a multiple of 256, from the tiles that lie there: the entries may be gone. */
enum sp_err sp_store_root(const struct sp_disk *disk, uint64_t size, struct sp_node *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* An entry with its hash, and the hashes of the trees that it completed (as sp_merkle_append gives them). */
struct sp_store_entry {
    struct sp_slice bytes;
    const struct sp_node *leaf;
    const struct sp_node *upper;
    unsigned upper_count;
};

/* Takes an entry and writes what it completes. When that fails the entry is taken and the store owes the files. */
enum sp_err sp_store_add(struct sp_store *store, const struct sp_store_entry *entry)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Writes what is owed. */
enum sp_err sp_store_lay(struct sp_store *store) SP_MUST_CHECK SP_NONNULL(1);

/*
 * Writes the partial bundle and tiles of the present size, then the checkpoint; SP_ERR_CORRUPT over a longer file. The
 * first time, and after sp_store_adopt, narrower ones that a crash tore are written anew.
 */
enum sp_err sp_store_publish(struct sp_store *store, struct sp_slice note)
    SP_MUST_CHECK SP_NONNULL(1);

/* Makes what stands in full bundles and tiles durable, at most `bundles` of them; then their names. */
enum sp_err sp_store_sync(struct sp_store *store, uint64_t bundles) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_store_sync_names(struct sp_store *store) SP_MUST_CHECK SP_NONNULL(1);

/* Makes what the latest publishing wrote durable. */
enum sp_err sp_store_sync_published(struct sp_store *store) SP_MUST_CHECK SP_NONNULL(1);

/* NULL, or what was done to our files behind our back. */
const char *sp_store_trouble(const struct sp_store *store) SP_NONNULL(1);

/* Looks at the names anew and takes what is there now for ours. */
void sp_store_adopt(struct sp_store *store) SP_NONNULL(1);

#endif
