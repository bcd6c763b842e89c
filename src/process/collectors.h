/*
 * collectors - what ship and dial are told of [[audit.ship]].
 *
 * Runs in: supervisor.   Input: the configuration.   Allocates: through the caller's writer.
 */
#ifndef SP_PROCESS_COLLECTORS_H
#define SP_PROCESS_COLLECTORS_H

#include "base/writer.h"
#include "config/ships.h"

/* Appends dial's targets of those that it connects, in the order of the configuration. */
enum sp_err sp_collectors_targets(const struct sp_config *config, struct sp_writer *list)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Appends ship's own; the first of dial's targets is number `first`. Reads the files of authorities. */
enum sp_err sp_collectors_settings(const struct sp_config *config, uint16_t first,
                                   struct sp_writer *list) SP_MUST_CHECK SP_NONNULL(1, 3);

#endif
