/*
 * sockets - listening sockets, opened by the supervisor and kept across restarts of whoever accepts on them.
 *
 * Runs in: supervisor.   Input: trusted configuration.   Allocates: never.
 */
#ifndef SP_OS_SOCKETS_H
#define SP_OS_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define SP_ADDRESS_TEXT_MAX ((size_t)64)

/* Where a service listens: a numeric address, nothing to resolve. */
struct sp_socket_where {
    char text[SP_ADDRESS_TEXT_MAX]; /* "127.0.0.1:8080" or "[::1]:8080", as given */
    bool is_ipv6;
    bool is_loopback;
    uint8_t address[16];
    uint16_t port;
};

/* SP_ERR_INVALID for anything but ADDR:PORT with a numeric address ("localhost" is 127.0.0.1). */
enum sp_err sp_socket_address(struct sp_slice text, struct sp_socket_where *out)
    SP_MUST_CHECK SP_NONNULL(2);

/* SP_ERR_BUSY when the port is taken. `*out_port` is the real one when 0 was asked for. */
enum sp_err sp_socket_listen(const struct sp_socket_where *where, int *out_fd, uint16_t *out_port)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* A listening unix socket `name` in the directory `dir`, in place of an old one; only `uid` may connect. */
enum sp_err sp_socket_listen_unix_at(int dir, const char *name, uint32_t uid, int *out_fd)
    SP_MUST_CHECK SP_NONNULL(2, 4);

#endif
