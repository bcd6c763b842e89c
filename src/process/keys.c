/* The files of issuers' keys: the supervisor looks whether they changed, since admit has no files. */
#include <sys/stat.h>

#include "base/log.h"
#include "os/files.h"
#include "process/house.h"
#include "process/issuers.h"

/* A file that is replaced by rename, or through a link that is turned, is another inode: that is seen too. */
static struct sp_keys_watch look_at(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        return (struct sp_keys_watch){.is_missing = true, .is_known = true};
    }
    return (struct sp_keys_watch){.is_known = true,
                                  .inode = st.st_ino,
                                  .size = (uint64_t)st.st_size,
                                  .changed_ns = (uint64_t)st.st_ctim.tv_sec * 1000000000U +
                                                (uint64_t)st.st_ctim.tv_nsec};
}

static bool is_same(const struct sp_keys_watch *a, const struct sp_keys_watch *b)
{
    return a->inode == b->inode && a->size == b->size && a->changed_ns == b->changed_ns &&
           a->is_missing == b->is_missing;
}

static enum sp_err send_keys(struct sp_child *admit, const char *name, const char *path)
{
    SP_AUTO_BUF struct sp_buf text;
    SP_AUTO_PAYLOAD struct sp_payload payload = SP_PAYLOAD_EMPTY;
    sp_buf_init(&text, SP_KEYS_BYTES_MAX);
    SP_TRY(sp_file_read(path, &text));
    SP_TRY(sp_payload_make(sp_buf_slice(&text), &payload));
    const struct sp_msg_keys msg = {.issuer = sp_slice_of(name), .jwks = payload};
    return sp_msg_keys_send(admit->control, &msg);
}

/* Keys that cannot be read leave those that admit has. */
static void renew(struct sp_child *admit, const struct sp_config_issuer *issuer)
{
    enum sp_err err = send_keys(admit, issuer->name, issuer->jwks_file);
    sp_log(err == SP_OK ? SP_LOG_INFO : SP_LOG_ERROR,
           err == SP_OK ? "supervisor.keys.renewed" : "supervisor.keys.unreadable",
           "issuer=%s file=%s", issuer->name, issuer->jwks_file);
}

void sp_keys_look(struct sp_house *house)
{
    struct sp_child *admit = sp_child_find(house, SP_ROLE_ADMIT, 0);
    for (size_t i = 0; i < house->config->issuer_count && i < SP_CONFIG_ISSUERS_MAX; i++) {
        const struct sp_config_issuer *issuer = &house->config->issuers[i];
        if (*issuer->jwks_file == '\0') {
            continue;
        }
        const struct sp_keys_watch now = look_at(issuer->jwks_file);
        if (!house->keys[i].is_known) {
            house->keys[i] = now; /* admit reads it with its settings */
        } else if (!is_same(&now, &house->keys[i]) && admit != NULL && sp_child_is_up(admit)) {
            house->keys[i] = now;
            renew(admit, issuer);
        }
    }
}
