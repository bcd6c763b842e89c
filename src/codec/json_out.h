/*
 * json_out - writes compact JSON into a buffer, strings escaped as RFC 8785 does.
 *
 * Runs in: every process.   Input: ours, and strings of anyone.   Allocates: through its buffer.
 * The first failure sticks: write what belongs together, then ask sp_json_out_end once. Commas are put by the writer;
 * the order of members is the caller's (canonical output needs them sorted by the caller).
 */
#ifndef SP_CODEC_JSON_OUT_H
#define SP_CODEC_JSON_OUT_H

#include "base/buf.h"

struct sp_json_out {
    struct sp_buf *out;
    enum sp_err err;
    unsigned depth;  /* containers that are open */
    bool has_before; /* a comma is due before the next key or element */
    bool has_key;    /* a key waits for its value */
};

void sp_json_out_init(struct sp_json_out *w, struct sp_buf *out) SP_NONNULL(1, 2);

void sp_json_out_object(struct sp_json_out *w) SP_NONNULL(1);
void sp_json_out_object_end(struct sp_json_out *w) SP_NONNULL(1);
void sp_json_out_array(struct sp_json_out *w) SP_NONNULL(1);
void sp_json_out_array_end(struct sp_json_out *w) SP_NONNULL(1);

void sp_json_out_key(struct sp_json_out *w, const char *key) SP_NONNULL(1, 2);
void sp_json_out_key_slice(struct sp_json_out *w, struct sp_slice key) SP_NONNULL(1);

/* A string that is not UTF-8 fails with SP_ERR_UTF8. */
void sp_json_out_string(struct sp_json_out *w, struct sp_slice value) SP_NONNULL(1);
void sp_json_out_text(struct sp_json_out *w, const char *value) SP_NONNULL(1, 2);

/* For bytes of unknown origin: what is not UTF-8 becomes U+FFFD, so this cannot fail for its content. */
void sp_json_out_string_lossy(struct sp_json_out *w, struct sp_slice value) SP_NONNULL(1);

void sp_json_out_u64(struct sp_json_out *w, uint64_t value) SP_NONNULL(1);
void sp_json_out_i64(struct sp_json_out *w, int64_t value) SP_NONNULL(1);
void sp_json_out_bool(struct sp_json_out *w, bool value) SP_NONNULL(1);
void sp_json_out_null(struct sp_json_out *w) SP_NONNULL(1);

/* Text that is already one JSON value; it is not looked at. */
void sp_json_out_raw(struct sp_json_out *w, struct sp_slice json) SP_NONNULL(1);

/* Key and value in one line. */
void sp_json_out_member_string(struct sp_json_out *w, const char *key, struct sp_slice value)
    SP_NONNULL(1, 2);
void sp_json_out_member_text(struct sp_json_out *w, const char *key, const char *value)
    SP_NONNULL(1, 2, 3);
void sp_json_out_member_u64(struct sp_json_out *w, const char *key, uint64_t value)
    SP_NONNULL(1, 2);
void sp_json_out_member_i64(struct sp_json_out *w, const char *key, int64_t value) SP_NONNULL(1, 2);
void sp_json_out_member_bool(struct sp_json_out *w, const char *key, bool value) SP_NONNULL(1, 2);
void sp_json_out_member_null(struct sp_json_out *w, const char *key) SP_NONNULL(1, 2);
void sp_json_out_member_raw(struct sp_json_out *w, const char *key, struct sp_slice json)
    SP_NONNULL(1, 2);

/* The first failure; SP_ERR_INVALID when a container is still open or a key has no value. */
enum sp_err sp_json_out_end(const struct sp_json_out *w) SP_MUST_CHECK SP_NONNULL(1);

/* One string with its quotes, appended to a buffer; nothing is appended on failure. */
enum sp_err sp_json_out_put_string(struct sp_buf *out, struct sp_slice value)
    SP_MUST_CHECK SP_NONNULL(1);

#endif
