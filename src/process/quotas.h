/*
 * quotas - admit's quotas as the settings have them: the store, a node for each organisation and tenant, their shares.
 *
 * Runs in: admit.   Input: settings (trusted), its own store.   Allocates: in proportion to tenants.
 */
#ifndef SP_PROCESS_QUOTAS_H
#define SP_PROCESS_QUOTAS_H

#include "admit/seats.h"
#include "quota/store_sqlite.h"

#define SP_QUOTA_FILE "quota.db"

struct sp_quotas {
    struct sp_store_sqlite *sqlite;
    struct sp_quota_store store;
    struct sp_quota *quota;
    struct sp_admit_share *shares; /* of the tenants, in the order of the settings */
};

/* Opens the store beneath the directory; says on the log what is wrong with it. Zeroed before; it goes with the process. */
enum sp_err sp_quotas_open(struct sp_quotas *quotas, int dir, uint64_t cooldown_s)
    SP_MUST_CHECK SP_NONNULL(1);

/* Takes over what the settings of admit say; `organisations` and `tenants` are their lists. */
enum sp_err sp_quotas_set(struct sp_quotas *quotas, struct sp_slice organisations,
                          struct sp_slice tenants) SP_MUST_CHECK SP_NONNULL(1);

#endif
