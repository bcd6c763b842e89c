/* Covers identity/jwk.c: a key that is taken is for an algorithm of its kind, and is the same when read again; a set
 * holds no more keys than it says. */
#include <stdlib.h>

#include "identity/jwk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sp_slice in = sp_slice_make(data, size);
    struct sp_jwk jwk;
    struct sp_jwks jwks;
    if (sp_jwk_parse(in, &jwk) == SP_OK) {
        struct sp_jwk again;
        if (jwk.key == NULL || jwk.algs == 0 || sp_jwk_parse(in, &again) != SP_OK ||
            again.algs != jwk.algs) {
            abort();
        }
        for (unsigned alg = 0; alg < SP_JOSE_COUNT; alg++) {
            if ((jwk.algs & 1U << alg) != 0 &&
                !sp_jose_fits((enum sp_jose)alg, sp_pubkey_kind(jwk.key))) {
                abort();
            }
        }
        sp_jwk_done(&again);
        sp_jwk_done(&jwk);
    }
    if (sp_jwks_parse(in, &jwks) == SP_OK) {
        if (jwks.count == 0 || jwks.count + jwks.skipped > SP_JWKS_KEYS_MAX) {
            abort();
        }
        sp_jwks_done(&jwks);
    }
    return 0;
}
