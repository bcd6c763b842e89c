/*
 * memfd - bytes in a descriptor that nobody can change any more: written once, then sealed four times.
 *
 * Runs in: front, inspect, audit, relay, supervisor.   Input: descriptors from a process that may be taken over.
 */
#ifndef SP_OS_MEMFD_H
#define SP_OS_MEMFD_H

#include <sys/mman.h>

#include "base/err.h"
#include "base/slice.h"

/*
 * All that one of ours may be asked for with: no huge pages, which run out under whoever reads them. Nothing in it is ever
 * executed, which kernels before 6.3 cannot be told.
 */
#define SP_MEMFD_NOEXEC_SEAL 8U /* MFD_NOEXEC_SEAL, newer than the headers of Debian 12 */
#define SP_MEMFD_FLAGS       (MFD_CLOEXEC | MFD_ALLOW_SEALING | SP_MEMFD_NOEXEC_SEAL)

/* An empty, writable memfd (CLOEXEC). The caller closes it. */
enum sp_err sp_memfd_new(const char *name, int *out_fd) SP_MUST_CHECK SP_NONNULL(1, 2);

/* Appends bytes whole; SP_ERR_SYSTEM on a short write that cannot be completed. */
enum sp_err sp_memfd_write(int fd, struct sp_slice bytes) SP_MUST_CHECK;

/* Sets all four seals: no write, no grow, no shrink, no further seal. */
enum sp_err sp_memfd_seal(int fd) SP_MUST_CHECK;

/* The size of a memfd whose maker says nothing about it; SP_ERR_WIRE when it is no regular file. */
enum sp_err sp_memfd_size(int fd, size_t *out) SP_MUST_CHECK SP_NONNULL(2);

/* SP_ERR_WIRE unless `fd` is a memfd with these four seals, whatever others, and exactly `size` bytes. */
enum sp_err sp_memfd_check(int fd, size_t size) SP_MUST_CHECK;

/* Maps a checked memfd for reading; SP_ERR_NOMEM, or SP_ERR_WIRE for what cannot be mapped. sp_memfd_unmap ends it. */
enum sp_err sp_memfd_map(int fd, size_t size, struct sp_slice *out) SP_MUST_CHECK SP_NONNULL(3);
void sp_memfd_unmap(struct sp_slice mapping);

#endif
