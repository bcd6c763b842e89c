/*
 * address - how many connections each client address holds: IPv4 by the address, IPv6 by its /64.
 *
 * Runs in: door.   Input: addresses of strangers.   Allocates: once, for as many addresses as there are connections.
 */
#ifndef SP_DOOR_ADDRESS_H
#define SP_DOOR_ADDRESS_H

#include <sys/socket.h>

#include "base/err.h"
#include "base/slice.h"

#define SP_ADDRESS_TEXT_BYTES ((size_t)64)

/* What is counted as one client. */
struct sp_address {
    uint64_t prefix; /* the IPv4 address, or the upper half of the IPv6 one */
    bool is_v6;
};

/* An IPv4 address inside IPv6 counts as IPv4. Other families are one client together. */
struct sp_address sp_address_of(const struct sockaddr_storage *from) SP_NONNULL(1);

/* The address for people and for the log ("192.0.2.1", "2001:db8::1", "unknown"), NUL-terminated, and its port. */
void sp_address_text(const struct sockaddr_storage *from, char out[SP_ADDRESS_TEXT_BYTES],
                     uint16_t *out_port) SP_NONNULL(1, 2, 3);

struct sp_address_table;

/* Room for so many addresses, all at once: who floods from more is turned away, and takes no memory. */
enum sp_err sp_address_table_new(size_t addresses_max, struct sp_address_table **out)
    SP_MUST_CHECK SP_NONNULL(2);

/* Counts one more; SP_ERR_BUSY when the address has `most` already, SP_ERR_FULL when the table is. */
enum sp_err sp_address_enter(struct sp_address_table *table, struct sp_address who, unsigned most)
    SP_MUST_CHECK SP_NONNULL(1);
void sp_address_leave(struct sp_address_table *table, struct sp_address who) SP_NONNULL(1);
unsigned sp_address_count(const struct sp_address_table *table, struct sp_address who)
    SP_NONNULL(1);

void sp_address_table_free(struct sp_address_table *table);

#endif
