/*
 * answer - a result or an error as the JSON that the client of this path and version reads.
 *
 * Runs in: front, pool, door (errors).   Input: texts of anyone.   Allocates: through the caller's buffer.
 */
#ifndef SP_API_ANSWER_H
#define SP_API_ANSWER_H

#include "api/product.h"
#include "api/route.h"

/* Room for the largest result with its escapes; one of nothing but control characters is over it, and refused. */
#define SP_ANSWER_BYTES_MAX ((size_t)96 * 1024 * 1024)

/* The HTTP status of a finished run: 202 for 2024-10-02-preview's /executions, else 200. */
unsigned sp_answer_status(const struct sp_route *route) SP_NONNULL(1);

/* Appends the body of a finished run; `id` names the execution (new family). */
enum sp_err sp_answer_result(const struct sp_route *route, struct sp_slice id,
                             const struct sp_result *result, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 3, 4);

/* Appends what is known of an execution that nobody waited for: a result, that it runs, or why there is none. */
enum sp_err sp_answer_execution(const struct sp_route *route, struct sp_slice id,
                                const struct sp_execution *execution, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 3, 4);

/* One entry of `details`. Lines and columns count from 1; line 0 leaves the place out. */
struct sp_answer_detail {
    struct sp_slice code;
    struct sp_slice message;
    struct sp_slice target;
    struct sp_slice action; /* "deny", "warn"; empty leaves it out */
    uint32_t line;
    uint32_t column;
    uint32_t end_line;
    uint32_t end_column;
};

struct sp_answer_problem {
    enum sp_err err;
    struct sp_slice detail;   /* more about it; empty: the error's own text is the message */
    struct sp_slice trace_id; /* empty leaves it out */
    const struct sp_answer_detail *details;
    size_t detail_count;
};

/* Appends {"error":{"code","message","details","traceId"}}; the status is sp_err_http(problem->err). */
enum sp_err sp_answer_error(const struct sp_answer_problem *problem, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
