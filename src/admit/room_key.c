/* What makes a run happen once only: the key that the client gave, and whose it is. */
#include "admit/room_inner.h"
#include "codec/http_field.h"
#include "crypto/hash.h"

#define KEY_BYTES_MAX ((size_t)1024)

static enum sp_err digest(const struct sp_slice *blocks, size_t count, uint8_t out[SP_DIGEST_BYTES])
{
    SP_AUTO_BUF struct sp_buf bytes;
    struct sp_writer w;
    sp_buf_init(&bytes, KEY_BYTES_MAX);
    sp_writer_init(&w, &bytes);
    for (size_t i = 0; i < count; i++) {
        sp_writer_block(&w, blocks[i]);
    }
    SP_TRY(sp_writer_end(&w));
    return sp_sha256(sp_buf_slice(&bytes), out);
}

static bool is_key(struct sp_slice key)
{
    bool is_good = key.len > 0 && key.len <= SP_MSG_SESSION_MAX;
    for (size_t i = 0; i < key.len && is_good; i++) {
        is_good = key.ptr[i] > ' ' && key.ptr[i] < 0x7F;
    }
    return is_good;
}

enum sp_err sp_admit_take_key(const struct sp_admit_room *room, struct sp_guest *guest,
                              const struct sp_msg_ask *msg, struct sp_slice identifier,
                              struct sp_where *where)
{
    const bool has_key = msg->has_idempotency_key != 0;
    const struct sp_slice key = has_key ? msg->idempotency_key : msg->operation_id;
    if (has_key && !is_key(key)) {
        sp_where_set(where, 0, 0, "Idempotency-Key must be 1 to %u visible ASCII characters",
                     (unsigned)SP_MSG_SESSION_MAX);
        return SP_ERR_REQUEST;
    }
    guest->has_key = has_key || (sp_http_is_token(key) && key.len <= SP_MSG_SESSION_MAX);
    if (!guest->has_key) {
        return SP_OK;
    }
    /* The two kinds of keys are apart from each other, and so are those of different principals. */
    const struct sp_slice whose[] = {sp_admit_tenant(room, guest)->name,
                                     sp_guest_text_get(&guest->principal),
                                     sp_slice_of(has_key ? "key" : "operation"), key};
    SP_TRY(digest(whose, SP_COUNT(whose), guest->key));
    return digest(&identifier, 1, guest->target);
}
