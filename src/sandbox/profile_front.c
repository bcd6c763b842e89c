#include "sandbox/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "os/memfd.h"

/* Runs the HTTP library on hostile requests: streams come from door by descriptor, nothing is opened or connected. */
static const struct sp_rule rules[] = {
    SP_ALLOW("read", "bytes of requests"),
    SP_ALLOW("recvfrom", "bytes of requests"),
    SP_ALLOW("sendto", "bytes of answers"),
    SP_ALLOW("writev", "bytes of answers, head and body together"),
    SP_ALLOW("shutdown", "an answered stream ends"),
    SP_ANSWER("setsockopt", ENOPROTOOPT,
              "the library asks a stream not to delay; by this answer it learns that the stream is "
              "not TCP, and asks once"),
    SP_ALLOW("getsockopt", "what went wrong with a stream"),
    SP_ALLOW("lseek", "a body's descriptor is read from its start"),
    SP_ALLOW("ftruncate", "a body's descriptor gets its size"),
    SP_ALLOW_IF("memfd_create", 1, SP_CHECK_CLEAR, ~SP_MEMFD_FLAGS,
                "a body over 16 KiB gets a descriptor"),
    SP_ALLOW("write", "a body is written into its descriptor, once"),
    SP_ALLOW_IF("fcntl", 1, SP_CHECK_IS, F_ADD_SEALS, "a body is sealed before it is handed on"),
    SP_ANSWER("openat", ENOENT, "the library looks for the time zone"),
};

const struct sp_profile sp_profile_front = {
    .name = "front",
    .rules = rules,
    .rule_count = SP_COUNT(rules),
    .files = SP_FILES_NONE,
    .descriptors_max = 65536,
    .file_bytes_max = (uint64_t)160 * 1024 * 1024,
    .processes_max = 0,
};
