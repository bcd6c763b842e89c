#include "room_house.h"

#include "identity/token.h"

struct said said;

static enum sp_err on_grant(void *ctx, const struct sp_msg_grant *msg)
{
    (void)ctx;
    said.grants++;
    said.grant = *msg;
    return SP_OK;
}

static enum sp_err on_refuse(void *ctx, const struct sp_msg_refuse *msg)
{
    (void)ctx;
    said.refuses++;
    said.refuse_err = msg->err;
    said.refuse_after_ms = msg->retry_after_ms;
    return SP_OK;
}

static enum sp_err on_send(void *ctx, const struct sp_msg_send *msg)
{
    (void)ctx;
    assert_int_equal(said.whos, said.sends + 1); /* audit is told before front */
    said.sends++;
    said.send = *msg;
    return SP_OK;
}

static enum sp_err on_who(void *ctx, const struct sp_msg_who *msg)
{
    (void)ctx;
    if (said.who_fails != SP_OK) {
        return said.who_fails;
    }
    said.whos++;
    said.who_worker = msg->worker;
    said.who_limit = msg->limit;
    said.who_left = msg->limit_left;
    said.who_run_ms = msg->run_ms_max;
    for (size_t i = 0; i < msg->session.len; i++) {
        said.session[i] = (char)msg->session.ptr[i];
    }
    assert_true(sp_slice_is(msg->tenant, "acme") || sp_slice_is(msg->tenant, "beta"));
    assert_true(sp_slice_is(msg->source, "192.0.2.7"));
    return SP_OK;
}

static enum sp_err on_time(void *ctx, const struct sp_msg_time *msg)
{
    (void)ctx;
    if (said.time_fails != SP_OK) {
        return said.time_fails;
    }
    said.times++;
    said.time_ms = msg->run_ms_max;
    return SP_OK;
}

static enum sp_err on_refusal(void *ctx, const struct sp_msg_refusal *msg)
{
    (void)ctx;
    said.refusals++;
    said.refusal_err = msg->err;
    said.refusal_after_ms = msg->retry_after_ms;
    said.refusal_exchange = msg->exchange;
    said.refusal_limit =
        (struct sp_limit_state){(enum sp_limit)msg->limit, (enum sp_limit_scope)msg->limit_scope,
                                msg->limit_size, msg->limit_left, msg->limit_reset_s};
    sp_slice_to_text(msg->detail, said.refusal_detail, sizeof(said.refusal_detail));
    return SP_OK;
}

static enum sp_err on_strangers(void *ctx, const struct sp_msg_strangers *msg)
{
    (void)ctx;
    said.strangers++;
    said.stranger_count += msg->count;
    return SP_OK;
}

static enum sp_err on_read_ask(void *ctx, const struct sp_msg_read_ask *msg)
{
    (void)ctx;
    if (said.read_fails != SP_OK) {
        return said.read_fails;
    }
    said.reads++;
    said.read_all = msg->is_all == 1;
    sp_slice_to_text(msg->tenant, said.session, sizeof(said.session));
    sp_slice_to_text(msg->what, said.told, sizeof(said.told));
    sp_slice_to_text(msg->query, said.refusal_detail, sizeof(said.refusal_detail));
    return SP_OK;
}

static enum sp_err on_tell(void *ctx, const struct sp_msg_tell *msg)
{
    (void)ctx;
    said.tells++;
    sp_slice_to_text(msg->json.bytes, said.told, sizeof(said.told));
    return SP_OK;
}

static void add(struct house *house, unsigned number, const char *name, uint32_t per_minute,
                uint32_t runs)
{
    struct sp_tenant tenant = {
        .name = sp_slice_of(name), .policy_name = sp_slice_of("data-science"), .policy_epoch = 1};
    uint8_t digest[SP_TOKEN_DIGEST_BYTES];
    struct sp_token parsed;
    const struct sp_quota_limits limits = {
        .of = {[SP_LIMIT_REQUESTS] = per_minute, [SP_LIMIT_RUNS] = runs}};
    assert_int_equal(sp_quota_put(house->quota, SP_LIMIT_OF_TENANT, tenant.name, SP_QUOTA_NODE_NONE,
                                  &limits, &house->shares[number].node),
                     SP_OK);
    assert_int_equal(sp_directory_add_tenant(house->directory, &tenant), SP_OK);
    sp_buf_init(&house->token[number], 1024);
    assert_int_equal(sp_buf_put_text(&house->token[number], "Bearer "), SP_OK);
    assert_int_equal(sp_token_make(sp_slice_of(name), &house->token[number]), SP_OK);
    struct sp_slice text = sp_slice_sub(sp_buf_slice(&house->token[number]), 7, 1024);
    assert_int_equal(sp_token_parse(text, &parsed), SP_OK);
    assert_int_equal(sp_token_digest(&parsed, digest), SP_OK);
    assert_int_equal(
        sp_directory_add_token(house->directory, sp_slice_of(name), sp_slice_of(name), digest, 0),
        SP_OK);
}

void open_house(struct house *house, unsigned workers, uint32_t queue_max)
{
    static const uint8_t key[SP_SESSION_KEY_BYTES] = {1, 2, 3};
    const struct sp_admit_limits limits = {.workers = workers,
                                           .body_bytes_max = 1000,
                                           .bytes_in_flight_max = 8000,
                                           .queue_max = queue_max,
                                           .failed_logins_per_minute = FAILED_LOGINS};
    const struct sp_admit_out out = {NULL,   on_grant, on_refuse,  on_tell,      on_send,
                                     on_who, on_time,  on_refusal, on_strangers, on_read_ask};
    said = (struct said){0};
    *house = (struct house){.now = {.mono_us = 10000000, .wall_us = 1700000000000000}};
    assert_int_equal(sp_store_memory_new(&house->memory, &house->store), SP_OK);
    assert_int_equal(sp_quota_open(&house->store, COOLDOWN_US,
                                   (struct sp_quota_time){house->now.mono_us, house->now.wall_us},
                                   &house->quota),
                     SP_OK);
    assert_int_equal(sp_authority_new(&house->authority), SP_OK);
    house->directory = sp_authority_directory(house->authority);
    add(house, 0, "acme", 0, 0);
    add(house, 1, "beta", 2, 1);
    assert_int_equal(sp_session_namer_new(sp_slice_make(key, sizeof(key)), &house->namer), SP_OK);
    const struct sp_admit_parts parts = {house->authority, house->namer, house->quota,
                                         house->shares};
    assert_int_equal(sp_admit_room_new(&limits, &parts, &out, &house->room), SP_OK);
    sp_admit_front(house->room, true);
    sp_admit_audit(house->room, true, house->now);
}

void close_house(struct house *house)
{
    sp_admit_room_free(house->room);
    sp_quota_free(house->quota);
    sp_store_memory_free(house->memory);
    sp_authority_free(house->authority);
    sp_session_namer_free(house->namer);
    sp_buf_done(&house->token[0]);
    sp_buf_done(&house->token[1]);
}

uint64_t used_of(struct house *house, unsigned number, enum sp_limit limit)
{
    struct sp_quota_usage usage;
    const struct sp_quota_time now = {house->now.mono_us, house->now.wall_us};
    sp_quota_usage(house->quota, house->shares[number].node, sp_quota_now(house->quota, now),
                   &usage);
    return usage.used[limit];
}

uint64_t runs_of(struct house *house, unsigned number)
{
    return used_of(house, number, SP_LIMIT_RUNS);
}

/* What the process does at the end of a turn. */
void commit(struct house *house)
{
    if (sp_admit_is_waiting(house->room)) {
        assert_int_equal(sp_admit_commit(house->room, house->now), SP_OK);
    }
    assert_false(sp_admit_is_waiting(house->room));
}

/* Nothing may be held when nobody is in. */
void assert_empty(struct house *house)
{
    assert_int_equal(sp_admit_open(house->room), 0);
    assert_int_equal(sp_credit_used(house->room->credit), 0);
    assert_int_equal(runs_of(house, 0), 0);
    assert_int_equal(runs_of(house, 1), 0);
    assert_int_equal(sp_fair_waiting(house->room->fair), 0);
    for (unsigned i = 0; i < house->room->workers.count; i++) {
        assert_int_equal(house->room->workers.all[i].jobs, 0);
    }
}

enum sp_err ask_for(struct house *house, sp_exchange exchange, struct sp_slice credential,
                    const char *target, uint64_t bytes)
{
    const struct sp_msg_ask msg = {.exchange = exchange,
                                   .source = sp_slice_of("192.0.2.7"),
                                   .method = sp_slice_of("POST"),
                                   .target = sp_slice_of(target),
                                   .authorization = credential,
                                   .has_body = 1,
                                   .body_bytes = bytes};
    enum sp_err err = sp_admit_on_ask(house->room, &msg, house->now);
    commit(house);
    return err;
}

enum sp_err ask(struct house *house, sp_exchange exchange, unsigned tenant)
{
    return ask_for(house, exchange, sp_buf_slice(&house->token[tenant]), TARGET, BODY);
}

enum sp_err ready(struct house *house, sp_exchange exchange, uint64_t bytes)
{
    const struct sp_msg_ready msg = {.exchange = exchange, .body_bytes = bytes};
    return sp_admit_on_ready(house->room, &msg, house->now);
}

enum sp_err judged(struct house *house, sp_exchange exchange, uint16_t worker)
{
    const struct sp_msg_judged msg = {.exchange = exchange, .worker = worker};
    return sp_admit_on_judged(house->room, &msg, house->now);
}

enum sp_err ended(struct house *house, sp_exchange exchange, enum sp_end end)
{
    const struct sp_msg_ended msg = {.exchange = exchange, .state = (uint8_t)end};
    return sp_admit_on_ended(house->room, &msg, house->now);
}

enum sp_err left(struct house *house, sp_exchange exchange, enum sp_err why)
{
    const struct sp_msg_left msg = {.exchange = exchange, .why = why};
    return sp_admit_on_left(house->room, &msg, house->now);
}
