/*
 * house - what the files of the supervisor share: the children, their wires, what they are given.
 *
 * Runs in: supervisor.   Only supervisor.c, children.c, wiring.c, gifts.c, estate.c and role_settings.c include this.
 */
#ifndef SP_PROCESS_HOUSE_H
#define SP_PROCESS_HOUSE_H

#include <sys/types.h>

#include "audit/tidy.h"
#include "base/log.h"
#include "config/config.h"
#include "config/ships.h"
#include "os/sockets.h"
#include "process/epochs.h"
#include "process/issuers.h"
#include "process/policies.h"
#include "process/reload.h"
#include "process/retain.h"
#include "process/role.h"
#include "process/settings.h"

#define SP_CHILDREN_MAX     ((size_t)80)
#define SP_CHILD_REPORT_MAX ((size_t)512)

/* When started as root each role is a user of its own: this base and the role's number, inspect workers by index. */
#define SP_ROLE_UID_BASE    64100U
#define SP_INSPECT_UID_BASE 64120U

struct sp_house;

enum sp_child_state {
    SP_CHILD_DOWN,     /* not running; its timer may start it */
    SP_CHILD_STARTING, /* running, not confined yet, no wires */
    SP_CHILD_UP,       /* confined and wired */
};

struct sp_child {
    struct sp_house *house;
    struct sp_peer who;
    enum sp_child_state state;
    pid_t pid;
    struct sp_channel *control;
    struct sp_timer *timer; /* down: the next start; starting: the patience with it */
    uint32_t incarnation;
    unsigned failures; /* in a row */
    uint64_t up_since_ms;
    bool is_blamed;
    char report[SP_CHILD_REPORT_MAX];
    uint32_t generation;               /* of the settings that it has */
    bool is_reloading;                 /* it has not said yet whether it took the new ones */
    uint8_t settings[SP_DIGEST_BYTES]; /* of what it was started with */
    uint64_t log_second; /* lines are counted by the second: no role floods the operator */
    unsigned log_lines;
    struct sp_words *words; /* what it writes on its standard error */
};

enum sp_house_phase { SP_HOUSE_STARTING, SP_HOUSE_SERVING, SP_HOUSE_STOPPING };

/* What outlives the roles: sockets, directories, keys, tokens. */
struct sp_estate {
    int state_dir;
    int run_dir; /* holds the pool's socket */
    int log_dir;
    int quota_dir;                  /* only admit opens what is in it */
    int audit_dir;                  /* what audit alone has: the log's key and journal */
    int ship_dir;                   /* how far collectors have been served */
    int ships[SP_CONFIG_SHIPS_MAX]; /* files and pipes that get the log, -1 where dial connects */
    int listener;
    int pool_listener;
    int tls[SP_TLS_GIFT_COUNT]; /* files, -1 where there is none */
    int tokens
        [SP_TOKENS_GIFT_COUNT]; /* to read: the store and its journal; to write: latest uses */
    int session_key;            /* sealed memfds */
    int upstream_secret;
    int upstream_certificate; /* a file, opened for reading */
    int upstream_dir;         /* of the projected token */
    int cli_dir;              /* of the Azure CLI's session */
    struct sp_socket_where listen;
    uint16_t port;
    char token_id[SP_MSG_NAME_MAX + 1];
    uint8_t token_digest[SP_DIGEST_BYTES];
};

/* clang-format off */
#define SP_ESTATE_EMPTY                                                                        \
    {.state_dir = -1, .run_dir = -1, .log_dir = -1, .audit_dir = -1, .quota_dir = -1, .ship_dir = -1, .ships = {-1, -1, -1, -1, -1, -1, -1, -1}, .listener = -1, .pool_listener = -1,       \
     .tls = {-1, -1, -1, -1}, .tokens = {-1, -1, -1}, .session_key = -1, .upstream_secret = -1,  \
     .upstream_certificate = -1, .upstream_dir = -1, .cli_dir = -1, .port = 0}
/* clang-format on */

struct sp_house {
    struct sp_loop *loop;
    const struct sp_config *config;
    const char *version;
    struct sp_estate estate;
    struct sp_policies policies;
    struct sp_epochs epochs;
    struct sp_keys_watch keys[SP_CONFIG_ISSUERS_MAX];
    struct sp_timer *keys_timer;
    struct sp_reload reload;
    struct sp_timer *tidy_timer;
    struct sp_tidy tidy;
    struct sp_retain retain;
    struct sp_child children[SP_CHILDREN_MAX];
    size_t child_count;
    enum sp_house_phase phase;
    uint64_t started_ms;
    unsigned stop_group;
    uint64_t stop_deadline_ms;
    struct sp_timer *stop_timer;
    struct sp_timer *reap_timer;
    int exit_status;
};

/* --- estate.c --- */

/* Makes STATE and what is in it; says on standard error what is wrong when it cannot. */
enum sp_err sp_estate_open(struct sp_house *house, int take_secret_fd) SP_MUST_CHECK SP_NONNULL(1);
void sp_estate_close(struct sp_estate *estate) SP_NONNULL(1);

/* Opens the log's directory anew, or makes it: before every start of audit. The old descriptor stays on failure. */
enum sp_err sp_estate_renew_log(struct sp_estate *estate) SP_MUST_CHECK SP_NONNULL(1);

/* Whether the log's directories are not those any more that their names lead to: moved, replaced, or mounted over. */
bool sp_estate_is_log_moved(const struct sp_estate *estate) SP_NONNULL(1);

/* Opens the files of [server.tls] anew: before every start of door, and at a reload. All old ones stay on failure. */
enum sp_err sp_estate_renew_tls(struct sp_estate *estate, const struct sp_config *config)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Opens the files that the log is shipped to anew, and makes them: before every start of ship, and at a reload. */
enum sp_err sp_estate_renew_ships(struct sp_estate *estate, const struct sp_config *config)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* Opens the token store's files by their names, and makes them: before every start of admit. Old ones stay on failure. */
enum sp_err sp_estate_renew_tokens(struct sp_estate *estate, const char *state_dir)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* The user of a role, 0 when it stays who we are; and its group: those who only read the log have one in common. */
uint32_t sp_house_uid(struct sp_peer who);
uint32_t sp_house_gid(struct sp_peer who);

/* --- children.c --- */

/* Adds a role that this build has; the others are passed over. */
enum sp_err sp_child_add(struct sp_house *house, enum sp_role role, unsigned index)
    SP_MUST_CHECK SP_NONNULL(1);
void sp_child_start(struct sp_child *child) SP_NONNULL(1);

/* NULL when there is no such child. */
struct sp_child *sp_child_find(struct sp_house *house, enum sp_role role, unsigned index)
    SP_NONNULL(1);

/* Confined, wired and within reach: one that is dying has lost its control channel before it is collected. */
bool sp_child_is_up(const struct sp_child *child) SP_NONNULL(1);

/* Collects every process that ended. */
void sp_children_reap(struct sp_house *house) SP_NONNULL(1);
void sp_child_stop(struct sp_child *child, unsigned grace_ms) SP_NONNULL(1);
void sp_child_kill(struct sp_child *child) SP_NONNULL(1);
void sp_children_free(struct sp_house *house) SP_NONNULL(1);

/* A role broke the protocol: it is ended, and comes back as new. Only who is wired to it may say so, and only once. */
void sp_child_blame(struct sp_house *house, struct sp_peer by, struct sp_peer who, enum sp_err why)
    SP_NONNULL(1);

/* --- gifts.c and role_settings.c --- */
enum sp_err sp_gifts_give(struct sp_child *child) SP_MUST_CHECK SP_NONNULL(1);
/* Gives a role that runs its renewed files; it says itself when it cannot use them, and goes on with the old. */
enum sp_err sp_gifts_renew(struct sp_child *child) SP_MUST_CHECK SP_NONNULL(1);
enum sp_err sp_role_settings(const struct sp_child *child, struct sp_buf *out)
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* --- wiring.c --- */

/* Wires a child that came up with every peer that is up. */
void sp_wiring_connect(struct sp_child *child) SP_NONNULL(1);
bool sp_wiring_may(enum sp_role a, enum sp_role b);

/* --- role_settings.c --- */

/* The configuration as one number, as the log has it. */
enum sp_err sp_configuration_digest(const struct sp_config *config, uint8_t out[SP_DIGEST_BYTES])
    SP_MUST_CHECK SP_NONNULL(1, 2);

/* --- supervisor.c --- */

/* A child came up, or ended. */
void sp_house_on_up(struct sp_child *child) SP_NONNULL(1);
void sp_house_on_down(struct sp_child *child, bool was_up) SP_NONNULL(1);

/* --- operator.c --- */

/* A line of the operator's log, with time, level and who says it; bytes that are not printable are escaped. */
void sp_operator_line(enum sp_log_level level, const char *who, long pid, struct sp_slice line)
    SP_NONNULL(2);

#endif
