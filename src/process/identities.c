#include "process/identities.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "base/secret.h"
#include "base/text.h"
#include "codec/hex.h"
#include "crypto/random.h"
#include "os/files.h"

#define DIGITS     ((size_t)2 * SP_VEIL_KEY_BYTES)
#define NAME_BYTES ((size_t)80)

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

static enum sp_err make(uint8_t out[SP_VEIL_KEY_BYTES], char line[DIGITS + 1])
{
    SP_TRY(sp_random_fill(out, SP_VEIL_KEY_BYTES));
    sp_hex_write(sp_slice_make(out, SP_VEIL_KEY_BYTES), line);
    line[DIGITS] = '\n';
    return SP_OK;
}

enum sp_err sp_identity_need(int dir, const char *name, uint8_t out[SP_VEIL_KEY_BYTES])
{
    char line[DIGITS + 1];
    enum sp_err err = sp_identity_read(dir, name, out);
    if (err != SP_ERR_NOT_FOUND) {
        return err;
    }
    SP_TRY(make(out, line));
    err = sp_file_write_private_at(dir, name, sp_slice_make(line, sizeof(line)));
    sp_wipe(line, sizeof(line));
    return err;
}

/* --- many at once --- */

/* Nothing goes on without a key: what is wrong is said here, once. */
static enum sp_err told(enum sp_err err, const char *name)
{
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "supervisor.identity.unusable",
               "file=STATE/" SP_IDENTITIES_DIRECTORY "/%s error=%s", name, sp_err_name(err));
    }
    return err;
}

typedef enum sp_err draft_fn(int dir, const char *draft);

/* Drafts have a name that no tenant can have: its own, and `~` behind it. */
static enum sp_err each_draft(int dir, draft_fn *fn)
{
    const int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = again < 0 ? NULL : fdopendir(again);
    enum sp_err err = SP_OK;
    if (names == NULL) {
        sp_close(again);
        return SP_ERR_SYSTEM;
    }
    for (const struct dirent *entry = readdir(names); entry != NULL && err == SP_OK;
         entry = readdir(names)) {
        const struct sp_slice name = sp_slice_of(entry->d_name);
        if (name.len > 1 && name.len < NAME_BYTES && sp_slice_ends(name, "~")) {
            err = fn(dir, entry->d_name);
        }
    }
    (void)closedir(names);
    return err;
}

static enum sp_err remove_draft(int dir, const char *draft)
{
    return unlinkat(dir, draft, 0) == 0 || errno == ENOENT ? SP_OK : SP_ERR_SYSTEM;
}

static enum sp_err rename_draft(int dir, const char *draft)
{
    char name[NAME_BYTES];
    const struct sp_slice whole = sp_slice_of(draft);
    sp_slice_to_text(sp_slice_sub(whole, 0, whole.len - 1), name, sizeof(name));
    return renameat(dir, draft, dir, name) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

enum sp_err sp_identity_begin(int state_dir, struct sp_identity_batch *out)
{
    *out = (struct sp_identity_batch){.dir = -1};
    SP_TRY(told(sp_dir_make_at(state_dir, SP_IDENTITIES_DIRECTORY, 0700, &out->dir), ""));
    return told(each_draft(out->dir, remove_draft), "");
}

void sp_identity_end(struct sp_identity_batch *batch)
{
    sp_close(batch->dir);
    batch->dir = -1;
}

static enum sp_err put_draft(const struct sp_identity_batch *batch, const char *name,
                             uint8_t out[SP_VEIL_KEY_BYTES])
{
    char line[DIGITS + 1];
    char draft[NAME_BYTES];
    (void)snprintf(draft, sizeof(draft), "%s~", name);
    SP_AUTO_CLOSE int fd =
        openat(batch->dir, draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    SP_TRY(fd < 0 ? SP_ERR_SYSTEM : make(out, line));
    const bool is_written = write(fd, line, sizeof(line)) == (ssize_t)sizeof(line);
    sp_wipe(line, sizeof(line));
    return is_written ? SP_OK : SP_ERR_SYSTEM;
}

enum sp_err sp_identity_draft(struct sp_identity_batch *batch, const char *name,
                              uint8_t out[SP_VEIL_KEY_BYTES])
{
    const enum sp_err err = sp_identity_read(batch->dir, name, out);
    if (err != SP_ERR_NOT_FOUND) {
        return told(err, name);
    }
    batch->made++;
    return told(put_draft(batch, name, out), name);
}

/* All bytes are on the disk before the first of them has its name. */
enum sp_err sp_identity_settle(struct sp_identity_batch *batch)
{
    if (batch->made == 0) {
        return SP_OK;
    }
    if (syncfs(batch->dir) != 0 || each_draft(batch->dir, rename_draft) != SP_OK ||
        fsync(batch->dir) != 0) {
        return told(SP_ERR_SYSTEM, "");
    }
    batch->made = 0;
    return SP_OK;
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
