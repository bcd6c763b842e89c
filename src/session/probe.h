/*
 * probe - looks from inside a session at the walls around it: what is believed only because it was tried.
 *
 * Runs in: a session made for this at the template's start.   Allocates: never.
 */
#ifndef SP_SESSION_PROBE_H
#define SP_SESSION_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "sandbox/walls_session.h"

/* In the template, before the fork: remembers which namespaces a session must not share. */
void sp_probe_remember(void);

/* In the session: the layers (bits of enum sp_wall) that hold. `has_memory`: it joined a control group that bounds memory. */
uint64_t sp_probe_look(const struct sp_session_limits *limits, bool has_memory) SP_NONNULL(1);

#endif
