#include "front/download.h"

#include <stdlib.h>

#include "codec/base64.h"

#define PIECE_BYTES ((size_t)64 * 1024)

/* What stands around the text of an enclosed file. */
static const char opening[] = "{\"content\":\"";
static const char closing[] = "\"}";
#define OPENING_BYTES (sizeof(opening) - 1)
#define CLOSING_BYTES (sizeof(closing) - 1)
#define GROUP_BYTES   ((size_t)3) /* become four characters */
#define GROUP_CHARS   ((size_t)4)

/* The library asks for it piece by piece. */
struct download {
    struct sp_downloads *downloads;
    struct sp_download_owner *owner;
    struct sp_payload content;
    struct sp_slice part;
    bool is_enclosed;
};

/* The place of an owner, or a free one; NULL when there is none. */
static struct sp_download_owner *find(const struct sp_downloads *downloads, uint32_t owner)
{
    const struct sp_download_owner *free_place = NULL;
    for (size_t i = 0; i < SP_DOWNLOAD_OWNERS; i++) {
        const struct sp_download_owner *at = &downloads->owners[i];
        if (at->count > 0 && at->owner == owner) {
            return (struct sp_download_owner *)(uintptr_t)at;
        }
        free_place = at->count == 0 && free_place == NULL ? at : free_place;
    }
    return (struct sp_download_owner *)(uintptr_t)free_place;
}

enum sp_err sp_download_room(const struct sp_downloads *downloads, uint32_t owner, uint64_t bytes)
{
    const struct sp_download_owner *place = find(downloads, owner);
    if (place == NULL || bytes > SP_DOWNLOAD_BYTES_MAX - downloads->bytes) {
        return SP_ERR_UNAVAILABLE;
    }
    bool is_over = place->count > 0 && (place->bytes > SP_DOWNLOAD_OWNER_MAX ||
                                        bytes > SP_DOWNLOAD_OWNER_MAX - place->bytes);
    return is_over ? SP_ERR_BUSY : SP_OK;
}

static size_t text_len(size_t bytes)
{
    return (bytes + GROUP_BYTES - 1) / GROUP_BYTES * GROUP_CHARS;
}

uint64_t sp_download_enclosed_len(size_t bytes)
{
    return OPENING_BYTES + text_len(bytes) + CLOSING_BYTES;
}

/* The characters of the text from `at` on: whole groups are made, of which the first may be wanted in part. */
static enum sp_err put_text_piece(struct sp_slice bytes, size_t at, size_t room, struct sp_buf *out)
{
    size_t skipped = at % GROUP_CHARS;
    size_t groups = (room + skipped + GROUP_CHARS - 1) / GROUP_CHARS;
    struct sp_slice source =
        sp_slice_sub(bytes, at / GROUP_CHARS * GROUP_BYTES, groups * GROUP_BYTES);
    return sp_base64_encode(SP_BASE64_STANDARD, source, out);
}

size_t sp_download_enclosed_piece(struct sp_slice bytes, uint64_t at, char *to, size_t room)
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, PIECE_BYTES + 2 * GROUP_CHARS);
    size_t from = (size_t)at;
    size_t end = OPENING_BYTES + text_len(bytes.len);
    if (from < OPENING_BYTES) {
        return sp_slice_copy(sp_slice_sub(sp_slice_of(opening), from, room), to, room);
    }
    if (from >= end) {
        return sp_slice_copy(sp_slice_sub(sp_slice_of(closing), from - end, room), to, room);
    }
    size_t wanted = room < PIECE_BYTES ? room : PIECE_BYTES;
    if (put_text_piece(bytes, from - OPENING_BYTES, wanted, &text) != SP_OK) {
        return 0;
    }
    size_t skipped = (from - OPENING_BYTES) % GROUP_CHARS;
    return sp_slice_copy(sp_slice_sub(sp_buf_slice(&text), skipped, wanted), to, wanted);
}

static ssize_t on_piece(void *ctx, uint64_t at, char *to, size_t room)
{
    const struct download *download = ctx;
    size_t len = download->is_enclosed
                     ? sp_download_enclosed_piece(download->part, at, to, room)
                     : sp_slice_copy(sp_slice_sub(download->part, (size_t)at, room), to, room);
    if (len == 0 && download->is_enclosed) {
        return MHD_CONTENT_READER_END_WITH_ERROR; /* for want of memory: its length is known */
    }
    return len > 0 ? (ssize_t)len : MHD_CONTENT_READER_END_OF_STREAM;
}

static void on_done(void *ctx)
{
    struct download *download = ctx;
    const uint64_t bytes = download->content.bytes.len;
    download->downloads->bytes -= bytes;
    download->owner->bytes -= bytes;
    download->owner->count--;
    sp_payload_done(&download->content);
    free(download);
}

struct MHD_Response *sp_download_response(struct sp_downloads *downloads, struct sp_reply *reply,
                                          uint32_t owner)
{
    struct sp_download_owner *place = find(downloads, owner);
    struct download *download = place == NULL ? NULL : calloc(1, sizeof(*download));
    if (download == NULL) {
        return NULL;
    }
    *download = (struct download){.downloads = downloads,
                                  .owner = place,
                                  .content = reply->content,
                                  .is_enclosed = reply->is_enclosed};
    download->part = sp_slice_sub(download->content.bytes, (size_t)reply->from, (size_t)reply->len);
    reply->content = SP_PAYLOAD_EMPTY;
    *place = (struct sp_download_owner){.owner = owner,
                                        .count = place->count + 1,
                                        .bytes = (place->count > 0 ? place->bytes : 0) +
                                                 download->content.bytes.len};
    downloads->bytes += download->content.bytes.len;
    uint64_t len =
        download->is_enclosed ? sp_download_enclosed_len(download->part.len) : download->part.len;
    struct MHD_Response *response =
        MHD_create_response_from_callback(len, PIECE_BYTES, on_piece, download, on_done);
    if (response == NULL) {
        on_done(download);
    }
    return response;
}
