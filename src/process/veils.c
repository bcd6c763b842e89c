#include "process/veils.h"

/* One name of a message, and what it is. */
struct name {
    enum sp_veil which;
    struct sp_slice *slot;
};

static struct sp_slice key_of(const struct sp_veils *veils, const struct sp_directory *directory,
                              struct sp_slice tenant)
{
    size_t index = 0;
    if (sp_directory_find(directory, tenant, &index) != SP_OK) {
        return sp_slice_make(veils->nobody, sizeof(veils->nobody));
    }
    return sp_slice_make(sp_directory_tenant(directory, index)->identity_key, SP_VEIL_KEY_BYTES);
}

/* Every name of the message; the tenant's is among them, and says whose key it is. */
static enum sp_err hide(struct sp_veils *veils, const struct sp_directory *directory,
                        struct sp_slice tenant, const struct name *names, size_t count)
{
    if (!veils->is_on) {
        return SP_OK;
    }
    const struct sp_slice key = key_of(veils, directory, tenant);
    for (size_t i = 0; i < count; i++) {
        SP_TRY(sp_veil_text(key, names[i].which, *names[i].slot, veils->texts[i]));
        *names[i].slot = sp_slice_of(veils->texts[i]);
    }
    return SP_OK;
}

enum sp_err sp_veils_who(struct sp_veils *veils, const struct sp_directory *directory,
                         struct sp_msg_who *msg)
{
    const struct name names[] = {{SP_VEIL_TENANT, &msg->tenant},
                                 {SP_VEIL_PRINCIPAL, &msg->principal},
                                 {SP_VEIL_SOURCE, &msg->source},
                                 {SP_VEIL_SESSION, &msg->session_in_log}};
    msg->session_in_log = msg->session;
    return hide(veils, directory, msg->tenant, names, SP_COUNT(names));
}

enum sp_err sp_veils_refusal(struct sp_veils *veils, const struct sp_directory *directory,
                             struct sp_msg_refusal *msg)
{
    const struct name names[] = {{SP_VEIL_TENANT, &msg->tenant},
                                 {SP_VEIL_PRINCIPAL, &msg->principal},
                                 {SP_VEIL_SOURCE, &msg->source},
                                 {SP_VEIL_SESSION, &msg->session_in_log}};
    msg->session_in_log = msg->session;
    return hide(veils, directory, msg->tenant, names, SP_COUNT(names));
}

enum sp_err sp_veils_strangers(struct sp_veils *veils, const struct sp_directory *directory,
                               struct sp_msg_strangers *msg)
{
    const struct name names[] = {{SP_VEIL_SOURCE, &msg->source}};
    return hide(veils, directory, sp_slice_of(""), names, SP_COUNT(names));
}

enum sp_err sp_veils_token_event(struct sp_veils *veils, const struct sp_directory *directory,
                                 struct sp_msg_token_event *msg)
{
    const struct name names[] = {{SP_VEIL_TENANT, &msg->tenant}, {SP_VEIL_PRINCIPAL, &msg->id}};
    return hide(veils, directory, msg->tenant, names, SP_COUNT(names));
}

/* A tenant reads the entries that have its form. */
enum sp_err sp_veils_read_ask(struct sp_veils *veils, const struct sp_directory *directory,
                              struct sp_msg_read_ask *msg)
{
    const struct name names[] = {{SP_VEIL_TENANT, &msg->tenant},
                                 {SP_VEIL_PRINCIPAL, &msg->principal},
                                 {SP_VEIL_SOURCE, &msg->source}};
    return hide(veils, directory, msg->tenant, names, SP_COUNT(names));
}
