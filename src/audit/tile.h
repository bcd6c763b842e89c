/*
 * tile - where tiles and entry bundles stand (C2SP tlog-tiles), and how a bundle is read.
 *
 * Runs in: audit, commands.   Input: bundles of anybody.   Allocates: never.
 */
#ifndef SP_AUDIT_TILE_H
#define SP_AUDIT_TILE_H

#include "base/err.h"
#include "base/slice.h"

#define SP_TILE_WIDTH      256U
#define SP_TILE_LEVELS     8U /* 2^64 entries */
#define SP_TILE_PATH_BYTES ((size_t)64)
#define SP_TILE_ENTRIES    64U /* stands for a level: that of entry bundles */
#define SP_CHECKPOINT_PATH "checkpoint"

/* A file of the log: tile or bundle number `number` of a level; width 256 is a full one, less a partial one. */
struct sp_tile {
    unsigned level;
    uint64_t number;
    unsigned width;
};

/* "tile/0/x001/234.p/17" and back; reading fails with SP_ERR_INVALID for any other text. */
void sp_tile_path(struct sp_tile tile, char out[SP_TILE_PATH_BYTES]) SP_NONNULL(2);
enum sp_err sp_tile_from_path(struct sp_slice path, struct sp_tile *out)
    SP_MUST_CHECK SP_NONNULL(2);

/* How many whole tiles a level has in a tree of this size, and how wide the partial one behind them is (0: none). */
uint64_t sp_tile_full(unsigned level, uint64_t size);
unsigned sp_tile_partial(unsigned level, uint64_t size);

/* Takes the next entry of a bundle off its front: SP_ERR_SHORT when it is cut, SP_ERR_NOT_FOUND when none is left. */
enum sp_err sp_bundle_next(struct sp_slice *bundle, struct sp_slice *out_entry)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
