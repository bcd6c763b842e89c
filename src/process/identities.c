#include "process/identities.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/own.h"
#include "base/secret.h"
#include "base/text.h"
#include "codec/hex.h"
#include "crypto/random.h"
#include "os/files.h"

#define DIGITS ((size_t)2 * SP_VEIL_KEY_BYTES)

/* What a tenant may be called, or nobody: no way out of the directory. */
static bool is_name(const char *name)
{
    const struct sp_slice text = sp_slice_of(name);
    if (sp_slice_is(text, SP_IDENTITY_OF_NOBODY)) {
        return true;
    }
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t byte = text.ptr[i];
        if (!sp_text_is_alnum(byte) && (i == 0 || (byte != '.' && byte != '-' && byte != '_'))) {
            return false;
        }
    }
    return text.len > 0 && text.len <= 64;
}

enum sp_err sp_identity_read(int dir, const char *name, uint8_t out[SP_VEIL_KEY_BYTES])
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf text;
    sp_buf_init(&text, DIGITS + 2);
    if (!is_name(name)) {
        return SP_ERR_INVALID;
    }
    enum sp_err err = sp_file_read_at(dir, name, &text);
    if (err != SP_OK) {
        return err == SP_ERR_TOO_BIG ? SP_ERR_CORRUPT : err;
    }
    struct sp_slice digits = sp_buf_slice(&text);
    digits = sp_slice_sub(digits, 0, sp_slice_find(digits, 0, '\n'));
    return sp_hex_read(digits, SP_VEIL_KEY_BYTES, out) == SP_OK ? SP_OK : SP_ERR_CORRUPT;
}

enum sp_err sp_identity_need(int dir, const char *name, uint8_t out[SP_VEIL_KEY_BYTES])
{
    char line[DIGITS + 1];
    enum sp_err err = sp_identity_read(dir, name, out);
    if (err != SP_ERR_NOT_FOUND) {
        return err;
    }
    SP_TRY(sp_random_fill(out, SP_VEIL_KEY_BYTES));
    sp_hex_write(sp_slice_make(out, SP_VEIL_KEY_BYTES), line);
    line[DIGITS] = '\n';
    err = sp_file_write_private_at(dir, name, sp_slice_make(line, sizeof(line)));
    sp_wipe(line, sizeof(line));
    return err;
}

enum sp_err sp_identity_erase(int dir, const char *name)
{
    static const uint8_t zeros[DIGITS + 1];
    if (!is_name(name)) {
        return SP_ERR_INVALID;
    }
    SP_AUTO_CLOSE int fd = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT ? SP_ERR_NOT_FOUND : SP_ERR_SYSTEM;
    }
    if (pwrite(fd, zeros, sizeof(zeros), 0) != (ssize_t)sizeof(zeros) || fdatasync(fd) != 0 ||
        unlinkat(dir, name, 0) != 0 || fsync(dir) != 0) {
        return SP_ERR_SYSTEM;
    }
    return SP_OK;
}
