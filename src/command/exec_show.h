/*
 * exec_show - what a gateway answered, for a person at a terminal.
 *
 * Runs in: sallyport exec.   Input: hostile (the answer).   Writes: standard output and error, picture files.
 */
#ifndef SP_COMMAND_EXEC_SHOW_H
#define SP_COMMAND_EXEC_SHOW_H

#include "api/result.h"
#include "base/buf.h"

/* What the run wrote, its value as an interpreter shows it, its pictures as files; the exit status. */
int sp_exec_show_result(const struct sp_result *result) SP_NONNULL(1);

/* Why there was no run: the message, and each finding with its place in the code; the exit status. */
int sp_exec_show_problem(const char *command, unsigned http_status, struct sp_slice body, const char *name,
                         struct sp_slice code) SP_NONNULL(1, 4);

#endif
