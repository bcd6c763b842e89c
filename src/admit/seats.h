/*
 * seats - the tenants as the room knows them: a place each that stays, also when others come and go.
 *
 * Runs in: admit.   Allocates: a row a tenant that ever was.
 * Guests name their tenant by its seat, so that they end as they began when the configuration is read anew.
 */
#ifndef SP_ADMIT_SEATS_H
#define SP_ADMIT_SEATS_H

#include "identity/directory.h"
#include "quota/quota.h"

/* What the quotas know of a tenant: its node, and the limits of each of its tokens. */
struct sp_admit_share {
    uint32_t node;
    struct sp_quota_limits token_limits;
};

struct sp_seat {
    bool is_there; /* false: no such tenant any more */
    uint32_t node;
    struct sp_quota_limits token_limits;
    struct sp_tenant tenant; /* its texts are the two below */
    char *name;
    char *policy_name;
};

struct sp_seats {
    struct sp_seat *all;
    size_t count;
    uint32_t *of_tenant; /* seat by the place in the directory */
    size_t tenants;
};

/* Zeroed seats are empty. Takes the directory's tenants over, whose shares stand in the same order; all or nothing. */
enum sp_err sp_seats_set(struct sp_seats *seats, const struct sp_directory *directory,
                         const struct sp_admit_share *shares) SP_MUST_CHECK SP_NONNULL(1, 2);
void sp_seats_done(struct sp_seats *seats) SP_NONNULL(1);

/* The seat of a tenant of the directory that was set last. */
size_t sp_seats_of(const struct sp_seats *seats, size_t tenant_index) SP_NONNULL(1);

#endif
