/* How a log is found at start: what was published, and behind it what the journals hold. */
#include "audit/log_state.h"
#include "audit/record.h"

#define UNKNOWN_BUNDLES ((uint64_t)1024)

/* One journal file while it is read. */
struct piece {
    struct sp_journal_file file;
    struct sp_buf bytes;
    uint64_t end_at; /* behind the last record of good form */
};

struct replay {
    struct sp_log *log;
    struct piece pieces[SP_JOURNAL_FILES]; /* in the order of their entries */
    size_t piece_count;
    bool has_checkpoint;
    uint64_t published;
    struct sp_node published_root;
    bool was_published_met; /* the tree had the published root when it had the published size */
    bool is_oldest_known;
    uint64_t
        good_at[SP_JOURNAL_FILES]; /* behind the last record that was taken, or was there before */
    uint64_t good_end[SP_JOURNAL_FILES]; /* and the entry that comes behind it */
};

/* --- reading the journals --- */

/* Walks over the records of a file as long as each goes on where the one before ended. */
static void walk(struct piece *piece)
{
    struct sp_slice rest = sp_buf_slice(&piece->bytes);
    struct sp_journal_record record;
    bool is_begun = false;
    while (sp_journal_read(rest, &record) == SP_OK &&
           (!is_begun || record.first == piece->file.end)) {
        piece->file.first = is_begun ? piece->file.first : record.first;
        piece->file.end = record.first + record.count;
        piece->end_at += record.bytes;
        rest = sp_slice_sub(rest, record.bytes, rest.len);
        is_begun = true;
    }
}

static enum sp_err read_piece(const struct sp_disk *disk, unsigned number, struct piece *piece)
{
    *piece = (struct piece){.file = {.number = number}};
    sp_buf_init(&piece->bytes, (size_t)SP_JOURNAL_BYTES + SP_JOURNAL_RECORD_MAX);
    SP_TRY(sp_journal_load(disk, number, &piece->bytes));
    walk(piece);
    return SP_OK;
}

static void swap_pieces(struct piece *a, struct piece *b)
{
    const struct piece kept = *a;
    *a = *b;
    *b = kept;
}

/* Keeps the two files that hold the latest entries. One that is too long is passed over: it is not ours. */
static enum sp_err read_pieces(struct replay *r)
{
    const struct sp_disk *disk = r->log->disk;
    for (unsigned number = 0; number < SP_JOURNAL_NAMES_MAX; number++) {
        struct piece piece;
        enum sp_err err = read_piece(disk, number, &piece);
        if (err != SP_OK && err != SP_ERR_NOT_FOUND && err != SP_ERR_TOO_BIG) {
            sp_buf_done(&piece.bytes);
            return err;
        }
        if (err == SP_OK && r->piece_count < SP_JOURNAL_FILES) {
            swap_pieces(&r->pieces[r->piece_count++], &piece);
        } else if (err == SP_OK && piece.file.end > r->pieces[0].file.end) {
            swap_pieces(&r->pieces[0], &piece);
        }
        sp_buf_done(&piece.bytes);
        if (r->piece_count == SP_JOURNAL_FILES && r->pieces[0].file.end > r->pieces[1].file.end) {
            swap_pieces(&r->pieces[0], &r->pieces[1]);
        }
    }
    return SP_OK;
}

/* --- taking their records --- */

static bool is_root(const struct sp_merkle_range *range, const struct sp_node *root)
{
    struct sp_node actual;
    return sp_merkle_root(range, &actual) == SP_OK && sp_node_equal(&actual, root);
}

/* What was published before is proved by the root that was published: only later notes are worth the time to verify. */
static bool is_note_of(const struct replay *r, struct sp_slice note,
                       const struct sp_merkle_range *range)
{
    struct sp_checkpoint checkpoint;
    bool is_proved = r->has_checkpoint && range->size <= r->published;
    size_t ignored = 0;
    return sp_checkpoint_read(note, &checkpoint) == SP_OK && checkpoint.size == range->size &&
           sp_slice_is(checkpoint.origin, sp_key_ring_present(r->log->keys)->name) &&
           is_root(range, &checkpoint.root) &&
           (is_proved || sp_key_ring_verify(r->log->keys, note, &ignored) == SP_OK);
}

static enum sp_err grow(struct sp_slice entries, struct sp_merkle_range *range,
                        struct sp_store *store)
{
    struct sp_slice entry = {NULL, 0};
    while (sp_bundle_next(&entries, &entry) == SP_OK) {
        struct sp_node upper[SP_MERKLE_UPPER_MAX];
        struct sp_node leaf;
        struct sp_store_entry taken = {.bytes = entry, .leaf = &leaf, .upper = upper};
        SP_TRY(sp_merkle_leaf(entry, &leaf));
        SP_TRY(sp_merkle_append(range, &leaf, upper, &taken.upper_count));
        SP_TRY(store == NULL ? SP_OK : sp_store_add(store, &taken));
    }
    return SP_OK;
}

/* A checkpoint of two keys is kept until the entry that holds it is met. */
static enum sp_err note_rotation(struct sp_log *log, const struct sp_journal_record *record)
{
    struct sp_slice rest = record->entries;
    struct sp_slice entry = {NULL, 0};
    struct sp_record_glance glance;
    while (log->cross.len > 0 && sp_bundle_next(&rest, &entry) == SP_OK) {
        if (sp_record_look(entry, &glance) == SP_OK && glance.is_rotation) {
            sp_buf_clear(&log->cross);
        }
    }
    if (sp_note_signatures(record->note) < 2) {
        return SP_OK;
    }
    sp_buf_clear(&log->cross);
    return sp_buf_put(&log->cross, record->note);
}

/* Takes a record when its note signs what the tree becomes by it; SP_ERR_CORRUPT when it does not. */
static enum sp_err take_record(struct replay *r, const struct sp_journal_record *record)
{
    struct sp_log *log = r->log;
    struct sp_merkle_range range = log->range;
    SP_TRY(grow(record->entries, &range, NULL));
    if (!is_note_of(r, record->note, &range)) {
        return SP_ERR_CORRUPT;
    }
    SP_TRY(grow(record->entries, &log->range, &log->store));
    if (r->has_checkpoint && range.size == r->published) {
        r->was_published_met = is_root(&range, &r->published_root);
    }
    SP_TRY(note_rotation(log, record));
    sp_buf_clear(&log->note);
    return sp_buf_put(&log->note, record->note);
}

/* Takes the records of a file behind what is there; stops without an error at the first that does not go on from it. */
static enum sp_err take_piece(struct replay *r, size_t number)
{
    const struct piece *piece = &r->pieces[number];
    struct sp_log *log = r->log;
    struct sp_journal_record record;
    struct sp_slice all = sp_buf_slice(&piece->bytes);
    r->good_at[number] = 0;
    r->good_end[number] = 0;
    while (r->good_at[number] < piece->end_at &&
           sp_journal_read(sp_slice_sub(all, (size_t)r->good_at[number], all.len), &record) ==
               SP_OK) {
        bool is_old = record.first + record.count <= log->range.size;
        enum sp_err err = is_old                            ? SP_OK
                          : record.first != log->range.size ? SP_ERR_CORRUPT
                                                            : take_record(r, &record);
        if (err == SP_ERR_CORRUPT) {
            break;
        }
        SP_TRY(err);
        r->good_at[number] += record.bytes;
        r->good_end[number] = record.first + record.count;
        if (r->good_end[number] == log->range.size) {
            log->oldest_open = record.oldest_open;
            r->is_oldest_known = true;
        }
    }
    return SP_OK;
}

/* --- where to begin --- */

static enum sp_err read_checkpoint(struct replay *r)
{
    SP_AUTO_BUF struct sp_buf note;
    struct sp_checkpoint checkpoint;
    const struct sp_disk_name name = {.place = SP_DISK_LOG, .path = SP_CHECKPOINT_PATH};
    sp_buf_init(&note, SP_NOTE_BYTES_MAX + 1);
    enum sp_err err = sp_disk_get_file(r->log->disk, name, SP_NOTE_BYTES_MAX, &note);
    if (err != SP_OK) {
        return err == SP_ERR_NOT_FOUND || err == SP_ERR_TOO_BIG ? SP_OK : err;
    }
    size_t ignored = 0;
    if (sp_key_ring_verify(r->log->keys, sp_buf_slice(&note), &ignored) != SP_OK ||
        sp_checkpoint_read(sp_buf_slice(&note), &checkpoint) != SP_OK) {
        return SP_OK; /* torn by a crash, or of another: the journals know better */
    }
    r->has_checkpoint = true;
    r->published = checkpoint.size;
    r->published_root = checkpoint.root;
    sp_buf_clear(&r->log->note);
    return sp_buf_put(&r->log->note, sp_buf_slice(&note));
}

/* Whether nothing that was published or stands in a journal is left out. */
static bool is_whole(const struct replay *r, uint64_t begun_at)
{
    const uint64_t size = r->log->range.size;
    bool is_whole = true;
    if (r->has_checkpoint) {
        is_whole = size >= r->published && (r->published <= begun_at || r->was_published_met);
    }
    for (size_t i = 0; i < r->piece_count; i++) {
        const struct sp_journal_file *file = &r->pieces[i].file;
        is_whole = is_whole && (file->first == file->end || file->first <= size);
    }
    return is_whole;
}

/* Begins at `size` and takes what the journals have behind it; SP_ERR_CORRUPT when the parts do not fit together. */
static enum sp_err begin_at(struct replay *r, uint64_t size)
{
    struct sp_log *log = r->log;
    r->was_published_met = false;
    r->is_oldest_known = false;
    sp_buf_clear(&log->cross);
    log->oldest_open = UINT64_MAX;
    SP_TRY(sp_store_load(&log->store, size, &log->range));
    if (r->has_checkpoint && size == r->published && !is_root(&log->range, &r->published_root)) {
        return SP_ERR_CORRUPT;
    }
    for (size_t i = 0; i < r->piece_count; i++) {
        SP_TRY(take_piece(r, i));
    }
    return is_whole(r, size) ? SP_OK : SP_ERR_CORRUPT;
}

/*
 * The beginning of the oldest journal is the usual place: what is behind it may not have reached the disk yet, and is laid
 * down again. Without journals the published checkpoint has to do.
 */
static enum sp_err begin(struct replay *r)
{
    enum sp_err err = SP_ERR_NOT_FOUND;
    for (size_t i = 0; i < r->piece_count && (err == SP_ERR_NOT_FOUND || err == SP_ERR_CORRUPT);
         i++) {
        const struct sp_journal_file *file = &r->pieces[i].file;
        err = file->end > file->first ? begin_at(r, file->first) : err;
    }
    if ((err == SP_ERR_NOT_FOUND || err == SP_ERR_CORRUPT) && r->has_checkpoint) {
        err = begin_at(r, r->published);
    }
    return err;
}

/* No checkpoint, no record, no tile: a log that begins now. */
static bool is_new(const struct replay *r)
{
    const struct sp_disk *disk = r->log->disk;
    struct sp_disk_stat ignored;
    bool is_empty = !r->has_checkpoint;
    for (size_t i = 0; i < r->piece_count; i++) {
        is_empty = is_empty && r->pieces[i].file.first == r->pieces[i].file.end;
    }
    return is_empty &&
           disk->find(disk->ctx, (struct sp_disk_name){SP_DISK_LOG, SP_CHECKPOINT_PATH},
                      &ignored) == SP_ERR_NOT_FOUND &&
           disk->find(disk->ctx, (struct sp_disk_name){SP_DISK_LOG, "tile"}, &ignored) ==
               SP_ERR_NOT_FOUND;
}

/* --- going on --- */

/* Something like a record behind the last good one was being written when the power went. */
static void look_for_a_cut(struct replay *r, size_t number)
{
    struct sp_journal_record torn;
    struct sp_slice all = sp_buf_slice(&r->pieces[number].bytes);
    struct sp_slice rest = sp_slice_sub(all, (size_t)r->good_at[number], all.len);
    if (sp_journal_peek(rest, &torn) == SP_OK && torn.first == r->log->range.size) {
        r->log->cut = torn.bytes;
    }
}

/* Goes on behind the last good record; a file whose records end elsewhere is begun anew. */
static enum sp_err choose_journals(struct replay *r)
{
    struct sp_log *log = r->log;
    const size_t last = r->piece_count == SP_JOURNAL_FILES ? 1 : 0;
    struct sp_slice bytes = sp_buf_slice(&r->pieces[last].bytes);
    log->current = r->pieces[last].file;
    log->other = r->pieces[1 - last].file;
    if (r->piece_count < SP_JOURNAL_FILES) {
        log->other = (struct sp_journal_file){.number = log->current.number == 0 ? 1 : 0};
    }
    SP_TRY(sp_journal_prepare(log->disk, log->other.number));
    SP_TRY(sp_journal_prepare(log->disk, log->current.number));
    for (size_t i = 0; i < r->piece_count; i++) {
        look_for_a_cut(r, i);
    }
    if (r->good_end[last] == log->range.size && r->good_at[last] > 0) {
        log->at = r->good_at[last];
        log->current.end = log->range.size;
    } else {
        log->current.first = log->range.size;
        log->current.end = log->range.size;
    }
    const size_t tail = log->at < SP_JOURNAL_TAIL ? (size_t)log->at : SP_JOURNAL_TAIL;
    SP_TRY(sp_buf_put(&log->tail, sp_slice_sub(bytes, (size_t)log->at - tail, tail)));
    return sp_log_open_journal(log);
}

static enum sp_err note_entry(struct sp_slice entry, struct sp_log *log, struct sp_open_set *open,
                              struct sp_still *still)
{
    struct sp_record_glance glance;
    uint64_t ignored = 0;
    enum sp_err err = SP_OK;
    if (sp_record_look(entry, &glance) != SP_OK) {
        return SP_OK; /* for `audit verify` to report */
    }
    log->durable_us = glance.wall_us;
    log->latest_us = glance.wall_us;
    if (glance.is_intent) {
        err = sp_open_set_add(open, glance.exchange, glance.index);
    }
    if (glance.is_outcome) {
        err = sp_open_set_take(open, glance.exchange, &ignored);
    }
    if (still != NULL && err != SP_ERR_NOMEM) {
        SP_TRY(sp_still_note(still, entry, &glance));
    }
    return err == SP_ERR_NOMEM ? err : SP_OK;
}

static enum sp_err note_bundle(struct sp_slice bundle, struct sp_log *log, struct sp_open_set *open,
                               struct sp_still *still)
{
    struct sp_slice entry = {NULL, 0};
    while (sp_bundle_next(&bundle, &entry) == SP_OK) {
        SP_TRY(note_entry(entry, log, open, still));
    }
    return SP_OK;
}

/* Reads the entries from the oldest open intent on, and at least the latest, for its time. */
static enum sp_err find_open(struct sp_log *log, bool is_oldest_known, struct sp_open_set *open,
                             struct sp_still *still)
{
    const uint64_t full = log->range.size / SP_TILE_WIDTH;
    uint64_t number =
        (log->oldest_open < log->range.size ? log->oldest_open : log->range.size) / SP_TILE_WIDTH;
    if (number == full && number > 0 && log->store.bundle.len == 0) {
        number--;
    }
    /* Without a journal nobody knows how old an intent may be: far more than can be open is read. */
    if (!is_oldest_known) {
        number = full > UNKNOWN_BUNDLES ? full - UNKNOWN_BUNDLES : 0;
    }
    for (; number < full; number++) {
        SP_AUTO_BUF struct sp_buf bundle;
        char path[SP_TILE_PATH_BYTES];
        sp_buf_init(&bundle, SP_STORE_BUNDLE_MAX + 1);
        sp_tile_path((struct sp_tile){SP_TILE_ENTRIES, number, SP_TILE_WIDTH}, path);
        enum sp_err err = sp_disk_get_file(log->disk, (struct sp_disk_name){SP_DISK_LOG, path},
                                           SP_STORE_BUNDLE_MAX, &bundle);
        if (err == SP_ERR_NOT_FOUND && !is_oldest_known && number + 1 < full) {
            continue; /* dropped since; nothing open was in it */
        }
        SP_TRY(err);
        SP_TRY(note_bundle(sp_buf_slice(&bundle), log, open, still));
    }
    return note_bundle(sp_buf_slice(&log->store.bundle), log, open, still);
}

/* Entries that our own copy of the latest checkpoint knows of. */
static uint64_t known_size(const struct sp_log *log)
{
    SP_AUTO_BUF struct sp_buf note;
    struct sp_checkpoint checkpoint = {.size = 0};
    size_t ignored = 0;
    sp_buf_init(&note, SP_NOTE_BYTES_MAX + 1);
    if (sp_disk_get_file(log->disk, (struct sp_disk_name){SP_DISK_OWN, SP_LATEST_PATH},
                         SP_NOTE_BYTES_MAX, &note) != SP_OK ||
        sp_key_ring_verify(log->keys, sp_buf_slice(&note), &ignored) != SP_OK ||
        sp_checkpoint_read(sp_buf_slice(&note), &checkpoint) != SP_OK) {
        return 0;
    }
    return checkpoint.size;
}

/* The key of the latest checkpoint goes on signing; of two the newer. */
static enum sp_err choose_key(struct sp_log *log, const char **out_reason)
{
    if (log->note.len > 0) {
        SP_TRY(sp_key_ring_verify(log->keys, sp_buf_slice(&log->note), &log->keys->present));
    }
    if (!sp_key_ring_present(log->keys)->can_sign) {
        *out_reason = "the key that signed its latest entries was replaced since, and is no more: "
                      "is this an older copy?";
        return SP_ERR_CORRUPT;
    }
    return SP_OK;
}

static enum sp_err replay(struct replay *r, struct sp_open_set *open, struct sp_log_found *found,
                          const char **out_reason)
{
    struct sp_log *log = r->log;
    SP_TRY(read_checkpoint(r));
    SP_TRY(read_pieces(r));
    if (!is_new(r)) {
        enum sp_err err = begin(r);
        if (err == SP_ERR_NOT_FOUND || err == SP_ERR_CORRUPT) {
            *out_reason = "its files do not fit together; see what 'sallyport audit verify' says";
            return SP_ERR_CORRUPT;
        }
        SP_TRY(err);
    }
    SP_TRY(choose_key(log, out_reason));
    SP_TRY(choose_journals(r));
    const uint64_t known = known_size(log);
    /* A crash while it was published leaves a partial file half-written: all of this size are written once more. */
    sp_store_adopt(&log->store);
    SP_TRY(sp_log_publish(log));
    SP_TRY(find_open(log, r->is_oldest_known || is_new(r), open, found->still));
    found->lost_entries = known > log->range.size ? known - log->range.size : 0;
    found->cut_bytes = log->cut;
    return SP_OK;
}

enum sp_err sp_log_replay(struct sp_log *log, struct sp_open_set *open, struct sp_log_found *found,
                          const char **out_reason)
{
    struct replay r = {.log = log};
    *out_reason = NULL;
    log->oldest_open = UINT64_MAX;
    enum sp_err err = replay(&r, open, found, out_reason);
    for (size_t i = 0; i < SP_JOURNAL_FILES; i++) {
        sp_buf_done(&r.pieces[i].bytes);
    }
    if (err != SP_OK && *out_reason == NULL) {
        const char *why = log->disk->reason(log->disk->ctx);
        *out_reason = *why != '\0' ? why : sp_err_text(err);
    }
    return err;
}
