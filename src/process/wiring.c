#include "base/log.h"
#include "base/own.h"
#include "process/house.h"

/* Exactly the pairs that may talk. What is not here has no way to each other: front has none to relay. */
static const struct pair {
    enum sp_role a;
    enum sp_role b;
    bool is_one_way; /* from a to b; the other direction is shut in the kernel */
} pairs[] = {
    {SP_ROLE_DOOR, SP_ROLE_FRONT, true},    {SP_ROLE_FRONT, SP_ROLE_ADMIT, false},
    {SP_ROLE_FRONT, SP_ROLE_INSPECT, true}, {SP_ROLE_ADMIT, SP_ROLE_AUDIT, false},
    {SP_ROLE_INSPECT, SP_ROLE_AUDIT, true}, {SP_ROLE_AUDIT, SP_ROLE_RELAY, false},
    {SP_ROLE_AUDIT, SP_ROLE_FRONT, true},   {SP_ROLE_RELAY, SP_ROLE_DIAL, false},
    {SP_ROLE_TOKEN, SP_ROLE_DIAL, false},   {SP_ROLE_TOKEN, SP_ROLE_RELAY, false},
    {SP_ROLE_TOKEN, SP_ROLE_ADMIT, false},  {SP_ROLE_POOL, SP_ROLE_NURSERY, false},
    {SP_ROLE_DOOR, SP_ROLE_AUDIT, true},    {SP_ROLE_AUDIT, SP_ROLE_READER, true},
    {SP_ROLE_READER, SP_ROLE_FRONT, true},  {SP_ROLE_SHIP, SP_ROLE_AUDIT, true},
    {SP_ROLE_SHIP, SP_ROLE_DIAL, false},    {SP_ROLE_TOKEN, SP_ROLE_CLI, false},
};

bool sp_wiring_may(enum sp_role a, enum sp_role b)
{
    for (size_t i = 0; i < SP_COUNT(pairs); i++) {
        if ((pairs[i].a == a && pairs[i].b == b) || (pairs[i].a == b && pairs[i].b == a)) {
            return true;
        }
    }
    return false;
}

static enum sp_err hand_over(struct sp_child *to, struct sp_peer peer, int fd)
{
    const struct sp_msg_wire wire = {.role = (uint8_t)peer.role, .index = (uint16_t)peer.index};
    SP_AUTO_BUF struct sp_buf body;
    struct sp_writer w;
    sp_buf_init(&body, SP_MESSAGE_BYTES_MAX);
    sp_writer_init(&w, &body);
    sp_msg_wire_write(&w, &wire);
    SP_TRY(sp_writer_end(&w));
    return sp_channel_send(to->control, SP_MSG_WIRE, sp_buf_slice(&body), &fd, 1);
}

static enum sp_err join(struct sp_child *a, struct sp_child *b, bool is_one_way)
{
    SP_AUTO_CLOSE int of_a = -1;
    SP_AUTO_CLOSE int of_b = -1;
    SP_TRY(sp_channel_pair(is_one_way, &of_a, &of_b));
    SP_TRY(hand_over(a, b->who, of_a));
    return hand_over(b, a->who, of_b);
}

static void join_if_up(struct sp_child *a, struct sp_child *b, bool is_one_way)
{
    if (!sp_child_is_up(a) || !sp_child_is_up(b)) {
        return;
    }
    enum sp_err err = join(a, b, is_one_way);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "wiring.failed", "a=%s b=%s error=%s", sp_role_name(a->who.role),
               sp_role_name(b->who.role), sp_err_name(err));
    }
}

void sp_wiring_connect(struct sp_child *child)
{
    struct sp_house *house = child->house;
    for (size_t i = 0; i < SP_COUNT(pairs); i++) {
        for (size_t k = 0; k < house->child_count; k++) {
            struct sp_child *other = &house->children[k];
            if (pairs[i].a == child->who.role && pairs[i].b == other->who.role) {
                join_if_up(child, other, pairs[i].is_one_way);
            } else if (pairs[i].b == child->who.role && pairs[i].a == other->who.role) {
                join_if_up(other, child, pairs[i].is_one_way);
            }
        }
    }
}
