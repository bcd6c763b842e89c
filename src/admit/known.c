#include "admit/known.h"

#include <stdlib.h>

#include "base/num.h"
#include "base/writer.h"

#define SESSION_CHARS ((size_t)128)

struct row {
    uint64_t since; /* when it was added, counted; 0: free */
    uint64_t head;  /* of the session's name, to pass over others quickly */
    size_t tenant;
    uint8_t session_len;
    uint8_t name_len;
    uint8_t session[SESSION_CHARS];
    uint8_t name[SP_KNOWN_NAME_MAX];
};

struct sp_known {
    uint64_t clock;
    size_t count; /* rows that were ever used: the first ones */
    struct row rows[SP_KNOWN_MAX];
};

enum sp_err sp_known_new(struct sp_known **out)
{
    struct sp_known *known = calloc(1, sizeof(*known));
    if (known == NULL) {
        return SP_ERR_NOMEM;
    }
    *out = known;
    return SP_OK;
}

void sp_known_free(struct sp_known *known)
{
    free(known);
}

static uint64_t head_of(struct sp_slice session)
{
    uint64_t head = 0;
    for (size_t i = 0; i < session.len && i < sizeof(head); i++) {
        head = head << 8U | session.ptr[i];
    }
    return head;
}

static bool is_of(const struct row *row, struct sp_slice session, uint64_t head)
{
    return row->since != 0 && row->head == head &&
           sp_slice_equal(sp_slice_make(row->session, row->session_len), session);
}

static struct sp_slice name_of(const struct row *row)
{
    return sp_slice_make(row->name, row->name_len);
}

/* Where a new name goes: in place of the same one, of the tenant's oldest when it has its share, or on a free row. */
static struct row *room_for(struct sp_known *known, size_t tenant, struct sp_slice session,
                            struct sp_slice module)
{
    uint64_t head = head_of(session);
    struct row *oldest = NULL;
    struct row *oldest_here = NULL;
    struct row *free_row = known->count < SP_KNOWN_MAX ? &known->rows[known->count] : NULL;
    size_t of_tenant = 0;
    size_t of_session = 0;
    for (size_t i = 0; i < known->count; i++) {
        struct row *row = &known->rows[i];
        bool is_here = is_of(row, session, head);
        if (is_here && sp_slice_equal(name_of(row), module)) {
            return row;
        }
        if (row->since == 0) {
            free_row = row;
            continue;
        }
        if (row->tenant == tenant) {
            of_tenant++;
            oldest = oldest == NULL || row->since < oldest->since ? row : oldest;
        }
        if (is_here) {
            of_session++;
            oldest_here =
                oldest_here == NULL || row->since < oldest_here->since ? row : oldest_here;
        }
    }
    if (of_session >= SP_KNOWN_SESSION_MAX) {
        return oldest_here;
    }
    return of_tenant >= SP_KNOWN_TENANT_MAX || free_row == NULL ? oldest : free_row;
}

void sp_known_add(struct sp_known *known, size_t tenant, struct sp_slice session,
                  struct sp_slice module)
{
    if (session.len == 0 || session.len > SESSION_CHARS || module.len == 0 ||
        module.len > SP_KNOWN_NAME_MAX) {
        return;
    }
    struct row *row = room_for(known, tenant, session, module);
    if (row == NULL) {
        return;
    }
    if (row == &known->rows[known->count]) {
        known->count++;
    }
    known->clock++;
    *row = (struct row){.since = known->clock,
                        .head = head_of(session),
                        .tenant = tenant,
                        .session_len = (uint8_t)session.len,
                        .name_len = (uint8_t)module.len};
    for (size_t i = 0; i < session.len; i++) {
        row->session[i] = session.ptr[i];
    }
    for (size_t i = 0; i < module.len; i++) {
        row->name[i] = module.ptr[i];
    }
}

void sp_known_forget(struct sp_known *known, struct sp_slice session, struct sp_slice module)
{
    uint64_t head = head_of(session);
    for (size_t i = 0; i < known->count; i++) {
        struct row *row = &known->rows[i];
        if (is_of(row, session, head) &&
            (module.len == 0 || sp_slice_equal(name_of(row), module))) {
            row->since = 0;
        }
    }
}

enum sp_err sp_known_put(const struct sp_known *known, struct sp_slice session, size_t bytes_max,
                         struct sp_buf *out)
{
    uint64_t head = head_of(session);
    struct sp_writer w;
    sp_writer_init(&w, out);
    for (size_t i = 0; i < known->count; i++) {
        const struct row *row = &known->rows[i];
        bool fits =
            out->len <= bytes_max && row->name_len + sizeof(uint32_t) <= bytes_max - out->len;
        if (fits && is_of(row, session, head)) {
            sp_writer_block(&w, name_of(row));
        }
    }
    return sp_writer_end(&w);
}
