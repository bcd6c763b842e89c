#include "crypto/seal.h"

#include <limits.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/own.h"
#include "base/secret.h"
#include "base/writer.h"
#include "crypto/hash.h"
#include "crypto/mac.h"

#define TAG_BYTES    ((size_t)16)
#define NONCE_BYTES  ((size_t)12)
#define LABELED_MAX  ((size_t)4096)
#define KEM_X25519   0x0020U /* numbers of RFC 9180, section 7 */
#define KDF_SHA256   0x0001U
#define AEAD_AES_256 0x0002U
#define MODE_BASE    0x00U

/* --- the labelled steps of RFC 9180, section 4 --- */

enum suite { SUITE_KEM, SUITE_HPKE };

static void put_suite(struct sp_writer *w, enum suite suite)
{
    sp_writer_bytes(w, SP_SLICE_LITERAL("HPKE-v1"));
    if (suite == SUITE_KEM) {
        sp_writer_bytes(w, SP_SLICE_LITERAL("KEM"));
        sp_writer_u16(w, KEM_X25519);
        return;
    }
    sp_writer_bytes(w, SP_SLICE_LITERAL("HPKE"));
    sp_writer_u16(w, KEM_X25519);
    sp_writer_u16(w, KDF_SHA256);
    sp_writer_u16(w, AEAD_AES_256);
}

static enum sp_err hmac(struct sp_slice key, struct sp_slice message, uint8_t out[SP_MAC_BYTES])
{
    struct sp_mac *mac = NULL;
    SP_TRY(sp_mac_new(key, &mac));
    enum sp_err err = sp_mac_tag(mac, message, out);
    sp_mac_free(mac);
    return err;
}

/* An empty salt is one of zeros. */
static enum sp_err extract(enum suite suite, struct sp_slice salt, const char *label,
                           struct sp_slice in, uint8_t out[SP_MAC_BYTES])
{
    static const uint8_t zeros[SP_MAC_BYTES];
    SP_CLEANUP(sp_buf_wipe) struct sp_buf message;
    struct sp_writer w;
    sp_buf_init(&message, LABELED_MAX);
    sp_writer_init(&w, &message);
    put_suite(&w, suite);
    sp_writer_bytes(&w, sp_slice_of(label));
    sp_writer_bytes(&w, in);
    SP_TRY(sp_writer_end(&w));
    return hmac(salt.len > 0 ? salt : sp_slice_make(zeros, sizeof(zeros)), sp_buf_slice(&message),
                out);
}

/* At most one block, which is all that this suite asks for; `len` of its bytes count. */
static enum sp_err expand(enum suite suite, struct sp_slice secret, const char *label,
                          struct sp_slice context, uint16_t len, uint8_t out[SP_MAC_BYTES])
{
    SP_AUTO_BUF struct sp_buf message;
    struct sp_writer w;
    sp_buf_init(&message, LABELED_MAX);
    sp_writer_init(&w, &message);
    sp_writer_u16(&w, len);
    put_suite(&w, suite);
    sp_writer_bytes(&w, sp_slice_of(label));
    sp_writer_bytes(&w, context);
    sp_writer_u8(&w, 1); /* the first block of HKDF-Expand */
    SP_TRY(sp_writer_end(&w));
    return hmac(secret, sp_buf_slice(&message), out);
}

/* --- keys --- */

struct keys {
    uint8_t key[SP_MAC_BYTES];
    uint8_t nonce[SP_MAC_BYTES];
};

static struct sp_slice block(const uint8_t bytes[32])
{
    return sp_slice_make(bytes, 32);
}

/* Sections 4.1 and 5.1: from the agreed secret to the key and the nonce of the only message. */
static enum sp_err schedule(const uint8_t dh[32], const uint8_t enc[32],
                            const uint8_t public_key[32], struct sp_slice info, struct keys *out)
{
    struct secrets {
        uint8_t prk[32];
        uint8_t shared[32];
        uint8_t secret[32];
    } s;
    uint8_t kem_context[64];
    uint8_t context[1 + 32 + 32] = {MODE_BASE};
    const struct sp_slice none = {NULL, 0};
    (void)sp_slice_copy(block(enc), kem_context, 32);
    (void)sp_slice_copy(block(public_key), kem_context + 32, 32);
    enum sp_err err = extract(SUITE_KEM, none, "eae_prk", block(dh), s.prk);
    if (err == SP_OK) {
        err = expand(SUITE_KEM, block(s.prk), "shared_secret",
                     sp_slice_make(kem_context, sizeof(kem_context)), 32, s.shared);
    }
    if (err == SP_OK) {
        err = extract(SUITE_HPKE, none, "psk_id_hash", none, context + 1);
    }
    if (err == SP_OK) {
        err = extract(SUITE_HPKE, none, "info_hash", info, context + 33);
    }
    if (err == SP_OK) {
        err = extract(SUITE_HPKE, block(s.shared), "secret", none, s.secret);
    }
    if (err == SP_OK) {
        err = expand(SUITE_HPKE, block(s.secret), "key", sp_slice_make(context, sizeof(context)),
                     32, out->key);
    }
    if (err == SP_OK) {
        err = expand(SUITE_HPKE, block(s.secret), "base_nonce",
                     sp_slice_make(context, sizeof(context)), NONCE_BYTES, out->nonce);
    }
    sp_wipe(&s, sizeof(s));
    return err;
}

static enum sp_err agree(EVP_PKEY *own, const uint8_t other[32], uint8_t out[32])
{
    size_t len = 32;
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, other, 32);
    EVP_PKEY_CTX *ctx = peer == NULL ? NULL : EVP_PKEY_CTX_new(own, NULL);
    /* A peer of low order gives a secret of zeros, which the library refuses. */
    const bool is_good = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
                         EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
                         EVP_PKEY_derive(ctx, out, &len) == 1 && len == 32;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
    return is_good ? SP_OK : SP_ERR_INVALID;
}

static enum sp_err public_of(const EVP_PKEY *pkey, uint8_t out[32])
{
    size_t len = 32;
    return EVP_PKEY_get_raw_public_key(pkey, out, &len) == 1 && len == 32 ? SP_OK : SP_ERR_CRYPTO;
}

enum sp_err sp_seal_pair(uint8_t private_key[SP_SEAL_KEY_BYTES],
                         uint8_t public_key[SP_SEAL_KEY_BYTES])
{
    size_t len = SP_SEAL_KEY_BYTES;
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        return SP_ERR_CRYPTO;
    }
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    if (pkey == NULL) {
        return SP_ERR_CRYPTO;
    }
    enum sp_err err = public_of(pkey, public_key);
    if (err == SP_OK &&
        (EVP_PKEY_get_raw_private_key(pkey, private_key, &len) != 1 || len != SP_SEAL_KEY_BYTES)) {
        err = SP_ERR_CRYPTO;
    }
    EVP_PKEY_free(pkey);
    return err;
}

/* --- the cipher --- */

static bool put_through(EVP_CIPHER_CTX *ctx, struct sp_slice in, uint8_t *out)
{
    int len = 0;
    return in.len == 0 ||
           (EVP_CipherUpdate(ctx, out, &len, in.ptr, (int)in.len) == 1 && (size_t)len == in.len);
}

static enum sp_err decrypt(const struct keys *keys, struct sp_slice text, struct sp_slice tag,
                           uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t expected[16];
    uint8_t nothing[16];
    int len = 0;
    (void)sp_slice_copy(tag, expected, sizeof(expected));
    const bool is_good =
        ctx != NULL &&
        EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, keys->key, keys->nonce, 0) == 1 &&
        put_through(ctx, text, out) &&
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)TAG_BYTES, expected) == 1 &&
        EVP_CipherFinal_ex(ctx, nothing, &len) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return is_good ? SP_OK : SP_ERR_INVALID;
}

/* --- sealing --- */

struct sp_sealer {
    EVP_CIPHER_CTX *cipher;
};

void sp_sealer_free(struct sp_sealer *sealer)
{
    if (sealer != NULL) {
        EVP_CIPHER_CTX_free(sealer->cipher);
        free(sealer);
    }
}

/* The encapsulated key goes to `enc`, the rest into the cipher. */
static enum sp_err begin_with(struct sp_sealer *sealer, EVP_PKEY *own, const uint8_t public_key[32],
                              struct sp_slice info, uint8_t enc[32])
{
    struct keys keys;
    uint8_t dh[32];
    SP_TRY(public_of(own, enc));
    enum sp_err err = agree(own, public_key, dh);
    if (err == SP_OK) {
        err = schedule(dh, enc, public_key, info, &keys);
    }
    if (err == SP_OK &&
        EVP_CipherInit_ex(sealer->cipher, EVP_aes_256_gcm(), NULL, keys.key, keys.nonce, 1) != 1) {
        err = SP_ERR_CRYPTO;
    }
    sp_wipe(dh, sizeof(dh));
    sp_wipe(&keys, sizeof(keys));
    return err;
}

static enum sp_err begin(struct sp_sealer *sealer, const uint8_t public_key[32],
                         struct sp_slice info, struct sp_buf *out)
{
    uint8_t enc[32];
    sealer->cipher = EVP_CIPHER_CTX_new();
    EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    enum sp_err err = sealer->cipher == NULL || own == NULL
                          ? SP_ERR_CRYPTO
                          : begin_with(sealer, own, public_key, info, enc);
    EVP_PKEY_free(own);
    SP_TRY(err);
    return sp_buf_put(out, block(enc));
}

enum sp_err sp_sealer_new(const uint8_t public_key[SP_SEAL_KEY_BYTES], struct sp_slice info,
                          struct sp_buf *out, struct sp_sealer **out_sealer)
{
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        return SP_ERR_CRYPTO;
    }
    struct sp_sealer *sealer = calloc(1, sizeof(*sealer));
    if (sealer == NULL) {
        return SP_ERR_NOMEM;
    }
    enum sp_err err = begin(sealer, public_key, info, out);
    if (err != SP_OK) {
        sp_sealer_free(sealer);
        return err;
    }
    *out_sealer = sealer;
    return SP_OK;
}

enum sp_err sp_sealer_put(struct sp_sealer *sealer, struct sp_slice piece, struct sp_buf *out)
{
    uint8_t *space = NULL;
    if (piece.len > INT_MAX) {
        return SP_ERR_TOO_BIG;
    }
    SP_TRY(sp_buf_reserve(out, piece.len, &space));
    if (!put_through(sealer->cipher, piece, space)) {
        return SP_ERR_CRYPTO;
    }
    sp_buf_commit(out, piece.len);
    return SP_OK;
}

enum sp_err sp_sealer_end(struct sp_sealer *sealer, struct sp_buf *out)
{
    uint8_t nothing[16];
    uint8_t tag[TAG_BYTES];
    int len = 0;
    if (EVP_CipherFinal_ex(sealer->cipher, nothing, &len) != 1 || len != 0 ||
        EVP_CIPHER_CTX_ctrl(sealer->cipher, EVP_CTRL_AEAD_GET_TAG, (int)TAG_BYTES, tag) != 1) {
        return SP_ERR_CRYPTO;
    }
    return sp_buf_put(out, sp_slice_make(tag, sizeof(tag)));
}

enum sp_err sp_seal(const uint8_t public_key[SP_SEAL_KEY_BYTES], struct sp_slice info,
                    struct sp_slice message, struct sp_buf *out)
{
    struct sp_sealer *sealer = NULL;
    const size_t start = out->len;
    SP_TRY(sp_sealer_new(public_key, info, out, &sealer));
    enum sp_err err = sp_sealer_put(sealer, message, out);
    if (err == SP_OK) {
        err = sp_sealer_end(sealer, out);
    }
    sp_sealer_free(sealer);
    if (err != SP_OK) {
        sp_buf_truncate(out, start);
    }
    return err;
}

static enum sp_err open_with(EVP_PKEY *own, struct sp_slice info, struct sp_slice sealed,
                             uint8_t *out)
{
    struct keys keys;
    uint8_t dh[32];
    uint8_t public_key[32];
    const size_t len = sealed.len - SP_SEAL_MORE;
    SP_TRY(public_of(own, public_key));
    enum sp_err err = agree(own, sealed.ptr, dh);
    if (err == SP_OK) {
        err = schedule(dh, sealed.ptr, public_key, info, &keys);
    }
    if (err == SP_OK) {
        err = decrypt(&keys, sp_slice_sub(sealed, SP_SEAL_KEY_BYTES, len),
                      sp_slice_sub(sealed, SP_SEAL_KEY_BYTES + len, TAG_BYTES), out);
    }
    sp_wipe(dh, sizeof(dh));
    sp_wipe(&keys, sizeof(keys));
    return err;
}

enum sp_err sp_seal_open(const uint8_t private_key[SP_SEAL_KEY_BYTES], struct sp_slice info,
                         struct sp_slice sealed, struct sp_buf *out)
{
    uint8_t *space = NULL;
    if (sealed.len < SP_SEAL_MORE || sealed.len > INT_MAX) {
        return SP_ERR_INVALID;
    }
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        return SP_ERR_CRYPTO;
    }
    SP_TRY(sp_buf_reserve(out, sealed.len, &space));
    EVP_PKEY *own =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key, SP_SEAL_KEY_BYTES);
    enum sp_err err = own == NULL ? SP_ERR_CRYPTO : open_with(own, info, sealed, space);
    EVP_PKEY_free(own);
    if (err != SP_OK) {
        sp_wipe(space, sealed.len - SP_SEAL_MORE); /* what was not proved is nobody's to read */
        return err;
    }
    sp_buf_commit(out, sealed.len - SP_SEAL_MORE);
    return SP_OK;
}

/* What is looked up the first time is looked up now. */
enum sp_err sp_seal_start(void)
{
    SP_AUTO_BUF struct sp_buf sealed;
    SP_AUTO_BUF struct sp_buf message;
    uint8_t private_key[SP_SEAL_KEY_BYTES];
    uint8_t public_key[SP_SEAL_KEY_BYTES];
    sp_buf_init(&sealed, 2 * SP_SEAL_MORE);
    sp_buf_init(&message, 2 * SP_SEAL_MORE);
    SP_TRY(sp_seal_pair(private_key, public_key));
    enum sp_err err =
        sp_seal(public_key, SP_SLICE_LITERAL("start"), SP_SLICE_LITERAL("start"), &sealed);
    if (err == SP_OK) {
        err = sp_seal_open(private_key, SP_SLICE_LITERAL("start"), sp_buf_slice(&sealed), &message);
    }
    sp_wipe(private_key, sizeof(private_key));
    return err;
}
