#include "relay/retry.h"

#define FIRST_MS    1000U
#define DOUBLINGS   2U
#define TOGETHER_MS 250U

uint32_t sp_retry_delay_ms(unsigned attempts, uint32_t retry_after_ms, uint32_t random)
{
    unsigned doublings = attempts > 1 ? attempts - 1 : 0;
    uint32_t most = FIRST_MS << (doublings < DOUBLINGS ? doublings : DOUBLINGS);
    uint32_t delay = most / 2 + random % (most / 2 + 1);
    if (retry_after_ms > UINT32_MAX - TOGETHER_MS) {
        return UINT32_MAX;
    }
    uint32_t asked = retry_after_ms == 0 ? 0 : retry_after_ms + random % TOGETHER_MS;
    return delay > asked ? delay : asked;
}
