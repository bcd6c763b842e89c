/*
 * request - the JSON body of an execution, as any client of any family sends it.
 *
 * Runs in: inspect, pool.   Input: hostile.   Allocates: in proportion to the body, at most its bound.
 * The enveloped body (`properties`) and the flat one are taken on every path. Unknown members are passed over; two
 * readings of one body are refused.
 */
#ifndef SP_API_REQUEST_H
#define SP_API_REQUEST_H

#include "base/buf.h"
#include "base/where.h"

#define SP_REQUEST_TIMEOUT_S_MIN     1U
#define SP_REQUEST_TIMEOUT_S_MAX     220U
#define SP_REQUEST_TIMEOUT_S_DEFAULT 60U

struct sp_json;

/* Owns what `code` is lent from. Zeroed is empty. */
struct sp_request {
    struct sp_slice code; /* valid UTF-8 without NUL */
    uint32_t timeout_s;
    uint32_t output_max;  /* outputStreamsMaxLength; 0 when it was not given */
    bool is_async;        /* executionType Asynchronous */
    bool is_empty_kernel; /* useEmptyKernel */
    bool is_jupyter; /* returnJupyterFormatExecutionResult: plain values as Python shows them */
    bool is_shell;   /* shellCommand or execCommandAndArgs: `code` runs it (api/shell.h) */
    struct sp_json *doc;
    struct sp_buf decoded;
};

/*
 * Reads a body of at most `bytes_max`. SP_ERR_JSON for what strict JSON refuses (broken syntax, equal keys, invalid
 * UTF-8, bytes behind the value, too deep), SP_ERR_NUL for the character NUL, SP_ERR_REQUEST for the wrong shape,
 * SP_ERR_TOO_BIG, SP_ERR_NOMEM. `out_where` (may be NULL) gives line, column and a text that names the member.
 */
enum sp_err sp_request_read(struct sp_slice body, size_t bytes_max, struct sp_request *out,
                            struct sp_where *out_where) SP_MUST_CHECK SP_NONNULL(3);

/* Whether a body of this Content-Type is read as JSON: what says so, says nothing, or what curl says when it is not told. */
bool sp_request_takes_type(struct sp_slice content_type);

void sp_request_done(struct sp_request *request) SP_NONNULL(1);
#define SP_AUTO_REQUEST SP_CLEANUP(sp_request_done)

#endif
