#include "front/rewrite.h"

#include <stdlib.h>

#include "api/named.h"
#include "base/own.h"

/* admit answers it to whoever it knows, by itself and without an entry: nothing happened. */
#define WHO_ASKS           "/.sallyport/usage"

#define ENVIRONMENT_BYTES  ((size_t)64)
/* An answer stands in its new words twice, once within a text. */
#define ANSWER_TIMES       8U
#define ANSWER_BYTES_SPARE ((size_t)64 * 1024)

static enum sp_err replace(char **text, struct sp_slice with)
{
    SP_AUTO_FREE char *copy = sp_slice_dup(with);
    if (copy == NULL) {
        return SP_ERR_NOMEM;
    }
    free(*text);
    *text = sp_take_ptr(copy);
    return SP_OK;
}

/* A run that is named in its body: from now on it is as if its target did. */
static enum sp_err take_name(const struct sp_rewrite_words *words)
{
    SP_AUTO_BUF struct sp_buf target;
    sp_buf_init(&target, SP_MSG_TARGET_MAX + SP_PAYLOAD_INLINE_MAX * 3);
    if (!words->is_body_here || words->body->fd >= 0) {
        return SP_OK;
    }
    SP_TRY(sp_named_target(sp_slice_of(*words->method), sp_slice_of(*words->target),
                           sp_buf_slice(&words->body->memory), &target));
    return target.len > 0 ? replace(words->target, sp_buf_slice(&target)) : SP_OK;
}

static enum sp_err set_body(struct sp_body *body, struct sp_slice with)
{
    sp_body_done(body);
    SP_TRY(sp_body_init(body, with.len));
    return sp_body_put(body, with, SP_PAYLOAD_INLINE_MAX);
}

static enum sp_err take_message(struct sp_rewrite *rewrite, const struct sp_rewrite_words *words)
{
    struct sp_mcp *mcp = &rewrite->mcp;
    if (!sp_slice_is(sp_slice_of(*words->method), "POST")) {
        return SP_ERR_METHOD;
    }
    if (!words->is_body_here || words->body->fd >= 0) {
        return SP_ERR_TOO_BIG;
    }
    rewrite->is_mcp = true;
    SP_TRY(sp_mcp_read(sp_buf_slice(&words->body->memory), SP_PAYLOAD_INLINE_MAX, mcp));
    if (mcp->kind == SP_MCP_RUN) {
        SP_TRY(set_body(words->body, sp_buf_slice(&mcp->body)));
        return replace(words->target, sp_buf_slice(&mcp->target));
    }
    sp_body_done(words->body);
    words->body->len = 0;
    SP_TRY(replace(words->method, SP_SLICE_LITERAL("GET")));
    return replace(words->target, SP_SLICE_LITERAL(WHO_ASKS));
}

enum sp_err sp_rewrite_request(struct sp_rewrite *rewrite, const struct sp_rewrite_words *words)
{
    return sp_mcp_is_target(sp_slice_of(*words->target)) ? take_message(rewrite, words)
                                                         : take_name(words);
}

void sp_rewrite_done(struct sp_rewrite *rewrite)
{
    if (rewrite->is_mcp) {
        sp_mcp_done(&rewrite->mcp);
    }
    rewrite->is_mcp = false;
}

/* Nobody else's in this house, and in no other but by the same microsecond and number; it is the tenant's own anyway. */
static enum sp_err put_launched(const struct sp_mcp *mcp, sp_exchange exchange, uint64_t wall_us,
                                struct sp_buf *out)
{
    SP_AUTO_BUF struct sp_buf environment;
    sp_buf_init(&environment, ENVIRONMENT_BYTES);
    SP_TRY(sp_buf_putf(&environment, "env-%016llx-%llx", (unsigned long long)wall_us,
                       (unsigned long long)exchange));
    return sp_mcp_put_launched(mcp, sp_buf_slice(&environment), out);
}

static enum sp_err put_answer(const struct sp_mcp *mcp, sp_exchange exchange, uint64_t wall_us,
                              const struct sp_reply *reply, struct sp_buf *out)
{
    switch (mcp->kind) {
    case SP_MCP_TOLD:
        return sp_buf_put(out, sp_buf_slice(&mcp->told));
    case SP_MCP_NOTE:
        return SP_OK;
    case SP_MCP_LAUNCH:
        return put_launched(mcp, exchange, wall_us, out);
    case SP_MCP_RUN:
        return sp_mcp_put_ran(mcp, reply->status, sp_buf_slice(&reply->body), out);
    }
    return SP_ERR_INVALID;
}

enum sp_err sp_rewrite_reply(const struct sp_rewrite *rewrite, sp_exchange exchange,
                             uint64_t wall_us, struct sp_reply *reply)
{
    SP_AUTO_BUF struct sp_buf answer;
    sp_buf_init(&answer, reply->body.len * ANSWER_TIMES + ANSWER_BYTES_SPARE);
    const bool is_run = rewrite->is_mcp && rewrite->mcp.kind == SP_MCP_RUN;
    /* Who may not ask at all is told by HTTP; what a run comes to is for whoever asked. */
    if (!rewrite->is_mcp || reply->status == 401 || (reply->status >= 300 && !is_run)) {
        return SP_OK;
    }
    SP_TRY(put_answer(&rewrite->mcp, exchange, wall_us, reply, &answer));
    reply->status = rewrite->mcp.kind == SP_MCP_NOTE ? 202 : 200;
    sp_buf_done(&reply->body);
    reply->body = answer;
    sp_buf_init(&answer, 0);
    return SP_OK;
}
