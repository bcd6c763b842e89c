#include "ship/feed.h"

#include "audit/entry.h"
#include "audit/ocsf.h"
#include "audit/tile.h"
#include "base/clock.h"
#include "base/num.h"
#include "codec/json_out.h"

#define REASON_GONE   "they are not in the log any more"
#define REASON_BAD    "they cannot be read"
#define REASON_BEHIND "the collector is too far behind"

void sp_feed_init(struct sp_feed *feed, const struct sp_feed_how *how, uint64_t next)
{
    *feed = (struct sp_feed){.how = *how, .next = next, .skipped_to = next};
    sp_buf_init(&feed->json, SP_FEED_MESSAGE_MAX);
}

void sp_feed_done(struct sp_feed *feed)
{
    sp_archive_free(feed->archive);
    feed->archive = NULL;
    sp_buf_done(&feed->json);
}

static uint64_t size_of(const struct sp_feed *feed)
{
    return feed->archive == NULL ? 0 : sp_archive_size(feed->archive);
}

/* --- gaps --- */

static void add(struct sp_feed_gap *gap, uint64_t first, uint64_t count, const char *reason)
{
    if (gap->count == 0) {
        *gap = (struct sp_feed_gap){.first = first, .count = count, .reason = reason};
    } else {
        gap->count += count;
    }
}

/* Entries from `next` up to `to` are not shipped. */
static void skip(struct sp_feed *feed, uint64_t to, const char *reason)
{
    const uint64_t from = feed->next;
    const uint64_t fresh = from > feed->skipped_to ? from : feed->skipped_to;
    add(&feed->gap, from, to - from, reason);
    if (to > fresh) {
        add(&feed->untold, fresh, to - fresh, reason);
        feed->skipped_to = to;
    }
    feed->next = to;
}

void sp_feed_refused(struct sp_feed *feed, const char *reason)
{
    if (feed->next > 0) {
        feed->next--;
        skip(feed, feed->next + 1, reason);
    }
}

bool sp_feed_take_gap(struct sp_feed *feed, struct sp_feed_gap *out)
{
    *out = feed->untold;
    feed->untold.count = 0;
    return out->count > 0;
}

/* --- the log --- */

enum sp_err sp_feed_look(struct sp_feed *feed)
{
    SP_TRY(feed->archive == NULL ? sp_archive_open(feed->how.disk, &feed->archive)
                                 : sp_archive_refresh(feed->archive));
    const uint64_t size = size_of(feed);
    if (feed->how.behind_max > 0 && size > feed->next && size - feed->next > feed->how.behind_max) {
        skip(feed, size - feed->how.behind_max, REASON_BEHIND);
    }
    return SP_OK;
}

bool sp_feed_is_at_end(const struct sp_feed *feed)
{
    return feed->gap.count == 0 && feed->next >= size_of(feed) && feed->checkpoint >= size_of(feed);
}

void sp_feed_rewind(struct sp_feed *feed, uint64_t next)
{
    feed->next = next < feed->next ? next : feed->next;
    feed->checkpoint = feed->checkpoint > feed->next ? feed->next : feed->checkpoint;
}

/* --- messages --- */

static enum sp_err put_message(struct sp_feed *feed, struct sp_slice time, struct sp_slice kind,
                               struct sp_buf *out)
{
    static const char *const grave[] = {"recovery", "gap", "restart", "clock", "denial"};
    static const char *const notable[] = {"refusal", "strangers", "malformed", "start", "reload"};
    struct sp_syslog message = {.severity = SP_SYSLOG_INFO,
                                .time = time,
                                .host = feed->how.host,
                                .kind = kind,
                                .json = sp_buf_slice(&feed->json)};
    for (size_t i = 0; i < SP_COUNT(grave); i++) {
        message.severity = sp_slice_is(kind, grave[i]) ? SP_SYSLOG_WARNING : message.severity;
        message.severity = sp_slice_is(kind, notable[i]) ? SP_SYSLOG_NOTICE : message.severity;
    }
    return sp_syslog_put(&message, feed->how.framing, out);
}

static enum sp_err put_own(struct sp_feed *feed, uint64_t wall_us, const char *kind,
                           struct sp_buf *out)
{
    char time[SP_CLOCK_RFC3339_BYTES];
    sp_clock_rfc3339(wall_us, time);
    return put_message(feed, sp_slice_of(time), sp_slice_of(kind), out);
}

static enum sp_err put_gap(struct sp_feed *feed, uint64_t wall_us, struct sp_buf *out)
{
    struct sp_json_out w;
    sp_buf_clear(&feed->json);
    sp_json_out_init(&w, &feed->json);
    sp_json_out_object(&w);
    sp_json_out_member_u64(&w, "count", feed->gap.count);
    sp_json_out_member_u64(&w, "first", feed->gap.first);
    sp_json_out_member_text(&w, "kind", "gap");
    sp_json_out_member_text(&w, "reason", feed->gap.reason);
    sp_json_out_object_end(&w);
    SP_TRY(sp_json_out_end(&w));
    SP_TRY(put_own(feed, wall_us, "gap", out));
    feed->gap.count = 0;
    return SP_OK;
}

/* `audit verify --checkpoint` reads such a line. */
static enum sp_err put_checkpoint(struct sp_feed *feed, uint64_t wall_us, struct sp_buf *out)
{
    struct sp_json_out w;
    sp_buf_clear(&feed->json);
    sp_json_out_init(&w, &feed->json);
    sp_json_out_object(&w);
    sp_json_out_member_string(&w, "checkpoint", sp_archive_note(feed->archive));
    sp_json_out_member_text(&w, "kind", "checkpoint");
    sp_json_out_member_u64(&w, "size", size_of(feed));
    sp_json_out_object_end(&w);
    SP_TRY(sp_json_out_end(&w));
    SP_TRY(put_own(feed, wall_us, "checkpoint", out));
    feed->checkpoint = size_of(feed);
    return SP_OK;
}

static enum sp_err put_entry(struct sp_feed *feed, const struct sp_entry *entry,
                             struct sp_slice line, struct sp_buf *out)
{
    sp_buf_clear(&feed->json);
    SP_TRY(feed->how.is_ocsf ? sp_ocsf_put(entry, sp_archive_checkpoint(feed->archive).origin,
                                           feed->how.version, &feed->json)
                             : sp_buf_put(&feed->json, line));
    return put_message(feed, sp_entry_text(sp_entry_get(entry, "time")),
                       sp_entry_text(sp_entry_get(entry, "kind")), out);
}

/* A whole bundle that is not there was dropped; what is there and cannot be read is passed over one by one. */
static void pass_over(struct sp_feed *feed, enum sp_err err)
{
    const uint64_t bundle = (feed->next / SP_TILE_WIDTH + 1) * SP_TILE_WIDTH;
    const uint64_t size = size_of(feed);
    if (err == SP_ERR_NOT_FOUND) {
        skip(feed, bundle < size ? bundle : size, REASON_GONE);
    } else {
        skip(feed, feed->next + 1, REASON_BAD);
    }
}

/* SP_ERR_SHORT: it was passed over, and there may be another one. */
static enum sp_err put_next(struct sp_feed *feed, struct sp_buf *out)
{
    static struct sp_entry entry;
    struct sp_where where;
    struct sp_slice line = {NULL, 0};
    enum sp_err err = sp_archive_entry(feed->archive, feed->next, &line);
    if (err == SP_OK && sp_entry_read(line, &entry, &where) != SP_OK) {
        err = SP_ERR_CORRUPT;
    }
    if (err == SP_OK && feed->gap.count > 0) {
        return SP_ERR_FULL; /* the gap comes first */
    }
    if (err == SP_OK) {
        err = put_entry(feed, &entry, line, out);
    }
    if (err == SP_OK) {
        feed->next++;
    } else if (err != SP_ERR_NOMEM) {
        pass_over(feed, err);
        return SP_ERR_SHORT;
    }
    return err;
}

enum sp_err sp_feed_put(struct sp_feed *feed, uint64_t wall_us, struct sp_buf *out)
{
    enum sp_err err = SP_ERR_SHORT;
    while (err == SP_ERR_SHORT && feed->next < size_of(feed)) {
        err = put_next(feed, out);
    }
    if (err != SP_ERR_SHORT && err != SP_ERR_FULL) {
        return err;
    }
    if (feed->gap.count > 0) {
        return put_gap(feed, wall_us, out);
    }
    return feed->checkpoint < size_of(feed) ? put_checkpoint(feed, wall_us, out) : SP_ERR_NOT_FOUND;
}
