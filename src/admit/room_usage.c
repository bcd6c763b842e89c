/* What a tenant uses, as JSON for whoever holds one of its tokens. */
#include "admit/room_inner.h"
#include "base/clock.h"
#include "codec/json_out.h"

#define USAGE_BYTES_MAX ((size_t)512 * 1024)
#define TOKENS_MAX      1000U /* so many are listed */
#define MS_A_SECOND     ((uint64_t)1000)

static uint64_t in_units(unsigned limit, uint64_t amount)
{
    return limit == SP_LIMIT_RUN_TIME ? (amount + MS_A_SECOND - 1) / MS_A_SECOND : amount;
}

/* Every limit by its key in the configuration; a size of 0 is no limit, and nothing is left to tell. */
static void put_limits(struct sp_json_out *w, const struct sp_quota_usage *usage)
{
    sp_json_out_key(w, "limits");
    sp_json_out_object(w);
    for (unsigned i = SP_LIMIT_NONE + 1; i < SP_LIMIT_COUNT; i++) {
        uint64_t size = usage->limits.of[i] / (i == SP_LIMIT_RUN_TIME ? MS_A_SECOND : 1);
        uint64_t used = in_units(i, usage->used[i]);
        sp_json_out_key(w, sp_limit_key((enum sp_limit)i));
        sp_json_out_object(w);
        sp_json_out_member_u64(w, "size", size);
        sp_json_out_member_u64(w, "used", used);
        sp_json_out_member_u64(w, "reserved", in_units(i, usage->reserved[i]));
        if (size != 0) {
            sp_json_out_member_u64(w, "left", used < size ? size - used : 0);
        }
        sp_json_out_object_end(w);
    }
    sp_json_out_object_end(w);
    sp_json_out_member_u64(w, "requests_today", usage->day_requests);
    sp_json_out_member_u64(w, "runs_today", usage->day_runs);
}

struct telling {
    struct sp_admit_room *room;
    struct sp_json_out *w;
    unsigned tokens;
};

static enum sp_err put_token(void *ctx, uint32_t node)
{
    struct telling *telling = ctx;
    struct sp_quota_usage usage;
    if (telling->tokens >= TOKENS_MAX) {
        return SP_OK;
    }
    telling->tokens++;
    sp_quota_usage(telling->room->quota, node, telling->room->time_us, &usage);
    sp_json_out_object(telling->w);
    sp_json_out_member_string(telling->w, "token", usage.token);
    put_limits(telling->w, &usage);
    sp_json_out_object_end(telling->w);
    return SP_OK;
}

static enum sp_err write_usage(struct sp_admit_room *room, uint32_t node, struct sp_buf *out)
{
    struct sp_json_out w;
    struct sp_quota_usage usage;
    char resets[SP_CLOCK_RFC3339_BYTES];
    struct telling telling = {.room = room, .w = &w};
    sp_json_out_init(&w, out);
    sp_quota_usage(room->quota, node, room->time_us, &usage);
    sp_clock_rfc3339(room->time_us + sp_quota_day_left_us(room->time_us), resets);
    sp_json_out_object(&w);
    sp_json_out_member_string(&w, "tenant", usage.name);
    sp_json_out_member_text(&w, "dayEnds", resets);
    put_limits(&w, &usage);
    if (usage.parent != SP_QUOTA_NODE_NONE) {
        struct sp_quota_usage above;
        sp_quota_usage(room->quota, usage.parent, room->time_us, &above);
        sp_json_out_key(&w, "organisation");
        sp_json_out_object(&w);
        sp_json_out_member_string(&w, "name", above.name);
        put_limits(&w, &above);
        sp_json_out_object_end(&w);
    }
    sp_json_out_key(&w, "tokens");
    sp_json_out_array(&w);
    SP_TRY(sp_quota_tokens(room->quota, node, put_token, &telling));
    sp_json_out_array_end(&w);
    sp_json_out_object_end(&w);
    return sp_json_out_end(&w);
}

/* No entry in the log: nothing was asked of a pool, and the numbers are the tenant's own. */
void sp_admit_tell_usage(struct sp_admit_room *room, struct sp_guest *guest)
{
    SP_AUTO_BUF struct sp_buf json;
    sp_exchange exchange = guest->exchange;
    sp_buf_init(&json, USAGE_BYTES_MAX);
    enum sp_err err = write_usage(room, room->seats.all[guest->tenant].node, &json);
    SP_AUTO_PAYLOAD struct sp_payload payload = SP_PAYLOAD_EMPTY;
    if (err == SP_OK) {
        err = sp_payload_make(sp_buf_slice(&json), &payload);
    }
    if (err != SP_OK) {
        sp_admit_turn_away(room, guest, SP_ERR_UNAVAILABLE, 1000000U, "the usage cannot be told now");
        return;
    }
    const struct sp_msg_tell tell = {.exchange = exchange, .json = payload};
    (void)room->out.tell(room->out.ctx, &tell);
    sp_admit_release(room, guest);
}
