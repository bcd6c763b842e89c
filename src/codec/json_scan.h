/*
 * json_scan - the strict look at JSON text before a tree is made of it.
 *
 * Runs in: every process (for json.c only).   Input: hostile.   Allocates: keys of open objects, texts of numbers.
 * What passes here is one RFC 8259 value that any two readers understand alike.
 */
#ifndef SP_CODEC_JSON_SCAN_H
#define SP_CODEC_JSON_SCAN_H

#include "codec/json.h"

/* Stands for an allowed NUL in `rewritten`: a byte that valid UTF-8 never holds. */
#define SP_JSON_NUL_MARK 0xFFU

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
    struct sp_buf decoded;   /* names that were written with escapes */
    struct sp_buf numbers;   /* each number's text and a NUL, in the order of the document */
    struct sp_buf rewritten; /* the text with every `\u0000` as SP_JSON_NUL_MARK, when has_nul */
    size_t copied;           /* how much of the text `rewritten` covers */
    bool has_nul;
};

void sp_json_scan_init(struct sp_json_scan *s, struct sp_slice in, const struct sp_json_limits *limits) SP_NONNULL(1, 3);
void sp_json_scan_done(struct sp_json_scan *s) SP_NONNULL(1);

/* Scans everything. On failure `at` is the place of the mistake and `reason` says what it is. */
enum sp_err sp_json_scan_run(struct sp_json_scan *s) SP_MUST_CHECK SP_NONNULL(1);

/* Scans the string that begins at `at` (json_string.c). `out_raw` is what stands between the quotes. */
enum sp_err sp_json_scan_string(struct sp_json_scan *s, bool is_key, struct sp_slice *out_raw, bool *out_has_escape)
    SP_MUST_CHECK SP_NONNULL(1, 3, 4);

/* Decodes the inside of a string that was scanned; appends to `out`. */
enum sp_err sp_json_string_decode(struct sp_slice raw, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2);

/* Remembers why, and hands the error back. */
enum sp_err sp_json_scan_fail(struct sp_json_scan *s, enum sp_err err, const char *reason) SP_NONNULL(1, 3);

#endif
