/*
 * tidy - removes partial tiles and bundles whose full one is there: nobody needs them any more.
 *
 * Runs in: supervisor, since audit itself may remove nothing.   Input: names of files only.   Allocates: never.
 * Only files of exactly these names are touched, each beneath the log's directory, and only beside their full one.
 */
#ifndef SP_AUDIT_TIDY_H
#define SP_AUDIT_TIDY_H

#include "audit/tile.h"

/* How far each level has been tidied: all before that number. */
struct sp_tidy {
    uint64_t entries;
    uint64_t levels[SP_TILE_LEVELS];
};

/* Looks at up to `most` tiles of every level; true when there may be more to do at once. */
bool sp_tidy_some(int log_dir, struct sp_tidy *tidy, unsigned most) SP_NONNULL(2);

#endif
