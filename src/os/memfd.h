/*
 * memfd - bytes in a descriptor that nobody can change any more: written once, then sealed four times.
 *
 * Runs in: front, inspect, audit, relay, supervisor.   Input: descriptors from a process that may be taken over.
 */
#ifndef SP_OS_MEMFD_H
#define SP_OS_MEMFD_H

#include "base/err.h"
#include "base/slice.h"

/* An empty, writable memfd (CLOEXEC). The caller closes it. */
enum sp_err sp_memfd_new(const char *name, int *out_fd) SP_MUST_CHECK SP_NONNULL(1, 2);

/* Appends bytes whole; SP_ERR_SYSTEM on a short write that cannot be completed. */
enum sp_err sp_memfd_write(int fd, struct sp_slice bytes) SP_MUST_CHECK;

/* Sets all four seals: no write, no grow, no shrink, no further seal. */
enum sp_err sp_memfd_seal(int fd) SP_MUST_CHECK;

/* The size of a memfd whose maker says nothing about it; SP_ERR_WIRE when it is no regular file. */
enum sp_err sp_memfd_size(int fd, size_t *out) SP_MUST_CHECK SP_NONNULL(2);

/* SP_ERR_WIRE unless `fd` is a memfd with all four seals and exactly `size` bytes. */
enum sp_err sp_memfd_check(int fd, size_t size) SP_MUST_CHECK;

/* Maps a checked memfd for reading. sp_memfd_unmap ends it. */
enum sp_err sp_memfd_map(int fd, size_t size, struct sp_slice *out) SP_MUST_CHECK SP_NONNULL(3);
void sp_memfd_unmap(struct sp_slice mapping);

#endif
