/*
 * sink - where a file that is downloaded goes: into a memfd, sealed when it is whole.
 *
 * Runs in: relay.   Input: hostile.   Allocates: the memfd, at most its bound.
 */
#ifndef SP_RELAY_SINK_H
#define SP_RELAY_SINK_H

#include "relay/http.h"

#define SP_SINK_TEXT_MAX ((size_t)128)

/* Zeroed is none. */
struct sp_sink {
    int fd; /* 0: there is none; the answer is no file, and stays in memory */
    uint64_t len;
    uint64_t max;
    char content_type[SP_SINK_TEXT_MAX]; /* of the file, "" when the pool does not say */
    char last_modified[SP_SINK_TEXT_MAX];
};

/* Begins a file of at most `max` bytes. */
enum sp_err sp_sink_begin(struct sp_sink *sink, uint64_t max) SP_MUST_CHECK SP_NONNULL(1);

/* Takes notice of one field line of the answer's head. */
void sp_sink_note(struct sp_sink *sink, struct sp_slice line) SP_NONNULL(1);

/* SP_ERR_TOO_BIG past the bound. */
enum sp_err sp_sink_put(struct sp_sink *sink, struct sp_slice bytes) SP_MUST_CHECK SP_NONNULL(1);

/* Seals the file and moves it out; an empty payload when there is none. */
enum sp_err sp_sink_take(struct sp_sink *sink, struct sp_payload *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* The same at the end of a request: `end` lends file and texts. One that cannot be sealed is one that never came. */
void sp_sink_end(struct sp_sink *sink, struct sp_payload *content, struct sp_http_end *end)
    SP_NONNULL(1, 2, 3);
void sp_sink_done(struct sp_sink *sink) SP_NONNULL(1);

#endif
