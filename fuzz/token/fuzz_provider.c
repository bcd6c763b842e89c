/* Whatever an identity provider answers: a token that is taken may stand in a header, and no error text ends a line. */
#include "base/assert.h"
#include "token/provider.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sp_slice in = sp_slice_make(data, size);
    SP_AUTO_BUF struct sp_buf value;
    SP_AUTO_BUF struct sp_buf said;
    struct sp_provider_token token;
    uint64_t wall_s = 0;
    sp_buf_init(&value, 4096);
    sp_buf_init(&said, 1024);
    if (sp_provider_answer(in, 1700000000, &value, &token) == SP_OK) {
        SP_ASSERT(sp_provider_is_token(token.value) && token.lives_s > 0 &&
                  token.lives_s <= SP_PROVIDER_LIFE_S_MAX);
    }
    if (sp_provider_error(in, &said) == SP_OK) {
        SP_ASSERT(sp_slice_find(sp_buf_slice(&said), 0, '\n') == said.len);
    }
    if (sp_provider_time(in, &wall_s) == SP_OK) {
        SP_ASSERT(wall_s <= INT64_MAX);
    }
    return 0;
}
