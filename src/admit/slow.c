#include "admit/slow.h"

#include <arpa/inet.h>
#include <stdlib.h>

#define MINUTE_US         UINT64_C(60000000)
#define PREFIX_BYTES      8U /* of an IPv6 address: what one customer has */
#define ADDRESS_BYTES_MAX ((size_t)64)

struct row {
    uint64_t key;      /* 0: free */
    uint64_t until_us; /* when it would have none of its failures left to pay for */
};

struct sp_slow {
    uint64_t seed;
    uint64_t step_us; /* what a failure costs; 0: nobody is slowed */
    struct row rows[SP_SLOW_SETS][SP_SLOW_WAYS];
};

enum sp_err sp_slow_new(uint32_t per_minute, uint64_t seed, struct sp_slow **out)
{
    struct sp_slow *slow = calloc(1, sizeof(*slow));
    if (slow == NULL) {
        return SP_ERR_NOMEM;
    }
    slow->seed = seed;
    slow->step_us = per_minute == 0 ? 0 : MINUTE_US / per_minute;
    *out = slow;
    return SP_OK;
}

void sp_slow_free(struct sp_slow *slow)
{
    free(slow);
}

/* The finalizer of splitmix64, over eight bytes at a time. */
static uint64_t mix(uint64_t hash, uint64_t more)
{
    uint64_t x = (hash ^ more) + UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

static uint64_t hash_of(uint64_t seed, struct sp_slice bytes)
{
    uint64_t hash = mix(seed, bytes.len);
    for (size_t i = 0; i < bytes.len; i++) {
        hash = mix(hash, bytes.ptr[i]);
    }
    return hash == 0 ? 1 : hash;
}

/* Anything but an IPv6 address counts as it is written. */
static uint64_t key_of(const struct sp_slow *slow, struct sp_slice source)
{
    char text[ADDRESS_BYTES_MAX];
    struct in6_addr address;
    sp_slice_to_text(source, text, sizeof(text));
    if (inet_pton(AF_INET6, text, &address) == 1) {
        return hash_of(slow->seed, sp_slice_make(address.s6_addr, PREFIX_BYTES));
    }
    return hash_of(slow->seed, source);
}

static const struct row *find(const struct sp_slow *slow, uint64_t key)
{
    const struct row *set = slow->rows[key % SP_SLOW_SETS];
    for (unsigned i = 0; i < SP_SLOW_WAYS; i++) {
        if (set[i].key == key) {
            return &set[i];
        }
    }
    return NULL;
}

/* A minute's worth of failures may come at once: only what is owed beyond that has to be waited for. */
static uint64_t wait_of(const struct sp_slow *slow, const struct row *row, uint64_t mono_us)
{
    if (row == NULL || row->until_us <= mono_us) {
        return 0;
    }
    const uint64_t owed = row->until_us - mono_us + slow->step_us;
    return owed > MINUTE_US ? owed - MINUTE_US : 0;
}

uint64_t sp_slow_wait_us(const struct sp_slow *slow, struct sp_slice source, uint64_t mono_us)
{
    return slow->step_us == 0 ? 0 : wait_of(slow, find(slow, key_of(slow, source)), mono_us);
}

/* The row of this key, or the one in its set that owes least. */
static struct row *take_row(struct sp_slow *slow, uint64_t key)
{
    struct row *set = slow->rows[key % SP_SLOW_SETS];
    struct row *least = &set[0];
    for (unsigned i = 0; i < SP_SLOW_WAYS; i++) {
        if (set[i].key == key) {
            return &set[i];
        }
        least = set[i].until_us < least->until_us ? &set[i] : least;
    }
    *least = (struct row){.key = key, .until_us = 0};
    return least;
}

void sp_slow_failed(struct sp_slow *slow, struct sp_slice source, uint64_t mono_us)
{
    if (slow->step_us == 0) {
        return;
    }
    struct row *row = take_row(slow, key_of(slow, source));
    if (wait_of(slow, row, mono_us) == 0) {
        row->until_us = (row->until_us > mono_us ? row->until_us : mono_us) + slow->step_us;
    }
}
