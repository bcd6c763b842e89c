#include "sandbox/profile.h"

#include <fcntl.h>

#include "base/attr.h"

/* Reads header values and holds the digests of tokens: wires, and open files of the token store and the quota store. */
static const struct sp_rule rules[] = {
    SP_ALLOW("mlock", "a secret stays out of swap"),
    SP_ALLOW("pread64", "the token store, by a descriptor that reads only; the quota store"),
    SP_ALLOW_IF("fcntl", 1, SP_CHECK_IS, F_SETLK,
                "the token store is not read while it is written; SQLite's own locks"),
    SP_ALLOW_IF("fcntl", 1, SP_CHECK_IS, F_GETLK, "whether a writer of the token store is at work"),
    SP_ALLOW("pwrite64", "when each token was last used; leases of quotas"),
    SP_ALLOW("fdatasync", "a lease is durable before anybody goes on with it"),
    SP_ALLOW("ftruncate", "SQLite's write-ahead log begins anew"),
};

const struct sp_profile sp_profile_admit = {
    .name = "admit",
    .rules = rules,
    .rule_count = SP_COUNT(rules),
    .files = SP_FILES_NONE,
    .descriptors_max = 1024,
    .file_bytes_max =
        (uint64_t)1024 * 1024 * 1024, /* a row for each token and each live session there can be */
    .processes_max = 0,
};
