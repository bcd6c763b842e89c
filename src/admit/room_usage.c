/* What a tenant uses, as JSON for whoever holds one of its tokens. */
#include "admit/room_inner.h"
#include "api/scope.h"
#include "base/clock.h"
#include "base/num.h"
#include "codec/json_out.h"
#include "codec/url.h"

#define USAGE_BYTES_MAX ((size_t)2 * 1024 * 1024)
/* A page of all tenants ends beyond so many bytes, and after so many seats: others wait meanwhile. */
#define PAGE_BYTES      ((size_t)256 * 1024)
#define SEATS_AT_ONCE   ((size_t)20000)
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

/* One tenant, with its organisation and its tokens. */
static enum sp_err put_tenant(struct sp_admit_room *room, uint32_t node, struct sp_json_out *w)
{
    struct sp_quota_usage usage;
    char resets[SP_CLOCK_RFC3339_BYTES];
    struct telling telling = {.room = room, .w = w};
    sp_quota_usage(room->quota, node, room->time_us, &usage);
    sp_clock_rfc3339(room->time_us + sp_quota_day_left_us(room->time_us), resets);
    sp_json_out_object(w);
    sp_json_out_member_string(w, "tenant", usage.name);
    sp_json_out_member_text(w, "dayEnds", resets);
    put_limits(w, &usage);
    if (usage.parent != SP_QUOTA_NODE_NONE) {
        struct sp_quota_usage above;
        sp_quota_usage(room->quota, usage.parent, room->time_us, &above);
        sp_json_out_key(w, "organisation");
        sp_json_out_object(w);
        sp_json_out_member_string(w, "name", above.name);
        put_limits(w, &above);
        sp_json_out_object_end(w);
    }
    sp_json_out_key(w, "tokens");
    sp_json_out_array(w);
    SP_TRY(sp_quota_tokens(room->quota, node, put_token, &telling));
    sp_json_out_array_end(w);
    sp_json_out_object_end(w);
    return SP_OK;
}

/* --- whose --- */

struct wish {
    struct sp_slice tenant; /* raw; empty: the caller's own */
    bool is_all;
    uint64_t from; /* seats before this one were told on an earlier page */
};

static enum sp_err read_wish(struct sp_slice query, struct wish *out)
{
    struct sp_url_query q;
    struct sp_slice name = {NULL, 0};
    struct sp_slice value = {NULL, 0};
    sp_url_query_init(&q, query);
    while (sp_url_query_next(&q, &name, &value)) {
        if (sp_slice_is(name, "tenant")) {
            out->tenant = value;
        } else if (sp_slice_is(name, "all")) {
            out->is_all = sp_slice_is(value, "true");
        } else if (sp_slice_is(name, "from") &&
                   sp_parse_u64(value, UINT32_MAX, &out->from) != SP_OK) {
            return SP_ERR_REQUEST;
        }
    }
    return SP_OK;
}

/* Names of tenants have no letter that a URL must escape. */
static const struct sp_seat *seat_of(const struct sp_admit_room *room, struct sp_slice tenant)
{
    size_t at = 0;
    if (sp_directory_find(sp_authority_directory(room->authority), tenant, &at) != SP_OK) {
        return NULL;
    }
    return &room->seats.all[sp_seats_of(&room->seats, at)];
}

static bool is_used(struct sp_admit_room *room, uint32_t node)
{
    struct sp_quota_usage usage;
    uint64_t any = 0;
    sp_quota_usage(room->quota, node, room->time_us, &usage);
    for (unsigned i = SP_LIMIT_NONE + 1; i < SP_LIMIT_COUNT; i++) {
        any |= usage.used[i];
    }
    return (any | usage.day_requests | usage.day_runs) != 0;
}

/* A page of those that used anything today; `next` stands there when it is not the last. */
static enum sp_err put_page(struct sp_admit_room *room, size_t from, struct sp_json_out *w,
                            const struct sp_buf *written)
{
    size_t at = from;
    const size_t end =
        from < room->seats.count ? sp_size_min(room->seats.count, from + SEATS_AT_ONCE) : from;
    sp_json_out_object(w);
    sp_json_out_key(w, "tenants");
    sp_json_out_array(w);
    for (; at < end && written->len < PAGE_BYTES; at++) {
        if (room->seats.all[at].is_there && is_used(room, room->seats.all[at].node)) {
            SP_TRY(put_tenant(room, room->seats.all[at].node, w));
        }
    }
    sp_json_out_array_end(w);
    if (at < room->seats.count) {
        sp_json_out_member_u64(w, "next", at);
    }
    sp_json_out_object_end(w);
    return SP_OK;
}

static enum sp_err write_usage(struct sp_admit_room *room, const struct wish *wish, uint32_t node,
                               struct sp_buf *out)
{
    struct sp_json_out w;
    sp_json_out_init(&w, out);
    SP_TRY(wish->is_all ? put_page(room, (size_t)wish->from, &w, out) : put_tenant(room, node, &w));
    return sp_json_out_end(&w);
}

/* Anybody may see his own tenant; others are for who may administer. */
static enum sp_err find_wished(struct sp_admit_room *room, const struct sp_guest *guest,
                               bool is_admin, const struct wish *wish, uint32_t *out_node)
{
    const struct sp_seat *own = &room->seats.all[guest->tenant];
    const bool is_own = wish->tenant.len == 0 || sp_slice_equal(wish->tenant, own->tenant.name);
    *out_node = own->node;
    if (is_own && !wish->is_all) {
        return SP_OK;
    }
    if (!is_admin) {
        return SP_ERR_SCOPE;
    }
    const struct sp_seat *other = is_own ? own : seat_of(room, wish->tenant);
    if (other == NULL) {
        return SP_ERR_NOT_FOUND;
    }
    *out_node = other->node;
    return SP_OK;
}

static void turn_away(struct sp_admit_room *room, struct sp_guest *guest, enum sp_err err)
{
    struct sp_where where = {.text = {0}};
    if (err == SP_ERR_SCOPE) {
        sp_scope_say(SP_SCOPE_ADMIN, &where);
        sp_admit_turn_away(room, guest, err, 0, where.text);
    } else if (err == SP_ERR_NOT_FOUND || err == SP_ERR_REQUEST) {
        sp_admit_turn_away(room, guest, err, 0,
                           err == SP_ERR_NOT_FOUND ? "there is no such tenant"
                                                   : "'from' is no number");
    } else {
        sp_admit_turn_away(room, guest, SP_ERR_UNAVAILABLE, 1000000U,
                           "the usage cannot be told now");
    }
}

/* No entry in the log: nothing was asked of a pool, and nothing but numbers is told. */
void sp_admit_tell_usage(struct sp_admit_room *room, struct sp_guest *guest, struct sp_slice query,
                         bool is_admin)
{
    SP_AUTO_BUF struct sp_buf json;
    SP_AUTO_PAYLOAD struct sp_payload payload = SP_PAYLOAD_EMPTY;
    struct wish wish = {.is_all = false};
    uint32_t node = 0;
    sp_exchange exchange = guest->exchange;
    sp_buf_init(&json, USAGE_BYTES_MAX);
    enum sp_err err = read_wish(query, &wish);
    if (err == SP_OK) {
        err = find_wished(room, guest, is_admin, &wish, &node);
    }
    if (err == SP_OK) {
        err = write_usage(room, &wish, node, &json);
    }
    if (err == SP_OK) {
        err = sp_payload_make(sp_buf_slice(&json), &payload);
    }
    if (err != SP_OK) {
        turn_away(room, guest, err);
        return;
    }
    const struct sp_msg_tell tell = {.exchange = exchange, .json = payload};
    (void)room->out.tell(room->out.ctx, &tell);
    sp_admit_release(room, guest);
}
