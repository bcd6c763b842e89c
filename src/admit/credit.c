#include "admit/credit.h"

#include <stdlib.h>

#include "base/assert.h"

#define SHARES 4U

struct sp_credit {
    size_t tenants;
    uint64_t all_max;
    uint64_t share_max;
    uint64_t used;
    uint64_t *used_by;
};

enum sp_err sp_credit_new(size_t tenants, uint64_t all_max, uint64_t one_max,
                          struct sp_credit **out)
{
    struct sp_credit *credit = calloc(1, sizeof(*credit));
    if (credit == NULL) {
        return SP_ERR_NOMEM;
    }
    credit->used_by = calloc(tenants == 0 ? 1 : tenants, sizeof(*credit->used_by));
    if (credit->used_by == NULL) {
        free(credit);
        return SP_ERR_NOMEM;
    }
    credit->tenants = tenants;
    credit->all_max = all_max < one_max ? one_max : all_max;
    credit->share_max = credit->all_max / SHARES < one_max ? one_max : credit->all_max / SHARES;
    *out = credit;
    return SP_OK;
}

void sp_credit_free(struct sp_credit *credit)
{
    if (credit != NULL) {
        free(credit->used_by);
        free(credit);
    }
}

enum sp_err sp_credit_grow(struct sp_credit *credit, size_t tenants)
{
    if (tenants <= credit->tenants) {
        return SP_OK;
    }
    uint64_t *used_by = reallocarray(credit->used_by, tenants, sizeof(*used_by));
    if (used_by == NULL) {
        return SP_ERR_NOMEM;
    }
    for (size_t i = credit->tenants; i < tenants; i++) {
        used_by[i] = 0;
    }
    credit->used_by = used_by;
    credit->tenants = tenants;
    return SP_OK;
}

enum sp_err sp_credit_take(struct sp_credit *credit, size_t tenant, uint64_t bytes)
{
    SP_ASSERT(tenant < credit->tenants);
    if (bytes > credit->share_max - credit->used_by[tenant]) {
        return SP_ERR_BUSY;
    }
    if (bytes > credit->all_max - credit->used) {
        return SP_ERR_UNAVAILABLE;
    }
    credit->used += bytes;
    credit->used_by[tenant] += bytes;
    return SP_OK;
}

void sp_credit_give(struct sp_credit *credit, size_t tenant, uint64_t bytes)
{
    SP_ASSERT(tenant < credit->tenants && bytes <= credit->used_by[tenant] &&
              bytes <= credit->used);
    credit->used -= bytes;
    credit->used_by[tenant] -= bytes;
}

uint64_t sp_credit_used(const struct sp_credit *credit)
{
    return credit->used;
}
