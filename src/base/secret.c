#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum sp_err sp_secret_init(struct sp_secret *s, struct sp_slice bytes)
{
    *s = (struct sp_secret){.ptr = NULL, .len = 0, .mapped = 0};
    if (bytes.len > SP_SECRET_BYTES_MAX) {
        return SP_ERR_TOO_BIG;
    }
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t mapped = (bytes.len / page + 1) * page;
    void *ptr = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ptr == MAP_FAILED) {
        return SP_ERR_NOMEM;
    }
    /* Both are best effort: RLIMIT_MEMLOCK may be small, and dumps are off in every role anyway. */
    (void)mlock(ptr, mapped);
    (void)madvise(ptr, mapped, MADV_DONTDUMP);
    if (bytes.len > 0) {
        memcpy(ptr, bytes.ptr, bytes.len);
    }
    *s = (struct sp_secret){.ptr = ptr, .len = bytes.len, .mapped = mapped};
    return SP_OK;
}

void sp_secret_done(struct sp_secret *s)
{
    if (s->ptr != NULL) {
        sp_wipe(s->ptr, s->mapped);
        (void)munmap(s->ptr, s->mapped);
    }
    *s = (struct sp_secret){.ptr = NULL, .len = 0, .mapped = 0};
}

struct sp_slice sp_secret_show(const struct sp_secret *s)
{
    return sp_slice_make(s->ptr, s->len);
}

bool sp_secret_equal(struct sp_slice a, struct sp_slice b)
{
    if (a.len != b.len) {
        return false;
    }
    volatile uint8_t differ = 0;
    for (size_t i = 0; i < a.len; i++) {
        differ = (uint8_t)(differ | (a.ptr[i] ^ b.ptr[i]));
    }
    return differ == 0;
}

void sp_wipe(void *ptr, size_t len)
{
    explicit_bzero(ptr, len);
}
