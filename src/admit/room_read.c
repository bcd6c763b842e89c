/* Who may read the log over the service: counted like any request, then audit's to record and reader's to answer. */
#include "admit/room_inner.h"

#define AFTER_US ((uint64_t)1000000)

static enum sp_err tell_audit(struct sp_admit_room *room, const struct sp_guest *guest,
                              const struct sp_route *route, bool is_all)
{
    struct sp_msg_read_ask ask = {
        .exchange = guest->exchange,
        .tenant = sp_admit_tenant(room, guest)->name,
        .principal = sp_guest_text_get(&guest->principal),
        .source = sp_guest_text_get(&guest->source),
        .is_all = is_all ? 1 : 0,
        .what = route->name,
        .query = route->query,
    };
    SP_LIMIT_SET(&ask, &guest->limit);
    return room->out.read_ask(room->out.ctx, &ask);
}

/* What is not durable yet of the request's count may be lost in a crash: it is a reading, and costs nothing but time. */
void sp_admit_ask_read(struct sp_admit_room *room, struct sp_guest *guest,
                       const struct sp_route *route, bool is_all)
{
    bool is_in = false;
    if (route->name.len > SP_MSG_DETAIL_MAX || route->query.len > SP_MSG_QUERY_MAX) {
        sp_admit_turn_away(room, guest, SP_ERR_URI_TOO_LONG, 0, "");
        return;
    }
    sp_admit_reserve(room, guest, route, 0, &is_in);
    if (!is_in) {
        return;
    }
    if (tell_audit(room, guest, route, is_all) != SP_OK) {
        sp_admit_turn_away(room, guest, SP_ERR_UNAVAILABLE, AFTER_US,
                           "the log cannot be asked now");
        return;
    }
    sp_admit_settle(room, guest);
}
