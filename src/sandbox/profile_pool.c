#include "sandbox/profile.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "os/memfd.h"

/* Answers relay over a unix socket and leads the sessions; reads what tenants' code wrote. */
static const struct sp_rule rules[] = {
    SP_ALLOW("accept4", "relay connects"),
    SP_ALLOW("read", "bytes of requests and of sessions"),
    SP_ALLOW("recvfrom", "bytes of requests and of sessions"),
    SP_ALLOW("recvmsg", "messages of sessions"),
    SP_ALLOW("write", "bytes of answers and to sessions"),
    SP_ALLOW("writev", "bytes of answers"),
    SP_ALLOW("sendto", "bytes of answers"),
    SP_ALLOW("pread64", "the bytes of a file that a session opened for a download"),
    SP_ALLOW("shutdown", "a connection ends"),
    SP_ALLOW("setsockopt", "room in the wire of a session"),
    SP_ALLOW("getsockopt", "what went wrong with a connection"),
    SP_ALLOW_IF("memfd_create", 1, SP_CHECK_CLEAR, ~SP_MEMFD_FLAGS,
                "a body over 16 KiB gets a descriptor"),
    SP_ALLOW_IF("fcntl", 1, SP_CHECK_IS, F_ADD_SEALS, "a body is sealed before it is handed on"),
};

const struct sp_profile sp_profile_pool = {
    .name = "pool",
    .rules = rules,
    .rule_count = SP_COUNT(rules),
    .files = SP_FILES_NONE,
    .descriptors_max = 16384,
    .file_bytes_max = (uint64_t)160 * 1024 * 1024,
    .processes_max = 0,
};
