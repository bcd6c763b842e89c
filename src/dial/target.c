#include "dial/target.h"

#include <stdlib.h>
#include <sys/un.h>

/* The longest name DNS can carry. */
#define HOST_BYTES_MAX ((size_t)253)
#define PATH_BYTES_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

enum sp_err sp_dial_targets_add(struct sp_dial_targets *targets, const struct sp_dial_place *place)
{
    const struct sp_slice host = place->host;
    const size_t max = place->port == 0 ? PATH_BYTES_MAX : HOST_BYTES_MAX;
    if (targets->count == SP_DIAL_TARGETS_MAX) {
        return SP_ERR_FULL;
    }
    if (place->kind >= SP_DIAL_KINDS || host.len == 0 || host.len > max ||
        sp_slice_find(host, 0, '\0') != host.len) {
        return SP_ERR_INVALID;
    }
    char *copy = sp_slice_dup(host);
    if (copy == NULL) {
        return SP_ERR_NOMEM;
    }
    targets->items[targets->count++] =
        (struct sp_dial_target){.host = copy,
                                .port = place->port,
                                .kind = (enum sp_dial_kind)place->kind,
                                .asker = place->asker};
    return SP_OK;
}

enum sp_err sp_dial_targets_get(const struct sp_dial_targets *targets, enum sp_role asker,
                                unsigned number, const struct sp_dial_target **out)
{
    if (number >= targets->count || targets->items[number].asker != asker) {
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
