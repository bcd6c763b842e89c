/*
 * place - how far a collector has been served, in a file of 21 bytes.
 *
 * Runs in: ship.   Input: a file of our own, which may be damaged.   Allocates: never.
 * It is overwritten in place by one write and never synced: what a crash loses of it is shipped again.
 */
#ifndef SP_SHIP_PLACE_H
#define SP_SHIP_PLACE_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define SP_PLACE_NAME_BYTES 32U

/* The name of a collector's file: "to-" and the first 16 digits of the digest of what it is called. */
enum sp_err sp_place_name(struct sp_slice to, char out[SP_PLACE_NAME_BYTES])
    SP_MUST_CHECK SP_NONNULL(2);

/* The entry that is shipped next; SP_ERR_NOT_FOUND for an empty file, SP_ERR_CORRUPT for one that holds no number. */
enum sp_err sp_place_read(int fd, uint64_t *out) SP_MUST_CHECK SP_NONNULL(2);
enum sp_err sp_place_write(int fd, uint64_t next) SP_MUST_CHECK;

#endif
