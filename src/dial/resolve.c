#include "dial/resolve.h"

#include <netdb.h>
#include <nss.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/text.h"

/* A port as text: five digits and a NUL. */
#define PORT_TEXT_BYTES 6

enum sp_err sp_resolve_prepare(void)
{
    /* Other services (mdns, resolve, a directory) are shared objects that a confined process could not load. */
    if (__nss_configure_lookup("hosts", "files dns") != 0) {
        return SP_ERR_SYSTEM;
    }
    if (setenv("RES_OPTIONS", "timeout:2 attempts:2", 1) != 0 || res_init() != 0) {
        return SP_ERR_SYSTEM;
    }
    return SP_OK;
}

static void unix_address(const char *path, struct sp_address *out)
{
    struct sockaddr_un *address = (struct sockaddr_un *)&out->bytes;
    address->sun_family = AF_UNIX;
    size_t len = 0;
    while (path[len] != '\0') { /* the list of targets bounds the length */
        address->sun_path[len] = path[len];
        len++;
    }
    address->sun_path[len] = '\0';
    out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
}

static void keep_addresses(const struct addrinfo *list, struct sp_addresses *out)
{
    out->count = 0;
    for (const struct addrinfo *at = list; at != NULL && out->count < SP_RESOLVE_ADDRESSES_MAX;
         at = at->ai_next) {
        if (at->ai_addrlen > sizeof(out->items[0].bytes)) {
            continue;
        }
        struct sp_address *address = &out->items[out->count++];
        const uint8_t *from = (const uint8_t *)at->ai_addr;
        uint8_t *to = (uint8_t *)&address->bytes;
        for (size_t i = 0; i < at->ai_addrlen; i++) {
            to[i] = from[i];
        }
        address->len = at->ai_addrlen;
    }
}

static int ask(const struct sp_dial_target *target, struct sp_addresses *out)
{
    char port[PORT_TEXT_BYTES];
    (void)snprintf(port, sizeof(port), "%u", (unsigned)target->port);
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int failed = getaddrinfo(target->host, port, &hints, &list);
    if (failed == 0) {
        keep_addresses(list, out);
        freeaddrinfo(list);
    }
    return failed;
}

static void ask_anew(const struct sp_dial_target *target, struct sp_resolved *memory,
                     uint64_t now_ms, struct sp_where *where)
{
    struct sp_addresses fresh = {.count = 0};
    int failed = ask(target, &fresh);
    if (failed == 0 && fresh.count > 0) {
        memory->good = fresh;
        memory->last = SP_OK;
        memory->ask_again_ms = now_ms + SP_RESOLVE_GOOD_MS;
        return;
    }
    memory->last = SP_ERR_POOL_UNAVAILABLE;
    memory->ask_again_ms = now_ms + SP_RESOLVE_BAD_MS;
    sp_where_set(where, 0, 0, "cannot resolve %s: %s", target->host,
                 failed != 0 ? gai_strerror(failed) : "no address");
}

enum sp_err sp_resolve(const struct sp_dial_target *target, struct sp_resolved *memory,
                       uint64_t now_ms, struct sp_addresses *out, struct sp_where *out_where)
{
    if (target->port == 0) {
        *out = (struct sp_addresses){.count = 1};
        unix_address(target->host, &out->items[0]);
        return SP_OK;
    }
    sp_where_set(out_where, 0, 0, "cannot resolve %s", target->host);
    if (now_ms >= memory->ask_again_ms) {
        ask_anew(target, memory, now_ms, out_where);
    }
    if (memory->good.count == 0) {
        return SP_ERR_POOL_UNAVAILABLE;
    }
    *out = memory->good;
    return SP_OK;
}
