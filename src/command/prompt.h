/*
 * prompt - Python at a prompt, run in a session far away.
 *
 * Runs in: sallyport exec on a terminal.   Input: a person's typing.   Files: the history, in the user's state directory.
 */
#ifndef SP_COMMAND_PROMPT_H
#define SP_COMMAND_PROMPT_H

#include "command/exec_run.h"

/* Asks and runs until the end of input; the exit status of the last run. `run` gives remote, session and timeout. */
int sp_prompt(struct sp_exec_run *run) SP_NONNULL(1);

#endif
