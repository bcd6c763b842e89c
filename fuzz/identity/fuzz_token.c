/* Covers identity/token.c: what is read is exactly what would be written, and borrows from the input. */
#include <stdlib.h>

#include "base/buf.h"
#include "identity/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_token token;
    struct sp_slice in = sp_slice_make(data, size);
    if (sp_token_parse(in, &token) != SP_OK) {
        return 0;
    }
    if (sp_token_id_check(token.id) != SP_OK || token.secret.len != SP_TOKEN_SECRET_CHARS ||
        size != 8 + token.id.len + 1 + token.secret.len + 1 + SP_TOKEN_CHECK_CHARS ||
        token.secret.ptr != data + 8 + token.id.len + 1) {
        abort();
    }
    return 0;
}
