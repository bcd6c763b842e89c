/*
 * msg_house - the fields of the messages that keep the house: connections, the bearer, settings, wires, lines for the log.
 *
 * Runs in: every process.   Allocates: never.   Only msg.h includes this.
 */
#ifndef SP_WIRE_MSG_HOUSE_H
#define SP_WIRE_MSG_HOUSE_H

/* relay, token -> dial: a connected descriptor to configured target number `target`, please. */
#define SP_MSG_DIAL_FIELDS(F)                                                                      \
    F(U32, ticket, 0)                                                                              \
    F(U16, target, 0)

/* dial -> relay, token: here it is (one descriptor), or why not. */
#define SP_MSG_DIALLED_FIELDS(F)                                                                   \
    F(U32, ticket, 0)                                                                              \
    F(ERR, err, 0)                                                                                 \
    F(TEXT, detail, SP_MSG_DETAIL_MAX)

/* token -> relay: the bearer of the moment, or why there is none. */
#define SP_MSG_BEARER_FIELDS(F)                                                                    \
    F(ERR, err, 0)                                                                                 \
    F(U64, expires_us, 0) /* wall clock; 0: not known */                                           \
    F(BYTES, value, SP_MSG_FIELD_MAX)

/* token -> cli: ask the Azure CLI for a token. */
#define SP_MSG_CLI_ASK_FIELDS(F) F(U32, number, 0)

/* cli -> token: what it printed, or why there is nothing. */
#define SP_MSG_CLI_TOLD_FIELDS(F)                                                                  \
    F(U32, number, 0)                                                                              \
    F(ERR, err, 0)                                                                                 \
    F(TEXT, detail, SP_MSG_DETAIL_MAX)                                                             \
    F(BYTES, answer, SP_MSG_FIELD_MAX)

/* relay -> token: the pool answered 401 to this bearer. BEARER answers it, once it is known which one there is. */
#define SP_MSG_BEARER_REFUSED_FIELDS(F) F(DIGEST, value_digest, 0)

/* admit -> front: the answer to what admit alone knows: JSON of the tenant's own, no entry in the log. */
#define SP_MSG_TELL_FIELDS(F)                                                                      \
    F(ID, exchange, 0)                                                                             \
    F(PAYLOAD, json, 0)

/*
 * supervisor (a file), token (fetched) -> admit: the keys of the issuer of this name in the configuration, as a JWKS
 * document, and the URL that they come from (empty: a file). It replaces the earlier ones whole; one that cannot be used,
 * or is of a place where that issuer's keys do not come from, leaves them as they are.
 */
#define SP_MSG_KEYS_FIELDS(F)                                                                      \
    F(TEXT, issuer, SP_MSG_NAME_MAX)                                                               \
    F(TEXT, url, SP_MSG_DETAIL_MAX)                                                                \
    F(PAYLOAD, jwks, 0)

/* admit -> token: somebody came with a key of this issuer that is not among its keys. */
#define SP_MSG_KEYS_WANTED_FIELDS(F) F(TEXT, issuer, SP_MSG_NAME_MAX)

/* admit -> audit: this token was issued or revoked, change number `change` of the token store. */
#define SP_MSG_TOKEN_EVENT_FIELDS(F)                                                               \
    F(U64, change, 0)                                                                              \
    F(U8, is_revoked, 0)                                                                           \
    F(TEXT, id, SP_MSG_NAME_MAX)                                                                   \
    F(TEXT, tenant, SP_MSG_NAME_MAX)                                                               \
    F(TEXT, scopes, SP_MSG_SESSION_MAX) /* names with blanks between */                            \
    F(U64, at_us, 0)                    /* wall clock */                                           \
    F(U64, expires_us, 0)               /* 0: never */

/* audit -> admit: the entry of that change is durable. */
#define SP_MSG_TOKEN_TOLD_FIELDS(F) F(U64, change, 0)

/*
 * supervisor -> role, on the control channel: its settings (process/settings.h). Always the first message. uid and gid
 * are those to become (0: stay); given_up are bits of enum sp_layer (sandbox/confine.h).
 */
#define SP_MSG_SETTINGS_FIELDS(F)                                                                  \
    F(U32, incarnation, 0)                                                                         \
    F(U32, uid, 0)                                                                                 \
    F(U32, gid, 0)                                                                                 \
    F(U32, given_up, 0)                                                                            \
    F(U8, log_level, 0)                                                                            \
    F(PAYLOAD, settings, 0)

/* supervisor -> role: its settings anew (process/settings.h), whole; generation numbers the configurations of one start. */
#define SP_MSG_RELOAD_FIELDS(F)                                                                    \
    F(U32, generation, 0)                                                                          \
    F(PAYLOAD, settings, 0)

/* role -> supervisor: these settings are in force, or why they are not and the old ones still are. */
#define SP_MSG_RELOADED_FIELDS(F)                                                                  \
    F(U32, generation, 0)                                                                          \
    F(ERR, err, 0)

/* supervisor -> audit: entries from `from` on, which is the oldest there is, up to `first` are older than they are to be kept. */
#define SP_MSG_RETIRE_FIELDS(F)                                                                    \
    F(U64, from, 0)                                                                                \
    F(U64, first, 0)

/* audit -> supervisor: that the entries before `first` are dropped is on record; never more than was asked for. */
#define SP_MSG_RETIRED_FIELDS(F) F(U64, first, 0)

/* supervisor -> role: a descriptor for keeps (a listening socket, a directory); `what` is enum sp_gift. */
#define SP_MSG_GIFT_FIELDS(F)                                                                      \
    F(U8, what, 0)                                                                                 \
    F(U16, index, 0)

/* supervisor -> role: all gifts are given; confine yourself and report with UP. */
#define SP_MSG_GO_FIELDS(F) F(U8, unused, 0)

/* supervisor -> role: one end of a wire to a peer, also in place of one that was lost. */
#define SP_MSG_WIRE_FIELDS(F)                                                                      \
    F(U8, role, 0)                                                                                 \
    F(U16, index, 0)

/* supervisor -> role: finish what is in flight within this time, then exit. */
#define SP_MSG_STOP_FIELDS(F) F(U32, grace_ms, 0)

/* role -> supervisor: confined and ready; the report says which layers are in force. */
#define SP_MSG_UP_FIELDS(F)   F(TEXT, report, SP_MSG_REPORT_MAX)

/* supervisor -> audit: a role came up, for the nth time, confined as it reports. */
#define SP_MSG_ROLE_UP_FIELDS(F)                                                                   \
    F(U8, role, 0)                                                                                 \
    F(U16, index, 0)                                                                               \
    F(U32, incarnation, 0)                                                                         \
    F(TEXT, report, SP_MSG_REPORT_MAX)

/* role -> supervisor: this peer sent what it may not send, so the wire to it was closed. */
#define SP_MSG_BROKEN_FIELDS(F)                                                                    \
    F(U8, role, 0)                                                                                 \
    F(U16, index, 0)                                                                               \
    F(ERR, err, 0)

/* nursery -> pool: a template has been started; the descriptor is the pool's end of its wire (wire/session_frame.h). */
#define SP_MSG_TEMPLATE_FIELDS(F) F(U32, incarnation, 0)

/* role -> supervisor: a line for the operator. */
#define SP_MSG_LOG_FIELDS(F)                                                                       \
    F(U8, level, 0)                                                                                \
    F(TEXT, line, SP_MSG_REPORT_MAX)

#endif
