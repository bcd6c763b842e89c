#include "sandbox/profile.h"

#include "base/attr.h"

/* Reads header values and holds the digests of tokens; only wires. */
static const struct sp_rule rules[] = {
    SP_ALLOW("mlock", "a secret stays out of swap"),
};

const struct sp_profile sp_profile_admit = {
    .name = "admit",
    .rules = rules,
    .rule_count = SP_COUNT(rules),
    .files = SP_FILES_NONE,
    .descriptors_max = 1024,
    .file_bytes_max = 0,
    .processes_max = 0,
};
