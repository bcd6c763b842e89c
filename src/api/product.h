/*
 * product - what an operation other than a run gave: made by relay from the pool's answer, shown by front.
 *
 * Runs in: relay (writes), front (reads).   Input: hostile on reading.   Allocates: never.
 * A list is one record behind another. What is deleted gives nothing; metadata is the pool's JSON, printed anew.
 */
#ifndef SP_API_PRODUCT_H
#define SP_API_PRODUCT_H

#include "api/result.h"
#include "base/err.h"

#define SP_PRODUCT_TEXT_MAX  ((size_t)2048)
#define SP_PRODUCT_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define SP_CONTENT_BYTES_MAX ((size_t)256 * 1024 * 1024) /* of one file that is downloaded */

/* A file, or a directory; of a download, the file whose bytes stand beside. Texts are UTF-8 without NUL. */
struct sp_file_record {
    struct sp_slice directory; /* "" is /mnt/data */
    struct sp_slice name;
    struct sp_slice content_type; /* empty: not known */
    struct sp_slice modified;     /* as the pool wrote it: RFC 3339, or the date of an HTTP field */
    uint64_t size;
    bool is_directory;
};
void sp_file_record_write(struct sp_writer *w, const struct sp_file_record *file) SP_NONNULL(1, 2);
enum sp_err sp_file_record_read(struct sp_reader *r, struct sp_file_record *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

struct sp_session_record {
    struct sp_slice identifier; /* the pool's name of it */
    struct sp_slice created;
    struct sp_slice accessed;
    struct sp_slice expires;
    struct sp_slice etag;
};
void sp_session_record_write(struct sp_writer *w, const struct sp_session_record *session)
    SP_NONNULL(1, 2);
enum sp_err sp_session_record_read(struct sp_reader *r, struct sp_session_record *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* An execution that is asked after. Zero is the safe reading: it has not succeeded. */
enum sp_execution_state { SP_EXECUTION_BROKEN, SP_EXECUTION_RUNNING, SP_EXECUTION_ENDED };
struct sp_execution {
    enum sp_execution_state state;
    enum sp_err err;        /* of a broken one: why there is no result */
    struct sp_slice detail; /* and in more words */
    struct sp_slice result; /* of one that ended: api/result.h */
};
void sp_execution_write(struct sp_writer *w, const struct sp_execution *execution) SP_NONNULL(1, 2);

/* Reads a whole one; `out` borrows from `in`. */
enum sp_err sp_execution_read(struct sp_slice in, struct sp_execution *out)
    SP_MUST_CHECK SP_NONNULL(2);

#endif
