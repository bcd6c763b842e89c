#include "audit/code.h"

#include <stdlib.h>

#include "audit/log.h"
#include "base/clock.h"
#include "base/num.h"
#include "codec/hex.h"

#define MAGIC       "SPCODE01"
#define MAGIC_BYTES ((size_t)8)
#define PENDING_MAX 64U
#define KNOWN_SLOTS 4096U
#define DAY_US      ((uint64_t)24 * 60 * 60 * 1000 * 1000)
#define USE         SP_SLICE_LITERAL("sallyport code 1")

/* An object that is durable, or is about to be. */
struct object {
    uint64_t day; /* since 1970, and one more: 0 is an empty slot */
    uint8_t digest[SP_SHA256_BYTES];
};

struct sp_code_keeper {
    const struct sp_disk *disk;
    uint8_t public_key[SP_SEAL_KEY_BYTES];
    struct sp_buf piece;
    struct {
        struct object object;
        struct sp_code_name name;
        int fd;
    } pending[PENDING_MAX];
    size_t pending_count;
    struct object known[KNOWN_SLOTS]; /* by digest: the latest in each slot */
    bool is_distrusting; /* a sync failed: the page cache may show what the disk has not */
    const char *reason;
};

void sp_code_path(const struct sp_code_name *name, char out[SP_CODE_PATH_BYTES])
{
    static const char folder[] = SP_CODE_DIRECTORY "/";
    char time[SP_CLOCK_RFC3339_BYTES];
    size_t at = 0;
    sp_clock_rfc3339(name->wall_us, time);
    for (size_t i = 0; folder[i] != '\0'; i++) {
        out[at++] = folder[i];
    }
    for (size_t i = 0; i < 10; i++) {
        if (time[i] != '-') {
            out[at++] = time[i];
        }
    }
    out[at++] = '/';
    sp_hex_write(sp_slice_make(name->digest, sizeof(name->digest)), out + at);
}

/* --- objects --- */

enum sp_err sp_code_seal(const uint8_t public_key[SP_SEAL_KEY_BYTES], struct sp_slice code,
                         struct sp_buf *out)
{
    uint8_t digest[SP_SHA256_BYTES];
    const size_t start = out->len;
    SP_TRY(sp_buf_put_text(out, MAGIC));
    SP_TRY(sp_seal(public_key, USE, code, out));
    SP_TRY(sp_sha256(sp_slice_sub(sp_buf_slice(out), start, out->len - start), digest));
    return sp_buf_put(out, sp_slice_make(digest, sizeof(digest)));
}

static bool is_whole(struct sp_slice object)
{
    uint8_t digest[SP_SHA256_BYTES];
    if (object.len < SP_CODE_MORE || !sp_slice_starts(object, MAGIC)) {
        return false;
    }
    const size_t at = object.len - SP_SHA256_BYTES;
    return sp_sha256(sp_slice_sub(object, 0, at), digest) == SP_OK &&
           sp_slice_equal(sp_slice_sub(object, at, SP_SHA256_BYTES),
                          sp_slice_make(digest, sizeof(digest)));
}

enum sp_err sp_code_unseal(const uint8_t private_key[SP_SEAL_KEY_BYTES], struct sp_slice object,
                           struct sp_buf *out)
{
    if (!is_whole(object)) {
        return SP_ERR_CORRUPT;
    }
    return sp_seal_open(
        private_key, USE,
        sp_slice_sub(object, MAGIC_BYTES, object.len - MAGIC_BYTES - SP_SHA256_BYTES), out);
}

/* --- life --- */

enum sp_err sp_code_keeper_new(const struct sp_disk *disk,
                               const uint8_t public_key[SP_SEAL_KEY_BYTES],
                               struct sp_code_keeper **out)
{
    struct sp_code_keeper *keeper = calloc(1, sizeof(*keeper));
    if (keeper == NULL) {
        return SP_ERR_NOMEM;
    }
    keeper->disk = disk;
    keeper->reason = "";
    (void)sp_slice_copy(sp_slice_make(public_key, SP_SEAL_KEY_BYTES), keeper->public_key,
                        SP_SEAL_KEY_BYTES);
    sp_buf_init(&keeper->piece, SP_CODE_PIECE + SP_CODE_MORE);
    *out = keeper;
    return SP_OK;
}

static void forget_pending(struct sp_code_keeper *keeper)
{
    for (size_t i = 0; i < keeper->pending_count; i++) {
        keeper->disk->close(keeper->disk->ctx, keeper->pending[i].fd);
    }
    keeper->pending_count = 0;
}

void sp_code_keeper_free(struct sp_code_keeper *keeper)
{
    if (keeper != NULL) {
        forget_pending(keeper);
        sp_buf_done(&keeper->piece);
        free(keeper);
    }
}

const char *sp_code_reason(const struct sp_code_keeper *keeper)
{
    return keeper->reason;
}

/* --- what is known --- */

static struct object object_of(const struct sp_code_name *name)
{
    struct object object = {.day = name->wall_us / DAY_US + 1};
    (void)sp_slice_copy(sp_slice_make(name->digest, sizeof(name->digest)), object.digest,
                        sizeof(object.digest));
    return object;
}

static bool is_same(const struct object *a, const struct object *b)
{
    return a->day == b->day && sp_slice_equal(sp_slice_make(a->digest, sizeof(a->digest)),
                                              sp_slice_make(b->digest, sizeof(b->digest)));
}

static struct object *slot_of(struct sp_code_keeper *keeper, const struct object *object)
{
    return &keeper->known[((unsigned)object->digest[0] << 8 | object->digest[1]) % KNOWN_SLOTS];
}

static bool is_kept(struct sp_code_keeper *keeper, const struct object *object)
{
    for (size_t i = 0; i < keeper->pending_count; i++) {
        if (is_same(&keeper->pending[i].object, object)) {
            return true;
        }
    }
    return is_same(slot_of(keeper, object), object);
}

/* --- writing --- */

static enum sp_err failed(struct sp_code_keeper *keeper, const char *reason)
{
    keeper->reason = reason != NULL ? reason : keeper->disk->reason(keeper->disk->ctx);
    return SP_ERR_LOG_UNAVAILABLE;
}

/*
 * First a file that is there is looked through: the same code may have been kept before, by whoever ran before us, whole
 * though perhaps not durable yet. Else it is written from its beginning.
 */
struct sp_code_job {
    struct sp_code_keeper *keeper;
    struct sp_code_name name;
    size_t len; /* of the code */
    enum { JOB_LOOKING, JOB_WRITING } state;
    int fd;
    size_t at; /* in the object when looking, in the code when writing */
    struct sp_hash *hash;
    struct sp_sealer *sealer;
};

static struct sp_disk_name file_of(const struct sp_code_name *name, char path[SP_CODE_PATH_BYTES])
{
    sp_code_path(name, path);
    return (struct sp_disk_name){.place = SP_DISK_OWN, .path = path};
}

static void close_job(struct sp_code_job *job)
{
    const struct sp_disk *disk = job->keeper->disk;
    if (job->fd >= 0) {
        disk->close(disk->ctx, job->fd);
        job->fd = -1;
    }
    job->at = 0;
}

void sp_code_job_free(struct sp_code_job *job)
{
    if (job != NULL) {
        close_job(job);
        sp_hash_free(job->hash);
        sp_sealer_free(job->sealer);
        free(job);
    }
}

static enum sp_err begin_writing(struct sp_code_job *job)
{
    struct sp_code_keeper *keeper = job->keeper;
    const struct sp_disk *disk = keeper->disk;
    struct sp_disk_stat st = {.size = 0};
    char path[SP_CODE_PATH_BYTES];
    const struct sp_disk_name file = file_of(&job->name, path);
    uint64_t room = 0;
    job->state = JOB_WRITING;
    if (disk->room(disk->ctx, SP_DISK_OWN, &room) != SP_OK) {
        return failed(keeper, NULL);
    }
    if (room < SP_LOG_ROOM_MIN + job->len + SP_CODE_MORE) {
        return failed(keeper, "No space left on device to keep the code");
    }
    /* Nothing can be cut here: a longer file in its place is somebody else's. */
    if (disk->find(disk->ctx, file, &st) == SP_OK && st.size > job->len + SP_CODE_MORE) {
        return failed(keeper, "a file of kept code was replaced by a longer one; move it away");
    }
    if (disk->open(disk->ctx, file, SP_DISK_MAKE, &job->fd) != SP_OK) {
        return failed(keeper, NULL);
    }
    return SP_OK;
}

/* Opens what is there, if it may be the object; else there is something to write. */
static enum sp_err begin_looking(struct sp_code_job *job)
{
    struct sp_code_keeper *keeper = job->keeper;
    const struct sp_disk *disk = keeper->disk;
    struct sp_disk_stat st = {.size = 0};
    char path[SP_CODE_PATH_BYTES];
    const struct sp_disk_name file = file_of(&job->name, path);
    if (keeper->is_distrusting || disk->find(disk->ctx, file, &st) != SP_OK ||
        st.size != job->len + SP_CODE_MORE ||
        disk->open(disk->ctx, file, SP_DISK_READ, &job->fd) != SP_OK) {
        return begin_writing(job);
    }
    job->state = JOB_LOOKING;
    return SP_OK;
}

enum sp_err sp_code_begin(struct sp_code_keeper *keeper, const struct sp_code_name *name,
                          size_t len, struct sp_code_job **out)
{
    const struct object object = object_of(name);
    *out = NULL;
    if (is_kept(keeper, &object)) {
        return SP_OK;
    }
    if (len > SP_CODE_BYTES_MAX) {
        return failed(keeper, "the code is too long to be kept");
    }
    struct sp_code_job *job = calloc(1, sizeof(*job));
    if (job == NULL) {
        return SP_ERR_NOMEM;
    }
    *job = (struct sp_code_job){.keeper = keeper, .name = *name, .len = len, .fd = -1};
    enum sp_err err = sp_hash_new(&job->hash);
    if (err == SP_OK) {
        err = begin_looking(job);
    }
    if (err != SP_OK) {
        sp_code_job_free(job);
        return err;
    }
    *out = job;
    return SP_OK;
}

/* The object stands in its file; it is durable with the next sync. */
static enum sp_err hand_over(struct sp_code_job *job, bool *out_done)
{
    struct sp_code_keeper *keeper = job->keeper;
    if (keeper->pending_count == PENDING_MAX) {
        SP_TRY(sp_code_sync(keeper));
    }
    keeper->pending[keeper->pending_count].object = object_of(&job->name);
    keeper->pending[keeper->pending_count].name = job->name;
    keeper->pending[keeper->pending_count++].fd = job->fd;
    job->fd = -1;
    *out_done = true;
    return SP_OK;
}

/* What is no object is written over. */
static enum sp_err write_after_all(struct sp_code_job *job)
{
    close_job(job);
    SP_TRY(sp_hash_reset(job->hash));
    return begin_writing(job);
}

static enum sp_err look_on(struct sp_code_job *job, bool *out_done)
{
    struct sp_code_keeper *keeper = job->keeper;
    const size_t end = job->len + SP_CODE_MORE - SP_SHA256_BYTES;
    const size_t want = sp_size_min(end - job->at, SP_CODE_PIECE);
    const bool is_last = job->at + want == end;
    const size_t more = is_last ? SP_SHA256_BYTES : 0;
    uint8_t digest[SP_SHA256_BYTES];
    uint8_t *space = NULL;
    size_t got = 0;
    sp_buf_clear(&keeper->piece);
    SP_TRY(sp_buf_reserve(&keeper->piece, want + more, &space));
    bool is_good =
        sp_disk_read_all(keeper->disk, job->fd, job->at, space, want + more, &got) == SP_OK &&
        got == want + more;
    const struct sp_slice piece = sp_slice_make(space, is_good ? want : 0);
    is_good = is_good && (job->at > 0 || sp_slice_starts(piece, MAGIC));
    SP_TRY(sp_hash_put(job->hash, piece));
    job->at += want;
    if (is_good && !is_last) {
        return SP_OK;
    }
    if (is_good) {
        SP_TRY(sp_hash_end(job->hash, digest));
        is_good = sp_slice_equal(sp_slice_make(digest, sizeof(digest)),
                                 sp_slice_make(space + want, SP_SHA256_BYTES));
    }
    return is_good ? hand_over(job, out_done) : write_after_all(job);
}

/* The next piece of the object, in the keeper's buffer: with what stands before the first and behind the last. */
static enum sp_err seal_piece(struct sp_code_job *job, struct sp_slice code, bool is_last)
{
    struct sp_buf *piece = &job->keeper->piece;
    uint8_t digest[SP_SHA256_BYTES];
    sp_buf_clear(piece);
    if (job->sealer == NULL) {
        SP_TRY(sp_buf_put_text(piece, MAGIC));
        SP_TRY(sp_sealer_new(job->keeper->public_key, USE, piece, &job->sealer));
    }
    SP_TRY(sp_sealer_put(job->sealer, code, piece));
    if (is_last) {
        SP_TRY(sp_sealer_end(job->sealer, piece));
    }
    SP_TRY(sp_hash_put(job->hash, sp_buf_slice(piece)));
    if (!is_last) {
        return SP_OK;
    }
    SP_TRY(sp_hash_end(job->hash, digest));
    return sp_buf_put(piece, sp_slice_make(digest, sizeof(digest)));
}

static enum sp_err write_on(struct sp_code_job *job, struct sp_slice code, bool *out_done)
{
    struct sp_code_keeper *keeper = job->keeper;
    const struct sp_disk *disk = keeper->disk;
    const struct sp_slice piece = sp_slice_sub(code, job->at, SP_CODE_PIECE);
    const bool is_last = job->at + piece.len == job->len;
    const uint64_t place = job->at == 0 ? 0 : job->at + MAGIC_BYTES + SP_SEAL_KEY_BYTES;
    if (seal_piece(job, piece, is_last) != SP_OK) {
        return failed(keeper, "the code cannot be sealed");
    }
    if (sp_disk_write_all(disk, job->fd, place, sp_buf_slice(&keeper->piece)) != SP_OK) {
        return failed(keeper, NULL);
    }
    job->at += piece.len;
    if (is_last) {
        return hand_over(job, out_done);
    }
    /* Piece by piece: at the end there would be very much to wait for. */
    if (disk->sync(disk->ctx, job->fd) != SP_OK) {
        keeper->is_distrusting = true;
        return failed(keeper, NULL);
    }
    return SP_OK;
}

enum sp_err sp_code_step(struct sp_code_job *job, struct sp_slice code, bool *out_done)
{
    *out_done = false;
    if (code.len != job->len) {
        return SP_ERR_INVALID;
    }
    return job->state == JOB_LOOKING ? look_on(job, out_done) : write_on(job, code, out_done);
}

enum sp_err sp_code_keep(struct sp_code_keeper *keeper, const struct sp_code_name *name,
                         struct sp_slice code)
{
    struct sp_code_job *job = NULL;
    bool is_done = false;
    SP_TRY(sp_code_begin(keeper, name, code.len, &job));
    enum sp_err err = SP_OK;
    while (err == SP_OK && job != NULL && !is_done) {
        err = sp_code_step(job, code, &is_done);
    }
    sp_code_job_free(job);
    return err;
}

static enum sp_err sync_all(struct sp_code_keeper *keeper)
{
    const struct sp_disk *disk = keeper->disk;
    uint64_t day = 0;
    for (size_t i = 0; i < keeper->pending_count; i++) {
        SP_TRY(disk->sync(disk->ctx, keeper->pending[i].fd));
    }
    for (size_t i = 0; i < keeper->pending_count; i++) {
        char path[SP_CODE_PATH_BYTES];
        if (keeper->pending[i].object.day != day) {
            day = keeper->pending[i].object.day;
            sp_code_path(&keeper->pending[i].name, path);
            SP_TRY(disk->sync_names(disk->ctx, (struct sp_disk_name){SP_DISK_OWN, path}));
        }
    }
    return SP_OK;
}

enum sp_err sp_code_sync(struct sp_code_keeper *keeper)
{
    if (keeper->pending_count == 0) {
        return SP_OK;
    }
    if (sync_all(keeper) != SP_OK) {
        keeper->is_distrusting = true;
        (void)failed(keeper, NULL);
        forget_pending(keeper);
        return SP_ERR_LOG_UNAVAILABLE;
    }
    for (size_t i = 0; i < keeper->pending_count; i++) {
        *slot_of(keeper, &keeper->pending[i].object) = keeper->pending[i].object;
    }
    forget_pending(keeper);
    return SP_OK;
}
