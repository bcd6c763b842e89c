/*
 * role - the one shape of every process: settings, gifts, confinement, then the loop.
 *
 * Runs in: every process but the supervisor.   Input: messages of peers that may be taken over.
 * Order of a role's life: read SETTINGS and gifts from the supervisor (trusted) -> init -> confine -> UP -> start ->
 * loop. Nothing hostile is read before confinement. A message without a row in `handlers` closes its wire.
 */
#ifndef SP_PROCESS_ROLE_H
#define SP_PROCESS_ROLE_H

#include "wire/loop.h"
#include "wire/msg.h"
#include "wire/role.h"

struct sp_self;

/* Descriptors that the supervisor gives for keeps. */
enum sp_gift {
    SP_GIFT_LISTENER, /* door: the listening TCP socket (index: which one) */
    SP_GIFT_STATE, /* audit: directories, the log (0) and its own (1); reader and ship: the log (0) */
    SP_GIFT_POOL_LISTENER, /* pool: the listening unix socket */
    SP_GIFT_SECRET, /* token: a sealed memfd with the credential; audit: the signing key; admit: the session key */
    SP_GIFT_QUOTA,  /* admit: the directory of the quota store, O_DIRECTORY */
    SP_GIFT_TOKENS, /* admit: files of the token store (index: enum sp_tokens_gift) */
    SP_GIFT_TLS,    /* door: files of TLS, opened for reading (index: enum sp_tls_gift) */
    SP_GIFT_SHIP,   /* ship: files and pipes, opened for writing (index: which collector) */
    SP_GIFT_COUNT
};

enum sp_tokens_gift {
    SP_TOKENS_GIFT_STORE,
    SP_TOKENS_GIFT_JOURNAL,
    SP_TOKENS_GIFT_USED,
    SP_TOKENS_GIFT_COUNT
};
enum sp_tls_gift {
    SP_TLS_GIFT_CERTIFICATE,
    SP_TLS_GIFT_KEY,
    SP_TLS_GIFT_CLIENT_CA,
    SP_TLS_GIFT_CLIENT_CRL,
    SP_TLS_GIFT_COUNT
};

/*
 * Handles one message of a peer. SP_ERR_NOMEM and SP_ERR_SYSTEM end this process, for they are no fault of the peer's;
 * anything else but SP_OK closes the wire, and has the peer replaced. Over each handler stands: what if the asker is hostile?
 */
typedef enum sp_err sp_handle_fn(void *state, struct sp_peer from, struct sp_message *message);

struct sp_handler {
    enum sp_role from;
    enum sp_msg_type type;
    sp_handle_fn *fn;
};

struct sp_role_spec {
    enum sp_role role;

    /* Before confinement: read settings, take gifts, open what cannot be opened later. `*out_state` goes to all others. */
    enum sp_err (*init)(struct sp_self *self, void **out_state);

    /* After confinement, before the first message of a peer. May be NULL. */
    enum sp_err (*start)(void *state);

    /* The supervisor gave gifts anew (renewed files) to a role that runs; those not taken are closed. May be NULL. */
    void (*renewed)(void *state);

    /* A wire to a peer stands, also anew after a loss; sp_self_wire gives it. May be NULL. */
    void (*wired)(void *state, struct sp_peer peer);

    /* The wire to a peer is gone (it died, or broke a rule). May be NULL. */
    void (*lost)(void *state, struct sp_peer peer);

    /* SIGTERM of the service: finish within `grace_ms`, then call sp_self_finish. NULL: finish at once. */
    void (*stop)(void *state, unsigned grace_ms);

    const struct sp_handler *handlers;
    size_t handler_count;
};

/* What the role code may ask of its process. */
struct sp_loop *sp_self_loop(struct sp_self *self) SP_NONNULL(1);

/* How often the supervisor has started this role, from 1; and the encoded settings (valid during init only). */
uint32_t sp_self_incarnation(const struct sp_self *self) SP_NONNULL(1);
struct sp_slice sp_self_settings(const struct sp_self *self) SP_NONNULL(1);

/* The user that confinement will make of this process, 0 when it stays what it is. */
uint32_t sp_self_uid(const struct sp_self *self) SP_NONNULL(1);

/* To be called by init of a role that may connect: to these ports alone, where the kernel can see to it. Borrowed until then. */
void sp_self_connects_to(struct sp_self *self, const uint16_t *ports, size_t count)
    SP_NONNULL(1, 2);

/* To be called by init of a role that has more to report than its own confinement, at most SP_SELF_REPORT_MAX bytes of it. */
#define SP_SELF_REPORT_MAX ((size_t)256)
void sp_self_reports(struct sp_self *self, struct sp_slice text) SP_NONNULL(1);

/* Tells the supervisor whether the settings of a RELOAD are in force. */
void sp_self_reloaded(struct sp_self *self, uint32_t generation, enum sp_err err) SP_NONNULL(1);

/* audit tells the supervisor which entries are recorded as dropped. */
enum sp_err sp_self_retired(struct sp_self *self, const struct sp_msg_retired *msg)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Moves a given descriptor out, -1 when it was not given. */
int sp_self_take_gift(struct sp_self *self, enum sp_gift what, unsigned index) SP_NONNULL(1);

/* The wire to a peer, NULL while there is none. Borrowed: ask again each time. */
struct sp_channel *sp_self_wire(struct sp_self *self, enum sp_role role, unsigned index)
    SP_NONNULL(1);

/* This peer said what it may not say, which showed only when another's message was at hand: its wire ends as if by that. */
void sp_self_break(struct sp_self *self, struct sp_peer peer) SP_NONNULL(1);

/* Ends the process orderly; `why` other than SP_OK is logged and becomes exit status 1. */
void sp_self_finish(struct sp_self *self, enum sp_err why) SP_NONNULL(1);

/* Runs a role on the control channel at descriptor 3; the process's exit status. */
int sp_role_run(const struct sp_role_spec *spec) SP_NONNULL(1);

/* The spec of each role, one file each (process/door.c ...). */
extern const struct sp_role_spec sp_door_role, sp_front_role, sp_admit_role, sp_inspect_role,
    sp_audit_role, sp_relay_role, sp_token_role, sp_dial_role, sp_pool_role, sp_nursery_role,
    sp_reader_role, sp_cli_role, sp_ship_role;

#endif
