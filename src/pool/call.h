/*
 * call - one HTTP request to the pool, read: which operation, on which session, with what.
 *
 * Runs in: pool.   Input: what relay built, read as hostile all the same.   Allocates: through buffers, bounded.
 * Only the newest family of the data plane is spoken; relay translates the others.
 */
#ifndef SP_POOL_CALL_H
#define SP_POOL_CALL_H

#include "api/request.h"
#include "base/buf.h"
#include "base/where.h"

#define SP_POOL_BODY_BYTES_MAX   ((size_t)24 * 1024 * 1024)
#define SP_POOL_UPLOAD_BYTES_MAX ((uint64_t)128 * 1024 * 1024)

enum sp_pool_operation {
    SP_POOL_EXECUTE,
    SP_POOL_EXECUTION_GET,
    SP_POOL_SESSION_GET,
    SP_POOL_SESSION_DELETE,
    SP_POOL_SESSION_LIST,
    SP_POOL_METADATA,
    SP_POOL_FILE_UPLOAD, /* its body is read as it comes, not here */
    SP_POOL_FILE_LIST,
    SP_POOL_FILE_GET,
    SP_POOL_FILE_CONTENT,
    SP_POOL_FILE_DELETE,
};

/* Owns what the slices are lent from. Zeroed is empty. */
struct sp_pool_call {
    enum sp_pool_operation operation;
    struct sp_buf identifier;
    struct sp_buf path; /* of a file or directory, beneath /mnt/data */
    bool is_recursive;
    uint32_t skip;
    uint64_t execution;        /* its id */
    struct sp_request request; /* of an execution */
};

/* SP_ERR_NOT_FOUND, SP_ERR_METHOD, SP_ERR_IDENTIFIER, SP_ERR_FILE_NAME, and what sp_request_read says. */
enum sp_err sp_pool_call_read(struct sp_slice method, struct sp_slice target, struct sp_slice body,
                              struct sp_pool_call *out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(4, 5);
void sp_pool_call_done(struct sp_pool_call *call) SP_NONNULL(1);
#define SP_AUTO_POOL_CALL SP_CLEANUP(sp_pool_call_done)

/* Whether the body of this request is a file, to be read as it comes. */
bool sp_pool_call_is_upload(struct sp_slice method, struct sp_slice target);

#endif
