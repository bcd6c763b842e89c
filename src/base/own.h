/*
 * own - locals that own something, and giving it away visibly.
 *
 * Runs in: every process.
 * A local marked SP_AUTO_* is released at the end of its scope; sp_take_* moves it out.
 */
#ifndef SP_BASE_OWN_H
#define SP_BASE_OWN_H

#include <stddef.h>

#include "base/attr.h"

/* Closes a descriptor (negative is fine) and keeps errno. */
void sp_close(int fd);

/* For the cleanup attribute only. */
void sp_own_close_cleanup(int *fd);
void sp_own_free_cleanup(void *ptr_to_ptr);

#define SP_AUTO_CLOSE SP_CLEANUP(sp_own_close_cleanup)
#define SP_AUTO_FREE  SP_CLEANUP(sp_own_free_cleanup)

/* Moves a descriptor out of `*fd`, leaving -1. */
int sp_take_fd(int *fd) SP_MUST_CHECK;

/* Moves a pointer out of its variable, leaving NULL. */
#define sp_take_ptr(var)                                                                           \
    __extension__({                                                                                \
        __typeof__(var) *sp_take_at_ = &(var);                                                     \
        __typeof__(var) sp_taken_ = *sp_take_at_;                                                  \
        *sp_take_at_ = NULL;                                                                       \
        sp_taken_;                                                                                 \
    })

#endif
