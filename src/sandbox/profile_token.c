#include "sandbox/profile.h"

#include <fcntl.h>

#include "base/attr.h"

/* Holds the long-lived credential; hands out short ones. */
static const struct sp_rule rules[] = {
    SP_ALLOW("read", "the credential, from its sealed descriptor"),
    SP_ALLOW("pread64", "the credential, from its sealed descriptor"),
    SP_ALLOW("mlock", "a secret stays out of swap"),
};

const struct sp_profile sp_profile_token = {
    .name = "token",
    .rules = rules,
    .rule_count = SP_COUNT(rules),
    .files = SP_FILES_NONE,
    .descriptors_max = 1024,
    .file_bytes_max = 0,
    .processes_max = 0,
};
