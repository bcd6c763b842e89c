#include "sandbox/profile.h"

#include <fcntl.h>

#include "base/attr.h"
#include "os/memfd.h"

/* Reads the code of tenants; only wires and sealed bodies. */
static const struct sp_rule rules[] = {
    SP_ALLOW_IF("memfd_create", 1, SP_CHECK_CLEAR, ~SP_MEMFD_FLAGS,
                "a body over 16 KiB gets a descriptor"),
    SP_ALLOW("write", "a body is written into its descriptor, once"),
    SP_ALLOW_IF("fcntl", 1, SP_CHECK_IS, F_ADD_SEALS, "a body is sealed before it is handed on"),
};

const struct sp_profile sp_profile_inspect = {
    .name = "inspect",
    .rules = rules,
    .rule_count = SP_COUNT(rules),
    .files = SP_FILES_NONE,
    .descriptors_max = 1024,
    .file_bytes_max = (uint64_t)160 * 1024 * 1024,
    .processes_max = 0,
};
