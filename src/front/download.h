/*
 * download - files on their way to clients: sent piece by piece, bounded for each tenant and in all.
 *
 * Runs in: front.   Input: files of anyone.   Allocates: a small object each; the bytes are a sealed memfd's.
 */
#ifndef SP_FRONT_DOWNLOAD_H
#define SP_FRONT_DOWNLOAD_H

#include <microhttpd.h>

#include "front/reply.h"

#define SP_DOWNLOAD_BYTES_MAX ((uint64_t)1024 * 1024 * 1024) /* all together */
#define SP_DOWNLOAD_OWNER_MAX                                                                      \
    ((uint64_t)256 * 1024 * 1024) /* of one tenant, but for a single larger file */
#define SP_DOWNLOAD_OWNERS 256U   /* tenants that download at the same time */

struct sp_downloads {
    uint64_t bytes;
    struct sp_download_owner {
        uint32_t owner;
        uint32_t count; /* 0: a free place */
        uint64_t bytes;
    } owners[SP_DOWNLOAD_OWNERS];
};

/* Whether there is room for this file: SP_ERR_BUSY when its owner has too much on the way, SP_ERR_UNAVAILABLE when all have. */
enum sp_err sp_download_room(const struct sp_downloads *downloads, uint32_t owner, uint64_t bytes)
    SP_MUST_CHECK SP_NONNULL(1);

/* The answer, into which the reply's content moves; counted until the library is done with it. NULL without memory. */
struct MHD_Response *sp_download_response(struct sp_downloads *downloads, struct sp_reply *reply,
                                          uint32_t owner) SP_MUST_CHECK SP_NONNULL(1, 2);

/* A file as the text of {"content": base64}: how long it is, and up to `room` bytes of it from `at` on. */
uint64_t sp_download_enclosed_len(size_t bytes);
size_t sp_download_enclosed_piece(struct sp_slice bytes, uint64_t at, char *to, size_t room)
    SP_NONNULL(3);

#endif
