/*
 * room_house - admit's room with all that it works with, for its tests: what it says is noted in `said`.
 *
 * Runs in: tests.
 */
#ifndef SP_TEST_ADMIT_ROOM_HOUSE_H
#define SP_TEST_ADMIT_ROOM_HOUSE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admit/room_inner.h"
#include "quota/store_memory.h"

#define TARGET        "/subscriptions/x/executions?api-version=2025-10-02-preview&identifier=session-1"
#define BODY          300U
#define FAILED_LOGINS 20U

#define SECOND        ((uint64_t)1000000)
#define COOLDOWN_US   (300 * SECOND)

/* What the room said last of each kind, and how often. */
struct said {
    unsigned tells;
    char told[4096];
    struct sp_limit_state refusal_limit;
    uint8_t who_limit;
    uint32_t who_run_ms;
    unsigned times; /* audit was told that more time is reserved */
    uint32_t time_ms;
    enum sp_err time_fails;
    uint64_t who_left;
    unsigned grants, refuses, sends, whos, refusals, strangers;
    struct sp_msg_grant grant;
    enum sp_err refuse_err;
    uint32_t refuse_after_ms;
    struct sp_msg_send send;
    uint16_t who_worker;
    enum sp_err refusal_err;
    uint32_t refusal_after_ms;
    sp_exchange refusal_exchange;
    char refusal_detail[192];
    uint32_t stranger_count;
    char session[SP_MSG_SESSION_MAX];
    enum sp_err who_fails;
    unsigned
        reads; /* of the log: what, query and tenant stand in told, refusal_detail and session */
    bool read_all;
    enum sp_err read_fails;
};
extern struct said said;

struct house {
    struct sp_authority *authority;
    struct sp_directory *directory; /* of the authority */
    struct sp_session_namer *namer;
    struct sp_store_memory *memory;
    struct sp_quota_store store;
    struct sp_quota *quota;
    struct sp_admit_share shares[3];
    struct sp_admit_room *room;
    struct sp_buf token[2]; /* "Bearer ..." of acme, beta */
    struct sp_admit_time now;
};

void open_house(struct house *house, unsigned workers, uint32_t queue_max);
void close_house(struct house *house);
uint64_t used_of(struct house *house, unsigned number, enum sp_limit limit);
uint64_t runs_of(struct house *house, unsigned number);
/* What the process does at the end of a turn. */
void commit(struct house *house);
/* Nothing may be held when nobody is in. */
void assert_empty(struct house *house);
enum sp_err ask_for(struct house *house, sp_exchange exchange, struct sp_slice credential,
                    const char *target, uint64_t bytes);
enum sp_err ask(struct house *house, sp_exchange exchange, unsigned tenant);
enum sp_err ready(struct house *house, sp_exchange exchange, uint64_t bytes);
enum sp_err judged(struct house *house, sp_exchange exchange, uint16_t worker);
enum sp_err ended(struct house *house, sp_exchange exchange, enum sp_end end);
enum sp_err left(struct house *house, sp_exchange exchange, enum sp_err why);

#endif
