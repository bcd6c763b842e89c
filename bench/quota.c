/*
 * How long a quota decision takes: a request that is reserved at token, tenant and organisation, lowered and settled, with
 * the leases that it needs written to SQLite now and then; beside it one take of a plain rate in memory. And how much
 * memory 100,000 tenants need.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "quota/quota.h"
#include "quota/rate.h"
#include "quota/store_sqlite.h"

#define TENANTS 100000U
#define ROUNDS  2000000U
#define ACTIVE  1000U
#define AT_ONCE 64U
#define SECOND  ((uint64_t)1000000)

/* Processor time: neighbours on the machine do not count, nor does waiting for the disk, which requests share. */
static uint64_t nanoseconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static unsigned long resident_kib(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL || fscanf(file, "%*u %lu", &pages) != 1) {
        pages = 0;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return pages * (unsigned long)sysconf(_SC_PAGESIZE) / 1024;
}

static void check(enum sp_err err, const char *what)
{
    if (err != SP_OK) {
        (void)fprintf(stderr, "%s: %s\n", what, sp_err_text(err));
        exit(1);
    }
}

static uint32_t make_tenants(struct sp_quota *quota)
{
    const struct sp_quota_limits limits = {.of = {[SP_LIMIT_REQUESTS] = 1000000,
                                                  [SP_LIMIT_RUNS] = 1000,
                                                  [SP_LIMIT_RUN_TIME] = (uint64_t)86400 * 100000,
                                                  [SP_LIMIT_CODE] = (uint64_t)1 << 40}};
    uint32_t organisation = 0;
    uint32_t first = 0;
    check(sp_quota_put(quota, SP_LIMIT_OF_ORGANISATION, SP_SLICE_LITERAL("group"),
                       SP_QUOTA_NODE_NONE, &limits, &organisation),
          "organisation");
    for (unsigned i = 0; i < TENANTS; i++) {
        char name[32];
        uint32_t node = 0;
        (void)snprintf(name, sizeof(name), "tenant-%u", i);
        check(sp_quota_put(quota, SP_LIMIT_OF_TENANT, sp_slice_of(name), organisation, &limits,
                           &node),
              "tenant");
        first = i == 0 ? node : first;
    }
    return first;
}

static double decide(struct sp_quota *quota, uint32_t first, uint64_t *clock_us, uint64_t *flushes)
{
    const struct sp_quota_limits token_limits = {
        .of = {[SP_LIMIT_REQUESTS] = 1000000, [SP_LIMIT_RUNS] = 1000}};
    struct sp_quota_hold holds[AT_ONCE];
    uint64_t seed = 1;
    uint64_t begun = nanoseconds();
    for (unsigned i = 0; i < ROUNDS; i += AT_ONCE) {
        *clock_us += (uint64_t)AT_ONCE * 70U;
        uint64_t now =
            sp_quota_now(quota, (struct sp_quota_time){.mono_us = *clock_us, .wall_us = 0});
        for (unsigned k = 0; k < AT_ONCE; k++) {
            struct sp_quota_refusal refusal;
            struct sp_quota_ask ask = {.is_run = true};
            seed = seed * 6364136223846793005U + 1442695040888963407U;
            check(sp_quota_token(quota, first + (uint32_t)(seed >> 33) % ACTIVE,
                                 SP_SLICE_LITERAL("token-0123456789"), &token_limits, &ask.node),
                  "token");
            ask.day[SP_QUOTA_RUN_MS] = 220000;
            ask.day[SP_QUOTA_CODE_BYTES] = 300;
            check(sp_quota_reserve(quota, &ask, now, &holds[k], &refusal), "reserve");
        }
        if (sp_quota_is_waiting(quota)) {
            check(sp_quota_flush(quota, now), "flush");
            (*flushes)++;
        }
        for (unsigned k = 0; k < AT_ONCE; k++) {
            sp_quota_lower(quota, &holds[k], SP_QUOTA_RUN_MS, 10);
            sp_quota_settle(quota, &holds[k], now);
        }
    }
    return (double)(nanoseconds() - begun) / ROUNDS;
}

static double plain_rate(void)
{
    struct sp_rate rate = {.arrival_us = 0};
    uint64_t ignored = 0;
    uint64_t begun = nanoseconds();
    for (unsigned i = 0; i < ROUNDS; i++) {
        (void)!sp_rate_take(&rate, 1000000, SECOND + i * 70U, &ignored);
    }
    return (double)(nanoseconds() - begun) / ROUNDS;
}

int main(void)
{
    char folder[] = "/tmp/sallyport-bench-XXXXXX";
    struct sp_store_sqlite *sqlite = NULL;
    struct sp_quota_store store;
    struct sp_quota *quota = NULL;
    uint64_t flushes = 0;
    uint64_t clock_us = 0;
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check(sp_store_sqlite_open(dir, "quota.db", &sqlite, &store), "store");
    check(sp_quota_open(&store, 300 * SECOND, (struct sp_quota_time){0, SECOND}, &quota), "quota");
    unsigned long before = resident_kib();
    uint32_t first = make_tenants(quota);
    unsigned long after = resident_kib();
    (void)decide(quota, first, &clock_us, &flushes); /* the first lease of each */
    flushes = 0;
    double ours = decide(quota, first, &clock_us, &flushes);
    double plain = plain_rate();
    (void)printf("quota decision, three levels, leases on disk: %6.0f ns (%llu commits in %u)   at "
                 "most 2000\n",
                 ours, (unsigned long long)flushes, ROUNDS);
    (void)printf("one rate in memory:                           %6.0f ns\n", plain);
    (void)printf("memory of %u tenants:                     %6.1f MiB               at most 200\n",
                 TENANTS, (double)(after - before) / 1024);
    sp_quota_free(quota);
    sp_store_sqlite_close(sqlite);
    (void)unlinkat(dir, "quota.db", 0);
    (void)unlinkat(dir, "quota.db-wal", 0);
    (void)close(dir);
    (void)rmdir(folder);
    return ours <= 2000 && (after - before) / 1024 <= 200 ? 0 : 1;
}
