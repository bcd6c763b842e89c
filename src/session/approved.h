/*
 * approved - which files of code a session may load from the places that it can write to, by their digests.
 *
 * Runs in: init of a session (adds), its interpreter (asks).   Input: digests that the pool was told; hostile paths.
 * Allocates: never; its pages are shared ones (share.h), of which untouched ones cost nothing.
 */
#ifndef SP_SESSION_APPROVED_H
#define SP_SESSION_APPROVED_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

#define SP_APPROVED_BYTES ((size_t)32) /* a SHA-256 */
#define SP_APPROVED_MAX   2048U        /* past it, the oldest is forgotten */

/* Shared between init, which writes, and the interpreter, which can only read. */
struct sp_approved {
    uint32_t added; /* so far */
    uint8_t digests[SP_APPROVED_MAX][SP_APPROVED_BYTES];
};

/* A digest of another length than SP_APPROVED_BYTES is passed over. */
void sp_approved_add(struct sp_approved *approved, struct sp_slice digest) SP_NONNULL(1);

bool sp_approved_has(const struct sp_approved *approved, struct sp_slice digest) SP_NONNULL(1);

/*
 * Whether code under this absolute path is a session's to write. Everything is but the system, which is mounted read-only;
 * the path is taken at its word, with `.` and `..` worked out and links not followed.
 */
bool sp_approved_is_open_place(struct sp_slice path);

#endif
