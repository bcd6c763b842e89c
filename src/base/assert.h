/*
 * assert - for our own mistakes only, always compiled in.
 *
 * Runs in: every process.   Never on anything that an outsider can choose.
 * It logs and aborts; the supervisor starts the process anew.
 */
#ifndef SP_BASE_ASSERT_H
#define SP_BASE_ASSERT_H

#include "base/attr.h"

SP_NORETURN void sp_assert_failed(const char *condition, const char *file, int line);

#define SP_ASSERT(condition)                                                                       \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            sp_assert_failed(#condition, __FILE__, __LINE__);                                      \
        }                                                                                          \
    } while (0)

#endif
