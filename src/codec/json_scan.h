/*
 * json_scan - the strict look at JSON text before a tree is made of it.
 *
 * Runs in: every process (for json.c only).   Input: hostile.   Allocates: in proportion to the text.
 * What passes here is one RFC 8259 value that any two readers understand alike. String values are decoded on the way
 * and left out of the skeleton from which the tree is made, so that the tree's maker never sees them.
 */
#ifndef SP_CODEC_JSON_SCAN_H
#define SP_CODEC_JSON_SCAN_H

#include "codec/json.h"

struct sp_json_key {
    struct sp_slice name; /* decoded */
    size_t at;            /* of its opening quote */
};

struct sp_json_frame {
    bool is_object;
    size_t keys_at; /* the first key of this object in `keys` */
};

struct sp_json_scan {
    struct sp_slice in;
    size_t at;
    const struct sp_json_limits *limits;
    const char *reason; /* of a failure, a fixed text */
    unsigned depth;
    struct sp_json_frame frames[SP_JSON_DEPTH_MAX];
    struct sp_json_key *keys; /* of all open objects */
    size_t key_count;
    size_t key_room;
    struct sp_buf
        bytes; /* decoded strings and texts of numbers; reserved whole, so that it never moves */
    struct sp_slice
        *values; /* into `bytes`: each string and number, in the order of the document */
    size_t value_count;
    size_t value_room;
    struct sp_buf skeleton; /* the text with every string value empty, when there is one */
    size_t copied;          /* how much of the text the skeleton covers */
};

void sp_json_scan_init(struct sp_json_scan *s, struct sp_slice in,
                       const struct sp_json_limits *limits) SP_NONNULL(1, 3);
void sp_json_scan_done(struct sp_json_scan *s) SP_NONNULL(1);

/* What the tree is to be made of. */
struct sp_slice sp_json_scan_skeleton(const struct sp_json_scan *s) SP_NONNULL(1);

/* Scans everything. On failure `at` is the place of the mistake and `reason` says what it is. */
enum sp_err sp_json_scan_run(struct sp_json_scan *s) SP_MUST_CHECK SP_NONNULL(1);

/* Scans the string that begins at `at` and decodes it into `bytes` (json_string.c). */
enum sp_err sp_json_scan_string(struct sp_json_scan *s, bool is_key, struct sp_slice *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* Remembers why, and hands the error back. */
enum sp_err sp_json_scan_fail(struct sp_json_scan *s, enum sp_err err, const char *reason)
    SP_NONNULL(1, 3);

#endif
