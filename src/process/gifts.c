#include "base/log.h"
#include "base/own.h"
#include "process/house.h"

/* Which descriptor goes to whom: an absent row is a descriptor that the role never has. */
static const struct {
    enum sp_role role;
    enum sp_gift what;
    uint16_t index;
    size_t at; /* the descriptor's place in struct sp_estate */
} gifts[] = {
    {SP_ROLE_DOOR, SP_GIFT_LISTENER, 0, offsetof(struct sp_estate, listener)},
    {SP_ROLE_DOOR, SP_GIFT_TLS, SP_TLS_GIFT_CERTIFICATE,
     offsetof(struct sp_estate, tls[SP_TLS_GIFT_CERTIFICATE])},
    {SP_ROLE_DOOR, SP_GIFT_TLS, SP_TLS_GIFT_KEY, offsetof(struct sp_estate, tls[SP_TLS_GIFT_KEY])},
    {SP_ROLE_DOOR, SP_GIFT_TLS, SP_TLS_GIFT_CLIENT_CA,
     offsetof(struct sp_estate, tls[SP_TLS_GIFT_CLIENT_CA])},
    {SP_ROLE_DOOR, SP_GIFT_TLS, SP_TLS_GIFT_CLIENT_CRL,
     offsetof(struct sp_estate, tls[SP_TLS_GIFT_CLIENT_CRL])},
    {SP_ROLE_AUDIT, SP_GIFT_STATE, 0, offsetof(struct sp_estate, log_dir)},
    {SP_ROLE_AUDIT, SP_GIFT_STATE, 1, offsetof(struct sp_estate, audit_dir)},
    {SP_ROLE_READER, SP_GIFT_STATE, 0, offsetof(struct sp_estate, log_dir)},
    {SP_ROLE_SHIP, SP_GIFT_STATE, 0, offsetof(struct sp_estate, log_dir)},
    {SP_ROLE_SHIP, SP_GIFT_STATE, 1, offsetof(struct sp_estate, ship_dir)},
    {SP_ROLE_SHIP, SP_GIFT_SHIP, 0, offsetof(struct sp_estate, ships[0])},
    {SP_ROLE_SHIP, SP_GIFT_SHIP, 1, offsetof(struct sp_estate, ships[1])},
    {SP_ROLE_SHIP, SP_GIFT_SHIP, 2, offsetof(struct sp_estate, ships[2])},
    {SP_ROLE_SHIP, SP_GIFT_SHIP, 3, offsetof(struct sp_estate, ships[3])},
    {SP_ROLE_SHIP, SP_GIFT_SHIP, 4, offsetof(struct sp_estate, ships[4])},
    {SP_ROLE_SHIP, SP_GIFT_SHIP, 5, offsetof(struct sp_estate, ships[5])},
    {SP_ROLE_SHIP, SP_GIFT_SHIP, 6, offsetof(struct sp_estate, ships[6])},
    {SP_ROLE_SHIP, SP_GIFT_SHIP, 7, offsetof(struct sp_estate, ships[7])},
    {SP_ROLE_ADMIT, SP_GIFT_SECRET, 0, offsetof(struct sp_estate, session_key)},
    {SP_ROLE_ADMIT, SP_GIFT_QUOTA, 0, offsetof(struct sp_estate, quota_dir)},
    {SP_ROLE_ADMIT, SP_GIFT_TOKENS, SP_TOKENS_GIFT_STORE,
     offsetof(struct sp_estate, tokens[SP_TOKENS_GIFT_STORE])},
    {SP_ROLE_ADMIT, SP_GIFT_TOKENS, SP_TOKENS_GIFT_JOURNAL,
     offsetof(struct sp_estate, tokens[SP_TOKENS_GIFT_JOURNAL])},
    {SP_ROLE_ADMIT, SP_GIFT_TOKENS, SP_TOKENS_GIFT_USED,
     offsetof(struct sp_estate, tokens[SP_TOKENS_GIFT_USED])},
    {SP_ROLE_TOKEN, SP_GIFT_SECRET, 0, offsetof(struct sp_estate, upstream_secret)},
    {SP_ROLE_TOKEN, SP_GIFT_SECRET, 1, offsetof(struct sp_estate, upstream_certificate)},
    {SP_ROLE_TOKEN, SP_GIFT_STATE, 0, offsetof(struct sp_estate, upstream_dir)},
    {SP_ROLE_CLI, SP_GIFT_STATE, 0, offsetof(struct sp_estate, cli_dir)},
    {SP_ROLE_POOL, SP_GIFT_POOL_LISTENER, 0, offsetof(struct sp_estate, pool_listener)},
};

static int descriptor(const struct sp_estate *estate, size_t at)
{
    const int *fd = (const int *)(const void *)((const char *)estate + at);
    return *fd;
}

static enum sp_err give(struct sp_child *child, enum sp_gift what, uint16_t index, int fd)
{
    const struct sp_msg_gift gift = {.what = (uint8_t)what, .index = index};
    SP_AUTO_BUF struct sp_buf body;
    struct sp_writer w;
    sp_buf_init(&body, SP_MESSAGE_BYTES_MAX);
    sp_writer_init(&w, &body);
    sp_msg_gift_write(&w, &gift);
    SP_TRY(sp_writer_end(&w));
    return sp_channel_send(child->control, SP_MSG_GIFT, sp_buf_slice(&body), &fd, 1);
}

static enum sp_err give_all(struct sp_child *child, bool only_files)
{
    for (size_t i = 0; i < SP_COUNT(gifts); i++) {
        const int fd = descriptor(&child->house->estate, gifts[i].at);
        const bool is_meant =
            gifts[i].role == child->who.role &&
            (!only_files || gifts[i].what == SP_GIFT_TLS || gifts[i].what == SP_GIFT_SHIP);
        if (is_meant && fd >= 0) {
            SP_TRY(give(child, gifts[i].what, gifts[i].index, fd));
        }
    }
    return SP_OK;
}

enum sp_err sp_gifts_renew(struct sp_child *child)
{
    const struct sp_msg_go go = {.unused = 0};
    struct sp_house *house = child->house;
    SP_TRY(child->who.role == SP_ROLE_SHIP ? sp_estate_renew_ships(&house->estate, house->config)
                                           : sp_estate_renew_tls(&house->estate, house->config));
    SP_TRY(give_all(child, /*only_files=*/true));
    return sp_msg_go_send(child->control, &go);
}

enum sp_err sp_gifts_give(struct sp_child *child)
{
    const bool has_log = child->who.role == SP_ROLE_AUDIT || child->who.role == SP_ROLE_READER ||
                         child->who.role == SP_ROLE_SHIP;
    if (has_log && sp_estate_renew_log(&child->house->estate) != SP_OK) {
        /* audit finds out what is wrong with the one it has, refuses work, and says so. */
        sp_log(SP_LOG_WARN, "supervisor.log.directory",
               "the log's directory cannot be opened anew");
    }
    if (child->who.role == SP_ROLE_ADMIT &&
        sp_estate_renew_tokens(&child->house->estate, child->house->config->state_dir) != SP_OK) {
        sp_log(SP_LOG_WARN, "supervisor.tokens.files", "the token store cannot be opened anew");
    }
    if (child->who.role == SP_ROLE_DOOR &&
        sp_estate_renew_tls(&child->house->estate, child->house->config) != SP_OK) {
        sp_log(SP_LOG_WARN, "supervisor.tls.files",
               "the files of [server.tls] cannot be opened anew");
    }
    if (child->who.role == SP_ROLE_SHIP &&
        sp_estate_renew_ships(&child->house->estate, child->house->config) != SP_OK) {
        sp_log(SP_LOG_WARN, "supervisor.ship.files",
               "a file of [[audit.ship]] cannot be opened anew");
    }
    return give_all(child, /*only_files=*/false);
}
