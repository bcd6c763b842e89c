#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "audit/tile.h"
#include "crypto/hash.h"
#include "room_world.h"

static const uint8_t policy[SP_DIGEST_BYTES] = {7};
const struct sp_peer front = {SP_ROLE_FRONT, 0};
const struct sp_peer relay = {SP_ROLE_RELAY, 0};
const struct sp_peer admit = {SP_ROLE_ADMIT, 0};
const struct sp_peer worker_0 = {SP_ROLE_INSPECT, 0};
const struct sp_peer worker_1 = {SP_ROLE_INSPECT, 1};

static struct sent *note(struct world *w, enum sent_type type, sp_exchange exchange)
{
    assert_true(w->sent_count < SENT_MAX);
    struct sent *sent = &w->sent[w->sent_count++];
    *sent = (struct sent){.type = type, .exchange = exchange};
    return sent;
}

static void copy_text(struct sp_slice from, char to[64])
{
    for (size_t i = 0; i < from.len && i < 63; i++) {
        to[i] = (char)from.ptr[i];
    }
}

static enum sp_err on_run(void *ctx, const struct sp_msg_run *msg)
{
    struct world *w = ctx;
    if (w->is_relay_deaf) {
        return SP_ERR_FULL;
    }
    struct sent *sent = note(w, SENT_RUN, msg->exchange);
    sent->entry = msg->entry;
    copy_text(msg->order.bytes, sent->text);
    /* Whatever relay sees is on the disk before. */
    assert_true(fake_disk_lines(&w->fake, "\"kind\":\"intent\"") > 0);
    return SP_OK;
}

static enum sp_err on_answer(void *ctx, const struct sp_msg_answer *msg)
{
    struct sent *sent = note(ctx, SENT_ANSWER, msg->exchange);
    sent->err = msg->err;
    sent->retry_after_ms = msg->retry_after_ms;
    sent->entry = msg->entry;
    sent->has_entry = msg->has_entry == 1;
    copy_text(msg->answer.bytes, sent->text);
    return SP_OK;
}

static enum sp_err on_judged(void *ctx, const struct sp_msg_judged *msg)
{
    note(ctx, SENT_JUDGED, msg->exchange)->run_ms = msg->run_ms_max;
    return SP_OK;
}

static enum sp_err on_ended(void *ctx, const struct sp_msg_ended *msg)
{
    note(ctx, SENT_ENDED, msg->exchange)->state = (enum sp_end)msg->state;
    return SP_OK;
}

static enum sp_err on_token_told(void *ctx, const struct sp_msg_token_told *msg)
{
    note(ctx, SENT_TOKEN_TOLD, 0)->entry = msg->change;
    return SP_OK;
}

static enum sp_err on_still(void *ctx, const struct sp_msg_still *msg)
{
    struct sent *sent = note(ctx, SENT_STILL, msg->exchange);
    sent->left_ms = msg->left_ms;
    sent->is_last = msg->is_last != 0;
    sent->is_whole = msg->is_whole != 0;
    copy_text(msg->tenant, sent->text);
    return SP_OK;
}

static enum sp_err on_read(void *ctx, const struct sp_msg_read *msg)
{
    struct world *w = ctx;
    if (w->is_reader_deaf) {
        return SP_ERR_FULL;
    }
    struct sent *sent = note(w, SENT_READ, msg->exchange);
    sent->entry = msg->entry;
    sent->has_entry = msg->is_all == 1;
    copy_text(msg->what, sent->text);
    assert_true(sp_slice_is(msg->tenant, "acme") && sp_slice_is(msg->query, "limit=1") &&
                msg->limit_left == 7);
    /* What is shown to anybody is on the disk before. */
    assert_true(fake_disk_lines(&w->fake, "\"kind\":\"read\"") > 0);
    return SP_OK;
}

static enum sp_err on_part(void *ctx, const struct sp_msg_part *msg)
{
    struct world *w = ctx;
    if (w->is_front_full) {
        return SP_ERR_FULL;
    }
    struct sent *sent = note(w, SENT_PART, msg->exchange);
    sent->entry = msg->lost;
    copy_text(msg->data.bytes, sent->text);
    return SP_OK;
}

static const char *operation_name(unsigned operation)
{
    static const char *const names[] = {"none", "execute", "file.put"};
    return operation < SP_COUNT(names) ? names[operation] : NULL;
}

void open_room(struct world *w)
{
    struct sp_audit_settings settings = {
        .version = sp_slice_of("0.1"),
        .keys = fake_keys(),
        .policies = sp_slice_make(policy, sizeof(policy)),
        .workers = 2,
        .code_key = w->code_key,
        .file_bytes_max = w->file_bytes_max,
        .run_operation = 1,
        .code_at = 4, /* "the order" */
        .operation_name = operation_name,
    };
    struct sp_audit_out out = {.ctx = w,
                               .run = on_run,
                               .answer = on_answer,
                               .judged = on_judged,
                               .ended = on_ended,
                               .still = on_still,
                               .token_told = on_token_told,
                               .read = on_read,
                               .part = on_part};
    assert_int_equal(sp_audit_room_new(&settings, &w->fake.disk, &out, w->now, &w->room), SP_OK);
    sp_audit_wired(w->room, relay, w->now);
    sp_audit_wired(w->room, worker_0, w->now);
    sp_audit_wired(w->room, worker_1, w->now);
}

int make_world(void **state)
{
    static struct world w;
    w = (struct world){.now = {.mono_us = 100 * SECOND, .wall_us = NOON}};
    fake_disk_init(&w.fake);
    open_room(&w);
    *state = &w;
    return 0;
}

int end_world(void **state)
{
    struct world *w = *state;
    sp_audit_room_free(w->room);
    fake_disk_done(&w->fake);
    return 0;
}

/* --- what the peers say --- */

struct sp_msg_who who_of(sp_exchange exchange)
{
    struct sp_msg_who who = {
        .exchange = exchange,
        .tenant = sp_slice_of("acme"),
        .principal = sp_slice_of("t1"),
        .source = sp_slice_of("192.0.2.1"),
        .operation = 1,
        .session = sp_slice_of("5e55"),
        .policy_name = sp_slice_of("strict"),
        .run_ms_max = SP_AUDIT_RUN_MS_MAX,
    };
    who.policy[0] = 7;
    return who;
}

struct sp_msg_verdict verdict_of(sp_exchange exchange)
{
    struct sp_msg_verdict verdict = {
        .exchange = exchange,
        .verdict = SP_VERDICT_ALLOW,
        .run_ms_max = 1000,
        .order = {.bytes = sp_slice_of("the order"), .fd = -1},
    };
    verdict.policy[0] = 7;
    assert_int_equal(sp_sha256(verdict.order.bytes, verdict.order_digest), SP_OK);
    return verdict;
}

struct sp_msg_verdict denial_of(sp_exchange exchange)
{
    struct sp_msg_verdict verdict = {.exchange = exchange,
                                     .verdict = SP_VERDICT_DENY,
                                     .err = SP_ERR_DENIED,
                                     .order = SP_PAYLOAD_EMPTY};
    verdict.policy[0] = 7;
    return verdict;
}

struct sp_msg_outcome outcome_of(sp_exchange exchange, enum sp_end state)
{
    struct sp_msg_outcome outcome = {
        .exchange = exchange,
        .state = (uint8_t)state,
        .err = state == SP_END_DONE ? SP_OK : SP_ERR_POOL_UNAVAILABLE,
        .retry_after_ms = 5,
        .answer = {.bytes = sp_slice_of("the answer"), .fd = -1},
    };
    assert_int_equal(sp_sha256(outcome.answer.bytes, outcome.answer_digest), SP_OK);
    return outcome;
}

enum sp_err tell_who(struct world *w, sp_exchange exchange)
{
    struct sp_msg_who who = who_of(exchange);
    return sp_audit_who(w->room, &who, w->now);
}

enum sp_err tell_verdict(struct world *w, sp_exchange exchange)
{
    struct sp_msg_verdict verdict = verdict_of(exchange);
    return sp_audit_verdict(w->room, 0, &verdict, w->now);
}

enum sp_err tell_outcome(struct world *w, sp_exchange exchange, enum sp_end state)
{
    struct sp_msg_outcome outcome = outcome_of(exchange, state);
    return sp_audit_outcome(w->room, &outcome, w->now);
}

void commit(struct world *w)
{
    sp_audit_commit(w->room, w->now);
}

void later(struct world *w, uint64_t us)
{
    w->now.mono_us += us;
    w->now.wall_us += us;
}

void run(struct world *w, sp_exchange exchange)
{
    assert_int_equal(tell_who(w, exchange), SP_OK);
    assert_int_equal(tell_verdict(w, exchange), SP_OK);
    commit(w);
    w->seen = w->sent_count;
    assert_int_equal(w->sent[w->seen - 1].type, SENT_RUN);
}

/* --- the log --- */

void lengthen(struct world *w, unsigned entries)
{
    struct sp_msg_strangers strangers = {
        .from_us = NOON, .to_us = NOON, .err = SP_ERR_TOKEN_UNKNOWN, .count = 3};
    for (unsigned i = 0; i < entries; i++) {
        assert_int_equal(sp_audit_strangers(w->room, &strangers, w->now), SP_OK);
        if (i % 2 == 1) {
            commit(w);
        }
    }
}

void publish(struct world *w)
{
    later(w, 2 * SECOND);
    sp_audit_tick(w->room, w->now);
}

void drop_before(struct world *w, uint64_t first)
{
    for (size_t i = 0; i < w->fake.inodes; i++) {
        struct fake_file *file = &w->fake.files[i];
        struct sp_tile tile;
        if (file->is_there && file->place == SP_DISK_LOG &&
            sp_tile_from_path(sp_slice_of(file->path), &tile) == SP_OK &&
            tile.level == SP_TILE_ENTRIES && tile.number < first / SP_TILE_WIDTH) {
            file->is_there = false;
        }
    }
}

void note_problem(void *ctx, const struct sp_log_problem *problem)
{
    struct report *report = ctx;
    if (report->problems == 0) {
        (void)snprintf(report->first, sizeof(report->first), "%s: %s", problem->file,
                       problem->text);
    }
    report->problems++;
}

struct report verify_from(struct world *w, const struct sp_note_key *key, struct sp_slice older)
{
    struct report report = {.problems = 0};
    const struct sp_log_verify options = {
        .disk = &w->fake.disk, .key = key, .older = older, .ctx = &report, .problem = note_problem};
    assert_int_equal(sp_log_verify(&options, &report.verified), SP_OK);
    return report;
}

struct report verify(struct world *w, const struct sp_note_key *key)
{
    return verify_from(w, key, sp_slice_of(NULL));
}

/* --- what was sent --- */

const struct sent *next(struct world *w, enum sent_type type)
{
    assert_true(w->seen < w->sent_count);
    const struct sent *sent = &w->sent[w->seen++];
    assert_int_equal(sent->type, type);
    return sent;
}

void nothing_more(const struct world *w)
{
    assert_int_equal(w->seen, w->sent_count);
}

void answered(struct world *w, enum sp_err err, bool has_entry, enum sp_end state)
{
    const struct sent *answer = next(w, SENT_ANSWER);
    assert_int_equal(answer->err, err);
    assert_int_equal(answer->has_entry, has_entry);
    const struct sent *ended = next(w, SENT_ENDED);
    assert_int_equal(ended->state, state);
    assert_int_equal(ended->exchange, answer->exchange);
    nothing_more(w);
}
