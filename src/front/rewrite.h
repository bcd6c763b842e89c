/*
 * rewrite - requests that say in their body what all others say in their target, turned into such others; and their answers back.
 *
 * Runs in: front.   Input: hostile.   Allocates: the request in its new words, bounded by the old.
 * Only of bodies that are here before admit is asked: those of at most SP_PAYLOAD_INLINE_MAX. From here on no room sees
 * a difference; what a message of MCP runs is inspected as the execution that it becomes.
 */
#ifndef SP_FRONT_REWRITE_H
#define SP_FRONT_REWRITE_H

#include "api/mcp.h"
#include "front/body.h"
#include "front/reply.h"

struct sp_rewrite {
    bool is_mcp;
    struct sp_mcp mcp;
};

/* The words of a request: heap texts that are replaced as needed. */
struct sp_rewrite_words {
    char **method;
    char **target;
    struct sp_body *body;
    bool is_body_here;
};

/* SP_ERR_METHOD and SP_ERR_TOO_BIG of what is for MCP but cannot be; SP_ERR_NOMEM. */
enum sp_err sp_rewrite_request(struct sp_rewrite *rewrite, const struct sp_rewrite_words *words)
    SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_rewrite_done(struct sp_rewrite *rewrite) SP_NONNULL(1);

/* Puts the answer into the words of the request. On failure the reply is as it was. */
enum sp_err sp_rewrite_reply(const struct sp_rewrite *rewrite, sp_exchange exchange,
                             uint64_t wall_us, struct sp_reply *reply)
    SP_MUST_CHECK SP_NONNULL(1, 4);

#endif
