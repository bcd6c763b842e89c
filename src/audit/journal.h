/*
 * journal - one record of the journal: the entries of one commit and the checkpoint that covers them.
 *
 * Runs in: audit, commands.   Input: files that a crash or a hand may have damaged.   Allocates: through the caller.
 * A journal file is filled from its beginning with records, each beginning on a block; it is then begun anew. A record
 * holds: magic, index of its first entry, index of the oldest intent that is open, number of entries, bytes of entries,
 * bytes of the note; the entries as in a bundle; the note; zeros to the end of the block. Its note proves it: the root
 * that it signs is the one that the entries before and in the record give.
 */
#ifndef SP_AUDIT_JOURNAL_H
#define SP_AUDIT_JOURNAL_H

#include "audit/tile.h"
#include "base/buf.h"

#define SP_JOURNAL_BLOCK        ((size_t)4096)
#define SP_JOURNAL_HEADER_BYTES ((size_t)40)
#define SP_JOURNAL_FILES        2U
#define SP_JOURNAL_BYTES        ((uint64_t)4 * 1024 * 1024) /* of one file, kept for ever */
#define SP_JOURNAL_RECORD_MAX   ((size_t)2 * 1024 * 1024)   /* a whole record */

struct sp_journal_record {
    uint64_t first;
    uint64_t oldest_open;
    uint32_t count;
    struct sp_slice entries;
    struct sp_slice note;
    size_t bytes; /* of the whole record, blocks filled up */
};

/* Begins a record in an empty buffer: space for the header, to which entries are appended. */
enum sp_err sp_journal_begin(struct sp_buf *record) SP_MUST_CHECK SP_NONNULL(1);

/* Appends one entry. */
enum sp_err sp_journal_add(struct sp_buf *record, struct sp_slice entry)
    SP_MUST_CHECK SP_NONNULL(1);

/* Puts the note behind the entries, fills the last block up and writes the header (its slices are not looked at). */
enum sp_err sp_journal_finish(const struct sp_journal_record *header, struct sp_slice note,
                              struct sp_buf *record) SP_MUST_CHECK SP_NONNULL(1, 3);

/*
 * Reads the header alone, for how many bytes a record has: SP_ERR_NOT_FOUND when none begins here. Then the whole:
 * SP_ERR_CORRUPT when its parts do not fit together. Nothing is said about hashes and signatures.
 */
enum sp_err sp_journal_peek(struct sp_slice bytes, struct sp_journal_record *out)
    SP_MUST_CHECK SP_NONNULL(2);
enum sp_err sp_journal_read(struct sp_slice bytes, struct sp_journal_record *out)
    SP_MUST_CHECK SP_NONNULL(2);

#endif
