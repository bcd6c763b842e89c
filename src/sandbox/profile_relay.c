#include "sandbox/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "os/memfd.h"

/* Runs the HTTP client and TLS on the answers of a pool; connected descriptors come from dial. */
static const struct sp_rule rules[] = {
    SP_ALLOW("read", "bytes of answers"),
    SP_ALLOW("recvfrom", "bytes of answers"),
    SP_ALLOW("sendto", "bytes of requests"),
    SP_ALLOW("writev", "bytes of requests"),
    SP_ALLOW("poll", "the library looks at its connections"),
    SP_ALLOW("ppoll", "the library looks at its connections"),
    SP_ALLOW("shutdown", "a connection ends"),
    SP_ALLOW("setsockopt", "no delay and keep-alive of a connection"),
    SP_ALLOW("getsockopt", "whether a connection stands, and what went wrong with it"),
    SP_ALLOW("getpeername", "the library notes whom a connection leads to"),
    SP_ALLOW("getsockname", "the library notes where a connection comes from"),
    SP_ANSWER("connect", EINPROGRESS,
              "the library connects although the descriptor is connected; this answer lets it go "
              "on to look"),
    SP_ALLOW("ftruncate", "a body's descriptor gets its size"),
    SP_ALLOW_IF("memfd_create", 1, SP_CHECK_CLEAR, ~SP_MEMFD_FLAGS,
                "a body over 16 KiB gets a descriptor"),
    SP_ALLOW("write", "a body is written into its descriptor, once"),
    SP_ALLOW_IF("fcntl", 1, SP_CHECK_IS, F_ADD_SEALS, "a body is sealed before it is handed on"),
    SP_ALLOW("mlock", "a secret stays out of swap"),
    SP_ANSWER("openat", ENOENT, "libraries look for certificates, the time zone and locales"),
    SP_ANSWER("access", ENOENT, "libraries look for certificates"),
    SP_ANSWER("socket", EACCES, "the library tries whether there is IPv6"),
};

const struct sp_profile sp_profile_relay = {
    .name = "relay",
    .rules = rules,
    .rule_count = SP_COUNT(rules),
    .files = SP_FILES_NONE,
    .descriptors_max = 16384,
    .file_bytes_max = (uint64_t)272 * 1024 * 1024,
    .processes_max = 0,
};
