/* Covers text and num: every step takes exactly what it lends, and a checked text decodes to its end. */
#include "base/assert.h"
#include "base/num.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_text t;
    size_t bad = size;
    uint32_t point = 0;
    uint64_t number = 0;
    enum sp_err err = sp_utf8_check(sp_slice_make(data, size), &bad);
    sp_text_init(&t, sp_slice_make(data, size));
    while (sp_utf8_next(&t, &point) == SP_OK) {
        SP_ASSERT(point <= 0x10FFFF);
    }
    SP_ASSERT(t.at == bad && (err == SP_OK) == sp_text_at_end(&t));

    sp_text_init(&t, sp_slice_make(data, size));
    while (!sp_text_at_end(&t)) {
        size_t before = t.at;
        struct sp_slice run = sp_text_skip(&t, sp_text_is_alnum);
        SP_ASSERT(t.at - before == run.len);
        if (sp_text_number(&t, 1000, &number) == SP_OK ||
            sp_text_until(&t, ',', 16, &run) == SP_OK) {
            continue;
        }
        SP_ASSERT(t.at - before == run.len);
        if (sp_text_byte(&t, (uint8_t)sp_text_peek(&t)) != SP_OK) {
            break;
        }
    }
    return 0;
}
