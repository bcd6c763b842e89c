/*
 * answer - the JSON bodies that the pool answers with.
 *
 * Runs in: pool.   Input: hostile (what sessions said).   Allocates: through the caller's buffer.
 */
#ifndef SP_POOL_ANSWER_H
#define SP_POOL_ANSWER_H

#include "pool/run.h"

#define SP_POOL_ANSWER_BYTES_MAX ((size_t)64 * 1024 * 1024)

/* A file or directory of a session. */
struct sp_pool_file {
    struct sp_slice path; /* relative to /mnt/data */
    enum sp_file_type type;
    uint64_t size;
    uint64_t wall_us; /* of its last change */
};

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

/* One output as an object of media types: the items of the group that begins with this one. */
enum sp_err sp_pool_answer_output(const struct sp_pool_run *run, unsigned first, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 3);

/* The answer while a run waits (is_running false) or is on. */
enum sp_err sp_pool_answer_pending(const struct sp_pool_run *run, struct sp_slice identifier,
                                   bool is_running, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 4);

enum sp_err sp_pool_answer_session(const struct sp_pool_about *about, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* A page of the list; `next_skip` is where the next one begins, 0 when there is none. */
enum sp_err sp_pool_answer_sessions(const struct sp_pool_about *list, size_t count,
                                    uint32_t next_skip, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(4);

/* Runtime, packages ("name version" lines, the first is Python) and the walls (bits) in force. */
enum sp_err sp_pool_answer_metadata(struct sp_slice packages, uint64_t walls, uint64_t started_us,
                                    struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(4);

enum sp_err sp_pool_answer_file(const struct sp_pool_file *file, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* `entries` as sp_file_entry_write makes them, in any order; the answer is sorted by path. SP_ERR_WIRE for other bytes. */
enum sp_err sp_pool_answer_files(struct sp_slice entries, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(2);

/* {"error":{"code","message"}}; an empty detail gives the error's own text. */
enum sp_err sp_pool_answer_error(enum sp_err why, struct sp_slice detail, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(3);

#endif
