#include "sandbox/profile.h"

#include <fcntl.h>

#include "base/attr.h"

/* Waits for the end of a pipe, then looks into directories and removes empty ones. Nobody can say anything to it. */
static const struct sp_rule rules[] = {
    SP_ALLOW("read", "the pipe whose end it waits for"),
    SP_ALLOW_IF("openat", 2, SP_CHECK_SET, O_DIRECTORY, "the directories of control groups"),
    SP_ALLOW("getdents64", "which groups are in them"),
    SP_ALLOW("newfstatat", "whether a group was removed"),
    SP_ALLOW_IF("unlinkat", 2, SP_CHECK_IS, AT_REMOVEDIR,
                "empty groups are removed; nothing but directories"),
    SP_ALLOW("clock_nanosleep", "the kernel takes its time over the last processes"),
    SP_ALLOW("nanosleep", "the same, by its other name"),
};

const struct sp_profile sp_profile_guardian = {
    .name = "guardian",
    .rules = rules,
    .rule_count = SP_COUNT(rules),
    .files = SP_FILES_GIVEN,
    .descriptors_max = SP_LIMIT_KEEP,
    .file_bytes_max = SP_LIMIT_KEEP,
    .processes_max = SP_LIMIT_KEEP,
};
