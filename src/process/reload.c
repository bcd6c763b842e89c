#include "process/reload.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/own.h"
#include "codec/hex.h"
#include "config/tenants.h"
#include "crypto/hash.h"
#include "os/files.h"
#include "os/schedule.h"
#include "process/authorities.h"
#include "process/house.h"
#include "process/identities.h"
#include "process/quota_changes.h"

/* So long may the roles of one step take; a worker that loads policies makes tables anew. */
#define STEP_MS 15000U

static enum sp_err hash_piece(void *ctx, struct sp_slice piece)
{
    return sp_hash_put(ctx, piece);
}

/* The configuration in force, as one number in the log. */
enum sp_err sp_configuration_digest(const struct sp_config *config, uint8_t out[SP_DIGEST_BYTES])
{
    SP_AUTO_HASH struct sp_hash *hash = NULL;
    SP_TRY(sp_hash_new(&hash));
    SP_TRY(sp_config_show_pieces(config, hash_piece, hash));
    return sp_hash_end(hash, out);
}

/* The order in which they take it over: after the first step nothing goes back. */
static const enum sp_role role_of[] = {[SP_RELOAD_IDLE] = SP_ROLE_SUPERVISOR,
                                       [SP_RELOAD_INSPECT] = SP_ROLE_INSPECT,
                                       [SP_RELOAD_AUDIT] = SP_ROLE_AUDIT,
                                       [SP_RELOAD_ADMIT] = SP_ROLE_ADMIT};

static void go_on(struct sp_house *house);

static void drop_fresh(struct sp_house *house)
{
    struct sp_reload *reload = &house->reload;
    sp_config_free(reload->fresh);
    if (reload->fresh_policies != NULL) {
        sp_policies_done(reload->fresh_policies);
        free(reload->fresh_policies);
    }
    reload->fresh = NULL;
    reload->fresh_policies = NULL;
}

static void end(struct sp_house *house)
{
    house->reload.phase = SP_RELOAD_IDLE;
    sp_timer_stop(house->reload.timer);
    for (size_t i = 0; i < house->child_count; i++) {
        house->children[i].is_reloading = false;
    }
    drop_fresh(house);
    sp_schedule_rest();
}

/* Nothing but some policies beside the old ones in the workers was taken over. */
static void refuse(struct sp_house *house, const char *why)
{
    sp_log(SP_LOG_ERROR, "serve.reload.refused", "why=\"%s\" the old configuration stays in force",
           why);
    end(house);
}

/* --- one step --- */

static void swap(struct sp_house *house)
{
    struct sp_reload *reload = &house->reload;
    struct sp_policies old = house->policies;
    struct sp_config *old_config = reload->owned;
    house->policies = *reload->fresh_policies;
    *reload->fresh_policies = old;
    house->config = reload->fresh;
    sp_config_forget_tenants(reload->first);
    reload->in_force = reload->generation;
    reload->owned = reload->fresh;
    reload->fresh = old_config; /* freed with the old policies */
}

/* The settings that a role would have under the fresh configuration: those of the house until the swap. */
static enum sp_err send(struct sp_child *child)
{
    struct sp_house *house = child->house;
    const struct sp_config *config = house->config;
    struct sp_policies policies = house->policies;
    SP_AUTO_BUF struct sp_buf encoded;
    SP_AUTO_PAYLOAD struct sp_payload payload = SP_PAYLOAD_EMPTY;
    sp_buf_init(&encoded, SP_SETTINGS_BYTES_MAX);
    if (house->reload.phase == SP_RELOAD_INSPECT) {
        house->config = house->reload.fresh;
        house->policies = *house->reload.fresh_policies;
    }
    enum sp_err err = sp_role_settings(child, &encoded);
    house->config = config;
    house->policies = policies;
    SP_TRY(err);
    SP_TRY(sp_payload_make(sp_buf_slice(&encoded), &payload));
    const struct sp_msg_reload msg = {.generation = house->reload.generation, .settings = payload};
    return sp_msg_reload_send(child->control, &msg);
}

static bool is_answered(const struct sp_house *house)
{
    for (size_t i = 0; i < house->child_count; i++) {
        if (house->children[i].is_reloading) {
            return false;
        }
    }
    return true;
}

/* A role that cannot be told is replaced: its successor begins with what is in force then. */
static void begin_step(struct sp_house *house, enum sp_reload_phase phase)
{
    house->reload.phase = phase;
    for (size_t i = 0; i < house->child_count; i++) {
        struct sp_child *child = &house->children[i];
        if (child->who.role != role_of[phase] || !sp_child_is_up(child)) {
            continue;
        }
        child->is_reloading = send(child) == SP_OK;
        if (!child->is_reloading && phase == SP_RELOAD_INSPECT) {
            refuse(house, "a worker cannot be reached");
            return;
        }
        if (!child->is_reloading) {
            sp_child_kill(child);
        }
    }
    if (sp_timer_set(house->reload.timer, STEP_MS) != SP_OK && phase == SP_RELOAD_INSPECT) {
        refuse(house, "memory is used up");
        return;
    }
    if (is_answered(house)) {
        go_on(house);
    }
}

/* --- the steps --- */

/* Every worker has the new policies. Epochs first: they are durable before any name is made by them. */
static void commit(struct sp_house *house)
{
    struct sp_reload *reload = &house->reload;
    enum sp_err err = sp_epochs_settle(house->estate.state_dir, reload->fresh,
                                       reload->fresh_policies, &house->epochs);
    if (err != SP_OK) {
        refuse(house, "STATE/" SP_EPOCHS_FILE " cannot be brought up to date");
        return;
    }
    if (reload->quotas.len > 0) {
        sp_log(SP_LOG_WARN, "serve.reload.quotas-lost",
               "the log will not say which quotas the reload before this one changed");
    }
    sp_buf_done(&reload->quotas);
    sp_buf_init(&reload->quotas, SP_SETTINGS_LIST_MAX);
    SP_AUTO_CLOSE int identities = -1;
    if (house->config->audit_identities == SP_CONFIG_IDENTITIES_KEYED &&
        sp_dir_make_at(house->estate.state_dir, SP_IDENTITIES_DIRECTORY, 0700, &identities) !=
            SP_OK) {
        refuse(house, "STATE/" SP_IDENTITIES_DIRECTORY " cannot be opened");
        return;
    }
    if (sp_quota_changes(house->config, reload->fresh, identities, &reload->quotas) != SP_OK) {
        sp_buf_done(&reload->quotas);
        refuse(house, "the changes of quotas cannot be told to the log");
        return;
    }
    swap(house);
    /* What the files of keys are like now is what admit's settings are made of. */
    for (size_t i = 0; i < SP_CONFIG_ISSUERS_MAX; i++) {
        house->keys[i].is_known = false;
    }
    sp_keys_look(house);
    begin_step(house, SP_RELOAD_AUDIT);
}

/* Those who fetch keys begin anew when other keys are to be fetched, and so does whoever numbers dial's targets. */
static void renew_fetching(struct sp_house *house)
{
    if (sp_child_find(house, SP_ROLE_TOKEN, 0) == NULL && sp_issuers_fetched(house->config) > 0 &&
        sp_child_add(house, SP_ROLE_TOKEN, 0) == SP_OK) {
        sp_child_start(sp_child_find(house, SP_ROLE_TOKEN, 0));
    }
    for (size_t i = 0; i < house->child_count; i++) {
        struct sp_child *child = &house->children[i];
        SP_AUTO_BUF struct sp_buf encoded;
        uint8_t digest[SP_DIGEST_BYTES];
        sp_buf_init(&encoded, SP_SETTINGS_BYTES_MAX);
        const bool is_concerned = child->who.role == SP_ROLE_TOKEN ||
                                  child->who.role == SP_ROLE_DIAL ||
                                  child->who.role == SP_ROLE_SHIP;
        if (is_concerned && child->pid >= 0 && sp_role_settings(child, &encoded) == SP_OK &&
            sp_sha256(sp_buf_slice(&encoded), digest) == SP_OK &&
            !sp_slice_equal(sp_slice_make(digest, sizeof(digest)),
                            sp_slice_make(child->settings, sizeof(child->settings)))) {
            sp_log(SP_LOG_INFO, "serve.reload.replaced",
                   "role=%s why=\"keys come from other places now\"",
                   sp_role_name(child->who.role));
            sp_child_kill(child);
        }
    }
}

static void finish(struct sp_house *house)
{
    uint8_t digest[SP_DIGEST_BYTES];
    char hex[SP_DIGEST_BYTES * 2 + 1] = "";
    if (sp_configuration_digest(house->config, digest) == SP_OK) {
        sp_hex_write(sp_slice_make(digest, sizeof(digest)), hex);
    }
    sp_log(SP_LOG_INFO, "serve.reloaded", "generation=%u tenants=%zu policies=%zu configuration=%s",
           house->reload.generation, house->config->tenant_count, house->policies.count, hex);
    renew_fetching(house);
    end(house);
}

static void go_on(struct sp_house *house)
{
    switch (house->reload.phase) {
    case SP_RELOAD_IDLE:
        return;
    case SP_RELOAD_INSPECT:
        commit(house);
        return;
    case SP_RELOAD_AUDIT:
        begin_step(house, SP_RELOAD_ADMIT);
        return;
    case SP_RELOAD_ADMIT:
        finish(house);
        return;
    }
}

static void on_timer(void *ctx)
{
    struct sp_house *house = ctx;
    if (house->reload.phase == SP_RELOAD_INSPECT) {
        refuse(house, "a worker did not answer in time");
        return;
    }
    for (size_t i = 0; i < house->child_count; i++) {
        if (house->children[i].is_reloading) {
            sp_child_kill(&house->children[i]);
        }
    }
}

/* audit has them on record, or has begun with them and will. */
static void quotas_told(const struct sp_child *child)
{
    if (child->who.role == SP_ROLE_AUDIT) {
        sp_buf_done(&child->house->reload.quotas);
    }
}

enum sp_err sp_reload_answer(struct sp_child *child, const struct sp_msg_reloaded *msg)
{
    struct sp_house *house = child->house;
    if (msg->generation != house->reload.generation || !child->is_reloading) {
        /* What was given up may still be answered. */
        return msg->generation <= house->reload.generation ? SP_OK : SP_ERR_WIRE;
    }
    child->is_reloading = false;
    if (msg->err == SP_OK) {
        child->generation = msg->generation;
        quotas_told(child);
    } else if (house->reload.phase == SP_RELOAD_INSPECT) {
        refuse(house, "a worker does not take the policies");
        return SP_OK;
    } else {
        sp_log(SP_LOG_ERROR, "role.reload.failed", "role=%s.%u error=%s",
               sp_role_name(child->who.role), child->who.index, sp_err_name(msg->err));
        sp_child_kill(child);
    }
    if (is_answered(house)) {
        go_on(house);
    }
    return SP_OK;
}

static bool has_settings_of(enum sp_role role)
{
    return role == SP_ROLE_INSPECT || role == SP_ROLE_AUDIT || role == SP_ROLE_ADMIT;
}

/* It began with settings that were replaced while it started. */
void sp_reload_on_up(struct sp_child *child)
{
    if (has_settings_of(child->who.role) && child->generation < child->house->reload.in_force) {
        sp_child_kill(child);
        return;
    }
    quotas_told(child);
}

void sp_reload_on_down(struct sp_child *child)
{
    struct sp_house *house = child->house;
    bool was_reloading = child->is_reloading;
    child->is_reloading = false;
    if (house->reload.phase == SP_RELOAD_IDLE || !was_reloading) {
        return;
    }
    if (house->reload.phase == SP_RELOAD_INSPECT) {
        refuse(house, "a worker ended while it loaded the policies");
    } else if (is_answered(house)) {
        go_on(house);
    }
}

/* --- the beginning --- */

static enum sp_err load(struct sp_house *house)
{
    struct sp_reload *reload = &house->reload;
    struct sp_where where = {.text = {0}};
    SP_AUTO_BUF struct sp_buf kept;
    sp_buf_init(&kept, (size_t)64 * 1024);
    enum sp_err err = sp_config_load(reload->path, reload->overrides, &reload->fresh, &where);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "serve.reload.configuration", "file=%s line=%u column=%u why=\"%s\"",
               reload->path == NULL ? "none" : reload->path, where.line, where.column, where.text);
        return err;
    }
    SP_TRY(sp_config_merge(reload->fresh, reload->first, &kept));
    if (kept.len > 0) {
        sp_log(SP_LOG_WARN, "serve.reload.needs-restart", "keys=\"%.*s\" keep the values they had",
               (int)kept.len, (const char *)kept.ptr);
    }
    reload->fresh_policies = calloc(1, sizeof(*reload->fresh_policies));
    if (reload->fresh_policies == NULL) {
        return SP_ERR_NOMEM;
    }
    SP_TRY(sp_policies_load(reload->fresh, reload->fresh_policies));
    err = sp_authorities_stand(reload->fresh, &where);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "serve.reload.configuration", "file=%s line=%u column=%u why=\"%s\"",
               reload->path, where.line, where.column, where.text);
    }
    return err;
}

static bool are_all_up(const struct sp_house *house)
{
    for (size_t i = 0; i < house->child_count; i++) {
        if (has_settings_of(house->children[i].who.role) && !sp_child_is_up(&house->children[i])) {
            return false;
        }
    }
    return true;
}

void sp_reload_begin(struct sp_house *house)
{
    struct sp_reload *reload = &house->reload;
    if (house->phase != SP_HOUSE_SERVING || reload->phase != SP_RELOAD_IDLE || !are_all_up(house)) {
        sp_log(SP_LOG_ERROR, "serve.reload.refused", "why=\"%s\" send the signal again",
               reload->phase == SP_RELOAD_IDLE ? "not every role is up"
                                               : "another reload is under way");
        return;
    }
    if (load(house) != SP_OK) {
        refuse(house, "the new one has a mistake");
        return;
    }
    reload->generation++;
    begin_step(house, SP_RELOAD_INSPECT);
}

enum sp_err sp_reload_init(struct sp_house *house)
{
    return sp_timer_new(house->loop, on_timer, house, &house->reload.timer);
}

void sp_reload_done(struct sp_house *house)
{
    drop_fresh(house);
    sp_timer_free(house->reload.timer);
    sp_config_free(house->reload.owned);
    house->reload.owned = NULL;
}
