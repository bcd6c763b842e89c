#include "quota/time.h"

void sp_quota_clock_start(struct sp_quota_clock *clock, uint64_t written_us, uint64_t mono_us,
                          uint64_t wall_us)
{
    clock->time_us = written_us > wall_us ? written_us : wall_us;
    clock->mono_us = mono_us;
    clock->ahead_us = 0;
}

uint64_t sp_quota_clock_now(struct sp_quota_clock *clock, uint64_t mono_us, uint64_t wall_us)
{
    if (mono_us > clock->mono_us) {
        clock->time_us += mono_us - clock->mono_us;
        clock->mono_us = mono_us;
    }
    clock->ahead_us = wall_us > clock->time_us ? wall_us - clock->time_us : 0;
    clock->time_us += clock->ahead_us;
    return clock->time_us;
}

uint32_t sp_quota_day(uint64_t time_us)
{
    return (uint32_t)(time_us / SP_QUOTA_DAY_US);
}

uint64_t sp_quota_day_left_us(uint64_t time_us)
{
    return SP_QUOTA_DAY_US - time_us % SP_QUOTA_DAY_US;
}
