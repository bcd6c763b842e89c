#include "sandbox/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/attr.h"

/* Resolves names and connects, to the configured hosts only; reads the answers of DNS servers. */
/* The libraries behind getaddrinfo are loaded before confinement, by one call: no executable memory afterwards. */
static const char *const paths[] = {
    "/etc/resolv.conf", "/etc/hosts",    "/etc/nsswitch.conf",   "/etc/host.conf",
    "/etc/gai.conf",    "/etc/services", "/run/systemd/resolve", NULL};

static const struct sp_rule rules[] = {
    SP_ALLOW_IF("socket", 0, SP_CHECK_IS, AF_INET, "a connection, or a question to a DNS server"),
    SP_ALLOW_IF("socket", 0, SP_CHECK_IS, AF_INET6, "a connection, or a question to a DNS server"),
    SP_ALLOW_IF("socket", 0, SP_CHECK_IS, AF_UNIX, "a connection to the embedded pool"),
    SP_ALLOW_IF("socket", 0, SP_CHECK_IS, AF_NETLINK,
                "the resolver asks which addresses this machine has"),
    SP_ALLOW("bind", "the resolver's question about addresses"),
    SP_ALLOW("connect", "a configured host, or a DNS server"),
    SP_ALLOW("getsockname", "the resolver sorts addresses by where they would be reached from"),
    SP_ALLOW("getsockopt", "whether a connection stands"),
    SP_ALLOW("setsockopt", "no delay of a connection; errors of DNS questions are wanted"),
    SP_ALLOW("getpeername", "whom a connection leads to"),
    SP_ALLOW("sendto", "questions to DNS servers"),
    SP_ALLOW("sendmmsg", "two questions at once"),
    SP_ALLOW("recvfrom", "answers of DNS servers"),
    SP_ALLOW("recvmsg", "addresses of this machine"),
    SP_ALLOW("poll", "the resolver waits for an answer"),
    SP_ALLOW_IF("openat", 2, SP_CHECK_CLEAR, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC,
                "the resolver's files, for reading"),
    SP_ALLOW("read", "the resolver's files"),
    SP_ALLOW("lseek", "the resolver's files"),
    SP_ALLOW("newfstatat", "whether the resolver's files changed"),
    SP_ALLOW("uname", "the resolver asks for this machine's name"),
    SP_ALLOW("getuid", "the resolver's library asks who runs it"),
    SP_ALLOW("geteuid", "the resolver's library asks who runs it"),
};

const struct sp_profile sp_profile_dial = {
    .name = "dial",
    .rules = rules,
    .rule_count = SP_COUNT(rules),
    .files = SP_FILES_READ,
    .paths = paths,
    .may_connect = true,
    .descriptors_max = 4096,
    .file_bytes_max = 0,
    .processes_max = 0,
};
