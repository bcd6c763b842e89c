/*
 * upstream_inner - what the files of upstream share. Nobody else includes this.
 *
 * Runs in: relay.   Allocates: never.
 */
#ifndef SP_API_UPSTREAM_INNER_H
#define SP_API_UPSTREAM_INNER_H

#include "api/upstream.h"

/* What an answer that is no success means; `doc` may be NULL. The pool's own words go into `out_reason`. */
enum sp_err sp_upstream_judge_error(const struct sp_upstream *u, unsigned http_status,
                                    struct sp_slice body, const struct sp_json *doc,
                                    enum sp_upstream_end *out_end, struct sp_where *out_reason)
    SP_MUST_CHECK SP_NONNULL(1, 5, 6);

#endif
