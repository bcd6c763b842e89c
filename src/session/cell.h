/*
 * cell - the loop of an interpreter process: a run comes in, Python runs it, items and an end go out.
 *
 * Runs in: each session's interpreter, beside the tenant's code.   Allocates: the code of one run.
 */
#ifndef SP_SESSION_CELL_H
#define SP_SESSION_CELL_H

#include <stdint.h>

#include "base/attr.h"

struct sp_approved;
struct sp_witness_page;

/* Serves runs from `link` until it ends, then ends the process. `group` is its control group, for init to know. */
SP_NORETURN void sp_cell_serve(int link, uint32_t group, struct sp_witness_page *witness,
                               const struct sp_approved *approved);

#endif
