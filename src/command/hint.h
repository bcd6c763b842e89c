/*
 * hint - what a person may have meant by a word that a command does not know: the nearest one of its own help.
 *
 * Runs in: the process that a person starts.   Input: the command line.   Allocates: never.
 */
#ifndef SP_COMMAND_HINT_H
#define SP_COMMAND_HINT_H

#include "base/slice.h"

#define SP_HINT_BYTES_MAX ((size_t)32)

/*
 * The option (for a word with `--`) or the action (for any other) of this help that is near to `word`; `out` is empty
 * when none is. Actions are what stands behind "sallyport COMMAND " there, one or several with `|` between.
 */
void sp_hint_find(const char *command, const char *help, const char *word,
                  char out[SP_HINT_BYTES_MAX]) SP_NONNULL(1, 2, 3, 4);

/* Says `what` of `word` on standard error, with the hint; SP_EXIT_USAGE. */
int sp_hint(const char *command, const char *help, const char *what, const char *word)
    SP_NONNULL(1, 2, 3, 4);

#endif
