#include "session/streams.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"

/* Of each descriptor: which file it is, how it was opened, where its copy is. */
static struct {
    dev_t device;
    ino_t file;
    int flags;
    int copy; /* negative: none, it is opened anew */
} known[3];

static enum sp_err look(int fd, int copy)
{
    struct stat about = {.st_ino = 0};
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fstat(fd, &about) != 0) {
        return SP_ERR_SYSTEM;
    }
    known[fd].device = about.st_dev;
    known[fd].file = about.st_ino;
    known[fd].flags = flags;
    known[fd].copy = copy;
    return SP_OK;
}

enum sp_err sp_streams_keep(int first)
{
    SP_TRY(look(STDIN_FILENO, -1));
    for (int i = 0; i < SP_STREAMS_KEPT; i++) {
        int fd = STDOUT_FILENO + i;
        if (dup3(fd, first + i, O_CLOEXEC) < 0) {
            return SP_ERR_SYSTEM;
        }
        SP_TRY(look(fd, first + i));
    }
    return SP_OK;
}

static bool is_known(int fd, int as)
{
    struct stat about = {.st_ino = 0};
    return fstat(fd, &about) == 0 && about.st_dev == known[as].device &&
           about.st_ino == known[as].file;
}

static enum sp_err open_again(void)
{
    SP_AUTO_CLOSE int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null == STDIN_FILENO) {
        return fcntl(sp_take_fd(&null), F_SETFD, 0) == 0 ? SP_OK : SP_ERR_CLOSED;
    }
    return null >= 0 && dup2(null, STDIN_FILENO) >= 0 ? SP_OK : SP_ERR_CLOSED;
}

static enum sp_err put_back(int fd)
{
    int copy = known[fd].copy;
    if (copy < 0) {
        return open_again();
    }
    /* A copy that is another file now is as good as none. */
    return is_known(copy, fd) && dup2(copy, fd) >= 0 ? SP_OK : SP_ERR_CLOSED;
}

enum sp_err sp_streams_restore(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (!is_known(fd, fd)) {
            SP_TRY(put_back(fd));
        }
        if (fcntl(fd, F_GETFL) != known[fd].flags && fcntl(fd, F_SETFL, known[fd].flags) != 0) {
            return SP_ERR_CLOSED;
        }
    }
    return SP_OK;
}
