/*
 * server - the pool's descriptors: the listening socket, its connections, the template's wire and the sessions' wires.
 *
 * Runs in: pool.   Input: hostile (sessions), and what relay sends.   Allocates: for each connection and session.
 */
#ifndef SP_POOL_SERVER_H
#define SP_POOL_SERVER_H

#include "pool/pool.h"
#include "wire/loop.h"

struct sp_pool_server;

/* `take_listener` is a listening stream socket. */
enum sp_err sp_pool_server_new(struct sp_loop *loop, const struct sp_pool_config *config,
                               int take_listener, uint64_t seed, struct sp_pool_server **out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 5);
void sp_pool_server_free(struct sp_pool_server *server);

/* The wire to a new template, in place of one that is gone. Sessions of the old one end with it. */
enum sp_err sp_pool_server_template(struct sp_pool_server *server, int take_wire)
    SP_MUST_CHECK SP_NONNULL(1);

#endif
