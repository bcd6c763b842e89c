/*
 * plain_head - the head of a request in plain HTTP/1.1.
 *
 * Runs in: relay.   Input: what relay built.   Allocates: through the caller's buffer.
 */
#ifndef SP_RELAY_PLAIN_HEAD_H
#define SP_RELAY_PLAIN_HEAD_H

#include "base/buf.h"
#include "codec/http1.h"
#include "relay/http.h"

/* Of all three parts of a body. */
size_t sp_plain_body_bytes(const struct sp_http_request *request) SP_NONNULL(1);

/* Clears `out` and puts the head; `fields` are those that every request has, each with its line end. */
enum sp_err sp_plain_put_head(struct sp_slice fields, const struct sp_http_request *request,
                              struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(2, 3);

/* Appends the line of the host. */
enum sp_err sp_plain_put_host(const struct sp_http_config *config, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Of an answer's head: when to try again, 0 when it does not say; whether what follows are events. */
uint32_t sp_plain_retry_after(const struct sp_http1 *parser) SP_NONNULL(1);
bool sp_plain_is_events(const struct sp_http1 *parser) SP_NONNULL(1);

#endif
