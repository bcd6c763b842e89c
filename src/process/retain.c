#include "process/retain.h"

#include "base/clock.h"
#include "base/log.h"
#include "process/house.h"

#define FIND_MOST   20000U /* names in one go: a name that is not there costs a microsecond */
#define LOOK_MOST   2000U
#define DROP_MOST   200U
#define COUNT_MOST  20000U
#define US_A_SECOND ((uint64_t)1000000)
/* Nobody can push out what is younger than this by filling the log. */
#define DAY_US      (24 * 60 * 60 * US_A_SECOND)

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

/* By age, and by size: the first bundle that stays. */
static uint64_t due(struct sp_house *house, uint64_t now_us)
{
    struct sp_drop *drop = &house->retain.drop;
    const int log = house->estate.log_dir;
    const uint64_t keep_us = house->config->audit_keep_s * US_A_SECOND;
    const uint64_t bytes = house->config->audit_keep_bytes;
    uint64_t first = drop->first;
    if (keep_us != 0 && now_us > keep_us) {
        first = sp_drop_due(log, drop, (now_us - keep_us) / US_A_SECOND, LOOK_MOST);
    }
    if (bytes != 0 && now_us > DAY_US && sp_drop_count(log, drop, COUNT_MOST)) {
        const uint64_t over =
            sp_drop_over(log, drop, bytes, (now_us - DAY_US) / US_A_SECOND, LOOK_MOST);
        first = over > first ? over : first;
    }
    return first;
}

/* Code goes when it is older than it is to be kept, and with the entries that name it: what stays was made behind them. */
static void drop_code(const struct sp_house *house, uint64_t now_us)
{
    const uint64_t keep_us = house->config->audit_keep_s * US_A_SECOND;
    const uint64_t gone_us = house->retain.drop.gone_s * US_A_SECOND;
    uint64_t before_us = keep_us != 0 && now_us > keep_us ? now_us - keep_us : 0;
    if (house->config->audit_keep_bytes != 0 && gone_us > DAY_US) {
        before_us = gone_us - DAY_US > before_us ? gone_us - DAY_US : before_us;
    }
    if (before_us != 0) {
        sp_drop_code(house->estate.audit_dir, before_us, DROP_MOST);
    }
}

bool sp_retain_look(struct sp_house *house)
{
    struct sp_retain *retain = &house->retain;
    const uint64_t now_us = sp_clock_wall_us();
    const bool keeps_all = house->config->audit_keep_s == 0 && house->config->audit_keep_bytes == 0;
    if (house->estate.log_dir < 0 ||
        !sp_drop_find(house->estate.log_dir, &retain->drop, FIND_MOST)) {
        return false;
    }
    /* Superseded files are looked for from there on too. */
    house->tidy.entries =
        house->tidy.entries > retain->drop.first ? house->tidy.entries : retain->drop.first;
    if (keeps_all || house->phase != SP_HOUSE_SERVING) {
        return false;
    }
    if (sp_drop_some(house->estate.log_dir, &retain->drop, retain->until, DROP_MOST)) {
        return true;
    }
    drop_code(house, now_us);
    const uint64_t first = due(house, now_us);
    if (first > retain->drop.first) {
        ask(house, first);
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
