#include "process/profiles.h"

#include "sandbox/profile.h"

const struct sp_profile *sp_profile_of(enum sp_role role)
{
    static const struct sp_profile *const profiles[SP_ROLE_COUNT] = {
        [SP_ROLE_DOOR] = &sp_profile_door,     [SP_ROLE_FRONT] = &sp_profile_front,
        [SP_ROLE_ADMIT] = &sp_profile_admit,   [SP_ROLE_INSPECT] = &sp_profile_inspect,
        [SP_ROLE_AUDIT] = &sp_profile_audit,   [SP_ROLE_RELAY] = &sp_profile_relay,
        [SP_ROLE_TOKEN] = &sp_profile_token,   [SP_ROLE_DIAL] = &sp_profile_dial,
        [SP_ROLE_POOL] = &sp_profile_pool,     [SP_ROLE_NURSERY] = &sp_profile_nursery,
        [SP_ROLE_READER] = &sp_profile_reader, [SP_ROLE_SHIP] = &sp_profile_ship,
        [SP_ROLE_CLI] = &sp_profile_cli,
    };
    return (unsigned)role < SP_ROLE_COUNT ? profiles[role] : NULL;
}
