/*
 * multipart - the parts of a multipart/form-data body (RFC 7578, RFC 2046).
 *
 * Runs in: inspect.   Input: hostile.   Allocates: through the caller's buffer.
 * Strict where two readers could disagree: the last boundary is there, lines end in CRLF, heads are bounded and unfolded,
 * no transfer encoding changes the bytes, and what begins like a boundary is one. Lenient in what clients differ in: quoted
 * or bare parameters, `filename*`, order of fields, no type of a part, text before the first boundary and behind the last
 * one (which goes no further), a body labelled as something else that begins with `--`.
 */
#ifndef SP_CODEC_MULTIPART_H
#define SP_CODEC_MULTIPART_H

#include "base/buf.h"
#include "base/where.h"

#define SP_MULTIPART_BOUNDARY_MAX   ((size_t)70) /* RFC 2046 */
#define SP_MULTIPART_HEAD_BYTES_MAX ((size_t)8 * 1024)
#define SP_MULTIPART_FIELDS_MAX     16U
#define SP_MULTIPART_PARTS_MAX      16U

struct sp_multipart {
    struct sp_slice body;
    size_t at;                                   /* where the next part's head begins */
    uint8_t mark[SP_MULTIPART_BOUNDARY_MAX + 4]; /* CR LF - - boundary */
    size_t mark_len;
    unsigned parts;
    bool is_over;
};

struct sp_multipart_part {
    struct sp_slice name;         /* in the scratch buffer, like the next two */
    struct sp_slice filename;     /* of `filename*` if there is one; UTF-8 is not checked */
    struct sp_slice content_type; /* as it was given; empty: none */
    bool has_filename;
    struct sp_slice content; /* in the body */
};

/*
 * Begins with a whole body and the value of its Content-Type. SP_ERR_MEDIA_TYPE when neither says multipart;
 * SP_ERR_MULTIPART. `out_where` (may be NULL) gets a text for the client.
 */
enum sp_err sp_multipart_open(struct sp_slice content_type, struct sp_slice body,
                              struct sp_multipart *out, struct sp_where *out_where)
    SP_MUST_CHECK SP_NONNULL(3);

/* The next part; `scratch` (of SP_MULTIPART_HEAD_BYTES_MAX) is cleared. SP_OK with `*out_more` false behind the last. */
enum sp_err sp_multipart_next(struct sp_multipart *m, struct sp_buf *scratch,
                              struct sp_multipart_part *out, bool *out_more,
                              struct sp_where *out_where) SP_MUST_CHECK SP_NONNULL(1, 2, 3, 4);

#endif
