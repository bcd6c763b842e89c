/*
 * known - which modules a session got by uploads that inspection approved: a later run may import them.
 *
 * Runs in: admit.   Input: names from inspect, by way of audit.   Allocates: once.
 * Names alone, of a bounded number: a tenant that uploads more loses the oldest of its own, never another's. What is
 * forgotten is judged as an unknown module again until it is uploaded anew.
 */
#ifndef SP_ADMIT_KNOWN_H
#define SP_ADMIT_KNOWN_H

#include "base/buf.h"
#include "base/err.h"

#define SP_KNOWN_NAME_MAX    ((size_t)64)
#define SP_KNOWN_SESSION_MAX ((size_t)64) /* modules of one session */
#define SP_KNOWN_TENANT_MAX  ((size_t)512)
#define SP_KNOWN_MAX         ((size_t)4096)

struct sp_known;

enum sp_err sp_known_new(struct sp_known **out) SP_MUST_CHECK SP_NONNULL(1);
void sp_known_free(struct sp_known *known);

/* The session, by its name at the pool, has this module; longer names and sessions are not kept. */
void sp_known_add(struct sp_known *known, size_t tenant, struct sp_slice session,
                  struct sp_slice module) SP_NONNULL(1);
/* The file is gone; an empty module: all of the session are. */
void sp_known_forget(struct sp_known *known, struct sp_slice session, struct sp_slice module)
    SP_NONNULL(1);

/* Adds the names as blocks, as many as have room. */
enum sp_err sp_known_put(const struct sp_known *known, struct sp_slice session, size_t bytes_max,
                         struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 4);

#endif
