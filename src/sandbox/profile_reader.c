#include "sandbox/profile.h"

#include <fcntl.h>

#include "base/attr.h"
#include "os/memfd.h"

/* Reads the log beneath its directory, and nothing else; writes only its answers. */
static const struct sp_rule rules[] = {
    SP_ALLOW_IF("openat", 2, SP_CHECK_CLEAR, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC,
                "files of the log, for reading"),
    SP_ALLOW("pread64", "files of the log"),
    SP_ALLOW("newfstatat", "how long a file of the log is"),
    SP_ALLOW_IF("memfd_create", 1, SP_CHECK_CLEAR, ~SP_MEMFD_FLAGS,
                "an answer over 16 KiB gets a descriptor"),
    SP_ALLOW("ftruncate", "that descriptor gets its size"),
    SP_ALLOW("write", "an answer is written into its descriptor, once"),
    SP_ALLOW_IF("fcntl", 1, SP_CHECK_IS, F_ADD_SEALS, "an answer is sealed before it is handed on"),
};

const struct sp_profile sp_profile_reader = {
    .name = "reader",
    .rules = rules,
    .rule_count = SP_COUNT(rules),
    .files = SP_FILES_GIVEN,
    .descriptors_max = 1024,
    .file_bytes_max = (uint64_t)64 * 1024 * 1024,
    .processes_max = 0,
};
