/*
 * guard - one client connection as the door sees it: hostile bytes in, checked bytes out, and when to end it.
 *
 * Runs in: door.   Input: hostile on both sides.   Allocates: bounded buffers, kept from request to request.
 * No descriptor, and no clock but the caller's: only the number of a refusal is taken from the wall clock. What comes
 * from the client is parsed strictly (codec/http1.h); a head goes to front whole, but for cookies and blanks behind values, and only
 * when it is good; a chunked body is chunked anew. One request is with front at a time; what stands behind it is held back until its answer is complete, so a
 * refusal of our own can never overtake or split an answer.
 */
#ifndef SP_DOOR_GUARD_H
#define SP_DOOR_GUARD_H

#include "codec/http1.h"

/* The most that one call may bring. */
#define SP_GUARD_READ_BYTES_MAX        ((size_t)64 * 1024)
/* The other side is told to wait while this much is undelivered. */
#define SP_GUARD_BACKLOG_BYTES_MAX     ((size_t)64 * 1024)
/* A body has to bring this much a second once its first body_ms are used up, and must end some time. */
#define SP_GUARD_BODY_BYTES_PER_SECOND ((uint64_t)4 * 1024)
#define SP_GUARD_BODY_MS_MAX           ((uint64_t)15 * 60 * 1000)
/* The last resort against a front that keeps a request; front's own is shorter. */
#define SP_GUARD_ANSWER_MS_MAX         ((uint64_t)330 * 1000)
/* A client that closed its half is asked after this time whether it is still there. */
#define SP_GUARD_PROBE_MS              ((uint64_t)1000)
/* Parameters in a query: front's library keeps each. */
#define SP_GUARD_PARAMETERS_MAX        100U
/* What Retry-After says when a request surely did not start. */
#define SP_GUARD_RETRY_S               1U

struct sp_guard_limits {
    uint64_t
        head_ms; /* from accept to the first byte, and from the first byte of a head to its last */
    uint64_t body_ms; /* see above; also how long a client may refuse to take its answer */
    uint64_t idle_ms; /* between requests */
};

/* What the connection is to become once `to_client` is delivered (SP_GUARD_DROP: now, undelivered or not). */
enum sp_guard_end { SP_GUARD_OPEN, SP_GUARD_LINGER, SP_GUARD_DROP };

/* The pump reads the fields marked `out`; the rest is for guard.c. */
struct sp_guard {
    struct sp_buf to_front;  /* out */
    struct sp_buf to_client; /* out */
    bool is_front_over; /* out: the present stream to front is to be closed; the pump clears it */
    enum sp_guard_end end; /* out */
    enum sp_err refused;   /* out: why our own answer was given, SP_OK while none was */
    const char *rule;      /* out: the broken rule, a fixed text; NULL */
    const struct sp_guard_limits *limits;
    struct sp_http1 request;
    struct sp_http1 answer;
    struct sp_buf request_head;
    struct sp_buf answer_head;
    struct sp_buf held;   /* bytes behind the present request */
    bool has_request;     /* a good head stands; its answer is not complete */
    bool is_request_done; /* all of its bytes were taken */
    bool is_answer_begun; /* a final answer's head is on its way to the client */
    bool is_head_method;  /* its method is HEAD: the answer has no body */
    bool is_last;         /* the connection ends with the present answer */
    bool is_draining;     /* the door closes: the present answer is the last */
    bool is_client_over;  /* the client sends no more */
    bool is_probed;
    bool has_had_byte;
    uint64_t since_ms; /* begin of the present phase */
    uint64_t tick_ms;
    uint64_t body_spent_ms; /* time that the client had for its body and could have used */
    uint64_t over_ms;       /* when the client closed its half */
    uint64_t stuck_ms;      /* since when the client takes nothing; 0 while nothing waits */
    uint64_t requests;      /* out: heads handed to front */
};

/* `limits` is borrowed for the guard's life. */
void sp_guard_init(struct sp_guard *g, const struct sp_guard_limits *limits, uint64_t now_ms)
    SP_NONNULL(1, 2);
void sp_guard_done(struct sp_guard *g) SP_NONNULL(1);

/* Whether more may be read from that side now. */
bool sp_guard_wants_client(const struct sp_guard *g) SP_NONNULL(1);
bool sp_guard_wants_front(const struct sp_guard *g) SP_NONNULL(1);

/* Bytes of the client, at most SP_GUARD_READ_BYTES_MAX and only while wanted; the end of its sending; its loss. */
void sp_guard_from_client(struct sp_guard *g, struct sp_slice bytes, uint64_t now_ms) SP_NONNULL(1);
void sp_guard_client_over(struct sp_guard *g, uint64_t now_ms) SP_NONNULL(1);
void sp_guard_client_left(struct sp_guard *g) SP_NONNULL(1);

/* Bytes of front, at most SP_GUARD_READ_BYTES_MAX; the loss of its stream, or of front itself. */
void sp_guard_from_front(struct sp_guard *g, struct sp_slice bytes, uint64_t now_ms) SP_NONNULL(1);
void sp_guard_front_gone(struct sp_guard *g, uint64_t now_ms) SP_NONNULL(1);

/* What the pump could write. sp_guard_front_deaf: the stream takes no more, but an answer may still come out of it. */
void sp_guard_front_wrote(struct sp_guard *g, size_t len) SP_NONNULL(1);
void sp_guard_client_wrote(struct sp_guard *g, size_t len, uint64_t now_ms) SP_NONNULL(1);
void sp_guard_front_deaf(struct sp_guard *g) SP_NONNULL(1);

/* Deadlines; called every few hundred milliseconds. */
void sp_guard_tick(struct sp_guard *g, uint64_t now_ms) SP_NONNULL(1);

/* No further request: an idle connection ends, a busy one after its answer. */
void sp_guard_drain(struct sp_guard *g) SP_NONNULL(1);

#endif
