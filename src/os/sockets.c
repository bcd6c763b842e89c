#include "os/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/num.h"
#include "base/own.h"

#define BACKLOG 1024

/* The last colon: an IPv6 address stands in brackets. */
static enum sp_err split(struct sp_slice text, struct sp_slice *out_host, struct sp_slice *out_port)
{
    size_t colon = text.len;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == ':') {
            colon = i;
        }
    }
    if (colon == text.len) {
        return SP_ERR_INVALID;
    }
    *out_host = sp_slice_sub(text, 0, colon);
    *out_port = sp_slice_sub(text, colon + 1, text.len);
    return SP_OK;
}

static enum sp_err parse_host(struct sp_slice host, struct sp_socket_where *out)
{
    if (sp_slice_is(host, "localhost")) {
        host = SP_SLICE_LITERAL("127.0.0.1");
    }
    out->is_ipv6 = sp_slice_starts(host, "[") && sp_slice_ends(host, "]") && host.len > 2;
    SP_AUTO_FREE char *text =
        sp_slice_dup(out->is_ipv6 ? sp_slice_sub(host, 1, host.len - 2) : host);
    if (text == NULL) {
        return SP_ERR_INVALID;
    }
    if (inet_pton(out->is_ipv6 ? AF_INET6 : AF_INET, text, out->address) != 1) {
        return SP_ERR_INVALID;
    }
    if (!out->is_ipv6) {
        out->is_loopback = out->address[0] == 127;
        return SP_OK;
    }
    uint8_t any = 0;
    for (size_t i = 0; i < 15; i++) {
        any |= out->address[i];
    }
    out->is_loopback = any == 0 && out->address[15] == 1;
    return SP_OK;
}

enum sp_err sp_socket_address(struct sp_slice text, struct sp_socket_where *out)
{
    struct sp_socket_where where = {.port = 0};
    struct sp_slice host = {NULL, 0};
    struct sp_slice port = {NULL, 0};
    uint64_t number = 0;
    if (text.len >= sizeof(where.text)) {
        return SP_ERR_INVALID;
    }
    SP_TRY(split(text, &host, &port));
    SP_TRY(parse_host(host, &where));
    SP_TRY(sp_parse_u64(port, UINT16_MAX, &number));
    where.port = (uint16_t)number;
    sp_slice_to_text(text, where.text, sizeof(where.text));
    *out = where;
    return SP_OK;
}

/* The two families' addresses, so that no pointer to one is read as another. */
union any_address {
    struct sockaddr plain;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t fill(const struct sp_socket_where *where, union any_address *out)
{
    *out = (union any_address){.v6 = {.sin6_family = AF_INET6}};
    if (where->is_ipv6) {
        out->v6.sin6_port = htons(where->port);
        for (size_t i = 0; i < 16; i++) {
            out->v6.sin6_addr.s6_addr[i] = where->address[i];
        }
        return sizeof(out->v6);
    }
    uint32_t address = 0;
    for (size_t i = 0; i < 4; i++) {
        address = address << 8 | where->address[i];
    }
    *out = (union any_address){.v4 = {.sin_family = AF_INET,
                                      .sin_port = htons(where->port),
                                      .sin_addr = {.s_addr = htonl(address)}}};
    return sizeof(out->v4);
}

enum sp_err sp_socket_listen(const struct sp_socket_where *where, int *out_fd, uint16_t *out_port)
{
    union any_address address;
    const int yes = 1;
    socklen_t len = fill(where, &address);
    SP_AUTO_CLOSE int fd = socket(where->is_ipv6 ? AF_INET6 : AF_INET,
                                  SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0) {
        return SP_ERR_SYSTEM;
    }
    if (where->is_ipv6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)) != 0) {
        return SP_ERR_SYSTEM;
    }
    if (bind(fd, &address.plain, len) != 0) {
        return errno == EADDRINUSE ? SP_ERR_BUSY : SP_ERR_SYSTEM;
    }
    if (listen(fd, BACKLOG) != 0) {
        return errno == EADDRINUSE ? SP_ERR_BUSY : SP_ERR_SYSTEM;
    }
    len = sizeof(address);
    if (getsockname(fd, &address.plain, &len) != 0) {
        return SP_ERR_SYSTEM;
    }
    *out_port = ntohs(where->is_ipv6 ? address.v6.sin6_port : address.v4.sin_port);
    *out_fd = sp_take_fd(&fd);
    return SP_OK;
}

/* Bound by way of /proc, so that neither the length of the directory's path matters nor who could swap it. */
enum sp_err sp_socket_listen_unix_at(int dir, const char *name, uint32_t uid, int *out_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int len =
        snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir, name);
    if (len < 0 || (size_t)len >= sizeof(address.sun_path)) {
        return SP_ERR_INVALID;
    }
    SP_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return SP_ERR_SYSTEM;
    }
    if (unlinkat(dir, name, 0) != 0 && errno != ENOENT) {
        return SP_ERR_SYSTEM;
    }
    if (bind(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)) != 0 ||
        fchmodat(dir, name, 0600, 0) != 0) {
        return SP_ERR_SYSTEM;
    }
    if (uid != 0 && fchownat(dir, name, uid, uid, AT_SYMLINK_NOFOLLOW) != 0) {
        return SP_ERR_SYSTEM;
    }
    if (listen(fd, BACKLOG) != 0) {
        return SP_ERR_SYSTEM;
    }
    *out_fd = sp_take_fd(&fd);
    return SP_OK;
}
