/*
 * token_keys - the keys of issuers that are fetched: asked for by token, handed to admit.
 *
 * Runs in: token.   Input: hostile (documents).   Only token.c and token_keys.c include this.
 */
#ifndef SP_PROCESS_TOKEN_KEYS_H
#define SP_PROCESS_TOKEN_KEYS_H

#include "process/question.h"
#include "token/jwks.h"

#define SP_TOKEN_KEYS_MAX 64U

struct sp_token_keys;

/* `list`: blocks of sp_settings_jwks. Before confinement: authorities are read. */
enum sp_err sp_token_keys_new(struct sp_self *self, struct sp_slice list,
                              struct sp_token_keys **out) SP_MUST_CHECK SP_NONNULL(1, 3);

/* A wire to dial or to admit stands, or is lost. */
void sp_token_keys_wired(struct sp_token_keys *keys, enum sp_role role);
void sp_token_keys_lost(struct sp_token_keys *keys, enum sp_role role);

/* A key of this issuer is wanted that is not among those that are known. */
void sp_token_keys_wanted(struct sp_token_keys *keys, struct sp_slice issuer) SP_NONNULL(1);

/* Whether dial's answer was for one of these questions. */
bool sp_token_keys_dialled(struct sp_token_keys *keys, const struct sp_msg_dialled *dialled,
                           struct sp_message *message) SP_NONNULL(2, 3);

#endif
