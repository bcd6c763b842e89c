/*
 * msg - every message between processes: one list of fields each, from which struct, writer and reader are made.
 *
 * Runs in: every process.   Input: hostile (any sender may be taken over).   Allocates: never on reading.
 * Fields are encoded one by one, big-endian; a struct is never copied to a wire. A read message borrows from the
 * sp_message that it came in; payloads are released with sp_payload_done by the handler.
 * Who may send what to whom stands in each role's table of handlers (process/), an absent row is a refusal.
 */
#ifndef SP_WIRE_MSG_H
#define SP_WIRE_MSG_H

#include "wire/channel.h"
#include "wire/exchange.h"
#include "wire/payload.h"

#define SP_DIGEST_BYTES ((size_t)32)

/* Limits of texts on wires, in bytes. */
#define SP_MSG_NAME_MAX      ((size_t)64)
#define SP_MSG_DETAIL_MAX    ((size_t)512)
#define SP_MSG_TARGET_MAX    ((size_t)8192)
#define SP_MSG_FIELD_MAX     ((size_t)16384) /* one header value: Entra tokens of several KiB happen */
#define SP_MSG_SESSION_MAX   ((size_t)128)
#define SP_MSG_FINDINGS_MAX  ((size_t)16384)
#define SP_MSG_MODULES_MAX   ((size_t)4096)
#define SP_MSG_REPORT_MAX    ((size_t)2048)

/*
 * Field kinds: U8 U16 U32 U64 (max unused), ID (exchange), ERR (enum sp_err), TEXT (valid UTF-8 without NUL, at most max
 * bytes), BYTES (at most max bytes), DIGEST (32 bytes), PAYLOAD (at most one in a message).
 */

/* door -> front: a guarded byte stream; the descriptor is one end of a stream socketpair. */
#define SP_MSG_STREAM_FIELDS(F)             \
    F(U64, connection, 0)                   \
    F(TEXT, source, SP_MSG_NAME_MAX)        \
    F(U16, port, 0)                         \
    F(U8, is_tls, 0)

/* front -> admit: a request head as it came; admit alone reads what the values mean. */
#define SP_MSG_ASK_FIELDS(F)                      \
    F(ID, exchange, 0)                            \
    F(TEXT, source, SP_MSG_NAME_MAX)              \
    F(BYTES, method, SP_MSG_NAME_MAX)             \
    F(BYTES, target, SP_MSG_TARGET_MAX)           \
    F(BYTES, authorization, SP_MSG_FIELD_MAX)     \
    F(BYTES, api_key, SP_MSG_FIELD_MAX)           \
    F(BYTES, operation_id, SP_MSG_SESSION_MAX)    \
    F(BYTES, traceparent, SP_MSG_SESSION_MAX)     \
    F(U8, has_body, 0)                            \
    F(U64, body_bytes, 0) /* UINT64_MAX: chunked, not known */

/* admit -> front: read the body, at most this much. */
#define SP_MSG_GRANT_FIELDS(F)  \
    F(ID, exchange, 0)          \
    F(U64, body_bytes_max, 0)

/* admit -> front: a stranger is refused (an authenticated tenant's refusal goes by audit). */
#define SP_MSG_REFUSE_FIELDS(F)              \
    F(ID, exchange, 0)                       \
    F(ERR, err, 0)                           \
    F(U32, retry_after_ms, 0)                \
    F(TEXT, detail, SP_MSG_DETAIL_MAX)

/* front -> admit: the body is here, whole. */
#define SP_MSG_READY_FIELDS(F)  \
    F(ID, exchange, 0)          \
    F(U64, body_bytes, 0)

/* front -> admit: no body will come (SP_ERR_CLOSED: the client left; SP_ERR_TOO_BIG; SP_ERR_TIMEOUT). */
#define SP_MSG_LEFT_FIELDS(F)  \
    F(ID, exchange, 0)         \
    F(ERR, why, 0)

/* admit -> front: hand the body to this inspect worker. */
#define SP_MSG_SEND_FIELDS(F)  \
    F(ID, exchange, 0)         \
    F(U16, worker, 0)          \
    F(U8, operation, 0)        \
    F(DIGEST, policy, 0)

/* front -> inspect: judge this body under this policy; no name of anybody. */
#define SP_MSG_JOB_FIELDS(F)  \
    F(ID, exchange, 0)        \
    F(U8, operation, 0)       \
    F(DIGEST, policy, 0)      \
    F(PAYLOAD, body, 0)

/* admit -> audit: who asks for what, under which policy, at which worker. */
#define SP_MSG_WHO_FIELDS(F)                    \
    F(ID, exchange, 0)                          \
    F(TEXT, tenant, SP_MSG_NAME_MAX)            \
    F(TEXT, principal, SP_MSG_NAME_MAX)         \
    F(TEXT, source, SP_MSG_NAME_MAX)            \
    F(U8, operation, 0)                         \
    F(TEXT, session, SP_MSG_SESSION_MAX) /* the keyed hash that the pool will see */ \
    F(TEXT, policy_name, SP_MSG_NAME_MAX)       \
    F(DIGEST, policy, 0)                        \
    F(U16, worker, 0)                           \
    F(TEXT, traceparent, SP_MSG_SESSION_MAX)

/* admit -> audit: an authenticated request is refused; record it, then answer front. */
#define SP_MSG_REFUSAL_FIELDS(F)                \
    F(ID, exchange, 0)                          \
    F(TEXT, tenant, SP_MSG_NAME_MAX)            \
    F(TEXT, principal, SP_MSG_NAME_MAX)         \
    F(TEXT, source, SP_MSG_NAME_MAX)            \
    F(U8, operation, 0)                         \
    F(TEXT, session, SP_MSG_SESSION_MAX)        \
    F(ERR, err, 0)                              \
    F(U32, retry_after_ms, 0)                   \
    F(TEXT, detail, SP_MSG_DETAIL_MAX)

/* admit -> audit: refusals of strangers, folded by kind. */
#define SP_MSG_STRANGERS_FIELDS(F)              \
    F(U64, from_us, 0)                          \
    F(U64, to_us, 0)                            \
    F(ERR, err, 0)                              \
    F(U32, count, 0)                            \
    F(U32, sources, 0)                          \
    F(TEXT, source, SP_MSG_NAME_MAX) /* the latest one */

/* inspect -> audit: what was submitted, what the policy says of it, and the order built from it. */
#define SP_MSG_VERDICT_FIELDS(F)                \
    F(ID, exchange, 0)                          \
    F(U8, verdict, 0) /* enum sp_verdict: 0 is deny */ \
    F(ERR, err, 0) /* SP_OK, SP_ERR_DENIED, or what is wrong with the body */ \
    F(TEXT, detail, SP_MSG_DETAIL_MAX)          \
    F(DIGEST, policy, 0)                        \
    F(U64, body_bytes, 0)                       \
    F(U64, code_bytes, 0)                       \
    F(DIGEST, code, 0) /* SHA-256 of the code; zeros when there is none */ \
    F(U32, finding_count, 0)                    \
    F(BYTES, findings, SP_MSG_FINDINGS_MAX) /* wire/finding.h */ \
    F(U32, module_count, 0)                     \
    F(BYTES, modules, SP_MSG_MODULES_MAX) /* blocks of text: the first ones */ \
    F(BYTES, capabilities, SP_MSG_DETAIL_MAX) /* blocks of text */ \
    F(U32, run_ms_max, 0) /* the time that the order gives the run; 0: the longest there is */ \
    F(DIGEST, order_digest, 0)                  \
    F(PAYLOAD, order, 0) /* api/order.h */

/* audit -> relay: run this; its intent is durable. */
#define SP_MSG_RUN_FIELDS(F)                    \
    F(ID, exchange, 0)                          \
    F(U64, entry, 0)                            \
    F(U8, operation, 0)                         \
    F(TEXT, session, SP_MSG_SESSION_MAX)        \
    F(TEXT, traceparent, SP_MSG_SESSION_MAX)    \
    F(PAYLOAD, order, 0)

/* relay -> audit: how it ended. */
#define SP_MSG_OUTCOME_FIELDS(F)                \
    F(ID, exchange, 0)                          \
    F(U8, state, 0) /* enum sp_end: 0 is unknown */ \
    F(ERR, err, 0)                              \
    F(U32, retry_after_ms, 0)                   \
    F(TEXT, detail, SP_MSG_DETAIL_MAX)          \
    F(U16, attempts, 0)                         \
    F(U16, pool_status, 0) /* the pool's HTTP status, 0 when there was no answer */ \
    F(TEXT, run_status, SP_MSG_NAME_MAX)        \
    F(U64, relay_us, 0)                         \
    F(U64, run_ms, 0) /* as the pool reports it */ \
    F(U64, stdout_bytes, 0)                     \
    F(U64, stderr_bytes, 0)                     \
    F(U64, result_bytes, 0)                     \
    F(DIGEST, answer_digest, 0)                 \
    F(PAYLOAD, answer, 0) /* api/result.h */

/* audit -> front: the answer, after its record. */
#define SP_MSG_ANSWER_FIELDS(F)                 \
    F(ID, exchange, 0)                          \
    F(U64, entry, 0)                            \
    F(U8, has_entry, 0)                         \
    F(ERR, err, 0)                              \
    F(U32, retry_after_ms, 0)                   \
    F(TEXT, detail, SP_MSG_DETAIL_MAX)          \
    F(BYTES, findings, SP_MSG_FINDINGS_MAX)     \
    F(PAYLOAD, answer, 0)

/* audit -> admit: the worker gave its verdict and is free. */
#define SP_MSG_JUDGED_FIELDS(F)  \
    F(ID, exchange, 0)           \
    F(U16, worker, 0)            \
    F(U32, run_ms_max, 0)

/* audit -> admit: the exchange is over; settle it. */
#define SP_MSG_ENDED_FIELDS(F)  \
    F(ID, exchange, 0)          \
    F(U8, state, 0)             \
    F(U64, run_ms, 0)

/* relay, token -> dial: a connected descriptor to configured target number `target`, please. */
#define SP_MSG_DIAL_FIELDS(F)  \
    F(U32, ticket, 0)          \
    F(U16, target, 0)

/* dial -> relay, token: here it is (one descriptor), or why not. */
#define SP_MSG_DIALLED_FIELDS(F)  \
    F(U32, ticket, 0)             \
    F(ERR, err, 0)                \
    F(TEXT, detail, SP_MSG_DETAIL_MAX)

/* token -> relay: the bearer of the moment, or why there is none. */
#define SP_MSG_BEARER_FIELDS(F)           \
    F(ERR, err, 0)                        \
    F(U64, expires_us, 0) /* wall clock; 0: not known */ \
    F(BYTES, value, SP_MSG_FIELD_MAX)

/* relay -> token: the pool answered 401 to this bearer. */
#define SP_MSG_BEARER_REFUSED_FIELDS(F)  \
    F(DIGEST, value_digest, 0)

/*
 * supervisor -> role, on the control channel: its settings (process/settings.h). Always the first message. uid and gid
 * are those to become (0: stay); given_up are bits of enum sp_layer (sandbox/confine.h).
 */
#define SP_MSG_SETTINGS_FIELDS(F)  \
    F(U32, incarnation, 0)         \
    F(U32, uid, 0)                 \
    F(U32, gid, 0)                 \
    F(U32, given_up, 0)            \
    F(U8, log_level, 0)            \
    F(PAYLOAD, settings, 0)

/* supervisor -> role: a descriptor for keeps (a listening socket, a directory); `what` is enum sp_gift. */
#define SP_MSG_GIFT_FIELDS(F)  \
    F(U8, what, 0)             \
    F(U16, index, 0)

/* supervisor -> role: all gifts are given; confine yourself and report with UP. */
#define SP_MSG_GO_FIELDS(F)  \
    F(U8, unused, 0)

/* supervisor -> role: one end of a wire to a peer, also in place of one that was lost. */
#define SP_MSG_WIRE_FIELDS(F)  \
    F(U8, role, 0)             \
    F(U16, index, 0)

/* supervisor -> role: finish what is in flight within this time, then exit. */
#define SP_MSG_STOP_FIELDS(F)  \
    F(U32, grace_ms, 0)

/* role -> supervisor: confined and ready; the report says which layers are in force. */
#define SP_MSG_UP_FIELDS(F)  \
    F(TEXT, report, SP_MSG_REPORT_MAX)

/* supervisor -> audit: a role came up, for the nth time, confined as it reports. */
#define SP_MSG_ROLE_UP_FIELDS(F)  \
    F(U8, role, 0)                \
    F(U16, index, 0)              \
    F(U32, incarnation, 0)        \
    F(TEXT, report, SP_MSG_REPORT_MAX)

/* role -> supervisor: this peer sent what it may not send, so the wire to it was closed. */
#define SP_MSG_BROKEN_FIELDS(F)  \
    F(U8, role, 0)               \
    F(U16, index, 0)             \
    F(ERR, err, 0)

/* nursery -> pool: a template has been started; the descriptor is the pool's end of its wire (wire/session_frame.h). */
#define SP_MSG_TEMPLATE_FIELDS(F)  \
    F(U32, incarnation, 0)

/* role -> supervisor: a line for the operator. */
#define SP_MSG_LOG_FIELDS(F)  \
    F(U8, level, 0)           \
    F(TEXT, line, SP_MSG_REPORT_MAX)

/* Every message: its constant, its name in C. The order is part of the encoding within one start only. */
#define SP_MSG_LIST(X)                      \
    X(STREAM, stream)                       \
    X(ASK, ask)                             \
    X(GRANT, grant)                         \
    X(REFUSE, refuse)                       \
    X(READY, ready)                         \
    X(LEFT, left)                           \
    X(SEND, send)                           \
    X(JOB, job)                             \
    X(WHO, who)                             \
    X(REFUSAL, refusal)                     \
    X(STRANGERS, strangers)                 \
    X(VERDICT, verdict)                     \
    X(RUN, run)                             \
    X(OUTCOME, outcome)                     \
    X(ANSWER, answer)                       \
    X(JUDGED, judged)                       \
    X(ENDED, ended)                         \
    X(DIAL, dial)                           \
    X(DIALLED, dialled)                     \
    X(BEARER, bearer)                       \
    X(BEARER_REFUSED, bearer_refused)       \
    X(SETTINGS, settings)                   \
    X(GIFT, gift)                           \
    X(GO, go)                               \
    X(WIRE, wire)                           \
    X(STOP, stop)                           \
    X(UP, up)                               \
    X(ROLE_UP, role_up)                     \
    X(LOG, log)                             \
    X(BROKEN, broken)                       \
    X(TEMPLATE, template)

enum sp_msg_type {
    SP_MSG_NONE,
#define SP_MSG_AS_ENUM(type, name) SP_MSG_##type,
    SP_MSG_LIST(SP_MSG_AS_ENUM)
#undef SP_MSG_AS_ENUM
    SP_MSG_COUNT
};

#include "wire/msg_make.h"

/* The structs: struct sp_msg_stream, struct sp_msg_ask, ... */
#define SP_MSG_AS_STRUCT(type, name) \
    struct sp_msg_##name {           \
        SP_MSG_##type##_FIELDS(SP_MSG_DECLARE) \
    };
SP_MSG_LIST(SP_MSG_AS_STRUCT)
#undef SP_MSG_AS_STRUCT

/*
 * For each: sp_msg_NAME_write puts the fields; sp_msg_NAME_read reads a whole body (nothing may be left over) and takes
 * the payload's descriptor from `message`; sp_msg_NAME_send writes and sends, a payload's memfd beside it.
 */
#define SP_MSG_AS_PROTOTYPES(type, name)                                                                     \
    void sp_msg_##name##_write(struct sp_writer *w, const struct sp_msg_##name *msg) SP_NONNULL(1, 2);        \
    enum sp_err sp_msg_##name##_read(struct sp_message *message, struct sp_msg_##name *out) SP_MUST_CHECK     \
        SP_NONNULL(1, 2);                                                                                    \
    enum sp_err sp_msg_##name##_send(struct sp_channel *channel, const struct sp_msg_##name *msg) SP_MUST_CHECK \
        SP_NONNULL(1, 2);
SP_MSG_LIST(SP_MSG_AS_PROTOTYPES)
#undef SP_MSG_AS_PROTOTYPES

/* "ask" for SP_MSG_ASK; "unknown" for a number that is none. */
const char *sp_msg_name(unsigned type);

#endif
