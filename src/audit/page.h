/*
 * page - what somebody who may read the log over the service gets to see: a checkpoint, entries, a proof, a tile.
 *
 * Runs in: reader.   Input: hostile (the path and the query of a request, a log of anybody).
 * Allocates: the answer, up to SP_PAGE_BYTES_MAX, and what archive.h does, twice.
 * A tenant's reader sees the entries of that tenant: those that name it, and the outcomes of its intents. Hashes and
 * checkpoints are for every reader of the log: they tell nothing of what is hashed. Bundles of entries are for those who
 * may read all.
 */
#ifndef SP_AUDIT_PAGE_H
#define SP_AUDIT_PAGE_H

#include "audit/archive.h"
#include "base/where.h"
#include "wire/msg.h"

#define SP_PAGE_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define SP_PAGE_TILE_MAX                                                                           \
    ((size_t)17 * 1024 * 1024)   /* room for any answer: a bundle of the longest entries */
#define SP_PAGE_ENTRIES     100U /* of a list, unless the query says otherwise */
#define SP_PAGE_ENTRIES_MAX 1000U
#define SP_PAGE_LOOKED_MAX                                                                         \
    16384U /* entries that one request may look at; the answer says where to go on */

struct sp_page_reader {
    struct sp_archive *archive;
    struct sp_archive
        *intents; /* the same log, for the intents of outcomes: each keeps its own bundle */
};

/* Who asks for what. Borrowed. */
struct sp_page_ask {
    struct sp_slice tenant;
    bool is_all;
    struct sp_slice what;  /* the path behind /.sallyport/audit/, decoded */
    struct sp_slice query; /* raw */
    uint64_t
        seen; /* of a list that was asked for before: there is nothing to see in front of this entry */
};

/*
 * With `wait` in its query, a list of entries may be held back until there is something to see: an entry that fits, other
 * than a reading that waited itself, or else whoever follows the log would wake everybody who does.
 */
#define SP_PAGE_WAIT_S_MAX 45U
struct sp_page_wait {
    uint32_t wait_s; /* 0: at once */
    bool has_news;
};

/*
 * Appends the answer's body to `out`. SP_ERR_NOT_FOUND for what is not there or is not the reader's to see (the two look
 * the same), SP_ERR_REQUEST for a query that makes no sense, SP_ERR_UNAVAILABLE when the log cannot be read; `out_where`
 * then holds what to tell the client.
 */
enum sp_err sp_page_make(const struct sp_page_reader *reader, const struct sp_page_ask *ask,
                         struct sp_buf *out, enum sp_page_kind *out_kind,
                         struct sp_where *out_where, struct sp_page_wait *out_wait)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3, 4, 5, 6);

#endif
