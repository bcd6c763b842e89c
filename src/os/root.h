/*
 * root - out of a chroot, into a mount namespace whose root is the same tree.
 *
 * Runs in: supervisor, before it starts any role.   Input: trusted.   Allocates: never.
 * The kernel refuses user namespaces to a process in a chroot, and every session of the embedded pool needs one.
 */
#ifndef SP_OS_ROOT_H
#define SP_OS_ROOT_H

#include <stdbool.h>

#include "base/err.h"

/*
 * When this is root in a chroot: a mount namespace of its own, in which the present tree is the root; the present
 * directory stays. Otherwise nothing. SP_ERR_SYSTEM leaves all as it was, but for the namespace.
 */
enum sp_err sp_root_settle(bool *out_is_moved) SP_MUST_CHECK SP_NONNULL(1);

#endif
