/*
 * store_stand - what every store of quotas must do, for the tests of each.
 *
 * Runs in: tests.
 */
#ifndef SP_TEST_QUOTA_STORE_STAND_H
#define SP_TEST_QUOTA_STORE_STAND_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quota/store.h"

/* One row, between begin and commit. */
void put_row(const struct sp_quota_store *store, enum sp_limit_scope scope, uint64_t bytes,
             uint32_t runs);

/* Fills an empty store, and gives something up; looks whether what was committed is there; and whether it is swept. */
void tell_all(const struct sp_quota_store *store);
void check_all(const struct sp_quota_store *store);
void sweep_all(const struct sp_quota_store *store);

#endif
