/*
 * chain - the keys that signed a log, one after the other: each named by an entry that the one before it signed.
 *
 * Runs in: commands.   Input: hostile (a log of anybody).   Allocates: the keys, bounded.
 * A change of the key is a `key` entry, a checkpoint up to just that entry with the signatures of both keys, and a
 * `rotation` entry that holds this checkpoint. Whatever else brings in another key is a problem.
 */
#ifndef SP_AUDIT_CHAIN_H
#define SP_AUDIT_CHAIN_H

#include "audit/entry.h"
#include "audit/note.h"

#define SP_CHAIN_KEYS_MAX ((size_t)1000)

/* Told what is wrong, as a whole sentence without its place. */
typedef void sp_chain_fn(void *ctx, uint64_t index, const char *text);

struct sp_chain_key {
    char text[SP_NOTE_TEXT_MAX];
    uint64_t from;   /* the entry that named it */
    bool is_vouched; /* by the key before it */
};

struct sp_chain {
    sp_chain_fn *fn;
    void *ctx;
    struct sp_chain_key *keys; /* oldest first */
    size_t count;
    bool is_changing;     /* a `key` entry was met, and its `rotation` not yet */
    uint64_t changing_at; /* where that stands */
    char next[SP_NOTE_TEXT_MAX];
    bool has_root;
    struct sp_node root; /* of all entries up to it */
    bool has_way;        /* a change was proved from outside the entries that are left */
    uint64_t way_at;     /* the latest of those */
};

void sp_chain_init(struct sp_chain *chain, sp_chain_fn *fn, void *ctx) SP_NONNULL(1, 2);
void sp_chain_done(struct sp_chain *chain) SP_NONNULL(1);

/* A change whose entry was dropped, and that way.h proved; in their order, and before any entry. */
enum sp_err sp_chain_way(struct sp_chain *chain, uint64_t index, const char *old_key,
                         const char *new_key) SP_MUST_CHECK SP_NONNULL(1, 3, 4);

/* Whether an entry with this text can matter to it: then it is read and given here, in the order of the log. */
bool sp_chain_may_care(struct sp_slice line);
enum sp_err sp_chain_entry(struct sp_chain *chain, uint64_t index, struct sp_slice line)
    SP_MUST_CHECK SP_NONNULL(1);

/* Whether the root of the first `size` entries is asked for; then it is given here. */
bool sp_chain_wants_root(const struct sp_chain *chain, uint64_t size) SP_NONNULL(1);
void sp_chain_root(struct sp_chain *chain, const struct sp_node *root) SP_NONNULL(1, 2);

/* The end of the log: a change that was begun and went on without its proof. `size` entries are published. */
void sp_chain_end(struct sp_chain *chain, uint64_t size) SP_NONNULL(1);

/* The key that signs at the end, "" when no entry names any. */
const char *sp_chain_latest(const struct sp_chain *chain) SP_NONNULL(1);

/*
 * Whether that key follows from `trusted` by changes that are proved; without entries that name a key `trusted` itself
 * is the latest. Then whether a key of the chain, or `trusted`, signed a note: SP_ERR_NOT_FOUND when none did.
 */
bool sp_chain_leads_from(const struct sp_chain *chain, const char *trusted) SP_NONNULL(1, 2);
enum sp_err sp_chain_verify(const struct sp_chain *chain, struct sp_slice note)
    SP_MUST_CHECK SP_NONNULL(1);

#endif
