#include "command/audit_halves.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "base/reader.h"
#include "base/writer.h"

#define TOLD_MAX       1000U /* problems that are told; the rest is counted */
#define TOLD_BYTES_MAX ((size_t)1024 * 1024)
#define TEXT_MAX       ((size_t)1024)

/* --- the half that looks at the entries --- */

struct telling {
    struct sp_writer w;
    struct sp_buf told;
    uint64_t count;
};

static void on_problem(void *ctx, const struct sp_log_problem *problem)
{
    struct telling *t = ctx;
    t->count++;
    if (t->count > TOLD_MAX) {
        return;
    }
    sp_writer_u8(&t->w, 1);
    sp_writer_block(&t->w, sp_slice_of(problem->file));
    sp_writer_u8(&t->w, problem->has_index ? 1 : 0);
    sp_writer_u64(&t->w, problem->index);
    sp_writer_block(&t->w, sp_slice_of(problem->text));
}

static bool write_all(int fd, struct sp_slice bytes)
{
    while (bytes.len > 0) {
        const ssize_t put = write(fd, bytes.ptr, bytes.len);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        bytes = sp_slice_sub(bytes, put > 0 ? (size_t)put : 0, bytes.len);
    }
    return true;
}

/* Begins when the other half has read its checkpoint, so that this one's covers as much or more. */
static int look_at_entries(const struct sp_log_verify *options, int go_fd, int told_fd)
{
    struct telling t = {.count = 0};
    struct sp_log_verify half = *options;
    struct sp_log_verified verified;
    uint8_t go = 0;
    if (read(go_fd, &go, 1) != 1) {
        return 1;
    }
    sp_buf_init(&t.told, TOLD_BYTES_MAX);
    sp_writer_init(&t.w, &t.told);
    half.part = SP_LOG_ENTRIES;
    half.ctx = &t;
    half.problem = on_problem;
    half.progress = NULL;
    half.wait = NULL;
    if (sp_log_verify(&half, &verified) != SP_OK) {
        return 1;
    }
    const struct sp_verify_totals *totals = &verified.totals;
    sp_writer_u8(&t.w, 0);
    const uint64_t numbers[] = {totals->entries, totals->intents, totals->outcomes,
                                totals->open,    totals->lost,    t.count};
    for (size_t i = 0; i < SP_COUNT(numbers); i++) {
        sp_writer_u64(&t.w, numbers[i]);
    }
    return sp_writer_end(&t.w) == SP_OK && write_all(told_fd, sp_buf_slice(&t.told)) ? 0 : 1;
}

/* --- the half that looks at the hashes --- */

struct halves {
    const struct sp_log_verify *options;
    pid_t child;
    int go_fd;
    int told_fd;
};

static void on_own_problem(void *ctx, const struct sp_log_problem *problem)
{
    const struct halves *h = ctx;
    h->options->problem(h->options->ctx, problem);
}

static void on_progress(void *ctx, uint64_t done, uint64_t all)
{
    struct halves *h = ctx;
    if (h->go_fd >= 0) {
        const uint8_t go = 1;
        (void)!write_all(h->go_fd, sp_slice_make(&go, 1));
        sp_close(sp_take_fd(&h->go_fd));
    }
    if (h->options->progress != NULL) {
        h->options->progress(h->options->ctx, done, all);
    }
}

static void on_wait(void *ctx)
{
    const struct halves *h = ctx;
    if (h->options->wait != NULL) {
        h->options->wait(h->options->ctx);
    }
}

static enum sp_err read_told(int fd, struct sp_buf *out)
{
    for (;;) {
        uint8_t *at = NULL;
        SP_TRY(sp_buf_reserve(out, 4096, &at));
        const ssize_t got = read(fd, at, 4096);
        if (got == 0) {
            return SP_OK;
        }
        if (got < 0 && errno != EINTR) {
            return SP_ERR_SYSTEM;
        }
        sp_buf_commit(out, got > 0 ? (size_t)got : 0);
    }
}

static enum sp_err take_problem(const struct halves *h, struct sp_reader *r)
{
    struct sp_slice file = {NULL, 0};
    struct sp_slice text = {NULL, 0};
    char names[2][TEXT_MAX];
    uint8_t has_index = 0;
    uint64_t index = 0;
    SP_TRY(sp_reader_block(r, TEXT_MAX - 1, &file));
    SP_TRY(sp_reader_u8(r, &has_index));
    SP_TRY(sp_reader_u64(r, &index));
    SP_TRY(sp_reader_block(r, TEXT_MAX - 1, &text));
    sp_slice_to_text(file, names[0], TEXT_MAX);
    sp_slice_to_text(text, names[1], TEXT_MAX);
    h->options->problem(h->options->ctx, &(struct sp_log_problem){.file = names[0],
                                                                  .has_index = has_index == 1,
                                                                  .index = index,
                                                                  .text = names[1]});
    return SP_OK;
}

static enum sp_err take_totals(const struct halves *h, struct sp_reader *r,
                               struct sp_log_verified *out)
{
    uint64_t numbers[6] = {0};
    for (size_t i = 0; i < SP_COUNT(numbers); i++) {
        SP_TRY(sp_reader_u64(r, &numbers[i]));
    }
    out->totals = (struct sp_verify_totals){numbers[0], numbers[1], numbers[2],
                                            numbers[3], numbers[4], numbers[5]};
    if (numbers[0] < out->published - out->first && out->problems == 0 && numbers[5] == 0) {
        out->problems++;
        h->options->problem(h->options->ctx,
                            &(struct sp_log_problem){
                                .file = "", .text = "entries could not be read a second time"});
    }
    out->problems += numbers[5];
    return sp_reader_end(r);
}

static enum sp_err take_told(const struct halves *h, struct sp_log_verified *out)
{
    SP_AUTO_BUF struct sp_buf told;
    struct sp_reader r;
    sp_buf_init(&told, 2 * TOLD_BYTES_MAX);
    SP_TRY(read_told(h->told_fd, &told));
    sp_reader_init(&r, sp_buf_slice(&told));
    for (;;) {
        uint8_t what = 0;
        SP_TRY(sp_reader_u8(&r, &what));
        if (what == 0) {
            return take_totals(h, &r, out);
        }
        SP_TRY(take_problem(h, &r));
    }
}

/* The other half must have come to its end: half a verdict is none. */
static enum sp_err join(struct halves *h, struct sp_log_verified *out)
{
    int status = 0;
    const bool was_begun = h->go_fd < 0;
    sp_close(sp_take_fd(&h->go_fd));
    enum sp_err err = was_begun ? take_told(h, out)
                                : SP_OK; /* without a checkpoint there is nothing to look at */
    sp_close(sp_take_fd(&h->told_fd));
    while (waitpid(h->child, &status, 0) < 0 && errno == EINTR) {
    }
    if (was_begun && err == SP_OK && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
        err = SP_ERR_SYSTEM;
    }
    return err == SP_ERR_SHORT || err == SP_ERR_TRAILING ? SP_ERR_SYSTEM : err;
}

static enum sp_err look_at_hashes(struct halves *h, struct sp_log_verified *out)
{
    struct sp_log_verify half = *h->options;
    half.part = SP_LOG_HASHES;
    half.ctx = h;
    half.problem = on_own_problem;
    half.progress = on_progress;
    half.wait = on_wait;
    enum sp_err err = sp_log_verify(&half, out);
    const enum sp_err joined = join(h, out);
    return err == SP_OK ? joined : err;
}

enum sp_err sp_audit_verify_halves(const struct sp_log_verify *options, struct sp_log_verified *out)
{
    struct halves h = {.options = options, .go_fd = -1, .told_fd = -1};
    int go[2];
    int told[2];
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || pipe(go) != 0) {
        return sp_log_verify(options, out);
    }
    if (pipe(told) != 0) {
        sp_close(go[0]);
        sp_close(go[1]);
        return sp_log_verify(options, out);
    }
    h.child = fork();
    if (h.child == 0) {
        sp_close(go[1]);
        sp_close(told[0]);
        _exit(look_at_entries(options, go[0], told[1]));
    }
    sp_close(go[0]);
    sp_close(told[1]);
    if (h.child < 0) {
        sp_close(go[1]);
        sp_close(told[0]);
        return sp_log_verify(options, out);
    }
    h.go_fd = go[1];
    h.told_fd = told[0];
    return look_at_hashes(&h, out);
}
