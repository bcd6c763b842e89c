/*
 * authorities - whether the files of certificate authorities that a configuration names can be used.
 *
 * Runs in: supervisor, `config check`, `serve` before it starts anything.   Input: the operator's files.
 */
#ifndef SP_PROCESS_AUTHORITIES_H
#define SP_PROCESS_AUTHORITIES_H

#include "config/config.h"

/* SP_ERR_CONFIG with the place of the key that names a file which cannot be read, or holds no certificate. */
enum sp_err sp_authorities_stand(const struct sp_config *config, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
