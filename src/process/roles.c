#include "process/roles.h"

#include <stdio.h>
#include <sys/socket.h>

#include "base/num.h"
#include "os/spawn.h"

static const struct sp_role_spec *const specs[SP_ROLE_COUNT] = {
    [SP_ROLE_DOOR] = &sp_door_role,     [SP_ROLE_FRONT] = &sp_front_role,
    [SP_ROLE_ADMIT] = &sp_admit_role,   [SP_ROLE_INSPECT] = &sp_inspect_role,
    [SP_ROLE_AUDIT] = &sp_audit_role,   [SP_ROLE_RELAY] = &sp_relay_role,
    [SP_ROLE_TOKEN] = &sp_token_role,   [SP_ROLE_DIAL] = &sp_dial_role,
    [SP_ROLE_POOL] = &sp_pool_role,     [SP_ROLE_NURSERY] = &sp_nursery_role,
    [SP_ROLE_READER] = &sp_reader_role, [SP_ROLE_CLI] = &sp_cli_role,
    [SP_ROLE_SHIP] = &sp_ship_role,
};

const struct sp_role_spec *sp_role_spec_of(enum sp_role role)
{
    return (unsigned)role < SP_ROLE_COUNT ? specs[role] : NULL;
}

/* A role outside its house would run without settings; descriptor 3 of the right kind is what the supervisor gives. */
static bool has_control(void)
{
    int type = 0;
    int family = 0;
    socklen_t len = sizeof(type);
    if (getsockopt(SP_SPAWN_CONTROL_FD, SOL_SOCKET, SO_TYPE, &type, &len) != 0) {
        return false;
    }
    len = sizeof(family);
    return getsockopt(SP_SPAWN_CONTROL_FD, SOL_SOCKET, SO_DOMAIN, &family, &len) == 0 &&
           type == SOCK_SEQPACKET && family == AF_UNIX;
}

static struct sp_slice value_of(const char *argument, const char *name)
{
    const struct sp_slice whole = sp_slice_of(argument);
    return sp_slice_starts(whole, name) ? sp_slice_sub(whole, sp_slice_of(name).len, whole.len)
                                        : sp_slice_make(NULL, 0);
}

bool sp_role_enter(int argc, char **argv, int *out_status)
{
    enum sp_role role = SP_ROLE_SUPERVISOR;
    uint64_t index = 0;
    if (argc < 2 || !sp_slice_starts(sp_slice_of(argv[1]), SP_ROLE_ARGUMENT)) {
        return false;
    }
    *out_status = 2;
    if (argc != 3 || sp_role_from_name(value_of(argv[1], SP_ROLE_ARGUMENT), &role) != SP_OK ||
        sp_parse_u64(value_of(argv[2], SP_INDEX_ARGUMENT), SP_ROLE_INDEX_MAX - 1, &index) !=
            SP_OK) {
        (void)fprintf(stderr, "sallyport: no such role\n");
        return true;
    }
    const struct sp_role_spec *spec = sp_role_spec_of(role);
    if (spec == NULL || !has_control()) {
        (void)fprintf(stderr,
                      "sallyport: a role is started by the supervisor only (sallyport serve)\n");
        return true;
    }
    *out_status = sp_role_run(spec);
    return true;
}
