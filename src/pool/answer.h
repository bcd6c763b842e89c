/*
 * answer - the JSON bodies that the pool answers with.
 *
 * Runs in: pool.   Input: hostile (what sessions said).   Allocates: through the caller's buffer.
 */
#ifndef SP_POOL_ANSWER_H
#define SP_POOL_ANSWER_H

#include "pool/run.h"

#define SP_POOL_ANSWER_BYTES_MAX ((size_t)64 * 1024 * 1024)

/* What the outside may know of a session. Times are microseconds of the wall clock. */
struct sp_pool_about {
    struct sp_slice identifier;
    uint64_t etag;
    uint64_t created_us;
    uint64_t used_us;
    uint64_t expires_us;
};

/* The answer to an execution, whatever its end was. */
enum sp_err sp_pool_answer_run(const struct sp_pool_run *run, struct sp_slice identifier,
                               struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 3);

enum sp_err sp_pool_answer_session(const struct sp_pool_about *about, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

enum sp_err sp_pool_answer_sessions(const struct sp_pool_about *list, size_t count,
                                    struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(3);

/* Runtime, packages ("name version" lines, the first is Python) and the walls (bits) in force. */
enum sp_err sp_pool_answer_metadata(struct sp_slice packages, uint64_t walls, uint64_t started_us,
                                    struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(4);

/* {"error":{"code","message"}}; an empty detail gives the error's own text. */
enum sp_err sp_pool_answer_error(enum sp_err why, struct sp_slice detail, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(3);

#endif
