#include "log_world.h"

#include "base/assert.h"

enum sp_err log_world_restart(struct log_world *w)
{
    sp_log_close(w->log);
    w->log = NULL;
    sp_open_set_free(w->open);
    SP_ASSERT(sp_open_set_new(&w->open) == SP_OK);
    return sp_log_open(&w->fake.disk, fake_keys(), w->open, &w->found, &w->log, &w->reason);
}

void log_world_make(struct log_world *w)
{
    *w = (struct log_world){.mono_us = 1};
    fake_disk_init(&w->fake);
    SP_ASSERT(log_world_restart(w) == SP_OK);
}

void log_world_done(struct log_world *w)
{
    sp_log_close(w->log);
    sp_open_set_free(w->open);
    fake_disk_done(&w->fake);
}

void log_world_grow(struct log_world *w, unsigned entries, unsigned each)
{
    for (unsigned i = 0; i < entries; i++) {
        struct sp_stamp stamp;
        SP_ASSERT(sp_log_stamp(w->log, LOG_NOON, &stamp) == SP_OK);
        SP_ASSERT(sp_record_stop(stamp, sp_log_line(w->log)) == SP_OK);
        SP_ASSERT(sp_log_take(w->log, stamp) == SP_OK);
        if ((i + 1) % each == 0 || i + 1 == entries) {
            SP_ASSERT(sp_log_commit(w->log, UINT64_MAX) == SP_OK);
            sp_log_lay(w->log);
        }
    }
}

void log_world_publish(struct log_world *w)
{
    w->mono_us += SP_LOG_PUBLISH_US;
    sp_log_tick(w->log, w->mono_us, false);
    SP_ASSERT(!sp_log_is_broken(w->log));
}

void log_world_put(struct log_world *w, const char *line, uint64_t oldest_open)
{
    struct sp_stamp stamp;
    SP_ASSERT(sp_log_stamp(w->log, LOG_NOON, &stamp) == SP_OK);
    SP_ASSERT(sp_buf_put_text(sp_log_line(w->log), line) == SP_OK);
    SP_ASSERT(sp_log_take(w->log, stamp) == SP_OK);
    SP_ASSERT(sp_log_commit(w->log, oldest_open) == SP_OK);
    sp_log_lay(w->log);
}
