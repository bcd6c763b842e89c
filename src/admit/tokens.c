#include "admit/tokens.h"

#include <stdlib.h>

#include "api/scope.h"
#include "base/own.h"
#include "identity/used.h"

struct sp_tokens {
    struct sp_token_store *store;
    struct sp_directory *directory;
    struct sp_tokens_out out;
    int used;
    uint64_t loaded; /* changes of the store: in the directory, */
    uint64_t sent;   /* on their way to the log, */
    uint64_t told;   /* and in the log */
    uint64_t sent_us;
    uint64_t saved_us;
    bool has_audit;
    bool is_behind; /* the store has changed since it was read whole */
};

/* What was told before a restart is in the file of uses; without it everything is told once more. */
static enum sp_err open_used(struct sp_tokens *tokens)
{
    if (tokens->used < 0) {
        return SP_OK;
    }
    SP_TRY(sp_used_load(tokens->used, tokens->directory, &tokens->told));
    tokens->sent = tokens->told;
    return SP_OK;
}

/* A token of a tenant that the configuration does not have opens nothing; a later configuration may have it. */
static enum sp_err take_entry(void *ctx, const struct sp_token_entry *entry)
{
    struct sp_tokens *tokens = ctx;
    enum sp_err err = sp_directory_put_token(tokens->directory, &entry->row);
    if (err == SP_OK || err == SP_ERR_NOT_FOUND) {
        tokens->loaded = entry->change;
        return SP_OK;
    }
    return err;
}

enum sp_err sp_tokens_new(struct sp_token_store *take_store, int take_used,
                          struct sp_directory *directory, const struct sp_tokens_out *out,
                          struct sp_tokens **out_tokens)
{
    struct sp_tokens *tokens = calloc(1, sizeof(*tokens));
    if (tokens == NULL) {
        sp_token_store_close(take_store);
        sp_close(take_used);
        return SP_ERR_NOMEM;
    }
    tokens->store = take_store;
    tokens->used = take_used;
    tokens->directory = directory;
    tokens->out = *out;
    enum sp_err err = sp_token_store_each(tokens->store, 0, take_entry, tokens);
    if (err == SP_OK) {
        err = open_used(tokens);
    }
    if (err != SP_OK) {
        sp_tokens_free(tokens);
        return err;
    }
    *out_tokens = tokens;
    return SP_OK;
}

void sp_tokens_free(struct sp_tokens *tokens)
{
    if (tokens != NULL) {
        sp_token_store_close(tokens->store);
        sp_close(tokens->used);
        free(tokens);
    }
}

static enum sp_err send_change(void *ctx, const struct sp_token_change *change)
{
    struct sp_tokens *tokens = ctx;
    const struct sp_token_row *row = &change->token->row;
    SP_AUTO_BUF struct sp_buf scopes;
    sp_buf_init(&scopes, SP_SCOPES_TEXT_MAX);
    SP_TRY(sp_scopes_put(row->scopes, " ", &scopes));
    const struct sp_msg_token_event event = {
        .change = change->change,
        .is_revoked = change->is_revoked ? 1 : 0,
        .id = row->id,
        .tenant = sp_slice_sub(row->tenant, 0, SP_MSG_NAME_MAX),
        .scopes = sp_buf_slice(&scopes),
        .at_us = change->at_us,
        .expires_us = row->expires_us,
    };
    SP_TRY(tokens->out.token_event(tokens->out.ctx, &event));
    tokens->sent = change->change;
    return SP_OK;
}

static enum sp_err tell(struct sp_tokens *tokens, uint64_t mono_us)
{
    if (tokens->sent > tokens->told && mono_us - tokens->sent_us >= SP_TOKENS_AGAIN_US) {
        tokens->sent = tokens->told; /* the log took nothing meanwhile */
    }
    if (!tokens->has_audit || tokens->sent >= tokens->loaded || tokens->sent > tokens->told) {
        return SP_OK;
    }
    tokens->sent_us = mono_us;
    return sp_token_store_changes(tokens->store, tokens->sent, SP_TOKENS_EVENTS_MAX, send_change,
                                  tokens);
}

enum sp_err sp_tokens_poll(struct sp_tokens *tokens, uint64_t mono_us)
{
    bool has_changed = false;
    SP_TRY(sp_token_store_has_changed(tokens->store, &has_changed));
    tokens->is_behind = tokens->is_behind || has_changed;
    if (tokens->is_behind) {
        SP_TRY(sp_token_store_each(tokens->store, tokens->loaded, take_entry, tokens));
        tokens->is_behind = false;
    }
    SP_TRY(tell(tokens, mono_us));
    if (mono_us - tokens->saved_us < SP_TOKENS_SAVE_US) {
        return SP_OK;
    }
    tokens->saved_us = mono_us;
    return sp_tokens_save(tokens);
}

void sp_tokens_told(struct sp_tokens *tokens, uint64_t change)
{
    /* audit may be taken over: it cannot say more than what it was told. */
    if (change > tokens->told && change <= tokens->sent) {
        tokens->told = change;
    }
}

void sp_tokens_audit(struct sp_tokens *tokens, bool is_there)
{
    tokens->has_audit = is_there;
    tokens->sent = tokens->told;
}

enum sp_err sp_tokens_save(struct sp_tokens *tokens)
{
    return tokens->used < 0 ? SP_OK : sp_used_save(tokens->used, tokens->directory, tokens->told);
}

enum sp_err sp_tokens_move(struct sp_tokens *tokens, struct sp_directory *directory)
{
    uint64_t ignored = 0;
    SP_TRY(sp_tokens_save(tokens));
    struct sp_directory *before = tokens->directory;
    tokens->directory = directory;
    enum sp_err err = sp_token_store_each(tokens->store, 0, take_entry, tokens);
    if (err != SP_OK) {
        tokens->directory = before;
        return err;
    }
    return tokens->used < 0 ? SP_OK : sp_used_load(tokens->used, directory, &ignored);
}
