#include "sandbox/profile.h"

#include <fcntl.h>

#include "base/attr.h"

/* Reads the log and sends it to collectors: connected descriptors come from dial, files and pipes from the supervisor. */
static const struct sp_rule rules[] = {
    SP_ALLOW_IF("openat", 2, SP_CHECK_CLEAR, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC,
                "files of the log, for reading"),
    SP_ALLOW("newfstatat", "how long a file is"),
    SP_ALLOW("pread64", "files of the log; the last byte of a file that is written on"),
    SP_ALLOW("pwrite64", "how far it came"),
    SP_ALLOW("write", "what is shipped, in TLS or into a file or pipe"),
    SP_ALLOW("read", "what a collector says, in TLS"),
    SP_ALLOW("sendto", "what is shipped, over a socket"),
    SP_ALLOW("recvfrom", "what a collector says; it is not looked at"),
    SP_ALLOW("getsockopt", "what kind a socket is, what went wrong, how much has not arrived yet"),
};

const struct sp_profile sp_profile_ship = {
    .name = "ship",
    .rules = rules,
    .rule_count = SP_COUNT(rules),
    .files = SP_FILES_GIVEN,
    .descriptors_max = 1024,
    .file_bytes_max = SP_LIMIT_KEEP,
    .processes_max = 0,
};
