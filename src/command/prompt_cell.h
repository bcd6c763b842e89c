/*
 * prompt_cell - whether what was typed so far is a whole cell.
 *
 * Runs in: sallyport exec.   Input: a person's typing.   Allocates: one lexer.   Pure.
 */
#ifndef SP_COMMAND_PROMPT_CELL_H
#define SP_COMMAND_PROMPT_CELL_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * As Python's own prompt does it: an open bracket, string or continuation asks for more, and so does a compound
 * statement until an empty line. Text that no further line could mend is whole: its error is for the session to tell.
 */
bool sp_prompt_is_whole(struct sp_slice text);

#endif
