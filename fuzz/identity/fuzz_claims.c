/* Covers identity/claims.c: a time is within four digits of a year, a text is not empty, and no condition holds that is
 * none. */
#include <stdlib.h>

#include "identity/claims.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sp_slice in = sp_slice_make(data, size);
    const struct sp_slice audience = SP_SLICE_LITERAL("sallyport");
    SP_AUTO_JSON struct sp_json *claims = NULL;
    struct sp_slice text = {NULL, 0};
    uint64_t us = 0;
    if (sp_claims_parse(in, &claims) != SP_OK) {
        return 0;
    }
    if (sp_claim_time(claims, "exp", &us) == SP_OK && us >= UINT64_C(253402300800000000)) {
        abort();
    }
    if (sp_claim_text(claims, "iss", &text) == SP_OK && text.len == 0) {
        abort();
    }
    (void)sp_claim_is_for(claims, &audience, 1);
    (void)sp_claim_holds(claims, SP_SLICE_LITERAL("groups=ops"));
    (void)sp_claim_holds(claims, SP_SLICE_LITERAL("scope=run"));
    if (sp_claim_holds(claims, in) && sp_claim_condition_check(in) != SP_OK) {
        abort();
    }
    return 0;
}
