#include "sandbox/profile.h"

#include <fcntl.h>

#include "base/attr.h"
#include "os/memfd.h"

/* Writes the log: only files beneath its directory, and nothing there is ever removed, renamed or cut. */
static const struct sp_rule rules[] = {
    SP_ALLOW_IF(
        "openat", 2, SP_CHECK_CLEAR, O_TRUNC,
        "the log's files, beneath its directory; never cut, which older Landlocks let pass"),
    SP_ALLOW("read", "the log is read again at the start"),
    SP_ALLOW("pread64", "the log is read again at the start"),
    SP_ALLOW("write", "entries of the log"),
    SP_ALLOW("pwrite64", "entries of the log"),
    SP_ALLOW("writev", "entries of the log, several at once"),
    SP_ALLOW("pwritev", "entries of the log, several at once"),
    SP_ALLOW("lseek", "the end of the log"),
    SP_ALLOW("fdatasync", "an entry is durable before anything is done because of it"),
    SP_ALLOW("fsync", "a new file's name is durable"),
    SP_ALLOW("mkdirat", "tiles stand in directories of a thousand, kept code in one a day"),
    SP_ALLOW("fstatfs", "whether the disk has room for what must be laid down"),
    SP_ALLOW("getdents64", "which files the log has"),
    SP_ALLOW("newfstatat", "how long a file of the log is"),
    SP_ALLOW_IF("memfd_create", 1, SP_CHECK_CLEAR, ~SP_MEMFD_FLAGS,
                "an answer over 16 KiB that is given once more gets a descriptor"),
    SP_ALLOW_IF("fcntl", 1, SP_CHECK_IS, F_ADD_SEALS, "it is sealed before it is handed on"),
    SP_ALLOW("mlock", "a secret stays out of swap"),
};

const struct sp_profile sp_profile_audit = {
    .name = "audit",
    .rules = rules,
    .rule_count = SP_COUNT(rules),
    .files = SP_FILES_LOG,
    .descriptors_max = 4096,
    .file_bytes_max = SP_LIMIT_KEEP,
    .processes_max = 0,
};
