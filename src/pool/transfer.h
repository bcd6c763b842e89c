/*
 * transfer - the bytes of one file on their way in or out of a connection.
 *
 * Runs in: pool.   Input: hostile (the body; the file itself).   Allocates: what came behind the name of an upload.
 * An upload: feed pieces until it is NAMED, give it a descriptor, feed on until it is WRITTEN. A download: send until
 * nothing is left.
 */
#ifndef SP_POOL_TRANSFER_H
#define SP_POOL_TRANSFER_H

#include "pool/part.h"
#include "pool/range.h"

enum sp_pool_upload_state {
    SP_POOL_UPLOAD_NONE,
    SP_POOL_UPLOAD_READING, /* the head of the part */
    SP_POOL_UPLOAD_NAMED,   /* waits for its descriptor; what came behind is held back */
    SP_POOL_UPLOAD_WRITING,
    SP_POOL_UPLOAD_WRITTEN, /* all of the file is there */
    SP_POOL_UPLOAD_OVER,    /* answered already; bytes are thrown away */
};

/* Zeroed is none. */
struct sp_pool_upload {
    enum sp_pool_upload_state state;
    struct sp_pool_part part;
    struct sp_buf rest; /* of a piece, while NAMED */
    uint64_t bytes;
    int fd;
};

/* SP_ERR_MEDIA_TYPE as sp_pool_part_init. */
enum sp_err sp_pool_upload_begin(struct sp_pool_upload *upload, struct sp_slice content_type)
    SP_MUST_CHECK SP_NONNULL(1);

/* Takes all of `in`. SP_ERR_REQUEST, SP_ERR_TOO_BIG over 128 MiB, SP_ERR_NO_SPACE; then nothing more may be fed. */
enum sp_err sp_pool_upload_feed(struct sp_pool_upload *upload, struct sp_slice in)
    SP_MUST_CHECK SP_NONNULL(1);

/* After NAMED: a new regular file, and on with what was held back. */
enum sp_err sp_pool_upload_open(struct sp_pool_upload *upload, int take_fd)
    SP_MUST_CHECK SP_NONNULL(1);

/* Also of none; also for an upload that is given up. */
void sp_pool_upload_done(struct sp_pool_upload *upload) SP_NONNULL(1);

/* Zeroed is none. */
struct sp_pool_download {
    bool is_on;
    int fd;
    uint64_t at;
    uint64_t left;
};

/* Whether this descriptor is a regular file; its size. */
enum sp_err sp_pool_download_look(int fd, uint64_t *out_size) SP_MUST_CHECK SP_NONNULL(2);
/* The field lines that a file's answer has: its range, that ranges are taken, when it changed. */
#define SP_POOL_FIELDS_BYTES 256
void sp_pool_download_fields(const struct sp_pool_range *range, uint64_t size, uint64_t wall_us,
                             char out[SP_POOL_FIELDS_BYTES]) SP_NONNULL(1, 4);

/* Takes over a file that sp_pool_download_look found fit; the range lies within its size of then. */
void sp_pool_download_begin(struct sp_pool_download *download, int take_fd,
                            const struct sp_pool_range *range) SP_NONNULL(1, 3);

/* Sends at most one turn's part. SP_ERR_CLOSED when the socket or the file has no more: the answer stays incomplete. */
enum sp_err sp_pool_download_send(struct sp_pool_download *download, int to)
    SP_MUST_CHECK SP_NONNULL(1);
void sp_pool_download_done(struct sp_pool_download *download) SP_NONNULL(1);

#endif
