#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "crypto/hash.h"
#include "os/spawn.h"
#include "process/house.h"
#include "process/roles.h"
#include "process/words.h"
#include "sandbox/confine.h"

/* Delays before the next start, and how long a child has to live for them to begin anew. */
static const unsigned delays_ms[] = {0, 50, 100, 200, 400, 800, 1600, 3200, 5000};
#define STEADY_MS          10000U

/* The template of the pool imports numpy, pandas and matplotlib on a cold disk. */
#define START_PATIENCE_MS  120000U

#define LOG_LINES_A_SECOND 200U
#define LOG_LINE_BYTES_MAX ((size_t)16 * 1024)

static void on_timer(void *ctx);

enum sp_err sp_child_add(struct sp_house *house, enum sp_role role, unsigned index)
{
    if (sp_role_spec_of(role) == NULL) {
        return SP_OK;
    }
    if (house->child_count >= SP_CHILDREN_MAX) {
        return SP_ERR_FULL;
    }
    struct sp_child *child = &house->children[house->child_count];
    *child = (struct sp_child){.house = house, .who = {.role = role, .index = index}, .pid = -1};
    SP_TRY(sp_timer_new(house->loop, on_timer, child, &child->timer));
    house->child_count++;
    return SP_OK;
}

struct sp_child *sp_child_find(struct sp_house *house, enum sp_role role, unsigned index)
{
    for (size_t i = 0; i < house->child_count; i++) {
        struct sp_child *child = &house->children[i];
        if (child->who.role == role && child->who.index == index) {
            return child;
        }
    }
    return NULL;
}

bool sp_child_is_up(const struct sp_child *child)
{
    return child->state == SP_CHILD_UP && child->control != NULL;
}

/* --- what a child says --- */

/* What if the role is hostile? So many lines a second, one of them saying that more were dropped. */
void sp_child_line(struct sp_child *child, enum sp_log_level level, const char *before,
                   struct sp_slice line)
{
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, LOG_LINE_BYTES_MAX);
    const uint64_t second = sp_clock_mono_ms() / 1000;
    if (child->log_second != second) {
        child->log_second = second;
        child->log_lines = 0;
    }
    child->log_lines++;
    const char *name = sp_role_name(child->who.role);
    if (child->log_lines == LOG_LINES_A_SECOND) {
        sp_operator_line(SP_LOG_WARN, name, child->pid,
                         SP_SLICE_LITERAL("log.flood more lines of this second are dropped"));
    }
    if (child->log_lines < LOG_LINES_A_SECOND && sp_buf_put_text(&text, before) == SP_OK &&
        sp_buf_put(&text, line) == SP_OK) {
        sp_operator_line(level, name, child->pid, sp_buf_slice(&text));
    }
}

static enum sp_err on_log(struct sp_child *child, struct sp_message *message)
{
    struct sp_msg_log line;
    SP_TRY(sp_msg_log_read(message, &line));
    sp_child_line(child, line.level <= SP_LOG_DEBUG ? (enum sp_log_level)line.level : SP_LOG_ERROR,
                  "", line.line);
    return SP_OK;
}

static enum sp_err on_up(struct sp_child *child, struct sp_message *message)
{
    struct sp_msg_up up;
    if (child->state != SP_CHILD_STARTING) {
        return SP_ERR_WIRE;
    }
    SP_TRY(sp_msg_up_read(message, &up));
    sp_slice_to_text(up.report, child->report, sizeof(child->report));
    sp_timer_stop(child->timer);
    child->state = SP_CHILD_UP;
    child->up_since_ms = sp_clock_mono_ms();
    sp_log(SP_LOG_INFO, "role.up", "role=%s.%u pid=%ld incarnation=%u %s",
           sp_role_name(child->who.role), child->who.index, (long)child->pid, child->incarnation,
           child->report);
    sp_wiring_connect(child);
    sp_house_on_up(child);
    return SP_OK;
}

static enum sp_err on_broken(struct sp_child *child, struct sp_message *message)
{
    struct sp_msg_broken broken;
    struct sp_peer who = {.role = SP_ROLE_SUPERVISOR, .index = 0};
    SP_TRY(sp_msg_broken_read(message, &broken));
    SP_TRY(sp_role_from_number(broken.role, &who.role));
    who.index = broken.index;
    sp_child_blame(child->house, child->who, who, broken.err);
    return SP_OK;
}

/* What if the role is hostile? It claims to have taken what it did not: audit refuses what was judged by other policies. */
static enum sp_err on_reloaded(struct sp_child *child, struct sp_message *message)
{
    struct sp_msg_reloaded msg;
    SP_TRY(sp_msg_reloaded_read(message, &msg));
    return sp_reload_answer(child, &msg);
}

/* What if audit is hostile? See process/retain.h. No other role has a say in this. */
static enum sp_err on_retired(struct sp_child *child, struct sp_message *message)
{
    struct sp_msg_retired msg;
    SP_TRY(sp_msg_retired_read(message, &msg));
    if (child->who.role != SP_ROLE_AUDIT) {
        return SP_ERR_WIRE;
    }
    sp_retain_answer(child->house, &msg);
    return SP_OK;
}

static enum sp_err on_message(void *ctx, struct sp_channel *from, struct sp_message *message)
{
    struct sp_child *child = ctx;
    (void)from;
    switch (message->type) {
    case SP_MSG_UP:
        return on_up(child, message);
    case SP_MSG_LOG:
        return on_log(child, message);
    case SP_MSG_BROKEN:
        return on_broken(child, message);
    case SP_MSG_RELOADED:
        return on_reloaded(child, message);
    case SP_MSG_RETIRED:
        return on_retired(child, message);
    default:
        return SP_ERR_WIRE;
    }
}

/* The end of the process itself is told by SIGCHLD; one that closed its control channel has to go. */
static void on_lost(void *ctx, struct sp_channel *from, enum sp_err why)
{
    struct sp_child *child = ctx;
    child->control = NULL;
    sp_channel_free(from);
    if (why != SP_ERR_CLOSED) {
        sp_log(SP_LOG_ERROR, "role.control.broken", "role=%s.%u error=%s",
               sp_role_name(child->who.role), child->who.index, sp_err_name(why));
    }
    sp_child_kill(child); /* changes nothing for one that is ending by itself */
}

/*
 * What if the reporter is hostile? It can have only those ended whom it is wired to, and its own name stands in the
 * line, one for each life of theirs, so that an operator sees who keeps doing it.
 */
void sp_child_blame(struct sp_house *house, struct sp_peer by, struct sp_peer who, enum sp_err why)
{
    struct sp_child *child = sp_child_find(house, who.role, who.index);
    if (child == NULL || !sp_child_is_up(child) || child->is_blamed ||
        !sp_wiring_may(by.role, who.role)) {
        return;
    }
    child->is_blamed = true;
    sp_log(SP_LOG_ERROR, "role.blamed", "role=%s.%u by=%s.%u error=%s", sp_role_name(who.role),
           who.index, sp_role_name(by.role), by.index, sp_err_name(why));
    sp_child_kill(child);
}

/* --- starting --- */

static unsigned given_up_layers(const struct sp_config *config)
{
    unsigned layers = 0;
    for (size_t i = 0; i < config->sandbox_give_up.count; i++) {
        unsigned layer = 0;
        if (sp_layer_from_name(sp_slice_of(config->sandbox_give_up.items[i]), &layer) == SP_OK) {
            layers |= layer;
        }
    }
    return layers;
}

/* The Azure CLI's session belongs to whoever logged in: cli becomes that user. Root's own it cannot use. */
static void choose_user(const struct sp_child *child, struct sp_msg_settings *settings)
{
    struct stat meta;
    settings->uid = sp_house_uid(child->who);
    settings->gid = sp_house_gid(child->who);
    if (child->who.role == SP_ROLE_CLI && settings->uid != 0 &&
        fstat(child->house->estate.cli_dir, &meta) == 0 && meta.st_uid != 0) {
        settings->uid = meta.st_uid;
        settings->gid = meta.st_gid != 0 ? meta.st_gid : meta.st_uid;
    }
}

static enum sp_err settle(struct sp_child *child)
{
    struct sp_house *house = child->house;
    SP_AUTO_BUF struct sp_buf encoded;
    SP_AUTO_PAYLOAD struct sp_payload payload = SP_PAYLOAD_EMPTY;
    sp_buf_init(&encoded, SP_SETTINGS_BYTES_MAX);
    SP_TRY(sp_role_settings(child, &encoded));
    SP_TRY(sp_sha256(sp_buf_slice(&encoded), child->settings));
    child->generation = house->reload.in_force;
    child->is_reloading = false;
    SP_TRY(sp_payload_make(sp_buf_slice(&encoded), &payload));
    struct sp_msg_settings settings = {.incarnation = child->incarnation,
                                       .given_up = given_up_layers(house->config),
                                       .log_level = (uint8_t)house->config->server_log_level,
                                       .settings = payload};
    const struct sp_msg_go go = {.unused = 0};
    choose_user(child, &settings);
    SP_TRY(sp_msg_settings_send(child->control, &settings));
    SP_TRY(sp_gifts_give(child));
    return sp_msg_go_send(child->control, &go);
}

static void close_words(struct sp_child *child)
{
    sp_words_free(child->words);
    child->words = NULL;
}

/* A sanitizer has more to say than a role may: its report goes where the service's own words go. */
static enum sp_err open_words(struct sp_child *child, int *out_theirs)
{
#ifdef SP_SANITIZED
    (void)child;
    (void)out_theirs;
    return SP_OK;
#else
    close_words(child);
    return sp_words_new(child, &child->words, out_theirs);
#endif
}

static enum sp_err spawn(struct sp_child *child)
{
    const struct sp_estate *estate = &child->house->estate;
    SP_AUTO_CLOSE int ours = -1;
    SP_AUTO_CLOSE int theirs = -1;
    SP_AUTO_CLOSE int errors = -1;
    char title[64];
    char role[64];
    char index[32];
    SP_TRY(sp_channel_pair(false, &ours, &theirs));
    SP_TRY(open_words(child, &errors));
    (void)snprintf(title, sizeof(title), "sallyport: %s %u", sp_role_name(child->who.role),
                   child->who.index);
    (void)snprintf(role, sizeof(role), SP_ROLE_ARGUMENT "%s", sp_role_name(child->who.role));
    (void)snprintf(index, sizeof(index), SP_INDEX_ARGUMENT "%u", child->who.index);
    const char *const argv[] = {title, role, index, NULL};
    /* dial reaches the pool's socket from its directory, whatever the directories above allow. */
    const struct sp_spawn how = {.argv = argv,
                                 .control_fd = theirs,
                                 .directory_fd =
                                     child->who.role == SP_ROLE_DIAL ? estate->run_dir : -1,
                                 .error_fd = errors};
    SP_TRY(sp_spawn_program(&how, &child->pid));
    SP_TRY(sp_channel_new(child->house->loop, sp_take_fd(&ours), on_message, on_lost, child,
                          &child->control));
    return settle(child);
}

static void schedule(struct sp_child *child)
{
    if (sp_clock_mono_ms() - child->up_since_ms >= STEADY_MS) {
        child->failures = 0;
    }
    const size_t last = SP_COUNT(delays_ms) - 1;
    const unsigned delay = delays_ms[child->failures < last ? child->failures : last];
    child->failures++;
    if (sp_timer_set(child->timer, delay) != SP_OK) {
        sp_log(SP_LOG_ERROR, "role.restart.failed", "role=%s.%u", sp_role_name(child->who.role),
               child->who.index);
    }
}

void sp_child_start(struct sp_child *child)
{
    if (child->state != SP_CHILD_DOWN || child->pid >= 0) {
        return;
    }
    child->incarnation++;
    child->report[0] = '\0';
    child->is_blamed = false;
    child->state = SP_CHILD_STARTING;
    enum sp_err err = spawn(child);
    if (err == SP_OK) {
        err = sp_timer_set(child->timer, START_PATIENCE_MS);
    }
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "role.start.failed", "role=%s.%u error=%s",
               sp_role_name(child->who.role), child->who.index, sp_err_name(err));
        if (child->pid >= 0) {
            sp_child_kill(child);
        } else {
            child->state = SP_CHILD_DOWN;
            schedule(child);
        }
    }
}

static void on_timer(void *ctx)
{
    struct sp_child *child = ctx;
    if (child->state == SP_CHILD_STARTING) {
        sp_log(SP_LOG_ERROR, "role.start.slow", "role=%s.%u", sp_role_name(child->who.role),
               child->who.index);
        sp_child_kill(child);
    } else if (child->house->phase != SP_HOUSE_STOPPING) {
        sp_child_start(child);
    }
}

/* --- ending --- */

static void log_end(const struct sp_child *child, int status)
{
    const char *name = sp_role_name(child->who.role);
    const bool is_stopping = child->house->phase == SP_HOUSE_STOPPING;
    if (WIFSIGNALED(status)) {
        sp_log(is_stopping ? SP_LOG_INFO : SP_LOG_ERROR, "role.killed",
               "role=%s.%u pid=%ld killed by SIG%s%s", name, child->who.index, (long)child->pid,
               sigabbrev_np(WTERMSIG(status)),
               WTERMSIG(status) == SIGSYS ? " (a system call outside its table)" : "");
        return;
    }
    const int code = WEXITSTATUS(status);
    sp_log(code == 0 ? SP_LOG_INFO : SP_LOG_ERROR, "role.ended", "role=%s.%u pid=%ld status=%d",
           name, child->who.index, (long)child->pid, code);
}

/* The last words of a process may still be in its channel. */
static void close_control(struct sp_child *child)
{
    sp_channel_free(child->control);
    child->control = NULL;
}

static void on_end(struct sp_child *child, int status)
{
    const bool was_up = child->state == SP_CHILD_UP;
    close_words(child);
    log_end(child, status);
    sp_timer_stop(child->timer);
    child->pid = -1;
    child->state = SP_CHILD_DOWN;
    close_control(child);
    if (child->house->phase != SP_HOUSE_STOPPING) {
        schedule(child);
    }
    sp_house_on_down(child, was_up);
}

void sp_children_reap(struct sp_house *house)
{
    for (size_t i = 0; i < house->child_count; i++) {
        struct sp_child *child = &house->children[i];
        int status = 0;
        if (child->pid >= 0 && waitpid(child->pid, &status, WNOHANG) == child->pid) {
            on_end(child, status);
        }
    }
}

void sp_child_stop(struct sp_child *child, unsigned grace_ms)
{
    const struct sp_msg_stop stop = {.grace_ms = grace_ms};
    sp_timer_stop(child->timer);
    if (child->pid >= 0 &&
        (child->control == NULL || sp_msg_stop_send(child->control, &stop) != SP_OK)) {
        sp_child_kill(child);
    }
}

void sp_child_kill(struct sp_child *child)
{
    if (child->pid > 0) {
        (void)kill(child->pid, SIGKILL);
    }
}

void sp_children_free(struct sp_house *house)
{
    for (size_t i = 0; i < house->child_count; i++) {
        struct sp_child *child = &house->children[i];
        if (child->pid > 0) {
            sp_child_kill(child);
            (void)waitpid(child->pid, NULL, 0);
        }
        close_control(child);
        close_words(child);
        sp_timer_free(child->timer);
    }
    house->child_count = 0;
}
