/* What differs between operations before anybody looks at a body: its size, its line, the name of its run. */
#include <stdio.h>

#include "admit/room_inner.h"
#include "api/route.h"
#include "codec/http_field.h"

/* A file larger than this waits for a worker of large files, so that nothing else waits for it. */
#define LARGE_BYTES   ((uint64_t)1024 * 1024)
/* What operations without a body may carry all the same; it is read and passed over. */
#define IDLE_BODY_MAX ((uint64_t)64 * 1024)

static uint64_t body_max(const struct sp_admit_room *room, uint8_t operation)
{
    switch (operation) {
    case SP_OPERATION_EXECUTE:
        return room->limits.body_bytes_max;
    case SP_OPERATION_FILE_PUT:
        return room->limits.upload_body_max;
    default:
        return room->limits.body_bytes_max < IDLE_BODY_MAX ? room->limits.body_bytes_max
                                                           : IDLE_BODY_MAX;
    }
}

enum sp_err sp_admit_size_body(const struct sp_admit_room *room, const struct sp_msg_ask *msg,
                               uint8_t operation, uint64_t *out_bytes, uint64_t *out_most)
{
    uint64_t most = body_max(room, operation);
    *out_most = most;
    if (msg->has_body == 0) {
        *out_bytes = 0;
        return sp_operation_has_body((enum sp_operation)operation) ? SP_ERR_LENGTH_REQUIRED : SP_OK;
    }
    if (msg->body_bytes != UINT64_MAX && msg->body_bytes > most) {
        return SP_ERR_TOO_BIG;
    }
    *out_bytes = msg->body_bytes == UINT64_MAX ? most : msg->body_bytes;
    return SP_OK;
}

struct sp_fair *sp_admit_line(const struct sp_admit_room *room, const struct sp_guest *guest)
{
    return guest->is_large ? room->fair_large : room->fair;
}

void sp_admit_name_run(struct sp_admit_room *room, struct sp_guest *guest,
                       struct sp_slice operation_id)
{
    char name[40];
    guest->is_large = false;
    if (sp_http_is_token(operation_id) && operation_id.len <= SP_MSG_SESSION_MAX) {
        sp_guest_text_set(&guest->execution, operation_id);
        return;
    }
    int len = snprintf(name, sizeof(name), "%016llx%016llx", (unsigned long long)room->run_seed,
                       (unsigned long long)guest->exchange);
    sp_guest_text_set(&guest->execution, sp_slice_make(name, len > 0 ? (size_t)len : 0));
}

bool sp_admit_is_large(const struct sp_guest *guest)
{
    return guest->operation == SP_OPERATION_FILE_PUT && guest->item.bytes > LARGE_BYTES;
}
