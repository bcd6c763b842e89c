#include "session/share.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/own.h"
#include "os/memfd.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

enum sp_err sp_share_new(const char *name, size_t bytes, int *out_fd)
{
    SP_AUTO_CLOSE int fd = -1;
    SP_TRY(sp_memfd_new(name, &fd));
    if (ftruncate(fd, (off_t)bytes) != 0 || fcntl(fd, F_ADD_SEALS, SEALS) != 0) {
        return SP_ERR_SYSTEM;
    }
    *out_fd = sp_take_fd(&fd);
    return SP_OK;
}

static enum sp_err map(int fd, size_t bytes, int access, void **out)
{
    void *pages = mmap(NULL, bytes, access, MAP_SHARED, fd, 0);
    if (pages == MAP_FAILED) {
        return SP_ERR_SYSTEM;
    }
    *out = pages;
    return SP_OK;
}

enum sp_err sp_share_map(int fd, size_t bytes, void **out)
{
    return map(fd, bytes, PROT_READ | PROT_WRITE, out);
}

enum sp_err sp_share_close_writing(int fd)
{
    return fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

enum sp_err sp_share_view(int fd, size_t bytes, const void **out)
{
    void *pages = NULL;
    SP_TRY(map(fd, bytes, PROT_READ, &pages));
    *out = pages;
    return SP_OK;
}
