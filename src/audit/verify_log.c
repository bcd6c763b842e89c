#include "audit/verify_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/archive.h"
#include "audit/chain.h"
#include "audit/dropped.h"
#include "audit/entry.h"
#include "audit/tile.h"
#include "audit/way.h"

#define TILE_BYTES      (SP_TILE_WIDTH * SP_SHA256_BYTES)
#define BUNDLE_MAX      ((size_t)SP_TILE_WIDTH * (2 + 65535))
#define TEXT_BYTES_MAX  ((size_t)300)
#define DIRECTORY_DEPTH 12U

struct work {
    const struct sp_log_verify *options;
    struct sp_log_verified *out;
    struct sp_verify *entries;
    struct sp_merkle_range range;
    struct sp_node nodes[SP_TILE_LEVELS][SP_TILE_WIDTH];
    struct sp_checkpoint checkpoint; /* of the file */
    struct sp_checkpoint older;
    struct sp_buf note;
    struct sp_buf bytes;
    struct sp_buf other;
    struct sp_chain chain;
    struct sp_dropped dropped;
    bool was_older_met;
    uint64_t size_now; /* a running log may have grown since the checkpoint was read */
    uint64_t published_now;
};

static void SP_PRINTF(4, 5)
    problem(struct work *w, const char *file, const uint64_t *index, const char *format, ...)
{
    va_list args;
    char text[TEXT_BYTES_MAX];
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    w->out->problems++;
    w->options->problem(w->options->ctx,
                        &(struct sp_log_problem){.file = file,
                                                 .has_index = index != NULL,
                                                 .index = index != NULL ? *index : 0,
                                                 .text = text});
}

static bool looks_at(const struct work *w, enum sp_log_part part)
{
    return w->options->part == SP_LOG_WHOLE || w->options->part == part;
}

/* What either half comes upon is told by one. */
static void of_hashes(struct work *w, const char *file, const uint64_t *index, const char *text)
{
    if (looks_at(w, SP_LOG_HASHES)) {
        problem(w, file, index, "%s", text);
    }
}

static void on_entry_problem(void *ctx, const struct sp_verify_problem *found)
{
    struct work *w = ctx;
    char path[SP_TILE_PATH_BYTES];
    sp_tile_path((struct sp_tile){SP_TILE_ENTRIES, found->index / SP_TILE_WIDTH, SP_TILE_WIDTH},
                 path);
    problem(w, path, &found->index, "%s", found->text);
}

static enum sp_err read_file(struct work *w, const char *path, size_t room, struct sp_buf *out)
{
    sp_buf_clear(out);
    return sp_disk_get_file(w->options->disk, (struct sp_disk_name){SP_DISK_LOG, path}, room, out);
}

/* --- one tile --- */

/* Compares a file with what its bytes must be, and says where they differ. */
static enum sp_err compare(struct work *w, const char *path, struct sp_slice want,
                           struct sp_buf *space)
{
    enum sp_err err = read_file(w, path, want.len, space);
    if (err == SP_ERR_NOMEM) {
        return err;
    }
    if (err == SP_ERR_TOO_BIG) {
        problem(w, path, NULL, "the file is longer than it should be");
    } else if (err != SP_OK) {
        problem(w, path, NULL, "the file is missing or cannot be read");
    } else if (!sp_slice_equal(sp_buf_slice(space), want)) {
        size_t at = 0;
        while (at < space->len && at < want.len && space->ptr[at] == want.ptr[at]) {
            at++;
        }
        problem(w, path, NULL, "hash %zu is not that of the entries", at / SP_SHA256_BYTES);
    }
    return SP_OK;
}

static enum sp_err check_tile(struct work *w, unsigned level, uint64_t number, unsigned width)
{
    char path[SP_TILE_PATH_BYTES];
    sp_tile_path((struct sp_tile){level, number, width}, path);
    return compare(w, path, sp_slice_make(w->nodes[level], width * SP_SHA256_BYTES), &w->other);
}

/* --- entries --- */

static void on_chain_problem(void *ctx, uint64_t index, const char *text)
{
    const struct sp_verify_problem found = {.index = index, .text = text};
    on_entry_problem(ctx, &found);
}

/* The keys that sign, as the log's own entries name them one after the other. */
static enum sp_err follow_keys(struct work *w, struct sp_slice line)
{
    struct sp_node root;
    if (sp_chain_may_care(line)) {
        SP_TRY(sp_chain_entry(&w->chain, w->range.size - 1, line));
    }
    if (sp_dropped_may_care(line)) {
        const char *flaw = sp_dropped_entry(&w->dropped, line);
        if (flaw != NULL) {
            on_chain_problem(w, w->range.size - 1, flaw);
        }
    }
    if (sp_chain_wants_root(&w->chain, w->range.size)) {
        SP_TRY(sp_merkle_root(&w->range, &root));
        sp_chain_root(&w->chain, &root);
    }
    return SP_OK;
}

static void check_older(struct work *w)
{
    struct sp_node root;
    if (w->options->older.len == 0 || w->range.size != w->older.size) {
        return;
    }
    w->was_older_met = true;
    if (sp_merkle_root(&w->range, &root) != SP_OK || !sp_node_equal(&root, &w->older.root)) {
        problem(w, "", NULL,
                "the first %llu entries are not those of the checkpoint that was kept: entries "
                "were changed",
                (unsigned long long)w->older.size);
    }
}

/* Grows the tree by one entry; tiles of upper levels are compared when they are full. */
static enum sp_err grow(struct work *w, struct sp_slice line)
{
    struct sp_node upper[SP_MERKLE_UPPER_MAX];
    struct sp_node leaf;
    unsigned count = 0;
    SP_TRY(sp_merkle_leaf(line, &leaf));
    w->nodes[0][w->range.size % SP_TILE_WIDTH] = leaf;
    SP_TRY(sp_merkle_append(&w->range, &leaf, upper, &count));
    w->out->bytes += line.len;
    SP_TRY(follow_keys(w, line));
    check_older(w);
    for (unsigned i = 0; i < count && i + 1 < SP_TILE_LEVELS; i++) {
        const uint64_t number = (w->range.size >> (8 * (i + 1))) - 1;
        w->nodes[i + 1][number % SP_TILE_WIDTH] = upper[i];
        if (number % SP_TILE_WIDTH == SP_TILE_WIDTH - 1) {
            SP_TRY(check_tile(w, i + 1, number / SP_TILE_WIDTH, SP_TILE_WIDTH));
        }
    }
    return SP_OK;
}

static enum sp_err take_entry(struct work *w, struct sp_slice line)
{
    SP_TRY(looks_at(w, SP_LOG_ENTRIES) ? sp_verify_entry(w->entries, line) : SP_OK);
    if (looks_at(w, SP_LOG_HASHES)) {
        return grow(w, line);
    }
    w->range.size++; /* where it has come to; there is no tree */
    return SP_OK;
}

/* One bundle with the tile of its hashes. SP_ERR_CORRUPT when it cannot be read as one: nothing behind it can be checked. */
static enum sp_err check_bundle(struct work *w, uint64_t number, unsigned width)
{
    char path[SP_TILE_PATH_BYTES];
    struct sp_slice entry = {NULL, 0};
    sp_tile_path((struct sp_tile){SP_TILE_ENTRIES, number, width}, path);
    enum sp_err err = read_file(w, path, BUNDLE_MAX, &w->bytes);
    if (err != SP_OK) {
        of_hashes(w, path, NULL, "the entries are missing or cannot be read");
        return err == SP_ERR_NOMEM ? err : SP_ERR_CORRUPT;
    }
    struct sp_slice rest = sp_buf_slice(&w->bytes);
    for (unsigned i = 0; i < width; i++) {
        const uint64_t index = number * SP_TILE_WIDTH + i;
        if (sp_bundle_next(&rest, &entry) != SP_OK) {
            of_hashes(w, path, &index, "the file ends in the middle of this entry");
            return SP_ERR_CORRUPT;
        }
        SP_TRY(take_entry(w, entry));
    }
    if (!looks_at(w, SP_LOG_HASHES)) {
        return SP_OK;
    }
    if (rest.len > 0) {
        problem(w, path, NULL, "%zu bytes follow the last entry", rest.len);
    }
    return check_tile(w, 0, number, width);
}

static void tell_progress(const struct work *w)
{
    if (w->options->progress != NULL) {
        w->options->progress(w->options->ctx, w->range.size, w->checkpoint.size);
    }
}

static enum sp_err check_entries(struct work *w)
{
    const uint64_t full = sp_tile_full(SP_TILE_ENTRIES, w->checkpoint.size);
    const unsigned partial = sp_tile_partial(SP_TILE_ENTRIES, w->checkpoint.size);
    for (uint64_t number = w->range.size / SP_TILE_WIDTH; number < full; number++) {
        SP_TRY(check_bundle(w, number, SP_TILE_WIDTH));
        tell_progress(w);
    }
    SP_TRY(partial > 0 ? check_bundle(w, full, partial) : SP_OK);
    for (unsigned level = 1; level < SP_TILE_LEVELS && looks_at(w, SP_LOG_HASHES); level++) {
        const unsigned width = sp_tile_partial(level, w->checkpoint.size);
        SP_TRY(width > 0 ? check_tile(w, level, sp_tile_full(level, w->checkpoint.size), width)
                         : SP_OK);
    }
    tell_progress(w);
    return SP_OK;
}

/* --- the beginning, when the oldest entries were dropped --- */

static bool is_there(struct work *w, struct sp_tile tile)
{
    char path[SP_TILE_PATH_BYTES];
    struct sp_disk_stat ignored;
    sp_tile_path(tile, path);
    return w->options->disk->find(w->options->disk->ctx, (struct sp_disk_name){SP_DISK_LOG, path},
                                  &ignored) == SP_OK;
}

/* The bundle that the log begins with: found by halving, as those that were dropped are the first ones. */
static uint64_t first_bundle(struct work *w)
{
    uint64_t low = 0;
    uint64_t high = sp_tile_full(SP_TILE_ENTRIES, w->checkpoint.size);
    if (high == 0 || is_there(w, (struct sp_tile){SP_TILE_ENTRIES, 0, SP_TILE_WIDTH})) {
        return 0;
    }
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (is_there(w, (struct sp_tile){SP_TILE_ENTRIES, middle, SP_TILE_WIDTH})) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* The hashes of what was dropped stand in the tiles above it; the root will show whether they are right. */
static enum sp_err begin_behind(struct work *w, uint64_t bundles)
{
    const uint64_t size = bundles * SP_TILE_WIDTH;
    for (unsigned level = SP_TILE_LEVELS - 1; level > 0; level--) {
        const uint64_t full = sp_tile_full(level, size);
        const unsigned width = sp_tile_partial(level, size);
        char path[SP_TILE_PATH_BYTES];
        enum sp_err err = width == 0 ? SP_OK : SP_ERR_NOT_FOUND;
        for (unsigned wider = width; wider <= SP_TILE_WIDTH && err == SP_ERR_NOT_FOUND; wider++) {
            sp_tile_path((struct sp_tile){level, full, wider}, path);
            err = read_file(w, path, TILE_BYTES, &w->bytes);
        }
        SP_TRY(err);
        for (unsigned i = 0; i < width; i++) {
            struct sp_slice hash =
                sp_slice_sub(sp_buf_slice(&w->bytes), i * SP_SHA256_BYTES, SP_SHA256_BYTES);
            SP_TRY(hash.len == SP_SHA256_BYTES ? SP_OK : SP_ERR_CORRUPT);
            (void)sp_slice_copy(hash, w->nodes[level][i].bytes, SP_SHA256_BYTES);
            SP_TRY(sp_merkle_append_tree(&w->range, &w->nodes[level][i], 8 * level));
        }
    }
    return SP_OK;
}

/* --- the checkpoint --- */

/* The key at the end of the chain, if a key that is trusted leads there; else that one has to have signed. */
static enum sp_err signing_key(const struct work *w, struct sp_note_key *out)
{
    SP_AUTO_BUF struct sp_buf trusted;
    const char *latest = sp_chain_latest(&w->chain);
    char text[SP_NOTE_TEXT_MAX];
    sp_buf_init(&trusted, SP_NOTE_TEXT_MAX);
    if (w->options->key == NULL) {
        return sp_note_key_read(sp_slice_of(latest), out);
    }
    SP_TRY(sp_note_key_write(w->options->key, &trusted));
    sp_slice_to_text(sp_buf_slice(&trusted), text, sizeof(text));
    const bool is_led = *latest != '\0' && sp_chain_leads_from(&w->chain, text);
    return sp_note_key_read(is_led ? sp_slice_of(latest) : sp_buf_slice(&trusted), out);
}

static void check_signature(struct work *w)
{
    SP_AUTO_NOTE_KEY struct sp_note_key key = {.key = NULL};
    sp_chain_end(&w->chain, w->checkpoint.size);
    sp_slice_to_text(sp_slice_of(sp_chain_latest(&w->chain)), w->out->key, sizeof(w->out->key));
    w->out->keys = w->chain.count;
    if (signing_key(w, &key) != SP_OK) {
        problem(w, SP_CHECKPOINT_PATH, NULL,
                "no entry names the key that signed it; give one by --key");
        return;
    }
    enum sp_err err = sp_note_verify(sp_buf_slice(&w->note), &key);
    if (err != SP_OK) {
        problem(w, SP_CHECKPOINT_PATH, NULL,
                err == SP_ERR_NOT_FOUND ? "it is not signed by %s" : "the signature of %s is wrong",
                key.name);
    }
    if (!sp_slice_is(w->checkpoint.origin, key.name)) {
        problem(w, SP_CHECKPOINT_PATH, NULL, "it is of another log than the key");
    }
    if (w->options->older.len > 0 && sp_note_verify(w->options->older, &key) != SP_OK &&
        sp_chain_verify(&w->chain, w->options->older) != SP_OK) {
        problem(w, "", NULL, "the checkpoint that was kept is not signed by %s", key.name);
    }
}

static void check_root(struct work *w)
{
    struct sp_node root;
    if (w->range.size == w->checkpoint.size &&
        (sp_merkle_root(&w->range, &root) != SP_OK || !sp_node_equal(&root, &w->checkpoint.root))) {
        problem(w, SP_CHECKPOINT_PATH, NULL,
                "the root that was signed is not that of the %llu entries",
                (unsigned long long)w->checkpoint.size);
    }
    if (w->options->older.len > 0 && !w->was_older_met) {
        problem(w, "", NULL,
                w->older.size > w->range.size
                    ? "the checkpoint that was kept covers %llu entries: the end was cut off"
                    : "the %llu entries of the checkpoint that was kept were dropped meanwhile",
                (unsigned long long)w->older.size);
    }
}

/* --- files that nobody asked for --- */

struct directory {
    struct work *w;
    const char *path; /* "" or with its slash */
    unsigned depth;
};

static enum sp_err check_partial(struct work *w, const char *path, struct sp_tile tile)
{
    struct sp_tile wider = {tile.level, tile.number, tile.width + 1};
    char other[SP_TILE_PATH_BYTES];
    enum sp_err err = read_file(w, path, BUNDLE_MAX, &w->bytes);
    if (err != SP_OK) {
        return err == SP_ERR_NOMEM ? err : SP_OK;
    }
    err = SP_ERR_NOT_FOUND;
    for (; wider.width <= SP_TILE_WIDTH && err == SP_ERR_NOT_FOUND; wider.width++) {
        sp_tile_path(wider, other);
        err = read_file(w, other, BUNDLE_MAX, &w->other);
    }
    if (err == SP_OK && !sp_slice_equal(sp_slice_sub(sp_buf_slice(&w->other), 0, w->bytes.len),
                                        sp_buf_slice(&w->bytes))) {
        problem(w, path, NULL, "it is not the beginning of %s", other);
    }
    /* What is left of the longer one must be so many entries or hashes. */
    struct sp_slice rest = sp_buf_slice(&w->bytes);
    struct sp_slice entry = {NULL, 0};
    unsigned count = 0;
    if (tile.level != SP_TILE_ENTRIES) {
        count = rest.len % SP_SHA256_BYTES == 0 ? (unsigned)(rest.len / SP_SHA256_BYTES) : 0;
    }
    while (tile.level == SP_TILE_ENTRIES && sp_bundle_next(&rest, &entry) == SP_OK) {
        count++;
    }
    if (count != tile.width || (tile.level == SP_TILE_ENTRIES && rest.len > 0)) {
        problem(w, path, NULL, "it does not hold what its name says");
    }
    return SP_OK;
}

static enum sp_err check_file(struct work *w, const char *path)
{
    struct sp_tile tile;
    unsigned number = 0;
    if (sp_slice_is(sp_slice_of(path), SP_CHECKPOINT_PATH)) {
        return SP_OK;
    }
    if (sp_way_number(sp_slice_of(path), &number)) {
        const char *flaw = sp_way_check(w->options->disk, number);
        if (flaw != NULL) {
            problem(w, path, NULL, "%s", flaw);
        }
        return SP_OK;
    }
    if (sp_tile_from_path(sp_slice_of(path), &tile) != SP_OK) {
        problem(w, path, NULL, "this file does not belong to the log");
        return SP_OK;
    }
    const uint64_t full = sp_tile_full(tile.level, w->size_now);
    const unsigned partial = sp_tile_partial(tile.level, w->size_now);
    if (tile.number > full ||
        (tile.number == full && (tile.width == SP_TILE_WIDTH || tile.width > partial))) {
        problem(w, path, NULL,
                "it is beyond the checkpoint: that was put back to an older one, or entries were "
                "added");
        return SP_OK;
    }
    /* What no checkpoint covers yet may be half-written: audit is at it, or was when it was killed. */
    if (tile.number == sp_tile_full(tile.level, w->published_now) &&
        tile.width > sp_tile_partial(tile.level, w->published_now)) {
        return SP_OK;
    }
    return tile.width < SP_TILE_WIDTH ? check_partial(w, path, tile) : SP_OK;
}

static enum sp_err on_name(void *ctx, const char *name, bool is_directory)
{
    const struct directory *directory = ctx;
    char path[2 * SP_TILE_PATH_BYTES];
    int len =
        snprintf(path, sizeof(path), "%s%s%s", directory->path, name, is_directory ? "/" : "");
    if (len < 0 || (size_t)len >= sizeof(path) || directory->depth == 0) {
        problem(directory->w, directory->path, NULL,
                "a file in this directory does not belong to the log");
        return SP_OK;
    }
    if (!is_directory) {
        return check_file(directory->w, path);
    }
    struct directory below = {.w = directory->w, .path = path, .depth = directory->depth - 1};
    return directory->w->options->disk->list(directory->w->options->disk->ctx,
                                             (struct sp_disk_name){SP_DISK_LOG, path}, on_name,
                                             &below);
}

/* How far the log has come meanwhile: what lies beyond that was not published by anybody. */
static void look_again(struct work *w)
{
    struct sp_archive *now = NULL;
    if (w->options->wait != NULL) {
        w->options->wait(w->options->ctx);
    }
    if (sp_archive_open(w->options->disk, &now) == SP_OK) {
        w->size_now = sp_archive_size(now) > w->size_now ? sp_archive_size(now) : w->size_now;
        w->published_now = sp_archive_published(now);
    }
    sp_archive_free(now);
}

static enum sp_err check_files(struct work *w)
{
    struct directory top = {.w = w, .path = "", .depth = DIRECTORY_DEPTH};
    look_again(w);
    return w->options->disk->list(w->options->disk->ctx, (struct sp_disk_name){SP_DISK_LOG, "."},
                                  on_name, &top);
}

/* --- all of it --- */

static enum sp_err read_checkpoint(struct work *w)
{
    enum sp_err err = SP_ERR_INVALID;
    for (unsigned i = 0; i < 5 && err == SP_ERR_INVALID; i++) {
        SP_TRY(read_file(w, SP_CHECKPOINT_PATH, SP_NOTE_BYTES_MAX, &w->note));
        err = sp_checkpoint_read(sp_buf_slice(&w->note), &w->checkpoint);
    }
    return err;
}

/* Entries that are committed but not published yet are looked at too. */
static enum sp_err check_unpublished(struct work *w)
{
    SP_AUTO_ARCHIVE struct sp_archive *archive = NULL;
    if (w->range.size != w->checkpoint.size ||
        sp_archive_open(w->options->disk, &archive) != SP_OK ||
        sp_archive_published(archive) != w->checkpoint.size) {
        return SP_OK;
    }
    for (uint64_t index = w->range.size; index < sp_archive_size(archive); index++) {
        struct sp_slice line = {NULL, 0};
        SP_TRY(sp_archive_entry(archive, index, &line));
        SP_TRY(sp_verify_entry(w->entries, line));
        w->out->bytes += line.len;
    }
    return SP_OK;
}

/* Behind what was dropped: the tree of that, or only its size. */
static enum sp_err begin(struct work *w, uint64_t dropped)
{
    if (!looks_at(w, SP_LOG_HASHES)) {
        w->range.size = dropped * SP_TILE_WIDTH;
        return SP_OK;
    }
    if (dropped == 0) {
        return SP_OK;
    }
    SP_TRY(begin_behind(w, dropped));
    SP_TRY(sp_way_tell(w->options->disk, w->out->first, &w->chain));
    w->dropped.first = w->out->first;
    return sp_merkle_root(&w->range, &w->dropped.root);
}

static void check_dropped(struct work *w)
{
    if (sp_dropped_is_too_much(&w->dropped)) {
        problem(w, "", NULL,
                "entries before %llu are gone, and the log says that of those before %llu only",
                (unsigned long long)w->dropped.first, (unsigned long long)w->dropped.recorded);
    }
}

static enum sp_err verify(struct work *w)
{
    enum sp_err err = read_checkpoint(w);
    if (err == SP_ERR_INVALID || err == SP_ERR_TOO_BIG) {
        of_hashes(w, SP_CHECKPOINT_PATH, NULL, "it is no checkpoint");
        return SP_OK;
    }
    SP_TRY(err);
    w->out->published = w->checkpoint.size;
    w->size_now = w->checkpoint.size;
    w->published_now = w->checkpoint.size;
    if (w->options->older.len > 0 && sp_checkpoint_read(w->options->older, &w->older) != SP_OK) {
        of_hashes(w, "", NULL, "the checkpoint that was kept is no checkpoint");
    }
    const uint64_t dropped = first_bundle(w);
    w->out->first = dropped * SP_TILE_WIDTH;
    SP_TRY(sp_verify_new(w->out->first, on_entry_problem, w, &w->entries));
    err = begin(w, dropped);
    if (err == SP_OK) {
        err = check_entries(w);
    } else {
        of_hashes(w, "", NULL, "the hashes of the entries that were dropped are missing");
    }
    if (err != SP_OK && err != SP_ERR_CORRUPT) {
        return err;
    }
    if (looks_at(w, SP_LOG_HASHES)) {
        check_dropped(w);
        check_signature(w);
        check_root(w);
    }
    SP_TRY(looks_at(w, SP_LOG_ENTRIES) ? check_unpublished(w) : SP_OK);
    return looks_at(w, SP_LOG_HASHES) ? check_files(w) : SP_OK;
}

enum sp_err sp_log_verify(const struct sp_log_verify *options, struct sp_log_verified *out)
{
    struct work *w = calloc(1, sizeof(*w));
    if (w == NULL) {
        return SP_ERR_NOMEM;
    }
    *out = (struct sp_log_verified){.is_key_trusted = options->key != NULL};
    w->options = options;
    w->out = out;
    sp_chain_init(&w->chain, on_chain_problem, w);
    sp_buf_init(&w->note, SP_NOTE_BYTES_MAX + 1);
    sp_buf_init(&w->bytes, BUNDLE_MAX + 1);
    sp_buf_init(&w->other, BUNDLE_MAX + 1);
    enum sp_err err = verify(w);
    if (w->entries != NULL) {
        out->totals = sp_verify_totals(w->entries);
    }
    sp_verify_free(w->entries);
    sp_chain_done(&w->chain);
    sp_buf_done(&w->note);
    sp_buf_done(&w->bytes);
    sp_buf_done(&w->other);
    free(w);
    return err;
}
