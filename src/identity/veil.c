#include "identity/veil.h"

#include "base/writer.h"
#include "codec/hex.h"
#include "crypto/mac.h"

#define PREFIX      "keyed:"
#define FORM_BYTES  ((size_t)16)
#define MESSAGE_MAX ((size_t)4096)

static const char *const kinds[] = {[SP_VEIL_TENANT] = "tenant",
                                    [SP_VEIL_PRINCIPAL] = "principal",
                                    [SP_VEIL_SOURCE] = "source",
                                    [SP_VEIL_SESSION] = "session"};

static enum sp_err tag_of(struct sp_slice key, struct sp_slice message, uint8_t out[SP_MAC_BYTES])
{
    struct sp_mac *mac = NULL;
    SP_TRY(sp_mac_new(key, &mac));
    enum sp_err err = sp_mac_tag(mac, message, out);
    sp_mac_free(mac);
    return err;
}

enum sp_err sp_veil_text(struct sp_slice key, enum sp_veil which, struct sp_slice name,
                         char out[SP_VEIL_CHARS + 1])
{
    SP_AUTO_BUF struct sp_buf message;
    struct sp_writer w;
    uint8_t tag[SP_MAC_BYTES];
    sp_buf_init(&message, MESSAGE_MAX);
    out[0] = '\0';
    if (key.len != SP_VEIL_KEY_BYTES) {
        return SP_ERR_INVALID;
    }
    if (name.len == 0) {
        return SP_OK;
    }
    sp_writer_init(&w, &message);
    sp_writer_block(&w, sp_slice_of(kinds[which]));
    sp_writer_block(&w, name);
    SP_TRY(sp_writer_end(&w));
    SP_TRY(tag_of(key, sp_buf_slice(&message), tag));
    (void)sp_slice_copy(SP_SLICE_LITERAL(PREFIX), (uint8_t *)out, sizeof(PREFIX) - 1);
    sp_hex_write(sp_slice_make(tag, FORM_BYTES), out + sizeof(PREFIX) - 1);
    return SP_OK;
}
