/*
 * upload_inner - what the files of upload share; nobody else includes this.
 *
 * Runs in: inspect, commands.   Input: hostile.   Allocates: within the policy's limits.
 */
#ifndef SP_POLICY_UPLOAD_INNER_H
#define SP_POLICY_UPLOAD_INNER_H

#include "base/buf.h"
#include "policy/upload.h"

#define UPLOAD_PATH_BYTES_MAX ((size_t)8192)

struct sp_upload {
    struct sp_judge *judge;
    const struct sp_table *table;
    struct sp_judgement *code; /* of one piece of code */
    struct sp_buf source;      /* a piece of code as UTF-8 */
    struct sp_buf modules;
    struct sp_buf beside; /* names of modules in the archive, for imports among its members */
    uint32_t module_count;

    /* of the run */
    const struct sp_policy *policy;
    struct sp_judgement *out;
    struct sp_buf path; /* of the member that is looked at: "a.zip: b/c.py" */
    unsigned depth;     /* archives around it */
    uint64_t unpacked;
    uint64_t members;
    uint32_t kinds_told; /* kinds that were only noted are noted once */
    bool is_in_office;
    bool is_code;
    bool has_deny;
};

/* A file, or a member. */
struct upload_file {
    struct sp_slice name; /* with its folders */
    struct sp_slice bytes;
    uint64_t size; /* more than there are bytes when only the first were kept */
    enum sp_kind kind;
    enum sp_kind named;
    const char *format;
};

/* A finding about a whole file; the path of a member stands before the message. */
void upload_report(struct sp_upload *u, enum sp_rule rule, const char *name, const char *format,
                   ...) SP_NONNULL(1, 3, 4) SP_PRINTF(4, 5);
void upload_report_rule(struct sp_upload *u, enum sp_upload_rule rule, const char *what)
    SP_NONNULL(1, 3);
/* The same with a place in the code of a file, and words before the message. */
void upload_report_code(struct sp_upload *u, const struct sp_policy_finding *finding,
                        const char *before) SP_NONNULL(1, 2, 3);

/* What a name alone says. */
void upload_name(struct sp_upload *u, struct sp_slice name) SP_NONNULL(1);

/* One file with all that is inside it. */
void upload_file(struct sp_upload *u, struct sp_slice name, struct sp_slice bytes, uint64_t size,
                 struct upload_file *out) SP_NONNULL(1, 5);

void upload_python(struct sp_upload *u, const struct upload_file *file) SP_NONNULL(1, 2);
void upload_notebook(struct sp_upload *u, const struct upload_file *file) SP_NONNULL(1, 2);

/* True when the bytes are a pickle, or the name says that somebody will read them as one. */
bool upload_pickle(struct sp_upload *u, const struct upload_file *file) SP_NONNULL(1, 2);
/* A pickle without doubt, as behind the header of an array of objects. */
void upload_pickle_inside(struct sp_upload *u, struct sp_slice bytes) SP_NONNULL(1);
void upload_array(struct sp_upload *u, const struct upload_file *file) SP_NONNULL(1, 2);

/* True when a directory of a zip archive ends the file, whatever it begins with. */
bool upload_zip(struct sp_upload *u, struct upload_file *file) SP_NONNULL(1, 2);
void upload_tar(struct sp_upload *u, const struct upload_file *file) SP_NONNULL(1, 2);
void upload_gzip(struct sp_upload *u, const struct upload_file *file) SP_NONNULL(1, 2);
/* zlib's own format, which has no name: joblib writes it. True when it unpacks. */
bool upload_zlib(struct sp_upload *u, const struct upload_file *file) SP_NONNULL(1, 2);

#endif
