#include "sandbox/profile.h"

#include "base/attr.h"

/* Holds the long-lived credential; hands out short ones. Talks to the identity provider by descriptors from dial. */
static const struct sp_rule rules[] = {
    SP_ALLOW("openat2", "the projected token; Landlock bounds it to its directory, for reading"),
    SP_ALLOW("write", "requests to the identity provider, in TLS"),
    SP_ALLOW("sendto", "requests to the identity provider"),
    SP_ALLOW("recvfrom", "its answers"),
    SP_ALLOW("getsockopt", "what went wrong with a connection"),
    SP_ALLOW("read", "the credential, from its sealed descriptor"),
    SP_ALLOW("pread64", "the credential, from its sealed descriptor"),
    SP_ALLOW("mlock", "a secret stays out of swap"),
};

const struct sp_profile sp_profile_token = {
    .name = "token",
    .rules = rules,
    .rule_count = SP_COUNT(rules),
    .files = SP_FILES_GIVEN,
    .descriptors_max = 1024,
    .file_bytes_max = 0,
    .processes_max = 0,
};
