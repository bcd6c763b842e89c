/*
 * upload - what a policy says of a file that is uploaded.
 *
 * Runs in: inspect, commands.   Input: hostile.   Allocates: for what is unpacked, within the policy's limits.
 * Pure: no file is written, nothing is run. The type is told by the bytes; Python, notebooks and pickles are read, the
 * members of archives are walked. What cannot be looked into is a finding, never silence.
 */
#ifndef SP_POLICY_UPLOAD_H
#define SP_POLICY_UPLOAD_H

#include "format/kind.h"
#include "policy/judge.h"

#define SP_UPLOAD_BYTES_MAX        ((size_t)128 * 1024 * 1024) /* what is mapped of one upload */
#define SP_UPLOAD_MEMBER_BYTES_MAX ((size_t)64 * 1024 * 1024)  /* what is kept of one packed file */
#define SP_UPLOAD_MODULES_MAX      ((size_t)16 * 1024)

struct sp_upload;

/* What the file turned out to be. */
struct sp_upload_facts {
    enum sp_kind kind;
    const char *format; /* within the kind: "ELF", "PNG"; may be empty */
    bool is_code; /* Python that was read and judged: the only kind that may be imported later */
    uint32_t module_count; /* that its code imports */
    struct sp_slice
        modules; /* their names, each with a length of 32 bits before it; the first that fit */
};

/* The judge is borrowed, and its memory decides how long code may be. */
enum sp_err sp_upload_new(struct sp_judge *judge, struct sp_upload **out)
    SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_upload_free(struct sp_upload *upload);

/*
 * Judges one file. Cannot fail: whatever goes wrong is a finding that denies. `name` is what the file will be called, with
 * or without folders. `out_facts` may be NULL; it borrows from `upload` until the next run.
 */
void sp_upload_run(struct sp_upload *upload, const struct sp_policy *policy, struct sp_slice name,
                   struct sp_slice bytes, struct sp_judgement *out,
                   struct sp_upload_facts *out_facts) SP_NONNULL(1, 2, 5);

#endif
