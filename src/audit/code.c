#include "audit/code.h"

#include <stdlib.h>

#include "audit/log.h"
#include "base/clock.h"
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
    struct sp_buf sealed;
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
    sp_buf_init(&keeper->sealed, SP_CODE_BYTES_MAX + SP_CODE_MORE);
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
        sp_buf_done(&keeper->sealed);
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

/* Whether the same code was kept before, by whoever ran before us: whole, though perhaps not durable yet. */
static bool is_there(struct sp_code_keeper *keeper, struct sp_disk_name file, size_t len)
{
    sp_buf_clear(&keeper->sealed);
    return !keeper->is_distrusting &&
           sp_disk_get_file(keeper->disk, file, len, &keeper->sealed) == SP_OK &&
           keeper->sealed.len == len && is_whole(sp_buf_slice(&keeper->sealed));
}

static enum sp_err write_object(struct sp_code_keeper *keeper, struct sp_disk_name file,
                                struct sp_slice code, int *out_fd)
{
    const struct sp_disk *disk = keeper->disk;
    struct sp_disk_stat st = {.size = 0};
    uint64_t room = 0;
    sp_buf_clear(&keeper->sealed);
    if (disk->room(disk->ctx, SP_DISK_OWN, &room) != SP_OK) {
        return failed(keeper, NULL);
    }
    if (room < SP_LOG_ROOM_MIN + code.len + SP_CODE_MORE) {
        return failed(keeper, "No space left on device to keep the code");
    }
    if (sp_code_seal(keeper->public_key, code, &keeper->sealed) != SP_OK) {
        return failed(keeper, "the code cannot be sealed");
    }
    /* Nothing can be cut here: a longer file in its place is somebody else's. */
    if (disk->find(disk->ctx, file, &st) == SP_OK && st.size > keeper->sealed.len) {
        return failed(keeper, "a file of kept code was replaced by a longer one; move it away");
    }
    if (disk->open(disk->ctx, file, SP_DISK_MAKE, out_fd) != SP_OK) {
        return failed(keeper, NULL);
    }
    if (sp_disk_write_all(disk, *out_fd, 0, sp_buf_slice(&keeper->sealed)) != SP_OK) {
        disk->close(disk->ctx, *out_fd);
        return failed(keeper, NULL);
    }
    return SP_OK;
}

enum sp_err sp_code_keep(struct sp_code_keeper *keeper, const struct sp_code_name *name,
                         struct sp_slice code)
{
    char path[SP_CODE_PATH_BYTES];
    const struct object object = object_of(name);
    const struct sp_disk_name file = {.place = SP_DISK_OWN, .path = path};
    int fd = -1;
    if (is_kept(keeper, &object)) {
        return SP_OK;
    }
    if (code.len > SP_CODE_BYTES_MAX) {
        return failed(keeper, "the code is too long to be kept");
    }
    if (keeper->pending_count == PENDING_MAX) {
        SP_TRY(sp_code_sync(keeper));
    }
    sp_code_path(name, path);
    if (is_there(keeper, file, code.len + SP_CODE_MORE)) {
        if (keeper->disk->open(keeper->disk->ctx, file, SP_DISK_READ, &fd) != SP_OK) {
            return failed(keeper, NULL);
        }
    } else {
        SP_TRY(write_object(keeper, file, code, &fd));
    }
    keeper->pending[keeper->pending_count].object = object;
    keeper->pending[keeper->pending_count].name = *name;
    keeper->pending[keeper->pending_count++].fd = fd;
    return SP_OK;
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
