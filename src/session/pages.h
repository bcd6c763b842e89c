/*
 * pages - makes the template's memory cheap to fork: huge pages instead of thousands of small ones.
 *
 * Runs in: the template, after all imports.   Allocates: never.
 * A fork copies page tables, not memory; one entry of 2 MiB in place of 512 is most of what a fresh session costs.
 */
#ifndef SP_SESSION_PAGES_H
#define SP_SESSION_PAGES_H

#include <stddef.h>

/* Collapses the private anonymous memory of this process; the bytes that were. Where the kernel cannot, nothing is lost. */
size_t sp_pages_collapse(void);

#endif
