#include "crypto/random.h"

#include <errno.h>
#include <sys/random.h>

enum sp_err sp_random_fill(uint8_t *out, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t got = getrandom(out + done, len - done, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return SP_ERR_SYSTEM;
        }
        done += (size_t)got;
    }
    return SP_OK;
}
