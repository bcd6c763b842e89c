/*
 * arena - where the template's Python objects and C blocks lie: close together, so that they become few huge pages.
 *
 * Runs in: the template (open, seal); the interpreters, which inherit both.   Allocates: address space.
 * Scattered blocks of a megabyte stay small pages, and each of those is an entry that every fork copies and every end of
 * a session takes down again.
 */
#ifndef SP_SESSION_ARENA_H
#define SP_SESSION_ARENA_H

#include <stddef.h>

#define SP_ARENA_CHUNK_BYTES ((size_t)16 * 1024 * 1024)

/* Before Python starts: large blocks of the C library come from its heap, which is one piece. */
void sp_arena_open(void);

/* After the last import: blocks are mapped singly again, so that what a tenant's code frees goes back to the system. */
void sp_arena_seal(void);

/* An arena of Python: a part of the present chunk, or a mapping of its own. NULL when there is no memory. */
void *sp_arena_new(void *ctx, size_t bytes);
void sp_arena_free(void *ctx, void *arena, size_t bytes);

#endif
