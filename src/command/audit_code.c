/* sallyport audit keygen and code: an auditor's pair of keys, and what was sealed to it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "audit/code.h"
#include "audit/entry.h"
#include "base/clock.h"
#include "base/num.h"
#include "base/own.h"
#include "base/secret.h"
#include "codec/hex.h"
#include "command/audit_inner.h"
#include "command/command.h"
#include "os/files.h"

/* --- keygen --- */

static enum sp_err write_new(const char *path, struct sp_slice text)
{
    SP_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return errno == EEXIST ? SP_ERR_DUPLICATE : SP_ERR_SYSTEM;
    }
    return write(fd, text.ptr, text.len) == (ssize_t)text.len && fsync(fd) == 0 ? SP_OK
                                                                                : SP_ERR_SYSTEM;
}

static enum sp_err make_pair(struct sp_buf *secret, struct sp_buf *public_text)
{
    uint8_t private_key[SP_SEAL_KEY_BYTES];
    uint8_t public_key[SP_SEAL_KEY_BYTES];
    SP_TRY(sp_seal_pair(private_key, public_key));
    enum sp_err err = sp_seal_key_write(SP_SEAL_PRIVATE, private_key, secret);
    sp_wipe(private_key, sizeof(private_key));
    SP_TRY(err);
    SP_TRY(sp_buf_put_byte(secret, '\n'));
    return sp_seal_key_write(SP_SEAL_PUBLIC, public_key, public_text);
}

int sp_audit_keygen_command(const struct sp_audit_options *options)
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf secret;
    SP_AUTO_BUF struct sp_buf public_text;
    const char *path = options->directory;
    sp_buf_init(&secret, SP_SEAL_KEY_TEXT_MAX);
    sp_buf_init(&public_text, SP_SEAL_KEY_TEXT_MAX);
    if (path == NULL) {
        return sp_audit_usage("a new file for the private key must follow: keygen", "FILE");
    }
    enum sp_err err = make_pair(&secret, &public_text);
    if (err == SP_OK) {
        err = write_new(path, sp_buf_slice(&secret));
    }
    if (err != SP_OK) {
        return sp_audit_cannot(err == SP_ERR_DUPLICATE ? "will not overwrite" : "cannot make", path,
                               err);
    }
    (void)printf("[audit]\ncode     = \"full\"\ncode_key = \"%.*s\"\n", (int)public_text.len,
                 (const char *)public_text.ptr);
    (void)fprintf(stderr,
                  "The private key is in %s: take it off this machine, and keep it. Without it "
                  "nobody reads the code again.\n",
                  path);
    return SP_EXIT_DONE;
}

/* --- code --- */

/* What an entry says of its code; an outcome, what its intent does. */
struct wanted {
    struct sp_code_name name;
    uint64_t bytes;
};

static enum sp_err find_wanted(struct sp_archive *archive, uint64_t index, struct wanted *out)
{
    static struct sp_entry entry;
    struct sp_where where;
    struct sp_slice line = {NULL, 0};
    SP_TRY(sp_archive_entry(archive, index, &line));
    SP_TRY(sp_entry_read(line, &entry, &where));
    if (sp_slice_is(sp_entry_text(sp_entry_get(&entry, "kind")), "outcome")) {
        SP_TRY(sp_archive_entry(archive, sp_entry_number(sp_entry_get(&entry, "intent")), &line));
        SP_TRY(sp_entry_read(line, &entry, &where));
    }
    SP_TRY(sp_clock_from_rfc3339(sp_entry_text(sp_entry_get(&entry, "time")), &out->name.wall_us));
    out->bytes = sp_entry_number(sp_entry_get(&entry, "code_bytes"));
    return sp_hex_read(sp_entry_text(sp_entry_get(&entry, "code_sha256")), SP_SHA256_BYTES,
                       out->name.digest);
}

/* An empty file has a digest, what is no submission of code has zeros. */
static bool names_code(const struct wanted *wanted)
{
    static const uint8_t zeros[SP_SHA256_BYTES];
    return !sp_slice_equal(sp_slice_make(wanted->name.digest, sizeof(wanted->name.digest)),
                           sp_slice_make(zeros, sizeof(zeros)));
}

static int read_secret(const char *path, uint8_t out[SP_SEAL_KEY_BYTES])
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf text;
    sp_buf_init(&text, SP_SEAL_KEY_TEXT_MAX);
    enum sp_err err = sp_file_read(path, &text);
    if (err != SP_OK) {
        return sp_audit_cannot("cannot read", path, err);
    }
    struct sp_slice line = sp_buf_slice(&text);
    line = sp_slice_sub(line, 0, sp_slice_find(line, 0, '\n'));
    return sp_seal_key_read(SP_SEAL_PRIVATE, line, out) == SP_OK
               ? SP_EXIT_DONE
               : sp_audit_usage("there is no auditor's private key in the first line of", path);
}

static bool is_as_recorded(const struct wanted *wanted, struct sp_slice code)
{
    uint8_t digest[SP_SHA256_BYTES];
    return code.len == wanted->bytes && sp_sha256(code, digest) == SP_OK &&
           sp_slice_equal(sp_slice_make(digest, sizeof(digest)),
                          sp_slice_make(wanted->name.digest, sizeof(digest)));
}

static int print_code(struct sp_audit_place *place, const struct wanted *wanted,
                      const uint8_t key[SP_SEAL_KEY_BYTES])
{
    SP_AUTO_BUF struct sp_buf object;
    SP_AUTO_BUF struct sp_buf code;
    char path[SP_CODE_PATH_BYTES];
    sp_buf_init(&object, SP_CODE_BYTES_MAX + SP_CODE_MORE + 1);
    sp_buf_init(&code, SP_CODE_BYTES_MAX + SP_CODE_MORE);
    sp_code_path(&wanted->name, path);
    enum sp_err err = sp_disk_get_file(&place->disk, (struct sp_disk_name){SP_DISK_OWN, path},
                                       SP_CODE_BYTES_MAX + SP_CODE_MORE, &object);
    if (err != SP_OK) {
        (void)fprintf(stderr, "sallyport audit: %s: %s\n", path,
                      err == SP_ERR_NOT_FOUND ? "this code was not kept, or was dropped since"
                                              : sp_err_text(err));
        return SP_EXIT_DENIED;
    }
    err = sp_code_unseal(key, sp_buf_slice(&object), &code);
    if (err != SP_OK || !is_as_recorded(wanted, sp_buf_slice(&code))) {
        (void)fprintf(stderr, "sallyport audit: %s: %s\n", path,
                      err == SP_OK            ? "it is not the code that the entry names"
                      : err == SP_ERR_INVALID ? "it is not sealed to this key, or was changed"
                                              : "the file is damaged");
        return SP_EXIT_DENIED;
    }
    return fwrite(code.ptr, 1, code.len, stdout) == code.len && fflush(stdout) == 0 ? SP_EXIT_DONE
                                                                                    : SP_EXIT_USAGE;
}

static int find_and_print(struct sp_audit_place *place, const struct sp_audit_options *options,
                          const uint8_t key[SP_SEAL_KEY_BYTES])
{
    SP_AUTO_ARCHIVE struct sp_archive *archive = NULL;
    struct wanted wanted = {.bytes = 0};
    uint64_t index = 0;
    if (options->entry == NULL ||
        sp_parse_u64(sp_slice_of(options->entry), UINT64_MAX, &index) != SP_OK) {
        return sp_audit_usage("the number of an entry must follow: code",
                              options->entry == NULL ? "" : options->entry);
    }
    enum sp_err err = sp_archive_open(&place->disk, &archive);
    if (err != SP_OK) {
        return sp_audit_cannot(err == SP_ERR_NOT_FOUND ? "there is no log in" : "cannot read",
                               place->path, err);
    }
    err = find_wanted(archive, index, &wanted);
    if (err != SP_OK || !names_code(&wanted)) {
        (void)fprintf(stderr, "sallyport audit: entry %s is not there, or names no code\n",
                      options->entry);
        return SP_EXIT_DENIED;
    }
    return print_code(place, &wanted, key);
}

int sp_audit_code_command(const struct sp_audit_options *options)
{
    struct sp_audit_place place;
    uint8_t key[SP_SEAL_KEY_BYTES];
    if (options->key == NULL) {
        return sp_audit_usage("kept code needs the auditor's private key: --key", "FILE");
    }
    int status = read_secret(options->key, key);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    status = sp_audit_place_open(options, &place);
    if (status == SP_EXIT_DONE) {
        status = find_and_print(&place, options, key);
        sp_audit_place_close(&place);
    }
    sp_wipe(key, sizeof(key));
    return status;
}
