/*
 * words - what a role writes on its standard error: the last words of its libraries, as lines of the operator's log.
 *
 * Runs in: supervisor.   Input: hostile (the role may be taken over).   Allocates: one object a role, a line.
 * The role holds a pipe instead of the service's own standard error, so that it can write no line in another's name, and
 * none over older ones. Lines are bounded together with those of its log.
 */
#ifndef SP_PROCESS_WORDS_H
#define SP_PROCESS_WORDS_H

#include "process/house.h"

struct sp_words;

/* A line of a role in the operator's log, behind `before`; there is a bound on them for each second (children.c). */
void sp_child_line(struct sp_child *child, enum sp_log_level level, const char *before,
                   struct sp_slice line) SP_NONNULL(1, 3);

/* `*out_theirs` is the end that the role gets; the caller closes it. */
enum sp_err sp_words_new(struct sp_child *child, struct sp_words **out, int *out_theirs)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);

/* Logs what is still there, and frees. */
void sp_words_free(struct sp_words *words);

#endif
