/* sallyport audit rotate-key, and the keys that `audit checkpoint` prints. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "audit/entry.h"
#include "audit/key.h"
#include "base/own.h"
#include "command/audit_inner.h"
#include "command/command.h"
#include "os/files.h"

/* What an entry says of keys. */
struct said {
    struct sp_slice kind;
    struct sp_slice present; /* of a `start` its key, of a `key` the new one */
    struct sp_slice before;  /* of a `key` the old one */
};

/* Most entries are told apart by how they begin. */
static enum sp_err look(struct sp_archive *archive, uint64_t index, struct said *out)
{
    static struct sp_entry entry;
    struct sp_where where;
    struct sp_slice line = {NULL, 0};
    *out = (struct said){.kind = {NULL, 0}};
    SP_TRY(sp_archive_entry(archive, index, &line));
    if (!sp_slice_starts(line, "{\"configuration_sha256\":") &&
        !sp_slice_starts(line, "{\"index\":")) {
        return SP_OK;
    }
    SP_TRY(sp_entry_read(line, &entry, &where));
    const struct sp_slice kind = sp_entry_text(sp_entry_get(&entry, "kind"));
    if (sp_slice_is(kind, "start")) {
        *out = (struct said){.kind = kind, .present = sp_entry_text(sp_entry_get(&entry, "key"))};
    } else if (sp_slice_is(kind, "key")) {
        *out = (struct said){.kind = kind,
                             .present = sp_entry_text(sp_entry_get(&entry, "new_key")),
                             .before = sp_entry_text(sp_entry_get(&entry, "old_key"))};
    }
    return SP_OK;
}

/* The latest entry that names the key that signs; entries from `*out_at` on name no other. */
static enum sp_err present_key(struct sp_archive *archive, struct sp_buf *out, uint64_t *out_at)
{
    for (uint64_t index = sp_archive_size(archive); index > 0; index--) {
        struct said said;
        SP_TRY(look(archive, index - 1, &said));
        if (said.present.len > 0) {
            *out_at = index - 1;
            return sp_buf_put(out, said.present);
        }
    }
    return SP_ERR_NOT_FOUND;
}

/* Earlier keys, the latest of them first. What was dropped is not there to be asked. */
static enum sp_err print_earlier(struct sp_archive *archive, uint64_t from)
{
    for (uint64_t index = from + 1; index > 0; index--) {
        struct said said;
        enum sp_err err = look(archive, index - 1, &said);
        if (err == SP_ERR_NOT_FOUND) {
            return SP_OK;
        }
        SP_TRY(err);
        if (said.before.len > 0) {
            (void)printf("until entry %llu: %.*s\n", (unsigned long long)index - 1,
                         (int)said.before.len, (const char *)said.before.ptr);
        }
    }
    return SP_OK;
}

enum sp_err sp_audit_print_keys(struct sp_archive *archive)
{
    SP_AUTO_BUF struct sp_buf key;
    uint64_t at = 0;
    sp_buf_init(&key, SP_NOTE_TEXT_MAX);
    SP_TRY(present_key(archive, &key, &at));
    (void)printf("%.*s\n", (int)key.len, (const char *)key.ptr);
    SP_TRY(print_earlier(archive, at));
    (void)putchar('\n');
    return SP_OK;
}

/* audit itself makes the key, when it is told to look: the request only says which one is to go. */
static int ask(struct sp_archive *archive, const struct sp_audit_options *options, int own)
{
    SP_AUTO_BUF struct sp_buf key;
    uint64_t at = 0;
    (void)options;
    sp_buf_init(&key, SP_NOTE_TEXT_MAX);
    enum sp_err err = present_key(archive, &key, &at);
    if (err != SP_OK) {
        return sp_audit_cannot("cannot find", "the log's key", err);
    }
    err = sp_buf_put_byte(&key, '\n');
    if (err == SP_OK) {
        err = sp_file_write_private_at(own, SP_LOG_ROTATE_FILE, sp_buf_slice(&key));
    }
    /* It holds no secret, and audit, who reads it, may be another user than we are. */
    if (err == SP_OK && fchmodat(own, SP_LOG_ROTATE_FILE, 0644, 0) != 0) {
        err = SP_ERR_SYSTEM;
    }
    if (err != SP_OK) {
        return sp_audit_cannot("cannot write", "the request beside the log's key", err);
    }
    (void)printf(
        "asked for another key than %.*s"
        "It is made when the service starts, or reads its configuration again: send it SIGHUP.\n"
        "Then keep what 'sallyport audit checkpoint' prints elsewhere.\n",
        (int)key.len, (const char *)key.ptr);
    return SP_EXIT_DONE;
}

int sp_audit_rotate_command(const struct sp_audit_options *options)
{
    struct sp_audit_place place;
    struct sp_archive *archive = NULL;
    if (options->directory != NULL) {
        return sp_audit_usage("a copy of a log has no key to change; name the configuration by -c",
                              "");
    }
    int status = sp_audit_place_open(options, &place);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    const int own = place.directory.fds[SP_DISK_OWN];
    enum sp_err err = own < 0 ? SP_ERR_SYSTEM : sp_archive_open(&place.disk, &archive);
    status = err == SP_OK
                 ? ask(archive, options, own)
                 : sp_audit_cannot(err == SP_ERR_NOT_FOUND ? "there is no log in" : "cannot read",
                                   place.path, err);
    sp_archive_free(archive);
    sp_audit_place_close(&place);
    return status;
}
