/*
 * Millions of admissions beside a model that counts them by other means. The model knows the exact answer to every one:
 * who is refused, by which limit. Between them the counting loses its memory and starts again from the store; what it
 * says it lost is bounded, and no limit is ever passed by what was really given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/own.h"
#include "quota/quota_inner.h"
#include "quota/store_memory.h"
#include "quota/store_sqlite.h"

#define ORGANISATIONS 20U
#define TENANTS       1000U
#define TOKENS        2U /* of each tenant */
#define NODES         (ORGANISATIONS + TENANTS + TENANTS * TOKENS)
#define HOLDS_MAX     4096U
#define SECOND        ((uint64_t)1000000)
#define COOLDOWN      (300 * SECOND)
#define START_WALL    ((uint64_t)1790000000 * SECOND)
#define RATE_SLACK    (16 * SECOND)

/* What one node was really given. */
struct truth {
    struct sp_quota_limits limits;
    uint32_t parent;
    uint64_t arrival; /* microseconds since the start times the rate: of what was given */
    uint64_t counted; /* the same, of what counts as given: a crash may have lost some */
    uint32_t day;
    uint64_t given[SP_QUOTA_DAY_KINDS]; /* today, really */
    uint64_t used[SP_QUOTA_DAY_KINDS];  /* today, as counted */
    uint64_t runs;                      /* in flight, of this life */
    uint64_t runs_before;               /* counted for earlier lives */
};

struct hold {
    struct sp_quota_hold hold;
    uint32_t node; /* in `truth` */
};

struct world {
    struct truth truth[NODES];
    uint32_t at[NODES]; /* the node's number in quota */
    struct hold holds[HOLDS_MAX];
    size_t hold_count;
    size_t fresh; /* holds from here on are not written yet */
    struct sp_quota_store store;
    struct sp_quota *quota;
    uint64_t mono_us;
    uint64_t wall_us;
    uint64_t now_us;
    uint64_t runs_until_us;
    uint64_t seed;
    uint64_t admitted, refused, crashes, flushes;
    uint64_t raised, not_raised;
    uint64_t refused_by[SP_LIMIT_COUNT];
    uint64_t leases[NODES][SP_QUOTA_DAY_KINDS]; /* when it crashed */
};

static uint64_t random_below(struct world *w, uint64_t bound)
{
    w->seed = w->seed * 6364136223846793005U + 1442695040888963407U;
    return bound == 0 ? 0 : (w->seed >> 33) % bound;
}

/* --- limits --- */

static uint64_t maybe(struct world *w, uint64_t low, uint64_t span)
{
    return random_below(w, 3) == 0 ? 0 : low + random_below(w, span);
}

static void make_truth(struct world *w)
{
    for (uint32_t i = 0; i < NODES; i++) {
        struct truth *t = &w->truth[i];
        uint64_t share = i < ORGANISATIONS ? TENANTS / ORGANISATIONS : 1;
        t->parent = i < ORGANISATIONS ? SP_QUOTA_NODE_NONE
                    : i < ORGANISATIONS + TENANTS
                        ? (i % 4 == 0 ? SP_QUOTA_NODE_NONE : i % ORGANISATIONS)
                        : ORGANISATIONS + (i - ORGANISATIONS - TENANTS) / TOKENS;
        t->limits.of[SP_LIMIT_REQUESTS] = maybe(w, 1 + 60 * (share - 1), 700 * share);
        t->limits.of[SP_LIMIT_RUNS] = maybe(w, 1, 50 * share);
        t->limits.of[SP_LIMIT_RUN_TIME] = maybe(w, 220000, 90000000 * share);
        t->limits.of[SP_LIMIT_CODE] = maybe(w, 3000, 20000000 * share);
        t->limits.of[SP_LIMIT_UPLOAD] = maybe(w, 0, 3000000 * share);
    }
}

/* A token may have been forgotten, and its place given to another: it is asked for by its name. */
static void find_token(struct world *w, uint32_t leaf)
{
    const struct truth *t = &w->truth[leaf];
    char name[32];
    (void)snprintf(name, sizeof(name), "n%u", leaf);
    assert_int_equal(
        sp_quota_token(w->quota, w->at[t->parent], sp_slice_of(name), &t->limits, &w->at[leaf]),
        SP_OK);
}

static void open_quota(struct world *w)
{
    const struct sp_quota_time now = {w->mono_us, w->wall_us};
    char name[32];
    assert_int_equal(sp_quota_open(&w->store, COOLDOWN, now, &w->quota), SP_OK);
    for (uint32_t i = 0; i < NODES; i++) {
        const struct truth *t = &w->truth[i];
        uint32_t parent = t->parent == SP_QUOTA_NODE_NONE ? t->parent : w->at[t->parent];
        (void)snprintf(name, sizeof(name), "n%u", i);
        if (i >= ORGANISATIONS + TENANTS) {
            assert_int_equal(
                sp_quota_token(w->quota, parent, sp_slice_of(name), &t->limits, &w->at[i]), SP_OK);
        } else {
            enum sp_limit_scope scope =
                i < ORGANISATIONS ? SP_LIMIT_OF_ORGANISATION : SP_LIMIT_OF_TENANT;
            assert_int_equal(
                sp_quota_put(w->quota, scope, sp_slice_of(name), parent, &t->limits, &w->at[i]),
                SP_OK);
        }
    }
    w->now_us = sp_quota_now(w->quota, now);
    w->runs_until_us = w->now_us + SP_QUOTA_RUN_US_MAX;
}

/* --- the model's answer --- */

static void today(const struct world *w, struct truth *t)
{
    if (t->day != sp_quota_day(w->now_us)) {
        t->day = sp_quota_day(w->now_us);
        for (unsigned kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
            t->given[kind] = 0;
            t->used[kind] = 0;
        }
    }
}

/* The other way of counting: no division, and no remainder. */
static uint64_t scaled(uint64_t time_us, uint64_t rate)
{
    return time_us < START_WALL ? 0 : (time_us - START_WALL) * rate;
}

static uint64_t later(uint64_t arrival, uint64_t now_us, uint64_t rate)
{
    uint64_t now = scaled(now_us, rate);
    return (arrival > now ? arrival : now) + 60 * SECOND;
}

static enum sp_limit first_limit(const struct world *w, const struct truth *t,
                                 const struct sp_quota_ask *ask)
{
    static const enum sp_limit by_kind[] = {SP_LIMIT_RUN_TIME, SP_LIMIT_CODE, SP_LIMIT_UPLOAD};
    uint64_t rate = t->limits.of[SP_LIMIT_REQUESTS];
    if (ask->is_run && t->limits.of[SP_LIMIT_RUNS] != 0 &&
        t->runs + t->runs_before >= t->limits.of[SP_LIMIT_RUNS]) {
        return SP_LIMIT_RUNS;
    }
    for (unsigned kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
        uint64_t size = t->limits.of[by_kind[kind]];
        if (size != 0 && ask->day[kind] != 0 && t->used[kind] + ask->day[kind] > size) {
            return by_kind[kind];
        }
    }
    if (rate != 0 && later(t->counted, w->now_us, rate) > scaled(w->now_us + 60 * SECOND, rate)) {
        return SP_LIMIT_REQUESTS;
    }
    return SP_LIMIT_NONE;
}

/* What is given is within every limit of the day, whatever the counting forgot. */
static void give(struct world *w, struct truth *t, const struct sp_quota_ask *ask)
{
    static const enum sp_limit by_kind[] = {SP_LIMIT_RUN_TIME, SP_LIMIT_CODE, SP_LIMIT_UPLOAD};
    uint64_t rate = t->limits.of[SP_LIMIT_REQUESTS];
    t->counted = rate == 0 ? 0 : later(t->counted, w->now_us, rate);
    t->runs += ask->is_run ? 1 : 0;
    for (unsigned kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
        t->given[kind] += ask->day[kind];
        t->used[kind] += ask->day[kind];
        assert_true(t->limits.of[by_kind[kind]] == 0 || ask->day[kind] == 0 ||
                    t->given[kind] <= t->limits.of[by_kind[kind]]);
    }
}

static void take_back(struct world *w, const struct hold *hold, unsigned kind, uint64_t amount)
{
    for (uint32_t i = hold->node; i != SP_QUOTA_NODE_NONE; i = w->truth[i].parent) {
        struct truth *t = &w->truth[i];
        today(w, t);
        if (hold->hold.day_number == t->day) {
            t->given[kind] -= amount;
            t->used[kind] -= amount;
        }
    }
}

static void end_run(struct world *w, const struct hold *hold)
{
    for (uint32_t i = hold->node; i != SP_QUOTA_NODE_NONE; i = w->truth[i].parent) {
        w->truth[i].runs -= hold->hold.is_run ? 1 : 0;
    }
}

/* --- steps --- */

/* Of an open time an eighth of what is left of every limit above it, but a second. */
static uint64_t open_time(struct world *w, uint32_t leaf)
{
    uint64_t most = 220000;
    for (uint32_t i = leaf; i != SP_QUOTA_NODE_NONE; i = w->truth[i].parent) {
        struct truth *t = &w->truth[i];
        const uint64_t size = t->limits.of[SP_LIMIT_RUN_TIME];
        today(w, t);
        const uint64_t used = t->used[SP_QUOTA_RUN_MS];
        if (size != 0 && (used >= size || (size - used) / 8 < most)) {
            most = used >= size ? 0 : (size - used) / 8;
        }
    }
    return most < 1000 ? 1000 : most;
}

static void ask_one(struct world *w)
{
    struct sp_quota_refusal refusal = {.used = 0};
    uint32_t leaf = ORGANISATIONS + TENANTS + (uint32_t)random_below(w, TENANTS * TOKENS);
    find_token(w, leaf);
    struct sp_quota_ask ask = {.node = w->at[leaf],
                               .is_run = random_below(w, 4) != 0,
                               .is_time_open = random_below(w, 2) == 0};
    ask.day[SP_QUOTA_RUN_MS] = ask.is_run ? 220000 : 0;
    ask.day[SP_QUOTA_CODE_BYTES] = ask.is_run ? 1 + random_below(w, 4000) : 0;
    ask.day[SP_QUOTA_UPLOAD_BYTES] = ask.is_run ? 0 : random_below(w, 30000);
    const struct sp_quota_ask asked = ask;
    if (ask.is_run && ask.is_time_open) {
        ask.day[SP_QUOTA_RUN_MS] = open_time(w, leaf);
    }
    enum sp_limit expected = SP_LIMIT_NONE;
    uint32_t path[3];
    unsigned depth = 0;
    for (uint32_t i = leaf; i != SP_QUOTA_NODE_NONE; i = w->truth[i].parent) {
        path[depth++] = i;
        today(w, &w->truth[i]);
    }
    for (unsigned i = 0; i < depth && expected == SP_LIMIT_NONE; i++) {
        expected = first_limit(w, &w->truth[path[i]], &ask);
    }
    struct hold *hold = &w->holds[w->hold_count];
    enum sp_err err = sp_quota_reserve(w->quota, &asked, w->now_us, &hold->hold, &refusal);
    if (expected != SP_LIMIT_NONE) {
        assert_int_equal(err, SP_ERR_QUOTA);
        assert_int_equal(refusal.state.limit, expected);
        assert_true(refusal.after_us > 0);
        w->refused++;
        w->refused_by[expected]++;
        return;
    }
    assert_int_equal(err, SP_OK);
    hold->node = leaf;
    w->hold_count++;
    w->admitted++;
    for (unsigned i = 0; i < depth; i++) {
        give(w, &w->truth[path[i]], &ask);
    }
}

/* Settles, releases or lowers one that is written. */
static void end_one(struct world *w)
{
    if (w->fresh == 0) {
        return;
    }
    size_t at = random_below(w, w->fresh);
    struct hold *hold = &w->holds[at];
    uint64_t how = random_below(w, 8);
    for (unsigned kind = 0; kind < SP_QUOTA_DAY_KINDS && how > 1; kind++) {
        uint64_t used = random_below(w, hold->hold.day[kind] / 4 + 1);
        take_back(w, hold, kind, hold->hold.day[kind] - used);
        sp_quota_lower(w->quota, &hold->hold, (enum sp_quota_day_kind)kind, used);
    }
    if (how == 2) {
        return; /* only lowered; it goes on */
    }
    if (how == 1) {
        for (unsigned kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
            take_back(w, hold, kind, hold->hold.day[kind]);
        }
    }
    end_run(w, hold);
    if (how == 1) {
        sp_quota_release(w->quota, &hold->hold, w->now_us);
    } else {
        sp_quota_settle(w->quota, &hold->hold, w->now_us);
    }
    *hold = w->holds[w->fresh - 1];
    w->holds[w->fresh - 1] = w->holds[w->hold_count - 1];
    w->fresh--;
    w->hold_count--;
}

/* Now the request is let in; its rate really is kept. */
static void let_in(struct world *w, const struct hold *hold)
{
    assert_true(sp_quota_is_durable(w->quota, &hold->hold));
    for (uint32_t i = hold->node; i != SP_QUOTA_NODE_NONE; i = w->truth[i].parent) {
        struct truth *t = &w->truth[i];
        uint64_t rate = t->limits.of[SP_LIMIT_REQUESTS];
        if (rate != 0) {
            t->arrival = later(t->arrival, w->now_us, rate);
            assert_true(t->arrival <= scaled(w->now_us + 60 * SECOND, rate));
        }
    }
}

static void flush(struct world *w)
{
    if (sp_quota_is_waiting(w->quota)) {
        assert_int_equal(sp_quota_flush(w->quota, w->now_us), SP_OK);
        w->flushes++;
    }
    for (; w->fresh < w->hold_count; w->fresh++) {
        let_in(w, &w->holds[w->fresh]);
    }
}

/* A run that is let in turns out to want more time; it has it once that is written. */
static void raise_one(struct world *w)
{
    struct sp_quota_refusal refusal = {.used = 0};
    struct hold *hold = &w->holds[random_below(w, w->fresh)];
    const uint64_t wanted = 1000 + random_below(w, 219001);
    const bool is_today = hold->hold.day_number == sp_quota_day(w->now_us);
    const uint64_t held = is_today ? hold->hold.day[SP_QUOTA_RUN_MS] : 0;
    if (!hold->hold.is_run || wanted <= held) {
        return;
    }
    bool is_over = false;
    for (uint32_t i = hold->node; i != SP_QUOTA_NODE_NONE; i = w->truth[i].parent) {
        struct truth *t = &w->truth[i];
        const uint64_t size = t->limits.of[SP_LIMIT_RUN_TIME];
        today(w, t);
        is_over = is_over || (size != 0 && t->used[SP_QUOTA_RUN_MS] + wanted - held > size);
    }
    enum sp_err err =
        sp_quota_raise(w->quota, &hold->hold, SP_QUOTA_RUN_MS, wanted, w->now_us, &refusal);
    assert_int_equal(err, is_over ? SP_ERR_QUOTA : SP_OK);
    assert_int_equal(refusal.state.limit, is_over ? SP_LIMIT_RUN_TIME : SP_LIMIT_NONE);
    for (uint32_t i = hold->node; i != SP_QUOTA_NODE_NONE && !is_over; i = w->truth[i].parent) {
        struct truth *t = &w->truth[i];
        const uint64_t size = t->limits.of[SP_LIMIT_RUN_TIME];
        t->given[SP_QUOTA_RUN_MS] += wanted - held;
        t->used[SP_QUOTA_RUN_MS] += wanted - held;
        assert_true(size == 0 || t->given[SP_QUOTA_RUN_MS] <= size);
    }
    w->raised += is_over ? 0 : 1;
    w->not_raised += is_over ? 1 : 0;
}

/* Those that were not written were not given: nobody was let in on them. */
static void forget_fresh(struct world *w)
{
    while (w->hold_count > w->fresh) {
        struct hold *hold = &w->holds[--w->hold_count];
        for (unsigned kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
            take_back(w, hold, kind, hold->hold.day[kind]);
        }
        end_run(w, hold);
        w->admitted--;
    }
}

/* What the counting goes on from is what it had leased: at least what was given, at most the limit. */
static void take_over(struct world *w, bool is_same_day)
{
    static const enum sp_limit by_kind[] = {SP_LIMIT_RUN_TIME, SP_LIMIT_CODE, SP_LIMIT_UPLOAD};
    for (uint32_t i = 0; i < NODES; i++) {
        struct truth *t = &w->truth[i];
        const struct sp_quota_node *node = &w->quota->nodes[w->at[i]];
        struct sp_quota_usage usage;
        today(w, t);
        sp_quota_usage(w->quota, w->at[i], w->now_us, &usage);
        for (unsigned kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
            uint64_t size = t->limits.of[by_kind[kind]];
            uint64_t used = usage.used[by_kind[kind]];
            if (size != 0) {
                assert_true(used >= t->given[kind] && used <= size);
                assert_true(used == w->leases[i][kind] || !is_same_day);
            }
            t->used[kind] = used;
        }
        if (t->limits.of[SP_LIMIT_RUNS] != 0) {
            uint64_t runs = usage.used[SP_LIMIT_RUNS];
            assert_true(runs >= t->runs && runs <= t->limits.of[SP_LIMIT_RUNS]);
            t->runs_before = runs;
        }
        t->runs = 0;
        uint64_t rate = t->limits.of[SP_LIMIT_REQUESTS];
        if (rate != 0) {
            uint64_t arrival = scaled(node->rate.arrival_us, rate);
            assert_true(arrival >= t->arrival || t->arrival <= scaled(w->now_us, rate));
            assert_true(arrival <= t->counted + RATE_SLACK * rate ||
                        node->rate.arrival_us <= w->now_us);
            t->counted = arrival;
        }
    }
}

static void crash(struct world *w)
{
    forget_fresh(w);
    for (uint32_t i = 0; i < NODES; i++) {
        if (i >= ORGANISATIONS + TENANTS) {
            find_token(w, i);
        }
        const struct sp_quota_node *node = &w->quota->nodes[w->at[i]];
        for (unsigned kind = 0; kind < SP_QUOTA_DAY_KINDS; kind++) {
            w->leases[i][kind] = node->day == sp_quota_day(w->now_us) ? node->lease[kind] : 0;
        }
    }
    sp_quota_free(w->quota);
    w->quota = NULL;
    /* The wall clock may have been set back meanwhile; a little time went by. */
    w->mono_us = random_below(w, 1000 * SECOND);
    w->wall_us =
        w->now_us + SECOND - (random_below(w, 3) == 0 ? random_below(w, 200000 * SECOND) : 0);
    uint64_t before_us = w->now_us;
    open_quota(w);
    w->hold_count = 0;
    w->fresh = 0;
    take_over(w, sp_quota_day(w->now_us) >= sp_quota_day(before_us));
    w->crashes++;
}

static void advance(struct world *w, uint64_t us)
{
    w->mono_us += us;
    w->wall_us += us;
    w->now_us = sp_quota_now(w->quota, (struct sp_quota_time){w->mono_us, w->wall_us});
    if (w->now_us >= w->runs_until_us) {
        assert_int_equal(sp_quota_tick(w->quota, w->now_us), SP_OK);
        for (uint32_t i = 0; i < NODES; i++) {
            w->truth[i].runs_before = 0;
        }
    }
}

static void walk(struct world *w, uint64_t admissions, unsigned asks, unsigned crash_every)
{
    for (uint64_t turn = 1; w->admitted < admissions; turn++) {
        advance(w, random_below(w, asks * 1200U));
        if (turn % 500 == 0) {
            assert_int_equal(sp_quota_tick(w->quota, w->now_us), SP_OK);
        }
        if (turn % 4001 == 0) {
            advance(w, random_below(w, 12 * 3600) * SECOND);
        }
        for (unsigned i = 0; i < asks && w->hold_count < HOLDS_MAX; i++) {
            ask_one(w);
        }
        if (random_below(w, crash_every) == 0) {
            crash(w);
        }
        flush(w);
        for (unsigned i = 0; i < asks / 10 && w->fresh > 0; i++) {
            raise_one(w);
        }
        flush(w);
        while (w->fresh > asks * 8U || (w->fresh > 0 && random_below(w, asks) != 0)) {
            end_one(w);
        }
    }
}

static void report(const struct world *w, const char *what)
{
    (void)fprintf(stderr, "%s: %llu admitted, %llu refused (", what,
                  (unsigned long long)w->admitted, (unsigned long long)w->refused);
    for (unsigned i = 1; i < SP_LIMIT_COUNT; i++) {
        (void)fprintf(stderr, "%s%s %llu", i == 1 ? "" : ", ", sp_limit_key((enum sp_limit)i),
                      (unsigned long long)w->refused_by[i]);
    }
    (void)fprintf(stderr, "), %llu raised, %llu not, %llu crashes, %llu flushes\n",
                  (unsigned long long)w->raised, (unsigned long long)w->not_raised,
                  (unsigned long long)w->crashes, (unsigned long long)w->flushes);
}

static void test_ten_million_admissions_of_a_thousand_tenants_with_crashes_between(void **state)
{
#ifdef SP_SANITIZED
    const uint64_t admissions = 200000;
    const unsigned crash_every = 200;
#else
    const uint64_t admissions = 10000000;
    const unsigned crash_every = 2000;
#endif
    struct world *w = calloc(1, sizeof(*w));
    struct sp_store_memory *memory = NULL;
    (void)state;
    assert_non_null(w);
    assert_int_equal(sp_store_memory_new(&memory, &w->store), SP_OK);
    w->seed = 4;
    w->wall_us = START_WALL;
    make_truth(w);
    open_quota(w);
    walk(w, admissions, 100, crash_every);
    assert_true(w->crashes > admissions / 1000000);
    assert_true(w->raised > admissions / 1000 && w->not_raised > 0);
    for (unsigned i = 0; i < SP_LIMIT_COUNT; i++) {
        assert_true(i == SP_LIMIT_NONE || i == SP_LIMIT_SESSIONS || w->refused_by[i] > 0);
    }
    report(w, "memory");
    sp_quota_free(w->quota);
    sp_store_memory_free(memory);
    free(w);
}

/* The same by the store that serves: its file is closed without a word, and opened again. */
static void test_the_file_of_the_store_tells_the_same(void **state)
{
    char folder[] = "/tmp/sallyport-quota-XXXXXX";
    struct world *w = calloc(1, sizeof(*w));
    struct sp_store_sqlite *sqlite = NULL;
    (void)state;
    assert_non_null(w);
    assert_non_null(mkdtemp(folder));
    SP_AUTO_CLOSE int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    w->seed = 11;
    w->wall_us = START_WALL;
    make_truth(w);
    assert_int_equal(sp_store_sqlite_open(dir, "quota.db", &sqlite, &w->store), SP_OK);
    open_quota(w);
    for (uint64_t round = 1; round <= 10; round++) {
        walk(w, round * 2000, 200, 1000000);
        sp_store_sqlite_close(sqlite);
        assert_int_equal(sp_store_sqlite_open(dir, "quota.db", &sqlite, &w->store), SP_OK);
        crash(w);
    }
    report(w, "sqlite");
    sp_quota_free(w->quota);
    sp_store_sqlite_close(sqlite);
    (void)unlinkat(dir, "quota.db", 0);
    (void)unlinkat(dir, "quota.db-wal", 0);
    (void)rmdir(folder);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ten_million_admissions_of_a_thousand_tenants_with_crashes_between),
        cmocka_unit_test(test_the_file_of_the_store_tells_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
