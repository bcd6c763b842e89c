#include "audit/note.h"

#include "base/num.h"
#include "base/secret.h"
#include "base/text.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/hash.h"

#define TYPE_ED25519   0x01U
#define DASH           "\xe2\x80\x94 " /* U+2014 and a space begin a signature */
#define SIGNATURES_MAX 32U
#define SIZE_DIGITS    ((size_t)20)

/* Bytes that are no letters of a name; those of a longer UTF-8 sequence are taken, but U+2028 and the like are not ours to make. */
enum sp_err sp_note_name_check(struct sp_slice name)
{
    size_t ignored = 0;
    if (name.len == 0 || name.len > SP_NOTE_NAME_MAX || sp_utf8_check(name, &ignored) != SP_OK) {
        return SP_ERR_INVALID;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] <= ' ' || name.ptr[i] == '+' || name.ptr[i] >= 0x7F) {
            return SP_ERR_INVALID;
        }
    }
    return SP_OK;
}

static enum sp_err identify(struct sp_slice name, struct sp_note_key *key)
{
    SP_AUTO_BUF struct sp_buf text;
    uint8_t digest[SP_SHA256_BYTES];
    sp_buf_init(&text, SP_NOTE_TEXT_MAX);
    SP_TRY(sp_note_name_check(name));
    SP_TRY(sp_buf_put(&text, name));
    SP_TRY(sp_buf_put_byte(&text, '\n'));
    SP_TRY(sp_buf_put_byte(&text, TYPE_ED25519));
    SP_TRY(sp_buf_put(&text, sp_slice_make(key->public_key, sizeof(key->public_key))));
    SP_TRY(sp_sha256(sp_buf_slice(&text), digest));
    (void)sp_slice_copy(sp_slice_make(digest, sizeof(key->id)), key->id, sizeof(key->id));
    sp_slice_to_text(name, key->name, sizeof(key->name));
    return SP_OK;
}

enum sp_err sp_note_key_from_seed(struct sp_slice name, const uint8_t seed[SP_SIGN_SEED_BYTES],
                                  struct sp_note_key *out)
{
    struct sp_note_key key = {.key = NULL};
    SP_TRY(sp_sign_key_new(seed, &key.key));
    key.can_sign = true;
    enum sp_err err = sp_sign_public(key.key, key.public_key);
    if (err == SP_OK) {
        err = identify(name, &key);
    }
    if (err != SP_OK) {
        sp_note_key_done(&key);
        return err;
    }
    *out = key;
    return SP_OK;
}

/* A key has one text, so that texts of keys can be compared: its digits are small ones. */
static bool has_capital(struct sp_slice digits)
{
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] >= 'A' && digits.ptr[i] <= 'F') {
            return true;
        }
    }
    return false;
}

/* The three parts of a key in text form: name, id, type and bytes. */
static enum sp_err read_parts(struct sp_slice text, struct sp_slice *out_name,
                              uint8_t id[SP_NOTE_KEY_BYTES], uint8_t bytes[SP_SIGN_PUBLIC_BYTES])
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf material;
    struct sp_slice name = {NULL, 0};
    struct sp_slice digits = {NULL, 0};
    struct sp_text t;
    sp_buf_init(&material, SP_NOTE_TEXT_MAX);
    sp_text_init(&t, text);
    if (sp_text_until(&t, '+', SP_NOTE_NAME_MAX, &name) != SP_OK ||
        sp_text_until(&t, '+', 2 * SP_NOTE_KEY_BYTES, &digits) != SP_OK || has_capital(digits) ||
        sp_hex_read(digits, SP_NOTE_KEY_BYTES, id) != SP_OK ||
        sp_base64_decode(SP_BASE64_STANDARD, sp_text_rest(&t), &material) != SP_OK ||
        material.len != 1 + SP_SIGN_PUBLIC_BYTES || material.ptr[0] != TYPE_ED25519) {
        return SP_ERR_INVALID;
    }
    (void)sp_slice_copy(sp_slice_sub(sp_buf_slice(&material), 1, SP_SIGN_PUBLIC_BYTES), bytes,
                        SP_SIGN_PUBLIC_BYTES);
    *out_name = name;
    return SP_OK;
}

static bool is_id(const struct sp_note_key *key, const uint8_t id[SP_NOTE_KEY_BYTES])
{
    return sp_slice_equal(sp_slice_make(key->id, sizeof(key->id)),
                          sp_slice_make(id, SP_NOTE_KEY_BYTES));
}

enum sp_err sp_note_key_read(struct sp_slice text, struct sp_note_key *out)
{
    struct sp_note_key key = {.key = NULL};
    struct sp_slice name = {NULL, 0};
    uint8_t id[SP_NOTE_KEY_BYTES];
    SP_TRY(read_parts(text, &name, id, key.public_key));
    SP_TRY(identify(name, &key));
    if (!is_id(&key, id)) {
        return SP_ERR_INVALID;
    }
    SP_TRY(sp_sign_key_public(key.public_key, &key.key));
    *out = key;
    return SP_OK;
}

enum sp_err sp_note_key_read_private(struct sp_slice text, struct sp_note_key *out)
{
    struct sp_note_key key = {.key = NULL};
    struct sp_slice name = {NULL, 0};
    uint8_t id[SP_NOTE_KEY_BYTES];
    uint8_t seed[SP_SIGN_SEED_BYTES];
    if (!sp_slice_starts(text, SP_NOTE_PRIVATE_PREFIX)) {
        return SP_ERR_INVALID;
    }
    SP_TRY(read_parts(sp_slice_sub(text, sizeof(SP_NOTE_PRIVATE_PREFIX) - 1, text.len), &name, id,
                      seed));
    enum sp_err err = sp_note_key_from_seed(name, seed, &key);
    sp_wipe(seed, sizeof(seed));
    SP_TRY(err);
    if (!is_id(&key, id)) {
        sp_note_key_done(&key);
        return SP_ERR_INVALID;
    }
    *out = key;
    return SP_OK;
}

/* What both text forms end with. */
static enum sp_err write_parts(const struct sp_note_key *key, struct sp_slice bytes,
                               struct sp_buf *out)
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf material;
    sp_buf_init(&material, SP_NOTE_TEXT_MAX);
    SP_TRY(sp_buf_put_byte(&material, TYPE_ED25519));
    SP_TRY(sp_buf_put(&material, bytes));
    SP_TRY(sp_buf_put_text(out, key->name));
    SP_TRY(sp_buf_put_byte(out, '+'));
    SP_TRY(sp_hex_encode(sp_slice_make(key->id, sizeof(key->id)), out));
    SP_TRY(sp_buf_put_byte(out, '+'));
    return sp_base64_encode(SP_BASE64_STANDARD, sp_buf_slice(&material), out);
}

enum sp_err sp_note_key_write(const struct sp_note_key *key, struct sp_buf *out)
{
    return write_parts(key, sp_slice_make(key->public_key, sizeof(key->public_key)), out);
}

enum sp_err sp_note_key_write_private(const struct sp_note_key *key,
                                      const uint8_t seed[SP_SIGN_SEED_BYTES], struct sp_buf *out)
{
    SP_TRY(sp_buf_put_text(out, SP_NOTE_PRIVATE_PREFIX));
    return write_parts(key, sp_slice_make(seed, SP_SIGN_SEED_BYTES), out);
}

void sp_note_key_done(struct sp_note_key *key)
{
    sp_sign_key_free(key->key);
    *key = (struct sp_note_key){.key = NULL};
}

/* --- checkpoints --- */

static enum sp_err write_signature(const struct sp_note_key *key, struct sp_slice text,
                                   struct sp_buf *out)
{
    uint8_t signature[SP_NOTE_KEY_BYTES + SP_SIGN_BYTES];
    (void)sp_slice_copy(sp_slice_make(key->id, sizeof(key->id)), signature, SP_NOTE_KEY_BYTES);
    SP_TRY(sp_sign(key->key, text, signature + SP_NOTE_KEY_BYTES));
    SP_TRY(sp_buf_put_text(out, "\n" DASH));
    SP_TRY(sp_buf_put_text(out, key->name));
    SP_TRY(sp_buf_put_byte(out, ' '));
    SP_TRY(sp_base64_encode(SP_BASE64_STANDARD, sp_slice_make(signature, sizeof(signature)), out));
    return sp_buf_put_byte(out, '\n');
}

enum sp_err sp_checkpoint_write(const struct sp_note_key *key, uint64_t size,
                                const struct sp_node *root, struct sp_buf *out)
{
    size_t start = out->len;
    enum sp_err err = sp_buf_put_text(out, key->name);
    if (err == SP_OK) {
        err = sp_buf_put_byte(out, '\n');
    }
    if (err == SP_OK) {
        err = sp_buf_put_u64(out, size);
    }
    if (err == SP_OK) {
        err = sp_buf_put_byte(out, '\n');
    }
    if (err == SP_OK) {
        err = sp_base64_encode(SP_BASE64_STANDARD, sp_node_slice(root), out);
    }
    if (err == SP_OK) {
        err = sp_buf_put_byte(out, '\n');
    }
    if (err == SP_OK) {
        SP_AUTO_BUF struct sp_buf
            text; /* the buffer may move while the signature is put behind it */
        sp_buf_init(&text, SP_NOTE_BYTES_MAX);
        err = sp_buf_put(&text, sp_slice_sub(sp_buf_slice(out), start, out->len - start));
        if (err == SP_OK) {
            err = write_signature(key, sp_buf_slice(&text), out);
        }
    }
    if (err != SP_OK) {
        sp_buf_truncate(out, start);
    }
    return err;
}

/* Where the signatures begin: behind the last empty line. SIZE_MAX when there is none. */
static size_t signatures_at(struct sp_slice note)
{
    size_t found = SIZE_MAX;
    for (size_t at = sp_slice_find(note, 0, '\n'); at < note.len;
         at = sp_slice_find(note, at + 1, '\n')) {
        if (at + 1 < note.len && note.ptr[at + 1] == '\n') {
            found = at + 2;
        }
    }
    return found;
}

static bool is_note_text(struct sp_slice note)
{
    size_t ignored = 0;
    if (note.len > SP_NOTE_BYTES_MAX || !sp_slice_ends(note, "\n") ||
        sp_utf8_check(note, &ignored) != SP_OK) {
        return false;
    }
    for (size_t i = 0; i < note.len; i++) {
        if (note.ptr[i] < ' ' && note.ptr[i] != '\n') {
            return false;
        }
    }
    return true;
}

/* A size without leading zeros. */
static enum sp_err read_size(struct sp_slice digits, uint64_t *out)
{
    return digits.len > 1 && digits.ptr[0] == '0' ? SP_ERR_INVALID
                                                  : sp_parse_u64(digits, UINT64_MAX, out);
}

enum sp_err sp_checkpoint_read(struct sp_slice note, struct sp_checkpoint *out)
{
    SP_AUTO_BUF struct sp_buf root;
    struct sp_checkpoint checkpoint = {.size = 0};
    struct sp_slice digits = {NULL, 0};
    struct sp_slice hash = {NULL, 0};
    struct sp_text t;
    size_t end = signatures_at(note);
    sp_buf_init(&root, SP_SHA256_BYTES);
    if (!is_note_text(note) || end == SIZE_MAX) {
        return SP_ERR_INVALID;
    }
    sp_text_init(&t, sp_slice_sub(note, 0, end - 1));
    if (sp_text_until(&t, '\n', SP_NOTE_BYTES_MAX, &checkpoint.origin) != SP_OK ||
        checkpoint.origin.len == 0 || sp_text_until(&t, '\n', SIZE_DIGITS, &digits) != SP_OK ||
        read_size(digits, &checkpoint.size) != SP_OK ||
        sp_text_until(&t, '\n', SP_NOTE_TEXT_MAX, &hash) != SP_OK ||
        sp_base64_decode(SP_BASE64_STANDARD, hash, &root) != SP_OK || root.len != SP_SHA256_BYTES) {
        return SP_ERR_INVALID;
    }
    (void)sp_slice_copy(sp_buf_slice(&root), checkpoint.root.bytes, SP_SHA256_BYTES);
    *out = checkpoint;
    return SP_OK;
}

/* One line of a signature: whose it is, and its bytes. */
static enum sp_err read_signature(struct sp_text *t, struct sp_slice *out_name,
                                  struct sp_buf *out_bytes)
{
    struct sp_slice text = {NULL, 0};
    sp_buf_clear(out_bytes);
    if (sp_text_literal(t, DASH) != SP_OK ||
        sp_text_until(t, ' ', SP_NOTE_BYTES_MAX, out_name) != SP_OK || out_name->len == 0 ||
        sp_text_until(t, '\n', SP_NOTE_BYTES_MAX, &text) != SP_OK ||
        sp_base64_decode(SP_BASE64_STANDARD, text, out_bytes) != SP_OK ||
        out_bytes->len <= SP_NOTE_KEY_BYTES) {
        return SP_ERR_INVALID;
    }
    return SP_OK;
}

enum sp_err sp_note_verify(struct sp_slice note, const struct sp_note_key *key)
{
    SP_AUTO_BUF struct sp_buf signature;
    struct sp_text t;
    size_t at = signatures_at(note);
    bool is_signed = false;
    sp_buf_init(&signature, SP_NOTE_BYTES_MAX);
    if (!is_note_text(note) || at == SIZE_MAX || at == note.len) {
        return SP_ERR_INVALID;
    }
    sp_text_init(&t, sp_slice_sub(note, at, note.len));
    for (unsigned count = 0; !sp_text_at_end(&t); count++) {
        struct sp_slice name = {NULL, 0};
        if (count == SIGNATURES_MAX) {
            return SP_ERR_INVALID;
        }
        SP_TRY(read_signature(&t, &name, &signature));
        if (!sp_slice_is(name, key->name) || !is_id(key, signature.ptr)) {
            continue; /* of somebody else */
        }
        SP_TRY(sp_sign_verify(
            key->key, sp_slice_sub(note, 0, at - 1),
            sp_slice_sub(sp_buf_slice(&signature), SP_NOTE_KEY_BYTES, signature.len)));
        is_signed = true;
    }
    return is_signed ? SP_OK : SP_ERR_NOT_FOUND;
}

/* --- several signatures --- */

enum sp_err sp_note_cosign(const struct sp_note_key *key, struct sp_buf *note)
{
    SP_AUTO_BUF struct sp_buf line;
    const size_t at = signatures_at(sp_buf_slice(note));
    sp_buf_init(&line, SP_NOTE_TEXT_MAX);
    if (at == SIZE_MAX) {
        return SP_ERR_INVALID;
    }
    SP_TRY(write_signature(key, sp_slice_sub(sp_buf_slice(note), 0, at - 1), &line));
    /* Behind other signatures no empty line comes first. */
    return sp_buf_put(note, sp_slice_sub(sp_buf_slice(&line), 1, line.len));
}

/* Takes the next signature's whole line off the front. */
static enum sp_err take_line(struct sp_text *t, struct sp_slice *out_name, struct sp_buf *bytes,
                             struct sp_slice *out_line)
{
    struct sp_text before = *t;
    SP_TRY(read_signature(t, out_name, bytes));
    struct sp_text behind = *t;
    const struct sp_slice rest = sp_text_rest(&before);
    *out_line = sp_slice_sub(rest, 0, rest.len - sp_text_rest(&behind).len);
    return SP_OK;
}

enum sp_err sp_note_keep_only(const struct sp_note_key *key, struct sp_slice note,
                              struct sp_buf *out)
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_text t;
    struct sp_slice line = {NULL, 0};
    struct sp_slice name = {NULL, 0};
    const size_t at = signatures_at(note);
    sp_buf_init(&bytes, SP_NOTE_BYTES_MAX);
    if (at == SIZE_MAX) {
        return SP_ERR_INVALID;
    }
    sp_text_init(&t, sp_slice_sub(note, at, note.len));
    while (!sp_text_at_end(&t)) {
        SP_TRY(take_line(&t, &name, &bytes, &line));
        if (sp_slice_is(name, key->name) && is_id(key, bytes.ptr)) {
            SP_TRY(sp_buf_put(out, sp_slice_sub(note, 0, at)));
            return sp_buf_put(out, line);
        }
    }
    return SP_ERR_NOT_FOUND;
}

size_t sp_note_signatures(struct sp_slice note)
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_text t;
    struct sp_slice line = {NULL, 0};
    struct sp_slice name = {NULL, 0};
    const size_t at = signatures_at(note);
    size_t count = 0;
    sp_buf_init(&bytes, SP_NOTE_BYTES_MAX);
    if (!is_note_text(note) || at == SIZE_MAX) {
        return 0;
    }
    sp_text_init(&t, sp_slice_sub(note, at, note.len));
    while (!sp_text_at_end(&t) && take_line(&t, &name, &bytes, &line) == SP_OK) {
        count++;
    }
    return sp_text_at_end(&t) ? count : 0;
}
