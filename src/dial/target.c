#include "dial/target.h"

#include <stdlib.h>
#include <sys/un.h>

/* The longest name DNS can carry. */
#define HOST_BYTES_MAX ((size_t)253)
#define PATH_BYTES_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

enum sp_err sp_dial_targets_add(struct sp_dial_targets *targets, struct sp_slice host,
                                uint16_t port)
{
    size_t max = port == 0 ? PATH_BYTES_MAX : HOST_BYTES_MAX;
    if (targets->count == SP_DIAL_TARGETS_MAX) {
        return SP_ERR_FULL;
    }
    if (host.len == 0 || host.len > max || sp_slice_find(host, 0, '\0') != host.len) {
        return SP_ERR_INVALID;
    }
    char *copy = sp_slice_dup(host);
    if (copy == NULL) {
        return SP_ERR_NOMEM;
    }
    targets->items[targets->count++] = (struct sp_dial_target){.host = copy, .port = port};
    return SP_OK;
}

enum sp_err sp_dial_targets_add_kind(struct sp_dial_targets *targets, struct sp_slice host,
                                     uint16_t port, unsigned kind)
{
    if (kind >= SP_DIAL_KINDS) {
        return SP_ERR_INVALID;
    }
    SP_TRY(sp_dial_targets_add(targets, host, port));
    targets->items[targets->count - 1].kind = (enum sp_dial_kind)kind;
    return SP_OK;
}

enum sp_err sp_dial_targets_get(const struct sp_dial_targets *targets, unsigned number,
                                const struct sp_dial_target **out)
{
    if (number >= targets->count) {
        return SP_ERR_RANGE;
    }
    *out = &targets->items[number];
    return SP_OK;
}

void sp_dial_targets_done(struct sp_dial_targets *targets)
{
    for (size_t i = 0; i < targets->count; i++) {
        free(targets->items[i].host);
    }
    *targets = (struct sp_dial_targets){0};
}
