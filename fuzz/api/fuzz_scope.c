/* Covers api/scope.c: scopes that are taken, written again, are the same scopes. */
#include "api/scope.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_BUF struct sp_buf text;
    unsigned scopes = 0;
    unsigned again = 0;
    sp_buf_init(&text, SP_SCOPES_TEXT_MAX);
    if (sp_scopes_parse(sp_slice_make(data, size), &scopes) == SP_OK) {
        SP_ASSERT(scopes != 0 && (scopes & ~SP_SCOPES_ALL) == 0);
        SP_ASSERT(sp_scopes_put(scopes, " ", &text) == SP_OK);
        SP_ASSERT(sp_scopes_parse(sp_buf_slice(&text), &again) == SP_OK && again == scopes);
    }
    return 0;
}
