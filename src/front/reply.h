/*
 * reply - the end of an exchange as an HTTP answer: status, fields, JSON body.
 *
 * Runs in: front.   Input: texts of anyone.   Allocates: the body, bounded by api/answer.h.
 * Pure: nothing of the HTTP library is seen here.
 */
#ifndef SP_FRONT_REPLY_H
#define SP_FRONT_REPLY_H

#include "base/buf.h"
#include "front/desk.h"

#define SP_REPLY_FIELDS_MAX 20U
#define SP_REPLY_VALUES_MAX ((size_t)2048)

/* What of the request the answer depends on. Borrowed. */
struct sp_reply_request {
    struct sp_slice method;
    struct sp_slice target;
    struct sp_slice operation_id; /* empty: the exchange names the run */
    struct sp_slice traceparent;
    struct sp_slice range; /* of a download; empty: the whole file */
    struct sp_slice if_range;
    bool has_if_range;     /* the range is meant for a file of this date only */
    struct sp_slice names; /* of a list of sessions: see api/answer_other.h */
    uint32_t next_skip;
};

struct sp_reply_field {
    const char *name;
    size_t value_at; /* in `values`, NUL-terminated */
};

struct sp_reply {
    unsigned status;
    struct sp_buf body;
    struct sp_buf values;
    unsigned field_count;
    struct sp_reply_field fields[SP_REPLY_FIELDS_MAX];
    struct sp_payload content; /* of a download: the body is its part from `from` on, `len` bytes */
    uint32_t owner;            /* whose that is */
    bool has_content;
    bool is_enclosed; /* the content is sent as base64 in JSON */
    uint64_t from;
    uint64_t len;
};

/* Makes the answer; one that cannot be made (memory, a result that does not read) becomes an error's answer. */
void sp_reply_init(struct sp_reply *reply, const struct sp_reply_request *request,
                   const struct sp_desk_answer *answer) SP_NONNULL(1, 2, 3);

/* The head of an answer that grows; and a whole answer as the event that ends one (with its own head, when nothing grew). */
enum sp_err sp_reply_init_live(struct sp_reply *reply, sp_exchange exchange)
    SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_reply_to_event(struct sp_reply *reply, const struct sp_desk_answer *answer)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* The value of field `index`, for as long as the reply lives. */
const char *sp_reply_value(const struct sp_reply *reply, unsigned index) SP_NONNULL(1);

/* Appends the whole answer as HTTP/1.1 bytes that end the connection. */
enum sp_err sp_reply_put_raw(const struct sp_reply *reply, const char *phrase, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

void sp_reply_done(struct sp_reply *reply) SP_NONNULL(1);

#endif
