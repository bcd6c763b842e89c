/*
 * upstream - an order as a pool's HTTP request, and the pool's HTTP answer as a result or a reason.
 *
 * Runs in: relay, and the client commands.   Input: hostile (the pool's answer).   Allocates: through buffers, bounded.
 * Built from the order and the configuration alone: nothing of the caller's bytes or headers.
 */
#ifndef SP_API_UPSTREAM_H
#define SP_API_UPSTREAM_H

#include "api/order.h"
#include "api/result.h"
#include "api/route.h"
#include "base/where.h"

#define SP_UPSTREAM_ANSWER_BYTES_MAX ((size_t)32 * 1024 * 1024)
#define SP_UPSTREAM_TARGET_BYTES_MAX ((size_t)16 * 1024)

/* How to speak to one pool. Slices are borrowed for its life. */
struct sp_upstream {
    enum sp_family family;     /* OLD or NEW, by the version */
    struct sp_slice base_path; /* of the endpoint, without a `/` at its end; empty for none */
    struct sp_slice api_version;
    bool
        has_run_options; /* this version knows outputStreamsMaxLength, useEmptyKernel and the like */
    bool is_embedded;    /* our own pool: its error codes mean exactly what ours mean */
};

/* Fills in family and version; an empty version means the newest, which alone tells numbers from their texts. */
enum sp_err sp_upstream_init(struct sp_upstream *u, struct sp_slice base_path,
                             struct sp_slice api_version, bool is_embedded)
    SP_MUST_CHECK SP_NONNULL(1);

/* Appends path and query of a request for this session, escaped. */
enum sp_err sp_upstream_target(const struct sp_upstream *u, enum sp_operation operation,
                               struct sp_slice session, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 4);

/* The same of the question what became of a run that the pool goes on with. SP_ERR_NOT_IMPLEMENTED in the old family. */
enum sp_err sp_upstream_poll_target(const struct sp_upstream *u, struct sp_slice id,
                                    struct sp_slice session, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 4);

/* Appends the JSON body of an order. */
enum sp_err sp_upstream_body(const struct sp_upstream *u, const struct sp_order *order,
                             struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* What an answer says about the run. Zero is the safe reading. */
enum sp_upstream_end { SP_UPSTREAM_UNKNOWN, SP_UPSTREAM_NOT_STARTED, SP_UPSTREAM_DONE };

struct sp_json;
struct sp_json_value;

/* Owns the document and the texts that `result` is lent from. Zeroed is empty. */
struct sp_upstream_answer {
    enum sp_upstream_end end;
    enum sp_err err; /* SP_OK exactly when `end` is DONE */
    struct sp_where
        reason; /* text for the client and the log; the pool's own words are quoted, cut and cleaned */
    struct sp_result result; /* with DONE */
    struct sp_slice
        running_id; /* with UNKNOWN: the pool goes on with it, and can be asked by this id; else empty */
    struct sp_json *doc;
    struct sp_buf value;
    struct sp_buf outputs;
    const struct sp_json_value
        *witness; /* what an embedded pool says that the run did; lent from `doc`, may be NULL */
};

/* Reads a whole answer; fails only for want of memory. What cannot be understood is an UNKNOWN end in `out`. */
enum sp_err sp_upstream_read(const struct sp_upstream *u, unsigned http_status,
                             struct sp_slice body, struct sp_upstream_answer *out)
    SP_MUST_CHECK SP_NONNULL(1, 4);
void sp_upstream_answer_done(struct sp_upstream_answer *answer) SP_NONNULL(1);
#define SP_AUTO_UPSTREAM_ANSWER SP_CLEANUP(sp_upstream_answer_done)

#endif
