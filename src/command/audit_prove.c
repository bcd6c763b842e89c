/* sallyport audit prove and checkpoint: what others need to check a log without having it. */
#include <stdio.h>

#include "audit/proof.h"
#include "base/num.h"
#include "command/audit_inner.h"
#include "command/audit_remote.h"
#include "command/command.h"

int sp_audit_with_archive(const struct sp_audit_options *options, sp_audit_use_fn *use)
{
    struct sp_audit_place place;
    struct sp_archive *archive = NULL;
    int status = sp_audit_place_open(options, &place);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    enum sp_err err = sp_archive_open(&place.disk, &archive);
    status = err == SP_OK
                 ? use(archive, options)
                 : sp_audit_cannot(err == SP_ERR_NOT_FOUND ? "there is no log in" : "cannot read",
                                   place.path, err);
    sp_archive_free(archive);
    sp_audit_place_close(&place);
    return status;
}

/* What a gateway elsewhere answers; it is checked by whoever uses it. */
static int print_remote(const struct sp_audit_options *options, const char *what)
{
    SP_AUTO_BUF struct sp_buf text;
    struct sp_remote_options remote = options->remote;
    sp_buf_init(&text, SP_PROOF_BYTES_MAX);
    remote.config = options->config;
    if (options->directory != NULL) {
        return sp_audit_usage("a folder and --endpoint exclude one another:", options->directory);
    }
    const int status = sp_audit_remote_get(&remote, what, &text);
    if (status == SP_EXIT_DONE) {
        (void)fwrite(text.ptr, 1, text.len, stdout);
    }
    return status;
}

static int read_index(const struct sp_audit_options *options, uint64_t *out)
{
    return options->entry != NULL &&
                   sp_parse_u64(sp_slice_of(options->entry), UINT64_MAX, out) == SP_OK
               ? SP_EXIT_DONE
               : sp_audit_usage("the number of an entry must follow: prove",
                                options->entry == NULL ? "" : options->entry);
}

static int print_proof(struct sp_archive *archive, const struct sp_audit_options *options)
{
    SP_AUTO_BUF struct sp_buf text;
    uint64_t index = 0;
    sp_buf_init(&text, SP_PROOF_BYTES_MAX);
    const int status = read_index(options, &index);
    if (status != SP_EXIT_DONE) {
        return status;
    }
    if (index >= sp_archive_size(archive)) {
        (void)fprintf(stderr, "sallyport audit: there is no entry %llu: the log has %llu\n",
                      (unsigned long long)index, (unsigned long long)sp_archive_size(archive));
        return SP_EXIT_DENIED;
    }
    enum sp_err err = sp_proof_write(archive, index, &text);
    if (err != SP_OK) {
        return sp_audit_cannot("cannot prove entry", options->entry, err);
    }
    (void)fwrite(text.ptr, 1, text.len, stdout);
    return SP_EXIT_DONE;
}

int sp_audit_prove_command(const struct sp_audit_options *options)
{
    char what[64];
    uint64_t index = 0;
    const int status = read_index(options, &index);
    if (status != SP_EXIT_DONE || options->remote.endpoint == NULL) {
        return status != SP_EXIT_DONE ? status : sp_audit_with_archive(options, print_proof);
    }
    (void)snprintf(what, sizeof(what), "proof/%llu", (unsigned long long)index);
    return print_remote(options, what);
}

static int print_checkpoint(struct sp_archive *archive, const struct sp_audit_options *options)
{
    (void)options;
    enum sp_err err = sp_audit_print_keys(archive);
    if (err != SP_OK) {
        return sp_audit_cannot("cannot find", "the log's key", err);
    }
    struct sp_slice note = sp_archive_note(archive);
    (void)fwrite(note.ptr, 1, note.len, stdout);
    return SP_EXIT_DONE;
}

int sp_audit_checkpoint_command(const struct sp_audit_options *options)
{
    return options->remote.endpoint == NULL ? sp_audit_with_archive(options, print_checkpoint)
                                            : print_remote(options, "checkpoint");
}
