/*
 * dial - the process that may connect: to the configured targets, and it hands the connected descriptors over.
 *
 * Hears: relay, token and ship (DIAL).   Reads hostile: DNS answers.   Files: the resolver's.
 * If one of these is taken over, it can have connections made to the configured targets that are its own, and to nothing
 * else; at most SP_DIAL_CALLS_MAX at a time, which are no one else's. If this process is, the kernel bounds its TCP connections to the ports of the targets (and
 * of name servers), where its Landlock knows ports; to which hosts, no filter can say.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/own.h"
#include "dial/dial.h"
#include "process/role.h"
#include "process/settings.h"

#define DOMAIN_PORT 53U

struct dial_state {
    struct sp_self *self;
    struct sp_dial *dial;
    struct sp_dial_targets targets;
    uint16_t ports[SP_DIAL_TARGETS_MAX + 1];
    uint32_t generation
        [SP_ROLE_COUNT]; /* of each asker: a ticket of one that died must not reach its successor */
};

/* A call's number says who asked: role, generation of its wire, ticket. */
static uint64_t call_number(const struct dial_state *state, enum sp_role role, uint32_t ticket)
{
    return (uint64_t)role << 56 | (uint64_t)(state->generation[role] & 0xFFFFFFU) << 32 | ticket;
}

/* The descriptor, if there is one, goes beside the message. */
static enum sp_err send_dialled(struct sp_channel *wire, const struct sp_msg_dialled *dialled,
                                int fd)
{
    SP_AUTO_BUF struct sp_buf body;
    struct sp_writer w;
    sp_buf_init(&body, SP_MESSAGE_BYTES_MAX);
    sp_writer_init(&w, &body);
    sp_msg_dialled_write(&w, dialled);
    SP_TRY(sp_writer_end(&w));
    return sp_channel_send(wire, SP_MSG_DIALLED, sp_buf_slice(&body), &fd, fd >= 0 ? 1 : 0);
}

static void on_end(void *ctx, uint64_t call, const struct sp_dial_end *end)
{
    struct dial_state *state = ctx;
    SP_AUTO_CLOSE int fd = end->fd;
    enum sp_role role = (enum sp_role)(call >> 56);
    struct sp_channel *wire = sp_self_wire(state->self, role, 0);
    if (end->err != SP_OK) {
        sp_log(SP_LOG_WARN, "dial.failed", "for=%s err=%s why=\"%s\"", sp_role_name(role),
               sp_err_name(end->err), end->why->text);
    }
    if (wire == NULL || call != call_number(state, role, (uint32_t)call)) {
        return;
    }
    struct sp_msg_dialled dialled = {
        .ticket = (uint32_t)call, .err = end->err, .detail = sp_slice_of(end->why->text)};
    enum sp_err err = send_dialled(wire, &dialled, fd);
    if (err != SP_OK) {
        sp_log(SP_LOG_WARN, "dial.answer.lost", "for=%s err=%s", sp_role_name(role),
               sp_err_name(err));
    }
}

/* If the asker is hostile: it names a number of the list that is its own, or its wire ends. */
static enum sp_err on_dial(void *ctx, struct sp_peer from, struct sp_message *message)
{
    struct dial_state *state = ctx;
    struct sp_msg_dial dial;
    SP_TRY(sp_msg_dial_read(message, &dial));
    return sp_dial_call(state->dial, call_number(state, from.role, dial.ticket), from.role,
                        dial.target);
}

static enum sp_err read_targets(struct sp_slice list, struct sp_dial_targets *out)
{
    struct sp_reader r;
    sp_reader_init(&r, list);
    while (sp_reader_left(&r) > 0) {
        struct sp_slice item = {NULL, 0};
        struct sp_settings_target target;
        SP_TRY(sp_reader_block(&r, SP_SETTINGS_LIST_MAX, &item));
        SP_TRY(sp_settings_target_read(item, &target));
        struct sp_dial_place place = {
            .host = target.host, .port = target.port, .kind = target.kind};
        SP_TRY(sp_role_from_number(target.asker, &place.asker));
        SP_TRY(sp_dial_targets_add(out, &place));
    }
    return SP_OK;
}

/* Name servers are asked by TCP when an answer is long. */
static void bound_ports(struct dial_state *state)
{
    size_t count = 0;
    state->ports[count++] = DOMAIN_PORT;
    for (size_t i = 0; i < state->targets.count; i++) {
        if (state->targets.items[i].port != 0) {
            state->ports[count++] = state->targets.items[i].port;
        }
    }
    sp_self_connects_to(state->self, state->ports, count);
}

static enum sp_err dial_init(struct sp_self *self, void **out_state)
{
    struct sp_settings_dial settings;
    SP_TRY(sp_settings_dial_read(sp_self_settings(self), &settings));
    SP_TRY(sp_resolve_prepare());
    struct dial_state *state = calloc(1, sizeof(*state));
    if (state == NULL) {
        return SP_ERR_NOMEM;
    }
    state->self = self;
    *out_state = state;
    SP_TRY(read_targets(settings.targets, &state->targets));
    bound_ports(state);
    return sp_dial_new(sp_self_loop(self), &state->targets, settings.connect_ms, on_end, state,
                       &state->dial);
}

static void dial_lost(void *ctx, struct sp_peer peer)
{
    struct dial_state *state = ctx;
    state->generation[peer.role]++;
}

static const struct sp_handler dial_handlers[] = {
    {SP_ROLE_RELAY, SP_MSG_DIAL, on_dial},
    {SP_ROLE_TOKEN, SP_MSG_DIAL, on_dial},
    {SP_ROLE_SHIP, SP_MSG_DIAL, on_dial},
};

const struct sp_role_spec sp_dial_role = {
    .role = SP_ROLE_DIAL,
    .init = dial_init,
    .lost = dial_lost,
    .handlers = dial_handlers,
    .handler_count = SP_COUNT(dial_handlers),
};
