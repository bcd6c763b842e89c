/*
 * room_inner - what the files of the admit room share. Nobody else includes this.
 *
 * Runs in: admit.   Allocates: never.
 */
#ifndef SP_ADMIT_ROOM_INNER_H
#define SP_ADMIT_ROOM_INNER_H

#include "admit/credit.h"
#include "admit/fair.h"
#include "admit/guests.h"
#include "admit/room.h"
#include "admit/slow.h"
#include "admit/strangers.h"
#include "admit/workers.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/where.h"
#include "quota/quota.h"

struct sp_admit_room {
    struct sp_admit_limits limits;
    struct sp_authority *authority;
    const struct sp_directory *directory; /* of the authority */
    struct sp_session_namer *namer;
    struct sp_admit_out out;
    struct sp_quota *quota;
    struct sp_credit *credit;
    struct sp_fair *fair;
    struct sp_guests *guests;
    struct sp_workers workers;
    struct sp_slow *slow;
    struct sp_strangers strangers;
    uint64_t strangers_told_us;
    struct sp_buf scratch;
    size_t open;
    bool has_front;
    bool has_audit;
};

/* Gives workers to those who wait, in turn, as long as there are any. */
void sp_admit_dispatch(struct sp_admit_room *room, struct sp_admit_time now);

/* Gives back all that a guest holds and forgets it. The worker's booking is the caller's to settle. */
void sp_admit_release(struct sp_admit_room *room, struct sp_guest *guest);

/* Tells audit to record and answer a refusal of this guest's request, then releases it. */
void sp_admit_turn_away(struct sp_admit_room *room, struct sp_guest *guest, enum sp_err err, uint64_t after_us,
                        const char *detail);

#endif
