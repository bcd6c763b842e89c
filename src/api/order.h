/*
 * order - the canonical request: built by inspect from what it inspected, hashed by audit, carried out by relay.
 *
 * Runs in: inspect (writes), audit (hashes the bytes), relay (reads).   Input: hostile on reading.   Allocates: never.
 * Equal orders have equal bytes, so that the digest names the request. The file of an upload stands beside the order,
 * which names it by its digest.
 */
#ifndef SP_API_ORDER_H
#define SP_API_ORDER_H

#include "api/route.h"
#include "api/spot.h"
#include "base/reader.h"
#include "base/writer.h"

#define SP_ORDER_CODE_BYTES_MAX     ((size_t)64 * 1024 * 1024)
#define SP_ORDER_SESSIONS_BYTES_MAX ((size_t)16384)
#define SP_ORDER_CODE_AT                                                                           \
    ((size_t)18) /* where the code of an execution begins; it goes on to the end */
#define SP_ORDER_DIGEST_BYTES ((size_t)32)
#define SP_ORDER_ID_BYTES_MAX ((size_t)128)
#define SP_ORDER_CAPABILITIES 9U /* how many there are; inspect asserts it */

struct sp_order {
    enum sp_operation operation;
    /* of an execution */
    uint32_t timeout_s;
    bool is_async;
    bool is_shell;        /* the code runs a command, and its value is the exit status */
    bool is_empty_kernel; /* in the kernel that has imported nothing, where a pool has one */
    bool is_jupyter;      /* its value, if it is plain, comes as Python shows it */
    uint32_t output_max;  /* of each stream; 0: as much as the pool keeps */
    struct sp_slice code; /* borrowed; valid UTF-8 without NUL */
    uint16_t
        denied; /* capabilities (bits of wire/session_act.h) that an embedded pool refuses at run time */
    bool may_own_code; /* it may import and execute what a run wrote itself */
    /* of all else */
    struct sp_spot spot;      /* of a file, or a directory to list */
    bool is_recursive;        /* of a list of files */
    struct sp_slice id;       /* of an execution that is asked after */
    struct sp_slice sessions; /* of a list of sessions: their names, as blocks */
    struct sp_slice file;     /* of an upload: the digest of its bytes */
    bool is_code;             /* of an upload: Python that was judged, and may be imported */
};

void sp_order_write(struct sp_writer *w, const struct sp_order *order) SP_NONNULL(1, 2);

/* Reads a whole order; `out` borrows from `in`. SP_ERR_WIRE for anything that sp_order_write does not write. */
enum sp_err sp_order_read(struct sp_slice in, struct sp_order *out) SP_MUST_CHECK SP_NONNULL(2);

#endif
