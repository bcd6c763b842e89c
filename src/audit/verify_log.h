/*
 * verify_log - whether a whole log is what it claims to be: entries, hashes, tiles, signatures, and what was known before.
 *
 * Runs in: commands.   Input: hostile (a log of anybody).   Allocates: one bundle, and a row an open intent.
 * Every byte of every file is accounted for: each entry is looked at (audit/verify.h) and hashed, each tile compared with
 * the hashes, the root with the signed checkpoint, partial files with the full ones that came after them. It needs no
 * server and changes nothing.
 */
#ifndef SP_AUDIT_VERIFY_LOG_H
#define SP_AUDIT_VERIFY_LOG_H

#include "audit/disk.h"
#include "audit/note.h"
#include "audit/verify.h"

struct sp_log_problem {
    const char *file; /* beneath the log's directory, or "" */
    bool has_index;
    uint64_t index; /* of an entry */
    const char *text;
};

/* What is checked. The two halves know nothing of one another, so that two processes can do them at once. */
enum sp_log_part {
    SP_LOG_WHOLE,
    SP_LOG_ENTRIES, /* what verify.h looks at */
    SP_LOG_HASHES   /* tiles, root, signatures, files */
};

struct sp_log_verify {
    const struct sp_disk *disk;
    const struct sp_note_key
        *key;              /* NULL: the one that the log's own entries name, which proves less */
    struct sp_slice older; /* a checkpoint kept elsewhere, empty when there is none */
    enum sp_log_part part;
    void *ctx;
    void (*problem)(void *ctx, const struct sp_log_problem *problem);
    void (*progress)(void *ctx, uint64_t done, uint64_t all); /* entries; may be NULL */
    void (*wait)(void *ctx); /* gives a running audit the time to publish; may be NULL */
};

struct sp_log_verified {
    struct sp_verify_totals totals;
    uint64_t published;         /* entries that the checkpoint covers */
    uint64_t first;             /* the oldest entry that is still there */
    uint64_t bytes;             /* of entries */
    char key[SP_NOTE_TEXT_MAX]; /* the latest that the entries name */
    size_t keys;                /* how many there were, one after the other */
    bool is_key_trusted;        /* it was given */
    uint64_t problems;
};

/* SP_OK also when problems were found; an error when the log cannot be read at all. */
enum sp_err sp_log_verify(const struct sp_log_verify *options, struct sp_log_verified *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
