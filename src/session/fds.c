#include "session/fds.h"

#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

static void sort(int *fds, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t at = i; at > 0 && fds[at] < fds[at - 1]; at--) {
            int held = fds[at];
            fds[at] = fds[at - 1];
            fds[at - 1] = held;
        }
    }
}

static bool close_from_to(unsigned from, unsigned to)
{
    return from > to || syscall(SYS_close_range, from, to, 0U) == 0;
}

enum sp_err sp_fds_keep(int *fds, size_t count)
{
    unsigned next = STDERR_FILENO + 1;
    sort(fds, count);
    for (size_t i = 0; i < count; i++) {
        unsigned fd = fds[i] < 0 ? 0 : (unsigned)fds[i];
        if (fd < next) {
            continue; /* none, or one of the three */
        }
        if (!close_from_to(next, fd - 1)) {
            return SP_ERR_SYSTEM;
        }
        next = fd + 1;
    }
    return close_from_to(next, ~0U) ? SP_OK : SP_ERR_SYSTEM;
}
