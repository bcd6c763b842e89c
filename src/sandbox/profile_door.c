#include "sandbox/profile.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/attr.h"

/* Reads the bytes of strangers: accepts connections, never makes one, opens nothing. */
static const struct sp_rule rules[] = {
    SP_ALLOW("accept4", "a client connects"),
    SP_ALLOW("read", "bytes of clients, and of front's answers"),
    SP_ALLOW("recvfrom", "bytes of clients, and of front's answers"),
    SP_ALLOW("recvmsg", "bytes of clients, and of front's answers"),
    SP_ALLOW("write", "bytes to clients and to front"),
    SP_ALLOW("writev", "bytes to clients and to front"),
    SP_ALLOW("sendto", "bytes to clients and to front"),
    SP_ALLOW("shutdown", "one half of a connection ends"),
    /* Of no other type: datagrams could be sent to any socket of this machine that has a path. */
    SP_ALLOW_BOTH("socketpair", 0, AF_UNIX, 1, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                  "the clean stream that front gets one end of"),
    SP_ALLOW("setsockopt", "no delay, keep-alive and lingering of a connection"),
    SP_ALLOW("getsockopt", "what went wrong with a connection"),
    SP_ALLOW("getsockname", "where a client connected to"),
    SP_ALLOW("lseek",
             "renewed certificates are read from their beginning; they come as open files"),
    SP_ALLOW("getpeername", "who a client is"),
};

const struct sp_profile sp_profile_door = {
    .name = "door",
    .rules = rules,
    .rule_count = SP_COUNT(rules),
    .files = SP_FILES_NONE,
    .descriptors_max = 65536,
    .file_bytes_max = 0,
    .processes_max = 0,
};
