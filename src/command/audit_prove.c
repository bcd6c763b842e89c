/* sallyport audit prove and checkpoint: what others need to check a log without having it. */
#include <stdio.h>

#include "audit/proof.h"
#include "base/num.h"
#include "command/audit_inner.h"
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

static int print_proof(struct sp_archive *archive, const struct sp_audit_options *options)
{
    SP_AUTO_BUF struct sp_buf text;
    uint64_t index = 0;
    sp_buf_init(&text, SP_PROOF_BYTES_MAX);
    if (options->entry == NULL ||
        sp_parse_u64(sp_slice_of(options->entry), UINT64_MAX, &index) != SP_OK) {
        return sp_audit_usage("the number of an entry must follow: prove",
                              options->entry == NULL ? "" : options->entry);
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
    return sp_audit_with_archive(options, print_proof);
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
    return sp_audit_with_archive(options, print_checkpoint);
}
