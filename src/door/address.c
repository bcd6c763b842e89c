#include "door/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/num.h"

#define NONE SIZE_MAX

struct row {
    struct sp_address who;
    unsigned count;
    size_t next;
};

/* Rows in chains by hash. Chosen addresses can make one chain long, but never longer than the connections are many. */
struct sp_address_table {
    size_t row_count;
    size_t free_first;
    struct row *rows;
    size_t *chains;
};

static uint64_t read_be(const uint8_t *bytes, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

struct sp_address sp_address_of(const struct sockaddr_storage *from)
{
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)from;
        return (struct sp_address){.prefix = ntohl(v4->sin_addr.s_addr), .is_v6 = false};
    }
    if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)from;
        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
            return (struct sp_address){.prefix = read_be(v6->sin6_addr.s6_addr + 12, 4),
                                       .is_v6 = false};
        }
        return (struct sp_address){.prefix = read_be(v6->sin6_addr.s6_addr, 8), .is_v6 = true};
    }
    return (struct sp_address){.prefix = 0, .is_v6 = true};
}

void sp_address_text(const struct sockaddr_storage *from, char out[SP_ADDRESS_TEXT_BYTES],
                     uint16_t *out_port)
{
    static const char unknown[] = "unknown";
    const char *text = NULL;
    uint16_t port = 0;
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)from;
        port = ntohs(v4->sin_port);
        text = inet_ntop(AF_INET, &v4->sin_addr, out, (socklen_t)SP_ADDRESS_TEXT_BYTES);
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)from;
        bool is_v4 = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
        const void *at =
            is_v4 ? (const void *)(v6->sin6_addr.s6_addr + 12) : (const void *)&v6->sin6_addr;
        port = ntohs(v6->sin6_port);
        text = inet_ntop(is_v4 ? AF_INET : AF_INET6, at, out, (socklen_t)SP_ADDRESS_TEXT_BYTES);
    }
    for (size_t i = 0; text == NULL && i < sizeof(unknown); i++) {
        out[i] = unknown[i];
    }
    *out_port = port;
}

enum sp_err sp_address_table_new(size_t addresses_max, struct sp_address_table **out)
{
    struct sp_address_table *table = calloc(1, sizeof(*table));
    if (table == NULL) {
        return SP_ERR_NOMEM;
    }
    table->row_count = sp_size_max(addresses_max, 1);
    table->rows = calloc(table->row_count, sizeof(*table->rows));
    table->chains = calloc(table->row_count, sizeof(*table->chains));
    if (table->rows == NULL || table->chains == NULL) {
        sp_address_table_free(table);
        return SP_ERR_NOMEM;
    }
    for (size_t i = 0; i < table->row_count; i++) {
        table->chains[i] = NONE;
        table->rows[i].next = i + 1 < table->row_count ? i + 1 : NONE;
    }
    *out = table;
    return SP_OK;
}

void sp_address_table_free(struct sp_address_table *table)
{
    if (table != NULL) {
        free(table->rows);
        free(table->chains);
        free(table);
    }
}

/* The finalizer of splitmix64: every bit of the address moves every bit of the chain. */
static size_t chain_of(const struct sp_address_table *table, struct sp_address who)
{
    uint64_t x = who.prefix + (who.is_v6 ? 0x9E3779B97F4A7C15U : 0U);
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9U;
    x = (x ^ x >> 27) * 0x94D049BB133111EBU;
    return (size_t)((x ^ x >> 31) % table->row_count);
}

/* The link that leads to the address's row, or the one that ends its chain. */
static size_t *find_link(const struct sp_address_table *table, struct sp_address who)
{
    size_t *link = &table->chains[chain_of(table, who)];
    while (*link != NONE) {
        struct row *row = &table->rows[*link];
        if (row->who.prefix == who.prefix && row->who.is_v6 == who.is_v6) {
            break;
        }
        link = &row->next;
    }
    return link;
}

enum sp_err sp_address_enter(struct sp_address_table *table, struct sp_address who, unsigned most)
{
    size_t *link = find_link(table, who);
    if (*link != NONE) {
        struct row *row = &table->rows[*link];
        if (row->count >= most) {
            return SP_ERR_BUSY;
        }
        row->count++;
        return SP_OK;
    }
    if (most == 0) {
        return SP_ERR_BUSY;
    }
    if (table->free_first == NONE) {
        return SP_ERR_FULL;
    }
    size_t at = table->free_first;
    table->free_first = table->rows[at].next;
    table->rows[at] = (struct row){.who = who, .count = 1, .next = NONE};
    *link = at;
    return SP_OK;
}

void sp_address_leave(struct sp_address_table *table, struct sp_address who)
{
    size_t *link = find_link(table, who);
    SP_ASSERT(*link != NONE);
    size_t at = *link;
    struct row *row = &table->rows[at];
    row->count--;
    if (row->count == 0) {
        *link = row->next;
        row->next = table->free_first;
        table->free_first = at;
    }
}

unsigned sp_address_count(const struct sp_address_table *table, struct sp_address who)
{
    const size_t *link = find_link(table, who);
    return *link == NONE ? 0 : table->rows[*link].count;
}
