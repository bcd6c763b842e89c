#include "admit/workers.h"

#include "base/assert.h"

void sp_workers_init(struct sp_workers *workers, unsigned count, unsigned large)
{
    unsigned all = count + large < SP_WORKERS_MAX ? count + large : SP_WORKERS_MAX;
    *workers = (struct sp_workers){.count = all, .large_from = count < all ? count : all};
}

bool sp_workers_book(struct sp_workers *workers, bool is_large, uint64_t now_us, unsigned *out)
{
    unsigned best = workers->count;
    unsigned end = is_large ? workers->count : workers->large_from;
    for (unsigned i = is_large ? workers->large_from : 0; i < end; i++) {
        const struct sp_worker *worker = &workers->all[i];
        if (worker->jobs >= SP_WORKER_JOBS_MAX || now_us < worker->rests_until_us) {
            continue;
        }
        if (best == workers->count || worker->jobs < workers->all[best].jobs) {
            best = i;
        }
    }
    if (best == workers->count) {
        return false;
    }
    workers->all[best].jobs++;
    *out = best;
    return true;
}

void sp_workers_unbook(struct sp_workers *workers, unsigned worker)
{
    SP_ASSERT(worker < workers->count && workers->all[worker].jobs > 0);
    workers->all[worker].jobs--;
}

void sp_workers_done(struct sp_workers *workers, unsigned worker)
{
    sp_workers_unbook(workers, worker);
    workers->all[worker].losses = 0;
}

void sp_workers_lost(struct sp_workers *workers, unsigned worker, uint64_t now_us)
{
    sp_workers_unbook(workers, worker);
    struct sp_worker *lost = &workers->all[worker];
    if (now_us < lost->rests_until_us) {
        return; /* the second job of the same death */
    }
    uint64_t rest = SP_WORKER_REST_US;
    for (unsigned i = 0; i < lost->losses && rest < SP_WORKER_REST_MAX; i++) {
        rest *= 2;
    }
    lost->rests_until_us = now_us + (rest < SP_WORKER_REST_MAX ? rest : SP_WORKER_REST_MAX);
    lost->losses++;
}
