#include "identity/token.h"

#include "base/secret.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/random.h"

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#define ALPHABET_LEN 62U

_Static_assert(sizeof(SP_TOKEN_PREFIX) - 1 == 8, "SP_TOKEN_BYTES_MAX counts the prefix as eight");

static bool is_id_byte(uint8_t byte)
{
    return sp_text_is_digit(byte) || (byte >= 'a' && byte <= 'z') || byte == '-';
}

enum sp_err sp_token_id_check(struct sp_slice id)
{
    struct sp_text t;
    struct sp_slice run = {NULL, 0};
    sp_text_init(&t, id);
    if (sp_text_run(&t, is_id_byte, SP_TOKEN_ID_MAX, &run) != SP_OK || !sp_text_at_end(&t)) {
        return SP_ERR_INVALID;
    }
    return SP_OK;
}

/* CRC-32 as zlib has it, four bits a step. */
static uint32_t crc32_of(struct sp_slice in)
{
    static const uint32_t step[16] = {
        0x00000000U, 0x1DB71064U, 0x3B6E20C8U, 0x26D930ACU, 0x76DC4190U, 0x6B6B51F4U,
        0x4DB26158U, 0x5005713CU, 0xEDB88320U, 0xF00F9344U, 0xD6D6A3E8U, 0xCB61B38CU,
        0x9B64C2B0U, 0x86D3D2D4U, 0xA00AE278U, 0xBDBDF21CU,
    };
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < in.len; i++) {
        crc ^= in.ptr[i];
        crc = crc >> 4 ^ step[crc & 15U];
        crc = crc >> 4 ^ step[crc & 15U];
    }
    return ~crc;
}

/* Base 62, the last character the lowest. 62^6 holds every CRC. */
static void check_of(struct sp_slice in, uint8_t out[SP_TOKEN_CHECK_CHARS])
{
    uint32_t crc = crc32_of(in);
    for (size_t i = SP_TOKEN_CHECK_CHARS; i > 0; i--) {
        out[i - 1] = (uint8_t)alphabet[crc % ALPHABET_LEN];
        crc /= ALPHABET_LEN;
    }
}

/* Bytes of 248 and more are thrown away, or the first characters would come oftener than the last. */
static enum sp_err put_secret(struct sp_buf *out)
{
    uint8_t random[64];
    size_t left = SP_TOKEN_SECRET_CHARS;
    while (left > 0) {
        SP_TRY(sp_random_fill(random, sizeof(random)));
        for (size_t i = 0; i < sizeof(random) && left > 0; i++) {
            if (random[i] < ALPHABET_LEN * 4) {
                SP_TRY(sp_buf_put_byte(out, (uint8_t)alphabet[random[i] % ALPHABET_LEN]));
                left--;
            }
        }
    }
    sp_wipe(random, sizeof(random));
    return SP_OK;
}

enum sp_err sp_token_make(struct sp_slice id, struct sp_buf *out)
{
    uint8_t check[SP_TOKEN_CHECK_CHARS];
    size_t start = out->len;
    SP_TRY(sp_token_id_check(id));
    SP_TRY(sp_buf_put_text(out, SP_TOKEN_PREFIX));
    SP_TRY(sp_buf_put(out, id));
    SP_TRY(sp_buf_put_byte(out, '_'));
    SP_TRY(put_secret(out));
    check_of(sp_slice_sub(sp_buf_slice(out), start, out->len - start), check);
    SP_TRY(sp_buf_put_byte(out, '_'));
    return sp_buf_put(out, sp_slice_make(check, sizeof(check)));
}

enum sp_err sp_token_parse(struct sp_slice text, struct sp_token *out)
{
    struct sp_text t;
    struct sp_token token;
    struct sp_slice check = {NULL, 0};
    uint8_t want[SP_TOKEN_CHECK_CHARS];
    if (text.len > SP_TOKEN_BYTES_MAX) {
        return SP_ERR_INVALID;
    }
    sp_text_init(&t, text);
    if (sp_text_literal(&t, SP_TOKEN_PREFIX) != SP_OK ||
        sp_text_until(&t, '_', SP_TOKEN_ID_MAX, &token.id) != SP_OK ||
        sp_text_run(&t, sp_text_is_alnum, SP_TOKEN_SECRET_CHARS, &token.secret) != SP_OK ||
        token.secret.len != SP_TOKEN_SECRET_CHARS) {
        return SP_ERR_INVALID;
    }
    check_of(sp_slice_sub(text, 0, t.at), want);
    if (sp_text_byte(&t, '_') != SP_OK) {
        return SP_ERR_INVALID;
    }
    check = sp_text_rest(&t);
    if (!sp_slice_equal(check, sp_slice_make(want, sizeof(want)))) {
        return SP_ERR_INVALID;
    }
    SP_TRY(sp_token_id_check(token.id));
    *out = token;
    return SP_OK;
}

enum sp_err sp_token_digest(const struct sp_token *token, uint8_t out[SP_TOKEN_DIGEST_BYTES])
{
    return sp_sha256(token->secret, out);
}
