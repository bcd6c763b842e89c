/*
 * privilege - gives user, groups and capabilities away, and looks whether they are gone.
 *
 * Runs in: every role.   Allocates: never.
 */
#ifndef SP_SANDBOX_PRIVILEGE_H
#define SP_SANDBOX_PRIVILEGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* When root: takes the given user and group for good and leaves all other groups. Otherwise does nothing. */
enum sp_err sp_privilege_become(uint32_t uid, uint32_t gid) SP_MUST_CHECK;

/* Empties all capability sets, the bounding set too where that is allowed. */
enum sp_err sp_privilege_drop_capabilities(void) SP_MUST_CHECK;

/* Nothing executed later can gain rights; no other process of the same user may look inside; dies with its parent. */
enum sp_err sp_privilege_seal(void) SP_MUST_CHECK;

/* What is in force. */
bool sp_privilege_is_root(void);
bool sp_privilege_has_capabilities(void);
bool sp_privilege_has_no_new_privs(void);
bool sp_privilege_has_seccomp(void);

#endif
