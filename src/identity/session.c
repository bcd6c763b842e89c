#include "identity/session.h"

#include <stdlib.h>

#include "base/writer.h"
#include "codec/hex.h"
#include "crypto/mac.h"

#define MESSAGE_BYTES_MAX ((size_t)4096)

struct sp_session_namer {
    struct sp_mac *mac;
    struct sp_buf message; /* kept between calls, so that naming does not allocate */
};

enum sp_err sp_session_namer_new(struct sp_slice key, struct sp_session_namer **out)
{
    if (key.len != SP_SESSION_KEY_BYTES) {
        return SP_ERR_INVALID;
    }
    struct sp_session_namer *namer = calloc(1, sizeof(*namer));
    if (namer == NULL) {
        return SP_ERR_NOMEM;
    }
    sp_buf_init(&namer->message, MESSAGE_BYTES_MAX);
    enum sp_err err = sp_mac_new(key, &namer->mac);
    if (err != SP_OK) {
        sp_session_namer_free(namer);
        return err;
    }
    *out = namer;
    return SP_OK;
}

void sp_session_namer_free(struct sp_session_namer *namer)
{
    if (namer != NULL) {
        sp_mac_free(namer->mac);
        sp_buf_done(&namer->message);
        free(namer);
    }
}

enum sp_err sp_session_name(struct sp_session_namer *namer, struct sp_slice tenant,
                            uint64_t policy_epoch, struct sp_slice identifier,
                            char out[SP_SESSION_NAME_CHARS + 1])
{
    struct sp_writer w;
    uint8_t tag[SP_MAC_BYTES];
    sp_buf_clear(&namer->message);
    sp_writer_init(&w, &namer->message);
    sp_writer_block(&w, tenant);
    sp_writer_u64(&w, policy_epoch);
    sp_writer_block(&w, identifier);
    SP_TRY(sp_writer_end(&w));
    SP_TRY(sp_mac_tag(namer->mac, sp_buf_slice(&namer->message), tag));
    sp_hex_write(sp_slice_make(tag, sizeof(tag)), out);
    return SP_OK;
}

/* Two blocks, where a name has an epoch between: no session's name and no key are made of the same bytes. */
enum sp_err sp_session_template_key(struct sp_session_namer *namer, struct sp_slice tenant,
                                    uint64_t *out)
{
    struct sp_writer w;
    uint8_t tag[SP_MAC_BYTES];
    uint64_t key = 0;
    sp_buf_clear(&namer->message);
    sp_writer_init(&w, &namer->message);
    sp_writer_block(&w, tenant);
    sp_writer_block(&w, sp_slice_of("template"));
    SP_TRY(sp_writer_end(&w));
    SP_TRY(sp_mac_tag(namer->mac, sp_buf_slice(&namer->message), tag));
    for (size_t i = 0; i < sizeof(key); i++) {
        key = key << 8 | tag[i];
    }
    *out = key & INT64_MAX;
    return SP_OK;
}
