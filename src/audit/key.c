#include "audit/key.h"

#include "base/secret.h"
#include "codec/hex.h"
#include "crypto/random.h"
#include "os/files.h"

#define NAME_PREFIX "sallyport.log/"
#define NAME_BYTES  ((size_t)8) /* of the key's digest, in a name that is made up */

/* A name that no other log has: it is made from the key, and stays when the key is changed. */
static enum sp_err make_name(const uint8_t seed[SP_SIGN_SEED_BYTES], struct sp_buf *out)
{
    SP_AUTO_NOTE_KEY struct sp_note_key key = {.key = NULL};
    uint8_t digest[SP_SHA256_BYTES];
    SP_TRY(sp_note_key_from_seed(sp_slice_of("sallyport"), seed, &key));
    SP_TRY(sp_sha256(sp_slice_make(key.public_key, sizeof(key.public_key)), digest));
    SP_TRY(sp_buf_put_text(out, NAME_PREFIX));
    return sp_hex_encode(sp_slice_make(digest, NAME_BYTES), out);
}

static enum sp_err make(int dir, struct sp_slice origin, const uint8_t seed[SP_SIGN_SEED_BYTES],
                        struct sp_note_key *out)
{
    SP_AUTO_BUF struct sp_buf name;
    SP_CLEANUP(sp_buf_wipe) struct sp_buf text;
    sp_buf_init(&name, SP_NOTE_TEXT_MAX);
    sp_buf_init(&text, SP_NOTE_TEXT_MAX);
    SP_TRY(origin.len > 0 ? sp_buf_put(&name, origin) : make_name(seed, &name));
    SP_TRY(sp_note_key_from_seed(sp_buf_slice(&name), seed, out));
    enum sp_err err = sp_note_key_write_private(out, seed, &text);
    if (err == SP_OK) {
        err = sp_buf_put_byte(&text, '\n');
    }
    if (err == SP_OK) {
        err = sp_file_write_private_at(dir, SP_LOG_KEY_FILE, sp_buf_slice(&text));
    }
    if (err != SP_OK) {
        sp_note_key_done(out);
    }
    return err;
}

enum sp_err sp_log_key_open(int dir, struct sp_slice origin, struct sp_note_key *out)
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf text;
    struct sp_note_key key = {.key = NULL};
    sp_buf_init(&text, SP_NOTE_TEXT_MAX);
    if (origin.len > 0 && sp_note_name_check(origin) != SP_OK) {
        return SP_ERR_CONFIG;
    }
    enum sp_err err = sp_file_read_at(dir, SP_LOG_KEY_FILE, &text);
    if (err == SP_ERR_NOT_FOUND) {
        uint8_t seed[SP_SIGN_SEED_BYTES];
        SP_TRY(sp_random_fill(seed, sizeof(seed)));
        err = make(dir, origin, seed, out);
        sp_wipe(seed, sizeof(seed));
        return err;
    }
    SP_TRY(err);
    struct sp_slice line = sp_buf_slice(&text);
    SP_TRY(sp_note_key_read_private(sp_slice_sub(line, 0, sp_slice_find(line, 0, '\n')), &key));
    if (origin.len > 0 && !sp_slice_is(origin, key.name)) {
        sp_note_key_done(&key);
        return SP_ERR_CONFIG;
    }
    *out = key;
    return SP_OK;
}
