#include "base/own.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

void sp_close(int fd)
{
    if (fd >= 0) {
        int kept = errno;
        (void)close(fd);
        errno = kept;
    }
}

void sp_own_close_cleanup(int *fd)
{
    sp_close(*fd);
}

void sp_own_free_cleanup(void *ptr_to_ptr)
{
    void **ptr = ptr_to_ptr;
    free(*ptr);
}

int sp_take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}
