/*
 * way - the way from one signing key to the next, kept beside the log for the day when its entries are dropped.
 *
 * Runs in: audit, which writes it; commands.   Input: hostile (a log of anybody).   Allocates: one proof.
 * The file keys/N of the log is the proof (C2SP tlog-proof) of the `key` entry by which the key N took the place of the one
 * before, under the checkpoint that ends with it and that both keys signed. Whoever trusts the old key can go on to the
 * new one with that file alone.
 */
#ifndef SP_AUDIT_WAY_H
#define SP_AUDIT_WAY_H

#include "audit/chain.h"
#include "audit/proof.h"

#define SP_WAY_PATH_BYTES ((size_t)16)
#define SP_WAY_FIRST      2U
#define SP_WAY_LAST       1000U

struct sp_way {
    uint64_t index; /* of the `key` entry */
    char old_key[SP_NOTE_TEXT_MAX];
    char new_key[SP_NOTE_TEXT_MAX];
    struct sp_node root; /* of all entries up to it */
};

void sp_way_path(unsigned number, char out[SP_WAY_PATH_BYTES]) SP_NONNULL(2);

/* Of a path beneath the log; false when it is none of these. */
bool sp_way_number(struct sp_slice path, unsigned *out) SP_NONNULL(2);

/*
 * Writes the way to key `number`, durable: `note` is the checkpoint that both keys signed, and its last entry, which must
 * be on the disk already, names them.
 */
enum sp_err sp_way_put(const struct sp_disk *disk, unsigned number, struct sp_slice note)
    SP_MUST_CHECK SP_NONNULL(1);

/* Reads such a file and checks all of it: SP_ERR_INVALID with `*out_flaw`, a fixed sentence. */
enum sp_err sp_way_read(struct sp_slice text, struct sp_way *out, const char **out_flaw)
    SP_MUST_CHECK SP_NONNULL(2, 3);

/* Tells the chain of the changes whose entries are dropped: those before entry `first`. Files with flaws are passed over. */
enum sp_err sp_way_tell(const struct sp_disk *disk, uint64_t first, struct sp_chain *chain)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* What is wrong with a file, as a fixed sentence, also when it is of another log; NULL when nothing is. */
const char *sp_way_check(const struct sp_disk *disk, unsigned number) SP_NONNULL(1);

#endif
