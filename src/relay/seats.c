#include "relay/seats.h"

#include <stdlib.h>

#define SETS (SP_SEATS_MAX / SP_SEATS_WAYS)

struct sp_seats {
    struct sp_seat seats[SP_SEATS_MAX];
};

enum sp_err sp_seats_new(struct sp_seats **out)
{
    *out = calloc(1, sizeof(**out));
    return *out == NULL ? SP_ERR_NOMEM : SP_OK;
}

void sp_seats_free(struct sp_seats *seats)
{
    free(seats);
}

static struct sp_seat *set_of(struct sp_seats *seats, uint64_t key)
{
    return &seats->seats[key % SETS * SP_SEATS_WAYS];
}

static bool is_over(const struct sp_seat *seat, uint64_t now_us)
{
    return seat->under_way == 0 && now_us - seat->used_us > SP_SEATS_KEEP_US;
}

struct sp_seat *sp_seats_find(struct sp_seats *seats, uint64_t key, uint64_t now_us)
{
    struct sp_seat *set = set_of(seats, key);
    for (size_t i = 0; i < SP_SEATS_WAYS; i++) {
        if (set[i].key == key) {
            return is_over(&set[i], now_us) ? NULL : &set[i];
        }
    }
    return NULL;
}

/* The one of this key, else an empty one, else the one used longest ago; none that something is under way for. */
static struct sp_seat *place_for(struct sp_seat *set, uint64_t key)
{
    struct sp_seat *best = NULL;
    for (size_t i = 0; i < SP_SEATS_WAYS; i++) {
        if (set[i].key == key) {
            return &set[i];
        }
        if (set[i].under_way == 0 && (best == NULL || set[i].used_us < best->used_us)) {
            best = &set[i];
        }
    }
    return best;
}

struct sp_seat *sp_seats_begin(struct sp_seats *seats, uint64_t key, uint8_t pool, uint64_t now_us)
{
    struct sp_seat *seat = place_for(set_of(seats, key), key);
    if (seat == NULL) {
        return NULL;
    }
    if (seat->key != key || seat->pool != pool || is_over(seat, now_us)) {
        *seat = (struct sp_seat){
            .key = key, .pool = pool, .under_way = seat->key == key ? seat->under_way : 0};
    }
    seat->under_way++;
    seat->used_us = now_us;
    return seat;
}

void sp_seats_end(struct sp_seat *seat, uint64_t now_us)
{
    seat->under_way--;
    seat->used_us = now_us;
    if (seat->under_way == 0 && !seat->is_taken) {
        *seat = (struct sp_seat){.key = 0};
    }
}

bool sp_seat_may_move(const struct sp_seat *seat, uint32_t own)
{
    return !seat->is_taken && seat->under_way <= own;
}
