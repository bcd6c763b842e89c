#include "audit/way.h"

#include <stdio.h>

#include "audit/schema.h"
#include "base/num.h"

#define DIRECTORY "keys/"

void sp_way_path(unsigned number, char out[SP_WAY_PATH_BYTES])
{
    (void)snprintf(out, SP_WAY_PATH_BYTES, DIRECTORY "%u", number);
}

bool sp_way_number(struct sp_slice path, unsigned *out)
{
    char again[SP_WAY_PATH_BYTES];
    uint64_t number = 0;
    if (!sp_slice_starts(path, DIRECTORY) ||
        sp_parse_u64(sp_slice_sub(path, sizeof(DIRECTORY) - 1, path.len), SP_WAY_LAST, &number) !=
            SP_OK ||
        number < SP_WAY_FIRST) {
        return false;
    }
    sp_way_path((unsigned)number, again);
    *out = (unsigned)number;
    return sp_slice_is(path, again);
}

/* --- writing --- */

static enum sp_err put(struct sp_archive *archive, const struct sp_disk *disk, unsigned number,
                       struct sp_slice note)
{
    SP_AUTO_BUF struct sp_buf text;
    char path[SP_WAY_PATH_BYTES];
    struct sp_proof_parts parts = {.note = note};
    struct sp_archive_proof hashes;
    struct sp_checkpoint checkpoint;
    sp_buf_init(&text, SP_PROOF_BYTES_MAX);
    sp_way_path(number, path);
    const struct sp_disk_name name = {.place = SP_DISK_LOG, .path = path};
    SP_TRY(sp_checkpoint_read(note, &checkpoint));
    parts.index = checkpoint.size - 1;
    SP_TRY(sp_archive_prove(archive, parts.index, checkpoint.size, &hashes));
    SP_TRY(sp_archive_entry(archive, parts.index, &parts.entry));
    parts.path = &hashes;
    SP_TRY(sp_proof_put(&parts, &text));
    SP_TRY(sp_disk_put_file(disk, name, sp_buf_slice(&text)));
    SP_TRY(sp_disk_sync_file(disk, name));
    return disk->sync_names(disk->ctx, name);
}

enum sp_err sp_way_put(const struct sp_disk *disk, unsigned number, struct sp_slice note)
{
    SP_AUTO_ARCHIVE struct sp_archive *archive = NULL;
    SP_TRY(sp_archive_open(disk, &archive));
    return put(archive, disk, number, note);
}

/* --- reading --- */

static bool has_signed(const char *text, const struct sp_proof *proof)
{
    SP_AUTO_NOTE_KEY struct sp_note_key key = {.key = NULL};
    return sp_note_key_read(sp_slice_of(text), &key) == SP_OK &&
           sp_proof_check(proof, &key) == SP_OK;
}

/* Nothing may stand in it but what follows from its parts, so that no byte of it can be another. */
static bool is_exact(const struct sp_proof *proof, struct sp_slice text)
{
    SP_AUTO_BUF struct sp_buf again;
    const struct sp_proof_parts parts = {.entry = sp_buf_slice(&proof->entry),
                                         .index = proof->index,
                                         .path = &proof->path,
                                         .note = proof->note};
    sp_buf_init(&again, SP_PROOF_BYTES_MAX);
    return sp_proof_put(&parts, &again) == SP_OK && sp_slice_equal(sp_buf_slice(&again), text);
}

static const char *flaw_of(const struct sp_proof *proof, struct sp_slice text, struct sp_way *way)
{
    struct sp_entry entry;
    struct sp_where ignored;
    const struct sp_schema_kind *kind = sp_schema_find(SP_SLICE_LITERAL("key"));
    if (kind == NULL || sp_entry_read(sp_buf_slice(&proof->entry), &entry, &ignored) != SP_OK ||
        sp_schema_check(&entry, kind, &ignored) != SP_OK ||
        !sp_slice_is(sp_entry_text(sp_entry_get(&entry, "kind")), "key")) {
        return "its entry is no change of the key";
    }
    sp_slice_to_text(sp_entry_text(sp_entry_get(&entry, "old_key")), way->old_key,
                     sizeof(way->old_key));
    sp_slice_to_text(sp_entry_text(sp_entry_get(&entry, "new_key")), way->new_key,
                     sizeof(way->new_key));
    way->index = proof->index;
    way->root = proof->checkpoint.root;
    if (sp_entry_number(sp_entry_get(&entry, "index")) != proof->index ||
        proof->checkpoint.size != proof->index + 1) {
        return "its checkpoint is not the one that ends with the change of the key";
    }
    if (sp_note_signatures(proof->note) != 2 || !has_signed(way->old_key, proof) ||
        !has_signed(way->new_key, proof)) {
        return "it is not signed by both keys, or does not hold the entry";
    }
    return is_exact(proof, text) ? NULL : "it is written in another way than a proof is";
}

enum sp_err sp_way_read(struct sp_slice text, struct sp_way *out, const char **out_flaw)
{
    struct sp_proof proof;
    *out = (struct sp_way){.index = 0};
    *out_flaw = "it is no proof";
    enum sp_err err = sp_proof_read(text, &proof);
    if (err == SP_OK) {
        *out_flaw = flaw_of(&proof, text, out);
    }
    sp_buf_done(&proof.entry);
    return *out_flaw == NULL ? SP_OK : SP_ERR_INVALID;
}

/* --- of a log --- */

static enum sp_err load(const struct sp_disk *disk, unsigned number, struct sp_way *out,
                        const char **out_flaw)
{
    SP_AUTO_BUF struct sp_buf text;
    char path[SP_WAY_PATH_BYTES];
    sp_buf_init(&text, SP_PROOF_BYTES_MAX + 1);
    sp_way_path(number, path);
    *out_flaw = "it cannot be read";
    SP_TRY(sp_disk_get_file(disk, (struct sp_disk_name){SP_DISK_LOG, path}, SP_PROOF_BYTES_MAX,
                            &text));
    return sp_way_read(sp_buf_slice(&text), out, out_flaw);
}

enum sp_err sp_way_tell(const struct sp_disk *disk, uint64_t first, struct sp_chain *chain)
{
    const char *ignored = NULL;
    for (unsigned number = SP_WAY_FIRST; first > 0 && number <= SP_WAY_LAST; number++) {
        struct sp_way way;
        const enum sp_err err = load(disk, number, &way, &ignored);
        SP_TRY(err == SP_ERR_NOMEM ? err : SP_OK);
        if (err == SP_OK && way.index < first) {
            SP_TRY(sp_chain_way(chain, way.index, way.old_key, way.new_key));
        }
    }
    return SP_OK;
}

const char *sp_way_check(const struct sp_disk *disk, unsigned number)
{
    SP_AUTO_ARCHIVE struct sp_archive *archive = NULL;
    struct sp_way way;
    struct sp_node root;
    const char *flaw = NULL;
    if (load(disk, number, &way, &flaw) != SP_OK) {
        return flaw;
    }
    if (sp_archive_open(disk, &archive) != SP_OK || way.index >= sp_archive_size(archive)) {
        return "it is beyond the checkpoint";
    }
    return sp_archive_root(archive, way.index + 1, &root) == SP_OK &&
                   sp_node_equal(&root, &way.root)
               ? NULL
               : "it is of another log";
}
