/*
 * http1 - where one HTTP/1.1 message ends and the next begins, exactly as RFC 9112 says and no other way.
 *
 * Runs in: door (requests and answers), pool (requests).   Input: hostile.
 * Allocates: nothing but the head, in the caller's buffer.
 * Refused although some servers take them: two lengths, a length beside a transfer coding, codings other than
 * `chunked`, folds, a space before the colon, bare CR, LF-only lines, NUL and control bytes, a missing or second Host, one
 * that names no host, targets in authority form. A target in absolute form is taken where Host says the same; what is
 * offered as target is the part behind the authority, which may lack its path there. Chunk extensions and trailers are
 * read strictly and not offered.
 */
#ifndef SP_CODEC_HTTP1_H
#define SP_CODEC_HTTP1_H

#include "base/buf.h"
#include "codec/http1_extension.h"

#define SP_HTTP1_LINE_BYTES_MAX      ((size_t)8 * 1024)  /* request line, status line */
#define SP_HTTP1_HEAD_BYTES_MAX      ((size_t)32 * 1024) /* head with all its line ends */
#define SP_HTTP1_FIELDS_MAX          100U
#define SP_HTTP1_TRAILER_BYTES_MAX   ((size_t)4 * 1024)
#define SP_HTTP1_EXTENSION_BYTES_MAX ((size_t)16 * 1024) /* of all chunks of a message */
#define SP_HTTP1_CHUNK_DIGITS_MAX    16U
#define SP_HTTP1_AUTHORITY_MAX       ((size_t)261) /* a name of 255, a colon, a port */

enum sp_http1_kind {
    SP_HTTP1_REQUEST,
    SP_HTTP1_RESPONSE,
    SP_HTTP1_RESPONSE_TO_HEAD, /* has a head only, whatever its fields say */
};

enum sp_http1_event {
    SP_HTTP1_NEED_MORE, /* all input was taken */
    SP_HTTP1_HEAD_DONE, /* the getters below answer; a 1xx status means that another head follows */
    SP_HTTP1_BODY,      /* `body` lends a span of the input */
    SP_HTTP1_MESSAGE_DONE, /* nothing after the consumed bytes belongs to this message */
};

/* The places of one field inside the head. */
struct sp_http1_span {
    uint32_t name_at;
    uint32_t name_len;
    uint32_t value_at;
    uint32_t value_len;
};

/* Fields are for http1.c except where a comment offers them. */
struct sp_http1 {
    struct sp_buf *head; /* the caller's; start line and fields as they came */
    enum sp_http1_kind kind;
    unsigned state;
    const char *rule;      /* offered after an error: the rule that was broken, a fixed text */
    struct sp_slice body;  /* offered with SP_HTTP1_BODY */
    uint64_t body_bytes;   /* offered: body bytes so far, without framing */
    unsigned status;       /* offered: of a response */
    unsigned minor;        /* offered: 0 or 1 of HTTP/1.x */
    bool has_length;       /* offered: Content-Length was given ... */
    uint64_t length;       /* ... with this number */
    bool is_chunked;       /* offered */
    bool has_other_coding; /* some Transfer-Encoding names another one */
    bool is_until_close;   /* offered: a response whose body ends with the connection */
    bool is_persistent;    /* offered: the connection may carry another message */
    bool expects_continue; /* offered: Expect: 100-continue */
    bool wants_close;      /* some Connection field says close */
    uint32_t method_len;
    uint32_t target_at;
    uint32_t target_len;
    uint32_t authority_at;
    uint32_t authority_len; /* 0: in origin form */
    size_t line_at;         /* start of the line that is being read */
    uint64_t left;          /* bytes of the body or chunk still to come */
    size_t trailer_bytes;
    size_t extension_bytes;
    enum sp_http1_extension extension;
    unsigned chunk_digits;
    unsigned hosts;
    unsigned blanks;
    unsigned field_count;
    struct sp_http1_span fields[SP_HTTP1_FIELDS_MAX];
};

/* `head` is borrowed for the life of the parser; its maximum may be lower than SP_HTTP1_HEAD_BYTES_MAX. */
void sp_http1_init(struct sp_http1 *p, enum sp_http1_kind kind, struct sp_buf *head)
    SP_NONNULL(1, 3);

/* Makes ready for the next message on the same connection (same head buffer, cleared). */
void sp_http1_next(struct sp_http1 *p, enum sp_http1_kind kind) SP_NONNULL(1);

/*
 * Takes bytes from the front of `in`, at most up to the next event. After an error the connection is beyond repair:
 * SP_ERR_HTTP (or another row of the data plane with its own status) and `rule`.
 */
enum sp_err sp_http1_feed(struct sp_http1 *p, struct sp_slice in, size_t *out_consumed,
                          enum sp_http1_event *out_event) SP_MUST_CHECK SP_NONNULL(1, 3, 4);

/* The connection ended: SP_OK when a message ended with it or none had begun, else SP_ERR_SHORT. */
enum sp_err sp_http1_eof(struct sp_http1 *p) SP_MUST_CHECK SP_NONNULL(1);

/* Whether no byte of a message has been taken since init or next. */
bool sp_http1_is_idle(const struct sp_http1 *p) SP_NONNULL(1);

/* Valid after HEAD_DONE until the next feed of a 1xx or sp_http1_next; lent from the head buffer. */
struct sp_slice sp_http1_method(const struct sp_http1 *p) SP_NONNULL(1);
struct sp_slice sp_http1_target(const struct sp_http1 *p) SP_NONNULL(1);
struct sp_slice sp_http1_field_name(const struct sp_http1 *p, unsigned index) SP_NONNULL(1);
struct sp_slice sp_http1_field_value(const struct sp_http1 *p, unsigned index) SP_NONNULL(1);

/* How many fields have this name (without regard to case); the first one's value goes to `out_first`. */
unsigned sp_http1_find(const struct sp_http1 *p, const char *name, struct sp_slice *out_first)
    SP_NONNULL(1, 2, 3);

#endif
