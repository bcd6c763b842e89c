/* Covers config, row, check and show: a configuration that is right reads back from what is shown of it. */
#include "base/assert.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SP_AUTO_CONFIG struct sp_config *config = NULL;
    SP_AUTO_CONFIG struct sp_config *again = NULL;
    struct sp_where where = {0};
    SP_AUTO_BUF struct sp_buf text;
    sp_buf_init(&text, (size_t)64 * 1024 * 1024);
    if (sp_config_parse(sp_slice_make(data, size), NULL, &config, &where) != SP_OK) {
        SP_ASSERT(where.text[0] != '\0');
        return 0;
    }
    SP_ASSERT(config->tenant_count > 0);
    SP_ASSERT(sp_config_show(config, &text) == SP_OK);
    SP_ASSERT(sp_config_parse(sp_buf_slice(&text), NULL, &again, &where) == SP_OK);
    SP_ASSERT(again->tenant_count == config->tenant_count &&
              again->limits_body_bytes == config->limits_body_bytes);
    return 0;
}
