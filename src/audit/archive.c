#include "audit/archive.h"

#include <stdlib.h>

#include "audit/journal.h"
#include "audit/log_state.h"
#include "audit/tile.h"

#define TILE_BYTES (SP_TILE_WIDTH * SP_SHA256_BYTES)
#define BUNDLE_MAX ((size_t)SP_TILE_WIDTH * (2 + 65535))
#define TAIL_MAX   ((size_t)SP_JOURNAL_FILES * (size_t)SP_JOURNAL_BYTES)
#define TRIES      5U /* a journal is read while it is written */

struct cached {
    struct sp_buf bytes;
    struct sp_tile tile;
    bool is_there;
};

struct sp_archive {
    const struct sp_disk *disk;
    struct sp_buf published_note;
    struct sp_buf note;
    struct sp_checkpoint published;
    struct sp_checkpoint checkpoint;
    struct cached tiles[SP_TILE_LEVELS];
    struct cached bundle;
    struct sp_buf tail; /* entries behind the published ones, as in a bundle */
    struct sp_buf ends; /* where each of them ends in there, eight bytes a number */
    struct sp_buf leaves;
};

/* --- life --- */

enum sp_err sp_archive_open(const struct sp_disk *disk, struct sp_archive **out)
{
    struct sp_archive *a = calloc(1, sizeof(*a));
    if (a == NULL) {
        return SP_ERR_NOMEM;
    }
    a->disk = disk;
    for (size_t i = 0; i < SP_TILE_LEVELS; i++) {
        sp_buf_init(&a->tiles[i].bytes, TILE_BYTES + 1);
    }
    sp_buf_init(&a->bundle.bytes, BUNDLE_MAX + 1);
    sp_buf_init(&a->published_note, SP_NOTE_BYTES_MAX + 1);
    sp_buf_init(&a->note, SP_NOTE_BYTES_MAX);
    sp_buf_init(&a->tail, TAIL_MAX);
    sp_buf_init(&a->ends, TAIL_MAX);
    sp_buf_init(&a->leaves, (size_t)16 * TAIL_MAX);
    enum sp_err err = sp_archive_refresh(a);
    if (err != SP_OK) {
        sp_archive_free(a);
        return err;
    }
    *out = a;
    return SP_OK;
}

void sp_archive_free(struct sp_archive *a)
{
    if (a == NULL) {
        return;
    }
    for (size_t i = 0; i < SP_TILE_LEVELS; i++) {
        sp_buf_done(&a->tiles[i].bytes);
    }
    sp_buf_done(&a->bundle.bytes);
    sp_buf_done(&a->published_note);
    sp_buf_done(&a->note);
    sp_buf_done(&a->tail);
    sp_buf_done(&a->ends);
    sp_buf_done(&a->leaves);
    free(a);
}

void sp_archive_free_cleanup(struct sp_archive **archive)
{
    sp_archive_free(*archive);
}

uint64_t sp_archive_size(const struct sp_archive *a)
{
    return a->checkpoint.size;
}

uint64_t sp_archive_published(const struct sp_archive *a)
{
    return a->published.size;
}

struct sp_slice sp_archive_note(const struct sp_archive *a)
{
    return sp_buf_slice(&a->note);
}

struct sp_checkpoint sp_archive_checkpoint(const struct sp_archive *a)
{
    return a->checkpoint;
}

/* --- what is published --- */

/* The checkpoint is overwritten in place: one that is read while that happens is read again. */
static enum sp_err read_published(struct sp_archive *a)
{
    const struct sp_disk_name name = {.place = SP_DISK_LOG, .path = SP_CHECKPOINT_PATH};
    enum sp_err err = SP_ERR_CORRUPT;
    for (unsigned i = 0; i < TRIES && err == SP_ERR_CORRUPT; i++) {
        a->published = (struct sp_checkpoint){.size = 0};
        sp_buf_clear(&a->published_note);
        SP_TRY(sp_disk_get_file(a->disk, name, SP_NOTE_BYTES_MAX, &a->published_note));
        err = sp_checkpoint_read(sp_buf_slice(&a->published_note), &a->published) == SP_OK
                  ? SP_OK
                  : SP_ERR_CORRUPT;
    }
    return err;
}

/* A tile or bundle of the published tree; a wider one serves when the log has grown meanwhile. */
static enum sp_err load(struct sp_archive *a, struct sp_tile tile, size_t room,
                        struct cached *cached)
{
    if (cached->is_there && cached->tile.number == tile.number &&
        cached->tile.width >= tile.width) {
        return SP_OK;
    }
    enum sp_err err = SP_ERR_NOT_FOUND;
    cached->is_there = false;
    for (; tile.width <= SP_TILE_WIDTH && err == SP_ERR_NOT_FOUND; tile.width++) {
        char path[SP_TILE_PATH_BYTES];
        sp_tile_path(tile, path);
        sp_buf_clear(&cached->bytes);
        err = sp_disk_get_file(a->disk, (struct sp_disk_name){SP_DISK_LOG, path}, room,
                               &cached->bytes);
        cached->tile = tile;
    }
    cached->is_there = err == SP_OK;
    return err == SP_ERR_TOO_BIG ? SP_ERR_CORRUPT : err;
}

static struct sp_tile tile_with(unsigned level, uint64_t place, uint64_t size)
{
    const struct sp_tile tile = {
        .level = level, .number = place / SP_TILE_WIDTH, .width = SP_TILE_WIDTH};
    const struct sp_tile last = {
        .level = level, .number = tile.number, .width = sp_tile_partial(level, size)};
    return tile.number < sp_tile_full(level, size) ? tile : last;
}

static enum sp_err published_entry(struct sp_archive *a, uint64_t index, struct sp_slice *out)
{
    SP_TRY(load(a, tile_with(SP_TILE_ENTRIES, index, a->published.size), BUNDLE_MAX, &a->bundle));
    struct sp_slice rest = sp_buf_slice(&a->bundle.bytes);
    struct sp_slice entry = {NULL, 0};
    for (uint64_t i = 0; i <= index % SP_TILE_WIDTH; i++) {
        if (sp_bundle_next(&rest, &entry) != SP_OK) {
            return SP_ERR_CORRUPT;
        }
    }
    *out = entry;
    return SP_OK;
}

static enum sp_err published_node(struct sp_archive *a, unsigned level, uint64_t place,
                                  struct sp_node *out)
{
    struct cached *cached = &a->tiles[level];
    SP_TRY(load(a, tile_with(level, place, a->published.size), TILE_BYTES, cached));
    struct sp_slice hash =
        sp_slice_sub(sp_buf_slice(&cached->bytes),
                     (size_t)(place % SP_TILE_WIDTH) * SP_SHA256_BYTES, SP_SHA256_BYTES);
    if (hash.len != SP_SHA256_BYTES) {
        return SP_ERR_CORRUPT;
    }
    (void)sp_slice_copy(hash, out->bytes, sizeof(out->bytes));
    return SP_OK;
}

/* --- what stands in the journals --- */

static enum sp_err keep_entry(struct sp_archive *a, struct sp_slice entry)
{
    struct sp_node leaf;
    SP_TRY(sp_merkle_leaf(entry, &leaf));
    SP_TRY(sp_buf_put(&a->leaves, sp_node_slice(&leaf)));
    SP_TRY(sp_buf_put(&a->tail, entry));
    const uint64_t end = a->tail.len;
    return sp_buf_put(&a->ends, sp_slice_make(&end, sizeof(end)));
}

/* The entries of a record that are behind those that we have. */
static enum sp_err keep_record(struct sp_archive *a, const struct sp_journal_record *record)
{
    struct sp_checkpoint checkpoint;
    struct sp_slice rest = record->entries;
    struct sp_slice entry = {NULL, 0};
    if (sp_checkpoint_read(record->note, &checkpoint) != SP_OK ||
        checkpoint.size != record->first + record->count) {
        return SP_ERR_CORRUPT;
    }
    for (uint64_t index = record->first; sp_bundle_next(&rest, &entry) == SP_OK; index++) {
        SP_TRY(index < a->checkpoint.size ? SP_OK : keep_entry(a, entry));
    }
    sp_buf_clear(&a->note);
    SP_TRY(sp_buf_put(&a->note, record->note));
    return sp_checkpoint_read(sp_buf_slice(&a->note), &a->checkpoint);
}

/* Takes the records of one file that go on from what we have. A record that is being written ends the walk. */
static enum sp_err keep_file(struct sp_archive *a, struct sp_slice bytes)
{
    struct sp_journal_record record;
    while (sp_journal_read(bytes, &record) == SP_OK) {
        if (record.first <= a->checkpoint.size &&
            record.first + record.count > a->checkpoint.size) {
            enum sp_err err = keep_record(a, &record);
            if (err != SP_OK) {
                return err == SP_ERR_CORRUPT ? SP_OK : err;
            }
        }
        bytes = sp_slice_sub(bytes, record.bytes, bytes.len);
    }
    return SP_OK;
}

/* Any order of the files will do, as each is asked until none has more. */
static enum sp_err read_journals(struct sp_archive *a)
{
    SP_AUTO_BUF struct sp_buf bytes;
    uint64_t before = 0;
    sp_buf_init(&bytes, (size_t)SP_JOURNAL_BYTES + SP_JOURNAL_RECORD_MAX);
    do {
        before = a->checkpoint.size;
        for (unsigned number = 0; number < SP_JOURNAL_NAMES_MAX; number++) {
            sp_buf_clear(&bytes);
            if (sp_journal_load(a->disk, number, &bytes) == SP_OK) {
                SP_TRY(keep_file(a, sp_buf_slice(&bytes)));
            }
        }
    } while (a->checkpoint.size != before);
    return SP_OK;
}

static void forget(struct sp_archive *a)
{
    sp_buf_clear(&a->tail);
    sp_buf_clear(&a->ends);
    sp_buf_clear(&a->leaves);
    a->bundle.is_there = false;
    for (size_t i = 0; i < SP_TILE_LEVELS; i++) {
        a->tiles[i].is_there = false;
    }
}

enum sp_err sp_archive_refresh(struct sp_archive *a)
{
    enum sp_err err = SP_ERR_CORRUPT;
    for (unsigned i = 0; i < TRIES && err == SP_ERR_CORRUPT; i++) {
        struct sp_node root;
        forget(a);
        err = read_published(a);
        SP_TRY(err == SP_ERR_NOT_FOUND ? SP_OK
                                       : err); /* a log that has just begun has journals only */
        a->checkpoint = a->published;
        sp_buf_clear(&a->note);
        SP_TRY(sp_buf_put(&a->note, sp_buf_slice(&a->published_note)));
        SP_TRY(read_journals(a));
        if (a->checkpoint.size == a->published.size) {
            return err;
        }
        /* A journal may be begun anew while it is read: what came of it must be what was signed. */
        err = sp_archive_root(a, a->checkpoint.size, &root);
        err = err == SP_OK && !sp_node_equal(&root, &a->checkpoint.root) ? SP_ERR_CORRUPT : err;
    }
    if (err != SP_OK) {
        forget(a);
        a->checkpoint = a->published;
        sp_buf_clear(&a->note);
        SP_TRY(a->published.size > 0 ? SP_OK : err);
        return sp_buf_put(&a->note, sp_buf_slice(&a->published_note));
    }
    return SP_OK;
}

static uint64_t end_at(const struct sp_archive *a, uint64_t number)
{
    uint64_t end = 0;
    (void)sp_slice_copy(
        sp_slice_sub(sp_buf_slice(&a->ends), (size_t)number * sizeof(end), sizeof(end)), &end,
        sizeof(end));
    return end;
}

enum sp_err sp_archive_entry(struct sp_archive *a, uint64_t index, struct sp_slice *out)
{
    if (index >= a->checkpoint.size) {
        return SP_ERR_NOT_FOUND;
    }
    if (index < a->published.size) {
        return published_entry(a, index, out);
    }
    const uint64_t number = index - a->published.size;
    const uint64_t start = number == 0 ? 0 : end_at(a, number - 1);
    *out = sp_slice_sub(sp_buf_slice(&a->tail), (size_t)start, (size_t)(end_at(a, number) - start));
    return SP_OK;
}

enum sp_err sp_archive_file(const struct sp_archive *a, const char *path, size_t room,
                            struct sp_buf *out)
{
    return sp_disk_get_file(a->disk, (struct sp_disk_name){SP_DISK_LOG, path}, room, out);
}

/* --- hashes and proofs --- */

/* The root of the perfect tree of 2^height entries that begins at entry place * 2^height. */
static enum sp_err node_at(struct sp_archive *a, unsigned height, uint64_t place,
                           struct sp_node *out)
{
    struct sp_node left;
    struct sp_node right;
    if (height % 8 == 0 && height / 8 < SP_TILE_LEVELS && place < a->published.size >> height) {
        return published_node(a, height / 8, place, out);
    }
    if (height == 0) {
        struct sp_slice leaf =
            sp_slice_sub(sp_buf_slice(&a->leaves),
                         (size_t)(place - a->published.size) * SP_SHA256_BYTES, SP_SHA256_BYTES);
        (void)sp_slice_copy(leaf, out->bytes, sizeof(out->bytes));
        return leaf.len == SP_SHA256_BYTES ? SP_OK : SP_ERR_CORRUPT;
    }
    SP_TRY(node_at(a, height - 1, 2 * place, &left));
    SP_TRY(node_at(a, height - 1, 2 * place + 1, &right));
    return sp_merkle_join(&left, &right, out);
}

struct span {
    uint64_t start;
    uint64_t end;
};

/* The largest power of two that is less than the length of a span. */
static uint64_t split(struct span span)
{
    uint64_t k = 1;
    while (k < span.end - span.start - k) {
        k *= 2;
    }
    return k;
}

static enum sp_err hash_of(struct sp_archive *a, struct span span, struct sp_node *out)
{
    const uint64_t len = span.end - span.start;
    struct sp_node left;
    struct sp_node right;
    if ((len & (len - 1)) == 0) {
        unsigned height = 0;
        while (len >> height != 1) {
            height++;
        }
        return node_at(a, height, span.start >> height, out);
    }
    const uint64_t middle = span.start + split(span);
    SP_TRY(hash_of(a, (struct span){span.start, middle}, &left));
    SP_TRY(hash_of(a, (struct span){middle, span.end}, &right));
    return sp_merkle_join(&left, &right, out);
}

enum sp_err sp_archive_root(struct sp_archive *a, uint64_t size, struct sp_node *out)
{
    if (size > a->checkpoint.size) {
        return SP_ERR_RANGE;
    }
    return size == 0 ? sp_sha256(sp_slice_make(NULL, 0), out->bytes)
                     : hash_of(a, (struct span){0, size}, out);
}

static enum sp_err add(struct sp_archive *a, struct span span, struct sp_archive_proof *proof)
{
    if (proof->count == SP_ARCHIVE_PROOF_MAX) {
        return SP_ERR_TOO_BIG;
    }
    SP_TRY(hash_of(a, span, &proof->hashes[proof->count]));
    proof->count++;
    return SP_OK;
}

static enum sp_err path_to(struct sp_archive *a, uint64_t index, struct span span,
                           struct sp_archive_proof *proof)
{
    if (span.end - span.start == 1) {
        return SP_OK;
    }
    const uint64_t middle = span.start + split(span);
    const struct span left = {span.start, middle};
    const struct span right = {middle, span.end};
    SP_TRY(path_to(a, index, index < middle ? left : right, proof));
    return add(a, index < middle ? right : left, proof);
}

enum sp_err sp_archive_prove(struct sp_archive *a, uint64_t index, uint64_t size,
                             struct sp_archive_proof *out)
{
    out->count = 0;
    if (index >= size || size > a->checkpoint.size) {
        return SP_ERR_RANGE;
    }
    return path_to(a, index, (struct span){0, size}, out);
}

static enum sp_err growth(struct sp_archive *a, uint64_t first, struct span span,
                          struct sp_archive_proof *proof)
{
    if (first == span.end) {
        return span.start == 0
                   ? SP_OK
                   : add(a, span,
                         proof); /* a tree from the very beginning is known to whoever asks */
    }
    const uint64_t middle = span.start + split(span);
    const struct span left = {span.start, middle};
    const struct span right = {middle, span.end};
    SP_TRY(growth(a, first, first <= middle ? left : right, proof));
    return add(a, first <= middle ? right : left, proof);
}

enum sp_err sp_archive_prove_growth(struct sp_archive *a, uint64_t first, uint64_t second,
                                    struct sp_archive_proof *out)
{
    out->count = 0;
    if (first == 0 || first > second || second > a->checkpoint.size) {
        return SP_ERR_RANGE;
    }
    return growth(a, first, (struct span){0, second}, out);
}
