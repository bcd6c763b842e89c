/*
 * url - request targets, queries and percent-encoding (RFC 3986), and the few URLs of the configuration.
 *
 * Runs in: admit, inspect, front, pool, commands.   Input: hostile.   Allocates: through the caller's buffer.
 * Decoding is strict: a bad escape or an encoded NUL is refused, never passed through.
 */
#ifndef SP_CODEC_URL_H
#define SP_CODEC_URL_H

#include "base/buf.h"

/*
 * Splits a target in origin form at its first `?`; SP_ERR_INVALID unless it starts with `/` and holds only bytes that
 * may stand in a target (visible ASCII, no `#`; reserved characters are tolerated raw).
 */
enum sp_err sp_url_split(struct sp_slice target, struct sp_slice *out_path,
                         struct sp_slice *out_query) SP_MUST_CHECK SP_NONNULL(2, 3);

/* Walks over `name=value` pairs of a raw query; empty pairs are passed over. False at the end. */
struct sp_url_query {
    struct sp_slice rest;
};
void sp_url_query_init(struct sp_url_query *q, struct sp_slice query) SP_NONNULL(1);
bool sp_url_query_next(struct sp_url_query *q, struct sp_slice *out_name,
                       struct sp_slice *out_value) SP_NONNULL(1, 2, 3);

/* Appends the decoded bytes. SP_ERR_INVALID for a bad escape, SP_ERR_NUL for %00; nothing is appended on failure. */
enum sp_plus { SP_PLUS_IS_PLUS, SP_PLUS_IS_SPACE };
enum sp_err sp_url_decode(struct sp_slice text, enum sp_plus plus, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(3);

/* Appends `text` with everything escaped but the unreserved characters of RFC 3986. */
enum sp_err sp_url_encode(struct sp_slice text, struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2);

/* The parts of an absolute http or https URL; slices of the text. An IPv6 host is without its brackets. */
struct sp_url {
    struct sp_slice scheme;
    struct sp_slice host;
    uint16_t port; /* the given one, or that of the scheme */
    bool is_https;
    struct sp_slice path;  /* with its first `/`, or empty */
    struct sp_slice query; /* without `?`; has_query tells an empty one from none */
    bool has_query;
};

/* SP_ERR_INVALID also for user information and fragments. */
enum sp_err sp_url_parse(struct sp_slice text, struct sp_url *out) SP_MUST_CHECK SP_NONNULL(2);

/* Whether a host is this machine: localhost, 127.0.0.0/8 or ::1. */
bool sp_url_host_is_loopback(struct sp_slice host);

/* Whether a host is an address of 169.254.0.0/16, where clouds have their metadata services. */
bool sp_url_host_is_link_local(struct sp_slice host);

#endif
