/*
 * msg_exchange - the fields of the messages that carry one request and its answer through the rooms.
 *
 * Runs in: every room.   Allocates: never.   Only msg.h includes this.
 */
#ifndef SP_WIRE_MSG_EXCHANGE_H
#define SP_WIRE_MSG_EXCHANGE_H

#define SP_DIGEST_BYTES      ((size_t)32)

/* Limits of texts on wires, in bytes. */
#define SP_MSG_NAME_MAX      ((size_t)64)
#define SP_MSG_DETAIL_MAX    ((size_t)512)
#define SP_MSG_TARGET_MAX    ((size_t)8192)
#define SP_MSG_FIELD_MAX     ((size_t)16384) /* one header value: Entra tokens of several KiB happen */
#define SP_MSG_SESSION_MAX   ((size_t)128)
#define SP_MSG_FINDINGS_MAX  ((size_t)16384)
#define SP_MSG_MODULES_MAX   ((size_t)4096)
#define SP_MSG_REPORT_MAX    ((size_t)2048)
#define SP_MSG_NAMES_MAX     ((size_t)32768)
#define SP_MSG_ARGUMENTS_MAX ((size_t)65536)

/*
 * Field kinds: U8 U16 U32 U64 (max unused), ID (exchange), ERR (enum sp_err), TEXT (valid UTF-8 without NUL, at most max
 * bytes), BYTES (at most max bytes), DIGEST (32 bytes), PAYLOAD (at most two in a message).
 */

/* door -> front: a guarded byte stream; the descriptor is one end of a stream socketpair. */
#define SP_MSG_STREAM_FIELDS(F)                                                                    \
    F(U64, connection, 0)                                                                          \
    F(TEXT, source, SP_MSG_NAME_MAX)                                                               \
    F(U16, port, 0)                                                                                \
    F(U8, is_tls, 0)                                                                               \
    F(BYTES, certificate,                                                                          \
      SP_DIGEST_BYTES) /* SHA-256 of the verified client certificate (DER); empty: none */         \
    F(TEXT, subject,                                                                               \
      SP_MSG_REPORT_MAX) /* its names, a line each: the subject as RFC 4514 writes it, alternative ones */

/* front -> admit: a request head as it came; admit alone reads what the values mean. */
#define SP_MSG_ASK_FIELDS(F)                                                                       \
    F(ID, exchange, 0)                                                                             \
    F(TEXT, source, SP_MSG_NAME_MAX)                                                               \
    F(BYTES, method, SP_MSG_NAME_MAX)                                                              \
    F(BYTES, target, SP_MSG_TARGET_MAX)                                                            \
    F(BYTES, authorization, SP_MSG_FIELD_MAX)                                                      \
    F(BYTES, api_key, SP_MSG_FIELD_MAX)                                                            \
    F(BYTES, operation_id, SP_MSG_SESSION_MAX)                                                     \
    F(BYTES, idempotency_key, SP_MSG_SESSION_MAX)                                                  \
    F(U8, has_idempotency_key, 0)                                                                  \
    F(U8, is_stream, 0) /* the client takes text/event-stream */                                   \
    F(BYTES, traceparent, SP_MSG_SESSION_MAX)                                                      \
    F(U8, has_body, 0) /* 2: one of no bytes; 0: no length was told, so there is none */           \
    F(U8, is_tls, 0)                                                                               \
    F(BYTES, certificate, SP_DIGEST_BYTES) /* of the connection, as STREAM gave it */              \
    F(TEXT, subject, SP_MSG_REPORT_MAX)                                                            \
    F(U64, body_bytes, 0) /* UINT64_MAX: chunked, not known */                                     \
    F(U8, is_ready, 0)    /* the body is here, whole (a small one, or none): no GRANT, no READY */

/* admit -> front: read the body, at most this much. */
#define SP_MSG_GRANT_FIELDS(F)                                                                     \
    F(ID, exchange, 0)                                                                             \
    F(U64, body_bytes_max, 0)

/* admit -> front: a stranger is refused (an authenticated tenant's refusal goes by audit). */
#define SP_MSG_REFUSE_FIELDS(F)                                                                    \
    F(ID, exchange, 0)                                                                             \
    F(ERR, err, 0)                                                                                 \
    F(U32, retry_after_ms, 0)                                                                      \
    F(TEXT, detail, SP_MSG_DETAIL_MAX)

/* front -> admit: the body is here, whole. */
#define SP_MSG_READY_FIELDS(F)                                                                     \
    F(ID, exchange, 0)                                                                             \
    F(U64, body_bytes, 0)

/* front -> admit: no body will come (SP_ERR_CLOSED: the client left; SP_ERR_TOO_BIG; SP_ERR_TIMEOUT). */
#define SP_MSG_LEFT_FIELDS(F)                                                                      \
    F(ID, exchange, 0)                                                                             \
    F(ERR, why, 0)

/* admit -> front: hand the body to this inspect worker. */
#define SP_MSG_SEND_FIELDS(F)                                                                        \
    F(ID, exchange, 0)                                                                               \
    F(U16, worker, 0)                                                                                \
    F(U8, operation, 0)                                                                              \
    F(DIGEST, policy, 0)                                                                             \
    F(BYTES, names,                                                                                  \
      SP_MSG_NAMES_MAX) /* of a list of sessions: blocks, by turns a pool's name and the tenant's */ \
    F(BYTES, modules,                                                                                \
      SP_MSG_MODULES_MAX) /* of the session, by uploads that were approved: blocks of text */        \
    F(U32, next_skip, 0)  /* where the next page begins; 0: there is none */

/* front -> inspect: judge this body under this policy; no name of anybody. */
#define SP_MSG_JOB_FIELDS(F)                                                                       \
    F(ID, exchange, 0)                                                                             \
    F(U8, operation, 0)                                                                            \
    F(DIGEST, policy, 0)                                                                           \
    F(BYTES, modules, SP_MSG_MODULES_MAX)     /* as in SEND */                                     \
    F(BYTES, arguments, SP_MSG_ARGUMENTS_MAX) /* api/arguments.h */                                \
    F(PAYLOAD, body, 0)

/* admit -> audit: who asks for what, under which policy, at which worker. */
#define SP_MSG_WHO_FIELDS(F)                                                                       \
    F(ID, exchange, 0)                                                                             \
    F(TEXT, tenant, SP_MSG_NAME_MAX)                                                               \
    F(TEXT, principal, SP_MSG_NAME_MAX)                                                            \
    F(TEXT, source, SP_MSG_NAME_MAX)                                                               \
    F(U8, operation, 0)                                                                            \
    F(TEXT, session, SP_MSG_SESSION_MAX)        /* the keyed hash that the pool will see */        \
    F(TEXT, session_in_log, SP_MSG_SESSION_MAX) /* its name in the log; empty: the same */         \
    F(U64, template_key, 0) /* of the tenant, for an embedded pool; keyed as the session is */     \
    F(TEXT, policy_name, SP_MSG_NAME_MAX)                                                          \
    F(DIGEST, policy, 0)                                                                           \
    F(U16, worker, 0)                                                                              \
    F(TEXT, traceparent, SP_MSG_SESSION_MAX)                                                       \
    F(TEXT, execution, SP_MSG_SESSION_MAX) /* the id of a run */                                   \
    F(U8, is_denial_result, 0)             /* a denied run is answered as a result */              \
    F(U8, has_key, 0)                      /* it is to run once only: */                           \
    F(DIGEST, key, 0)                      /* whose, under which idempotency key */                \
    F(DIGEST, target, 0)                   /* in which session */                                  \
    F(U8, is_stream, 0)                    /* what the run prints is told as it comes */           \
    F(U32, run_ms_max, 0)                  /* of a run: so much time is reserved for it */         \
    SP_MSG_LIMIT_FIELDS(F)                 /* the requests that are left, for the answer */

/* admit -> audit: so much time is reserved for this run now, of which JUDGED said that it wants more than WHO gave. */
#define SP_MSG_TIME_FIELDS(F)                                                                      \
    F(ID, exchange, 0)                                                                             \
    F(U32, run_ms_max, 0)

/* admit -> audit: an authenticated request is refused; record it, then answer front. */
#define SP_MSG_REFUSAL_FIELDS(F)                                                                   \
    F(ID, exchange, 0)                                                                             \
    F(TEXT, tenant, SP_MSG_NAME_MAX)                                                               \
    F(TEXT, principal, SP_MSG_NAME_MAX)                                                            \
    F(TEXT, source, SP_MSG_NAME_MAX)                                                               \
    F(U8, operation, 0)                                                                            \
    F(TEXT, session, SP_MSG_SESSION_MAX)                                                           \
    F(TEXT, session_in_log, SP_MSG_SESSION_MAX) /* as in WHO */                                    \
    F(ERR, err, 0)                                                                                 \
    F(U32, retry_after_ms, 0)                                                                      \
    SP_MSG_LIMIT_FIELDS(F)                                                                         \
    F(TEXT, detail, SP_MSG_DETAIL_MAX)

/* admit -> audit: refusals of strangers, folded by kind. */
#define SP_MSG_STRANGERS_FIELDS(F)                                                                 \
    F(U64, from_us, 0)                                                                             \
    F(U64, to_us, 0)                                                                               \
    F(ERR, err, 0)                                                                                 \
    F(U32, count, 0)                                                                               \
    F(U32, sources, 0)                                                                             \
    F(TEXT, source, SP_MSG_NAME_MAX) /* the latest one */

#endif
