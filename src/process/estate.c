#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "codec/hex.h"
#include "crypto/random.h"
#include "identity/session.h"
#include "identity/store.h"
#include "identity/token.h"
#include "identity/used.h"
#include "os/files.h"
#include "os/memfd.h"
#include "process/house.h"
#include "process/upstream.h"

#define KEY_FILE         "session.key"
#define TOKEN_FILE       "local.token"
#define TOKEN_ID         "local"
#define POOL_SOCKET      "pool.sock"
#define FILE_MAX         ((size_t)4096)

/* Of the log, for those who only read it, when each role is a user of its own. */
#define SHARED_DIR_MODE  02750
#define SHARED_FILE_MODE 0640
#define SHARED_DEPTH     8U

uint32_t sp_house_uid(struct sp_peer who)
{
    if (geteuid() != 0) {
        return 0;
    }
    return who.role == SP_ROLE_INSPECT ? SP_INSPECT_UID_BASE + who.index
                                       : SP_ROLE_UID_BASE + (uint32_t)who.role;
}

uint32_t sp_house_gid(struct sp_peer who)
{
    const uint32_t uid = sp_house_uid(who);
    const bool is_reading = who.role == SP_ROLE_READER || who.role == SP_ROLE_SHIP;
    return uid != 0 && is_reading ? SP_ROLE_UID_BASE + (uint32_t)SP_ROLE_READER : uid;
}

static enum sp_err complain(const char *what, const char *which, enum sp_err err)
{
    sp_log(SP_LOG_ERROR, "serve.failed", "%s %s: %s%s%s", what, which, sp_err_text(err),
           err == SP_ERR_SYSTEM ? ": " : "", err == SP_ERR_SYSTEM ? strerrordesc_np(errno) : "");
    return err;
}

static enum sp_err seal(struct sp_slice bytes, int *out_fd)
{
    SP_AUTO_CLOSE int fd = -1;
    SP_TRY(sp_memfd_new("sallyport-secret", &fd));
    SP_TRY(sp_memfd_write(fd, bytes));
    SP_TRY(sp_memfd_seal(fd));
    *out_fd = sp_take_fd(&fd);
    return SP_OK;
}

static struct sp_slice without_line_end(struct sp_slice text)
{
    while (text.len > 0 && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r')) {
        text.len--;
    }
    return text;
}

/* Made at the first start and kept: with another key every session would be out of reach. */
static enum sp_err read_own_key(int dir, struct sp_buf *key)
{
    enum sp_err err = sp_file_read_at(dir, KEY_FILE, key);
    if (err == SP_ERR_NOT_FOUND) {
        uint8_t *at = NULL;
        SP_TRY(sp_buf_reserve(key, SP_SESSION_KEY_BYTES, &at));
        SP_TRY(sp_random_fill(at, SP_SESSION_KEY_BYTES));
        sp_buf_commit(key, SP_SESSION_KEY_BYTES);
        err = sp_file_write_private_at(dir, KEY_FILE, sp_buf_slice(key));
    }
    return err;
}

/* The operator's own, which every replica has. */
static enum sp_err read_given_key(const char *path, struct sp_buf *key)
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf text;
    uint8_t *at = NULL;
    sp_buf_init(&text, FILE_MAX);
    enum sp_err err = sp_file_read(path, &text);
    if (err == SP_OK) {
        SP_TRY(sp_buf_reserve(key, SP_SESSION_KEY_BYTES, &at));
        err = sp_hex_read(without_line_end(sp_buf_slice(&text)), SP_SESSION_KEY_BYTES, at);
    }
    if (err != SP_OK) {
        sp_log(SP_LOG_ERROR, "serve.failed", "server.session_key_file %s: %s", path,
               err == SP_ERR_INVALID ? "it must hold 64 hexadecimal digits and nothing else"
                                     : sp_err_text(err));
        return SP_ERR_CONFIG;
    }
    sp_buf_commit(key, SP_SESSION_KEY_BYTES);
    return SP_OK;
}

static enum sp_err open_session_key(struct sp_estate *estate, const char *given)
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf key;
    sp_buf_init(&key, FILE_MAX);
    SP_TRY(given[0] == '\0' ? read_own_key(estate->state_dir, &key) : read_given_key(given, &key));
    if (key.len != SP_SESSION_KEY_BYTES) {
        return SP_ERR_CORRUPT;
    }
    return seal(sp_buf_slice(&key), &estate->session_key);
}

static enum sp_err make_token(int dir, struct sp_buf *out)
{
    sp_buf_clear(out);
    SP_TRY(sp_token_make(SP_SLICE_LITERAL(TOKEN_ID), out));
    SP_TRY(sp_buf_put_byte(out, '\n'));
    return sp_file_write_private_at(dir, TOKEN_FILE, sp_buf_slice(out));
}

/* The token of the tenant that a gateway without configuration has; a file that is no token is replaced. */
static enum sp_err open_local_token(struct sp_estate *estate)
{
    SP_CLEANUP(sp_buf_wipe) struct sp_buf text;
    struct sp_token token;
    sp_buf_init(&text, FILE_MAX);
    enum sp_err err = sp_file_read_at(estate->state_dir, TOKEN_FILE, &text);
    if (err != SP_OK && err != SP_ERR_NOT_FOUND) {
        return err;
    }
    if (err != SP_OK || sp_token_parse(without_line_end(sp_buf_slice(&text)), &token) != SP_OK) {
        SP_TRY(make_token(estate->state_dir, &text));
        SP_TRY(sp_token_parse(without_line_end(sp_buf_slice(&text)), &token));
    }
    sp_slice_to_text(token.id, estate->token_id, sizeof(estate->token_id));
    return sp_token_digest(&token, estate->token_digest);
}

/* Whoever opens the store makes it when it is not there, or rolls back what a crash left in the journal. */
enum sp_err sp_estate_renew_tokens(struct sp_estate *estate, const char *state_dir)
{
    static const struct {
        const char *name;
        int flags;
    } files[SP_TOKENS_GIFT_COUNT] = {
        [SP_TOKENS_GIFT_STORE] = {SP_TOKEN_STORE_FILE, O_RDONLY},
        [SP_TOKENS_GIFT_JOURNAL] = {SP_TOKEN_STORE_JOURNAL, O_RDONLY},
        [SP_TOKENS_GIFT_USED] = {SP_USED_FILE, O_RDWR | O_CREAT},
    };
    SP_AUTO_TOKEN_STORE struct sp_token_store *store = NULL;
    SP_TRY(sp_token_store_open(state_dir, &store));
    for (size_t i = 0; i < SP_TOKENS_GIFT_COUNT; i++) {
        int fd = -1;
        const mode_t mode = (files[i].flags & O_CREAT) != 0 ? 0600 : 0;
        SP_TRY(sp_file_open_beneath(estate->state_dir, files[i].name, files[i].flags, mode, &fd));
        sp_close(sp_take_fd(&estate->tokens[i]));
        estate->tokens[i] = fd;
    }
    return SP_OK;
}

/* The group stays: share_log sets that of the log. */
static enum sp_err own_by(int fd, enum sp_role role)
{
    const uint32_t uid = sp_house_uid((struct sp_peer){.role = role, .index = 0});
    return uid == 0 || fchown(fd, uid, (gid_t)-1) == 0 ? SP_OK : SP_ERR_SYSTEM;
}

/* By its name: a directory that was removed or replaced while audit ran is not the one that it has a descriptor of. */
static enum sp_err renew_directory(struct sp_estate *estate, const char *name, int *kept)
{
    SP_AUTO_CLOSE int fd = -1;
    SP_TRY(sp_dir_make_at(estate->state_dir, name, 0700, &fd));
    SP_TRY(own_by(fd, SP_ROLE_AUDIT));
    sp_close(sp_take_fd(kept));
    *kept = sp_take_fd(&fd);
    return SP_OK;
}

/* Files that an earlier version made for audit alone; what cannot be changed is found out by whoever reads it. */
static void share_tree(int take_dir, uint32_t gid, unsigned depth)
{
    DIR *names = fdopendir(take_dir);
    if (names == NULL) {
        sp_close(take_dir);
        return;
    }
    for (const struct dirent *entry = readdir(names); entry != NULL; entry = readdir(names)) {
        const bool is_self = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        struct stat meta;
        SP_AUTO_CLOSE int fd = is_self ? -1
                                       : openat(dirfd(names), entry->d_name,
                                                O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &meta) != 0 || fchown(fd, meta.st_uid, gid) != 0 ||
            fchmod(fd, S_ISDIR(meta.st_mode) ? SHARED_DIR_MODE : SHARED_FILE_MODE) != 0) {
            continue;
        }
        if (S_ISDIR(meta.st_mode) && depth > 0) {
            share_tree(sp_take_fd(&fd), gid, depth - 1);
        }
    }
    (void)closedir(names);
}

/* With a group of its own for those who only read; what audit makes in it inherits that. */
static enum sp_err share_log(int fd)
{
    const uint32_t gid = sp_house_gid((struct sp_peer){.role = SP_ROLE_READER, .index = 0});
    struct stat meta;
    if (gid == 0) {
        return SP_OK;
    }
    if (fstat(fd, &meta) != 0 || fchown(fd, meta.st_uid, gid) != 0 ||
        fchmod(fd, SHARED_DIR_MODE) != 0) {
        return SP_ERR_SYSTEM;
    }
    if (meta.st_gid != gid) {
        share_tree(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), gid, SHARED_DEPTH);
    }
    return SP_OK;
}

enum sp_err sp_estate_renew_log(struct sp_estate *estate)
{
    SP_TRY(renew_directory(estate, "log", &estate->log_dir));
    SP_TRY(share_log(estate->log_dir));
    return renew_directory(estate, "audit", &estate->audit_dir);
}

/* A pipe is opened for both ways, so that it need not have a reader yet. */
static enum sp_err open_ship(const char *to, int *out_fd)
{
    struct sp_collector collector;
    struct stat meta;
    char path[SP_FILE_PATH_MAX];
    const char *why = "";
    SP_TRY(sp_collector_parse(sp_slice_of(to), &collector, &why));
    if (collector.kind != SP_COLLECTOR_FILE) {
        return SP_OK;
    }
    sp_slice_to_text(collector.path, path, sizeof(path));
    SP_AUTO_CLOSE int fd = open(
        path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, 0640);
    if (fd < 0 || fstat(fd, &meta) != 0) {
        return complain("cannot open for shipping", path, SP_ERR_SYSTEM);
    }
    if (!S_ISREG(meta.st_mode) && !S_ISFIFO(meta.st_mode)) {
        return complain("neither a file nor a pipe:", path, SP_ERR_CONFIG);
    }
    *out_fd = sp_take_fd(&fd);
    return SP_OK;
}

enum sp_err sp_estate_renew_ships(struct sp_estate *estate, const struct sp_config *config)
{
    for (size_t i = 0; i < config->ship_count; i++) {
        int fd = -1;
        SP_TRY(open_ship(config->ships[i].to, &fd));
        sp_close(sp_take_fd(&estate->ships[i]));
        estate->ships[i] = fd;
    }
    return SP_OK;
}

static bool is_moved(const struct sp_estate *estate, const char *name, int fd)
{
    struct stat held;
    struct stat now;
    return fd >= 0 && fstat(fd, &held) == 0 &&
           fstatat(estate->state_dir, name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
           (held.st_dev != now.st_dev || held.st_ino != now.st_ino);
}

bool sp_estate_is_log_moved(const struct sp_estate *estate)
{
    struct stat now;
    const bool is_gone =
        fstatat(estate->state_dir, "log", &now, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
    return is_gone || is_moved(estate, "log", estate->log_dir) ||
           is_moved(estate, "audit", estate->audit_dir);
}

/* The log belongs to audit alone. The pool's socket stands in a directory of its own that dial works from. */
static enum sp_err open_directories(struct sp_estate *estate, const char *path)
{
    SP_TRY(sp_dir_make(path, 0700));
    SP_TRY(sp_dir_open(path, &estate->state_dir));
    SP_TRY(sp_estate_renew_log(estate));
    SP_TRY(sp_dir_make_at(estate->state_dir, "quota", 0700, &estate->quota_dir));
    SP_TRY(sp_dir_make_at(estate->state_dir, "ship", 0700, &estate->ship_dir));
    SP_TRY(sp_dir_make_at(estate->state_dir, "run", 0711, &estate->run_dir));
    const uint32_t dial = sp_house_uid((struct sp_peer){.role = SP_ROLE_DIAL, .index = 0});
    return sp_socket_listen_unix_at(estate->run_dir, POOL_SOCKET, dial, &estate->pool_listener);
}

/* A key that every user of the machine can read is no secret. */
static enum sp_err open_tls_file(const char *path, bool is_secret, int *out_fd)
{
    struct stat meta;
    if (*path == '\0') {
        return SP_OK;
    }
    SP_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &meta) != 0) {
        return complain("cannot open", path, SP_ERR_SYSTEM);
    }
    if (!S_ISREG(meta.st_mode)) {
        return complain("not a file:", path, SP_ERR_CONFIG);
    }
    if (is_secret && (meta.st_mode & S_IROTH) != 0) {
        return complain("every user can read the key (chmod o-r it):", path, SP_ERR_CONFIG);
    }
    *out_fd = sp_take_fd(&fd);
    return SP_OK;
}

/* Opened here and read in the token process alone. */
static enum sp_err open_upstream(struct sp_estate *estate, const struct sp_config *config)
{
    SP_CLEANUP(sp_upstream_done) struct sp_upstream upstream;
    char folder[SP_FILE_PATH_MAX];
    const char *why = "";
    SP_TRY(sp_upstream_of(config, &upstream, &why));
    if (upstream.certificate != NULL) {
        SP_TRY(
            open_tls_file(upstream.certificate, /*is_secret=*/true, &estate->upstream_certificate));
    }
    if (upstream.cli_config.len > 0) {
        const char *path = (const char *)upstream.cli_config.ptr;
        return sp_dir_open(path, &estate->cli_dir) == SP_OK
                   ? SP_OK
                   : complain("run 'az login' first: cannot open the directory of its session,",
                              path, SP_ERR_CONFIG);
    }
    if (upstream.token_file == NULL) {
        return SP_OK;
    }
    const char *slash = strrchr(upstream.token_file, '/');
    const size_t len = slash == NULL ? 0 : (size_t)(slash - upstream.token_file) + 1;
    sp_slice_to_text(len == 0 ? SP_SLICE_LITERAL(".") : sp_slice_make(upstream.token_file, len),
                     folder, sizeof(folder));
    enum sp_err err = sp_dir_open(folder, &estate->upstream_dir);
    return err == SP_OK
               ? SP_OK
               : complain("cannot open the directory of", upstream.token_file, SP_ERR_SYSTEM);
}

enum sp_err sp_estate_renew_tls(struct sp_estate *estate, const struct sp_config *config)
{
    const char *const paths[SP_TLS_GIFT_COUNT] = {
        [SP_TLS_GIFT_CERTIFICATE] = config->tls_certificate,
        [SP_TLS_GIFT_KEY] = config->tls_key,
        [SP_TLS_GIFT_CLIENT_CA] = config->tls_client_ca,
        [SP_TLS_GIFT_CLIENT_CRL] = config->tls_client_crl,
    };
    int fds[SP_TLS_GIFT_COUNT] = {-1, -1, -1, -1};
    enum sp_err err = SP_OK;
    for (size_t i = 0; i < SP_TLS_GIFT_COUNT && err == SP_OK; i++) {
        err = open_tls_file(paths[i], i == SP_TLS_GIFT_KEY, &fds[i]);
    }
    for (size_t i = 0; i < SP_TLS_GIFT_COUNT; i++) {
        int *keep = err == SP_OK ? &estate->tls[i] : &fds[i];
        sp_close(sp_take_fd(keep));
        estate->tls[i] = err == SP_OK ? fds[i] : estate->tls[i];
    }
    return err;
}

static enum sp_err open_listener(struct sp_house *house)
{
    struct sp_estate *estate = &house->estate;
    const struct sp_config *config = house->config;
    enum sp_err err = sp_socket_address(sp_slice_of(config->server_listen), &estate->listen);
    if (err != SP_OK) {
        return complain("cannot listen on", config->server_listen, SP_ERR_CONFIG);
    }
    if (!estate->listen.is_loopback && !config->server_plaintext &&
        config->tls_certificate[0] == '\0') {
        sp_log(SP_LOG_ERROR, "serve.failed",
               "%s is not loopback and there is no TLS: set server.plaintext = true to do this",
               config->server_listen);
        return SP_ERR_CONFIG;
    }
    err = sp_socket_listen(&estate->listen, &estate->listener, &estate->port);
    if (err == SP_ERR_BUSY) {
        sp_log(SP_LOG_ERROR, "serve.failed",
               "another process listens on %s; choose another address with --listen",
               config->server_listen);
        return err;
    }
    return err == SP_OK ? SP_OK : complain("cannot listen on", config->server_listen, err);
}

enum sp_err sp_estate_open(struct sp_house *house, int take_secret_fd)
{
    struct sp_estate *estate = &house->estate;
    const char *state = house->config->state_dir;
    *estate = (struct sp_estate)SP_ESTATE_EMPTY;
    estate->upstream_secret = take_secret_fd;
    SP_TRY(open_listener(house));
    SP_TRY(sp_estate_renew_tls(estate, house->config));
    SP_TRY(open_upstream(estate, house->config));
    SP_TRY(sp_estate_renew_ships(estate, house->config));
    enum sp_err err = open_directories(estate, state);
    if (err == SP_OK) {
        err = open_session_key(estate, house->config->server_session_key_file);
    }
    if (err == SP_OK) {
        err = open_local_token(estate);
    }
    if (err == SP_OK) {
        err = sp_estate_renew_tokens(estate, state);
    }
    return err == SP_OK ? SP_OK : complain("cannot use the state directory", state, err);
}

void sp_estate_close(struct sp_estate *estate)
{
    sp_close(sp_take_fd(&estate->state_dir));
    sp_close(sp_take_fd(&estate->run_dir));
    sp_close(sp_take_fd(&estate->log_dir));
    sp_close(sp_take_fd(&estate->quota_dir));
    sp_close(sp_take_fd(&estate->ship_dir));
    for (size_t i = 0; i < SP_CONFIG_SHIPS_MAX; i++) {
        sp_close(sp_take_fd(&estate->ships[i]));
    }
    sp_close(sp_take_fd(&estate->audit_dir));
    sp_close(sp_take_fd(&estate->listener));
    sp_close(sp_take_fd(&estate->pool_listener));
    for (size_t i = 0; i < SP_TLS_GIFT_COUNT; i++) {
        sp_close(sp_take_fd(&estate->tls[i]));
    }
    for (size_t i = 0; i < SP_TOKENS_GIFT_COUNT; i++) {
        sp_close(sp_take_fd(&estate->tokens[i]));
    }
    sp_close(sp_take_fd(&estate->session_key));
    sp_close(sp_take_fd(&estate->upstream_secret));
    sp_close(sp_take_fd(&estate->upstream_certificate));
    sp_close(sp_take_fd(&estate->upstream_dir));
    sp_close(sp_take_fd(&estate->cli_dir));
}
