#include "pool/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/num.h"
#include "base/own.h"
#include "pool/call.h"

#define REST_BYTES_MAX ((size_t)128 * 1024)
#define TURN_PIECES    8U /* of a file; then other connections get their turn */
#define PIECE_BYTES    ((size_t)64 * 1024)

/* ---- in ---- */

enum sp_err sp_pool_upload_begin(struct sp_pool_upload *upload, struct sp_slice content_type)
{
    *upload = (struct sp_pool_upload){.state = SP_POOL_UPLOAD_READING, .fd = -1};
    sp_buf_init(&upload->rest, REST_BYTES_MAX);
    return sp_pool_part_init(&upload->part, content_type);
}

static enum sp_err write_file(struct sp_pool_upload *upload, struct sp_slice bytes)
{
    if (bytes.len > SP_POOL_UPLOAD_BYTES_MAX - upload->bytes) {
        return SP_ERR_TOO_BIG;
    }
    while (bytes.len > 0) {
        ssize_t put = write(upload->fd, bytes.ptr, bytes.len);
        if (put <= 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return errno == ENOSPC || errno == EDQUOT ? SP_ERR_NO_SPACE : SP_ERR_SYSTEM;
        }
        upload->bytes += (uint64_t)put;
        bytes = sp_slice_sub(bytes, (size_t)put, bytes.len);
    }
    return SP_OK;
}

enum sp_err sp_pool_upload_feed(struct sp_pool_upload *upload, struct sp_slice in)
{
    while (in.len > 0) {
        enum sp_pool_part_event event = SP_POOL_PART_NEED_MORE;
        size_t consumed = 0;
        if (upload->state == SP_POOL_UPLOAD_NAMED) {
            return sp_buf_put(&upload->rest, in);
        }
        if (upload->state == SP_POOL_UPLOAD_OVER) {
            return SP_OK;
        }
        SP_TRY(sp_pool_part_feed(&upload->part, in, &consumed, &event));
        in = sp_slice_sub(in, consumed, in.len);
        if (event == SP_POOL_PART_NAMED) {
            upload->state = SP_POOL_UPLOAD_NAMED;
        } else if (event == SP_POOL_PART_BYTES) {
            SP_TRY(write_file(upload, upload->part.bytes));
        } else if (event == SP_POOL_PART_DONE) {
            upload->state = SP_POOL_UPLOAD_WRITTEN;
        }
    }
    return SP_OK;
}

enum sp_err sp_pool_upload_open(struct sp_pool_upload *upload, int take_fd)
{
    SP_AUTO_CLOSE int fd = take_fd;
    struct sp_buf SP_AUTO_BUF rest = upload->rest;
    struct stat about;
    sp_buf_init(&upload->rest, REST_BYTES_MAX);
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        return SP_ERR_SYSTEM;
    }
    upload->fd = sp_take_fd(&fd);
    upload->state = SP_POOL_UPLOAD_WRITING;
    return sp_pool_upload_feed(upload, sp_buf_slice(&rest));
}

void sp_pool_upload_done(struct sp_pool_upload *upload)
{
    if (upload->state != SP_POOL_UPLOAD_NONE) {
        sp_close(upload->fd);
        sp_buf_done(&upload->rest);
        sp_pool_part_done(&upload->part);
    }
    *upload = (struct sp_pool_upload){.state = SP_POOL_UPLOAD_NONE, .fd = -1};
}

/* ---- out ---- */

enum sp_err sp_pool_download_look(int fd, uint64_t *out_size)
{
    struct stat about;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size < 0) {
        return SP_ERR_FILE_CONFLICT;
    }
    *out_size = (uint64_t)about.st_size;
    return SP_OK;
}

void sp_pool_download_fields(const struct sp_pool_range *range, uint64_t size, uint64_t wall_us,
                             char out[SP_POOL_FIELDS_BYTES])
{
    char part[SP_POOL_FIELDS_BYTES / 2] = "";
    char date[SP_CLOCK_HTTP_BYTES];
    unsigned long long from = range->from;
    unsigned long long last = range->from + range->len - 1;
    unsigned long long whole = size;
    sp_clock_http(wall_us, date);
    if (range->is_part) {
        (void)snprintf(part, sizeof part, "Content-Range: bytes %llu-%llu/%llu\r\n", from, last,
                       whole);
    }
    (void)snprintf(out, SP_POOL_FIELDS_BYTES, "%sAccept-Ranges: bytes\r\nLast-Modified: %s\r\n",
                   part, date);
}

void sp_pool_download_begin(struct sp_pool_download *download, int take_fd,
                            const struct sp_pool_range *range)
{
    *download = (struct sp_pool_download){
        .is_on = true, .fd = take_fd, .at = range->from, .left = range->len};
}

enum sp_err sp_pool_download_send(struct sp_pool_download *download, int to)
{
    static uint8_t space[PIECE_BYTES];
    for (unsigned i = 0; i < TURN_PIECES && download->left > 0; i++) {
        size_t most = download->left < sizeof space ? (size_t)download->left : sizeof space;
        ssize_t got = pread(download->fd, space, most, (off_t)download->at);
        ssize_t sent = -1;
        /* Cut meanwhile by the session: what is left cannot be sent, and the length was told already. */
        if (got <= 0) {
            return SP_ERR_CLOSED;
        }
        sent = send(to, space, (size_t)got, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            return errno == EAGAIN || errno == EINTR ? SP_OK : SP_ERR_CLOSED;
        }
        download->at += (uint64_t)sent;
        download->left -= (uint64_t)sent;
    }
    return SP_OK;
}

void sp_pool_download_done(struct sp_pool_download *download)
{
    if (download->is_on) {
        sp_close(download->fd);
    }
    *download = (struct sp_pool_download){.is_on = false, .fd = -1};
}
