/*
 * key - the log's signing keys: the first is made at the first start, others take its place; kept by audit alone.
 *
 * Runs in: audit; the files are read before it is confined.   Input: its own directory.   Allocates: the keys.
 * Of all keys but the one that signs only the public part is kept: the private one is overwritten when its successor has
 * signed. A file that holds no key and is not the first was being written when the power went, and was never used.
 */
#ifndef SP_AUDIT_KEY_H
#define SP_AUDIT_KEY_H

#include "audit/disk.h"
#include "audit/note.h"

#define SP_LOG_KEY_FILE    "key"    /* the next are key-2, key-3, ... */
#define SP_LOG_ROTATE_FILE "rotate" /* the public key that somebody wants to be replaced */
#define SP_KEY_RING_MAX    ((size_t)1000)

struct sp_key_ring {
    struct sp_note_key *keys; /* oldest first */
    size_t count;
    size_t
        present; /* the one that signs; one behind it was made for a change that did not happen yet */
};

/*
 * Reads the keys in the directory, or makes one (mode 0600) whose name is the origin of the log. An empty origin stands
 * for one that is made up from the key. SP_ERR_CONFIG when the log has another name than the one that is asked for.
 * Which key is the present one is for the log to find out; until then it is the latest.
 */
enum sp_err sp_key_ring_open(int dir, struct sp_slice origin, struct sp_key_ring *out)
    SP_MUST_CHECK SP_NONNULL(3);

/* A ring of one key alone, which moves. */
enum sp_err sp_key_ring_of(struct sp_note_key *take_key, struct sp_key_ring *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_key_ring_done(struct sp_key_ring *ring);
#define SP_AUTO_KEY_RING SP_CLEANUP(sp_key_ring_done)

/* The key that signs now; the ring's own. */
const struct sp_note_key *sp_key_ring_present(const struct sp_key_ring *ring) SP_NONNULL(1);

/* Which key signed a note, the newest of them; SP_ERR_NOT_FOUND when none did. */
enum sp_err sp_key_ring_verify(const struct sp_key_ring *ring, struct sp_slice note,
                               size_t *out_which) SP_MUST_CHECK SP_NONNULL(1, 3);

/* Makes the key behind the present one, durable in its file, unless it is there already; lent until the next change. */
enum sp_err sp_key_ring_next(struct sp_key_ring *ring, const struct sp_disk *disk,
                             const struct sp_note_key **out) SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* Overwrites the private parts of all keys before the present one, in their files and in memory. */
enum sp_err sp_key_ring_retire(struct sp_key_ring *ring, const struct sp_disk *disk)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
