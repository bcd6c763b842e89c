/*
 * veils - what admit tells audit, with every name that identifies a tenant hidden when the configuration asks for it.
 *
 * Runs in: admit.   Input: messages of its own.   Allocates: per call.
 * `[audit] identities = "keyed"`: tenant, principal, source and session go out as forms of identity/veil.h under the
 * tenant's key; the session's name for the pool goes beside its form. audit never hears the names. What cannot be hidden
 * is not sent.
 */
#ifndef SP_PROCESS_VEILS_H
#define SP_PROCESS_VEILS_H

#include "identity/directory.h"
#include "identity/veil.h"
#include "wire/msg.h"

struct sp_veils {
    bool is_on;
    uint8_t nobody[SP_VEIL_KEY_BYTES]; /* hides what is of no tenant that is known */
    char texts[4][SP_VEIL_CHARS + 1];  /* what the latest message is lent */
};

enum sp_err sp_veils_who(struct sp_veils *veils, const struct sp_directory *directory,
                         struct sp_msg_who *msg) SP_MUST_CHECK SP_NONNULL(1, 2, 3);
enum sp_err sp_veils_refusal(struct sp_veils *veils, const struct sp_directory *directory,
                             struct sp_msg_refusal *msg) SP_MUST_CHECK SP_NONNULL(1, 2, 3);
enum sp_err sp_veils_strangers(struct sp_veils *veils, const struct sp_directory *directory,
                               struct sp_msg_strangers *msg) SP_MUST_CHECK SP_NONNULL(1, 2, 3);
enum sp_err sp_veils_token_event(struct sp_veils *veils, const struct sp_directory *directory,
                                 struct sp_msg_token_event *msg) SP_MUST_CHECK SP_NONNULL(1, 2, 3);
enum sp_err sp_veils_read_ask(struct sp_veils *veils, const struct sp_directory *directory,
                              struct sp_msg_read_ask *msg) SP_MUST_CHECK SP_NONNULL(1, 2, 3);

#endif
