/* The text forms of the keys of crypto/seal.h. */
#include "base/num.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/seal.h"

#define CHECK_BYTES ((size_t)4)
#define DIGITS      (2 * (SP_SEAL_KEY_BYTES + CHECK_BYTES))

static const char *const prefixes[] = {
    [SP_SEAL_PUBLIC] = "auditor-", [SP_SEAL_PRIVATE] = "auditor-secret-"};

/* The value of a small hexadecimal digit, 16 for anything else. */
static unsigned digit_of(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        return (unsigned)byte - '0';
    }
    return byte >= 'a' && byte <= 'f' ? (unsigned)byte - 'a' + 10 : 16;
}

static enum sp_err read_bytes(struct sp_slice digits, uint8_t *out)
{
    for (size_t i = 0; i < digits.len / 2; i++) {
        const unsigned high = digit_of(digits.ptr[2 * i]);
        const unsigned low = digit_of(digits.ptr[2 * i + 1]);
        if (high > 15 || low > 15) {
            return SP_ERR_INVALID;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return SP_OK;
}

static enum sp_err write_bytes(struct sp_slice bytes, struct sp_buf *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        SP_TRY(sp_buf_put_byte(out, (uint8_t)digits[bytes.ptr[i] >> 4]));
        SP_TRY(sp_buf_put_byte(out, (uint8_t)digits[bytes.ptr[i] & 15U]));
    }
    return SP_OK;
}

enum sp_err sp_seal_key_read(enum sp_seal_key which, struct sp_slice text,
                             uint8_t out[SP_SEAL_KEY_BYTES])
{
    uint8_t bytes[SP_SEAL_KEY_BYTES + CHECK_BYTES];
    uint8_t digest[SP_SHA256_BYTES];
    const size_t skip = sp_slice_of(prefixes[which]).len;
    if (!sp_slice_starts(text, prefixes[which]) || text.len != skip + DIGITS) {
        return SP_ERR_INVALID;
    }
    enum sp_err err = read_bytes(sp_slice_sub(text, skip, DIGITS), bytes);
    if (err == SP_OK) {
        err = sp_sha256(sp_slice_make(bytes, SP_SEAL_KEY_BYTES), digest);
    }
    if (err == SP_OK && !sp_slice_equal(sp_slice_make(bytes + SP_SEAL_KEY_BYTES, CHECK_BYTES),
                                        sp_slice_make(digest, CHECK_BYTES))) {
        err = SP_ERR_INVALID;
    }
    if (err == SP_OK) {
        (void)sp_slice_copy(sp_slice_make(bytes, SP_SEAL_KEY_BYTES), out, SP_SEAL_KEY_BYTES);
    }
    sp_wipe(bytes, sizeof(bytes));
    return err;
}

enum sp_err sp_seal_key_write(enum sp_seal_key which, const uint8_t key[SP_SEAL_KEY_BYTES],
                              struct sp_buf *out)
{
    uint8_t digest[SP_SHA256_BYTES];
    SP_TRY(sp_sha256(sp_slice_make(key, SP_SEAL_KEY_BYTES), digest));
    SP_TRY(sp_buf_put_text(out, prefixes[which]));
    SP_TRY(write_bytes(sp_slice_make(key, SP_SEAL_KEY_BYTES), out));
    return write_bytes(sp_slice_make(digest, CHECK_BYTES), out);
}
