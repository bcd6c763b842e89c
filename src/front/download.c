#include "front/download.h"

#include <stdlib.h>

#define PIECE_BYTES ((size_t)64 * 1024)

/* The library asks for it piece by piece. */
struct download {
    struct sp_downloads *downloads;
    struct sp_download_owner *owner;
    struct sp_payload content;
    struct sp_slice part;
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

static ssize_t on_piece(void *ctx, uint64_t at, char *to, size_t room)
{
    const struct download *download = ctx;
    size_t len = sp_slice_copy(sp_slice_sub(download->part, (size_t)at, room), to, room);
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
    *download =
        (struct download){.downloads = downloads, .owner = place, .content = reply->content};
    download->part = sp_slice_sub(download->content.bytes, (size_t)reply->from, (size_t)reply->len);
    reply->content = SP_PAYLOAD_EMPTY;
    *place = (struct sp_download_owner){.owner = owner,
                                        .count = place->count + 1,
                                        .bytes = (place->count > 0 ? place->bytes : 0) +
                                                 download->content.bytes.len};
    downloads->bytes += download->content.bytes.len;
    struct MHD_Response *response = MHD_create_response_from_callback(
        download->part.len, PIECE_BYTES, on_piece, download, on_done);
    if (response == NULL) {
        on_done(download);
    }
    return response;
}
