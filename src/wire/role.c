#include "wire/role.h"

static const char *const names[] = {
#define SP_ROLE_AS_NAME(role, name) [role] = (name),
    SP_ROLE_LIST(SP_ROLE_AS_NAME)
#undef SP_ROLE_AS_NAME
};

const char *sp_role_name(enum sp_role role)
{
    return (unsigned)role < SP_COUNT(names) ? names[role] : "unknown";
}

enum sp_err sp_role_from_name(struct sp_slice name, enum sp_role *out)
{
    for (size_t i = 0; i < SP_COUNT(names); i++) {
        if (sp_slice_is(name, names[i])) {
            *out = (enum sp_role)i;
            return SP_OK;
        }
    }
    return SP_ERR_INVALID;
}

enum sp_err sp_role_from_number(unsigned number, enum sp_role *out)
{
    if (number >= SP_ROLE_COUNT) {
        return SP_ERR_INVALID;
    }
    *out = (enum sp_role)number;
    return SP_OK;
}
