/*
 * plain - requests to one pool in plain HTTP/1.1, over descriptors that are connected already.
 *
 * Runs in: relay.   Input: hostile (the pool's bytes).   Allocates: a connection with its head, answers up to their bound.
 * What http.h is for pools behind TLS, at a third of its price: one send and one receive a request. A body of which a
 * byte may have left is never sent again; answers are read by the strict parser of codec/http1.h.
 */
#ifndef SP_RELAY_PLAIN_H
#define SP_RELAY_PLAIN_H

#include "relay/http.h"

struct sp_plain;

/* The configuration is copied, its host borrowed for the call; `connect_ms` and `ca_pem` do not matter here. */
enum sp_err sp_plain_new(struct sp_loop *loop, const struct sp_http_config *config,
                         const struct sp_http_ops *ops, struct sp_plain **out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3, 4);
void sp_plain_free(struct sp_plain *plain);

/* From the next request on, the bearer that goes with each; an empty one sends none. Copied. */
enum sp_err sp_plain_set_bearer(struct sp_plain *plain, struct sp_slice bearer)
    SP_MUST_CHECK SP_NONNULL(1);

/* See sp_http_start. The end may come from within. */
enum sp_err sp_plain_start(struct sp_plain *plain, size_t slot,
                           const struct sp_http_request *request) SP_MUST_CHECK SP_NONNULL(1, 3);

/* Connections that carry nothing now and may be used again; those that are too old are closed by the way. */
size_t sp_plain_idle(struct sp_plain *plain) SP_NONNULL(1);

#endif
