/*
 * msg_log - the fields of the messages around the log: reading it over the service, what the door counted, what was not shipped.
 *
 * Runs in: door, admit, audit, reader, ship, front.   Allocates: never.   Only msg.h includes this.
 */
#ifndef SP_WIRE_MSG_LOG_H
#define SP_WIRE_MSG_LOG_H

#define SP_MSG_QUERY_MAX ((size_t)4096)

/* admit -> audit: somebody wants to read the log; record it, then let reader answer. */
#define SP_MSG_READ_ASK_FIELDS(F)                                                                  \
    F(ID, exchange, 0)                                                                             \
    F(TEXT, tenant, SP_MSG_NAME_MAX)                                                               \
    F(TEXT, principal, SP_MSG_NAME_MAX)                                                            \
    F(TEXT, source, SP_MSG_NAME_MAX)                                                               \
    F(U8, is_all, 0)                  /* entries of every tenant, not only of this one */          \
    F(BYTES, what, SP_MSG_DETAIL_MAX) /* the path behind /.sallyport/audit/ */                     \
    F(BYTES, query, SP_MSG_QUERY_MAX) /* as it came */                                             \
    SP_MSG_LIMIT_FIELDS(F)

/* audit -> reader: the entry of this reading is durable; answer front. */
#define SP_MSG_READ_FIELDS(F)                                                                      \
    F(ID, exchange, 0)                                                                             \
    F(U64, entry, 0)                                                                               \
    F(TEXT, tenant, SP_MSG_NAME_MAX)                                                               \
    F(U8, is_all, 0)                                                                               \
    F(BYTES, what, SP_MSG_DETAIL_MAX)                                                              \
    F(BYTES, query, SP_MSG_QUERY_MAX)                                                              \
    SP_MSG_LIMIT_FIELDS(F)

/* reader -> front: a part of the log, or why not; `kind` is enum sp_page_kind. */
#define SP_MSG_PAGE_FIELDS(F)                                                                      \
    F(ID, exchange, 0)                                                                             \
    F(U64, entry, 0)                                                                               \
    F(ERR, err, 0)                                                                                 \
    F(TEXT, detail, SP_MSG_DETAIL_MAX)                                                             \
    F(U8, kind, 0)                                                                                 \
    SP_MSG_LIMIT_FIELDS(F)                                                                         \
    F(PAYLOAD, body, 0)

enum sp_page_kind { SP_PAGE_JSON, SP_PAGE_TEXT, SP_PAGE_BYTES, SP_PAGE_COUNT };

/* door -> audit: requests that broke a rule of HTTP, folded by rule. */
#define SP_MSG_MALFORMED_FIELDS(F)                                                                 \
    F(U64, from_us, 0)                                                                             \
    F(U64, to_us, 0)                                                                               \
    F(ERR, err, 0)                                                                                 \
    F(TEXT, rule, SP_MSG_SESSION_MAX)                                                              \
    F(U32, count, 0)                                                                               \
    F(U32, sources, 0)                                                                             \
    F(TEXT, source, SP_MSG_NAME_MAX) /* the latest one */

/* ship -> audit: these entries did not reach that collector, and will not. */
#define SP_MSG_GAP_FIELDS(F)                                                                       \
    F(TEXT, to, SP_MSG_DETAIL_MAX)                                                                 \
    F(U64, first, 0)                                                                               \
    F(U64, count, 0)                                                                               \
    F(TEXT, reason, SP_MSG_SESSION_MAX)

#endif
