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

/*
 * Unmaps what a process without Python has no use for: the interpreter's arenas and every library but the C library. For
 * init, which is a fork of the template: its page tables and its list of mappings are memory of each session. Nothing of
 * Python, and no library but libc, may be called afterwards. The number of bytes that are gone.
 */
size_t sp_pages_forget_python(void);

#endif
