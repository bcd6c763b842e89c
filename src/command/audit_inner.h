/*
 * audit_inner - what the actions of `sallyport audit` share: their options, and the log that they name.
 *
 * Runs in: commands.   Input: the command line.   Only the files audit*.c of this folder include this.
 */
#ifndef SP_COMMAND_AUDIT_INNER_H
#define SP_COMMAND_AUDIT_INNER_H

#include "audit/archive.h"
#include "audit/search.h"
#include "base/buf.h"
#include "command/remote.h"
#include "identity/veil.h"

struct sp_audit_options {
    const char *config;
    const char *directory;  /* of a log; NULL: the one that the configuration names */
    const char *key;        /* a key in text form, or a file that holds one */
    const char *checkpoint; /* a file */
    const char *proof;      /* a file */
    const char *entry;      /* a number */
    struct sp_remote_options remote;
    bool wants_help;
};

/* A log's directories, opened for reading. */
struct sp_audit_place {
    char path[4096];
    struct sp_disk_directory directory;
    struct sp_disk disk;
};

/* Opens the log that the options name; says on standard error why it cannot, with the exit status. */
int sp_audit_place_open(const struct sp_audit_options *options, struct sp_audit_place *out)
    SP_NONNULL(1, 2);
void sp_audit_place_close(struct sp_audit_place *place) SP_NONNULL(1);

/* Reads the key, when one is given; `out->key` stays NULL otherwise. Says why it cannot. */
int sp_audit_key(const struct sp_audit_options *options, struct sp_note_key *out) SP_NONNULL(1, 2);

/* Says what is wrong on standard error; the exit status for it. */
int sp_audit_usage(const char *what, const char *detail) SP_NONNULL(1, 2);
int sp_audit_cannot(const char *what, const char *path, enum sp_err err) SP_NONNULL(1, 2);

/* The actions; each gives an exit status. */
int sp_audit_verify_command(const struct sp_audit_options *options) SP_NONNULL(1);
int sp_audit_prove_command(const struct sp_audit_options *options) SP_NONNULL(1);
int sp_audit_checkpoint_command(const struct sp_audit_options *options) SP_NONNULL(1);
int sp_audit_rotate_command(const struct sp_audit_options *options) SP_NONNULL(1);
int sp_audit_keygen_command(const struct sp_audit_options *options) SP_NONNULL(1);
int sp_audit_code_command(const struct sp_audit_options *options) SP_NONNULL(1);
int sp_audit_erase_command(const struct sp_audit_options *options) SP_NONNULL(1);

/* Beside the names of a search the forms that hide them, under the tenant's key if that is at hand; an exit status. */
struct sp_audit_forms {
    char texts[4][SP_VEIL_CHARS + 1]; /* lent to the search */
};
int sp_audit_forms_make(const char *log_path, const char *key_file, struct sp_search *search,
                        struct sp_audit_forms *forms) SP_NONNULL(3, 4);

/* Prints the key that signs, and in the next lines those before it. */
enum sp_err sp_audit_print_keys(struct sp_archive *archive) SP_MUST_CHECK SP_NONNULL(1);

/* Opens the archive of the log that the options name, and uses it. */
typedef int sp_audit_use_fn(struct sp_archive *archive, const struct sp_audit_options *options);
int sp_audit_with_archive(const struct sp_audit_options *options, sp_audit_use_fn *use)
    SP_NONNULL(1, 2);

/* search, show, tail and export read their own command line; argv[1] is the action. */
int sp_audit_read_command(int argc, char **argv) SP_NONNULL(2);

#endif
