/* The names of a tenant's sessions, a page of them: the pool knows them by others, and other tenants' not at all. */
#include "admit/room_inner.h"

/* Sessions on one page of a list. */
#define PAGE 100U

struct page {
    struct sp_writer w;
    uint32_t skip;
    uint32_t seen;
    uint32_t kept;
};

/* The pool's name, then the tenant's. What has no room any more comes on the next page. */
static enum sp_err keep(void *ctx, struct sp_slice hash, struct sp_slice identifier,
                        uint64_t used_us)
{
    struct page *page = ctx;
    size_t before = page->w.out->len;
    (void)used_us;
    page->seen++;
    if (page->seen <= page->skip || page->kept == PAGE ||
        page->seen != page->skip + page->kept + 1) {
        return SP_OK;
    }
    sp_writer_block(&page->w, hash);
    sp_writer_block(&page->w, identifier);
    if (page->w.err != SP_OK) {
        sp_buf_truncate(page->w.out, before);
        page->w.err = SP_OK;
        return SP_OK;
    }
    page->kept++;
    return SP_OK;
}

enum sp_err sp_admit_put_names(struct sp_admit_room *room, const struct sp_guest *guest,
                               struct sp_msg_send *send)
{
    struct page page = {.skip = guest->skip};
    const struct sp_seat *seat = &room->seats.all[guest->tenant];
    sp_buf_clear(&room->names);
    sp_writer_init(&page.w, &room->names);
    SP_TRY(sp_quota_sessions(room->quota, seat->node, seat->tenant.policy_epoch, room->time_us,
                             keep, &page));
    send->names = sp_buf_slice(&room->names);
    send->next_skip = page.seen > page.skip + page.kept ? page.skip + page.kept : 0;
    return SP_OK;
}
