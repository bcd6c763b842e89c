#include "audit/chain.h"

#include <stdlib.h>
#include <string.h>

void sp_chain_init(struct sp_chain *chain, sp_chain_fn *fn, void *ctx)
{
    *chain = (struct sp_chain){.fn = fn, .ctx = ctx};
}

void sp_chain_done(struct sp_chain *chain)
{
    free(chain->keys);
    chain->keys = NULL;
    chain->count = 0;
}

static enum sp_err push(struct sp_chain *chain, struct sp_slice text, uint64_t from,
                        bool is_vouched)
{
    struct sp_chain_key *keys = chain->count < SP_CHAIN_KEYS_MAX
                                    ? realloc(chain->keys, (chain->count + 1) * sizeof(*keys))
                                    : NULL;
    if (keys == NULL) {
        return SP_ERR_NOMEM;
    }
    chain->keys = keys;
    struct sp_chain_key *key = &chain->keys[chain->count++];
    *key = (struct sp_chain_key){.from = from, .is_vouched = is_vouched};
    sp_slice_to_text(text, key->text, sizeof(key->text));
    return SP_OK;
}

enum sp_err sp_chain_way(struct sp_chain *chain, uint64_t index, const char *old_key,
                         const char *new_key)
{
    if (chain->count == 0 || strcmp(old_key, sp_chain_latest(chain)) != 0) {
        SP_TRY(push(chain, sp_slice_of(old_key), index, /*is_vouched=*/chain->count == 0));
    }
    SP_TRY(push(chain, sp_slice_of(new_key), index, /*is_vouched=*/true));
    chain->has_way = true;
    chain->way_at = index;
    return SP_OK;
}

const char *sp_chain_latest(const struct sp_chain *chain)
{
    return chain->count == 0 ? "" : chain->keys[chain->count - 1].text;
}

bool sp_chain_may_care(struct sp_slice line)
{
    return sp_slice_starts(line, "{\"configuration_sha256\":") ||
           sp_slice_starts(line, "{\"checkpoint\":") || sp_slice_starts(line, "{\"index\":");
}

/* --- entries --- */

/* A key of this log that is no key would be found by nobody else. */
static enum sp_err on_start(struct sp_chain *chain, uint64_t index, struct sp_slice key)
{
    if (chain->count == 0) {
        return push(chain, key, index, /*is_vouched=*/true);
    }
    if (chain->is_changing && sp_slice_is(key, chain->next)) {
        return SP_OK; /* the change was cut off just before its proof, which follows */
    }
    if (sp_slice_is(key, sp_chain_latest(chain))) {
        return SP_OK;
    }
    chain->fn(chain->ctx, index,
              "the key is another one here, and no entry that the one before signed names it");
    return push(chain, key, index, /*is_vouched=*/false);
}

static enum sp_err on_key(struct sp_chain *chain, uint64_t index, const struct sp_entry *entry)
{
    const struct sp_slice old_key = sp_entry_text(sp_entry_get(entry, "old_key"));
    const struct sp_slice new_key = sp_entry_text(sp_entry_get(entry, "new_key"));
    if (chain->is_changing) {
        chain->fn(chain->ctx, chain->changing_at,
                  "this change of the key is not proved by a 'rotation'");
    }
    if (chain->count == 0) {
        SP_TRY(push(chain, old_key, index, /*is_vouched=*/true));
    } else if (!sp_slice_is(old_key, sp_chain_latest(chain))) {
        chain->fn(chain->ctx, index,
                  "the key that is replaced here is not the one that signed until here");
    }
    chain->is_changing = true;
    chain->changing_at = index;
    chain->has_root = false;
    sp_slice_to_text(new_key, chain->next, sizeof(chain->next));
    return SP_OK;
}

static bool has_signed(const char *text, struct sp_slice note)
{
    SP_AUTO_NOTE_KEY struct sp_note_key key = {.key = NULL};
    return sp_note_key_read(sp_slice_of(text), &key) == SP_OK &&
           sp_note_verify(note, &key) == SP_OK;
}

/* NULL, or what is wrong with the checkpoint that proves the change at hand. */
static const char *flaw_of(const struct sp_chain *chain, struct sp_slice note)
{
    struct sp_checkpoint checkpoint;
    if (sp_checkpoint_read(note, &checkpoint) != SP_OK) {
        return "its checkpoint is no checkpoint";
    }
    if (!chain->is_changing) {
        return chain->has_way && checkpoint.size == chain->way_at + 1
                   ? NULL
                   : "there is no change of the key before this proof of one";
    }
    if (checkpoint.size != chain->changing_at + 1) {
        return "its checkpoint is not the one that ends with the change of the key";
    }
    if (!chain->has_root || !sp_node_equal(&checkpoint.root, &chain->root)) {
        return "the root of its checkpoint is not that of the entries";
    }
    if (!has_signed(sp_chain_latest(chain), note)) {
        return "the change of the key is not signed by the old key";
    }
    return has_signed(chain->next, note) ? NULL
                                         : "the change of the key is not signed by the new key";
}

static enum sp_err on_rotation(struct sp_chain *chain, uint64_t index, const struct sp_entry *entry)
{
    SP_AUTO_BUF struct sp_buf note;
    sp_buf_init(&note, SP_NOTE_BYTES_MAX);
    enum sp_err err = sp_entry_unescape(sp_entry_get(entry, "checkpoint"), &note);
    if (err == SP_ERR_NOMEM) {
        return err;
    }
    const char *flaw =
        err == SP_OK ? flaw_of(chain, sp_buf_slice(&note)) : "its checkpoint is no checkpoint";
    if (flaw != NULL) {
        chain->fn(chain->ctx, index, flaw);
    }
    if (!chain->is_changing) {
        return SP_OK;
    }
    chain->is_changing = false;
    return push(chain, sp_slice_of(chain->next), chain->changing_at, flaw == NULL);
}

enum sp_err sp_chain_entry(struct sp_chain *chain, uint64_t index, struct sp_slice line)
{
    struct sp_entry entry;
    struct sp_where ignored;
    if (sp_entry_read(line, &entry, &ignored) != SP_OK) {
        return SP_OK; /* somebody else's to find */
    }
    const struct sp_slice kind = sp_entry_text(sp_entry_get(&entry, "kind"));
    if (sp_slice_is(kind, "start")) {
        return on_start(chain, index, sp_entry_text(sp_entry_get(&entry, "key")));
    }
    if (sp_slice_is(kind, "key")) {
        return on_key(chain, index, &entry);
    }
    return sp_slice_is(kind, "rotation") ? on_rotation(chain, index, &entry) : SP_OK;
}

/* --- roots, and the end --- */

bool sp_chain_wants_root(const struct sp_chain *chain, uint64_t size)
{
    return chain->is_changing && !chain->has_root && size == chain->changing_at + 1;
}

void sp_chain_root(struct sp_chain *chain, const struct sp_node *root)
{
    chain->root = *root;
    chain->has_root = true;
}

void sp_chain_end(struct sp_chain *chain, uint64_t size)
{
    if (chain->is_changing && size > chain->changing_at + 1) {
        chain->fn(chain->ctx, chain->changing_at,
                  "this change of the key is not proved by a 'rotation'");
    }
}

bool sp_chain_leads_from(const struct sp_chain *chain, const char *trusted)
{
    for (size_t i = chain->count; i > 0; i--) {
        if (strcmp(chain->keys[i - 1].text, trusted) == 0) {
            return true;
        }
        if (!chain->keys[i - 1].is_vouched) {
            return false;
        }
    }
    return chain->count == 0;
}

enum sp_err sp_chain_verify(const struct sp_chain *chain, struct sp_slice note)
{
    for (size_t i = chain->count; i > 0; i--) {
        if (has_signed(chain->keys[i - 1].text, note)) {
            return SP_OK;
        }
        if (!chain->keys[i - 1].is_vouched) {
            break;
        }
    }
    return SP_ERR_NOT_FOUND;
}
