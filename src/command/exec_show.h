/*
 * exec_show - what a gateway answered, for a person at a terminal.
 *
 * Runs in: sallyport exec.   Input: hostile (the answer).   Writes: standard output and error, picture files.
 */
#ifndef SP_COMMAND_EXEC_SHOW_H
#define SP_COMMAND_EXEC_SHOW_H

#include "api/result.h"
#include "base/buf.h"

/* What was shown of a run already: so many bytes of its streams, so many pictures. */
struct sp_exec_shown {
    size_t out_bytes;
    size_t err_bytes;
    size_t pictures;
};

/* What the run wrote, its value as an interpreter shows it, its pictures as files, as far as they were not shown; the exit
 * status. */
int sp_exec_show_result(const struct sp_result *result, const struct sp_exec_shown *shown)
    SP_NONNULL(1, 2);

/* Text as it comes; something shown (JSON by media type), whose picture is saved. */
void sp_exec_show_text(bool is_error, struct sp_slice text);
void sp_exec_show_output(struct sp_slice json, struct sp_exec_shown *shown) SP_NONNULL(2);

/* Why there was no run: the message, and each finding with its place in the code; the exit status. */
int sp_exec_show_problem(const char *command, unsigned http_status, struct sp_slice body,
                         const char *name, struct sp_slice code) SP_NONNULL(1, 4);

#endif
