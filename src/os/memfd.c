#include "os/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

enum sp_err sp_memfd_new(const char *name, int *out_fd)
{
    int fd = memfd_create(name, SP_MEMFD_FLAGS);
    if (fd < 0 && errno == EINVAL) {
        fd = memfd_create(name, SP_MEMFD_FLAGS & ~SP_MEMFD_NOEXEC_SEAL); /* an older kernel */
    }
    if (fd < 0) {
        return errno == ENOMEM || errno == EMFILE || errno == ENFILE ? SP_ERR_NOMEM : SP_ERR_SYSTEM;
    }
    *out_fd = fd;
    return SP_OK;
}

enum sp_err sp_memfd_write(int fd, struct sp_slice bytes)
{
    size_t done = 0;
    while (done < bytes.len) {
        ssize_t wrote = write(fd, bytes.ptr + done, bytes.len - done);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return SP_ERR_SYSTEM;
        }
        done += (size_t)wrote;
    }
    return SP_OK;
}

enum sp_err sp_memfd_seal(int fd)
{
    return fcntl(fd, F_ADD_SEALS, SEALS) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

enum sp_err sp_memfd_size(int fd, size_t *out)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 0) {
        return SP_ERR_WIRE;
    }
    *out = (size_t)st.st_size;
    return SP_OK;
}

/* More seals than ours are as good: a kernel may add that nobody executes it. They come first: a size that is read before shrinking is forbidden says nothing. */
enum sp_err sp_memfd_check(int fd, size_t size)
{
    struct stat st;
    const int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) != 0) {
        return SP_ERR_WIRE;
    }
    return st.st_size >= 0 && (size_t)st.st_size == size ? SP_OK : SP_ERR_WIRE;
}

enum sp_err sp_memfd_map(int fd, size_t size, struct sp_slice *out)
{
    if (size == 0) {
        *out = sp_slice_make(NULL, 0);
        return SP_OK;
    }
    void *ptr = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (ptr == MAP_FAILED) {
        return errno == ENOMEM ? SP_ERR_NOMEM : SP_ERR_WIRE;
    }
    *out = sp_slice_make(ptr, size);
    return SP_OK;
}

void sp_memfd_unmap(struct sp_slice mapping)
{
    if (mapping.len > 0) {
        /* munmap takes a plain pointer; nothing is written through it. */
        (void)munmap((void *)(uintptr_t)mapping.ptr, mapping.len);
    }
}
