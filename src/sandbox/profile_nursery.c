#include "sandbox/profile.h"

#include <fcntl.h>

#include "base/attr.h"

/*
 * Starts the template of sessions, which mounts, makes namespaces and confines each session by itself: a Landlocked
 * process cannot mount, and a filter here would be inherited by the sessions. It reads no bytes of a tenant.
 */
static const struct sp_rule rules[] = {
    SP_ALLOW("read", "nothing hostile; a wide profile for now names only what is refused"),
};

const struct sp_profile sp_profile_nursery = {
    .name = "nursery",
    .rules = rules,
    .rule_count = SP_COUNT(rules),
    .is_wide = true,
    .files = SP_FILES_OWN,
    .descriptors_max = 65536,
    .file_bytes_max = SP_LIMIT_KEEP,
    .processes_max = SP_LIMIT_KEEP,
};
