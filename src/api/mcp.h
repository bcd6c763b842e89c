/*
 * mcp - a message of the Model Context Protocol as a request of the data plane, and the data plane's answer as its answer.
 *
 * Runs in: front.   Input: hostile.   Allocates: through its buffers, bounded by the message or the answer.
 * What Azure's session pools offer at `/mcp`: JSON-RPC 2.0 by POST, and three tools. A tool that runs something becomes the
 * execution that it is, and goes through all rooms like any other; the rest is answered as soon as admit knows the caller.
 */
#ifndef SP_API_MCP_H
#define SP_API_MCP_H

#include "base/buf.h"

/* What a run is asked as. */
#define SP_MCP_TARGET_BYTES_MAX ((size_t)1024)

enum sp_mcp_kind {
    SP_MCP_TOLD,   /* `told` is the whole answer */
    SP_MCP_NOTE,   /* nothing is answered */
    SP_MCP_LAUNCH, /* the answer names a new environment; nothing is made for it yet */
    SP_MCP_RUN,    /* `target` and `body` are a run */
};

struct sp_mcp {
    enum sp_mcp_kind kind;
    struct sp_buf id; /* of the message, as JSON */
    struct sp_buf told;
    struct sp_buf target;
    struct sp_buf body;
    struct sp_buf environment;
};

/* Whether the path of a target ends in `mcp`, and that is not the name of a pool. */
bool sp_mcp_is_target(struct sp_slice target);

/* Reads a message of at most `bytes_max`. What is wrong with it is told in JSON-RPC's words; SP_ERR_NOMEM, SP_ERR_TOO_BIG. */
enum sp_err sp_mcp_read(struct sp_slice message, size_t bytes_max, struct sp_mcp *out)
    SP_MUST_CHECK SP_NONNULL(3);
void sp_mcp_done(struct sp_mcp *mcp) SP_NONNULL(1);
#define SP_AUTO_MCP SP_CLEANUP(sp_mcp_done)

/* Appends the answer of LAUNCH; of RUN, made from the data plane's answer of 2025-10-02-preview, good or not. */
enum sp_err sp_mcp_put_launched(const struct sp_mcp *mcp, struct sp_slice environment,
                                struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 3);
enum sp_err sp_mcp_put_ran(const struct sp_mcp *mcp, unsigned status, struct sp_slice answer,
                           struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 4);

#endif
