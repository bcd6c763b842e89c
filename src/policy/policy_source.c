#include <fcntl.h>
#include <unistd.h>

#include "base/own.h"
#include "policy/embedded.h"
#include "policy/policy.h"

static bool is_path(struct sp_slice name)
{
    return sp_slice_find(name, 0, '/') < name.len || sp_slice_find(name, 0, '.') < name.len;
}

static enum sp_err read_file(struct sp_slice path, struct sp_buf *out)
{
    SP_AUTO_FREE char *text = sp_slice_dup(path);
    if (text == NULL) {
        return SP_ERR_NOMEM;
    }
    SP_AUTO_CLOSE int fd = open(text, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return SP_ERR_NOT_FOUND;
    }
    for (;;) {
        uint8_t *room = NULL;
        SP_TRY(sp_buf_reserve(out, 4096, &room));
        ssize_t got = read(fd, room, 4096);
        if (got < 0) {
            return SP_ERR_SYSTEM;
        }
        if (got == 0) {
            return SP_OK;
        }
        sp_buf_commit(out, (size_t)got);
    }
}

enum sp_err sp_policy_source(void *ctx, struct sp_slice name, struct sp_buf *out)
{
    (void)ctx;
    const struct sp_embedded *file = sp_embedded_find(name);
    if (file != NULL && !sp_slice_is(name, "capabilities")) {
        return sp_buf_put(out, file->text);
    }
    return is_path(name) ? read_file(name, out) : SP_ERR_NOT_FOUND;
}
