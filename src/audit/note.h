/*
 * note - checkpoints as signed notes (C2SP signed-note and tlog-checkpoint), and keys in their text forms.
 *
 * Runs in: audit (signs), commands (verify).   Input: notes of anybody.   Allocates: keys only.
 */
#ifndef SP_AUDIT_NOTE_H
#define SP_AUDIT_NOTE_H

#include "audit/merkle.h"
#include "base/buf.h"
#include "crypto/sign.h"

#define SP_NOTE_NAME_MAX       ((size_t)128) /* of a log, which is the name of its keys too */
#define SP_NOTE_BYTES_MAX      ((size_t)8192)
#define SP_NOTE_KEY_BYTES      ((size_t)4)
#define SP_NOTE_PRIVATE_PREFIX "PRIVATE+KEY+"
#define SP_NOTE_TEXT_MAX       ((size_t)512) /* a key in text form, or a checkpoint of ours */

/* A name has no space, no plus and no control character; SP_ERR_INVALID otherwise. */
enum sp_err sp_note_name_check(struct sp_slice name) SP_MUST_CHECK;

/* A key that verifies, and signs when it was read from its private form. */
struct sp_note_key {
    char name[SP_NOTE_NAME_MAX + 1];
    uint8_t id[SP_NOTE_KEY_BYTES];
    uint8_t public_key[SP_SIGN_PUBLIC_BYTES];
    struct sp_sign_key *key;
    bool can_sign; /* it was made from its private form */
};

/* A key that can sign, of this name; the seed is copied into it. SP_ERR_INVALID for a name that is none. */
enum sp_err sp_note_key_from_seed(struct sp_slice name, const uint8_t seed[SP_SIGN_SEED_BYTES],
                                  struct sp_note_key *out) SP_MUST_CHECK SP_NONNULL(2, 3);

/* "name+0f1e2d3c+AbCd...": the key id in hexadecimal, then base64 of the type 1 and the public key. */
enum sp_err sp_note_key_read(struct sp_slice text, struct sp_note_key *out)
    SP_MUST_CHECK SP_NONNULL(2);
enum sp_err sp_note_key_write(const struct sp_note_key *key, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* The private form, "PRIVATE+KEY+name+0f1e2d3c+AbCd...", as keys are kept in files. */
enum sp_err sp_note_key_read_private(struct sp_slice text, struct sp_note_key *out)
    SP_MUST_CHECK SP_NONNULL(2);
enum sp_err sp_note_key_write_private(const struct sp_note_key *key,
                                      const uint8_t seed[SP_SIGN_SEED_BYTES], struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);
void sp_note_key_done(struct sp_note_key *key);
#define SP_AUTO_NOTE_KEY SP_CLEANUP(sp_note_key_done)

/* What a checkpoint says. The origin is borrowed from the text that was read. */
struct sp_checkpoint {
    struct sp_slice origin;
    uint64_t size;
    struct sp_node root;
};

/* Appends a signed checkpoint whose origin is the key's name. */
enum sp_err sp_checkpoint_write(const struct sp_note_key *key, uint64_t size,
                                const struct sp_node *root, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 3, 4);

/* Adds the signature of another key behind those of a whole note; takes all signatures out but this key's. */
enum sp_err sp_note_cosign(const struct sp_note_key *key, struct sp_buf *note)
    SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err sp_note_keep_only(const struct sp_note_key *key, struct sp_slice note,
                              struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 3);

/* How many signatures a note has; 0 for what is no note. */
size_t sp_note_signatures(struct sp_slice note);

/* Reads a checkpoint without looking at its signatures; SP_ERR_INVALID when it is none. */
enum sp_err sp_checkpoint_read(struct sp_slice note, struct sp_checkpoint *out)
    SP_MUST_CHECK SP_NONNULL(2);

/*
 * Whether this key signed the note: SP_ERR_NOT_FOUND when no signature names the key, SP_ERR_INVALID when one does and is
 * wrong, or when the note has another form.
 */
enum sp_err sp_note_verify(struct sp_slice note, const struct sp_note_key *key)
    SP_MUST_CHECK SP_NONNULL(2);

#endif
