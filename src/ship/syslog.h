/*
 * syslog - one message of RFC 5424, and how it is told from the next one in a stream.
 *
 * Runs in: ship.   Input: entries of the log (anybody's words, escaped as JSON).   Allocates: through the caller's buffer.
 * Facility 13 (log audit), no structured data, the message as JSON: what a collector needs to know stands in there.
 */
#ifndef SP_SHIP_SYSLOG_H
#define SP_SHIP_SYSLOG_H

#include "base/buf.h"

enum sp_syslog_severity { SP_SYSLOG_WARNING = 4, SP_SYSLOG_NOTICE = 5, SP_SYSLOG_INFO = 6 };

#define SP_SYSLOG_HOST_MAX ((size_t)255)

/* Borrowed. `time` is RFC 3339 with at most six digits of a second; `host` "" when it is not known. */
struct sp_syslog {
    enum sp_syslog_severity severity;
    struct sp_slice time;
    struct sp_slice host;
    struct sp_slice kind; /* letters: what the message is about */
    struct sp_slice json;
};

/* How messages are put behind each other. */
enum sp_framing {
    SP_FRAMING_LINES,     /* the JSON alone and a line feed: files and pipes */
    SP_FRAMING_DATAGRAMS, /* each is one: RFC 5426 */
    SP_FRAMING_COUNTED    /* each behind its length in octets: RFC 5425, RFC 6587 */
};

/* Appends one message. Bytes of `host` and `kind` that do not belong there are left out. */
enum sp_err sp_syslog_put(const struct sp_syslog *message, enum sp_framing framing,
                          struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1, 3);

#endif
