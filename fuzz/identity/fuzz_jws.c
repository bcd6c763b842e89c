/* Covers identity/jws.c: a token that is taken apart has its parts in it, names an algorithm of ours, and does not hold
 * under a key that never signed it. */
#include <stdlib.h>

#include "identity/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char key_text[] =
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"-Rve1i00P5YQHBrJIcitKD--yKPuHngiiTWW375k-Lo\"}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sp_jwk key;
    SP_AUTO_JWS struct sp_jws jws = {.header = NULL};
    SP_AUTO_BUF struct sp_buf payload;
    sp_buf_init(&payload, SP_JWS_BYTES_MAX);
    if (key.key == NULL && sp_jwk_parse(sp_slice_of(key_text), &key) != SP_OK) {
        abort();
    }
    if (sp_jws_parse(sp_slice_make(data, size), &jws) != SP_OK) {
        return 0;
    }
    const bool is_inside = jws.signed_part.ptr == data && jws.signed_part.len + 1 < size &&
                           jws.payload_text.ptr > data &&
                           jws.payload_text.len < jws.signed_part.len;
    if (!is_inside || (unsigned)jws.alg >= SP_JOSE_COUNT || jws.signature.len == 0) {
        abort();
    }
    if (sp_jws_payload(&jws, &payload) == SP_OK && sp_jws_verify(&jws, &key) == SP_OK) {
        abort(); /* its private half was thrown away */
    }
    return 0;
}
