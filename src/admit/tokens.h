/*
 * tokens - keeps the directory's tokens as the store has them, has audit record each change, and notes the latest uses.
 *
 * Runs in: admit.   Input: the store (trusted).   Allocates: in proportion to the tokens.
 * A change is told to audit until audit says that its entry is durable: none is lost, and after a crash one may stand in
 * the log twice.
 */
#ifndef SP_ADMIT_TOKENS_H
#define SP_ADMIT_TOKENS_H

#include "identity/directory.h"
#include "identity/store.h"
#include "wire/msg.h"

/* The store is looked at so often that a revoked token is refused within a second, with room for a busy machine. */
#define SP_TOKENS_POLL_MS    200U
#define SP_TOKENS_EVENTS_MAX 64U /* told at once */
#define SP_TOKENS_AGAIN_US                                                                         \
    ((uint64_t)5000000) /* what audit has not answered by then is told again */
#define SP_TOKENS_SAVE_US ((uint64_t)5000000) /* uses are written so often */

struct sp_tokens_out {
    void *ctx;
    enum sp_err (*token_event)(void *ctx, const struct sp_msg_token_event *msg);
};

struct sp_tokens;

/* Takes the store and the descriptor of the file of uses (-1: they are kept in memory only); borrows the directory. */
enum sp_err sp_tokens_new(struct sp_token_store *take_store, int take_used,
                          struct sp_directory *directory, const struct sp_tokens_out *out,
                          struct sp_tokens **out_tokens) SP_MUST_CHECK SP_NONNULL(1, 3, 4, 5);
void sp_tokens_free(struct sp_tokens *tokens);

/* Loads what changed and tells audit; every SP_TOKENS_POLL_MS, and when a token comes that nobody knows. SP_ERR_BUSY passes by itself. */
enum sp_err sp_tokens_poll(struct sp_tokens *tokens, uint64_t mono_us) SP_MUST_CHECK SP_NONNULL(1);

/* audit has recorded everything up to this change; its wire came or went. */
void sp_tokens_told(struct sp_tokens *tokens, uint64_t change) SP_NONNULL(1);
void sp_tokens_audit(struct sp_tokens *tokens, bool is_there) SP_NONNULL(1);

/* Writes the latest uses down, at the end at the latest. */
enum sp_err sp_tokens_save(struct sp_tokens *tokens) SP_MUST_CHECK SP_NONNULL(1);

/* Another directory takes the place of the one before: all tokens are loaded into it, and what is known of their use. */
enum sp_err sp_tokens_move(struct sp_tokens *tokens, struct sp_directory *directory)
    SP_MUST_CHECK SP_NONNULL(1, 2);

#endif
