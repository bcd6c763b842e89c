/*
 * msg_run - the fields of the messages from the verdict on: what may run, how it ended, what the client is told.
 *
 * Runs in: inspect, audit, relay, front, admit.   Allocates: never.   Only msg.h includes this.
 */
#ifndef SP_WIRE_MSG_RUN_H
#define SP_WIRE_MSG_RUN_H

/* What a part is: text of a stream, or something shown. */
enum sp_part { SP_PART_STDOUT, SP_PART_STDERR, SP_PART_OUTPUT, SP_PART_COUNT };

/* inspect -> audit: what was submitted, what the policy says of it, and the order built from it. */
#define SP_MSG_VERDICT_FIELDS(F)                                                                   \
    F(ID, exchange, 0)                                                                             \
    F(U8, verdict, 0) /* enum sp_verdict: 0 is deny */                                             \
    F(ERR, err, 0)    /* SP_OK, SP_ERR_DENIED, or what is wrong with the body */                   \
    F(TEXT, detail, SP_MSG_DETAIL_MAX)                                                             \
    F(DIGEST, policy, 0)                                                                           \
    F(U64, body_bytes, 0)                                                                          \
    F(U64, code_bytes, 0)                                                                          \
    F(DIGEST, code, 0) /* SHA-256 of the code; zeros when there is none */                         \
    F(U32, finding_count, 0)                                                                       \
    F(BYTES, findings, SP_MSG_FINDINGS_MAX) /* wire/finding.h */                                   \
    F(U32, module_count, 0)                                                                        \
    F(BYTES, modules, SP_MSG_MODULES_MAX) /* blocks of text: the first ones */                     \
    F(TEXT, own_module,                                                                            \
      SP_MSG_NAME_MAX) /* what the file that is put, or deleted, is called as a module */          \
    F(BYTES, capabilities, SP_MSG_DETAIL_MAX) /* blocks of text */                                 \
    F(U32, run_ms_max, 0) /* the time that the order gives the run; 0: the longest there is */     \
    F(U8, is_async, 0)    /* the client does not wait for the run */                               \
    F(DIGEST, order_digest, 0)                                                                     \
    F(PAYLOAD, order, 0) /* api/order.h */                                                         \
    F(U64, content_at,                                                                             \
      0) /* of an upload: where the file's `code_bytes` bytes, digested as `code`, stand in ... */ \
    F(PAYLOAD, content, 0) /* ... the body, as it came */

/* audit -> relay: run this; its intent is durable. */
#define SP_MSG_RUN_FIELDS(F)                                                                       \
    F(ID, exchange, 0)                                                                             \
    F(U64, entry, 0)                                                                               \
    F(U8, operation, 0)                                                                            \
    F(TEXT, session, SP_MSG_SESSION_MAX)                                                           \
    F(U64, template_key, 0) /* as in WHO */                                                        \
    F(TEXT, traceparent, SP_MSG_SESSION_MAX)                                                       \
    F(TEXT, execution, SP_MSG_SESSION_MAX)                                                         \
    F(U8, is_async, 0)                                                                             \
    F(U32, owner,                                                                                  \
      0) /* of an asynchronous one: a number for its tenant, whose results are bounded by it */    \
    F(U8, is_stream, 0)                                                                            \
    F(U32, run_ms_max, 0) /* no more time is reserved: an order that gives more is refused */      \
    F(PAYLOAD, order, 0)                                                                           \
    F(U64, content_at, 0)                                                                          \
    F(U64, content_bytes, 0)                                                                       \
    F(PAYLOAD, content, 0)

/* relay -> audit: how it ended. */
#define SP_MSG_OUTCOME_FIELDS(F)                                                                              \
    F(ID, exchange, 0)                                                                                        \
    F(U8, state, 0) /* enum sp_end: 0 is unknown */                                                           \
    F(ERR, err, 0)                                                                                            \
    F(U32, retry_after_ms, 0)                                                                                 \
    F(TEXT, detail, SP_MSG_DETAIL_MAX)                                                                        \
    F(U16, attempts, 0)                                                                                       \
    F(U16, pool_status, 0) /* the pool's HTTP status, 0 when there was no answer */                           \
    F(TEXT, run_status, SP_MSG_NAME_MAX)                                                                      \
    F(U64, relay_us, 0)                                                                                       \
    F(U64, run_ms, 0) /* as the pool reports it */                                                            \
    F(U64, stdout_bytes, 0)                                                                                   \
    F(U64, stderr_bytes, 0)                                                                                   \
    F(U64, result_bytes, 0)                                                                                   \
    F(DIGEST, stdout_digest, 0) /* SHA-256 of these three; zeros for one that is empty */                     \
    F(DIGEST, stderr_digest, 0)                                                                               \
    F(DIGEST, result_digest, 0)                                                                               \
    F(BYTES, runtime,                                                                                         \
      SP_MSG_DETAIL_MAX) /* what the run did, by capability: blocks of text, each a name, a blank, a count */ \
    F(TEXT, pool, SP_MSG_SESSION_MAX) /* which one */                                                         \
    F(DIGEST, answer_digest, 0)                                                                               \
    F(PAYLOAD, answer, 0)  /* api/result.h, api/product.h */                                                  \
    F(PAYLOAD, content, 0) /* of a download */

/* relay -> audit -> front: what a run says while it goes on; some of it may be left out, the answer has all. */
#define SP_MSG_PART_FIELDS(F)                                                                      \
    F(ID, exchange, 0)                                                                             \
    F(U8, what, 0)      /* enum sp_part */                                                         \
    F(U32, lost, 0)     /* so many parts before this one were left out */                          \
    F(PAYLOAD, data, 0) /* UTF-8 text of a stream; a JSON object of what is shown */

/* audit -> front: the answer, after its record. */
#define SP_MSG_ANSWER_FIELDS(F)                                                                    \
    F(ID, exchange, 0)                                                                             \
    F(U64, entry, 0)                                                                               \
    F(U8, has_entry, 0)                                                                            \
    F(ERR, err, 0)                                                                                 \
    F(U32, retry_after_ms, 0)                                                                      \
    SP_MSG_LIMIT_FIELDS(F)                                                                         \
    F(TEXT, detail, SP_MSG_DETAIL_MAX)                                                             \
    F(BYTES, findings, SP_MSG_FINDINGS_MAX)                                                        \
    F(U8, is_async, 0) /* the run goes on; there is no result yet */                               \
    F(U8, is_denial_result, 0)                                                                     \
    F(U32, owner, 0)    /* of a download: a number for its tenant, which front bounds by */        \
    F(U8, is_replay, 0) /* of an earlier request under the same key */                             \
    F(U64, relay_us, 0)                                                                            \
    F(TEXT, execution, SP_MSG_SESSION_MAX)                                                         \
    F(TEXT, session, SP_MSG_SESSION_MAX)                                                           \
    F(PAYLOAD, answer, 0)                                                                          \
    F(PAYLOAD, content, 0)

/* audit -> admit: the worker gave its verdict and is free. */
#define SP_MSG_JUDGED_FIELDS(F)                                                                    \
    F(ID, exchange, 0)                                                                             \
    F(U16, worker, 0)                                                                              \
    F(U32, run_ms_max, 0)                                                                          \
    F(TEXT, module, SP_MSG_NAME_MAX) /* of an approved file: the module that it is */              \
    F(U64, code_bytes, 0)

/*
 * audit -> admit, one after the other when admit is new: a run that began before it and may go on for so long (exchange 0:
 * no word of its end will come); then the last, which names none and says whether no run was left out.
 */
#define SP_MSG_STILL_FIELDS(F)                                                                     \
    F(ID, exchange, 0)                                                                             \
    F(TEXT, tenant, SP_MSG_NAME_MAX)                                                               \
    F(TEXT, principal, SP_MSG_NAME_MAX)                                                            \
    F(U32, left_ms, 0)                                                                             \
    F(U8, is_last, 0)                                                                              \
    F(U8, is_whole, 0)

/* audit -> admit: the exchange is over; settle it. */
#define SP_MSG_ENDED_FIELDS(F)                                                                     \
    F(ID, exchange, 0)                                                                             \
    F(U8, state, 0)                                                                                \
    F(U16, pool_status, 0) /* the pool's HTTP status, 0 when there was no answer */                \
    F(U64, run_ms, 0)

#endif
