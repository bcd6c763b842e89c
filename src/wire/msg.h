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
#include "wire/limit.h"
#include "wire/msg_exchange.h"
#include "wire/msg_house.h"
#include "wire/msg_log.h"
#include "wire/msg_run.h"
#include "wire/payload.h"

/* Every message: its constant, its name in C. The order is part of the encoding within one start only. */
#define SP_MSG_LIST(X)                                                                             \
    X(STREAM, stream)                                                                              \
    X(ASK, ask)                                                                                    \
    X(GRANT, grant)                                                                                \
    X(REFUSE, refuse)                                                                              \
    X(READY, ready)                                                                                \
    X(LEFT, left)                                                                                  \
    X(SEND, send)                                                                                  \
    X(JOB, job)                                                                                    \
    X(WHO, who)                                                                                    \
    X(REFUSAL, refusal)                                                                            \
    X(STRANGERS, strangers)                                                                        \
    X(VERDICT, verdict)                                                                            \
    X(RUN, run)                                                                                    \
    X(OUTCOME, outcome)                                                                            \
    X(ANSWER, answer)                                                                              \
    X(JUDGED, judged)                                                                              \
    X(ENDED, ended)                                                                                \
    X(TIME, time)                                                                                  \
    X(STILL, still)                                                                                \
    X(DIAL, dial)                                                                                  \
    X(DIALLED, dialled)                                                                            \
    X(CLI_ASK, cli_ask)                                                                            \
    X(CLI_TOLD, cli_told)                                                                          \
    X(BEARER, bearer)                                                                              \
    X(BEARER_REFUSED, bearer_refused)                                                              \
    X(SETTINGS, settings)                                                                          \
    X(GIFT, gift)                                                                                  \
    X(GO, go)                                                                                      \
    X(WIRE, wire)                                                                                  \
    X(STOP, stop)                                                                                  \
    X(UP, up)                                                                                      \
    X(ROLE_UP, role_up)                                                                            \
    X(LOG, log)                                                                                    \
    X(BROKEN, broken)                                                                              \
    X(TEMPLATE, template)                                                                          \
    X(KEYS, keys)                                                                                  \
    X(KEYS_WANTED, keys_wanted)                                                                    \
    X(TOKEN_EVENT, token_event)                                                                    \
    X(TOKEN_TOLD, token_told)                                                                      \
    X(TELL, tell)                                                                                  \
    X(RELOAD, reload)                                                                              \
    X(RELOADED, reloaded)                                                                          \
    X(PART, part)                                                                                  \
    X(READ_ASK, read_ask)                                                                          \
    X(READ, read)                                                                                  \
    X(PAGE, page)                                                                                  \
    X(MALFORMED, malformed)                                                                        \
    X(GAP, gap)                                                                                    \
    X(RETIRE, retire)                                                                              \
    X(RETIRED, retired)

enum sp_msg_type {
    SP_MSG_NONE,
#define SP_MSG_AS_ENUM(type, name) SP_MSG_##type,
    SP_MSG_LIST(SP_MSG_AS_ENUM)
#undef SP_MSG_AS_ENUM
        SP_MSG_COUNT
};

#include "wire/msg_make.h"

/* The structs: struct sp_msg_stream, struct sp_msg_ask, ... */
#define SP_MSG_AS_STRUCT(type, name)                                                               \
    struct sp_msg_##name {                                                                         \
        SP_MSG_##type##_FIELDS(SP_MSG_DECLARE)                                                     \
    };
SP_MSG_LIST(SP_MSG_AS_STRUCT)
#undef SP_MSG_AS_STRUCT

/*
 * For each: sp_msg_NAME_write puts the fields; sp_msg_NAME_read reads a whole body (nothing may be left over; SP_ERR_WIRE,
 * or SP_ERR_NOMEM of our own) and takes the payload's descriptor from `message`; sp_msg_NAME_send writes and sends, a payload's memfd beside it.
 */
#define SP_MSG_AS_PROTOTYPES(type, name)                                                           \
    void sp_msg_##name##_write(struct sp_writer *w, const struct sp_msg_##name *msg)               \
        SP_NONNULL(1, 2);                                                                          \
    enum sp_err sp_msg_##name##_read(struct sp_message *message, struct sp_msg_##name *out)        \
        SP_MUST_CHECK SP_NONNULL(1, 2);                                                            \
    enum sp_err sp_msg_##name##_send(struct sp_channel *channel, const struct sp_msg_##name *msg)  \
        SP_MUST_CHECK SP_NONNULL(1, 2);
SP_MSG_LIST(SP_MSG_AS_PROTOTYPES)
#undef SP_MSG_AS_PROTOTYPES

/* "ask" for SP_MSG_ASK; "unknown" for a number that is none. */
const char *sp_msg_name(unsigned type);

#endif
