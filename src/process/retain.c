#include "process/retain.h"

#include "base/clock.h"
#include "base/log.h"
#include "process/house.h"

#define FIND_MOST   20000U /* names in one go: a name that is not there costs a microsecond */
#define LOOK_MOST   2000U
#define DROP_MOST   200U
#define US_A_SECOND ((uint64_t)1000000)

static void ask(struct sp_house *house, uint64_t due)
{
    struct sp_retain *retain = &house->retain;
    const struct sp_child *audit = sp_child_find(house, SP_ROLE_AUDIT, 0);
    const struct sp_msg_retire msg = {.from = retain->drop.first * SP_TILE_WIDTH,
                                      .first = due * SP_TILE_WIDTH};
    if (audit != NULL && sp_child_is_up(audit) &&
        sp_msg_retire_send(audit->control, &msg) == SP_OK) {
        retain->asked = due;
    }
}

bool sp_retain_look(struct sp_house *house)
{
    struct sp_retain *retain = &house->retain;
    const uint64_t keep_us = house->config->audit_keep_s * US_A_SECOND;
    const uint64_t now_us = sp_clock_wall_us();
    if (house->estate.log_dir < 0 ||
        !sp_drop_find(house->estate.log_dir, &retain->drop, FIND_MOST)) {
        return false;
    }
    /* Superseded files are looked for from there on too. */
    house->tidy.entries =
        house->tidy.entries > retain->drop.first ? house->tidy.entries : retain->drop.first;
    if (keep_us == 0 || now_us <= keep_us || house->phase != SP_HOUSE_SERVING) {
        return false;
    }
    if (sp_drop_some(house->estate.log_dir, &retain->drop, retain->until, DROP_MOST)) {
        return true;
    }
    sp_drop_code(house->estate.audit_dir, now_us - keep_us, DROP_MOST);
    const uint64_t due = sp_drop_due(house->estate.log_dir, &retain->drop,
                                     (now_us - keep_us) / US_A_SECOND, LOOK_MOST);
    if (due > retain->drop.first) {
        ask(house, due);
    }
    return false;
}

void sp_retain_answer(struct sp_house *house, const struct sp_msg_retired *msg)
{
    struct sp_retain *retain = &house->retain;
    const uint64_t recorded = msg->first / SP_TILE_WIDTH;
    const uint64_t until = recorded < retain->asked ? recorded : retain->asked;
    if (until > retain->drop.first && until > retain->until) {
        retain->until = until;
        sp_log(SP_LOG_INFO, "supervisor.retention", "dropped_before=%llu",
               (unsigned long long)until * SP_TILE_WIDTH);
        /* It is done in pieces, at the next looks. */
        if (sp_timer_set(house->tidy_timer, 0) != SP_OK) {
            sp_log(SP_LOG_ERROR, "supervisor.tidy.stopped",
                   "old entries stay until the next start");
        }
    }
}
