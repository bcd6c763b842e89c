/*
 * log_world - a log on a disk in memory, filled with entries of any number.
 *
 * Runs in: tests.
 */
#ifndef SP_TEST_LOG_WORLD_H
#define SP_TEST_LOG_WORLD_H

#include "audit/log.h"
#include "fake_disk.h"

#define LOG_NOON UINT64_C(1795258800000000)

struct log_world {
    struct fake_disk fake;
    struct sp_open_set *open;
    struct sp_log_found found;
    struct sp_log *log;
    const char *reason;
    uint64_t mono_us;
};

/* Begins an empty log; ends it. */
void log_world_make(struct log_world *w);
void log_world_done(struct log_world *w);

/* Opens the log again, as after a SIGKILL. */
enum sp_err log_world_restart(struct log_world *w);

/* Commits entries `each` by `each`; publishes what there is. */
void log_world_grow(struct log_world *w, unsigned entries, unsigned each);
void log_world_publish(struct log_world *w);

/* Commits one line that is given, without a look at it. */
void log_world_put(struct log_world *w, const char *line, uint64_t oldest_open);

#endif
