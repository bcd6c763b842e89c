#include <stdlib.h>

#include "base/own.h"
#include "pool/pool_inner.h"

#define LISTED_BYTES_MAX ((size_t)16 * 1024 * 1024)

/* ---- jobs ---- */

static struct file_job *new_job(struct sp_pool *pool, const struct sp_pool_file_order *order)
{
    struct file_job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return NULL;
    }
    *job = (struct file_job){
        .request = order->request, .op = order->op, .is_recursive = order->is_recursive};
    /* 0 names nothing on the wire. */
    while (job->number == 0) {
        job->number = sp_pool_draw(pool);
    }
    sp_buf_init(&job->path, SP_FILE_PATH_MAX);
    sp_buf_init(&job->listed, LISTED_BYTES_MAX);
    if (sp_buf_put(&job->path, order->path) != SP_OK) {
        free(job);
        return NULL;
    }
    return job;
}

static void free_job(struct file_job *job)
{
    sp_buf_done(&job->path);
    sp_buf_done(&job->listed);
    free(job);
}

/* First come, first asked. */
static void append_job(struct slot *slot, struct file_job *job)
{
    struct file_job **at = &slot->files;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = job;
}

static void remove_job(struct slot *slot, struct file_job *job)
{
    struct file_job **at = &slot->files;
    while (*at != NULL && *at != job) {
        at = &(*at)->next;
    }
    if (*at == job) {
        *at = job->next;
        free_job(job);
    }
}

void sp_slot_files_free(struct slot *slot)
{
    while (slot->files != NULL) {
        remove_job(slot, slot->files);
    }
}

static void send_job_bytes(struct sp_pool *pool, const struct slot *slot, struct file_job *job,
                           enum sp_file_op op, struct sp_slice bytes)
{
    const struct sp_frame frame = {
        .type = SP_FRAME_FILE,
        .nonce = job->number,
        .a = (uint8_t)op,
        .b = job->is_recursive ? 1 : 0,
        .bytes = bytes,
    };
    job->is_sent = true;
    pool->ports.send(pool->ports.ctx, slot->ticket, &frame);
}

static void send_job(struct sp_pool *pool, const struct slot *slot, struct file_job *job,
                     enum sp_file_op op)
{
    send_job_bytes(pool, slot, job, op, sp_buf_slice(&job->path));
}

void sp_slot_files_next(struct sp_pool *pool, struct slot *slot)
{
    if (slot->state != SLOT_READY && slot->state != SLOT_BUSY) {
        return;
    }
    for (struct file_job *job = slot->files; job != NULL; job = job->next) {
        if (!job->is_sent) {
            send_job(pool, slot, job, job->op);
        }
    }
}

/* ---- what is asked ---- */

static unsigned count_jobs(const struct slot *slot)
{
    unsigned count = 0;
    for (const struct file_job *job = slot->files; job != NULL; job = job->next) {
        count++;
    }
    return count;
}

/* A session is made for what could find something in it: a list (of nothing) and an upload. */
static enum sp_err find_slot(struct sp_pool *pool, const struct sp_pool_file_order *order,
                             struct sp_pool_now now, struct slot **out)
{
    *out = sp_slot_find(pool, order->identifier);
    if (*out != NULL) {
        return SP_OK;
    }
    return order->op == SP_FILE_CREATE || order->op == SP_FILE_LIST
               ? sp_slot_assign(pool, order->identifier, order->key, now, out)
               : SP_ERR_FILE_NOT_FOUND;
}

void sp_pool_file_do(struct sp_pool *pool, const struct sp_pool_file_order *order,
                     struct sp_pool_now now)
{
    struct slot *slot = NULL;
    struct file_job *job = NULL;
    enum sp_err err = find_slot(pool, order, now, &slot);
    if (err != SP_OK) {
        sp_pool_refuse_full(pool, order->request, err, now);
        return;
    }
    if (count_jobs(slot) >= SP_POOL_FILE_JOBS_MAX) {
        sp_pool_refuse(pool, order->request, SP_ERR_BUSY,
                       sp_slice_of("too many requests wait for the files of this session"));
        return;
    }
    job = new_job(pool, order);
    if (job == NULL) {
        sp_pool_refuse(pool, order->request, SP_ERR_UNAVAILABLE, sp_slice_of(""));
        return;
    }
    append_job(slot, job);
    sp_slot_touch(slot, now);
    sp_slot_files_next(pool, slot);
    sp_pool_fill_ready(pool, now);
}

static struct file_job *find_request(struct sp_pool *pool, uint64_t request, struct slot **out)
{
    for (unsigned i = 0; request != 0 && i < pool->slot_count; i++) {
        for (struct file_job *job = pool->slots[i].files; job != NULL; job = job->next) {
            if (job->request == request) {
                *out = &pool->slots[i];
                return job;
            }
        }
    }
    return NULL;
}

void sp_pool_upload_commit(struct sp_pool *pool, uint64_t request, struct sp_slice approved)
{
    struct slot *slot = NULL;
    struct file_job *job = find_request(pool, request, &slot);
    if (job != NULL && job->is_open) {
        job->is_open = false;
        job->op = SP_FILE_COMMIT;
        send_job_bytes(pool, slot, job, SP_FILE_COMMIT, approved);
    }
}

/* What is on its way to the session is answered by it, to nobody. */
void sp_slot_files_left(struct sp_pool *pool, struct slot *slot, uint64_t request)
{
    struct file_job *job = slot->files;
    while (job != NULL) {
        struct file_job *next = job->next;
        if (job->request == request) {
            job->request = 0;
            if (job->is_open) {
                send_job(pool, slot, job, SP_FILE_ABORT);
            }
            if (job->is_open || !job->is_sent) {
                remove_job(slot, job);
            }
        }
        job = next;
    }
}

/* Whether a deletion or a new name was reached is not known. */
void sp_slot_files_lost(struct sp_pool *pool, struct slot *slot)
{
    while (slot->files != NULL) {
        struct file_job *job = slot->files;
        bool may_be_done = job->is_sent && !job->is_open &&
                           (job->op == SP_FILE_COMMIT || job->op == SP_FILE_DELETE);
        sp_pool_refuse(pool, job->request,
                       may_be_done ? SP_ERR_OUTCOME_UNKNOWN : SP_ERR_UNAVAILABLE,
                       sp_slice_of("the session ended"));
        remove_job(slot, job);
    }
}

/* ---- what the session says ---- */

static enum sp_err err_of(uint8_t end, enum sp_file_op op)
{
    switch (end) {
    case SP_FILE_DONE:
        return SP_OK;
    case SP_FILE_NOT_FOUND:
        return SP_ERR_FILE_NOT_FOUND;
    case SP_FILE_IS_DIRECTORY:
    case SP_FILE_REFUSED:
        return SP_ERR_FILE_CONFLICT;
    case SP_FILE_NO_DIRECTORY:
        return op == SP_FILE_CREATE ? SP_ERR_FILE_CONFLICT : SP_ERR_FILE_NOT_FOUND;
    case SP_FILE_NO_SPACE:
        return SP_ERR_NO_SPACE;
    case SP_FILE_TOO_MANY:
        return op == SP_FILE_LIST ? SP_ERR_TOO_BIG : SP_ERR_BUSY;
    default:
        return SP_ERR_SYSTEM;
    }
}

static const char *detail_of(uint8_t end, enum sp_file_op op)
{
    if (end == SP_FILE_IS_DIRECTORY) {
        return op == SP_FILE_DELETE ? "the directory is not empty" : "this is a directory";
    }
    if (end == SP_FILE_REFUSED) {
        return "this is neither a regular file nor a directory that can be read";
    }
    return "";
}

static void answer_body(struct sp_pool *pool, const struct file_job *job, enum sp_err err,
                        const struct sp_buf *body)
{
    if (err != SP_OK) {
        sp_pool_refuse(pool, job->request, err, sp_slice_of(""));
    } else if (job->request != 0) {
        pool->ports.answer(pool->ports.ctx, job->request, 200, 0, sp_buf_slice(body));
    }
}

static void answer_done(struct sp_pool *pool, const struct file_job *job,
                        const struct sp_pool_file *file)
{
    struct sp_buf SP_AUTO_BUF body;
    sp_buf_init(&body, SP_POOL_ANSWER_BYTES_MAX);
    if (job->op == SP_FILE_DELETE) {
        if (job->request != 0) {
            pool->ports.answer(pool->ports.ctx, job->request, 204, 0, sp_slice_of(""));
        }
    } else if (job->op == SP_FILE_LIST) {
        answer_body(pool, job, sp_pool_answer_files(sp_buf_slice(&job->listed), &body), &body);
    } else {
        answer_body(pool, job, sp_pool_answer_file(file, &body), &body);
    }
}

/* The upload waits for its bytes; when its client is gone already, it goes as well. */
static void open_upload(struct sp_pool *pool, struct slot *slot, struct file_job *job, int *fd,
                        const struct sp_pool_file *file)
{
    if (job->request == 0) {
        send_job(pool, slot, job, SP_FILE_ABORT);
        remove_job(slot, job);
        return;
    }
    job->is_open = true;
    pool->ports.file(pool->ports.ctx, job->request, fd, file);
}

/* If the session is hostile: the descriptor is only read or written as a file of bounded size, and looked at first. */
static void on_filed(struct sp_pool *pool, struct slot *slot, struct file_job *job,
                     const struct sp_frame *frame, int *fd)
{
    const struct sp_pool_file file = {
        .path = sp_buf_slice(&job->path),
        .type = frame->b == SP_FILE_TYPE_DIRECTORY ? SP_FILE_TYPE_DIRECTORY : SP_FILE_TYPE_FILE,
        .size = frame->size,
        .wall_us = frame->wall_us,
    };
    enum sp_err err = err_of(frame->a, job->op);
    bool is_opened = job->op == SP_FILE_OPEN || job->op == SP_FILE_CREATE;
    if (err == SP_OK && is_opened && *fd < 0) {
        err = SP_ERR_SYSTEM;
    }
    if (err != SP_OK) {
        sp_pool_refuse(pool, job->request, err, sp_slice_of(detail_of(frame->a, job->op)));
    } else if (job->op == SP_FILE_CREATE) {
        open_upload(pool, slot, job, fd, &file);
        return;
    } else if (job->op == SP_FILE_OPEN) {
        if (job->request != 0) {
            pool->ports.file(pool->ports.ctx, job->request, fd, &file);
        }
    } else {
        answer_done(pool, job, &file);
    }
    remove_job(slot, job);
}

void sp_slot_files_frame(struct sp_pool *pool, struct slot *slot, const struct sp_frame *frame,
                         int *fd)
{
    struct file_job *job = slot->files;
    while (job != NULL && (job->number != frame->nonce || !job->is_sent || job->is_open)) {
        job = job->next;
    }
    if (job == NULL) {
        return;
    }
    if (frame->type == SP_FRAME_FILED) {
        on_filed(pool, slot, job, frame, fd);
    } else if (job->op != SP_FILE_LIST || sp_buf_put(&job->listed, frame->bytes) != SP_OK) {
        sp_pool_refuse(pool, job->request, SP_ERR_TOO_BIG, sp_slice_of("the list is too long"));
        job->request = 0;
        sp_buf_done(&job->listed);
    }
}
