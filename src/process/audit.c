/*
 * audit - the process that records: nothing runs before its intent is durable, nothing is answered before its outcome is.
 *
 * Hears: admit (WHO, TIME, REFUSAL, STRANGERS, TOKEN_EVENT, READ_ASK), inspect (VERDICT), relay (OUTCOME), door (MALFORMED),
 * ship (GAP), the supervisor (ROLE_UP, RELOAD).
 * Reads hostile: nothing but these messages.   Files: the log's directory.
 * Whoever takes over admit or an inspect worker can make it record what it is told, and can have run only what one of
 * each agreed on; nobody can make it run what is not on disk.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/order.h"
#include "api/route.h"
#include "audit/key.h"
#include "audit/room.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "crypto/hash.h"
#include "crypto/seal.h"
#include "process/role.h"
#include "process/settings.h"

#define TICK_MS           100U
#define PARTS_WAITING_MAX 128U
#define PAUSE_MS          2U /* so long may a commit wait for more entries in a crowd */

struct audit_state {
    struct sp_self *self;
    struct sp_disk_directory directory;
    struct sp_disk disk;
    struct sp_payload settings_bytes; /* what `settings` is lent from */
    struct sp_audit_settings settings;
    struct sp_key_ring keys;
    uint8_t code_key[SP_SEAL_KEY_BYTES];
    struct sp_record_quota *owed; /* to be recorded; lent from the settings */
    size_t owed_count;
    struct sp_audit_room *room;
    struct sp_timer *commit; /* due in the turn in which a message put an entry into the batch */
    struct sp_timer *tick;
    struct sp_timer *hash; /* due in every turn while the content of an upload is digested */
    enum { COMMIT_IDLE, COMMIT_SOON, COMMIT_NOW } commit_state;
    bool is_in_trouble;
    unsigned rotations;  /* of the signing key, that were told of */
    uint64_t stop_at_ms; /* 0: not stopping */
};

static struct sp_audit_now audit_now(void)
{
    return (struct sp_audit_now){.mono_us = sp_clock_mono_us(), .wall_us = sp_clock_wall_us()};
}

static const char *operation_name(unsigned operation)
{
    return operation < SP_OPERATION_COUNT ? sp_operation_name((enum sp_operation)operation) : NULL;
}

/* --- messages out --- */

static enum sp_err send_run(void *ctx, const struct sp_msg_run *msg)
{
    struct audit_state *state = ctx;
    struct sp_channel *relay = sp_self_wire(state->self, SP_ROLE_RELAY, 0);
    return relay == NULL ? SP_ERR_CLOSED : sp_msg_run_send(relay, msg);
}

static enum sp_err send_answer(void *ctx, const struct sp_msg_answer *msg)
{
    struct audit_state *state = ctx;
    struct sp_channel *front = sp_self_wire(state->self, SP_ROLE_FRONT, 0);
    return front == NULL ? SP_ERR_CLOSED : sp_msg_answer_send(front, msg);
}

/* More messages than these that wait for front are enough: parts of answers are left out then. */
static enum sp_err send_part(void *ctx, const struct sp_msg_part *msg)
{
    struct audit_state *state = ctx;
    struct sp_channel *front = sp_self_wire(state->self, SP_ROLE_FRONT, 0);
    if (front == NULL) {
        return SP_ERR_CLOSED;
    }
    return sp_channel_waiting(front) < PARTS_WAITING_MAX ? sp_msg_part_send(front, msg)
                                                         : SP_ERR_FULL;
}

static enum sp_err send_judged(void *ctx, const struct sp_msg_judged *msg)
{
    struct audit_state *state = ctx;
    struct sp_channel *admit = sp_self_wire(state->self, SP_ROLE_ADMIT, 0);
    return admit == NULL ? SP_ERR_CLOSED : sp_msg_judged_send(admit, msg);
}

static enum sp_err send_ended(void *ctx, const struct sp_msg_ended *msg)
{
    struct audit_state *state = ctx;
    struct sp_channel *admit = sp_self_wire(state->self, SP_ROLE_ADMIT, 0);
    return admit == NULL ? SP_ERR_CLOSED : sp_msg_ended_send(admit, msg);
}

static enum sp_err send_still(void *ctx, const struct sp_msg_still *msg)
{
    struct audit_state *state = ctx;
    struct sp_channel *admit = sp_self_wire(state->self, SP_ROLE_ADMIT, 0);
    return admit == NULL ? SP_ERR_CLOSED : sp_msg_still_send(admit, msg);
}

static enum sp_err send_token_told(void *ctx, const struct sp_msg_token_told *msg)
{
    struct audit_state *state = ctx;
    struct sp_channel *admit = sp_self_wire(state->self, SP_ROLE_ADMIT, 0);
    return admit == NULL ? SP_ERR_CLOSED : sp_msg_token_told_send(admit, msg);
}

static enum sp_err send_read(void *ctx, const struct sp_msg_read *msg)
{
    struct audit_state *state = ctx;
    struct sp_channel *reader = sp_self_wire(state->self, SP_ROLE_READER, 0);
    return reader == NULL ? SP_ERR_CLOSED : sp_msg_read_send(reader, msg);
}

/* --- the batch --- */

/* All messages of one turn share one sync: the timer is due after the events that are pending now, or a little later. */
static void arm_commit(struct audit_state *state)
{
    if (state->commit_state == COMMIT_NOW || !sp_audit_is_waiting(state->room)) {
        return;
    }
    bool is_pausing = sp_audit_is_worth_a_pause(state->room);
    if (is_pausing && state->commit_state == COMMIT_SOON) {
        return;
    }
    if (sp_timer_set(state->commit, is_pausing ? PAUSE_MS : 0) == SP_OK) {
        state->commit_state = is_pausing ? COMMIT_SOON : COMMIT_NOW;
    }
}

static void tell_rotations(struct audit_state *state)
{
    for (; state->rotations != sp_audit_rotations(state->room); state->rotations++) {
        sp_log(SP_LOG_WARN, "audit.key.changed", "id=%02x%02x%02x%02x",
               sp_key_ring_present(&state->keys)->id[0], sp_key_ring_present(&state->keys)->id[1],
               sp_key_ring_present(&state->keys)->id[2], sp_key_ring_present(&state->keys)->id[3]);
        if (sp_audit_is_old_key_kept(state->room)) {
            sp_log(SP_LOG_ERROR, "audit.key.kept",
                   "why=\"the private part of the old key could not be overwritten\"");
        }
    }
}

/* Says once that the log takes nothing, and once that it does again. */
static void tell_trouble(struct audit_state *state)
{
    const char *why = sp_audit_trouble(state->room);
    tell_rotations(state);
    bool is_in_trouble = why[0] != '\0';
    if (is_in_trouble && !state->is_in_trouble) {
        sp_log(SP_LOG_ERROR, "audit.log.unavailable", "why=\"%s\"", why);
    }
    if (!is_in_trouble && state->is_in_trouble) {
        sp_log(SP_LOG_WARN, "audit.log.recovered", "late=%llu",
               (unsigned long long)sp_audit_late(state->room));
    }
    state->is_in_trouble = is_in_trouble;
}

/* A large file is digested a piece a turn, so that what else comes is not held up. */
static void arm_hash(struct audit_state *state)
{
    if (sp_audit_is_hashing(state->room) && sp_timer_set(state->hash, 0) != SP_OK) {
        sp_self_finish(state->self, SP_ERR_NOMEM);
    }
}

static void end_liars(struct audit_state *state)
{
    uint64_t liars = sp_audit_take_liars(state->room);
    for (unsigned i = 0; liars != 0; i++, liars >>= 1) {
        if ((liars & 1U) != 0) {
            sp_self_break(state->self, (struct sp_peer){.role = SP_ROLE_INSPECT, .index = i});
        }
    }
}

static void on_hash(void *ctx)
{
    struct audit_state *state = ctx;
    (void)sp_audit_hash_some(state->room, audit_now());
    end_liars(state);
    arm_hash(state);
    arm_commit(state);
}

static void on_commit(void *ctx)
{
    struct audit_state *state = ctx;
    state->commit_state = COMMIT_IDLE;
    sp_audit_commit(state->room, audit_now());
    tell_trouble(state);
    arm_commit(state);
}

static void finish(struct audit_state *state)
{
    sp_audit_stop(state->room, audit_now());
    sp_self_finish(state->self, SP_OK);
}

/* Our predecessor did not live to record whose limits a reload changed; a log that takes nothing is asked again. */
static void record_owed(struct audit_state *state)
{
    if (state->owed_count > 0 &&
        sp_audit_quotas(state->room, state->owed, state->owed_count, audit_now()) == SP_OK) {
        state->owed_count = 0;
    }
}

static void on_tick(void *ctx)
{
    struct audit_state *state = ctx;
    sp_audit_tick(state->room, audit_now());
    record_owed(state);
    tell_trouble(state);
    arm_commit(state);
    if (state->is_in_trouble && sp_disk_is_directory_gone(&state->directory)) {
        /* Its descriptor leads nowhere for ever; the supervisor opens the directory anew for our successor. */
        sp_self_finish(state->self, SP_ERR_LOG_UNAVAILABLE);
        return;
    }
    if (state->stop_at_ms != 0 &&
        (sp_audit_open(state->room) == 0 || sp_clock_mono_ms() >= state->stop_at_ms)) {
        finish(state);
        return;
    }
    if (sp_timer_set(state->tick, TICK_MS) != SP_OK) {
        sp_self_finish(state->self, SP_ERR_NOMEM);
    }
}

/* --- messages in --- */

/* If admit is hostile: it names tenants that did not ask. It cannot make anything run that inspection did not allow. */
static enum sp_err on_who(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct audit_state *state = ctx;
    struct sp_msg_who msg;
    (void)from;
    SP_TRY(sp_msg_who_read(message, &msg));
    enum sp_err err = sp_audit_who(state->room, &msg, audit_now());
    end_liars(state);
    arm_hash(state);
    arm_commit(state);
    return err;
}

/* If admit is hostile: it lets a run take time that nobody counted. */
static enum sp_err on_time(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct audit_state *state = ctx;
    struct sp_msg_time msg;
    (void)from;
    SP_TRY(sp_msg_time_read(message, &msg));
    enum sp_err err = sp_audit_time(state->room, &msg, audit_now());
    arm_commit(state);
    return err;
}

/* If admit is hostile: it refuses everybody, on record. */
static enum sp_err on_refusal(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct audit_state *state = ctx;
    struct sp_msg_refusal msg;
    (void)from;
    SP_TRY(sp_msg_refusal_read(message, &msg));
    enum sp_err err = sp_audit_refusal(state->room, &msg, audit_now());
    arm_commit(state);
    return err;
}

/* If admit is hostile: it fills the log with summaries, each with its time. */
static enum sp_err on_strangers(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct audit_state *state = ctx;
    struct sp_msg_strangers msg;
    (void)from;
    SP_TRY(sp_msg_strangers_read(message, &msg));
    enum sp_err err = sp_audit_strangers(state->room, &msg, audit_now());
    arm_commit(state);
    return err;
}

/* If admit is hostile: it lets its stranger read what any tenant may read, on record. */
static enum sp_err on_read_ask(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct audit_state *state = ctx;
    struct sp_msg_read_ask msg;
    (void)from;
    SP_TRY(sp_msg_read_ask_read(message, &msg));
    enum sp_err err = sp_audit_read(state->room, &msg, audit_now());
    arm_commit(state);
    return err;
}

/* If door is hostile: it counts what nobody sent; more than so many entries a second close its wire. */
static enum sp_err on_malformed(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct audit_state *state = ctx;
    struct sp_msg_malformed msg;
    (void)from;
    SP_TRY(sp_msg_malformed_read(message, &msg));
    enum sp_err err = sp_audit_malformed(state->room, &msg, audit_now());
    arm_commit(state);
    return err;
}

/* If ship is hostile: it tells of gaps that are none; the same bound holds. */
static enum sp_err on_gap(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct audit_state *state = ctx;
    struct sp_msg_gap msg;
    (void)from;
    SP_TRY(sp_msg_gap_read(message, &msg));
    enum sp_err err = sp_audit_gap(state->room, &msg, audit_now());
    arm_commit(state);
    return err;
}

/* As above: it names tokens that do not exist. */
static enum sp_err on_token_event(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct audit_state *state = ctx;
    struct sp_msg_token_event msg;
    (void)from;
    SP_TRY(sp_msg_token_event_read(message, &msg));
    enum sp_err err = sp_audit_token_event(state->room, &msg, audit_now());
    arm_commit(state);
    return err;
}

/* If an inspect worker is hostile: it misjudges what it was given; for another's job its wire is closed. */
static enum sp_err on_verdict(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct audit_state *state = ctx;
    struct sp_msg_verdict msg;
    SP_TRY(sp_msg_verdict_read(message, &msg));
    enum sp_err err = sp_audit_verdict(state->room, from.index, &msg, audit_now());
    sp_payload_done(&msg.order);
    sp_payload_done(&msg.content);
    arm_hash(state);
    arm_commit(state);
    return err;
}

/* What a reload brings, from the settings' lists; the caller frees the quotas. */
static enum sp_err read_changes(const struct sp_settings_audit *settings,
                                struct sp_audit_changes *out, struct sp_record_quota **out_quotas)
{
    struct sp_reader r;
    size_t count = 0;
    *out = (struct sp_audit_changes){.policies = settings->policies};
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        out->configuration[i] = settings->configuration[i];
    }
    *out_quotas = calloc(SP_SETTINGS_QUOTAS_MAX, sizeof(**out_quotas));
    if (*out_quotas == NULL) {
        return SP_ERR_NOMEM;
    }
    sp_reader_init(&r, settings->quotas);
    while (sp_reader_left(&r) > 0 && count < SP_SETTINGS_QUOTAS_MAX) {
        struct sp_slice item = {NULL, 0};
        struct sp_settings_quota quota;
        SP_TRY(sp_reader_block(&r, SP_SETTINGS_LIST_MAX, &item));
        SP_TRY(sp_settings_quota_read(item, &quota));
        (*out_quotas)[count++] = (struct sp_record_quota){.scope = (enum sp_limit_scope)quota.scope,
                                                          .name = quota.name,
                                                          .changes = quota.changes,
                                                          .more = quota.more};
    }
    out->quotas = *out_quotas;
    out->quota_count = count;
    return SP_OK;
}

/* If relay is hostile: it lies about what it was given to run; for anything else its wire is closed. */
static enum sp_err on_outcome(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct audit_state *state = ctx;
    struct sp_msg_outcome msg;
    (void)from;
    SP_TRY(sp_msg_outcome_read(message, &msg));
    enum sp_err err = sp_audit_outcome(state->room, &msg, audit_now());
    sp_payload_done(&msg.answer);
    sp_payload_done(&msg.content);
    arm_commit(state);
    return err;
}

/* If relay is hostile: it invents what a run says that somebody waits for; the entry has the digest of that. */
static enum sp_err on_part(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct audit_state *state = ctx;
    struct sp_msg_part msg;
    (void)from;
    SP_TRY(sp_msg_part_read(message, &msg));
    enum sp_err err = sp_audit_part(state->room, &msg, audit_now());
    sp_payload_done(&msg.data);
    return err;
}

static enum sp_err on_role_up(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct audit_state *state = ctx;
    struct sp_msg_role_up msg;
    (void)from;
    SP_TRY(sp_msg_role_up_read(message, &msg));
    enum sp_err err = sp_audit_role_up(state->room, &msg, audit_now());
    arm_commit(state);
    return err;
}

static enum sp_err on_reload(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct audit_state *state = ctx;
    struct sp_msg_reload msg;
    struct sp_settings_audit settings;
    (void)from;
    SP_TRY(sp_msg_reload_read(message, &msg));
    SP_AUTO_FREE struct sp_record_quota *quotas = NULL;
    struct sp_audit_changes changes;
    enum sp_err err = sp_settings_audit_read(msg.settings.bytes, &settings);
    if (err == SP_OK) {
        err = read_changes(&settings, &changes, &quotas);
    }
    if (err == SP_OK) {
        err = sp_audit_reload(state->room, &changes, audit_now());
    }
    sp_payload_done(&msg.settings);
    arm_commit(state);
    /* Where the entry cannot be written, a successor begins with these settings and an entry of its own. */
    sp_self_reloaded(state->self, msg.generation, err);
    return SP_OK;
}

/* The supervisor removes what is recorded here as dropped. */
static enum sp_err on_retire(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct audit_state *state = ctx;
    struct sp_msg_retire msg;
    struct sp_msg_retired retired = {.first = 0};
    (void)from;
    SP_TRY(sp_msg_retire_read(message, &msg));
    enum sp_err err =
        sp_audit_retire(state->room, msg.from, msg.first, audit_now(), &retired.first);
    tell_trouble(state);
    arm_commit(state);
    /* What could not be recorded is asked for again. */
    return err == SP_OK ? sp_self_retired(state->self, &retired) : SP_OK;
}

/* --- life --- */

/* The settings are borrowed only during init, and the log is opened behind the wall. */
static enum sp_err read_settings(struct audit_state *state, struct sp_slice bytes)
{
    struct sp_settings_audit settings;
    struct sp_payload whole = {.bytes = bytes, .fd = -1, .is_heap = false};
    SP_TRY(sp_payload_keep(&whole, &state->settings_bytes));
    SP_TRY(sp_settings_audit_read(state->settings_bytes.bytes, &settings));
    enum sp_err err =
        sp_key_ring_open(state->directory.fds[SP_DISK_OWN], settings.origin, &state->keys);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "audit.key.failed", "why=\"%s\"",
               err == SP_ERR_CONFIG ? "the log has another name than [audit] origin says"
                                    : sp_err_text(err));
        return err;
    }
    if (settings.code_key.len > 0) {
        SP_TRY(sp_seal_key_read(SP_SEAL_PUBLIC, settings.code_key, state->code_key));
        SP_TRY(sp_seal_start());
    }
    /* Made by whoever starts us; audit itself overwrites it when another key has taken its place. */
    const uint32_t uid = sp_self_uid(state->self);
    if (uid != 0 && fchownat(state->directory.fds[SP_DISK_OWN], SP_LOG_KEY_FILE, uid, uid,
                             AT_SYMLINK_NOFOLLOW) != 0) {
        return SP_ERR_SYSTEM;
    }
    state->settings = (struct sp_audit_settings){
        .version = settings.version,
        .keys = &state->keys,
        .policies = settings.policies,
        .workers = settings.workers,
        .run_operation = SP_OPERATION_EXECUTE,
        .code_at = SP_ORDER_CODE_AT,
        .file_bytes_max = settings.file_bytes_max,
        .code_key = settings.code_key.len > 0 ? state->code_key : NULL,
        .hides_sources = settings.hides_sources != 0,
        .operation_name = operation_name,
    };
    for (size_t i = 0; i < SP_DIGEST_BYTES; i++) {
        state->settings.configuration[i] = settings.configuration[i];
    }
    struct sp_audit_changes changes = {.quota_count = 0};
    if (settings.quotas.len > 0) {
        SP_TRY(read_changes(&settings, &changes, &state->owed));
        state->owed_count = changes.quota_count;
    }
    return SP_OK;
}

static enum sp_err audit_init(struct sp_self *self, void **out_state)
{
    struct audit_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SP_ERR_NOMEM;
    }
    *out_state = state;
    state->self = self;
    int fd = sp_self_take_gift(self, SP_GIFT_STATE, 0);
    if (fd < 0) {
        return SP_ERR_CONFIG;
    }
    SP_TRY(sp_disk_open_directory(&state->directory, fd, sp_self_take_gift(self, SP_GIFT_STATE, 1),
                                  &state->disk));
    SP_TRY(sp_hash_start());
    SP_TRY(read_settings(state, sp_self_settings(self)));
    SP_TRY(sp_timer_new(sp_self_loop(self), on_commit, state, &state->commit));
    SP_TRY(sp_timer_new(sp_self_loop(self), on_hash, state, &state->hash));
    return sp_timer_new(sp_self_loop(self), on_tick, state, &state->tick);
}

static enum sp_err audit_start(void *ctx)
{
    struct audit_state *state = ctx;
    const struct sp_audit_out out = {.ctx = state,
                                     .run = send_run,
                                     .answer = send_answer,
                                     .part = send_part,
                                     .judged = send_judged,
                                     .ended = send_ended,
                                     .still = send_still,
                                     .token_told = send_token_told,
                                     .read = send_read};
    SP_TRY(sp_audit_room_new(&state->settings, &state->disk, &out, audit_now(), &state->room));
    record_owed(state);
    arm_commit(state);
    tell_trouble(state);
    return sp_timer_set(state->tick, TICK_MS);
}

static void audit_wired(void *ctx, struct sp_peer peer)
{
    struct audit_state *state = ctx;
    sp_audit_wired(state->room, peer, audit_now());
}

static void audit_lost(void *ctx, struct sp_peer peer)
{
    struct audit_state *state = ctx;
    sp_audit_lost(state->room, peer, audit_now());
    arm_commit(state);
}

static void audit_stop(void *ctx, unsigned grace_ms)
{
    struct audit_state *state = ctx;
    state->stop_at_ms = sp_clock_mono_ms() + grace_ms;
    if (sp_audit_open(state->room) == 0) {
        finish(state);
    }
}

static const struct sp_handler audit_handlers[] = {
    {SP_ROLE_ADMIT, SP_MSG_WHO, on_who},
    {SP_ROLE_ADMIT, SP_MSG_TIME, on_time},
    {SP_ROLE_ADMIT, SP_MSG_REFUSAL, on_refusal},
    {SP_ROLE_ADMIT, SP_MSG_STRANGERS, on_strangers},
    {SP_ROLE_ADMIT, SP_MSG_TOKEN_EVENT, on_token_event},
    {SP_ROLE_ADMIT, SP_MSG_READ_ASK, on_read_ask},
    {SP_ROLE_DOOR, SP_MSG_MALFORMED, on_malformed},
    {SP_ROLE_SHIP, SP_MSG_GAP, on_gap},
    {SP_ROLE_INSPECT, SP_MSG_VERDICT, on_verdict},
    {SP_ROLE_RELAY, SP_MSG_OUTCOME, on_outcome},
    {SP_ROLE_RELAY, SP_MSG_PART, on_part},
    {SP_ROLE_SUPERVISOR, SP_MSG_ROLE_UP, on_role_up},
    {SP_ROLE_SUPERVISOR, SP_MSG_RELOAD, on_reload},
    {SP_ROLE_SUPERVISOR, SP_MSG_RETIRE, on_retire},
};

const struct sp_role_spec sp_audit_role = {
    .role = SP_ROLE_AUDIT,
    .init = audit_init,
    .start = audit_start,
    .wired = audit_wired,
    .lost = audit_lost,
    .stop = audit_stop,
    .handlers = audit_handlers,
    .handler_count = SP_COUNT(audit_handlers),
};
