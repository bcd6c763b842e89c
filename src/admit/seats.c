#include "admit/seats.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/text.h"

#define NO_SEAT UINT32_MAX

/* Which seat each node of the quotas has, for one pass. */
static uint32_t *by_node(const struct sp_seats *seats, const struct sp_admit_share *shares,
                         size_t tenants, size_t *out_count)
{
    size_t count = 0;
    for (size_t i = 0; i < seats->count; i++) {
        count = seats->all[i].node >= count ? (size_t)seats->all[i].node + 1 : count;
    }
    for (size_t i = 0; i < tenants; i++) {
        count = shares[i].node >= count ? (size_t)shares[i].node + 1 : count;
    }
    uint32_t *seat_of = calloc(count + 1, sizeof(*seat_of));
    for (size_t i = 0; seat_of != NULL && i < count; i++) {
        seat_of[i] = NO_SEAT;
    }
    for (size_t i = 0; seat_of != NULL && i < seats->count; i++) {
        seat_of[seats->all[i].node] = (uint32_t)i;
    }
    *out_count = count;
    return seat_of;
}

static enum sp_err copy(const struct sp_tenant *tenant, const struct sp_admit_share *share,
                        struct sp_seat *out)
{
    *out = (struct sp_seat){.is_there = true,
                            .node = share->node,
                            .token_limits = share->token_limits,
                            .tenant = *tenant,
                            .name = sp_slice_dup(tenant->name),
                            .policy_name = sp_slice_dup(tenant->policy_name)};
    if (out->name == NULL || out->policy_name == NULL) {
        return SP_ERR_NOMEM;
    }
    out->tenant.name = sp_slice_of(out->name);
    out->tenant.policy_name = sp_slice_of(out->policy_name);
    return SP_OK;
}

static void free_texts(struct sp_seat *seat)
{
    free(seat->name);
    free(seat->policy_name);
}

/* Old seats keep their places, new tenants come behind them. */
static void place(const struct sp_seats *old, const struct sp_seat *fresh, uint32_t *seat_of,
                  struct sp_seats *larger)
{
    for (size_t i = 0; i < old->count; i++) {
        larger->all[i] = old->all[i];
        larger->all[i].is_there = false;
    }
    larger->count = old->count;
    for (size_t i = 0; i < larger->tenants; i++) {
        uint32_t at = seat_of[fresh[i].node];
        if (at == NO_SEAT) {
            at = (uint32_t)larger->count++;
            seat_of[fresh[i].node] = at;
        } else {
            free_texts(&larger->all[at]);
        }
        larger->all[at] = fresh[i];
        larger->of_tenant[i] = at;
    }
}

enum sp_err sp_seats_set(struct sp_seats *seats, const struct sp_directory *directory,
                         const struct sp_admit_share *shares)
{
    size_t tenants = sp_directory_tenants(directory);
    size_t nodes = 0;
    struct sp_seats larger = {.tenants = tenants};
    struct sp_seat *fresh = calloc(tenants + 1, sizeof(*fresh));
    uint32_t *seat_of = by_node(seats, shares, tenants, &nodes);
    larger.all = calloc(seats->count + tenants + 1, sizeof(*larger.all));
    larger.of_tenant = calloc(tenants + 1, sizeof(*larger.of_tenant));
    bool has_memory =
        fresh != NULL && seat_of != NULL && larger.all != NULL && larger.of_tenant != NULL;
    enum sp_err err = has_memory ? SP_OK : SP_ERR_NOMEM;
    for (size_t i = 0; i < tenants && err == SP_OK; i++) {
        err = copy(sp_directory_tenant(directory, i), &shares[i], &fresh[i]);
    }
    if (err == SP_OK) {
        place(seats, fresh, seat_of, &larger);
        free(seats->all);
        free(seats->of_tenant);
        *seats = larger;
    } else {
        for (size_t i = 0; fresh != NULL && i < tenants; i++) {
            free_texts(&fresh[i]);
        }
        free(larger.all);
        free(larger.of_tenant);
    }
    free(fresh);
    free(seat_of);
    return err;
}

void sp_seats_done(struct sp_seats *seats)
{
    for (size_t i = 0; i < seats->count; i++) {
        free_texts(&seats->all[i]);
    }
    free(seats->all);
    free(seats->of_tenant);
    *seats = (struct sp_seats){.all = NULL};
}

size_t sp_seats_of(const struct sp_seats *seats, size_t tenant_index)
{
    SP_ASSERT(tenant_index < seats->tenants);
    return seats->of_tenant[tenant_index];
}
