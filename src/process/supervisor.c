#include "process/supervisor.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "crypto/hash.h"
#include "os/schedule.h"
#include "process/house.h"

/* The last words of a process that ended are read before it is collected. */
#define TIDY_MS        10000U
#define TIDY_MORE_MS   200U
#define TIDY_TILES     200U /* that are looked at in one go, so that nobody waits */
#define REAP_AFTER_MS  2U

/* How often the files of issuers' keys are looked at. */
#define KEYS_MS        1000U

/* Whoever starts the service does not decide whether those who read the log can. */
#define HOUSE_UMASK    0027

/* After door and front are gone the rest has little left to do. */
#define GROUP_MS       2000U

/* front answers whoever is left when the grace is over; door stays so much longer to carry that out. */
#define DOOR_LONGER_MS 1500U

/*
 * The order of an orderly end: first nobody new, and answers for who is in; then the log is closed once the last outcome
 * is in it, and relay leaves after audit; then that is shipped; those who ran and connected last.
 */
static const enum sp_role stop_order[][5] = {
    {SP_ROLE_DOOR, SP_ROLE_FRONT, SP_ROLE_SUPERVISOR, SP_ROLE_SUPERVISOR, SP_ROLE_SUPERVISOR},
    {SP_ROLE_ADMIT, SP_ROLE_INSPECT, SP_ROLE_SUPERVISOR, SP_ROLE_SUPERVISOR, SP_ROLE_SUPERVISOR},
    {SP_ROLE_AUDIT, SP_ROLE_RELAY, SP_ROLE_READER, SP_ROLE_SUPERVISOR, SP_ROLE_SUPERVISOR},
    {SP_ROLE_SHIP, SP_ROLE_SUPERVISOR, SP_ROLE_SUPERVISOR, SP_ROLE_SUPERVISOR, SP_ROLE_SUPERVISOR},
    {SP_ROLE_TOKEN, SP_ROLE_DIAL, SP_ROLE_POOL, SP_ROLE_NURSERY, SP_ROLE_CLI},
};

static bool is_in_group(const struct sp_child *child, unsigned group)
{
    for (size_t i = 0; i < SP_COUNT(stop_order[0]); i++) {
        if (stop_order[group][i] == child->who.role) {
            return true;
        }
    }
    return false;
}

/* --- starting --- */

/* The log records which confinement each role reported, and every restart. */
static void tell_audit(struct sp_house *house, const struct sp_child *child)
{
    const struct sp_child *audit = sp_child_find(house, SP_ROLE_AUDIT, 0);
    if (audit == NULL || !sp_child_is_up(audit) || child->state != SP_CHILD_UP) {
        return;
    }
    const struct sp_msg_role_up up = {.role = (uint8_t)child->who.role,
                                      .index = (uint16_t)child->who.index,
                                      .incarnation = child->incarnation,
                                      .report = sp_slice_of(child->report)};
    if (sp_msg_role_up_send(audit->control, &up) != SP_OK) {
        sp_log(SP_LOG_ERROR, "supervisor.audit.unreachable", "role=%s",
               sp_role_name(child->who.role));
    }
}

static void print_ready(const struct sp_house *house)
{
    const struct sp_estate *estate = &house->estate;
    char base[SP_ADDRESS_TEXT_MAX];
    sp_slice_to_text(sp_slice_of(estate->listen.text), base, sizeof(base));
    *strrchr(base, ':') = '\0'; /* the parser saw one */
    const char *scheme = house->config->tls_certificate[0] == '\0' ? "http" : "https";
    (void)printf(
        "sallyport %s is ready on %s://%s:%u\n"
        "the token of tenant '%s' is in %s/local.token\n"
        "try:\n"
        "  curl -s '%s://%s:%u/executions?api-version=2025-10-02-preview&identifier=demo' \\\n"
        "    -H \"Authorization: Bearer $(cat %s/local.token)\" -H 'Content-Type: "
        "application/json' \\\n"
        "    -d "
        "'{\"codeInputType\":\"Inline\",\"executionType\":\"Synchronous\",\"code\":\"print(6 * "
        "7)\"}'\n",
        house->version, scheme, base, estate->port, house->config->tenants[0].name,
        house->config->state_dir, scheme, base, estate->port, house->config->state_dir);
    (void)fflush(stdout);
}

static bool are_all_up(const struct sp_house *house, bool with_door)
{
    for (size_t i = 0; i < house->child_count; i++) {
        const struct sp_child *child = &house->children[i];
        if (!sp_child_is_up(child) && (with_door || child->who.role != SP_ROLE_DOOR)) {
            return false;
        }
    }
    return true;
}

/* The door opens last: nobody is let into a house that is not ready. */
static void go_on_starting(struct sp_house *house)
{
    struct sp_child *door = sp_child_find(house, SP_ROLE_DOOR, 0);
    if (door != NULL && door->state == SP_CHILD_DOWN && are_all_up(house, false)) {
        sp_child_start(door);
    }
    if (are_all_up(house, true)) {
        house->phase = SP_HOUSE_SERVING;
        sp_log(SP_LOG_INFO, "serve.ready", "roles=%zu ms=%llu", house->child_count,
               (unsigned long long)(sp_clock_mono_ms() - house->started_ms));
        print_ready(house);
        sp_schedule_rest();
    }
}

void sp_house_on_up(struct sp_child *child)
{
    struct sp_house *house = child->house;
    sp_reload_on_up(child);
    if (child->who.role == SP_ROLE_AUDIT) {
        for (size_t i = 0; i < house->child_count; i++) {
            tell_audit(house, &house->children[i]);
        }
    } else {
        tell_audit(house, child);
    }
    if (house->phase == SP_HOUSE_STARTING) {
        go_on_starting(house);
    }
}

/* --- stopping --- */

static bool is_group_gone(const struct sp_house *house, unsigned group)
{
    for (size_t i = 0; i < house->child_count; i++) {
        if (is_in_group(&house->children[i], group) && house->children[i].pid >= 0) {
            return false;
        }
    }
    return true;
}

static void stop_group(struct sp_house *house, unsigned group)
{
    const uint64_t now = sp_clock_mono_ms();
    const uint64_t left = house->stop_deadline_ms > now ? house->stop_deadline_ms - now : 0;
    /* Only the first group waits for clients; who comes after it ends what is left. */
    const unsigned grace = left > GROUP_MS || group == 0 ? (unsigned)left : GROUP_MS;
    for (size_t i = 0; i < house->child_count; i++) {
        struct sp_child *child = &house->children[i];
        if (is_in_group(child, group)) {
            sp_child_stop(child, child->who.role == SP_ROLE_DOOR ? grace + DOOR_LONGER_MS : grace);
        }
    }
    if (sp_timer_set(house->stop_timer, (uint64_t)grace + GROUP_MS) != SP_OK) {
        sp_loop_stop(house->loop);
    }
}

static void go_on_stopping(struct sp_house *house)
{
    while (house->stop_group < SP_COUNT(stop_order) && is_group_gone(house, house->stop_group)) {
        house->stop_group++;
        if (house->stop_group < SP_COUNT(stop_order)) {
            stop_group(house, house->stop_group);
        }
    }
    if (house->stop_group >= SP_COUNT(stop_order)) {
        sp_timer_stop(house->stop_timer);
        sp_loop_stop(house->loop);
    }
}

static void on_stop_deadline(void *ctx)
{
    struct sp_house *house = ctx;
    for (size_t i = 0; i < house->child_count; i++) {
        struct sp_child *child = &house->children[i];
        if (is_in_group(child, house->stop_group) && child->pid >= 0) {
            sp_log(SP_LOG_WARN, "role.stop.slow", "role=%s.%u", sp_role_name(child->who.role),
                   child->who.index);
            sp_child_kill(child);
        }
    }
}

static void begin_stopping(struct sp_house *house, int exit_status)
{
    if (house->phase == SP_HOUSE_STOPPING) {
        return;
    }
    house->phase = SP_HOUSE_STOPPING;
    house->exit_status = exit_status;
    house->stop_deadline_ms = sp_clock_mono_ms() + house->config->limits_stop_grace_ms;
    house->stop_group = 0;
    /* door closes its own; with both gone a new client is refused by the kernel instead of waiting for nothing. */
    sp_close(sp_take_fd(&house->estate.listener));
    stop_group(house, 0);
    go_on_stopping(house);
}

/* At the start a role that ends will end again; while serving it is started anew. */
void sp_house_on_down(struct sp_child *child, bool was_up)
{
    struct sp_house *house = child->house;
    (void)was_up;
    sp_reload_on_down(child);
    switch (house->phase) {
    case SP_HOUSE_STARTING:
        sp_log(SP_LOG_ERROR, "serve.failed", "%s.%u did not start", sp_role_name(child->who.role),
               child->who.index);
        begin_stopping(house, 1);
        break;
    case SP_HOUSE_SERVING:
        break;
    case SP_HOUSE_STOPPING:
        go_on_stopping(house);
        break;
    }
}

/* --- signals --- */

static void on_reap_timer(void *ctx)
{
    sp_children_reap(ctx);
}

/* Whoever has a descriptor of the old directory writes where nobody looks, or to a disk that is gone. */
static void look_at_log(struct sp_house *house)
{
    static const enum sp_role roles[] = {SP_ROLE_AUDIT, SP_ROLE_READER, SP_ROLE_SHIP};
    if (house->phase != SP_HOUSE_SERVING || !sp_estate_is_log_moved(&house->estate)) {
        return;
    }
    for (size_t i = 0; i < SP_COUNT(roles); i++) {
        struct sp_child *child = sp_child_find(house, roles[i], 0);
        if (child != NULL && sp_child_is_up(child)) {
            sp_log(SP_LOG_WARN, "supervisor.log.moved",
                   "role=%s is started anew with the directory that has its name now",
                   sp_role_name(roles[i]));
            sp_child_stop(child, GROUP_MS);
        }
    }
}

static void on_keys_timer(void *ctx)
{
    struct sp_house *house = ctx;
    sp_keys_look(house);
    look_at_log(house);
    if (sp_timer_set(house->keys_timer, KEYS_MS) != SP_OK) {
        sp_log(SP_LOG_ERROR, "supervisor.keys.unwatched",
               "changes of key files are not seen any more");
    }
}

/* audit may remove nothing; what its log has no more use for goes here. */
static void on_tidy_timer(void *ctx)
{
    struct sp_house *house = ctx;
    bool has_more = sp_retain_look(house);
    has_more = (house->estate.log_dir >= 0 &&
                sp_tidy_some(house->estate.log_dir, &house->tidy, TIDY_TILES)) ||
               has_more;
    if (sp_timer_set(house->tidy_timer, has_more ? TIDY_MORE_MS : TIDY_MS) != SP_OK) {
        sp_log(SP_LOG_ERROR, "supervisor.tidy.stopped",
               "superseded files of the log stay until the next start");
    }
}

static void on_child(void *ctx, int signo)
{
    struct sp_house *house = ctx;
    (void)signo;
    if (sp_timer_set(house->reap_timer, REAP_AFTER_MS) != SP_OK) {
        sp_children_reap(house);
    }
}

static void on_terminate(void *ctx, int signo)
{
    struct sp_house *house = ctx;
    if (house->phase == SP_HOUSE_STOPPING) {
        sp_log(SP_LOG_WARN, "serve.stop.now", "signal=%d", signo);
        sp_loop_stop(house->loop);
        return;
    }
    sp_log(SP_LOG_INFO, "serve.stop", "signal=%d", signo);
    begin_stopping(house, 0);
}

static void on_reload(void *ctx, int signo)
{
    struct sp_house *house = ctx;
    (void)signo;
    struct sp_child *door = sp_child_find(house, SP_ROLE_DOOR, 0);
    if (house->config->tls_certificate[0] != '\0' && sp_child_is_up(door) &&
        sp_gifts_renew(door) != SP_OK) {
        sp_log(SP_LOG_ERROR, "serve.tls.kept",
               "the files of [server.tls] cannot be opened; the old ones stay in force");
    }
    struct sp_child *ship = sp_child_find(house, SP_ROLE_SHIP, 0);
    if (ship != NULL && sp_child_is_up(ship) && sp_gifts_renew(ship) != SP_OK) {
        sp_log(SP_LOG_ERROR, "serve.ship.kept",
               "a file of [[audit.ship]] cannot be opened anew; the old one stays in use");
    }
    sp_reload_begin(house);
}

static enum sp_err watch_signals(struct sp_house *house)
{
    (void)signal(SIGPIPE, SIG_IGN);
    SP_TRY(sp_loop_on_signal(house->loop, SIGCHLD, on_child, house));
    SP_TRY(sp_loop_on_signal(house->loop, SIGTERM, on_terminate, house));
    SP_TRY(sp_loop_on_signal(house->loop, SIGINT, on_terminate, house));
    return sp_loop_on_signal(house->loop, SIGHUP, on_reload, house);
}

/* --- the whole --- */

static void own_line(void *ctx, enum sp_log_level level, struct sp_slice line)
{
    (void)ctx;
    sp_operator_line(level, "supervisor", (long)getpid(), line);
}

static enum sp_err add_children(struct sp_house *house)
{
    SP_TRY(sp_child_add(house, SP_ROLE_AUDIT, 0));
    SP_TRY(sp_child_add(house, SP_ROLE_DIAL, 0));
    if (house->config->has_azure || sp_issuers_fetched(house->config) > 0) {
        SP_TRY(sp_child_add(house, SP_ROLE_TOKEN, 0));
    }
    if (house->config->has_azure &&
        house->config->azure_credential == SP_CONFIG_CREDENTIAL_AZURE_CLI) {
        SP_TRY(sp_child_add(house, SP_ROLE_CLI, 0));
    }
    if (!house->config->has_azure) {
        SP_TRY(sp_child_add(house, SP_ROLE_NURSERY, 0));
        SP_TRY(sp_child_add(house, SP_ROLE_POOL, 0));
    }
    SP_TRY(sp_child_add(house, SP_ROLE_RELAY, 0));
    for (unsigned i = 0; i < house->config->limits_workers + house->config->limits_file_workers;
         i++) {
        SP_TRY(sp_child_add(house, SP_ROLE_INSPECT, i));
    }
    SP_TRY(sp_child_add(house, SP_ROLE_ADMIT, 0));
    SP_TRY(sp_child_add(house, SP_ROLE_READER, 0));
    if (house->config->ship_count > 0) {
        SP_TRY(sp_child_add(house, SP_ROLE_SHIP, 0));
    }
    SP_TRY(sp_child_add(house, SP_ROLE_FRONT, 0));
    return sp_child_add(house, SP_ROLE_DOOR, 0);
}

/* Before anything runs under these policies. */
static enum sp_err settle_epochs(struct sp_house *house)
{
    enum sp_err err =
        sp_epochs_settle(house->estate.state_dir, house->config, &house->policies, &house->epochs);
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "serve.failed", "STATE/" SP_EPOCHS_FILE " cannot be %s: %s%s",
               err == SP_ERR_CORRUPT ? "read" : "brought up to date", sp_err_text(err),
               err == SP_ERR_CORRUPT
                   ? "; restore it, or remove it together with all sessions of the pool"
                   : "");
    }
    return err;
}

static enum sp_err prepare(struct sp_house *house, int take_secret_fd)
{
    SP_AUTO_CLOSE int secret = take_secret_fd;
    SP_TRY(sp_hash_start());
    SP_TRY(sp_policies_load(house->config, &house->policies));
    SP_TRY(sp_estate_open(house, sp_take_fd(&secret)));
    SP_TRY(settle_epochs(house));
    SP_TRY(sp_loop_new(&house->loop));
    SP_TRY(sp_timer_new(house->loop, on_stop_deadline, house, &house->stop_timer));
    SP_TRY(sp_timer_new(house->loop, on_reap_timer, house, &house->reap_timer));
    SP_TRY(sp_timer_new(house->loop, on_keys_timer, house, &house->keys_timer));
    SP_TRY(sp_timer_new(house->loop, on_tidy_timer, house, &house->tidy_timer));
    SP_TRY(sp_timer_set(house->tidy_timer, TIDY_MS));
    on_keys_timer(house); /* what is there before admit reads it is nothing new */
    SP_TRY(sp_reload_init(house));
    SP_TRY(watch_signals(house));
    SP_TRY(add_children(house));
    sp_schedule_rest(); /* reading the configuration needed more than keeping it does */
    return SP_OK;
}

static void start_all(struct sp_house *house)
{
    house->started_ms = sp_clock_mono_ms();
    for (size_t i = 0; i < house->child_count; i++) {
        if (house->children[i].who.role != SP_ROLE_DOOR) {
            sp_child_start(&house->children[i]);
        }
    }
}

static void close_house(struct sp_house *house)
{
    sp_children_free(house);
    sp_timer_free(house->stop_timer);
    sp_timer_free(house->reap_timer);
    sp_timer_free(house->keys_timer);
    sp_timer_free(house->tidy_timer);
    sp_loop_free(house->loop);
    sp_reload_done(house);
    sp_estate_close(&house->estate);
    sp_policies_done(&house->policies);
    sp_epochs_done(&house->epochs);
}

int sp_supervisor_run(const struct sp_supervisor_options *options)
{
    (void)umask(HOUSE_UMASK);
    struct sp_house *house = calloc(1, sizeof(*house));
    if (house == NULL) {
        return 1;
    }
    house->config = options->config;
    house->version = options->version;
    house->reload = (struct sp_reload){.path = options->config_path,
                                       .overrides = options->overrides,
                                       .first = options->config,
                                       .in_force = 1,
                                       .generation = 1};
    house->estate = (struct sp_estate)SP_ESTATE_EMPTY;
    sp_log_to(own_line, NULL, (enum sp_log_level)options->config->server_log_level);
    enum sp_err err = prepare(house, options->secret_fd);
    if (err == SP_OK) {
        start_all(house);
        err = sp_loop_run(house->loop);
    } else if (err != SP_ERR_BUSY) { /* this one has been explained */
        sp_log(SP_LOG_ERROR, "serve.failed", "%s", sp_err_text(err));
    }
    int status = err == SP_OK                                 ? house->exit_status
                 : err == SP_ERR_CONFIG || err == SP_ERR_BUSY ? 2
                                                              : 1;
    sp_log(SP_LOG_INFO, "serve.ended", "status=%d", status);
    close_house(house);
    sp_log_to(NULL, NULL, SP_LOG_INFO);
    free(house);
    return status;
}
