/*
 * check_inner - what the files of `sallyport check` share; nobody else includes this.
 *
 * Runs in: the process that a person starts.   Input: hostile (the files).   Allocates: with the files.
 */
#ifndef SP_COMMAND_CHECK_INNER_H
#define SP_COMMAND_CHECK_INNER_H

#include "base/buf.h"
#include "policy/judge.h"

enum check_format { CHECK_TEXT, CHECK_JSON, CHECK_SARIF };

/* One file, judged. */
struct check_result {
    const char *path;
    const char *policy;
    struct sp_slice code;         /* as UTF-8; empty when the encoding was refused */
    struct sp_slice modules;      /* of an upload: names with a length of 32 bits before each */
    const struct sp_facts *facts; /* NULL when the source could not be read to the end */
    const struct sp_judgement *judgement;
};

/* Each appends what stands before all files, for one file, and behind all. */
enum sp_err check_text_file(struct sp_buf *out, const struct check_result *result, bool has_color)
    SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err check_json_file(struct sp_buf *out, const struct check_result *result)
    SP_MUST_CHECK SP_NONNULL(1, 2);
enum sp_err check_sarif_start(struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1);
/* Results of one file, each with a comma before it unless it is the first of all. */
enum sp_err check_sarif_file(struct sp_buf *out, const struct check_result *result, bool *is_first)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);
enum sp_err check_sarif_end(struct sp_buf *out) SP_MUST_CHECK SP_NONNULL(1);

/* Says what a rule means; SP_ERR_NOT_FOUND when there is none of that name. */
enum sp_err check_explain(struct sp_buf *out, struct sp_slice rule) SP_MUST_CHECK SP_NONNULL(1);
/* The rules in order, NULL at the end; and one sentence on each. */
const char *check_rule(size_t index, const char **out_text) SP_NONNULL(2);

#endif
