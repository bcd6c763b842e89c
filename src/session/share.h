/*
 * share - a few pages that the two processes of a session both see, though neither is a fork of the other.
 *
 * Runs in: house (new), init and the interpreter (map, view).   Allocates: pages.
 * Sealed in size: nobody who gets hold of the descriptor can make init fault by cutting it short.
 */
#ifndef SP_SESSION_SHARE_H
#define SP_SESSION_SHARE_H

#include <stddef.h>

#include "base/err.h"

/* Pages that processes share, zeroed; the caller closes the descriptor, a mapping outlives it. */
enum sp_err sp_share_new(const char *name, size_t bytes, int *out_fd)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* For writing; then nobody else may map them so, whatever descriptor he has. */
enum sp_err sp_share_map(int fd, size_t bytes, void **out) SP_MUST_CHECK SP_NONNULL(3);
enum sp_err sp_share_close_writing(int fd) SP_MUST_CHECK;

/* For reading, and no way to make it more. */
enum sp_err sp_share_view(int fd, size_t bytes, const void **out) SP_MUST_CHECK SP_NONNULL(3);

#endif
