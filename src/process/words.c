#include "process/words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/own.h"
#include "wire/loop.h"

#define LINE_BYTES_MAX ((size_t)512)
#define READ_BYTES_MAX ((size_t)4096)
/* What is read of a role that is gone: as much as a pipe holds. */
#define READS_MAX      16U

struct sp_words {
    struct sp_child *child;
    int fd;
    struct sp_watch *watch;
    struct sp_buf line;
};

static void end_line(struct sp_words *words)
{
    if (words->line.len > 0) {
        sp_child_line(words->child, SP_LOG_WARN, "role.said ", sp_buf_slice(&words->line));
    }
    sp_buf_clear(&words->line);
}

static void put(struct sp_words *words, struct sp_slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.ptr[i] == '\n' || words->line.len == LINE_BYTES_MAX) {
            end_line(words);
        }
        if (bytes.ptr[i] != '\n' && sp_buf_put_byte(&words->line, bytes.ptr[i]) != SP_OK) {
            return; /* memory is used up: the rest of the line is lost */
        }
    }
}

/* Whether there may be more. */
static bool read_some(struct sp_words *words)
{
    uint8_t bytes[READ_BYTES_MAX];
    const ssize_t got = read(words->fd, bytes, sizeof(bytes));
    if (got > 0) {
        put(words, sp_slice_make(bytes, (size_t)got));
        return true;
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        sp_watch_free(words->watch); /* nobody writes any more */
        words->watch = NULL;
    }
    return false;
}

static void on_readable(void *ctx, int fd, unsigned what)
{
    struct sp_words *words = ctx;
    (void)fd;
    (void)what;
    (void)read_some(words);
}

enum sp_err sp_words_new(struct sp_child *child, struct sp_words **out, int *out_theirs)
{
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return SP_ERR_SYSTEM;
    }
    SP_AUTO_CLOSE int ours = ends[0];
    SP_AUTO_CLOSE int theirs = ends[1];
    struct sp_words *words = calloc(1, sizeof(*words));
    if (words == NULL) {
        return SP_ERR_NOMEM;
    }
    words->child = child;
    sp_buf_init(&words->line, LINE_BYTES_MAX);
    enum sp_err err =
        sp_watch_new(child->house->loop, ours, SP_WATCH_READ, on_readable, words, &words->watch);
    if (err != SP_OK) {
        free(words);
        return err;
    }
    words->fd = sp_take_fd(&ours);
    *out = words;
    *out_theirs = sp_take_fd(&theirs);
    return SP_OK;
}

void sp_words_free(struct sp_words *words)
{
    if (words == NULL) {
        return;
    }
    for (unsigned i = 0; i < READS_MAX && words->watch != NULL && read_some(words); i++) {
        continue;
    }
    end_line(words);
    sp_watch_free(words->watch);
    sp_close(words->fd);
    sp_buf_done(&words->line);
    free(words);
}
