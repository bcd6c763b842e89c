#include "sandbox/profile.h"

#include "base/attr.h"

/*
 * Starts one template before it is confined, because a Landlocked process cannot mount and filters are inherited; then
 * it only watches. It executes nothing any more: for another template it ends and is started anew.
 */
static const struct sp_rule rules[] = {
    SP_ALLOW("read", "the lines that the template says to the operator"),
};

const struct sp_profile sp_profile_nursery = {
    .name = "nursery",
    .rules = rules,
    .rule_count = SP_COUNT(rules),
    .files = SP_FILES_NONE,
    .descriptors_max = 64,
    .file_bytes_max = 0,
    .processes_max = 0,
};
