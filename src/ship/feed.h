/*
 * feed - what is shipped to one collector, message by message: entries in their order, and each checkpoint behind the
 * entries that it covers.
 *
 * Runs in: ship.   Input: hostile (the log's files).   Allocates: what archive.h does, and the message at hand.
 * Pure: it reads the log by its disk and has no descriptor, no clock and no queue of its own. Entries that cannot be
 * shipped are a gap: it stands in the stream where they would have stood, and is told once to whoever asks.
 */
#ifndef SP_SHIP_FEED_H
#define SP_SHIP_FEED_H

#include "audit/archive.h"
#include "ship/syslog.h"

#define SP_FEED_MESSAGE_MAX ((size_t)256 * 1024)

struct sp_feed_how {
    const struct sp_disk *disk; /* borrowed */
    enum sp_framing framing;
    bool is_ocsf;
    uint64_t
        behind_max; /* entries that may wait before the oldest are passed over; 0: any number */
    struct sp_slice host;    /* of the messages; borrowed */
    struct sp_slice version; /* of the product; borrowed */
};

/* Entries that are not shipped: `count` of them from `first` on; 0: there is none. */
struct sp_feed_gap {
    uint64_t first;
    uint64_t count;
    const char *reason; /* a fixed text */
};

struct sp_feed {
    struct sp_feed_how how;
    struct sp_archive *archive; /* NULL until there is a log that can be read */
    uint64_t next;              /* the entry that is shipped next */
    uint64_t checkpoint;        /* the size that the latest checkpoint in the stream covers */
    uint64_t
        skipped_to; /* entries before it were passed over already, so that a repetition tells no gap anew */
    struct sp_feed_gap gap;    /* stands in the stream before the next entry */
    struct sp_feed_gap untold; /* not told to the log yet */
    struct sp_buf json;
};

void sp_feed_init(struct sp_feed *feed, const struct sp_feed_how *how, uint64_t next)
    SP_NONNULL(1, 2);
void sp_feed_done(struct sp_feed *feed) SP_NONNULL(1);

/* Looks how far the log has come. */
enum sp_err sp_feed_look(struct sp_feed *feed) SP_MUST_CHECK SP_NONNULL(1);

/* Appends the next message, made at `wall_us`; SP_ERR_NOT_FOUND when all is shipped. */
enum sp_err sp_feed_put(struct sp_feed *feed, uint64_t wall_us, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* Whether there is nothing to ship. */
bool sp_feed_is_at_end(const struct sp_feed *feed) SP_NONNULL(1);

/* Goes back to an entry: it and what is behind it are shipped again. */
void sp_feed_rewind(struct sp_feed *feed, uint64_t next) SP_NONNULL(1);

/* The entry before `next` cannot be shipped, for a reason of the collector's. */
void sp_feed_refused(struct sp_feed *feed, const char *reason) SP_NONNULL(1, 2);

/* The gap that nobody was told of yet; false when there is none. It is told once. */
bool sp_feed_take_gap(struct sp_feed *feed, struct sp_feed_gap *out) SP_NONNULL(1, 2);

#endif
