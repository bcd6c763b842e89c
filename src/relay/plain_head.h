/*
 * plain_head - the head of a request in plain HTTP/1.1.
 *
 * Runs in: relay.   Input: what relay built.   Allocates: through the caller's buffer.
 */
#ifndef SP_RELAY_PLAIN_HEAD_H
#define SP_RELAY_PLAIN_HEAD_H

#include "base/buf.h"
#include "relay/http.h"

/* Of all three parts of a body. */
size_t sp_plain_body_bytes(const struct sp_http_request *request) SP_NONNULL(1);

/* Clears `out` and puts the head; `fields` are those that every request has, each with its line end. */
enum sp_err sp_plain_put_head(struct sp_slice fields, const struct sp_http_request *request,
                              struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2, 3);

#endif
