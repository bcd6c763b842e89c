#include "ship/place.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/num.h"
#include "codec/hex.h"
#include "crypto/hash.h"

#define DIGITS 20U

enum sp_err sp_place_name(struct sp_slice to, char out[SP_PLACE_NAME_BYTES])
{
    uint8_t digest[SP_SHA256_BYTES];
    char hex[17];
    SP_TRY(sp_sha256(to, digest));
    sp_hex_write(sp_slice_make(digest, 8), hex);
    (void)snprintf(out, SP_PLACE_NAME_BYTES, "to-%s", hex);
    return SP_OK;
}

enum sp_err sp_place_read(int fd, uint64_t *out)
{
    uint8_t text[DIGITS + 2];
    const ssize_t got = pread(fd, text, sizeof(text), 0);
    if (got < 0) {
        return SP_ERR_SYSTEM;
    }
    if (got == 0) {
        return SP_ERR_NOT_FOUND;
    }
    size_t zeros = 0;
    while (zeros < DIGITS - 1 && text[zeros] == '0') {
        zeros++;
    }
    const struct sp_slice digits = sp_slice_make(text + zeros, DIGITS - zeros);
    return got == DIGITS + 1 && text[DIGITS] == '\n' &&
                   sp_parse_u64(digits, UINT64_MAX, out) == SP_OK
               ? SP_OK
               : SP_ERR_CORRUPT;
}

enum sp_err sp_place_write(int fd, uint64_t next)
{
    char text[DIGITS + 2];
    const int len = snprintf(text, sizeof(text), "%020llu\n", (unsigned long long)next);
    ssize_t put = 0;
    do {
        put = pwrite(fd, text, (size_t)len, 0);
    } while (put < 0 && errno == EINTR);
    return put == len ? SP_OK : SP_ERR_SYSTEM;
}
