/* Covers audit/archive.c: four files of anybody (checkpoint, bundle, tile, journal), and whatever is in them, it says so. */
#include "audit/archive.h"
#include "audit/tile.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHECKPOINT, BUNDLE, TILE, JOURNAL, FILES };
#define BLOCK ((size_t)4096)

static struct sp_slice files[FILES]; /* a descriptor is a place in here */

static enum sp_err on_open(void *ctx, struct sp_disk_name name, enum sp_disk_how how, int *out_fd)
{
    const struct sp_slice path = sp_slice_of(name.path);
    SP_ASSERT(ctx == NULL && how == SP_DISK_READ);
    if (name.place == SP_DISK_OWN && !sp_slice_is(path, "journal-0")) {
        return SP_ERR_NOT_FOUND;
    }
    *out_fd = sp_slice_starts(path, "tile/entries/") ? BUNDLE
              : sp_slice_starts(path, "tile/")       ? TILE
                                                     : CHECKPOINT;
    *out_fd = name.place == SP_DISK_OWN ? JOURNAL : *out_fd;
    return files[*out_fd].len > 0 ? SP_OK : SP_ERR_NOT_FOUND;
}

static void on_close(void *ctx, int fd)
{
    SP_ASSERT(ctx == NULL && fd >= 0);
}

/* A journal has zeros behind its records, which need not be given. */
static size_t length_of(int fd)
{
    return fd == JOURNAL ? (files[fd].len / BLOCK + 2) * BLOCK : files[fd].len;
}

static enum sp_err on_find(void *ctx, struct sp_disk_name name, struct sp_disk_stat *out)
{
    int fd = 0;
    SP_TRY(on_open(ctx, name, SP_DISK_READ, &fd));
    *out = (struct sp_disk_stat){.device = 1, .inode = 1, .size = length_of(fd)};
    return SP_OK;
}

static enum sp_err on_read(void *ctx, int fd, uint64_t at, uint8_t *out, size_t len,
                           size_t *out_len)
{
    const size_t whole = length_of(fd);
    const size_t left = at < whole ? whole - (size_t)at : 0;
    SP_ASSERT(ctx == NULL);
    *out_len = len < left ? len : left;
    for (size_t i = 0; i < *out_len; i++) {
        out[i] = at + i < files[fd].len ? files[fd].ptr[at + i] : 0;
    }
    return SP_OK;
}

static void walk(struct sp_archive *archive)
{
    static struct sp_archive_proof proof;
    const uint64_t all = sp_archive_size(archive);
    struct sp_slice entry = {NULL, 0};
    struct sp_node root;
    SP_ASSERT(all >= sp_archive_published(archive));
    for (uint64_t i = 0; i < 4; i++) {
        const uint64_t index = i % 2 == 0 ? i : all - i;
        const enum sp_err err = sp_archive_entry(archive, index, &entry);
        SP_ASSERT(index < all ? err == SP_OK || err == SP_ERR_CORRUPT || err == SP_ERR_NOT_FOUND
                              : err == SP_ERR_NOT_FOUND);
        SP_ASSERT(sp_archive_prove(archive, index, all, &proof) != SP_OK ||
                  (index < all && proof.count <= 64));
        SP_ASSERT(sp_archive_prove_growth(archive, index, all, &proof) != SP_OK ||
                  proof.count <= SP_ARCHIVE_PROOF_MAX);
    }
    (void)!sp_archive_root(archive, all, &root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sp_disk disk = {
        .open = on_open, .close = on_close, .find = on_find, .read = on_read};
    struct sp_slice rest = sp_slice_make(data, size);
    struct sp_checkpoint again;
    SP_AUTO_ARCHIVE struct sp_archive *archive = NULL;
    for (size_t i = 0; i < FILES; i++) {
        files[i] = sp_slice_make(NULL, 0);
        (void)!sp_bundle_next(&rest, &files[i]);
    }
    if (sp_archive_open(&disk, &archive) == SP_OK) {
        SP_ASSERT(sp_checkpoint_read(sp_archive_note(archive), &again) == SP_OK &&
                  again.size == sp_archive_size(archive));
        walk(archive);
    }
    return 0;
}
