/*
 * judge_ahead - reads the tokens behind a place in the code once more, for what the facts do not keep.
 *
 * Runs in: inspect, commands.   Input: hostile.   Allocates: never.   Only files of the judge include this.
 * Calls stand in one another's brackets: if each bracket were read to its end, the time would be the square of the code's
 * length. All that a judgement reads so is bounded in proportion to the code; where nothing is left of that, the worst has
 * to be taken for granted.
 */
#ifndef SP_POLICY_JUDGE_AHEAD_H
#define SP_POLICY_JUDGE_AHEAD_H

#include "policy/judge_inner.h"

/* At the beginning of a judgement. */
void judge_ahead_begin(struct sp_judge *j, size_t code_bytes) SP_NONNULL(1);

/* A lexer of what stands behind `at`, the beginning of a token, in the code of j->facts. */
void judge_ahead(const struct sp_judge *j, uint32_t at, struct sp_lexer *out) SP_NONNULL(1, 3);

/* The next token there. False at the end, and when nothing is left to be read: judge_ahead_is_spent. */
bool judge_ahead_next(struct sp_judge *j, struct sp_lexer *lx, struct sp_py_token *out)
    SP_MUST_CHECK SP_NONNULL(1, 2, 3);
bool judge_ahead_is_spent(const struct sp_judge *j) SP_NONNULL(1);

/* 1 for a bracket that opens, -1 for one that closes, else 0. */
int judge_bracket(const struct sp_py_token *token) SP_NONNULL(1);

#endif
