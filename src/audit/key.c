#include "audit/key.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/secret.h"
#include "codec/hex.h"
#include "crypto/random.h"
#include "os/files.h"

#define NAME_PREFIX     "sallyport.log/"
#define NAME_BYTES      ((size_t)8) /* of the key's digest, in a name that is made up */
#define FILE_NAME_BYTES ((size_t)32)

static const char *file_name(size_t number, char out[FILE_NAME_BYTES])
{
    (void)(number == 0 ? snprintf(out, FILE_NAME_BYTES, "%s", SP_LOG_KEY_FILE)
                       : snprintf(out, FILE_NAME_BYTES, "%s-%zu", SP_LOG_KEY_FILE, number + 1));
    return out;
}

/* --- making --- */

/* A name that no other log has: it is made from the first key, and stays when the key is changed. */
static enum sp_err make_name(const uint8_t seed[SP_SIGN_SEED_BYTES], struct sp_buf *out)
{
    SP_AUTO_NOTE_KEY struct sp_note_key key = {.key = NULL};
    uint8_t digest[SP_SHA256_BYTES];
    SP_TRY(sp_note_key_from_seed(sp_slice_of("sallyport"), seed, &key));
    SP_TRY(sp_sha256(sp_slice_make(key.public_key, sizeof(key.public_key)), digest));
    SP_TRY(sp_buf_put_text(out, NAME_PREFIX));
    return sp_hex_encode(sp_slice_make(digest, NAME_BYTES), out);
}

/* A new key, and the line that its file holds. */
static enum sp_err make(struct sp_slice origin, struct sp_note_key *out, struct sp_buf *out_line)
{
    SP_AUTO_BUF struct sp_buf name;
    uint8_t seed[SP_SIGN_SEED_BYTES];
    sp_buf_init(&name, SP_NOTE_TEXT_MAX);
    SP_TRY(sp_random_fill(seed, sizeof(seed)));
    enum sp_err err = origin.len > 0 ? sp_buf_put(&name, origin) : make_name(seed, &name);
    if (err == SP_OK) {
        err = sp_note_key_from_seed(sp_buf_slice(&name), seed, out);
    }
    if (err == SP_OK) {
        err = sp_note_key_write_private(out, seed, out_line);
    }
    sp_wipe(seed, sizeof(seed));
    SP_TRY(err);
    return sp_buf_put_byte(out_line, '\n');
}

static enum sp_err make_first(int dir, struct sp_slice origin, struct sp_note_key *out)
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf line;
    sp_buf_init(&line, SP_NOTE_TEXT_MAX);
    enum sp_err err = make(origin, out, &line);
    if (err == SP_OK) {
        err = sp_file_write_private_at(dir, SP_LOG_KEY_FILE, sp_buf_slice(&line));
    }
    if (err != SP_OK) {
        sp_note_key_done(out);
    }
    return err;
}

/* --- the ring --- */

static enum sp_err push(struct sp_key_ring *ring, struct sp_note_key *take_key)
{
    struct sp_note_key *keys = ring->count < SP_KEY_RING_MAX
                                   ? realloc(ring->keys, (ring->count + 1) * sizeof(*keys))
                                   : NULL;
    if (keys == NULL) {
        sp_note_key_done(take_key);
        return ring->count < SP_KEY_RING_MAX ? SP_ERR_NOMEM : SP_ERR_FULL;
    }
    ring->keys = keys;
    ring->keys[ring->count++] = *take_key;
    *take_key = (struct sp_note_key){.key = NULL};
    return SP_OK;
}

enum sp_err sp_key_ring_of(struct sp_note_key *take_key, struct sp_key_ring *out)
{
    *out = (struct sp_key_ring){.keys = NULL};
    return push(out, take_key);
}

void sp_key_ring_done(struct sp_key_ring *ring)
{
    for (size_t i = 0; i < ring->count; i++) {
        sp_note_key_done(&ring->keys[i]);
    }
    free(ring->keys);
    *ring = (struct sp_key_ring){.keys = NULL};
}

const struct sp_note_key *sp_key_ring_present(const struct sp_key_ring *ring)
{
    return &ring->keys[ring->present];
}

enum sp_err sp_key_ring_verify(const struct sp_key_ring *ring, struct sp_slice note,
                               size_t *out_which)
{
    for (size_t i = ring->count; i > 0; i--) {
        if (sp_note_verify(note, &ring->keys[i - 1]) == SP_OK) {
            *out_which = i - 1;
            return SP_OK;
        }
    }
    return SP_ERR_NOT_FOUND;
}

/* --- files --- */

static enum sp_err read_key(int dir, size_t number, struct sp_note_key *out)
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf text;
    char name[FILE_NAME_BYTES];
    sp_buf_init(&text, SP_NOTE_TEXT_MAX);
    SP_TRY(sp_file_read_at(dir, file_name(number, name), &text));
    struct sp_slice line = sp_buf_slice(&text);
    line = sp_slice_sub(line, 0, sp_slice_find(line, 0, '\n'));
    enum sp_err err = sp_note_key_read_private(line, out);
    return err == SP_ERR_INVALID ? sp_note_key_read(line, out) : err;
}

/* The later keys, up to one that is not there, or was never finished. */
static enum sp_err read_later(int dir, struct sp_key_ring *ring)
{
    enum sp_err err = SP_OK;
    while (err == SP_OK && ring->count < SP_KEY_RING_MAX) {
        struct sp_note_key key = {.key = NULL};
        err = read_key(dir, ring->count, &key);
        if (err == SP_OK && !sp_slice_is(sp_slice_of(key.name), ring->keys[0].name)) {
            sp_note_key_done(&key);
            err = SP_ERR_CONFIG;
        }
        err = err == SP_OK ? push(ring, &key) : err;
    }
    return err == SP_ERR_NOT_FOUND || err == SP_ERR_INVALID ? SP_OK : err;
}

enum sp_err sp_key_ring_open(int dir, struct sp_slice origin, struct sp_key_ring *out)
{
    struct sp_key_ring ring = {.keys = NULL};
    struct sp_note_key first = {.key = NULL};
    if (origin.len > 0 && sp_note_name_check(origin) != SP_OK) {
        return SP_ERR_CONFIG;
    }
    enum sp_err err = read_key(dir, 0, &first);
    SP_TRY(err == SP_ERR_NOT_FOUND ? make_first(dir, origin, &first) : err);
    SP_TRY(push(&ring, &first));
    err = origin.len > 0 && !sp_slice_is(origin, ring.keys[0].name) ? SP_ERR_CONFIG
                                                                    : read_later(dir, &ring);
    if (err != SP_OK) {
        sp_key_ring_done(&ring);
        return err;
    }
    ring.present = ring.count - 1;
    *out = ring;
    return SP_OK;
}

/* --- changing --- */

/* The whole file, in its place and durable; a new one is for its owner alone. */
static enum sp_err put_file(const struct sp_disk *disk, size_t number, struct sp_slice bytes)
{
    char name[FILE_NAME_BYTES];
    const struct sp_disk_name file = {.place = SP_DISK_OWN, .path = file_name(number, name)};
    int fd = -1;
    SP_TRY(disk->open(disk->ctx, file, SP_DISK_MAKE_PRIVATE, &fd));
    enum sp_err err = sp_disk_write_all(disk, fd, 0, bytes);
    if (err == SP_OK) {
        err = disk->sync(disk->ctx, fd);
    }
    disk->close(disk->ctx, fd);
    SP_TRY(err);
    return disk->sync_names(disk->ctx, file);
}

enum sp_err sp_key_ring_next(struct sp_key_ring *ring, const struct sp_disk *disk,
                             const struct sp_note_key **out)
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf line;
    struct sp_note_key key = {.key = NULL};
    sp_buf_init(&line, SP_NOTE_TEXT_MAX);
    if (ring->present + 1 == ring->count) {
        enum sp_err err = make(sp_slice_of(ring->keys[0].name), &key, &line);
        if (err == SP_OK) {
            err = put_file(disk, ring->count, sp_buf_slice(&line));
        }
        if (err != SP_OK) {
            sp_note_key_done(&key);
            return err;
        }
        SP_TRY(push(ring, &key));
    }
    *out = &ring->keys[ring->present + 1];
    return SP_OK;
}

/* The public key and line feeds, as long as the line with the private one was. */
static enum sp_err retire_one(struct sp_key_ring *ring, const struct sp_disk *disk, size_t number)
{
    SP_AUTO_BUF struct sp_buf line;
    struct sp_note_key public_key = {.key = NULL};
    sp_buf_init(&line, SP_NOTE_TEXT_MAX);
    SP_TRY(sp_note_key_write(&ring->keys[number], &line));
    SP_TRY(sp_note_key_read(sp_buf_slice(&line), &public_key));
    enum sp_err err = SP_OK;
    for (size_t i = 0; i <= sizeof(SP_NOTE_PRIVATE_PREFIX) - 1 && err == SP_OK; i++) {
        err = sp_buf_put_byte(&line, '\n');
    }
    if (err == SP_OK) {
        err = put_file(disk, number, sp_buf_slice(&line));
    }
    if (err != SP_OK) {
        sp_note_key_done(&public_key);
        return err;
    }
    sp_note_key_done(&ring->keys[number]);
    ring->keys[number] = public_key;
    return SP_OK;
}

enum sp_err sp_key_ring_retire(struct sp_key_ring *ring, const struct sp_disk *disk)
{
    for (size_t i = 0; i < ring->present; i++) {
        if (ring->keys[i].can_sign) {
            SP_TRY(retire_one(ring, disk, i));
        }
    }
    return SP_OK;
}
